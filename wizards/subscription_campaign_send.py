# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..models.utm_campaign import RENEWED

#: Days until what a version was good for is known: opening takes hours, renewing weeks.
DAYS = {RENEWED[0]: 30}


class SubscriptionCampaignSend(models.AbstractModel):
    """What e-mail and SMS campaigns share: versions of a text become Odoo's mailings.

    Who is reached is decided again when they are sent.
    """

    _name = "subscription.campaign.send"
    _inherit = ["subscription.mass.action"]
    _description = "Campaign by Message"

    #: What Odoo calls the channel.
    _mailing_type = None

    send = fields.Selection(
        selection=[
            ("draft", "Look at it in the editor first"),
            ("now", "Send it now"),
        ],
        required=True,
        default="draft",
    )
    ab_percent = fields.Integer(
        string="Test Each Version on (%)",
        default=10,
        help="With two or more versions: so many of a hundred customers get each of "
        "them first, all others the one that wins.",
    )
    ab_winner = fields.Selection(
        selection="_selection_ab_winner",
        string="Winner",
        required=True,
        default="clicks_ratio",
    )
    ab_decide_at = fields.Datetime(
        string="Decided On",
        compute="_compute_ab_decide_at",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
        help="When the winner is sent to all others.",
    )
    is_test = fields.Boolean(compute="_compute_is_test")

    @api.model
    def _selection_ab_winner(self):
        return []

    @api.depends("ab_winner")
    def _compute_ab_decide_at(self):
        for wizard in self:
            wizard.ab_decide_at = fields.Datetime.now() + timedelta(
                days=DAYS.get(wizard.ab_winner, 1)
            )

    @api.depends("version_ids")
    def _compute_is_test(self):
        for wizard in self:
            wizard.is_test = len(wizard.version_ids) > 1

    @api.constrains("ab_percent", "version_ids")
    def _check_ab_percent(self):
        for wizard in self.filtered("is_test"):
            if not 1 <= wizard.ab_percent <= 100 / len(wizard.version_ids):
                raise ValidationError(
                    self.env._("All versions together are at most for 100 %.")
                )

    def _reach(self):
        """Refuse a control group that is no share."""
        if not 0 <= self.holdout_percent <= 20:
            raise UserError(self.env._("A control group is 0 to 20 % of customers."))
        return super()._reach()

    def action_confirm(self):
        """Make the mailings.

        :raise UserError: there is no text, or nobody would be reached
        """
        if not self.version_ids:
            raise UserError(self.env._("There is nothing to send yet: add a text."))
        return super().action_confirm()

    def _campaign_values(self):
        return {**super()._campaign_values(), "planned": True}

    def _do(self, campaign, subscriptions, reach):
        """Make the mailings of a company, one for each version."""
        # Who is chosen, not who is reached today: it is looked at again.
        chosen = self._chosen().filtered_domain(
            [("company_id", "=", campaign.company_id.id)]
        )
        values = {
            "name": campaign.name,
            "mailing_type": self._mailing_type,
            "mailing_model_id": self.env["ir.model"]._get_id("sale.subscription"),
            "mailing_domain": repr(
                [("segment_ids", "in", self.segment_id.ids)]
                if self.segment_id
                else [("id", "in", chosen.ids)]
            ),
            "subscription_campaign_id": campaign.id,
            "subscription_segment_id": self.segment_id.id,
            "subscription_with_closed": self.with_closed,
            "user_id": self.env.uid,
            **self._test_values(campaign),
        }
        # One mailing after another: the names of all are told apart by Odoo.
        mailings = self.env["mailing.mailing"]
        for version in self.version_ids:
            mailings |= mailings.create({**values, **self._version_values(version)})
        if self.send == "now":
            mailings.action_launch()

    def _test_values(self, campaign):
        """Return the values of Odoo's test of versions."""
        if not self.is_test:
            return {}
        test = self.env["utm.campaign"].create(
            {
                "name": self.env._("A/B Test: %s", campaign.name),
                "user_id": self.env.uid,
                "ab_testing_schedule_datetime": self.ab_decide_at,
                **self._winner_values(),
            }
        )
        return {
            "campaign_id": test.id,
            "ab_testing_enabled": True,
            "ab_testing_pc": self.ab_percent,
            "ab_testing_schedule_datetime": self.ab_decide_at,
            **self._winner_values(),
        }

    def _winner_values(self):
        """Return how the winner is found; Odoo looks at one field for each channel."""
        return {"ab_testing_winner_selection": self.ab_winner}

    def _version_values(self, version):
        """Hook for the text of a version, as values of its mailing."""
        raise NotImplementedError

    def _show(self, campaigns):
        """Open the mailings in their own editor, unless they are on their way."""
        mailings = campaigns.sudo().mailing_ids.sudo(False)
        if self.send == "now":
            return super()._show(campaigns)
        action = campaigns[:1].action_open_mailings()
        if len(mailings) > 1:
            action["domain"] = [("id", "in", mailings.ids)]
        return action
