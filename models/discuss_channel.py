# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class DiscussChannel(models.Model):
    """Who the customers in a conversation are, for who answers them."""

    _inherit = "discuss.channel"

    @api.readonly
    def subscription_customers(self):
        """Return what to know of the customers in a conversation.

        :return: list of dicts of what is shown; empty for who may not read customers
        :raise AccessError: the user may not read the conversation
        """
        self.ensure_one()
        self.check_access("read")
        Customer = self.env["subscription.customer"]
        if not Customer.has_access("read"):
            return []
        # Colleagues may be customers too: they are not who is answered.
        partners = self.sudo().channel_partner_ids.filtered("partner_share")
        customers = Customer.search(
            [("partner_id", "in", partners.commercial_partner_id.ids)]
        )
        return [customer._in_conversation() for customer in customers]


class SubscriptionCustomer(models.Model):
    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.customer"

    def _in_conversation(self):
        """Return what is shown of the customer beside what it writes."""
        return {
            "id": self.id,
            "name": self.display_name,
            "segment": self.primary_segment_id.name,
            "lifecycle": self._label("lifecycle_stage"),
            "risk": self.churn_risk,
            "risk_label": self._label("churn_risk"),
            "score": round(self.churn_score) if self.churn_risk else False,
            "mrr": self.running_count and self._money(self.mrr),
            "renewal": self.next_renewal_date and self._date(self.next_renewal_date),
        }
