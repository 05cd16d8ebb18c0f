# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class SaleSubscription(models.Model):
    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"

    def _left_to_backfill(self):
        """Return those whose whole history a back-fill will still book.

        One that is not finished, or that is run again after it failed on them.
        """
        Backfill = self.env["subscription.backfill"].sudo()
        unfinished = Backfill.search([("state", "!=", "done")])
        failed = self._failed_to_backfill()
        if not unfinished and not failed:
            return self.browse()
        reached = {each.company_id: each.last_id for each in unfinished}
        left = failed | self.exists().filtered(
            lambda sub: sub.company_id in reached and sub.id > reached[sub.company_id]
        )
        known = (
            self.env["subscription.movement"]
            .sudo()
            ._read_group([("subscription_id", "in", left.ids)], ["subscription_id"])
        )
        return left - self.browse(sub.id for (sub,) in known)

    def _failed_to_backfill(self):
        """Return those on which the last back-fill of their company failed.

        What failed before went well in the last one, or is still to come.
        """
        Failure = self.env["subscription.backfill.failure"].sudo()
        failures = Failure.search([("subscription_id", "in", self.ids)])
        last = {
            company: id_
            for company, id_ in self.env["subscription.backfill"]
            .sudo()
            ._read_group(
                [("company_id", "in", failures.company_id.ids)],
                ["company_id"],
                ["id:max"],
            )
        }
        return self.browse(
            failure.subscription_id.id
            for failure in failures
            if failure.backfill_id.id == last[failure.company_id]
            and failure.subscription_id.company_id == failure.company_id
        )
