# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..analytics.spread import spread


class SubscriptionMassManager(models.TransientModel):
    """Give the customers an account manager, or spread them over several people.

    By the rules of handing over: open activities and a note go along.
    """

    _name = "subscription.mass.manager"
    _inherit = "subscription.mass.action"
    _description = "Assign Account Manager"

    _kind = "manager"

    user_ids = fields.Many2many(
        comodel_name="res.users",
        string="People",
        domain=lambda self: [
            ("share", "=", False),
            (
                "all_group_ids",
                "in",
                self.env.ref("subscription_segmentation.group_user").ids,
            ),
        ],
        help="One of them, or several who share the customers.",
    )
    team_id = fields.Many2one(
        comodel_name="crm.team", string="Sales Team", help="All of its members as well."
    )
    method = fields.Selection(
        selection=[
            ("even", "Each as many"),
            ("number", "Who has the fewest customers first"),
            ("mrr", "Who has the least MRR first"),
        ],
        string="Share",
        required=True,
        default="even",
    )
    by_language = fields.Boolean(
        help="Whoever speaks the language of the customer is preferred.",
    )
    only_missing = fields.Boolean(
        string="Only Where There Is None",
        help="Leave customers to the account manager whom they have.",
    )
    note = fields.Char(help="Goes into the note on each customer.")
    people_count = fields.Integer(compute="_compute_preview")

    @api.depends("user_ids", "team_id", "method", "by_language", "only_missing")
    def _compute_preview(self):
        for wizard in self:
            wizard.people_count = len(wizard._people())
        return super()._compute_preview()

    def _people(self, company=None):
        """Return those who share the customers (of a company)."""
        users = self.user_ids._origin | self.team_id.member_ids
        return users._see_customers_of(company).sudo(False) if company else users

    def _reach_of(self, chosen):
        people = self._people()

        def why(own):
            manager = own.customer_id.account_manager_id
            if not own.customer_id:
                return "closed"
            if self.only_missing and manager:
                return "managed"
            return "unchanged" if manager and manager == people else None

        return self._unless(super()._reach_of(chosen), why)

    def _plan(self, customers):
        """Return ``{customer: user}``, the customers with the highest MRR first."""
        result = {}
        for company, some in customers.grouped("company_id").items():
            people = self._people(company)
            result |= spread(
                some.sorted(lambda own: (-own.mrr, own.id)),
                people,
                self._load(company, people, some),
                (lambda own: own.mrr) if self.method == "mrr" else None,
                self._speaks if self.by_language else None,
            )
        return result

    def _load(self, company, people, customers):
        """Return ``{user: what she has already}``, without what is shared now."""
        figures = {"number": "__count", "mrr": "mrr:sum"}
        if self.method not in figures:
            return {}
        rows = self.env["subscription.customer"]._read_group(
            [
                ("company_id", "=", company.id),
                ("account_manager_id", "in", people.ids),
                ("running_count", ">", 0),
                ("id", "not in", customers.ids),
            ],
            ["account_manager_id"],
            [figures[self.method]],
        )
        return dict(rows)

    @api.model
    def _speaks(self, customer, user):
        """Return whether a user speaks the language of a customer, in any country."""
        mother, language = customer.partner_id.lang, user.lang
        return bool(
            mother and language and mother.split("_")[0] == language.split("_")[0]
        )

    def _share_out(self, reach):
        subscriptions = self.env["sale.subscription"].browse(
            id_ for id_, one in reach.items() if not one.reason
        )
        shares = {}
        by_customer = subscriptions.grouped("customer_id")
        for customer, user in self._plan(subscriptions.customer_id).items():
            # A customer counts once, whatever it has.
            own = by_customer[customer][:1]
            shares[user] = shares.get(user, subscriptions.browse()) + own
        return shares

    def _do(self, campaign, subscriptions, reach):
        customers = subscriptions.customer_id
        if not self._people():
            raise UserError(self.env._("Choose who is to look after the customers."))
        plan = self._plan(customers)
        if not plan:
            raise UserError(
                self.env._(
                    "None of those whom you chose works for %s and sees its customers.",
                    campaign.company_id.name,
                )
            )
        before = {customer: customer.account_manager_id.id for customer in customers}
        had = {customer: [] for customer in customers}
        for user, some in customers.grouped(plan.get).items():
            for activity, customer in some.sudo()._activities_of(user).items():
                had[customer].append(activity.id)
            some._hand_over(user, self.note)
        self.env["subscription.campaign.member"].sudo()._store_traces(
            campaign,
            {
                own.id: {
                    "from": before[own.customer_id],
                    "to": plan[own.customer_id].id,
                    "had": had[own.customer_id],
                }
                for own in subscriptions
            },
        )
