# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from ..analytics.offers import combined
from .sale_subscription_offer import given_to


class SaleSubscriptionLine(models.Model):
    """A line, as it is billed in a period to which a discount is given."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription.line"

    def _prepare_account_move_line(self):
        return self._discounted(super()._prepare_account_move_line())

    def _prepare_sale_order_line(self):
        return self._discounted(super()._prepare_sale_order_line())

    def _discounted(self, values):
        given = given_to(self.sale_subscription_id)
        if given and given.discount:
            values["discount"] = combined(values["discount"], given.discount)
            # The document reckons it by itself.
            values.pop("price_subtotal", None)
        return values
