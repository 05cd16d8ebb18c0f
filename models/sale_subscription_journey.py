# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from .subscription_journey_email import SENDING
from .subscription_journey_offer import source_key
from .subscription_journey_variant import TELLING


class SaleSubscription(models.Model):
    """What texts of journeys may name, what follows them, and finding one to try on."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"
    # People know the customer, hardly ever the number.
    _rec_names_search = ["name", "partner_id"]

    journey_offer = fields.Text(
        compute="_compute_journey_offer",
        help="In a text of a journey: what the customer is told of the offers that the "
        "journey has made since the day it began with. Empty: none, or elsewhere.",
    )

    @api.depends("offer_grant_ids.state")
    @api.depends_context(TELLING, "lang")
    def _compute_journey_offer(self):
        """Not what was given for an earlier day, nor by anything else."""
        told = self.env["subscription.journey.delivery"].sudo()
        told = told.browse(self.env.context.get(TELLING, ()))
        told = told.grouped("subscription_id")
        for subscription in self.sudo():
            keys = {
                source_key(step, delivery.anchor_date)
                for delivery in told.get(subscription, ())
                for step in delivery.journey_id.with_context(active_test=False).step_ids
            }
            given = subscription.offer_grant_ids.filtered(
                lambda grant, keys=keys: (
                    grant.source_key in keys and grant.state not in ("revoked", "void")
                )
            )
            texts = filter(None, given.offer_id.mapped("description"))
            subscription.journey_offer = "\n".join(texts) or False

    def _message_mail_after_hook(self, mails):
        """Mark the deliveries of mails that were just made."""
        if self.env.context.get(SENDING):
            self.env["subscription.journey.delivery"]._sent(mails)
        return super()._message_mail_after_hook(mails)
