# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class SubscriptionHealthAlert(models.Model):
    """That a health rule has spoken up about a customer, and until when it was so.

    It stays open while the condition lasts, also when its activity was done: nobody is
    asked twice about the same. The index on what is open is what makes it one only.
    """

    _name = "subscription.health.alert"
    _description = "Health Alert"
    _order = "opened_on desc, id desc"
    _rec_name = "rule_id"

    rule_id = fields.Many2one(
        comodel_name="subscription.health.rule",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    customer_id = fields.Many2one(
        comodel_name="subscription.customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, index=True
    )
    opened_on = fields.Date(required=True, readonly=True)
    closed_on = fields.Date(
        readonly=True, help="The day on which the condition was found to be gone."
    )
    state = fields.Selection(
        selection=[("open", "Open"), ("closed", "Closed")], compute="_compute_state"
    )
    activity_id = fields.Many2one(
        comodel_name="mail.activity",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Given to",
        readonly=True,
        help="Who got the activity.",
    )
    evidence = fields.Text(
        readonly=True, help="What was seen, in the language of who got it."
    )

    _one_open = models.UniqueIndex(
        "(rule_id, customer_id) WHERE closed_on IS NULL",
        "A health rule has one open alert for a customer.",
    )

    @api.depends("closed_on")
    def _compute_state(self):
        for alert in self:
            alert.state = "closed" if alert.closed_on else "open"

    @api.depends("rule_id", "customer_id")
    def _compute_display_name(self):
        for alert in self:
            alert.display_name = self.env._(
                "%(rule)s: %(customer)s",
                rule=alert.rule_id.display_name,
                customer=alert.customer_id.display_name,
            )

    def action_open_customer(self):
        """Open the customer that it is about."""
        self.ensure_one()
        return self.customer_id.get_formview_action()
