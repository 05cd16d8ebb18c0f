# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from contextlib import contextmanager

from odoo import models


class SaleSubscription(models.Model):
    """Tags of segments on the subscription, and on what belongs to its customer."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _name = "sale.subscription"
    _inherit = ["sale.subscription", "subscription.segment.tagged"]

    _segment_kind = "subscription"
    _segment_fields = ("company_id", "customer_id")

    def write(self, vals):
        if "customer_id" not in vals:
            return super().write(vals)
        with self._moving_between_customers():
            return super().write(vals)

    def _present_states(self, company, now):
        with self._moving_between_customers():
            return super()._present_states(company, now)

    @contextmanager
    def _moving_between_customers(self):
        """Have tags and priorities follow members that get another customer."""
        members = self.sudo().filtered("membership_ids")
        before = {member: member.customer_id for member in members}
        yield
        moved = members.filtered(lambda member: member.customer_id != before[member])
        if moved:
            customers = moved.customer_id.union(*(before[member] for member in moved))
            customers._follow_segments()
