# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

USER = "subscription_segmentation.group_user"
RISKS = [("low", "Low"), ("medium", "Medium"), ("high", "High")]
OVERRIDE = (
    "churn_risk_override",
    "churn_risk_override_reason",
    "churn_risk_override_until",
    "churn_risk_override_user_id",
)


class SaleSubscription(models.Model):
    """The churn risk: what was scored, unless a person knows better for a while.

    A person says so through ``subscription.risk.override``; what was scored stays
    beside it.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"

    churn_risk = fields.Selection(
        selection=RISKS,
        groups=USER,
        readonly=True,
        copy=False,
        help="How likely it is to churn: the scored risk, or what a person says "
        "instead, up to the day she named. Empty: not scored.",
    )
    churn_risk_scored = fields.Selection(
        selection=RISKS,
        string="Scored Churn Risk",
        groups=USER,
        readonly=True,
        copy=False,
        help="The churn risk by its score, whatever a person says.",
    )
    churn_risk_override = fields.Selection(
        selection=RISKS,
        string="Churn Risk by Hand",
        groups=USER,
        readonly=True,
        copy=False,
        tracking=True,
        help="The churn risk as a person sees it, which goes before the scored one.",
    )
    churn_risk_override_reason = fields.Char(
        string="Reason of the Risk by Hand",
        groups=USER,
        readonly=True,
        copy=False,
        tracking=True,
    )
    churn_risk_override_until = fields.Date(
        string="Risk by Hand Until",
        groups=USER,
        readonly=True,
        copy=False,
        tracking=True,
        help="The last day on which the risk by hand holds.",
    )
    churn_risk_override_user_id = fields.Many2one(
        comodel_name="res.users",
        string="Risk by Hand From",
        groups=USER,
        readonly=True,
        copy=False,
        tracking=True,
    )

    def _without_ledger(self, vals):
        vals = super()._without_ledger(vals)
        if self.env.su:
            return vals
        ours = {"churn_risk", "churn_risk_scored", *OVERRIDE}
        return {name: vals[name] for name in vals if name not in ours}

    def _churn_risk_overridden(self, as_of):
        """Return those whose risk a person has set, valid on a day."""
        return self.filtered(
            lambda sub: sub.churn_risk_override
            and sub.churn_risk_override_until >= as_of
        )

    def _override_churn_risk(self, risk, reason=False, until=False):
        """Set the risk by hand, or take it away.

        :param risk: one of :data:`RISKS` (False: what was scored counts again)
        :param until: the last day on which it holds
        :raise AccessError: the user may not decide on the subscriptions
        """
        self._check_may_decide()
        user_id = risk and self.env.uid
        values = dict(zip(OVERRIDE, (risk, reason, until, user_id), strict=True))
        for company, subscriptions in self.sudo().grouped("company_id").items():
            subscriptions.write(values)
            subscriptions._store_churn_risk(company._subscription_today())
            # What a refresh under way writes was computed before; customers follow.
            self.env["subscription.refresh"].sudo()._request_again(company)

    def _store_churn_risk(self, as_of):
        """Bring the risk to what counts on a day."""
        overridden = self._churn_risk_overridden(as_of)
        for sub in self:
            risk = sub.churn_risk_scored
            sub.churn_risk = sub.churn_risk_override if sub in overridden else risk
            sub.mrr_at_risk = sub.mrr_company if sub.churn_risk == "high" else 0

    def action_override_churn_risk(self):
        """Ask for the risk as the user sees it."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_segmentation.subscription_risk_override_action"
        )
        action["context"] = {"active_model": self._name, "active_ids": self.ids}
        return action

    def action_remove_risk_override(self):
        """Let the scored risk count again."""
        self._override_churn_risk(False)
