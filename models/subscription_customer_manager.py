# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..signals.frame import only

USER = "subscription_segmentation.group_user"
HANDLERS = (
    "sales_team.group_sale_salesman",
    "subscription_segmentation.group_manager",
)


class SubscriptionCustomer(models.Model):
    """Who looks after a customer, and how it is handed over.

    Customers are readonly for everybody: the account manager is chosen by handing over,
    or by the rule of the company where there is none.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _name = "subscription.customer"
    _inherit = ["subscription.customer", "mail.thread", "mail.activity.mixin"]
    # Whoever sees a customer may write down what was talked about.
    _mail_post_access = "read"

    account_manager_id = fields.Many2one(
        comodel_name="res.users",
        string="Account Manager",
        readonly=True,
        copy=False,
        index="btree_not_null",
        domain=[("share", "=", False)],
        help="Who looks after the customer. Where there is none, the rule in the "
        "settings names one.",
    )

    # --- the rule of the company ------------------------------------------------------

    @api.model
    def _ensure(self, partners, company):
        customers = super()._ensure(partners, company)
        self._name_account_managers(company, customers.ids)
        return customers

    def _store_lives(self, as_of=None):
        result = super()._store_lives(as_of)
        for company, customers in self.grouped("company_id").items():
            self._name_account_managers(company, customers.ids)
        return result

    @api.model
    def _name_account_managers(self, company, ids=None):
        """Name the account managers of customers that have none, set-wise.

        By the rule of the company, and only users of it who are there and may see
        customers. A person's choice stays, as does what the rule said before.

        :param ids: of these customers only
        """
        candidate = self._account_manager_sql(company, ids)
        if not candidate:
            return
        for name in ("subscription.customer", "sale.subscription", "res.partner"):
            self.env[name].flush_model()
        self.env["res.users"].flush_model(["active", "company_ids"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE subscription_customer AS customer
                   SET account_manager_id = person.id
                  FROM (%(candidate)s) AS named
                  JOIN res_users person ON person.id = named.user_id
                  JOIN res_company_users_rel member
                    ON member.user_id = person.id AND member.cid = %(company)s
                 WHERE customer.id = named.customer_id
                   AND person.active AND person.id = ANY(%(users)s)
                """,
                candidate=candidate,
                company=company.id,
                users=self.env.ref(USER).sudo().all_user_ids.ids,
            )
        )
        if self.env.cr.rowcount:
            self.invalidate_model(["account_manager_id"])

    @api.model
    def _account_manager_sql(self, company, ids):
        """Return the query for ``customer_id`` and ``user_id`` by the company's rule.

        None: the company wants nobody named.
        """
        of_these = SQL(
            "customer.company_id = %s AND customer.account_manager_id IS NULL AND %s",
            company.id,
            only("customer.id", ids),
        )
        rule = company.sudo().subscription_account_manager_rule
        if rule == "contact":
            return SQL(
                """
                SELECT customer.id AS customer_id, partner.user_id
                  FROM subscription_customer customer
                  JOIN res_partner partner ON partner.id = customer.partner_id
                 WHERE partner.user_id IS NOT NULL AND %s
                """,
                of_these,
            )
        if rule == "subscription":
            return SQL(
                """
                SELECT DISTINCT ON (customer.id)
                       customer.id AS customer_id, own.user_id
                  FROM subscription_customer customer
                  JOIN sale_subscription own ON own.customer_id = customer.id
                 WHERE own.is_running AND %s
              ORDER BY customer.id, own.first_start_date, own.id
                """,
                of_these,
            )
        return None

    # --- handing over -----------------------------------------------------------------

    def _may_hand_over(self):
        """Return whether the user may choose who looks after the customers.

        Managers, salespeople, and who looks after all of them.
        """
        user = self.env.user
        return any(map(user.has_group, HANDLERS)) or (
            bool(self) and all(customer.account_manager_id == user for customer in self)
        )

    def _hand_over(self, user, note=False, staying=()):
        """Have a user look after the customers from now on.

        The open activities of who did so before move along: on the customers, their
        contacts, subscriptions, open leads and open tickets, where both who hands over
        and the new account manager may read them. A note on each customer tells of it,
        and the new account manager is told once.

        :param note: text to go along
        :param staying: set of ids of activities that stay where they are
        :raise AccessError: it is not for the current user to decide
        :raise UserError: the user does not work for a company of the customers
        """
        self.check_access("read")
        if not self._may_hand_over():
            raise AccessError(
                self.env._(
                    "Only managers of subscription segmentation, salespeople and the "
                    "account manager hand a customer over."
                )
            )
        user = user.sudo()
        if user.share or not user.active or not user.has_group(USER):
            raise UserError(
                self.env._("%s may not see customers: choose somebody else.", user.name)
            )
        strangers = self.company_id - user.company_ids
        if strangers:
            raise UserError(
                self.env._(
                    "%(user)s does not work for %(company)s.",
                    user=user.name,
                    company=strangers[:1].name,
                )
            )
        changed = self.sudo().filtered(lambda own: own.account_manager_id != user)
        bodies = {}
        for old, customers in changed.grouped("account_manager_id").items():
            moved, left = customers._move_activities(old, user, self.env, staying)
            text = (
                self.env._(
                    "Handed over from %(old)s to %(new)s.", old=old.name, new=user.name
                )
                if old
                else self.env._("%s is the account manager.", user.name)
            )
            for customer in customers:
                number = moved.get(customer, 0)
                parts = [text]
                if number:
                    parts.append(self.env._("Activities moved: %s.", number))
                if customer in left:
                    parts.append(
                        self.env._(
                            "%(number)s of %(old)s stay: not both of you may read what "
                            "they are about.",
                            number=left[customer],
                            old=old.name,
                        )
                    )
                if note:
                    parts.append(note)
                bodies[customer.id] = " ".join(parts)
        if not changed:
            return
        changed.account_manager_id = user
        changed._message_log_batch(bodies=bodies)
        if user != self.env.user:
            self._tell_new_manager(changed, user, note)

    def _tell_new_manager(self, customers, user, note):
        self = self.with_context(lang=user.lang or self.env.lang)
        customers = customers.with_env(self.sudo().env)
        names = ", ".join(customers[:10].mapped("display_name"))
        if len(customers) > 10:
            names = self.env._(
                "%(names)s and %(number)s more", names=names, number=len(customers) - 10
            )
        body = self.env._("You are the account manager of %s.", names)
        self.env["mail.thread"].sudo().message_notify(
            model=self._name,
            res_id=customers[0].id,
            partner_ids=user.partner_id.ids,
            subject=self.env._("Customers handed over to you"),
            body=f"{body} {note}" if note else body,
        )

    def _activities_of(self, user):
        """Return a user's open activities on the customers: ``{activity: customer}``.

        On them, their contacts, subscriptions, open leads and open tickets.
        """
        if not user:
            return {}
        everything = self.env(context={**self.env.context, "active_test": False})
        linked = [("subscription_customer_id", "in", self.ids)]
        # Of a partner that they still look after in another company contacts stay.
        kept = self.search(
            [
                ("partner_id", "in", self.partner_id.ids),
                ("account_manager_id", "=", user.id),
                ("id", "not in", self.ids),
            ]
        ).partner_id
        customer_of = {(self._name, customer.id): customer for customer in self}
        by_partner = {customer.partner_id: customer for customer in self}
        contacts = everything["res.partner"].search(
            [("commercial_partner_id", "in", (self.partner_id - kept).ids)]
        )
        for contact in contacts:
            customer_of[contact._name, contact.id] = by_partner[
                contact.commercial_partner_id
            ]
        for records, name in (
            (
                everything["sale.subscription"].search(
                    [("customer_id", "in", self.ids)]
                ),
                "customer_id",
            ),
            (
                self.env["crm.lead"].search([*linked, ("stage_id.is_won", "=", False)]),
                "subscription_customer_id",
            ),
            (
                self.env["helpdesk.ticket"].search(
                    [*linked, ("stage_id.closed", "=", False)]
                ),
                "subscription_customer_id",
            ),
        ):
            for record in records:
                customer_of[record._name, record.id] = record[name]
        ids = {}
        for model, id_ in customer_of:
            ids.setdefault(model, []).append(id_)
        activities = self.env["mail.activity"].search(
            Domain("user_id", "=", user.id)
            & Domain.OR(
                Domain("res_model", "=", model) & Domain("res_id", "in", some)
                for model, some in ids.items()
            )
        )
        return {
            activity: customer_of[activity.res_model, activity.res_id]
            for activity in activities
        }

    def _move_activities(self, old, new, env, staying=()):
        """Give a user's open activities and alerts on the customers to another one.

        :param env: of who hands over; what she or the new one may not read stays
        :param staying: set of ids of activities that stay as well, uncounted, with
            the alerts that they are of
        :return: ``{customer: how many}`` that moved, and that stayed
        """
        customer_of = self._activities_of(old)
        activities = self.env["mail.activity"].browse(
            activity.id for activity in customer_of if activity.id not in staying
        )
        theirs = new.with_context(allowed_company_ids=self.company_id.ids)
        theirs = theirs.with_user(new).env
        readable = set()
        for model, some in activities.grouped("res_model").items():
            records = env[model].browse(set(some.mapped("res_id")))
            records = records._filtered_access("read").with_env(theirs)
            readable |= {
                (model, record.id) for record in records._filtered_access("read")
            }
        going = activities.filtered(lambda own: (own.res_model, own.res_id) in readable)
        moved, left = {}, {}
        for some, counts in ((going, moved), (activities - going, left)):
            for activity in some:
                customer = customer_of[activity]
                counts[customer] = counts.get(customer, 0) + 1
        # The new account manager is told once of all, not of each.
        going.with_context(mail_activity_quick_update=True).user_id = new
        self.env["subscription.health.alert"].search(
            [
                ("customer_id", "in", self.ids),
                ("closed_on", "=", False),
                ("user_id", "=", old.id),
                # One whose activity went with its user is raised anew.
                ("activity_id", "!=", False),
                ("activity_id", "not in", list(staying)),
            ]
        ).user_id = new
        return moved, left

    def action_hand_over(self):
        """Ask to whom the customers are handed over."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_segmentation.subscription_customer_handover_action"
        )
        action["context"] = {"active_model": self._name, "active_ids": self.ids}
        return action

    def _merge_into(self, keep):
        """Move messages, activities and followers too, and who looks after it.

        Not as Odoo moves references: that rewrites the links of all contacts.
        """
        for name, column in (
            ("ir.attachment", "res_model"),
            ("mail.activity", "res_model"),
            ("mail.message", "model"),
        ):
            records = self.env[name].sudo().with_context(active_test=False)
            records = records.search(
                [(column, "=", self._name), ("res_id", "=", self.id)]
            )
            records.res_id = keep.id
        keep.message_subscribe(self.message_partner_ids.ids)
        if not keep.account_manager_id:
            keep.account_manager_id = self.account_manager_id
        return super()._merge_into(keep)
