# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError


class SubscriptionMassEnrol(models.TransientModel):
    """Enrol subscriptions in a journey by hand, beside those it finds by itself.

    Who belongs to the control group of the journey is enrolled as such, for nothing.
    """

    _name = "subscription.mass.enrol"
    _inherit = "subscription.mass.action"
    _description = "Enrol into Journey"

    _kind = "journey"

    journey_id = fields.Many2one(
        comodel_name="subscription.journey",
        required=True,
        ondelete="cascade",
        domain="[('anchor', '!=', 'anniversary')]",
        help="One that is switched on. Its steps count from today; of one about the "
        "renewal, from the next renewal. Steps that lie too far back are skipped. Of "
        "anniversaries none: they have their day.",
    )
    journey_description = fields.Text(related="journey_id.description")

    @api.onchange("journey_id")
    def _onchange_journey_id(self):
        if self.journey_id:
            self.name = self.journey_id.name

    @api.depends("journey_id")
    def _compute_preview(self):
        return super()._compute_preview()

    def _reach_of(self, chosen):
        """Whether closed ones are meant is for the journey to say."""
        reach = chosen._reach(self._channel, with_closed=True)
        if not self.journey_id:
            return reach
        refused = self.journey_id._refused_by_hand(chosen)
        return {
            id_: one._replace(reason=refused.get(id_)) for id_, one in reach.items()
        }

    def action_confirm(self):
        if not self.journey_id.active:
            raise UserError(
                self.env._(
                    "Journey %s is switched off: nothing would be done. Switch it on "
                    "first.",
                    self.journey_id.name,
                )
            )
        return super().action_confirm()

    def _campaign_values(self):
        return {
            **super()._campaign_values(),
            "holdout_percent": self.journey_id.holdout_percent,
            "holdout_key": self.journey_id._holdout_key(),
        }

    def _do(self, campaign, subscriptions, reach):
        control = subscriptions.browse(
            id_ for id_, one in reach.items() if one.reason == "control"
        ).filtered_domain([("company_id", "=", campaign.company_id.id)])
        enrolled = self.journey_id.sudo()._enrol_by_hand(
            campaign.company_id, subscriptions, control
        )
        self.env["subscription.campaign.member"].sudo()._store_traces(
            campaign, {id_: {"enrolment": own} for id_, own in enrolled.items()}
        )
