# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import SubscriptionCase, day

FACTS = (
    "subscription.customer",
    "subscription.movement",
    "subscription.movement.report",
)
IMPORTS = ("subscription.import", "subscription.import.line")
FIGURES = ("subscription_customer_id", "customer_mrr", "customer_running_count")


# Slow, because making users is.
@tagged("post_install", "-at_install", "slow")
class TestCompany(SubscriptionCase):
    """Nobody sees anything of a company that is not hers (Invariant 4)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.make_company("Second Company")
        cls.partner = cls.make_partner("Shared", is_company=True)
        cls.here = cls.subscribe(cls.partner, 10)
        cls.there = cls.subscribe(cls.partner, 5000, company=cls.other)
        cls.manager = cls.make_user("manager")
        cls.manager.group_ids |= cls.env.ref("sales_team.group_sale_manager")
        cls.manager.group_ids |= cls.env.ref("helpdesk_mgmt.group_helpdesk_manager")

    def assertDenied(self, call, *args, error=AccessError):
        with (
            mute_logger("odoo.addons.base.models.ir_rule"),
            mute_logger("odoo.addons.base.models.ir_model"),
            self.assertRaises(error),
        ):
            call(*args)

    def test_facts(self):
        self.env.flush_all()
        for name in FACTS:
            with self.subTest(model=name):
                model = self.as_user(self.env[name], self.manager)
                everything = self.env[name].search([])
                theirs = everything.filtered(lambda row: row.company_id == self.other)
                self.assertTrue(theirs)
                self.assertEqual(model.search([]).company_id, self.company)
                groups = model._read_group([], ["company_id"])
                self.assertEqual(groups, [(self.company.with_env(model.env),)])
                self.assertDenied(model.browse(theirs.ids).read, ["company_id"])

    def test_imports(self):
        self.import_history({})
        self.import_history({}, company=self.other)
        for name in IMPORTS:
            with self.subTest(model=name):
                model = self.as_user(self.env[name], self.manager)
                self.assertEqual(model.search([]).company_id, self.company)
                theirs = self.env[name].search([("company_id", "=", self.other.id)])
                self.assertTrue(theirs)
                self.assertDenied(model.browse(theirs.ids).read, ["company_id"])
        import_ = self.env["subscription.import"].search(
            [("company_id", "=", self.other.id)]
        )
        self.assertDenied(self.as_user(import_, self.manager).action_undo)

    def test_import_into_another_company(self):
        wizard = self.make_wizard(self.history_csv({}), company=self.other)
        self.assertDenied(self.as_user(wizard, self.manager).action_import)
        self.assertDenied(
            self.as_user(self.env["subscription.import.wizard"], self.manager)
            .with_context(allowed_company_ids=self.other.ids)
            .create,
            {"as_of": self.as_of},
        )

    def test_shared_contact(self):
        """She sees the figures of her company; the other's are out of reach."""
        contact = self.as_user(self.partner, self.manager)
        self.env.invalidate_all()
        self.assertEqual(contact.customer_mrr, 10)
        self.assertEqual(contact.subscription_customer_id.id, self.here.customer_id.id)
        self.assertFalse(
            contact.search([("id", "=", contact.id), ("customer_mrr", ">", 10)])
        )
        [(mrr,)] = contact._read_group(
            [("id", "=", contact.id)], [], ["customer_mrr:max"]
        )
        self.assertEqual(mrr, 10)
        for company in (self.other, self.other | self.company):
            asked = contact.with_context(allowed_company_ids=company.ids)
            self.env.invalidate_all()
            self.assertDenied(asked.read, list(FIGURES))
            self.assertDenied(asked.search, [("customer_mrr", ">", 10)])
            self.assertDenied(asked._read_group, [], ["customer_mrr"])

    def test_contact_of_a_customer_elsewhere_only(self):
        partner = self.make_partner("Elsewhere")
        self.subscribe(partner, 700, company=self.other)
        contact = self.as_user(partner, self.manager)
        self.env.invalidate_all()
        self.assertFalse(contact.subscription_customer_id)
        self.assertFalse(contact.customer_mrr)
        self.assertFalse(contact.customer_first_start_date)

    def test_leads_and_tickets(self):
        """A record of another company is not hers, one without has no figures."""
        values = {"name": "Help", "partner_id": self.partner.id, "user_id": False}
        Lead, Ticket = self.env["crm.lead"], self.env["helpdesk.ticket"]
        values["company_id"] = self.other.id
        lead = Lead.create({**values, "team_id": False})
        ticket = Ticket.create({**values, "description": "<p>Help</p>"})
        for record in (lead, ticket):
            self.assertEqual(record.customer_mrr, 5000)
            record = self.as_user(record, self.manager)
            self.env.invalidate_all()
            self.assertDenied(record.read, list(FIGURES))
            self.assertFalse(record.search([("customer_mrr", "=", 5000)]))
        lead.company_id = False
        self.env.invalidate_all()
        self.assertFalse(self.as_user(lead, self.manager).customer_mrr)
        ticket.company_id = self.company
        self.env.invalidate_all()
        self.assertEqual(self.as_user(ticket, self.manager).customer_mrr, 10)

    def test_user_of_both_companies_sees_one_at_a_time(self):
        user = self.make_user("manager", self.company | self.other, login="both")
        contact = self.as_user(self.partner, user)
        self.env.invalidate_all()
        self.assertEqual(contact.with_company(self.company).customer_mrr, 10)
        self.assertEqual(contact.with_company(self.other).customer_mrr, 5000)
        model = self.as_user(self.env["subscription.customer"], user)
        self.assertEqual(sorted(model.search([]).mapped("mrr")), [10, 5000])

    # --- what groups may do -----------------------------------------------------------

    def test_who_reads_facts(self):
        self.env.flush_all()
        for kind, reads in (
            ("admin", True),
            ("manager", True),
            ("user", True),
            ("agent", True),
            ("salesperson", True),
            ("internal", False),
            ("portal", False),
        ):
            user = self.make_user(kind, login=f"reads-{kind}")
            for name in FACTS:
                model = self.as_user(self.env[name], user)
                with self.subTest(kind=kind, model=name):
                    if reads:
                        self.assertEqual(
                            model.search([]).company_id.ids, self.company.ids
                        )
                    else:
                        self.assertDenied(model.search, [])

    def test_nobody_writes_facts(self):
        movement = self.here.movement_ids
        customer = self.here.customer_id
        for kind in ("admin", "manager", "user", "agent", "salesperson"):
            user = self.make_user(kind, login=f"writes-{kind}")
            for record, vals in (
                (customer, {"mrr": 1}),
                (movement, {"mrr_delta": 1}),
                (movement, {"kind": "churn"}),
            ):
                with self.subTest(kind=kind, model=record._name):
                    hers = self.as_user(record, user)
                    self.assertDenied(hers.write, vals, error=UserError)
                    self.assertDenied(hers.create, hers.copy_data()[0])
                    self.assertDenied(hers.unlink)
        self.assertEqual((customer.mrr, movement.mrr_delta), (10, 10))

    def test_only_managers_import(self):
        for kind in ("user", "agent", "salesperson", "internal", "portal"):
            user = self.make_user(kind, login=f"imports-{kind}")
            for name in ("subscription.import.wizard", *IMPORTS):
                with self.subTest(kind=kind, model=name):
                    model = self.as_user(self.env[name], user)
                    self.assertDenied(model.create, {})
                    self.assertDenied(model.search, [])

    def test_what_is_being_imported_is_for_who_imports_it(self):
        """Invariant 4: a file tells customers, e-mails and amounts."""
        Wizard = self.env["subscription.import.wizard"]
        first, second = (
            self.make_user("manager", self.make_company(name), login=name)
            for name in ("First", "Second")
        )
        own = self.as_user(Wizard, first).create(
            {"file": "QW5uYQ==", "as_of": "2025-01-01"}
        )
        self.assertTrue(own.read(["file"]))
        with self.assertRaises(AccessError):
            self.as_user(Wizard.browse(own.id), second).read(["file"])

    def test_margin_is_not_for_customers(self):
        """Portal users read their company: its name and address, not what it earns."""
        user = self.make_user("portal", login="curious")
        with self.assertRaises(AccessError):
            self.as_user(self.company, user).read(["subscription_gross_margin_percent"])

    def test_manager_imports(self):
        wizard = self.make_wizard(self.history_csv({"mrr": "33"}))
        wizard = self.as_user(
            self.env["subscription.import.wizard"], self.manager
        ).create({"file": wizard.file, "as_of": day("2025-06-30")})
        wizard.action_preview()
        self.assertEqual(wizard.problem_ids.mapped("reason"), [])
        action = wizard.action_import()
        import_ = self.env[action["res_model"]].browse(action["res_id"])
        while import_._work():
            pass
        [subscription] = import_.line_ids.subscription_id
        self.assertEqual(subscription.customer_id.mrr, 33)
        self.as_user(import_, self.manager).action_undo()
        self.assertFalse(subscription.exists())
