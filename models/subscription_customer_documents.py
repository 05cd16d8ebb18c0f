# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

USER = "subscription_segmentation.group_user"


class SubscriptionCustomer(models.Model):
    """What points at a customer, for the conditions of segments."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.customer"

    lead_ids = fields.One2many(
        comodel_name="crm.lead",
        inverse_name="subscription_customer_id",
        string="Customer Leads",
        groups=USER,
    )
    ticket_ids = fields.One2many(
        comodel_name="helpdesk.ticket",
        inverse_name="subscription_customer_id",
        string="Customer Tickets",
        groups=USER,
    )
