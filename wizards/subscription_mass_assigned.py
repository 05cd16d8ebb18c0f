# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError


class SubscriptionMassAssigned(models.AbstractModel):
    """An action that gives people something to do with each subscription."""

    _name = "subscription.mass.assigned"
    _inherit = "subscription.mass.action"
    _description = "Action That Gives Work"

    assign_to = fields.Selection(
        selection=[
            ("manager", "The account manager"),
            ("agent", "The subscription's salesperson"),
            ("chosen", "One person"),
        ],
        required=True,
        default="manager",
        help="Where there is no account manager, the salesperson gets it; where there "
        "is none either, or who may not see the customer, it is yours.",
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Person",
        domain=lambda self: [
            ("share", "=", False),
            (
                "all_group_ids",
                "in",
                self.env.ref("subscription_segmentation.group_user").ids,
            ),
        ],
    )

    @api.depends("assign_to", "user_id")
    def _compute_preview(self):
        return super()._compute_preview()

    @api.model
    def _able(self, users, company):
        """Hook: return those of the users who can do what the action asks for."""
        return users._see_customers_of(company)

    def _assignees(self, subscriptions):
        """Return ``{subscription: user}``, in the order of the subscriptions."""
        able = {
            company: self._able(
                some.customer_id.account_manager_id | some.user_id, company
            )
            for company, some in subscriptions.grouped("company_id").items()
        }
        result = {}
        for own in subscriptions:
            if self.assign_to == "chosen":
                result[own] = self.user_id
                continue
            users = own.user_id
            if self.assign_to == "manager":
                users = own.customer_id.account_manager_id | users
            found = [user for user in users if user in able[own.company_id]]
            result[own] = found[0] if found else self.env.user
        return result

    def _share_out(self, reach):
        subscriptions = self.env["sale.subscription"].browse(
            id_ for id_, one in reach.items() if not one.reason
        )
        shares = {}
        for own, user in self._assignees(subscriptions).items():
            if user:
                shares[user] = shares.get(user, subscriptions.browse()) + own
        return shares

    def _check_assigned(self, company):
        """Let a person pass that can do it.

        :raise UserError: nobody is chosen, or somebody who may not see the customers
        """
        if self.assign_to != "chosen":
            return
        if not self.user_id:
            raise UserError(self.env._("Choose a person."))
        if not self._able(self.user_id, company):
            raise UserError(
                self.env._(
                    "%(user)s cannot do this for %(company)s: choose somebody else.",
                    user=self.user_id.name,
                    company=company.name,
                )
            )

    @api.model
    def _tell_assigned(self, campaign, assignees):
        """Tell each person once of all that she has got."""
        for user in {user.id: user for user in assignees.values()}.values():
            if user in (self.env.user, self.env["res.users"]):
                continue
            number = sum(own == user for own in assignees.values())
            translate = self.with_context(lang=user.lang or self.env.lang).env._
            campaign.sudo().message_notify(
                partner_ids=user.partner_id.ids,
                subject=campaign.name,
                body=translate(
                    "%(campaign)s: %(number)s for you.",
                    campaign=campaign.name,
                    number=number,
                ),
            )
