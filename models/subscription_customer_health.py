# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class SubscriptionCustomer(models.Model):
    """What health rules say of a customer."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.customer"

    health_alert_ids = fields.One2many(
        comodel_name="subscription.health.alert",
        inverse_name="customer_id",
        string="Health Alerts",
    )

    def _merge_into(self, keep):
        """Alerts move over, but one open alert for a rule is enough."""
        is_open = [("closed_on", "=", False)]
        mine = self.health_alert_ids.filtered_domain(is_open)
        rules = keep.health_alert_ids.filtered_domain(is_open).rule_id
        twice = mine.filtered(lambda alert: alert.rule_id in rules)
        twice.activity_id.unlink()
        for alert in twice:
            alert.closed_on = alert.company_id._subscription_today()
        return super()._merge_into(keep)
