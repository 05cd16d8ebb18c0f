# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class SubscriptionMassOpportunity(models.TransientModel):
    """Have salespeople offer customers more: an opportunity for each.

    A customer has one open opportunity of a title at most.
    """

    _name = "subscription.mass.opportunity"
    _inherit = "subscription.mass.assigned"
    _description = "Create Upsell Opportunities"

    _kind = "opportunity"

    assign_to = fields.Selection(
        selection_add=[("rules", "Nobody yet: the rules of the sales teams")],
        ondelete={"rules": "cascade"},
    )
    title = fields.Char(
        required=True,
        default=lambda self: self.env._("Upsell"),
        help="What the opportunities are called: what is offered.",
    )
    revenue_percent = fields.Integer(
        string="Expected Revenue (% of a Year)",
        default=20,
        help="The expected revenue is so much of what the customer's running "
        "subscriptions come to in a year: 12 times its contracted MRR.",
    )
    note = fields.Html(help="What whoever sells should know.")

    @api.depends("title")
    def _compute_preview(self):
        return super()._compute_preview()

    @api.model
    def _able(self, users, company):
        users = super()._able(users, company)
        selling = self.env.ref("sales_team.group_sale_salesman").sudo()
        return users & selling.all_user_ids

    def _assignees(self, subscriptions):
        if self.assign_to == "rules":
            return dict.fromkeys(subscriptions, self.env["res.users"])
        return super()._assignees(subscriptions)

    def _reach_of(self, chosen):
        """Reach each customer once, by the subscription with the highest MRR."""
        reach = super()._reach_of(chosen)
        offered = self._offered(chosen.customer_id)
        reach = self._unless(
            reach, lambda own: "opportunity" if own.customer_id in offered else None
        )
        return self._once_a_customer(reach)

    def _offered(self, customers):
        """Return the customers with an open opportunity of the title.

        Whoever has it: that she may not see it does not make it less open.
        """
        leads = self.env["crm.lead"].sudo()
        leads = leads.search(
            [
                ("subscription_customer_id", "in", customers.ids),
                ("type", "=", "opportunity"),
                ("won_status", "=", "pending"),
                "|",
                ("name", "=ilike", self.title),
                ("subscription_offer_title", "=ilike", self.title),
            ]
        )
        return leads.subscription_customer_id.sudo(False)

    def action_confirm(self):
        self.env["crm.lead"].check_access("create")
        return super().action_confirm()

    def _do(self, campaign, subscriptions, reach):
        company = campaign.company_id
        self._check_assigned(company)
        assignees = self._assignees(subscriptions)
        # Each person is told once of all, not of each.
        leads = self.env["crm.lead"].with_company(company)
        leads = leads.with_context(mail_auto_subscribe_no_notify=True)
        teams = {user: self._team_of(user) for user in set(assignees.values())}
        leads = leads.create(
            [
                {
                    "name": self.title,
                    "subscription_offer_title": self.title,
                    "type": "opportunity",
                    "partner_id": own.customer_id.partner_id.id,
                    "company_id": company.id,
                    "user_id": assignees[own].id,
                    **teams[assignees[own]],
                    "subscription_id": own.id,
                    "description": self.note,
                    "expected_revenue": company.currency_id.round(
                        own.customer_id.mrr * 12 * self.revenue_percent / 100
                    ),
                }
                for own in subscriptions
            ]
        )
        self.env["subscription.campaign.member"].sudo()._store_traces(
            campaign,
            {
                lead.subscription_id.id: {
                    "lead": lead.id,
                    "stage": lead.stage_id.id,
                    "user": lead.user_id.id,
                }
                for lead in leads
            },
        )
        self._tell_assigned(campaign, assignees)

    @api.model
    def _team_of(self, user):
        """Return the sales team of a user's leads, as Odoo would look up for each."""
        if not user:
            return {}
        teams = self.env["crm.team"]
        team = teams._get_default_team_id(
            user_id=user.id, domain=[("use_opportunities", "=", True)]
        )
        return {"team_id": team.id}
