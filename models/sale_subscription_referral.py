# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class SaleSubscription(models.Model):
    """Who a subscription comes from."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _name = "sale.subscription"
    _inherit = ["sale.subscription", "subscription.referral"]
