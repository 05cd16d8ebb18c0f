# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

#: Fields that a line's amount, or whose it is, depends on.
TRIGGERS = {
    "discount",
    "price_subtotal",
    "price_unit",
    "product_id",
    "product_uom_qty",
    "sale_subscription_id",
    "tax_ids",
}


class SaleSubscriptionLine(models.Model):
    """What changes a line changes its subscription."""

    _inherit = "sale.subscription.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.sale_subscription_id._mark_changed()
        return lines

    def write(self, vals):
        if TRIGGERS.isdisjoint(vals):
            return super().write(vals)
        before = self.sale_subscription_id
        result = super().write(vals)
        (before | self.sale_subscription_id)._mark_changed()
        return result

    def unlink(self):
        subscriptions = self.sale_subscription_id
        result = super().unlink()
        subscriptions._mark_changed()
        return result
