# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..signals.nps import nps
from .common import SubscriptionCase, day

TODAY = "2025-06-30"


class NpsCase(SubscriptionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = day(TODAY)
        cls.partner = cls.make_partner("Ada Ltd", is_company=True)
        cls.contact = cls.make_partner("Ada", parent=cls.partner)
        cls.ada = cls.subscribe(cls.partner).customer_id

    def answer(self, score, date=TODAY, partner=None, user=None, **values):
        model = self.env["subscription.nps"]
        return (self.as_user(model, user) if user else model).create(
            {
                "partner_id": (partner or self.contact).id,
                "score": score,
                "date": date,
                **values,
            }
        )

    def assertLatest(self, customer, score, date, category):
        self.assertEqual(
            (customer.nps_score, customer.nps_date, customer.nps_category),
            (score, date and day(date), category),
        )

    def assertNone(self, customer):
        self.assertLatest(customer, False, False, False)
        # In Python, False equals 0.
        self.assertIs(customer.nps_score, False)


@tagged("post_install", "-at_install")
@freeze_time(f"{TODAY} 12:00:00")
class TestNps(NpsCase):
    """What contacts answered, and the latest of it on the customer."""

    def test_latest_answer_of_any_contact(self):
        self.assertNone(self.ada)
        self.answer(9, "2025-06-01")
        self.assertLatest(self.ada, 9, "2025-06-01", "promoter")
        self.answer(3, "2025-05-01", partner=self.partner)
        self.assertLatest(self.ada, 9, "2025-06-01", "promoter")
        last = self.answer(7, "2025-06-01", partner=self.partner)
        self.assertLatest(self.ada, 7, "2025-06-01", "passive")
        last.score = 6
        self.assertLatest(self.ada, 6, "2025-06-01", "detractor")
        last.date = "2025-04-01"
        self.assertLatest(self.ada, 9, "2025-06-01", "promoter")
        self.ada.nps_ids.unlink()
        self.assertNone(self.ada)

    def test_contact_is_deleted(self):
        self.answer(3)
        self.assertLatest(self.ada, 3, TODAY, "detractor")
        self.contact.unlink()
        self.env.invalidate_all()
        self.assertFalse(self.ada.nps_ids)
        self.assertNone(self.ada)

    def test_nothing_is_not_zero(self):
        """Invariant 12."""
        other = self.make_partner("Grace")
        self.subscribe(other)
        grace = self.customer(other)
        self.answer(0)
        self.assertLatest(self.ada, 0, TODAY, "detractor")
        self.assertIsNot(self.ada.nps_score, False)
        both = self.ada | grace
        for operator, value, found in (
            ("=", 0, self.ada),
            ("=", False, grace),
            ("<", 5, self.ada),
            ("<=", 0, self.ada),
            (">=", 0, self.ada),
            (">", 0, both.browse()),
            ("in", [0, 1], self.ada),
            ("!=", 0, grace),
            ("!=", False, self.ada),
        ):
            with self.subTest(operator=operator, value=value):
                domain = [("nps_score", operator, value)]
                searched = both.search([("id", "in", both.ids), *domain])
                self.assertEqual(searched, found)
                self.assertEqual(both.filtered_domain(domain), found)
        self.assertIs(grace.read(["nps_score"])[0]["nps_score"], False)
        [(average,)] = both._read_group([("id", "in", both.ids)], [], ["nps_score:avg"])
        self.assertEqual(average, 0)
        self.answer(10, partner=other)
        [(average,)] = both._read_group([("id", "in", both.ids)], [], ["nps_score:avg"])
        self.assertEqual(average, 5)

    def test_categories(self):
        categories = [self.answer(score).nps_category for score in range(11)]
        self.assertEqual(
            categories, ["detractor"] * 7 + ["passive"] * 2 + ["promoter"] * 2
        )

    def test_range(self):
        for score in (-1, 11, None):
            with (
                self.subTest(score),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.answer(score)
        with self.assertRaises(ValidationError):
            self.answer(5, "2025-07-01")

    def test_groups_and_filters(self):
        """From promoters to detractors, as people think; who did not answer apart."""
        customers = self.ada
        for name, score in (("Bob", 9), ("Cyd", 2), ("Dan", None)):
            partner = self.make_partner(name)
            self.subscribe(partner)
            customers |= self.customer(partner)
            if score is not None:
                self.answer(score, partner=partner)
        self.answer(8)
        domain = [("id", "in", customers.ids)]
        groups = customers._read_group(domain, ["nps_category"], ["__count"])
        self.assertEqual(
            groups, [("promoter", 1), ("passive", 1), ("detractor", 1), (False, 1)]
        )

    def test_button(self):
        user = self.make_user("salesperson")
        customer = self.as_user(self.ada, user)
        action = customer.action_record_nps()
        Answer = customer.env[action["res_model"]].with_context(**action["context"])
        with Form(Answer) as form:
            form.score = 0
            form.note = "Never answers the phone"
        answer = self.ada.nps_ids
        self.assertEqual(
            (answer.partner_id, answer.company_id, answer.date, answer.source),
            (self.partner, self.company, self.today, "hand"),
        )
        self.assertLatest(self.ada, 0, TODAY, "detractor")

    def test_import_by_contact(self):
        """Odoo's own import; what it brings was known on the day of the answer."""
        user = self.make_user("manager")
        model = self.as_user(self.env["subscription.nps"], user)
        result = model.with_context(import_file=True).load(
            ["partner_id/.id", "date", "score"],
            [
                [str(self.contact.id), "2024-03-01", "0"],
                [str(self.partner.id), "2024-02-01", "10"],
            ],
        )
        self.assertFalse(result["messages"])
        answers = self.ada.nps_ids
        self.assertEqual(answers.mapped("score"), [0, 10])
        self.assertEqual(set(answers.mapped("source")), {"import"})
        self.assertEqual(answers.mapped("known_on"), answers.mapped("date"))
        self.assertLatest(self.ada, 0, "2024-03-01", "detractor")

    def test_import_without_an_answer_is_refused(self):
        with mute_logger("odoo.sql_db"):
            result = self.env["subscription.nps"].load(
                ["partner_id/.id", "date", "score"],
                [[str(self.contact.id), "2024-03-01", ""]],
            )
        self.assertTrue(result["messages"])
        self.assertNone(self.ada)

    # ----------------------------------------------------------------- customers

    def test_answer_before_the_customer(self):
        partner = self.make_partner("Early")
        answer = self.answer(4, partner=partner)
        self.assertFalse(answer.customer_id)
        self.subscribe(partner)
        self.assertEqual(answer.customer_id, self.customer(partner))
        self.assertLatest(self.customer(partner), 4, TODAY, "detractor")

    def test_contact_moves(self):
        other = self.make_partner("Grace Ltd", is_company=True)
        self.subscribe(other)
        self.answer(4)
        self.answer(8, "2025-01-01", partner=self.partner)
        self.contact.parent_id = other
        self.assertLatest(self.customer(other), 4, TODAY, "detractor")
        self.assertLatest(self.ada, 8, "2025-01-01", "passive")

    def test_answer_of_another_contact(self):
        other = self.make_partner("Grace")
        self.subscribe(other)
        answer = self.answer(4)
        answer.partner_id = other
        self.assertLatest(self.customer(other), 4, TODAY, "detractor")
        self.assertNone(self.ada)

    # -------------------------------------------------------------------- rights

    def test_who_may(self):
        for kind in ("salesperson", "manager"):
            answer = self.answer(5, user=self.make_user(kind))
            self.assertEqual(answer.customer_id, self.ada)
        for kind in ("user", "agent"):
            user = self.make_user(kind)
            self.assertEqual(self.as_user(answer, user).score, 5)
            self.assertEqual(self.as_user(self.ada, user).nps_score, 5)
            with (
                self.subTest(kind),
                mute_logger("odoo.addons.base.models.ir_model"),
                self.assertRaises(AccessError),
            ):
                self.answer(5, user=user)
        salesperson = self.env["res.users"].search(
            [("login", "=", f"salesperson-{self.company.id}")]
        )
        with (
            mute_logger("odoo.addons.base.models.ir_model"),
            self.assertRaises(AccessError),
        ):
            self.as_user(answer, salesperson).unlink()

    def test_nobody_says_when_it_was_known(self):
        user = self.make_user("manager")
        answer = self.answer(
            5, user=user, known_on="2020-01-01", source="survey", date="2025-01-01"
        )
        self.assertEqual((answer.known_on, answer.source), (self.today, "hand"))
        answer.known_on = "2020-01-01"
        self.assertEqual(answer.known_on, self.today)

    def test_other_company(self):
        """Invariant 4, of a contact that two companies share."""
        other = self.make_company("Second Company")
        self.subscribe(self.partner, company=other)
        there = self.answer(1, company_id=other.id)
        here = self.answer(9, "2025-01-01")
        self.assertLatest(self.ada, 9, "2025-01-01", "promoter")
        self.assertLatest(self.customer(self.partner, other), 1, TODAY, "detractor")
        user = self.make_user("manager")
        self.assertEqual(self.as_user(there, user).search([]), here.with_user(user))
        with mute_logger("odoo.addons.base.models.ir_rule"):
            with self.assertRaises(AccessError):
                self.as_user(there, user).read(["score"])
            with self.assertRaises(AccessError):
                self.answer(1, user=user, company_id=other.id)
        self.assertEqual(list(nps(self.env, self.company, self.today).nps), [9])

    # ------------------------------------------------------------------- signals

    def test_signal_knows_what_was_known(self):
        """Invariant 1."""
        imported = {"source": "import"}
        self.answer(3, "2025-01-01", **imported)
        self.answer(8, "2025-05-31", **imported)
        late = self.answer(0, "2025-06-01")
        self.assertEqual(late.known_on, self.today)

        def known(as_of, **kwargs):
            frame = nps(self.env, self.company, day(as_of), **kwargs)
            return {id_: (row.nps, row.nps_days) for id_, row in frame.iterrows()}

        self.assertEqual(known("2024-12-31"), {})
        self.assertEqual(known("2025-01-31"), {self.ada.id: (3, 30)})
        self.assertEqual(known("2025-06-29"), {self.ada.id: (8, 29)})
        self.assertEqual(known(TODAY), {self.ada.id: (0, 29)})
        self.assertEqual(known(TODAY, ids=[self.ada.id]), {self.ada.id: (0, 29)})
        self.assertEqual(known(TODAY, ids=[0]), {})
        frame = nps(self.env, self.company, self.today)
        self.assertEqual([str(kind) for kind in frame.dtypes], ["float64"] * 2)


# Slow, because Odoo's merge looks through every foreign key.
@tagged("post_install", "-at_install", "slow")
@freeze_time(f"{TODAY} 12:00:00")
class TestNpsMerge(NpsCase):
    """Invariant 11: merging loses no answer."""

    def merge(self, keep, gone):
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((keep | gone).ids, keep)
        self.env.invalidate_all()

    def test_customers(self):
        other = self.make_partner("Gone", is_company=True)
        self.subscribe(other)
        self.answer(2, "2025-05-01")
        self.answer(10, "2025-06-01", partner=other)
        self.merge(self.partner, other)
        self.assertEqual(len(self.ada.nps_ids), 2)
        self.assertLatest(self.ada, 10, "2025-06-01", "promoter")

    def test_into_one_who_is_no_customer(self):
        other = self.make_partner("Keep", is_company=True)
        self.answer(7, partner=other)
        self.answer(2, "2025-05-01", partner=self.partner)
        self.merge(other, self.partner)
        self.assertEqual(self.ada.partner_id, other)
        self.assertLatest(self.ada, 7, TODAY, "passive")

    def test_contact_of_another_customer(self):
        other = self.make_partner("Grace Ltd", is_company=True)
        twin = self.make_partner("Ada", parent=other)
        self.subscribe(other)
        self.answer(2)
        self.merge(twin, self.contact)
        self.assertLatest(self.customer(other), 2, TODAY, "detractor")
        self.assertNone(self.ada)
