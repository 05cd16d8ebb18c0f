# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.http import request, route

from odoo.addons.portal.controllers.portal import CustomerPortal


class SubscriptionPortal(CustomerPortal):
    """What we tell customers on their portal page."""

    def _prepare_portal_layout_values(self):
        messages = request.env["subscription.portal.message"]._for_user()
        return {
            **super()._prepare_portal_layout_values(),
            "subscription_messages": messages,
        }

    @route(
        "/my/subscription-message/<int:message_id>/dismiss",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
    )
    def dismiss_subscription_message(self, message_id):
        """Put a message away; of others' messages nothing happens."""
        request.env["subscription.portal.message"].browse(message_id)._dismiss()
        return request.redirect("/my")
