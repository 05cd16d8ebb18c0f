# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

#: What the reasons that subscription_oca brings mean. "Other" may mean anything.
SHIPPED = {
    "close_reason_expensive": "voluntary",
    "close_reason_requirement": "voluntary",
    "close_reason_ended": "end_of_need",
    "close_reason_use": "end_of_need",
}


class SaleSubscriptionCloseReason(models.Model):
    _inherit = "sale.subscription.close.reason"

    churn_type = fields.Selection(
        selection=[
            ("voluntary", "Voluntary"),
            ("involuntary", "Involuntary"),
            ("end_of_need", "End of Need"),
        ],
        help="Voluntary: the customer decided to leave, for the price, the service or "
        "a competitor. Involuntary: nobody decided, a payment failed or a card "
        "expired. End of need: what it was for is over. Empty: it may be any of these.",
    )

    @api.model
    def _set_shipped_types(self):
        """Give the reasons of subscription_oca a type, unless they have one."""
        for name, churn_type in SHIPPED.items():
            reason = self.env.ref(f"subscription_oca.{name}", raise_if_not_found=False)
            if reason and not reason.churn_type:
                reason.churn_type = churn_type
