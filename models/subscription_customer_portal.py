# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class SubscriptionCustomer(models.Model):
    """The people of a customer, and ours, who are told of something."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.customer"

    def _portal_users(self):
        """Return the portal users of each customer who belong to its company.

        Not those whose address is blacklisted.

        :return: ``{customer: users}``, without those that have none
        """
        users = (
            self.env["res.users"]
            .sudo()
            .search(
                [
                    ("all_group_ids", "in", self.env.ref("base.group_portal").ids),
                    ("partner_id.commercial_partner_id", "in", self.partner_id.ids),
                ],
                order="id",
            )
        )
        users = users.filtered(lambda user: not user.partner_id.is_blacklisted)
        customers = self.grouped(lambda own: (own.partner_id.id, own.company_id.id))
        result = {}
        for user in users:
            for company in user.company_ids:
                key = (user.partner_id.commercial_partner_id.id, company.id)
                for customer in customers.get(key, ()):
                    result.setdefault(customer, self.env["res.users"])
                    result[customer] += user.sudo(False)
        return result
