# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class SubscriptionCustomerHandover(models.TransientModel):
    """Customers get another account manager, who takes over what is to be done."""

    _name = "subscription.customer.handover"
    _description = "Hand Over Customers"

    customer_ids = fields.Many2many(
        comodel_name="subscription.customer",
        string="Customers",
        readonly=True,
        default=lambda self: self._default_customer_ids(),
    )
    customer_count = fields.Integer(
        compute="_compute_customer_count", string="Number of Customers"
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="New Account Manager",
        required=True,
        domain=lambda self: [
            ("share", "=", False),
            (
                "all_group_ids",
                "in",
                self.env.ref("subscription_segmentation.group_user").ids,
            ),
        ],
    )
    note = fields.Char(help="Goes into the note on each customer.")

    @api.model
    def _default_customer_ids(self):
        if self.env.context.get("active_model") != "subscription.customer":
            return False
        return self.env["subscription.customer"].browse(self.env.context["active_ids"])

    @api.depends("customer_ids")
    def _compute_customer_count(self):
        for wizard in self:
            wizard.customer_count = len(wizard.customer_ids)

    def action_confirm(self):
        """Hand them over; see ``_hand_over`` of the customers."""
        self.ensure_one()
        self.customer_ids._hand_over(self.user_id, self.note)
