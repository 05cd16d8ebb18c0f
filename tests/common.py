# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fixtures that tests of the addon share; none of them is demo data."""

import base64
import csv
import io
from datetime import date
from decimal import Decimal
from itertools import count

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user
from odoo.tools import SQL

from ..analytics import history, ledger
from ..analytics.period import per_period
from ..models.sale_subscription_ledger import TOLD

MODULE = "subscription_segmentation"

#: Groups of the people that use the addon, by what a test calls them.
GROUPS = {
    "admin": f"base.group_system,{MODULE}.group_manager",
    "manager": f"{MODULE}.group_manager",
    "user": f"{MODULE}.group_user",
    "agent": "helpdesk_mgmt.group_helpdesk_user_own",
    "salesperson": "sales_team.group_sale_salesman",
    "internal": "base.group_user",
    "portal": "base.group_portal",
}

#: A row of a history file; tests name what differs.
HISTORY_ROW = {
    "subscription_ref": "S-1",
    "customer_ref": "C-1",
    "customer_name": "First Customer",
    "email": "",
    "plan": "Basic",
    "period": "1 month",
    "start_date": "2024-01-15",
    "end_date": "",
    "mrr": "10.00",
    "currency": "USD",
    "products": "",
    "payment_method": "",
}


def day(text):
    """``day("2024-02-01")``: a date."""
    return date.fromisoformat(text)


