# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from .subscription_customer import LINKED_MODELS


class SubscriptionCustomer(models.Model):
    """Tags of segments on the partner, leads and tickets of a customer."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.customer"

    def _follow_segments(self):
        """Bring tags and priorities of all that is the customers' to memberships."""
        customers = self.sudo()
        customers.partner_id._follow_segments()
        for name in LINKED_MODELS:
            documents = self.env[name].sudo().with_context(active_test=False)
            domain = [("subscription_customer_id", "in", customers.ids)]
            documents.search(domain)._follow_segments()
