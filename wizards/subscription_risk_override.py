# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.sale_subscription_risk import RISKS


class SubscriptionRiskOverride(models.TransientModel):
    """A person knows better than the score, for a while: of the chosen subscriptions.

    Those that do not run are left out, as they have no risk.
    """

    _name = "subscription.risk.override"
    _description = "Churn Risk by Hand"

    subscription_ids = fields.Many2many(
        comodel_name="sale.subscription",
        string="Subscriptions",
        readonly=True,
        default=lambda self: self._default_subscription_ids(),
    )
    subscription_count = fields.Integer(
        compute="_compute_subscription_count",
        string="Number of Subscriptions",
        help="The running ones of those that were chosen.",
    )
    risk = fields.Selection(
        selection=RISKS,
        string="Churn Risk",
        required=True,
    )
    reason = fields.Char(
        required=True, help="What you know that the score does not know."
    )
    until = fields.Date(
        required=True,
        default=lambda self: self.env.company._subscription_today()
        + timedelta(days=30),
        help="The last day on which your risk goes before the scored one.",
    )

    @api.model
    def _default_subscription_ids(self):
        """Return the running ones of those that were chosen."""
        if self.env.context.get("active_model") != "sale.subscription":
            return False
        chosen = self.env["sale.subscription"].browse(self.env.context["active_ids"])
        return chosen.filtered("is_running")

    @api.depends("subscription_ids")
    def _compute_subscription_count(self):
        for wizard in self:
            wizard.subscription_count = len(wizard.subscription_ids)

    def action_confirm(self):
        """Set the risk.

        :raise UserError: none runs, or the day is over
        """
        self.ensure_one()
        if not self.subscription_ids:
            raise UserError(
                self.env._("Only running subscriptions have a churn risk: choose one.")
            )
        companies = self.subscription_ids.company_id
        if self.until < max(company._subscription_today() for company in companies):
            raise UserError(self.env._("Choose a day that is not over."))
        self.subscription_ids._override_churn_risk(self.risk, self.reason, self.until)
