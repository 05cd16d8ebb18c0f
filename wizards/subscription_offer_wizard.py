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
        comodel_name="subscription.offer",
        required=True,
        ondelete="cascade",
        default=lambda self: self._default_offer_id(),
    )
    offer_description = fields.Text(related="offer_id.description")
    currency_id = fields.Many2one(
        comodel_name="res.currency", compute="_compute_preview"
    )
    cost = OptionalMonetary(
        compute="_compute_preview",
        string="Expected Cost",
        help="What is given away, in the currency of the company. Empty: not known.",
    )
    worth = fields.Text(compute="_compute_preview", string="Expected Value")
    uplifts = fields.Json(
        compute="_compute_uplifts",
        help="What was measured of the offer, by company.",
    )

    @api.model
    def _default_offer_id(self):
        """Return the offer that is meant for all that were chosen, if it is one."""
        chosen = self._default_subscription_ids()
        return chosen and chosen._shared_content().offer

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

    # Once an offer, not at every change: of many it takes a while.
    @api.depends("offer_id")
    def _compute_uplifts(self):
        for wizard in self:
            offer = wizard.offer_id
            companies = offer and (offer.company_id or self.env.companies)
            wizard.uplifts = {
                str(company.id): offer._uplift(company) for company in companies or ()
            }

    @api.depends("offer_id")
    def _compute_preview(self):
        return super()._compute_preview()

    def _preview(self, reach):
        super()._preview(reach)
        reached = self.env["sale.subscription"].browse(
            [id_ for id_, one in reach.items() if not one.reason]
        )
        self.currency_id = (reached.company_id[:1] or self.env.company).currency_id
        self.cost = False
        self.worth = False
        if not self.offer_id or not reached:
            return
        found = [
            (company, *self.offer_id._worth(some, self.uplifts.get(str(company.id))))
            for company, some in reached.grouped("company_id").items()
        ]
        if len(found) == 1:
            _company, cost, self.worth = found[0]
            self.cost = False if cost is None else cost
        else:
            self.worth = "\n".join(
                f"{company.name}: {text}" for company, _cost, text in found
            )

    def _do(self, campaign, subscriptions, reach):
        campaign.sudo().offer_id = self.offer_id
        self.offer_id._grant(subscriptions, campaign=campaign)
