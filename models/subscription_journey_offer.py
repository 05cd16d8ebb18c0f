# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import ValidationError

from .subscription_journey_check import Verdict


def source_key(step, anchor_date):
    """Return what asks for an offer: with the subscription it names the delivery.

    Even one that is made anew.
    """
    return f"journey:{step.id}:{anchor_date}"


class SubscriptionJourneyDelivery(models.Model):
    """Offers that a journey makes: each delivery's once, however often it is tried."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.journey.delivery"

    def _offer(self):
        """Hook: return the offer that is made to the subscription of a delivery."""
        return self.step_id.offer_id

    def _do_offer(self, partners):
        """Make the offers; who may not have it skips the step, and says why."""
        refused = {}
        for (offer, day), some in self.grouped(
            lambda one: (one._offer(), one.anchor_date)
        ).items():
            key = source_key(self.step_id, day)
            _grants, reasons = offer._grant(some.subscription_id, key=key)
            refused |= some._of_subscriptions(reasons)
        (self - self.browse(refused))._mark_done()
        self._settle({id_: Verdict("skip", why) for id_, why in refused.items()})

    def _refused(self):
        """Return ``{delivery id: reason}`` of those whose offer cannot be made now."""
        refused = {}
        for offer, some in self.grouped(lambda one: one._offer()).items():
            if not offer:
                # A step that is not ready yet.
                refused |= dict.fromkeys(some.ids, "offer_over")
                continue
            refused |= some._of_subscriptions(offer._refused(some.subscription_id))
        return refused

    def _of_subscriptions(self, reasons):
        """Return the reasons of subscriptions by the ids of their deliveries."""
        return {
            one.id: reasons[one.subscription_id]
            for one in self
            if one.subscription_id in reasons
        }


class SubscriptionOffer(models.Model):
    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.offer"

    @api.constrains("active")
    def _check_not_made(self):
        """Refuse to archive what a journey makes: its step would skip everybody.

        :raise ValidationError: names the journey
        """
        archived = self.filtered(lambda offer: not offer.active)
        steps = self.env["subscription.journey.step"].sudo()
        step = steps.search(
            [
                ("offer_id", "in", archived.ids),
                ("channel", "=", "offer"),
                ("journey_id.active", "=", True),
            ],
            limit=1,
        )
        if step:
            raise ValidationError(
                self.env._(
                    "Journey %(journey)s makes the offer %(offer)s: switch it off, or "
                    "archive its step %(step)s, first.",
                    journey=step.journey_id.name,
                    offer=step.offer_id.name,
                    step=step.name,
                )
            )
