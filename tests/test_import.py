# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""History of another billing system: all of it or nothing, once, and back again."""

import base64
from datetime import date, timedelta
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2 import errors

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

HEADER = (
    "subscription_ref,customer_ref,customer_name,email,plan,period,start_date,end_date,"
    "mrr,currency,products,payment_method"
)
AS_OF = date(2024, 12, 31)


class ImportCase(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create(
            {"name": "Brightwater", "currency_id": cls.env.ref("base.USD").id}
        )
        cls.env.user.company_ids |= cls.company
        cls.env = cls.env(
            context={**cls.env.context, "allowed_company_ids": cls.company.ids}
        )
        cls.company = cls.company.with_env(cls.env)

    def wizard(self, *rows, as_of=AS_OF, header=HEADER, content=None, user=None):
        if content is None:
            content = "\n".join([header, *rows]).encode()
        env = self.env(user=user) if user else self.env
        return env["subscription.import.wizard"].create(
            {
                "file": base64.b64encode(content),
                "file_name": "history.csv",
                "as_of": as_of,
                "company_id": self.company.id,
            }
        )

    def run_import(self, *rows, **options):
        action = self.wizard(*rows, **options).action_import()
        self.assertEqual(action["res_model"], "subscription.import")
        import_ = self.env["subscription.import"].browse(action["res_id"])
        while import_._work():
            pass
        self.assertEqual(import_.state, "done")
        return import_

    def problems(self, *rows, **options):
        wizard = self.wizard(*rows, **options)
        wizard.action_preview()
        before = self.counts()
        wizard.action_import()
        self.assertEqual(self.counts(), before, "a file with problems wrote something")
        return [(problem.line, problem.reason) for problem in wizard.problem_ids]

    def counts(self):
        return {
            model: self.env[model].with_context(active_test=False).search_count([])
            for model in (
                "sale.subscription",
                "sale.subscription.line",
                "sale.subscription.template",
                "subscription.customer",
                "subscription.movement",
                "subscription.import",
                "subscription.import.line",
                "res.partner",
                "product.template",
                "product.pricelist",
                "account.move",
                "mail.mail",
                "mail.message",
            )
        }

    def assertTouched(self, import_, words):
        before = self.counts()
        with self.assertRaisesRegex(UserError, words):
            import_.action_undo()
        self.assertEqual(self.counts(), before)
        self.assertEqual(import_.state, "done")

    def subscription(self, ref):
        return self.env["sale.subscription"].search(
            [("company_id", "=", self.company.id), ("subscription_ref", "=", ref)]
        )

    def ledger(self, ref):
        """Rows of a subscription as (date, event, MRR delta, known on)."""
        return [
            (str(row.date), row.event, row.mrr_delta, str(row.known_on))
            for row in self.subscription(ref).movement_ids.sorted("id")
        ]


ANNA = "S1,C1,Anna,anna@example.com,Pro,1 month,2024-01-31,,30,USD,Seat;Support,Card"
BERT = "S2,C2,Bert,,Pro,1 year,2023-05-01,2024-05-01,10.01,USD,Seat,"
ANNA_2 = "S3,C1,Anna,anna@example.com,Trial,1 month,2024-11-05,,0,USD,,"


@tagged("post_install", "-at_install")
class TestImport(ImportCase):
    def test_preview_counts_and_writes_nothing(self):
        before = self.counts()
        wizard = self.wizard(
            ANNA, BERT, BERT, ANNA_2.replace("2024-11-05", "2025-02-01")
        )
        wizard.action_preview()
        self.assertEqual(self.counts(), before)
        self.assertRecordValues(
            wizard,
            [
                {
                    "state": "preview",
                    "row_count": 2,
                    "customer_count": 2,
                    "running_count": 1,
                    "new_count": 2,
                    "changed_count": 0,
                    "unchanged_count": 0,
                    "ignored_count": 1,
                    "repeated_count": 1,
                    "problem_count": 0,
                    "reading": "UTF-8, cells separated by comma; "
                    "line 2: starts on 2024-01-31, 30 USD a month",
                }
            ],
        )

    def test_plans_products_customers_and_ledger(self):
        import_ = self.run_import(ANNA, BERT, ANNA_2)
        anna, bert, trial = (self.subscription(ref) for ref in ("S1", "S2", "S3"))
        self.assertRecordValues(
            anna + bert + trial,
            [
                {
                    "code": "S1",
                    "in_progress": True,
                    "is_running": True,
                    "mrr": 30,
                    "mrr_effective": 30,
                    "mrr_company": 30,
                    "date_start": date(2024, 1, 31),
                    "first_start_date": date(2024, 1, 31),
                    "end_date": False,
                    "payment_method": "Card",
                },
                {
                    "code": "S2",
                    "in_progress": False,
                    "is_running": False,
                    "mrr": 0,
                    "mrr_effective": 0,
                    "mrr_company": 0,
                    "date_start": date(2023, 5, 1),
                    "first_start_date": date(2023, 5, 1),
                    "end_date": date(2024, 5, 1),
                    "payment_method": False,
                },
                {
                    "code": "S3",
                    "in_progress": True,
                    "is_running": True,
                    "mrr": 0,
                    "mrr_effective": 0,
                    "mrr_company": 0,
                    "date_start": date(2024, 11, 5),
                    "first_start_date": date(2024, 11, 5),
                    "end_date": False,
                    "payment_method": False,
                },
            ],
        )
        self.assertEqual(anna.stage_id.type, "in_progress")
        self.assertEqual(bert.stage_id.type, "post")
        self.assertEqual(
            anna.sale_subscription_line_ids.mapped(
                lambda x: (x.name, x.price_subtotal)
            ),
            [("Seat", 15), ("Support", 15)],
        )
        self.assertEqual(bert.sale_subscription_line_ids.price_subtotal, 120.12)
        self.assertEqual(trial.sale_subscription_line_ids.name, "Trial")
        self.assertEqual(
            (anna.template_id.name, anna.template_id.recurring_rule_type),
            ("Pro", "months"),
        )
        self.assertEqual(
            (bert.template_id.name, bert.template_id.recurring_rule_type),
            ("Pro", "years"),
        )
        self.assertEqual(
            self.ledger("S2"),
            [
                ("2023-05-01", "start", 10.01, "2023-05-01"),
                ("2024-05-01", "end", -10.01, "2024-05-01"),
            ],
        )
        self.assertEqual(anna.customer_id, trial.customer_id)
        self.assertRecordValues(
            anna.customer_id, [{"mrr": 30, "running_count": 2, "subscription_count": 2}]
        )
        self.assertEqual(anna.partner_id.email, "anna@example.com")
        self.assertEqual((import_.done_count, import_.progress), (3, 100))

    def test_it_causes_no_invoice_and_no_mail(self):
        """Nor does the billing cron, the day after: the next invoice is yet to come."""
        self.run_import(ANNA, BERT, ANNA_2)
        today = self.company._subscription_today()
        for ref in ("S1", "S3"):
            self.assertGreater(self.subscription(ref).recurring_next_date, today)
        self.assertFalse(self.subscription("S2").recurring_next_date)
        after = self.counts()
        self.env["sale.subscription"].cron_subscription_management()
        self.assertEqual(self.counts(), after)
        self.assertFalse(
            self.env["mail.message"].search(
                [
                    ("model", "=", "sale.subscription"),
                    (
                        "res_id",
                        "in",
                        [self.subscription(ref).id for ref in ("S1", "S2", "S3")],
                    ),
                ]
            )
        )
        self.assertFalse(self.subscription("S1").message_partner_ids)

    def test_next_invoice_is_the_first_boundary_after_the_real_today(self):
        with freeze_time("2026-02-28 12:00:00"):
            self.run_import(ANNA)
            self.assertEqual(
                self.subscription("S1").recurring_next_date, date(2026, 3, 31)
            )

    def test_second_import_of_the_same_file_changes_nothing(self):
        self.run_import(ANNA, BERT, ANNA_2)
        before = self.counts()
        wizard = self.wizard(ANNA, BERT, ANNA_2)
        wizard.action_preview()
        self.assertEqual((wizard.new_count, wizard.changed_count), (0, 0))
        self.assertEqual(wizard.unchanged_count, 3)
        with self.assertRaisesRegex(UserError, "nothing to import"):
            wizard.action_import()
        self.assertEqual(self.counts(), before)

    def test_changed_file_becomes_later_movements(self):
        """Amounts change as of the day of the file, ends on their own day."""
        self.run_import(ANNA, BERT, as_of=date(2024, 6, 30))
        self.run_import(
            ANNA.replace(",30,", ",45,"),
            BERT,
            ANNA_2,
            as_of=date(2024, 12, 31),
        )
        self.assertEqual(
            self.ledger("S1"),
            [
                ("2024-01-31", "start", 30, "2024-01-31"),
                ("2024-12-31", "change", 15, "2024-12-31"),
            ],
        )
        self.assertEqual(len(self.ledger("S2")), 2)
        self.run_import(
            ANNA.replace(",30,", ",45,").replace("31,,", "31,2025-03-31,"),
            as_of=date(2025, 6, 30),
        )
        self.assertEqual(
            self.ledger("S1")[2:], [("2025-03-31", "end", -45, "2025-03-31")]
        )
        self.assertEqual(self.subscription("S1").stage_id.type, "post")
        self.assertFalse(self.subscription("S1").recurring_next_date)

    def test_end_learned_late_is_known_late(self):
        self.run_import(ANNA, as_of=date(2024, 6, 30))
        self.run_import(ANNA.replace("31,,", "31,2024-03-31,"))
        self.assertEqual(
            self.ledger("S1")[1:], [("2024-03-31", "end", -30, "2024-12-31")]
        )

    def test_end_taken_back_runs_again(self):
        self.run_import(BERT)
        self.run_import(BERT.replace("2024-05-01", ""), as_of=date(2025, 1, 31))
        self.assertRecordValues(
            self.subscription("S2"),
            [
                {
                    "is_running": True,
                    "in_progress": True,
                    "mrr": 10.01,
                    "date_start": date(2023, 5, 1),
                    "first_start_date": date(2023, 5, 1),
                    "end_date": False,
                }
            ],
        )

    def test_corrected_start_moves_the_start(self):
        self.run_import(ANNA)
        self.run_import(ANNA.replace("2024-01-31", "2024-03-31"))
        self.assertEqual(self.subscription("S1").first_start_date, date(2024, 3, 31))
        self.assertEqual(self.subscription("S1").date_start, date(2024, 3, 31))
        self.assertEqual(self.subscription("S1").mrr, 30)

    def test_changed_customer_moves_the_subscription(self):
        self.run_import(ANNA, BERT)
        self.run_import(ANNA.replace("C1,Anna,anna@example.com", "C2,Bert,"), BERT)
        self.assertEqual(self.subscription("S1").customer_id.partner_id.ref, "C2")
        self.assertEqual(
            [row[1:3] for row in self.ledger("S1")],
            [("start", 30), ("customer_change", -30), ("customer_change", 30)],
        )

    def test_rows_after_the_day_are_ignored(self):
        """As of June, nothing that happened later is known."""
        self.run_import(
            ANNA,
            ANNA_2,
            "S4,C4,Dora,,Pro,1 month,2024-02-01,2024-09-01,5,USD,Seat,",
            as_of=date(2024, 6, 30),
        )
        self.assertFalse(self.subscription("S3"))
        self.assertTrue(self.subscription("S4").is_running)
        self.assertEqual(self.subscription("S4").mrr, 5)

    def test_ended_on_its_first_day(self):
        self.run_import(ANNA.replace("31,,", "31,2024-01-31,"))
        self.assertEqual(
            [row[1:3] for row in self.ledger("S1")], [("start", 30), ("end", -30)]
        )
        self.assertEqual(self.subscription("S1").end_date, date(2024, 1, 31))

    def test_several_currencies(self):
        self.env.ref("base.EUR").active = True
        self.env["res.currency.rate"].create(
            [
                {
                    "name": day,
                    "currency_id": self.env.ref("base.EUR").id,
                    "company_id": self.company.id,
                    "rate": rate,
                }
                for day, rate in (("2024-01-01", 0.5), ("2024-12-01", 0.8))
            ]
        )
        self.run_import(ANNA.replace("USD", "EUR"))
        subscription = self.subscription("S1")
        self.assertEqual(subscription.currency_id.name, "EUR")
        self.assertEqual(subscription.movement_ids.company_rate, 2)
        self.assertEqual(subscription.mrr_company, 37.5)
        self.assertEqual(subscription.customer_id.mrr, 37.5)

    def test_prices_that_contain_taxes_come_to_the_mrr(self):
        group = self.env["account.tax.group"].create(
            {"name": "VAT", "company_id": self.company.id}
        )
        tax = self.env["account.tax"].create(
            {
                "name": "21 % included",
                "amount": 21,
                "price_include_override": "tax_included",
                "company_id": self.company.id,
                "country_id": self.env.ref("base.us").id,
                "tax_group_id": group.id,
            }
        )
        self.env["product.template"].create(
            {"name": "Seat", "type": "service", "taxes_id": [(6, 0, tax.ids)]}
        )
        self.run_import(ANNA.replace(";Support", ""))
        line = self.subscription("S1").sale_subscription_line_ids
        self.assertEqual(line.tax_ids, tax)
        self.assertEqual((line.price_subtotal, line.price_total), (30, 36.3))
        self.assertEqual(self.subscription("S1").mrr, 30)

    def test_day_and_week_periods_book_what_the_lines_come_to(self):
        self.run_import(ANNA.replace("1 month", "1 day"))
        subscription = self.subscription("S1")
        amount = sum(subscription.sale_subscription_line_ids.mapped("price_subtotal"))
        self.assertEqual(subscription.mrr, round(amount * 30.4375, 2))
        self.assertAlmostEqual(subscription.mrr, 30, delta=0.16)

    def test_existing_contacts_plans_and_products_are_used(self):
        partner = self.env["res.partner"].create(
            {"name": "Anna the Great", "ref": "C1"}
        )
        plan = self.env["sale.subscription.template"].create({"name": "Pro"})
        product = self.env["product.product"].create({"name": "Seat"})
        self.run_import(ANNA)
        subscription = self.subscription("S1")
        self.assertEqual(subscription.partner_id, partner)
        self.assertEqual(partner.name, "Anna the Great")
        self.assertEqual(subscription.template_id, plan)
        self.assertIn(product, subscription.sale_subscription_line_ids.product_id)

    def test_successor_of_a_renewal_in_a_new_contract(self):
        self.run_import(
            BERT,
            "S5,C2,Bert,,Pro,1 year,2024-05-08,,12,USD,Seat,",
            "S6,C2,Bert,,Pro,1 year,2024-05-09,,12,USD,Seat,",
        )
        self.assertEqual(self.subscription("S5").predecessor_id.subscription_ref, "S2")
        self.assertFalse(self.subscription("S6").predecessor_id)

    def test_same_reference_in_two_companies_stays_apart(self):
        self.run_import(ANNA)
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.env.user.company_ids |= other
        action = (
            self.wizard(ANNA.replace("Anna", "Anton"))
            .with_company(other)
            .copy({"company_id": other.id})
            .action_import()
        )
        import_ = self.env["subscription.import"].browse(action["res_id"])
        import_._work()
        mine = self.subscription("S1")
        theirs = import_.sudo().line_ids.subscription_id
        self.assertNotEqual(mine, theirs)
        self.assertEqual(theirs.company_id, other)
        self.assertNotEqual(mine.partner_id, theirs.partner_id)
        self.assertEqual(mine.mrr, 30)

    def test_cron_goes_on_where_a_killed_import_stopped(self):
        action = self.wizard(ANNA, BERT, ANNA_2).action_import()
        import_ = self.env["subscription.import"].browse(action["res_id"])
        self.assertEqual(import_._work(limit=1), 2)
        self.assertEqual(import_.state, "running")
        with self.enter_registry_test_mode():
            self.env.ref(
                "subscription_segmentation.ir_cron_subscription_import"
            ).method_direct_trigger()
        import_.invalidate_recordset()
        self.assertEqual((import_.state, import_.done_count), ("done", 3))
        self.assertEqual(len(import_.movement_ids), 4)

    def test_a_row_that_fails_is_named_and_stops_no_other(self):
        """Two contacts get the reference of the second row meanwhile (Invariant 9)."""
        action = self.wizard(ANNA, BERT).action_import()
        import_ = self.env["subscription.import"].browse(action["res_id"])
        self.env["res.partner"].create([{"name": "X", "ref": "C2"} for _x in "ab"])
        import_._work()
        self.assertEqual((import_.done_count, import_.failed_count), (1, 1))
        failed = import_.line_ids.filtered(lambda line: line.state == "failed")
        self.assertEqual((failed.subscription_ref, failed.line), ("S2", 3))
        self.assertIn("Two contacts have the reference C2", failed.error)
        self.assertEqual(self.subscription("S1").mrr, 30)
        self.assertFalse(self.subscription("S2"))
        self.env["res.partner"].search([("ref", "=", "C2")])[0].ref = False
        import_.action_continue()
        import_._work()
        self.assertEqual((import_.done_count, import_.failed_count), (2, 0))

    def test_failed_rows_of_an_older_import_are_not_tried_again(self):
        action = self.wizard(ANNA, BERT).action_import()
        import_ = self.env["subscription.import"].browse(action["res_id"])
        self.env["res.partner"].create([{"name": "X", "ref": "C2"} for _x in "ab"])
        import_._work()
        self.run_import(ANNA.replace(",30,", ",45,"))
        with self.assertRaisesRegex(UserError, "imported since"):
            import_.action_continue()

    def test_a_concurrent_change_fails_no_row(self):
        """The transaction is to be tried again, the rows are fine."""
        action = self.wizard(ANNA).action_import()
        import_ = self.env["subscription.import"].browse(action["res_id"])
        error = errors.SerializationFailure("could not serialize access")
        with (
            patch.object(type(import_.line_ids), "_import", side_effect=error),
            self.assertRaises(errors.SerializationFailure),
        ):
            import_._work()
        self.assertEqual(import_.failed_count, 0)

    def test_two_imports_cannot_build_on_the_same(self):
        Import = self.env["subscription.import"]
        values = {"name": "a", "company_id": self.company.id, "as_of": AS_OF}
        Import.create(values)
        with mute_logger("odoo.sql_db"), self.assertRaises(errors.UniqueViolation):
            Import.create(values)

    def test_unfinished_import_keeps_others_waiting_and_can_be_undone(self):
        action = self.wizard(ANNA, BERT).action_import()
        import_ = self.env["subscription.import"].browse(action["res_id"])
        import_._work(limit=1)
        wizard = self.wizard(ANNA_2)
        wizard.action_preview()
        self.assertIn("not finished", wizard.problem_ids.reason)
        import_.action_undo()
        self.assertFalse(self.subscription("S1"))
        self.run_import(ANNA, BERT)

    def test_row_known_only_later_was_unknown_before(self):
        """A subscription of February that only the file of December knows."""
        self.run_import(BERT, as_of=date(2024, 6, 30))
        self.run_import(BERT, ANNA)
        self.assertEqual(self.ledger("S1"), [("2024-01-31", "start", 30, "2024-12-31")])
        self.run_import(BERT, ANNA, ANNA_2)
        self.assertEqual(self.ledger("S3")[0][3], "2024-11-05", "a part of one export")

    def test_corrected_start_keeps_later_history(self):
        self.run_import(ANNA, as_of=date(2024, 6, 30))
        changed = ANNA.replace(",30,", ",45,")
        self.run_import(changed, as_of=date(2024, 9, 30))
        self.run_import(changed.replace("2024-01-31", "2024-02-01"))
        self.assertEqual(
            {
                when: sum(
                    self.subscription("S1")
                    .movement_ids.filtered(lambda row, day=when: str(row.date) <= day)
                    .mapped("mrr_delta")
                )
                for when in ("2024-01-31", "2024-02-01", "2024-06-30", "2024-09-30")
            },
            {
                "2024-01-31": 0,
                "2024-02-01": 30,
                "2024-06-30": 30,
                "2024-09-30": 45,
            },
        )

    def test_changed_address_changes_nothing_else(self):
        """Nor a price, a line or a next invoice that somebody set by hand."""
        self.run_import(ANNA)
        subscription = self.subscription("S1")
        subscription.sale_subscription_line_ids[0].price_unit = 40
        subscription.recurring_next_date = date(2099, 6, 30)
        self.env.cr.flush()
        booked = self.ledger("S1")
        self.run_import(ANNA.replace("anna@", "anne@"))
        self.assertEqual(subscription.partner_id.email, "anne@example.com")
        self.assertEqual(
            subscription.sale_subscription_line_ids.mapped("price_unit"), [40, 15]
        )
        self.assertEqual(subscription.recurring_next_date, date(2099, 6, 30))
        self.assertEqual(self.ledger("S1"), booked)

    def test_next_invoice_is_never_moved_back(self):
        self.run_import(ANNA)
        self.subscription("S1").recurring_next_date = date(2099, 6, 30)
        self.run_import(ANNA.replace("1 month", "1 year"))
        self.assertEqual(self.subscription("S1").recurring_next_date, date(2099, 6, 30))

    def test_corrected_contact_is_left_alone(self):
        self.run_import(ANNA)
        self.subscription("S1").partner_id.name = "Anna by hand"
        self.run_import(ANNA.replace("Anna", "Anne"))
        self.assertEqual(self.subscription("S1").partner_id.name, "Anna by hand")

    def test_renamed_reference_makes_no_second_contact(self):
        self.run_import(ANNA)
        partner = self.subscription("S1").partner_id
        partner.ref = "NEW"
        self.run_import(ANNA.replace(",30,", ",45,"))
        self.assertEqual(self.subscription("S1").partner_id, partner)
        self.assertFalse(self.env["res.partner"].search([("ref", "=", "C1")]))

    def test_no_line_stays_behind(self):
        orphans = [("sale_subscription_id", "=", False)]
        before = self.env["sale.subscription.line"].search_count(orphans)
        self.run_import(ANNA)
        self.run_import(ANNA.replace(",30,", ",45,"))
        after = self.env["sale.subscription.line"].search_count(orphans)
        self.assertEqual(after, before)

    def test_changed_customer_keeps_the_mrr(self):
        """A list price of 0 and another price list do not change what is billed."""
        self.env["product.template"].create({"name": "Seat", "list_price": 0})
        self.run_import(ANNA, BERT)
        self.run_import(ANNA.replace("C1,Anna,anna@example.com", "C2,Bert,"), BERT)
        self.assertEqual(self.subscription("S1").mrr, 30)

    def test_archived_records_are_no_first_choice(self):
        Partner = self.env["res.partner"]
        Partner.create({"name": "Old", "ref": "C1", "active": False})
        old = self.env["product.product"].create({"name": "Seat", "active": False})
        active = Partner.create({"name": "Anna", "ref": "C1"})
        self.run_import(ANNA)
        subscription = self.subscription("S1")
        self.assertEqual(subscription.partner_id, active)
        self.assertNotIn(old, subscription.sale_subscription_line_ids.product_id)

    def test_missing_rows_are_said(self):
        self.run_import(ANNA, BERT, ANNA_2)
        wizard = self.wizard(ANNA)
        wizard.action_preview()
        self.assertEqual((wizard.missing_count, wizard.missing_refs), (1, "S3"))

    def test_names_are_not_kept(self):
        """A contact can be anonymised without looking for imports it came from."""
        import_ = self.run_import(ANNA)
        self.assertNotIn("anna", str(import_.line_ids.read()).lower())


@tagged("post_install", "-at_install")
class TestImportProblems(ImportCase):
    """Bad input never half-imports and is named (the reader has tests of its own)."""

    def assertProblem(self, line, words, *rows, **options):
        found = self.problems(*rows, **options)
        self.assertTrue(
            any(at == line and words in reason for at, reason in found),
            f"{words!r} at line {line} is not in {found}",
        )

    def test_every_bad_line_is_listed(self):
        found = self.problems(
            ANNA,
            BERT.replace("2024-05-01", "2022-05-01"),
            ANNA_2.replace(",0,", ",-1,"),
        )
        self.assertEqual([line for line, _reason in found], [3, 4])

    def test_unknown_currency(self):
        self.assertProblem(2, "XYZ", ANNA.replace("USD", "XYZ"))

    def test_inactive_currency(self):
        self.env.ref("base.EUR").active = False
        self.assertProblem(2, "EUR", ANNA.replace("USD", "EUR"))

    def test_currency_without_a_rate(self):
        currency = self.env.ref("base.CHF")
        currency.active = True
        currency.rate_ids.unlink()
        self.assertProblem(0, "exchange rate of CHF", ANNA.replace("USD", "CHF"))

    def test_end_before_start(self):
        self.assertProblem(
            2, "before it starts", ANNA.replace("31,,", "31,2024-01-30,")
        )

    def test_duplicate_key_with_different_content(self):
        self.assertProblem(3, "S1", ANNA, ANNA.replace(",30,", ",31,"))

    def test_negative_mrr(self):
        self.assertProblem(2, "-30", ANNA.replace(",30,", ",-30,"))

    def test_wrong_and_ambiguous_dates(self):
        self.assertProblem(2, "2024-02-30", ANNA.replace("2024-01-31", "2024-02-30"))
        self.assertProblem(2, "03/04/2024", ANNA.replace("2024-01-31", "03/04/2024"))

    def test_several_contacts_with_one_reference(self):
        self.env["res.partner"].create([{"name": "X", "ref": "C2"} for _x in "ab"])
        self.assertProblem(3, "same reference C2", ANNA, BERT)

    def test_subscription_that_is_gone(self):
        self.run_import(ANNA)
        self.subscription("S1").unlink()
        self.assertProblem(2, "is gone", ANNA.replace(",30,", ",31,"))

    def test_lines_that_were_changed_by_hand(self):
        self.run_import(ANNA)
        self.subscription("S1").sale_subscription_line_ids[0].price_unit = 99
        self.assertProblem(2, "lines were changed", ANNA.replace(",30,", ",31,"))

    def test_empty_key(self):
        self.assertProblem(2, "subscription_ref", ANNA.replace("S1,", ",", 1))

    def test_spreadsheet_formula(self):
        self.assertProblem(2, "=cmd", ANNA.replace("Anna", "=cmd|' /C calc'!A0"))

    def test_missing_column(self):
        header = HEADER.replace(",mrr", "")
        self.assertProblem(0, "mrr", ANNA.replace(",30", ""), header=header)

    def test_binary_file(self):
        self.assertProblem(0, "CSV", content=b"PK\x03\x04" + b"\0" * 100)

    def test_day_in_the_future(self):
        tomorrow = self.company._subscription_today() + timedelta(days=1)
        self.assertProblem(0, "future", ANNA, as_of=tomorrow)

    def test_day_before_the_last_import(self):
        self.run_import(ANNA)
        self.assertProblem(0, "2024-12-31", BERT, as_of=date(2024, 12, 30))

    def test_no_file(self):
        wizard = self.env["subscription.import.wizard"].create({"as_of": AS_OF})
        with self.assertRaisesRegex(UserError, "Choose a CSV file"):
            wizard.action_preview()


# Slow, because making users is.
@tagged("post_install", "-at_install", "slow")
class TestImportRights(ImportCase):
    """Managers import and undo, and nobody gets further than that."""

    def manager(self):
        """A manager who has nothing to do with sales."""
        return new_test_user(
            self.env(context={}),
            "marketer",
            "subscription_segmentation.group_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )

    def test_managers_import_and_undo(self):
        user = self.manager()
        wizard = self.wizard(ANNA, user=user)
        wizard.action_preview()
        import_ = self.env["subscription.import"].browse(
            wizard.action_import()["res_id"]
        )
        import_._work()
        import_.with_user(user).action_undo()
        self.assertFalse(self.subscription("S1"))

    def test_others_do_not_import(self):
        user = new_test_user(
            self.env(context={}),
            "sales.rep",
            "sales_team.group_sale_salesman_all_leads",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        with self.assertRaises(AccessError):
            self.wizard(ANNA, user=user)
        import_ = self.run_import(ANNA)
        for action in ("action_undo", "action_continue"):
            with self.assertRaises(AccessError):
                getattr(import_.with_user(user), action)()

    def test_managers_write_no_rows(self):
        """What an import remembers decides what undoing removes."""
        import_ = self.run_import(ANNA)
        user = self.manager()
        for records in (import_, import_.line_ids, import_.record_ids):
            records.with_user(user).read()
            for forbidden in (
                lambda some: some.with_user(user).write({"company_id": 1}),
                lambda some: some.with_user(user).copy(),
                lambda some: some.with_user(user).unlink(),
            ):
                with self.assertRaises(AccessError):
                    forbidden(records[:1])

    def test_managers_do_nothing_in_other_companies(self):
        import_ = self.run_import(ANNA)
        elsewhere = self.env["res.company"].sudo().create({"name": "Elsewhere"})
        user = self.manager()
        user.write({"company_ids": [(6, 0, elsewhere.ids)], "company_id": elsewhere.id})
        theirs = import_.with_user(user).with_context(allowed_company_ids=elsewhere.ids)
        for action in ("action_undo", "action_continue"):
            with self.assertRaises(AccessError):
                getattr(theirs, action)()
        wizard = (
            self.wizard(ANNA)
            .with_user(user)
            .with_context(allowed_company_ids=elsewhere.ids)
            .create({"file": base64.b64encode(b"x"), "company_id": self.company.id})
        )
        with self.assertRaises(AccessError):
            wizard.action_preview()

    def test_people_do_not_write_what_the_ledger_says(self):
        self.run_import(ANNA)
        user = new_test_user(
            self.env(context={}),
            "sales.rep",
            "sales_team.group_sale_salesman_all_leads",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        subscription = self.subscription("S1").with_user(user)
        subscription.write({"mrr": 1, "is_running": False, "description": "x"})
        self.assertEqual((subscription.mrr, subscription.is_running), (30, True))
        self.assertEqual(subscription.description, "x")


# Slow, because undoing looks through every foreign key.
@tagged("post_install", "-at_install", "slow")
class TestImportUndo(ImportCase):
    def test_undo_leaves_nothing(self):
        before = self.counts()
        import_ = self.run_import(ANNA, BERT, ANNA_2)
        import_.action_undo()
        self.assertEqual(import_.state, "undone")
        before["subscription.import"] += 1
        self.assertEqual(self.counts(), before)

    def test_undo_after_it_was_scored(self):
        """Our own scores and segments are no use of it; a person's pin is."""
        partner = self.env["res.partner"].create({"name": "Anna", "ref": "C1"})
        import_ = self.run_import(ANNA, BERT)
        self.refresh()
        subscription = self.subscription("S1")
        history = self.env["subscription.score.history"]
        self.assertTrue(history.search([("subscription_id", "=", subscription.id)]))
        members = self.env["subscription.segment.membership"]
        member = members.search([("subscription_id", "=", subscription.id)], limit=1)
        self.assertEqual(member.kind, "automatic")
        member.kind = "pinned_in"
        self.assertTouched(import_, "subscription S1 is used")
        member.kind = "automatic"
        import_.action_undo()
        self.assertEqual(import_.state, "undone")
        self.refresh()
        self.assertFalse(partner.category_id)

    def refresh(self):
        run = self.env["subscription.refresh"]._refresh_company(
            self.company, self.company._subscription_today(), lambda: True
        )
        self.assertEqual((run.state, run.failed_count), ("done", 0))
        self.env.invalidate_all()

    def test_undo_keeps_what_was_there_before(self):
        partner = self.env["res.partner"].create({"name": "Anna", "ref": "C1"})
        self.run_import(ANNA).action_undo()
        self.assertTrue(partner.exists())
        self.assertFalse(partner.subscription_customer_id)

    def test_undo_of_a_changed_file_turns_back(self):
        first = self.run_import(ANNA, BERT, as_of=date(2024, 6, 30))
        ledger = self.ledger("S1") + self.ledger("S2")
        second = self.run_import(
            ANNA.replace(",30,", ",45,").replace("Anna", "Anne"),
            BERT.replace("2024-05-01", ""),
            ANNA_2.replace("Anna", "Anne"),
        )
        second.action_undo()
        self.assertEqual(self.ledger("S1") + self.ledger("S2"), ledger)
        anna, bert = self.subscription("S1"), self.subscription("S2")
        self.assertRecordValues(
            anna + bert,
            [
                {"mrr": 30, "is_running": True, "end_date": False},
                {"mrr": 0, "is_running": False, "end_date": date(2024, 5, 1)},
            ],
        )
        self.assertEqual(anna.partner_id.name, "Anna")
        self.assertEqual(
            sum(anna.sale_subscription_line_ids.mapped("price_subtotal")), 30
        )
        self.assertEqual(anna.customer_id.mrr, 30)
        self.assertEqual(anna.customer_id.subscription_count, 1)
        self.assertFalse(self.subscription("S3"))
        wizard = self.wizard(ANNA, BERT, as_of=date(2024, 6, 30))
        wizard.action_preview()
        self.assertEqual(wizard.unchanged_count, 2)
        first.action_undo()
        self.assertFalse(self.subscription("S1"))

    def test_imports_are_undone_in_reverse_order(self):
        first = self.run_import(ANNA)
        self.run_import(BERT)
        with self.assertRaisesRegex(UserError, "later import"):
            first.action_undo()

    def later(self, import_):
        """Let time pass: a test is one transaction, in which the clock stands."""
        self.env.flush_all()
        for model in (
            "sale.subscription",
            "sale.subscription.line",
            "res.partner",
            "product.template",
            "product.pricelist",
            "sale.subscription.template",
        ):
            table = self.env[model]._table
            self.env.cr.execute(f"UPDATE {table} SET write_date = '1999-01-01'")
        for table in ("subscription_import_line", "subscription_import_record"):
            self.env.cr.execute(f"UPDATE {table} SET stamp = '1999-01-01'")
        self.env.invalidate_all()

    def test_changed_subscription(self):
        import_ = self.run_import(ANNA, BERT)
        self.later(import_)
        self.subscription("S1").description = "by hand"
        self.assertTouched(import_, "subscription S1 was changed")

    def test_changed_line(self):
        import_ = self.run_import(ANNA, BERT)
        self.later(import_)
        self.subscription("S1").sale_subscription_line_ids[0].price_unit = 1
        self.assertTouched(import_, "subscription S1 was changed")

    def test_deleted_subscription(self):
        import_ = self.run_import(ANNA, BERT)
        self.subscription("S1").unlink()
        self.assertTouched(import_, "subscription S1 was deleted")

    def test_invoiced_subscription(self):
        import_ = self.run_import(ANNA, BERT)
        self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "X"}).id,
                "order_subscription_id": self.subscription("S1").id,
            }
        )
        self.assertTouched(import_, "subscription S1 is used")

    def test_discussed_subscription(self):
        import_ = self.run_import(ANNA, BERT)
        self.subscription("S1").message_post(body="Call her")
        self.assertTouched(import_, "subscription S1 is used")

    def test_used_contact(self):
        import_ = self.run_import(ANNA, BERT)
        self.env["crm.lead"].create(
            {"name": "More seats", "partner_id": self.subscription("S2").partner_id.id}
        )
        self.assertTouched(import_, "Bert is used")

    def test_import_that_made_nothing_can_be_undone(self):
        self.run_import(ANNA)
        second = self.run_import(ANNA.replace(",30,", ",45,"))
        self.assertFalse(second.record_ids)
        second.action_undo()
        self.assertEqual(self.subscription("S1").mrr, 30)

    def test_product_used_on_another_subscription(self):
        import_ = self.run_import(ANNA)
        product = self.subscription("S1").sale_subscription_line_ids[0].product_id
        self.subscription("S1").copy(
            {
                "partner_id": self.env.user.partner_id.id,
                "template_id": self.env["sale.subscription.template"]
                .create({"name": "Own"})
                .id,
                "sale_subscription_line_ids": [
                    Command.create({"product_id": product.id, "name": "Seat"})
                ],
            }
        )
        self.assertTouched(import_, "Seat is used")

    def test_archived_price_list_is_no_use(self):
        """Saving Odoo's settings archives price lists if their feature is off."""
        import_ = self.run_import(ANNA)
        self.later(import_)
        pricelist = self.subscription("S1").pricelist_id
        pricelist.active = False
        second = self.run_import(ANNA, BERT)
        self.assertEqual(self.subscription("S2").pricelist_id, pricelist)
        second.action_undo()
        import_.action_undo()
        self.assertFalse(pricelist.exists())

    def test_default_price_list_of_a_contact(self):
        """A reference that is kept per company, without a foreign key."""
        import_ = self.run_import(ANNA.replace("USD", "USD"))
        pricelist = self.subscription("S1").pricelist_id
        self.assertIn(pricelist.id, import_.record_ids.mapped("res_id"))
        partner = self.env["res.partner"].create({"name": "X"})
        partner.specific_property_product_pricelist = pricelist
        self.assertTouched(import_, "is used")

    def test_customers_of_others_stay(self):
        other = self.env["subscription.customer"]._ensure(
            self.env["res.partner"].create({"name": "X"}), self.company
        )
        self.run_import(ANNA).action_undo()
        self.assertTrue(other.exists())

    def test_used_plan(self):
        import_ = self.run_import(ANNA)
        subscription = self.subscription("S1")
        subscription.copy({"partner_id": self.env.user.partner_id.id})
        self.assertTouched(import_, "Pro is used")

    def test_changed_contact(self):
        import_ = self.run_import(ANNA)
        self.later(import_)
        self.subscription("S1").partner_id.phone = "123"
        self.assertTouched(import_, "Anna was changed")


@tagged("post_install", "-at_install", "slow")
class TestImportAtLength(ImportCase):
    def test_huge_file(self):
        with self.assertRaisesRegex(UserError, "200 MB, more than the 20 MB"):
            self.wizard(content=b"a" * 200 * 1024 * 1024)

    def test_notes_activities_and_attachments(self):
        for make in (
            lambda record: record.message_post(body="Call her"),
            lambda record: record.activity_schedule("mail.mail_activity_data_todo"),
            lambda record: record.message_subscribe(self.env.user.partner_id.ids),
            lambda record: self.env["ir.attachment"].create(
                {"name": "a", "res_model": record._name, "res_id": record.id}
            ),
        ):
            import_ = self.run_import(ANNA)
            subscription = self.subscription("S1")
            partner = subscription.partner_id
            for record, words in (
                (subscription, "subscription S1 is used"),
                (partner, "Anna is used"),
            ):
                with self.subTest(words), self.cr.savepoint() as savepoint:
                    made = make(record)
                    self.assertTrue(made or record.message_follower_ids)
                    self.assertTouched(import_, words)
                    savepoint.rollback()
                    self.env.invalidate_all()
            import_.action_undo()
