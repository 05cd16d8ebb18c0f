# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from .subscription_journey_email import SENDING


class MailMessage(models.Model):
    """Message-IDs of the mails of journeys."""

    _inherit = "mail.message"

    def _get_message_id(self, values):
        """Make that of a delivery's mail from the delivery."""
        sending = self.env.context.get(SENDING)
        if sending and values.get("model") == "sale.subscription":
            id_ = sending["deliveries"].get(values.get("res_id"))
            if id_:
                return (
                    self.env["subscription.journey.delivery"]
                    .browse(id_)
                    ._make_message_id()
                )
        return super()._get_message_id(values)
