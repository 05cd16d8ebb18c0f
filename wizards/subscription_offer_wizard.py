# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..models.optional_number import OptionalMonetary


class SubscriptionOfferWizard(models.TransientModel):
    """Make an offer to many, once it was seen to whom, why not, and for how much."""

    _name = "subscription.offer.wizard"
    _inherit = "subscription.mass.action"
    _description = "Make an Offer"

    _kind = "offer"

    offer_id = fields.Many2one(
        comodel_name="subscription.offer", required=True, ondelete="cascade"
    )
    offer_description = fields.Text(related="offer_id.description")
    currency_id = fields.Many2one(comodel_name="res.currency", compute="_compute_worth")
    cost = OptionalMonetary(
        compute="_compute_worth",
        string="Expected Cost",
        help="What is given away, in the currency of the company. Empty: not known.",
    )
    worth = fields.Text(compute="_compute_worth", string="Expected Value")

    def _reach_of(self, chosen):
        reach = super()._reach_of(chosen)
        if not self.offer_id:
            return reach
        free = [id_ for id_, one in reach.items() if not one.reason]
        refused = self.offer_id._refused(self.env["sale.subscription"].browse(free))
        reasons = {subscription.id: reason for subscription, reason in refused.items()}
        return {
            id_: one._replace(reason=reasons[id_]) if id_ in reasons else one
            for id_, one in reach.items()
        }

    @api.depends("offer_id")
    def _compute_preview(self):
        return super()._compute_preview()

    @api.depends("offer_id", "subscription_ids", "segment_id", "holdout_percent")
    def _compute_worth(self):
        for wizard in self:
            reach = wizard._reach()
            reached = self.env["sale.subscription"].browse(
                [id_ for id_, one in reach.items() if not one.reason]
            )
            companies = reached.company_id
            wizard.currency_id = (companies[:1] or self.env.company).currency_id
            wizard.cost = False
            wizard.worth = False
            if not wizard.offer_id or not reached:
                continue
            found = [
                (company, *wizard.offer_id._worth(some))
                for company, some in reached.grouped("company_id").items()
            ]
            if len(found) == 1:
                _company, cost, wizard.worth = found[0]
                wizard.cost = False if cost is None else cost
            else:
                wizard.worth = "\n".join(
                    f"{company.name}: {text}" for company, _cost, text in found
                )

    def _do(self, campaign, subscriptions, reach):
        campaign.sudo().offer_id = self.offer_id
        self.offer_id._grant(subscriptions, campaign=campaign)
