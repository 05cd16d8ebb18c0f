# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

#: Context key: a list of the invoices that are replaced, in the order of the new ones.
REPLACED = "subscription_offers_replaced"


class AccountMoveReversal(models.TransientModel):
    """An invoice that replaces another one carries what that gave to its period."""

    _inherit = "account.move.reversal"

    def reverse_moves(self, is_modify=False):
        replaced = []
        self = self.with_context(**{REPLACED: replaced})
        action = super().reverse_moves(is_modify)
        # Created one after the other, as they were prepared.
        new = self.new_move_ids.sorted("id") if replaced else ()
        for old_invoice, new_invoice in zip(replaced, new, strict=True):
            # Also for those who bill, and may not see offers.
            old_invoice.sudo().offer_use_ids.move_id = new_invoice
        return action

    def _modify_default_reverse_values(self, origin_move):
        self.env.context.get(REPLACED, []).append(origin_move)
        return super()._modify_default_reverse_values(origin_move)
