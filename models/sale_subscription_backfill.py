# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class SaleSubscription(models.Model):
    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"

    def _left_to_backfill(self):
        """Return those whose whole history an unfinished back-fill will still book."""
        unfinished = (
            self.env["subscription.backfill"].sudo().search([("state", "!=", "done")])
        )
        if not unfinished:
            return self.browse()
        reached = {each.company_id: each.last_id for each in unfinished}
        left = self.exists().filtered(
            lambda sub: sub.company_id in reached and sub.id > reached[sub.company_id]
        )
        known = (
            self.env["subscription.movement"]
            .sudo()
            ._read_group([("subscription_id", "in", left.ids)], ["subscription_id"])
        )
        return left - self.browse(sub.id for (sub,) in known)
