# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class SubscriptionCustomer(models.Model):
    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.customer"

    last_offer_at = fields.Datetime(
        string="Last Offer",
        readonly=True,
        copy=False,
        help="When an offer was made last to one of its subscriptions.",
    )
