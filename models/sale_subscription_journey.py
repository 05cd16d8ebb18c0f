# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from .subscription_journey_email import SENDING


class SaleSubscription(models.Model):
    """What follows the mails of journeys."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"

    def _message_mail_after_hook(self, mails):
        """Mark the deliveries of mails that were just made."""
        if self.env.context.get(SENDING):
            self.env["subscription.journey.delivery"]._sent(mails)
        return super()._message_mail_after_hook(mails)