class SubscriptionCase(TransactionCase):
    """A company of its own, in US dollars, and what to fill it with.

    Dates may be given as text. ``as_of`` is the day that figures are looked at unless a
    test names another one; it lies after all that tests book by default.
    """

    as_of = date(2025, 6, 30)
    codes = count(1)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(
            context=dict(
                cls.env.context,
                mail_create_nolog=True,
                mail_create_nosubscribe=True,
                no_reset_password=True,
                tracking_disable=True,
            )
        )
        cls.company = cls.make_company("First Company")
        cls.env = cls.env(
            context=dict(cls.env.context, allowed_company_ids=cls.company.ids)
        )
        cls.company = cls.company.with_env(cls.env)
        cls.plan = cls.make_plan("Basic")

    # --- master data ------------------------------------------------------------------

    @classmethod
    def make_company(cls, name, currency="USD"):
        return cls.env["res.company"].create(
            {"name": name, "currency_id": cls.get_currency(currency).id}
        )

    @classmethod
    def get_currency(cls, code, rates=None, company=None):
        """Return a currency; ``rates``: ``{date: units of the company's for one}``."""
        currency = (
            cls.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "=", code)])
        )
        currency.active = True
        cls.env["res.currency.rate"].create(
            [
                {
                    "currency_id": currency.id,
                    "company_id": (company or cls.company).id,
                    "name": name,
                    "rate": 1 / value,
                }
                for name, value in (rates or {}).items()
            ]
        )
        return currency.with_context(active_test=True)

    @classmethod
    def make_partner(cls, name="Partner", parent=None, **values):
        if parent:
            values["parent_id"] = parent.id
        return cls.env["res.partner"].create({"name": name, **values})

    @classmethod
    def make_plan(cls, name="Basic", interval=1, unit="months", **values):
        return cls.env["sale.subscription.template"].create(
            {
                "name": name,
                "recurring_interval": interval,
                "recurring_rule_type": unit,
                **values,
            }
        )

    @classmethod
    def get_pricelist(cls, currency="USD", company=None):
        """Return the price list of a company in a currency."""
        company = company or cls.company
        values = {
            "currency_id": cls.get_currency(currency).id,
            "company_id": company.id,
        }
        Pricelist = cls.env["product.pricelist"]
        found = Pricelist.search([(name, "=", value) for name, value in values.items()])
        return found[:1] or Pricelist.create({"name": currency, **values})

    @classmethod
    def make_user(cls, kind, companies=None, login=None):
        """Return a person of one of :data:`GROUPS`, in the first of the companies."""
        companies = companies or cls.company
        return new_test_user(
            cls.env,
            login or f"{kind}-{companies[:1].id}",
            GROUPS[kind],
            company_id=companies[:1].id,
            company_ids=companies.ids,
        )

    def as_user(self, records, user):
        """Return records (or a model) as a person sees them in all of her companies."""
        context = dict(self.env.context, allowed_company_ids=user.company_ids.ids)
        return records.with_env(self.env(user=user, su=False, context=context))

    # --- subscriptions and movements --------------------------------------------------

    @classmethod
    def make_subscription(cls, partner, currency="USD", company=None, **values):
        """Return a subscription that the ledger knows nothing of yet.

        What is written on it is told to the ledger by :meth:`book` alone.
        """
        company = company or cls.company
        customer = cls.env["subscription.customer"]._ensure(partner, company)
        return cls._create_subscription(
            partner, currency, company, told=True, customer_id=customer.id, **values
        )

    @classmethod
    def open_subscription(cls, partner, price=10, currency="USD", company=None, **vals):
        """Return a draft whose history is written as it happens, as for anybody.

        :param price: of one period
        """
        return cls._create_subscription(
            partner,
            currency,
            company or cls.company,
            **{"sale_subscription_line_ids": [cls.new_line(price)], **vals},
        )

    @classmethod
    def _create_subscription(cls, partner, currency, company, told=False, **values):
        Subscription = cls.env["sale.subscription"].with_company(company)
        return Subscription.with_context(**{TOLD: told}).create(
            {
                "partner_id": partner.id,
                "company_id": company.id,
                "template_id": cls.plan.id,
                "pricelist_id": cls.get_pricelist(currency, company).id,
                "user_id": False,
                # The sequence of subscription_oca belongs to the first company only.
                "code": f"T-{next(cls.codes)}",
                **values,
            }
        )

    @classmethod
    def get_stage(cls, type_):
        Stage = cls.env["sale.subscription.stage"]
        return Stage.search([("type", "=", type_)], limit=1)

    @classmethod
    def get_product(cls):
        """Return a product; writing partner or price list sets its price again."""
        Product = cls.env["product.product"]
        return Product.search([("name", "=", "Test Seat")], limit=1) or Product.create(
            {
                "name": "Test Seat",
                "type": "service",
                "list_price": 10,
                "taxes_id": [Command.clear()],
            }
        )

    @classmethod
    def new_line(cls, price, **values):
        """Return the command that adds a line."""
        product = cls.get_product()
        return Command.create(
            {
                "product_id": product.id,
                "name": product.name,
                "price_unit": float(price),
                "discount": 0,
                "tax_ids": [Command.clear()],
                **values,
            }
        )

    @classmethod
    def state(cls, subscription, mrr, effective=None, paused=False, customer=None):
        """Return what a running subscription is."""
        return ledger.State(
            (customer or subscription.customer_id).id,
            subscription.currency_id.id,
            Decimal(str(mrr)),
            Decimal(str(mrr if effective is None else effective)),
            paused,
        )

    @classmethod
    def book(cls, subscription, *steps, as_of=None, known_on=None):
        """Book steps of a subscription: (date, event, MRR or State, None: it ends)."""
        events = []
        for when, name, state in steps:
            if state is not None and not isinstance(state, ledger.State):
                state = cls.state(subscription, state)
            when = when if isinstance(when, date) else day(when)
            events.append(ledger.Event(when, name, state))
        movements = cls.env["subscription.movement"]._book(
            {subscription: events}, as_of or cls.as_of, known_on=known_on
        )
        if movements:
            cls.follow_ledger(subscription)
            subscription.customer_id._store_lives(as_of or cls.as_of)
        return movements

    @classmethod
    def follow_ledger(cls, subscription):
        """Make a subscription what the ledger says of it, without telling the ledger.

        A reconciliation then finds no difference: it was always sold as this.
        """
        rows = subscription.env["subscription.movement"]._history(subscription)
        rows = rows[subscription.id]
        state = history.state_on(rows, max(row.date for row in rows))
        plan = subscription.template_id
        subscription = subscription.with_context(**{TOLD: True})
        subscription.sale_subscription_line_ids.unlink()
        subscription.write(
            {
                "stage_id": cls.get_stage("in_progress" if state else "post").id,
                "is_paused": bool(state and state.paused),
                "sale_subscription_line_ids": [
                    cls.new_line(
                        per_period(
                            state.contracted,
                            plan.recurring_rule_type,
                            plan.recurring_interval,
                            subscription.currency_id.decimal_places,
                        )
                    )
                ]
                if state
                else [],
            }
        )
        first = min(row.date for row in rows)
        subscription.date_start = first
        terms = subscription.env["subscription.terms"]
        # What is booked later must not change what it was sold as before.
        if not terms.search_count([("subscription_res_id", "=", subscription.id)]):
            terms._tell({subscription.id: (first, first)})

    def forget_terms(self, subscription):
        """Have a subscription of which nobody knows what it is sold as."""
        self.env.flush_all()
        self.env.cr.execute(
            "DELETE FROM subscription_terms WHERE subscription_res_id = %s",
            [subscription.id],
        )

    @classmethod
    def tell(cls, subscription, when, **values):
        """Sell a subscription as something else from a day on (known on that day)."""
        subscription.with_context(**{TOLD: True}).write(values)
        when = day(when)
        cls.env["subscription.terms"]._tell({subscription.id: (when, when)})

    @classmethod
    def subscribe(
        cls, partner, mrr=10, start="2024-01-15", end=None, as_of=None, **values
    ):
        """Return a subscription that ran from one day (up to another)."""
        subscription = cls.make_subscription(partner, **values)
        steps = [(start, ledger.START, mrr)]
        if end:
            steps.append((end, ledger.END, None))
        cls.book(subscription, *steps, as_of=as_of)
        return subscription

    def customer(self, partner, company=None):
        """Return the customer that a contact belongs to, empty if there is none."""
        return self.env["subscription.customer"].search(
            [
                ("partner_id", "=", partner.commercial_partner_id.id),
                ("company_id", "=", (company or self.company).id),
            ]
        )

    # --- importing --------------------------------------------------------------------

    @classmethod
    def history_csv(cls, *rows):
        """Return a history file; rows name what differs from :data:`HISTORY_ROW`."""
        file = io.StringIO()
        writer = csv.DictWriter(file, list(HISTORY_ROW))
        writer.writeheader()
        writer.writerows({**HISTORY_ROW, **row} for row in rows)
        return file.getvalue().encode()

    @classmethod
    def make_wizard(cls, content, as_of=None, company=None, file_name="history.csv"):
        company = company or cls.company
        return (
            cls.env["subscription.import.wizard"]
            .with_context(allowed_company_ids=company.ids)
            .create(
                {
                    "company_id": company.id,
                    "file": base64.b64encode(content),
                    "file_name": file_name,
                    "as_of": as_of or cls.as_of,
                }
            )
        )

    @classmethod
    def import_history(cls, *rows, as_of=None, company=None):
        """Import rows through the wizard, to their end; return the import."""
        wizard = cls.make_wizard(cls.history_csv(*rows), as_of, company)
        action = wizard.action_import()
        if action["res_model"] == wizard._name:
            raise AssertionError(wizard.problem_ids.mapped("reason"))
        import_ = cls.env[action["res_model"]].browse(action["res_id"])
        while import_._work():
            pass
        return import_

    def tracked(self, when, record, **values):
        """Write values at a time (UTC), and have the chatter keep it."""
        self.env.cr.precommit.run()
        with freeze_time(when):
            record.with_context(tracking_disable=False).write(values)
            self.env.flush_all()
            self.env.cr.precommit.run()

    def assertSignals(self, source, as_of, subscription, /, **expected):
        """Check signals of a subscription; None is missing.

        It makes no difference whether it is asked for alone.
        """
        company = subscription.company_id
        for ids in (subscription.ids, None):
            frame = source(self.env, company, day(as_of), ids)
            row = frame.loc[subscription.id, list(expected)].astype(object)
            found = row.where(row.notna(), None).to_dict()
            self.assertEqual(found, expected, (as_of, ids))

    # --- looking at rows --------------------------------------------------------------

    def versions(self, records):
        """Return ``{id: version of the row}``, which changes with every write."""
        self.env.flush_all()
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT id, ctid::text || '/' || xmin::text FROM %s"
                    " WHERE id = ANY(%s)",
                    SQL.identifier(records._table),
                    records.ids,
                )
            )
        )
