# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from ast import literal_eval
from unittest.mock import patch

from lxml import etree

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools import SQL, mute_logger
from odoo.tools.sql import column_exists, table_columns

from ..analytics.ledger import CHANGE
from ..hooks import pre_init_hook
from .common import SubscriptionCase, day

LINK = "subscription_customer_id"
MODELS = ("crm.lead", "helpdesk.ticket", "res.partner")
LINK_COLUMN = SQL.identifier(LINK)
FIGURES = (
    "customer_currency_id",
    "customer_mrr",
    "customer_mrr_effective",
    "customer_running_count",
    "customer_first_start_date",
    "customer_end_date",
)
OF_SEGMENTS = ("customer_segment_id", "customer_is_high_value")


class LinkCase(SubscriptionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.make_company("Second Company")
        cls.partner = cls.make_partner("Customer", is_company=True)
        cls.contact = cls.make_partner("Contact", cls.partner)
        # A lead keeps its company as long as its team is of it.
        cls.team = cls.env["crm.team"].create(
            {"name": "Team", "company_id": cls.company.id}
        )

    @classmethod
    def make_lead(cls, partner, company=None, **values):
        return cls.env["crm.lead"].create(
            {
                "name": "Lead",
                "type": "opportunity",
                "partner_id": partner.id,
                "company_id": (cls.company if company is None else company).id,
                "user_id": False,
                "team_id": cls.team.id if company is None else False,
                **values,
            }
        )

    @classmethod
    def make_ticket(cls, partner, company=None, **values):
        return cls.env["helpdesk.ticket"].create(
            {
                "name": "Ticket",
                "description": "<p>Help</p>",
                "partner_id": partner.id,
                "company_id": (company or cls.company).id,
                **values,
            }
        )

    def link(self, record, company=None):
        record.invalidate_recordset()
        return record.with_company(company or self.company).subscription_customer_id

    def records(self, partner):
        """Return a lead, a ticket and the contact itself."""
        return [self.make_lead(partner), self.make_ticket(partner), partner]


@tagged("post_install", "-at_install")
class TestCustomerLinks(LinkCase):
    """Leads, tickets and contacts show the customer they belong to."""

    # --- where the link points --------------------------------------------------------

    def test_customer_appears_after_the_records(self):
        records = [*self.records(self.contact), *self.records(self.partner)]
        for record in records:
            self.assertFalse(self.link(record))
        customer = self.subscribe(self.partner).customer_id
        for record in records:
            with self.subTest(record=record):
                self.assertEqual(self.link(record), customer)

    def test_customer_existed_before_the_records(self):
        customer = self.subscribe(self.partner).customer_id
        contact = self.make_partner("Later Contact", self.partner)
        below = self.make_partner("Below", contact)
        for partner in (contact, below, self.partner):
            for record in self.records(partner):
                with self.subTest(record=record, partner=partner.name):
                    self.assertEqual(self.link(record), customer)

    def test_customer_appears_in_another_company(self):
        records = self.records(self.contact)
        there = self.subscribe(self.partner, company=self.other).customer_id
        for record in records:
            self.assertFalse(self.link(record))
        here = self.subscribe(self.partner).customer_id
        there._link_records()
        for record in records:
            self.assertEqual(self.link(record), here)

    def test_records_of_others_have_no_link(self):
        self.subscribe(self.partner)
        for record in self.records(self.make_partner("Stranger")):
            self.assertFalse(self.link(record))
        nobody = self.env["res.partner"]
        self.assertFalse(self.link(self.make_lead(nobody)))
        self.assertFalse(self.link(self.make_ticket(nobody)))

    def test_figures_are_read_through_the_link(self):
        subscription = self.subscribe(self.partner, 12.5, "2024-01-15")
        records = self.records(self.contact)
        for record in records:
            record.invalidate_recordset()
            self.assertEqual(
                [record[name] for name in FIGURES],
                [self.company.currency_id, 12.5, 12.5, 1, day("2024-01-15"), False],
            )
        self.book(subscription, ("2024-05-01", "end", None))
        for record in records:
            record.invalidate_recordset()
            self.assertEqual(
                [record[name] for name in FIGURES[1:]],
                [0, 0, 0, day("2024-01-15"), day("2024-05-01")],
            )

    def test_link_follows_the_partner(self):
        customer = self.subscribe(self.partner).customer_id
        second = self.subscribe(self.make_partner("Second")).customer_id
        lead, ticket, _contact = self.records(self.contact)
        for record in (lead, ticket):
            record.partner_id = second.partner_id
            self.assertEqual(self.link(record), second)
            record.partner_id = self.make_partner("Stranger")
            self.assertFalse(self.link(record))
            record.partner_id = self.contact
            self.assertEqual(self.link(record), customer)
            record.partner_id = False
            self.assertFalse(self.link(record))

    def test_link_follows_the_company(self):
        here = self.subscribe(self.partner).customer_id
        there = self.subscribe(self.partner, company=self.other).customer_id
        third = self.make_company("Third Company")
        lead, ticket, _contact = self.records(self.contact)
        lead.team_id = False
        for record in (lead, ticket):
            record.company_id = self.company
            self.assertEqual(self.link(record), here)
            record.company_id = self.other
            self.assertEqual(self.link(record), there)
            record.company_id = third
            self.assertFalse(self.link(record))

    def test_lead_without_company_has_no_link(self):
        """Anybody may see it, whatever the company: it must not show figures."""
        before = self.make_lead(self.partner, self.env["res.company"])
        self.assertFalse(before.company_id)
        self.subscribe(self.partner)
        after = self.make_lead(self.partner, self.env["res.company"])
        for lead in (before, after):
            self.assertFalse(self.link(lead))
            self.assertFalse(lead.customer_mrr)

    def test_contact_has_a_link_per_company(self):
        here = self.subscribe(self.partner, 10).customer_id
        self.assertFalse(self.link(self.contact, self.other))
        there = self.subscribe(self.partner, 99, company=self.other).customer_id
        for contact in (self.contact, self.partner):
            self.assertEqual(self.link(contact, self.company), here)
            self.assertEqual(self.link(contact, self.other), there)
            self.assertEqual(contact.with_company(self.company).customer_mrr, 10)
            self.assertEqual(contact.with_company(self.other).customer_mrr, 99)

    def test_contact_follows_its_commercial_partner(self):
        """Into another family, out of any, and when it is a company of its own."""
        customer = self.subscribe(self.partner).customer_id
        elsewhere = self.subscribe(self.partner, company=self.other).customer_id
        second = self.subscribe(self.make_partner("Second")).customer_id
        stranger = self.make_partner("Stranger")
        below = self.make_partner("Below", self.contact)
        lead, ticket, _contact = self.records(below)

        def assert_links(here, there):
            for record in (self.contact, below, lead, ticket):
                self.assertEqual(self.link(record), here, record)
            self.assertEqual(self.link(below, self.other), there)

        nobody = self.env["subscription.customer"]
        assert_links(customer, elsewhere)
        self.contact.parent_id = second.partner_id
        assert_links(second, nobody)
        self.contact.parent_id = stranger
        assert_links(nobody, nobody)
        self.contact.parent_id = self.partner
        assert_links(customer, elsewhere)
        self.contact.company_type = "company"
        assert_links(nobody, nobody)
        self.contact.is_company = False
        assert_links(customer, elsewhere)
        self.contact.parent_id = False
        assert_links(nobody, nobody)

    def test_archived_records_are_linked(self):
        records = self.records(self.contact)
        for record in records:
            record.active = False
        customer = self.subscribe(self.partner).customer_id
        for record in records:
            self.assertEqual(self.link(record), customer)

    def test_copies_are_linked_anew(self):
        customer = self.subscribe(self.partner).customer_id
        lead, ticket, _contact = self.records(self.contact)
        self.assertEqual(self.link(lead.copy()), customer)
        self.assertEqual(self.link(ticket.copy()), customer)
        self.assertFalse(self.link(self.partner.copy()))

    def test_figures_change_and_linked_rows_do_not(self):
        """What changes every night is stored once, on the customer."""
        subscription = self.subscribe(self.partner, 10)
        records = self.records(self.contact)
        before = [self.versions(record) for record in records]
        self.book(subscription, ("2024-02-01", CHANGE, 20))
        subscription.customer_id._store_lives()
        subscription.customer_id._link_records()
        self.env["subscription.customer"]._ensure(self.partner, self.company)
        for record, version in zip(records, before, strict=True):
            record.invalidate_recordset()
            self.assertEqual(record.customer_mrr, 20)
            self.assertEqual(self.versions(record), version)

    def test_deleting_records_leaves_the_customer(self):
        customer = self.subscribe(self.partner).customer_id
        lead, ticket, _contact = self.records(self.contact)
        (lead + lead.copy()).unlink()
        ticket.unlink()
        self.contact.unlink()
        self.assertTrue(customer.exists())

    def test_button_opens_the_customer(self):
        customer = self.subscribe(self.partner).customer_id
        for record in self.records(self.contact):
            action = record.action_open_subscription_customer()
            self.assertEqual(
                (action["res_model"], action["res_id"]), (customer._name, customer.id)
            )

    # --- filters and groups -----------------------------------------------------------

    def figures(self):
        """Fill three customers, return the ids of records of each by model."""
        partners = [
            self.make_partner(name, is_company=True) for name in ("A", "B", "C", "None")
        ]
        self.subscribe(partners[0], 10, "2024-01-15")
        self.subscribe(partners[0], 20, "2024-03-15")
        self.subscribe(partners[1], 100, "2024-01-31")
        self.subscribe(partners[2], 7, "2023-12-01", "2024-03-01")
        # Figures of another company must have no part in it.
        self.subscribe(partners[3], 5000, "2024-01-15", company=self.other)
        self.subscribe(partners[0], 6000, "2020-01-15", company=self.other)
        made = {model: [] for model in MODELS}
        for partner in partners:
            for record in self.records(self.make_partner("Contact", partner)):
                made[record._name].append(record.id)
        self.env.invalidate_all()
        return partners, made

    def test_filter(self):
        partners, made = self.figures()
        customers = [self.customer(partner) for partner in partners]
        for domain, expected in (
            ([(LINK, "=", customers[0].id)], [0]),
            ([(LINK, "in", [customers[0].id, customers[2].id])], [0, 2]),
            ([(LINK, "!=", False)], [0, 1, 2]),
            ([(LINK, "=", False)], [3]),
            ([(LINK + ".partner_id.name", "=", "B")], [1]),
            ([(LINK + ".subscription_count", "=", 2)], [0]),
            ([("customer_mrr", ">", 20)], [0, 1]),
            ([("customer_mrr", "=", 30)], [0]),
            ([("customer_mrr", "<", 1000)], [0, 1, 2, 3]),
            ([("customer_running_count", ">", 0)], [0, 1]),
            ([("customer_running_count", "=", 2)], [0]),
            # Who is no customer has 0, as the record itself says.
            ([("customer_running_count", "=", 0)], [2, 3]),
            ([("customer_running_count", "!=", 0)], [0, 1]),
            ([("customer_running_count", ">=", 0)], [0, 1, 2, 3]),
            ([("customer_running_count", "<=", 0)], [2, 3]),
            ([("customer_running_count", "<", 0)], []),
            ([("customer_running_count", "<", 2)], [1, 2, 3]),
            ([("customer_mrr", "in", [0, 100])], [1, 2, 3]),
            ([("customer_mrr", "not in", [0, 100])], [0]),
            ([("customer_end_date", "!=", False)], [2]),
            ([("customer_end_date", ">=", "2024-03-01")], [2]),
            ([("customer_first_start_date", "<", "2024-01-31")], [0, 2]),
            ([("customer_currency_id", "=", self.company.currency_id.id)], [0, 1, 2]),
            (["!", ("customer_mrr", ">", 20)], [2, 3]),
        ):
            for model, ids in made.items():
                with self.subTest(model=model, domain=domain):
                    found = self.env[model].search([("id", "in", ids), *domain])
                    self.assertEqual(
                        set(found.ids), {ids[number] for number in expected}
                    )
                    records = self.env[model].browse(ids)
                    self.assertEqual(records.filtered_domain(domain), found)

    def test_sort(self):
        _partners, made = self.figures()
        for model, ids in made.items():
            with self.subTest(model=model):
                found = self.env[model].search(
                    [("id", "in", ids[:3])], order="customer_mrr desc"
                )
                self.assertEqual(found.ids, [ids[1], ids[0], ids[2]])
                self.env[model].search([("id", "in", ids)], order=f"{LINK} desc")

    def test_group(self):
        partners, made = self.figures()
        customers = [self.customer(partner) for partner in partners]
        nobody = self.env["subscription.customer"]
        for groupby, expected in (
            (LINK, [(customer, 1) for customer in [*customers[:3], nobody]]),
            ("customer_running_count", [(0, 1), (1, 1), (2, 1), (False, 1)]),
            (
                "customer_first_start_date:month",
                [(day("2023-12-01"), 1), (day("2024-01-01"), 2), (False, 1)],
            ),
            (
                "customer_first_start_date:year",
                [(day("2023-01-01"), 1), (day("2024-01-01"), 2), (False, 1)],
            ),
            ("customer_end_date:month", [(day("2024-03-01"), 1), (False, 3)]),
            ("customer_mrr", [(0.0, 1), (30.0, 1), (100.0, 1), (False, 1)]),
            (
                "customer_currency_id",
                [(self.company.currency_id, 3), (self.env["res.currency"], 1)],
            ),
        ):
            for model, ids in made.items():
                with self.subTest(model=model, groupby=groupby):
                    groups = self.env[model]._read_group(
                        [("id", "in", ids)], [groupby], ["__count"]
                    )
                    self.assertEqual(
                        sorted(map(repr, groups)), sorted(map(repr, expected))
                    )

    def test_aggregates(self):
        _partners, made = self.figures()
        for model, ids in made.items():
            with self.subTest(model=model):
                rows = self.env[model]._read_group(
                    [("id", "in", ids)],
                    ["customer_first_start_date:year"],
                    ["customer_mrr:avg", "customer_mrr:max", "customer_mrr:sum"],
                )
                self.assertEqual(
                    rows,
                    [
                        (day("2023-01-01"), 0, 0, 0),
                        (day("2024-01-01"), 65, 100, 130),
                        (False, False, False, False),
                    ],
                )

    def test_totals_of_groups_do_not_add_one_customer_up(self):
        """Two tickets of a customer do not double his MRR: groups show the average."""
        self.subscribe(self.partner, 10)
        self.make_ticket(self.contact)
        self.make_ticket(self.partner)
        fields = self.env["helpdesk.ticket"].fields_get(
            FIGURES, ["aggregator", "groupable", "searchable", "sortable", "store"]
        )
        for name in (
            "customer_mrr",
            "customer_mrr_effective",
            "customer_running_count",
        ):
            self.assertEqual(fields[name]["aggregator"], "avg")
        for name in FIGURES:
            self.assertTrue(fields[name]["groupable"], name)
            self.assertTrue(fields[name]["searchable"], name)
            self.assertTrue(fields[name]["sortable"], name)
            self.assertFalse(fields[name]["store"], name)
        [group] = self.env["helpdesk.ticket"].formatted_read_group(
            [("partner_id", "in", (self.partner | self.contact).ids)],
            [LINK],
            ["customer_mrr:avg", "__count"],
        )
        self.assertEqual((group["customer_mrr:avg"], group["__count"]), (10, 2))

    def test_groups_open_their_records(self):
        """What the web client asks for: the domain of a group finds its records."""
        _partners, made = self.figures()
        for model, ids in made.items():
            for groupby in (
                LINK,
                "customer_running_count",
                "customer_first_start_date:month",
            ):
                with self.subTest(model=model, groupby=groupby):
                    domain = [("id", "in", ids)]
                    groups = self.env[model].formatted_read_group(
                        domain, [groupby], ["__count", "customer_mrr:avg"]
                    )
                    self.assertEqual(sum(group["__count"] for group in groups), 4)
                    for group in groups:
                        if not group[groupby] and "count" in groupby:
                            continue  # 0 and nothing: two groups, but one filter
                        self.assertEqual(
                            self.env[model].search_count(
                                domain + group["__extra_domain"]
                            ),
                            group["__count"],
                        )

    def test_search_views(self):
        """Each filter of ours works, and each group-by."""
        _partners, made = self.figures()
        expected = {
            "subscription_customer": [0, 1],
            "subscription_customer_left": [2],
        }
        for model, ids in made.items():
            arch = etree.fromstring(
                self.env[model].get_view(
                    self.env.ref(
                        "subscription_segmentation."
                        f"{model.replace('.', '_')}_view_search"
                    ).inherit_id.id,
                    "search",
                )["arch"]
            )
            for name, numbers in expected.items():
                with self.subTest(model=model, filter=name):
                    [node] = arch.xpath(f"//filter[@name='{name}']")
                    domain = [("id", "in", ids)] + literal_eval(node.get("domain"))
                    found = self.env[model].search(domain)
                    self.assertEqual(set(found.ids), {ids[n] for n in numbers})
            for name in (
                "group_by_subscription_customer",
                "group_by_customer_first_start_date",
            ):
                with self.subTest(model=model, filter=name):
                    [node] = arch.xpath(f"//filter[@name='{name}']")
                    groupby = literal_eval(node.get("context"))["group_by"]
                    self.env[model].formatted_read_group([], [groupby], ["__count"])


# Slow, because making users is.
@tagged("post_install", "-at_install", "slow")
class TestCustomerLinkRights(LinkCase):
    """Who works with customers sees the figures; nobody else does, in no way."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer_ = cls.subscribe(cls.partner, 10).customer_id
        cls.agent = cls.make_user("agent")
        cls.salesperson = cls.make_user("salesperson")
        cls.plain = cls.make_user("internal")
        cls.lead = cls.make_lead(cls.contact, user_id=cls.salesperson.id)
        cls.ticket = cls.make_ticket(cls.contact, user_id=cls.agent.id)
        cls.env.flush_all()

    def assertSees(self, records, user):
        records = self.as_user(records, user)
        records.invalidate_recordset()
        [values] = records.read([LINK, *FIGURES])
        self.assertEqual(values[LINK][0], self.customer_.id)
        self.assertEqual(values["customer_mrr"], 10)
        self.assertEqual(values["customer_running_count"], 1)
        self.assertEqual(records.subscription_customer_id.mrr, 10)
        self.assertEqual(
            records.search([("id", "=", records.id), ("customer_mrr", ">", 5)]), records
        )
        [(date, count)] = records._read_group(
            [("id", "=", records.id)], ["customer_first_start_date:month"], ["__count"]
        )
        self.assertEqual((date, count), (day("2024-01-01"), 1))
        self.env.invalidate_all()
        self.assertEqual(Form(records).customer_mrr, 10)

    def test_agent_sees_who_is_calling(self):
        self.assertSees(self.ticket, self.agent)
        self.assertSees(self.contact, self.agent)

    def test_salesperson_sees_whom_she_sells_to(self):
        self.assertSees(self.lead, self.salesperson)
        self.assertSees(self.contact, self.salesperson)

    def test_agent_opens_the_customer(self):
        ticket = self.as_user(self.ticket, self.agent)
        action = ticket.action_open_subscription_customer()
        customer = ticket.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(customer.mrr, 10)
        self.assertEqual(len(customer.movement_ids), 1)
        movements = ticket.env["subscription.movement"].search(
            customer.action_open_movements()["domain"]
        )
        self.assertEqual(movements.mapped("mrr_delta"), [10])

    def plain_records(self):
        """Give a plain user a lead, a ticket and a contact that she may read."""
        group = self.env["res.groups"].create(
            {"name": "Reads Leads", "user_ids": [Command.link(self.plain.id)]}
        )
        self.env["ir.model.access"].create(
            [
                {
                    "name": model,
                    "model_id": self.env["ir.model"]._get_id(model),
                    "group_id": group.id,
                    "perm_read": True,
                }
                for model in (*MODELS, "crm.stage", "crm.tag", "crm.team", "sale.order")
            ]
        )
        self.lead.user_id = self.plain
        self.ticket.message_subscribe(self.plain.partner_id.ids)
        return [
            self.as_user(record, self.plain)
            for record in (self.lead, self.ticket, self.contact)
        ]

    def test_plain_user_opens_forms_without_the_figures(self):
        for record in self.plain_records():
            with self.subTest(model=record._name):
                self.assertFalse(
                    record.fields_get([LINK, *FIGURES]), "fields are not hers"
                )
                views = record.get_views([(False, "form"), (False, "search")])
                for view in views["views"].values():
                    for name in (LINK, *FIGURES, "action_open_subscription_customer"):
                        self.assertNotIn(name, view["arch"])
                self.env.invalidate_all()
                self.assertEqual(Form(record).id, record.id)

    def test_plain_user_reads_no_figure(self):
        """Not by reading, filtering, sorting, grouping or aggregating."""
        for record in self.plain_records():
            model = record.browse()
            record.invalidate_recordset()
            for name in (LINK, *FIGURES, *OF_SEGMENTS):
                date = name.endswith("_date")
                group = f"{name}:month" if date else name
                falsy = False if date or name.endswith("_id") else 1
                attempts = {
                    "read": lambda n=name, r=record: r.read([n]),
                    "attribute": lambda n=name, r=record: r[n],
                    "filter": lambda n=name, f=falsy, m=model: m.search([(n, "!=", f)]),
                    "sort": lambda n=name, m=model: m.search([], order=n),
                    "group": lambda g=group, m=model: m._read_group([], [g]),
                    "rpc group": lambda g=group, m=model: m.formatted_read_group(
                        [], [g], ["__count"]
                    ),
                    "aggregate": lambda n=name, m=model: m.formatted_read_group(
                        [], [], [f"{n}:max"]
                    ),
                    "having": lambda n=name, m=model: m._read_group(
                        [], ["id"], [], [(f"{n}:count", ">", 0)]
                    ),
                    "path": lambda m=model: m.search([(f"{LINK}.mrr", ">", 1)]),
                    "any": lambda m=model: m.search([(LINK, "any", [("mrr", ">", 1)])]),
                }
                for attempt, call in attempts.items():
                    with (
                        self.subTest(model=model._name, field=name, attempt=attempt),
                        mute_logger("odoo.addons.base.models.ir_model"),
                        self.assertRaises(AccessError),
                    ):
                        call()
            for call in (
                lambda r=record: r.read(["customer_segment_ids"]),
                lambda m=model: m.search([("customer_segment_ids", "!=", False)]),
            ):
                with (
                    self.subTest(model=model._name, field="customer_segment_ids"),
                    mute_logger("odoo.addons.base.models.ir_model"),
                    self.assertRaises(AccessError),
                ):
                    call()

    def test_portal_user_reads_no_figure(self):
        portal = self.make_user("portal")
        portal.partner_id.parent_id = self.partner
        self.ticket.partner_id = portal.partner_id
        for record in (self.ticket, portal.partner_id):
            record = self.as_user(record, portal)
            self.env.invalidate_all()
            self.assertTrue(record.read(["name"]))
            self.assertFalse(record.fields_get([LINK, *FIGURES]))
            for name in (LINK, *FIGURES):
                with (
                    self.subTest(model=record._name, field=name),
                    mute_logger("odoo.addons.base.models.ir_model"),
                    self.assertRaises(AccessError),
                ):
                    record.read([name])

    def test_nobody_sets_a_link(self):
        """Through a link of one's choice one could read any customer's figures."""
        stranger = self.make_partner("Stranger")
        foreign = self.subscribe(stranger, 5000, company=self.other).customer_id
        admin = self.make_user("admin")
        admin.group_ids |= self.env.ref("base.group_partner_manager")
        admin.group_ids |= self.env.ref("sales_team.group_sale_manager")
        admin.group_ids |= self.env.ref("helpdesk_mgmt.group_helpdesk_manager")
        for record in (self.lead, self.ticket, self.contact):
            with self.subTest(model=record._name):
                hers = self.as_user(record, admin)
                hers.write({LINK: foreign.id})
                self.assertEqual(self.link(record), self.customer_)
                hers.write({LINK: False})
                self.assertEqual(self.link(record), self.customer_)
                values = {"name": "New", LINK: foreign.id}
                if record._name == "helpdesk.ticket":
                    values["description"] = "<p>Help</p>"
                self.assertFalse(hers.create(values).customer_mrr)
                default = hers.with_context(**{f"default_{LINK}": foreign.id})
                values.pop(LINK)
                self.assertFalse(default.create(values).customer_mrr)


@tagged("post_install", "-at_install")
class TestPreInitHook(LinkCase):
    """Installing on a large database does not go through all leads and tickets."""

    def test_columns_are_there_before_the_orm_looks(self):
        """The ORM computes a stored field only if it makes its column itself."""
        lead = self.make_lead(self.partner)
        ticket = self.make_ticket(self.partner)
        self.env.flush_all()
        for record in (lead, ticket):
            table = SQL.identifier(record._table)
            self.env.cr.execute(
                SQL("ALTER TABLE %s DROP COLUMN %s", table, LINK_COLUMN)
            )
            self.assertFalse(column_exists(self.env.cr, record._table, LINK))
        before = self.versions(lead), self.versions(ticket)
        pre_init_hook(self.env)
        for record in (lead, ticket):
            columns = table_columns(self.env.cr, record._table)
            self.assertEqual(columns[LINK]["udt_name"], "int4")
            with patch.object(type(self.registry), "post_init"):  # the foreign key
                new = record._fields[LINK].update_db(record.browse(), columns)
            self.assertFalse(new, "nothing is left to compute")
        self.assertEqual((self.versions(lead), self.versions(ticket)), before)

    def test_nobody_has_referred_anybody(self):
        """Nor is it looked for who referred each lead and subscription."""
        self.env.flush_all()
        for name in ("crm.lead", "sale.subscription"):
            model = self.env[name]
            table = SQL.identifier(model._table)
            self.env.cr.execute(SQL("ALTER TABLE %s DROP COLUMN referred_by_id", table))
            pre_init_hook(self.env)
            columns = table_columns(self.env.cr, model._table)
            self.assertEqual(columns["referred_by_id"]["udt_name"], "int4", name)

    def test_repeated_hook_keeps_the_links(self):
        customer = self.subscribe(self.partner).customer_id
        lead, ticket, _contact = self.records(self.contact)
        self.env.flush_all()
        pre_init_hook(self.env)
        for record in (lead, ticket):
            self.assertEqual(self.link(record), customer)
