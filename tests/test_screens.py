# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The screens open for everybody who works with customers."""

from ast import literal_eval
from datetime import timedelta

from freezegun import freeze_time
from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools.safe_eval import safe_eval

from ..models.subscription_group_order import RANKED
from .common import MODULE, SubscriptionCase

#: Models with filters and groups of ours, and their search views.
SEARCH_VIEWS = {
    "sale.subscription": None,
    "subscription.customer": None,
    "subscription.notice": None,
    "subscription.nps": None,
    "crm.lead": "crm.view_crm_case_opportunities_filter",
    "helpdesk.ticket": "helpdesk_mgmt.helpdesk_ticket_view_search",
    "res.partner": "base.view_res_partner_filter",
}
LINKED = ("crm.lead", "helpdesk.ticket", "res.partner")
OWN_FILTERS = ("customer_", "subscription_customer")


# Slow, because making users is.
@tagged("post_install", "-at_install", "slow")
class TestScreens(SubscriptionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subscription = cls.subscribe(cls.make_partner("Ada"), 10)

    def read_form(self, record):
        """Read what the form of a record shows, as its screen does."""
        arch = etree.fromstring(record.get_view(view_type="form")["arch"])
        specification = {
            name: {"fields": {"display_name": {}}}
            if record._fields[name].relational
            else {}
            for name in arch.xpath("//field[not(ancestor::field)]/@name")
        }
        return record.web_read(specification)[0]

    def test_who_works_with_customers_opens_subscriptions_and_customers(self):
        for kind in ("agent", "manager", "salesperson", "user"):
            user = self.make_user(kind)
            for record in (
                self.subscription,
                self.subscription.customer_id,
                self.subscription.movement_ids,
            ):
                with self.subTest(kind, model=record._name):
                    values = self.read_form(self.as_user(record, user))
                    self.assertEqual(values["id"], record.id)

    def test_only_salespeople_see_orders(self):
        for kind, seen in (("agent", False), ("salesperson", True)):
            user = self.make_user(kind)
            arch = self.as_user(self.subscription, user).get_view(view_type="form")
            self.assertEqual("action_view_sale_order_ids" in arch["arch"], seen)

    def test_salesperson_edits_a_subscription(self):
        user = self.make_user("salesperson")
        with Form(self.as_user(self.subscription, user)) as form:
            form.description = "Likes blue"
        self.assertEqual(self.subscription.description, "Likes blue")
        self.assertEqual(self.subscription.mrr, 10)


@tagged("post_install", "-at_install")
class TestScoresOnScreens(SubscriptionCase):
    """Lifecycle, tenure and RFM: filters, groups and views."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls.company._subscription_today()

    def scored(self, name="Ada", stage="loyal", segment="champions", due=5):
        """Return a subscription and its customer, who have the same scores."""
        subscription = self.subscribe(self.make_partner(name), 10)
        for record in (subscription, subscription.customer_id):
            record.write(
                {
                    "lifecycle_stage": stage,
                    "tenure_band": "new",
                    "rfm_segment": segment,
                    "rfm_r": 5,
                    "rfm_score": "555",
                    "next_renewal_date": self.today + timedelta(days=due),
                    "scored_on": self.today,
                }
            )
        return subscription

    def filters(self, model, user):
        """Return the filters of a search view of ours as a person gets them."""
        Model = self.as_user(self.env[model], user)
        xml_id = SEARCH_VIEWS[model]
        view_id = self.env.ref(xml_id).id if xml_id else False
        arch = etree.fromstring(Model.get_view(view_id, "search")["arch"])
        # OCA's groups are called groupby_, ours group_by_.
        return Model, arch.xpath("//filter[not(starts-with(@name, 'groupby_'))]")

    def find(self, model, name):
        """Return what a filter finds in the company."""
        Model, filters = self.filters(model, self.env.user)
        (node,) = [node for node in filters if node.get("name") == name]
        domain = literal_eval(node.get("domain"))
        return Model.search([("company_id", "=", self.company.id), *domain])

    def test_filters_and_groups_run_for_everybody(self):
        self.scored()
        for kind in ("agent", "salesperson", "manager"):
            user = self.make_user(kind)
            for model in SEARCH_VIEWS:
                if not self.as_user(self.env[model], user).has_access("read"):
                    continue
                Model, filters = self.filters(model, user)
                for node in filters:
                    # The others belong to Odoo and to OCA.
                    name = node.get("name").removeprefix("group_by_")
                    if SEARCH_VIEWS[model] and not name.startswith(OWN_FILTERS):
                        continue
                    with self.subTest(kind, model=model, filter=name):
                        context = literal_eval(node.get("context") or "{}")
                        if "group_by" in context:
                            Model.formatted_read_group(
                                [], [context["group_by"]], ["__count"]
                            )
                        elif node.get("domain"):
                            domain = safe_eval(node.get("domain"), {"uid": user.id})
                            Model.search_count(domain)

    def test_lifecycle_filters(self):
        stages = ("onboarding", "stability", "loyal", "churned")
        of_stage = {stage: self.scored(stage, stage) for stage in stages}
        for stage, subscription in of_stage.items():
            self.assertEqual(self.find("sale.subscription", stage), subscription)
            self.assertEqual(
                self.find("subscription.customer", stage), subscription.customer_id
            )

    def test_segment_filters(self):
        names = ("champions", "at_risk", "cant_lose", "lost")
        some = {name: self.scored(name, segment=name) for name in names}
        self.assertEqual(self.find("sale.subscription", "champions"), some["champions"])
        at_risk = some["at_risk"] | some["cant_lose"]
        self.assertEqual(self.find("sale.subscription", "at_risk"), at_risk)
        self.assertEqual(
            self.find("subscription.customer", "at_risk"), at_risk.customer_id
        )

    def test_renewal_filters(self):
        some = {due: self.scored(str(due), due=due) for due in (-1, 0, 7, 8, 30, 31)}
        week = some[0] | some[7]
        self.assertEqual(self.find("sale.subscription", "renewal_7"), week)
        month = week | some[8] | some[30]
        self.assertEqual(self.find("sale.subscription", "renewal_30"), month)
        self.assertEqual(
            self.find("subscription.customer", "renewal_30"), month.customer_id
        )

    def test_days_to_renewal_are_searched(self):
        """False is none, 0 is today; what is beyond the calendar is far away."""
        some = {due: self.scored(str(due), due=due) for due in (-1, 0, 7)}
        none = self.subscribe(self.make_partner("Left"), 10, end="2024-02-15")
        dated = some[-1] | some[0] | some[7]
        for operator, value, expected in (
            ("=", False, none),
            ("!=", False, dated),
            ("=", 0, some[0]),
            ("!=", 0, some[-1] | some[7] | none),
            ("in", [False, 7], some[7] | none),
            ("not in", [False, 7], some[-1] | some[0]),
            ("not in", [7], some[-1] | some[0] | none),
            ("=", "7", some[7]),
            ("in", ["7", "-1"], some[-1] | some[7]),
            ("<", "7", some[-1] | some[0]),
            (">=", 0, some[0] | some[7]),
            ("<", 10**12, dated),
            (">", -(10**30), dated),
            ("<=", -(10**12), none.browse()),
            ("=", 10**12, none.browse()),
            ("!=", -(10**12), dated | none),
        ):
            with self.subTest(operator=operator, value=value):
                domain = [("days_to_renewal", operator, value)]
                for records in (expected, expected.customer_id):
                    own = [("company_id", "=", self.company.id), *domain]
                    self.assertEqual(set(records.search(own)), set(records))

    def test_not_scored_filter(self):
        """Invariant 12: it runs and is not scored, which is no score of 0."""
        self.scored()
        self.subscribe(self.make_partner("Left"), 10, "2024-01-15", "2024-02-15")
        waiting = self.subscribe(self.make_partner("Waiting"), 10)
        self.assertEqual(self.find("sale.subscription", "not_scored"), waiting)
        self.assertEqual(
            self.find("subscription.customer", "not_scored"), waiting.customer_id
        )

    def test_groups_follow_each_other_as_people_think(self):
        """Onboarding before stability, champions before lost ones, none last."""
        for stage, segment in (
            ("churned", "lost"),
            ("onboarding", "at_risk"),
            (False, False),
            ("stability", "champions"),
            ("loyal", "new"),
        ):
            self.scored(stage=stage, segment=segment)
        of_company = [("company_id", "=", self.company.id)]
        Subscription = self.env["sale.subscription"]

        def groups(*args, **kwargs):
            found = Subscription.formatted_read_group(of_company, *args, **kwargs)
            return [group[args[0][0]] for group in found]

        stages = ["onboarding", "stability", "loyal", "churned"]
        segments = ["champions", "new", "at_risk", "lost"]
        self.assertEqual(groups(["lifecycle_stage"], ["__count"]), [*stages, False])
        self.assertEqual(groups(["rfm_segment"], ["__count"]), [*segments, False])
        self.assertEqual(
            groups(["lifecycle_stage"], ["__count"], order="lifecycle_stage desc"),
            [False, *reversed(stages)],
        )
        # Several levels, as in a pivot, with the order of others left alone.
        both = Subscription._read_group(
            of_company, ["lifecycle_stage", "template_id"], ["__count"]
        )
        self.assertEqual([stage for stage, *_rest in both], [*stages, False])
        self.assertEqual(
            groups(["template_id", "rfm_segment"], ["__count"])[0][0], self.plan.id
        )
        # And so do the rows, when their column is sorted.
        rows = Subscription.search(of_company, order="rfm_segment, id")
        self.assertEqual(rows.mapped("rfm_segment"), [*segments, False])
        partners = self.env["res.partner"]._read_group(
            [("customer_rfm_segment", "!=", False)], ["customer_rfm_segment"]
        )
        self.assertEqual([segment for (segment,) in partners][:4], segments)

    def test_views_of_the_action(self):
        """Ours stand beside those of subscription_oca; the list still comes first."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_oca.sale_subscription_action"
        )
        self.assertEqual(
            [mode for _view, mode in action["views"]],
            ["list", "kanban", "pivot", "graph", "form"],
        )
        self.assertEqual(action["view_mode"], "list,kanban,form")
        for kind in ("agent", "salesperson", "manager"):
            user = self.make_user(kind)
            for model in ("sale.subscription", "subscription.customer"):
                views = [(False, mode) for mode in ("list", "pivot", "graph", "form")]
                loaded = self.as_user(self.env[model], user).get_views(views)["views"]
                for mode, measure in (("pivot", "mrr"), ("graph", "mrr")):
                    self.assertIn(measure, loaded[mode]["arch"])
                self.assertIn("rfm_segment", loaded["list"]["arch"])

    # --- leads, tickets and contacts --------------------------------------------------

    def test_scores_of_the_customer(self):
        partner = self.scored().partner_id
        lead = self.env["crm.lead"].create(
            {"name": "More", "partner_id": partner.id, "company_id": self.company.id}
        )
        user = self.make_user("salesperson")
        for record in (lead, partner):
            own = self.as_user(record, user)
            self.assertEqual(own.customer_lifecycle_stage, "loyal")
            self.assertEqual(own.customer_rfm_segment, "champions")
            self.assertEqual(own.customer_tenure_band, "new")
            self.assertEqual(
                own.customer_next_renewal_date, self.today + timedelta(days=5)
            )
        found = self.env["crm.lead"].search(
            [("customer_next_renewal_date", "<=", "today +30d"), ("id", "=", lead.id)]
        )
        self.assertEqual(found, lead)
        stranger = self.env["crm.lead"].search(
            [("customer_next_renewal_date", ">=", "today +30d"), ("id", "=", lead.id)]
        )
        self.assertFalse(stranger)

    @freeze_time("2025-03-10 22:30:00")
    def test_renewal_filters_count_in_the_zone_of_the_company(self):
        """As those of subscriptions and customers do, whatever the user's zone is."""
        self.company.partner_id.tz = "Asia/Jakarta"
        self.env.user.tz = "America/New_York"
        team = self.env["crm.team"].create(
            {"name": "Team", "company_id": self.company.id}
        )
        expected = {model: [] for model in LINKED}
        for due in ("2025-03-10", "2025-03-11", "2025-04-10", "2025-04-11", False):
            partner = self.scored(str(due)).partner_id
            partner.company_id = self.company
            customer = self.customer(partner)
            customer.next_renewal_date = due
            values = {"partner_id": partner.id, "company_id": self.company.id}
            records = {
                "res.partner": partner,
                "crm.lead": self.env["crm.lead"].create(
                    {**values, "name": "More", "team_id": team.id}
                ),
                "helpdesk.ticket": self.env["helpdesk.ticket"].create(
                    {**values, "name": "Help", "description": "Help"}
                ),
            }
            for model, record in records.items():
                self.assertEqual(record.subscription_customer_id, customer)
                if due in ("2025-03-11", "2025-04-10"):
                    expected[model].append(record.id)
        stranger = self.make_partner("Stranger", company_id=self.company.id)
        for model, ids in expected.items():
            with self.subTest(model=model):
                found = self.find(model, "customer_renewal_30")
                self.assertEqual(set(found.ids), set(ids))
        Partner = self.env["res.partner"]
        own = [("company_id", "=", self.company.id)]
        without = Partner.search([*own, ("customer_days_to_renewal", "=", False)])
        self.assertEqual(len(without), 2)
        self.assertIn(stranger, without)
        with_one = Partner.search([*own, ("customer_days_to_renewal", "!=", False)])
        self.assertEqual(len(with_one), 4)
        today = Partner.search([*own, ("customer_days_to_renewal", "=", 0)])
        self.assertEqual(today.ids, expected["res.partner"][:1])

    def test_others_do_not_see_them(self):
        """Nor may they filter, group or sort by them."""
        self.scored()
        Partner = self.as_user(self.env["res.partner"], self.make_user("internal"))
        with self.assertRaises(AccessError):
            Partner.search([("customer_days_to_renewal", ">=", 0)])
        ranked = [f"customer_{name}" for name in RANKED]
        linked = [name for name in ranked if name in Partner._fields]
        for name in ("customer_next_renewal_date", *linked):
            with self.subTest(field=name):
                self.assertNotIn(name, Partner.fields_get())
                with self.assertRaises(AccessError):
                    Partner.search([(name, "!=", False)])
                with self.assertRaises(AccessError):
                    Partner.search([], order=name)
                with self.assertRaises(AccessError):
                    granularity = ":month" if name.endswith("date") else ""
                    Partner._read_group([], [name + granularity])

    # --- the customer's buttons -------------------------------------------------------

    def test_buttons_lead_to_what_the_customer_has_with_us(self):
        subscription = self.scored()
        partner, customer = subscription.partner_id, subscription.customer_id
        contact = self.make_partner("Contact", partner)
        team = self.env["crm.team"].create(
            {"name": "Team", "company_id": self.company.id}
        )
        lead = self.env["crm.lead"].create(
            {
                "name": "More",
                "partner_id": contact.id,
                "company_id": self.company.id,
                "team_id": team.id,
            }
        )
        ticket = self.env["helpdesk.ticket"].create(
            {
                "name": "Help",
                "description": "Help",
                "partner_id": partner.id,
                "company_id": self.company.id,
            }
        )
        journal = self.env["account.journal"].create(
            {
                "name": "Sales",
                "code": "SAL",
                "type": "sale",
                "company_id": self.company.id,
            }
        )
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": contact.id,
                "journal_id": journal.id,
            }
        )
        self.scored("Somebody Else")

        def opened(action):
            return self.env[action["res_model"]].search(action["domain"])

        self.assertEqual(customer.lead_count, 1)
        self.assertEqual(customer.ticket_count, 1)
        self.assertEqual(customer.invoice_count, 1)
        self.assertEqual(opened(customer.action_open_leads()), lead)
        self.assertEqual(opened(customer.action_open_tickets()), ticket)
        self.assertEqual(opened(customer.action_open_invoices()), invoice)
        self.assertEqual(opened(customer.action_open_subscriptions()), subscription)
        for action in (
            customer.action_open_leads(),
            customer.action_open_subscriptions(),
        ):
            self.assertEqual(action["view_mode"], "list,form")
        # Who may read none of them sees no button, and the form opens.
        own = self.as_user(customer, self.make_user("user"))
        counts = (own.lead_count, own.ticket_count, own.invoice_count)
        self.assertEqual(counts, (0, 0, 0))

    def test_only_the_addon_writes_scores(self):
        subscription = self.scored()
        own = self.as_user(subscription, self.make_user("salesperson"))
        own.write({"rfm_segment": "lost", "description": "x"})
        self.assertEqual(subscription.rfm_segment, "champions")

    def test_menu_of_the_map_stands_in_reporting(self):
        menu = self.env.ref(f"{MODULE}.subscription_rfm_map_menu")
        self.assertEqual(
            menu.parent_id, self.env.ref(f"{MODULE}.subscription_reporting_menu")
        )
