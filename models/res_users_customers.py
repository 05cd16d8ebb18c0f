# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

USER = "subscription_segmentation.group_user"


class ResUsers(models.Model):
    """Who may look after customers."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "res.users"

    def _see_customers_of(self, company):
        """Return those who are there, work for a company and may see its customers."""
        seeing = self.env.ref(USER).sudo().all_user_ids
        return self.sudo().filtered(
            lambda user: user.active
            and not user.share
            and user in seeing
            and company in user.company_ids
        )
