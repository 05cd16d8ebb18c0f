# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

USER = "subscription_segmentation.group_user"


class SubscriptionCustomerLink(models.AbstractModel):
    """What a record shows of the subscription customer that it points at.

    The figures are read through the link, so they filter and group as fields of the
    record and are never stored on it. Related fields bypass record rules: those about
    money are for the group that may read customers.
    """

    _name = "subscription.customer.link"
    _description = "Link to a Subscription Customer"

    subscription_customer_id = fields.Many2one(
        comodel_name="subscription.customer",
        string="Subscription Customer",
        groups=USER,
        copy=False,
        help="The subscriptions and their figures of this partner in this company.",
    )
    customer_currency_id = fields.Many2one(
        related="subscription_customer_id.currency_id",
        string="Customer Currency",
        groups=USER,
    )
    customer_mrr = fields.Monetary(
        related="subscription_customer_id.mrr",
        string="MRR",
        currency_field="customer_currency_id",
        groups=USER,
    )
    customer_mrr_effective = fields.Monetary(
        related="subscription_customer_id.mrr_effective",
        string="Effective MRR",
        currency_field="customer_currency_id",
        groups=USER,
    )
    customer_running_count = fields.Integer(
        related="subscription_customer_id.running_count",
        string="Running Subscriptions",
        groups=USER,
    )
    customer_first_start_date = fields.Date(
        related="subscription_customer_id.first_start_date",
        string="Customer Since",
        groups=USER,
    )
    customer_end_date = fields.Date(
        related="subscription_customer_id.end_date",
        string="Customer Left On",
        groups=USER,
    )

    def action_open_subscription_customer(self):
        """Open the customer that the record points at."""
        self.ensure_one()
        return self.subscription_customer_id.get_formview_action()
