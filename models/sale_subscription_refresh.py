# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.exceptions import AccessError


class SaleSubscription(models.Model):
    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"

    def action_refresh_subscription(self):
        """Compare the subscription with the ledger and score it again, as of today.

        :raise AccessError: the user may not see scores
        """
        self.ensure_one()
        self.check_access("read")
        if not self.env.user.has_group("subscription_segmentation.group_user"):
            raise AccessError(
                self.env._("Only users of Subscription Segmentation may refresh.")
            )
        self.env["subscription.refresh"].sudo()._refresh_records(self.sudo())
