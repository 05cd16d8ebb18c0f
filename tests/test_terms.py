# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What subscriptions were sold as is kept, and past figures go by it."""

from freezegun import freeze_time
from pandas import isna
from pandas.testing import assert_frame_equal

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import SQL, mute_logger

from ..analytics.ledger import START
from ..models.scoring import subscription_scores
from ..signals.billing import billing
from ..signals.terms import products, terms, terms_history
from .common import SubscriptionCase, day
from .test_live_history import LATER, LOGGER, TODAY, LiveCase, on

FACTS = ("date", "known_on", "unit", "interval")


class TermsCase(LiveCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.yearly = cls.make_plan("Yearly", unit="years")
        cls.other_product = cls.env["product.product"].create(
            {"name": "Support", "type": "service", "taxes_id": False}
        )

    def told(self, subscription, *names):
        """Return values of the terms of a subscription in the order of writing."""
        self.env.cr.flush()
        rows = self.env["subscription.terms"].search(
            [("subscription_res_id", "in", subscription.ids)], order="id"
        )
        return [tuple(row[name] for name in names) for row in rows]

    def assertTold(self, subscription, *expected):
        """Compare terms as (date, unit, interval), each known on its day."""
        self.assertEqual(
            self.told(subscription, *FACTS),
            [(day(when), day(when), *period) for when, *period in expected],
        )

    def sell_yearly(self, subscription):
        """Sell it by the year at the same MRR."""
        subscription.template_id = self.yearly
        for line in subscription.sale_subscription_line_ids:
            line.price_unit *= 12
        self.env.cr.flush()

    def signal(self, as_of, ids=None, company=None):
        """Return the terms as of a date as {subscription id: row}."""
        frame = terms(self.env, company or self.company, day(as_of), ids)
        return frame.to_dict("index")

    def scores(self, as_of):
        return subscription_scores(self.env, self.company, day(as_of))


@tagged("post_install", "-at_install")
@freeze_time(f"{TODAY} 12:00:00")
class TestTerms(TermsCase):
    # --- as it happens ----------------------------------------------------------------

    def test_start(self):
        draft = self.open_subscription(self.partner)
        self.assertTold(draft)
        self.assertEqual(self.signal(TODAY), {})
        draft.action_start_subscription()
        self.assertTold(draft, (TODAY, "months", 1))
        self.assertEqual(
            self.told(draft, "company_id", "template_id", "product_ids", "origin"),
            [(self.company, self.plan, self.get_product(), "recorded")],
        )
        row = self.signal(TODAY)[draft.id]
        self.assertTrue(isna(row.pop("payment_method")))
        self.assertEqual(
            row,
            {
                "template_id": self.plan.id,
                "unit": "months",
                "interval": 1,
                "discount": 0,
                "product_count": 1,
            },
        )

    def test_plan_is_changed_on_the_form(self):
        subscription = self.start()
        with on(LATER), Form(subscription) as form:
            form.template_id = self.yearly
            form.save()
            self.env.cr.flush()
        self.assertTold(subscription, (TODAY, "months", 1), (LATER, "years", 1))
        self.assertEqual(self.signal(TODAY)[subscription.id]["unit"], "months")
        self.assertEqual(self.signal(LATER)[subscription.id]["unit"], "years")

    def test_plan_changes_at_the_same_mrr(self):
        """The ledger has nothing to book, the terms have."""
        subscription = self.start()
        with on(LATER):
            self.sell_yearly(subscription)
            self.assertBooked(subscription, (TODAY, START, 10))
        self.assertTold(subscription, (TODAY, "months", 1), (LATER, "years", 1))

    def test_period_of_the_plan_itself(self):
        subscription, other = self.start(), self.start(template_id=self.yearly.id)
        with on(LATER):
            self.plan.recurring_interval = 3
            self.env.cr.flush()
        self.assertTold(subscription, (TODAY, "months", 1), (LATER, "months", 3))
        self.assertTold(other, (TODAY, "years", 1))

    def test_what_lines_say(self):
        subscription = self.start()
        line = subscription.sale_subscription_line_ids
        with on("2025-04-01"):
            line.write({"discount": 12.345})
            self.env.cr.flush()
        with on("2025-05-01"):
            subscription.sale_subscription_line_ids = [
                self.new_line(30, product_id=self.other_product.id)
            ]
            self.env.cr.flush()
        with on("2025-06-01"):
            # The same for the same price.
            line.write({"product_id": self.other_product.id})
            line.write({"discount": 12.345, "price_unit": 10})
            self.env.cr.flush()
        both = self.get_product() | self.other_product
        self.assertEqual(
            self.told(subscription, "date", "discount", "product_ids"),
            [
                (day(TODAY), 0, self.get_product()),
                (day("2025-04-01"), 0.1235, self.get_product()),
                (day("2025-05-01"), 0.0309, both),
                (day("2025-06-01"), 0.0309, self.other_product),
            ],
        )
        counts = [
            self.signal(when)[subscription.id]["product_count"]
            for when in (TODAY, "2025-05-31", "2025-06-01")
        ]
        self.assertEqual(counts, [1, 2, 1])
        self.assertEqual(
            products(self.env, self.company, day("2025-05-31")).values.tolist(),
            [[subscription.id, id_] for id_ in sorted(both.ids)],
        )

    def test_nothing_to_discount_is_no_discount_of_zero(self):
        """Invariant 12."""
        subscription = self.start(0)
        free = terms(self.env, self.company, day(TODAY)).loc[subscription.id]
        self.assertTrue(free.isna()["discount"])

    def test_payment_method(self):
        subscription = self.start()
        with on(LATER):
            subscription.payment_method = "Mailed check"
            self.env.cr.flush()
        self.assertEqual(
            self.told(subscription, "date", "payment_method"),
            [(day(TODAY), False), (day(LATER), "Mailed check")],
        )

    def test_no_row_where_nothing_differs(self):
        subscription = self.start()
        with on(LATER):
            subscription.partner_id = self.make_partner("Other")
            line = subscription.sale_subscription_line_ids
            line.price_unit = 99
            subscription.sale_subscription_line_ids = [self.new_line(1)]
            subscription.action_pause()
            self.env.cr.flush()
            subscription.action_resume()
            subscription.template_id = self.yearly
            subscription.template_id = self.plan
        self.assertTold(subscription, (TODAY, "months", 1))

    def test_several_changes_of_a_day(self):
        """The last one holds, and one day is one row of the history."""
        subscription = self.start()
        self.sell_yearly(subscription)
        self.assertTold(subscription, (TODAY, "months", 1), (TODAY, "years", 1))
        self.assertEqual(self.signal(TODAY)[subscription.id]["unit"], "years")
        history = terms_history(self.env, self.company, day(TODAY))
        self.assertEqual(history["unit"].tolist(), ["years"])

    def test_what_does_not_run_keeps_its_terms(self):
        subscription = self.start()
        subscription.close_subscription()
        self.env.cr.flush()
        with on("2025-04-01"):
            subscription.template_id = self.yearly
            self.assertTold(subscription, (TODAY, "months", 1))
        with on(LATER):
            subscription.action_start_subscription()
            self.assertTold(subscription, (TODAY, "months", 1), (LATER, "years", 1))

    def test_start_that_was_given(self):
        """Known from today on only, but of the start."""
        subscription = self.open_subscription(
            self.partner,
            date_start="2025-01-01",
            stage_id=self.get_stage("in_progress").id,
        )
        self.assertEqual(
            self.told(subscription, "date", "known_on"),
            [(day("2025-01-01"), day(TODAY))],
        )
        self.assertEqual(self.signal("2025-02-01"), {})

    def test_deleting_keeps_what_was(self):
        subscription = self.start()
        id_ = subscription.id
        with on(LATER):
            subscription.unlink()
            self.get_product().with_context(active_test=False).unlink()
        rows = self.env["subscription.terms"].search(
            [("subscription_res_id", "=", id_)]
        )
        self.assertEqual(len(rows), 1)
        self.assertFalse(rows.subscription_id)
        self.assertEqual(self.signal(TODAY)[id_]["product_count"], 1)
        self.assertEqual(len(products(self.env, self.company, day(TODAY))), 1)
        self.assertEqual(self.scores(TODAY)["unit"][id_], "months")

    # --- what nobody saw --------------------------------------------------------------

    def test_reconciliation(self):
        subscription = self.start()
        self.start(20)
        self.change(subscription, payment_method="Cash")
        with on(LATER):
            Subscription = self.env["sale.subscription"]
            found = Subscription._to_reconcile(self.company)
            self.assertEqual(found, subscription)
            self.assertFalse(found._reconcile("reconciled"))
            self.assertFalse(Subscription._to_reconcile(self.company))
        self.assertEqual(
            self.told(subscription, "date", "known_on", "payment_method", "origin"),
            [
                (day(TODAY), day(TODAY), False, "recorded"),
                (day(LATER), day(LATER), "Cash", "reconciled"),
            ],
        )

    def test_what_was_never_told_is_told_from_the_start(self):
        """A later change then leaves past days alone. Invariant 1."""
        subscription = self.start()
        self.env.cr.execute("DELETE FROM subscription_terms")
        with on(LATER):
            self.env["sale.subscription"]._to_reconcile(self.company)._reconcile()
            self.env.cr.flush()
            before = self.scores("2025-04-15")
        with on("2025-06-01"):
            self.sell_yearly(subscription)
        self.assertEqual(
            self.told(subscription, *FACTS),
            [
                (day(TODAY), day(LATER), "months", 1),
                (day("2025-06-01"), day("2025-06-01"), "years", 1),
            ],
        )
        self.assertEqual(before["unit"][subscription.id], "months")
        with on("2025-06-01"):
            assert_frame_equal(self.scores("2025-04-15"), before)

    def change(self, records, **values):
        """Write behind the back of all hooks."""
        records.flush_recordset()
        for name, value in values.items():
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET %s = %s WHERE id = ANY(%s)",
                    SQL.identifier(records._table),
                    SQL.identifier(name),
                    value,
                    records.ids,
                )
            )
        records.invalidate_recordset()

    def test_without_any_terms_the_plan_of_now_counts(self):
        draft = self.open_subscription(self.partner, template_id=self.yearly.id)
        frame = billing(self.env, self.company, day(TODAY))
        self.assertEqual(
            (frame["unit"][draft.id], frame["interval"][draft.id]), ("years", 1)
        )

    def test_a_fault_of_ours_stops_nobody(self):
        subscription = self.start()
        self.env.flush_all()
        self.env.cr.execute(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON subscription_terms
                FOR EACH ROW EXECUTE FUNCTION refuse();
            """
        )
        with on(LATER):
            with self.assertLogs(LOGGER, "ERROR"), mute_logger("odoo.sql_db"):
                self.sell_yearly(subscription)
            self.assertEqual(subscription.template_id, self.yearly)
            self.assertTold(subscription, (TODAY, "months", 1))
            self.env.cr.execute("DROP TRIGGER refuse ON subscription_terms")
            self.env["sale.subscription"]._to_reconcile(self.company)._reconcile()
            self.assertTold(subscription, (TODAY, "months", 1), (LATER, "years", 1))

    # --- figures ----------------------------------------------------------------------

    def test_renewals_count_in_the_periods_that_held(self):
        """Months from June on, in January sold by the year: from 10 February on."""
        with on("2024-06-10"):
            subscription, same = self.start(), self.start()
        with on("2025-01-15"):
            self.sell_yearly(subscription)
        found = self.scores(TODAY)
        names = ["rfm_frequency", "renewed_months", "rfm_recency", "rfm_r"]
        self.assertEqual(found.loc[subscription.id, names].tolist(), [8, 7 + 12, 28, 5])
        self.assertEqual(found.loc[same.id, names].tolist(), [9, 9, 0, 5])
        before = self.scores("2025-02-09").loc[subscription.id, names].tolist()
        self.assertEqual(before, [7, 7, 30, 5])
        self.env["subscription.refresh"]._refresh_company(
            self.company, day(TODAY), lambda: True
        )
        self.assertEqual(subscription.renewed_months, 19)
        # By which what is overdue is explained.
        ends = [
            subscription._period_end(day(f"2025-{month}-10")) for month in ("01", "02")
        ]
        self.assertEqual(ends, [day("2025-02-10"), day("2026-02-10")])

    def test_past_signal_never_changes_when_the_plan_does(self):
        """Invariant 1, also for what was corrected into the past."""
        with on("2024-06-10"):
            subscription = self.start()
        before = [self.signal(TODAY), self.scores(TODAY), self.scores("2024-12-31")]
        with on(LATER):
            self.sell_yearly(subscription)
            subscription.sale_subscription_line_ids.discount = 50
            subscription.payment_method = "Cash"
            self.env.cr.flush()
            self.env.cr.execute(
                "UPDATE subscription_terms SET date = '2024-07-01' WHERE known_on = %s",
                (day(LATER),),
            )
            self.assertEqual(self.signal(TODAY), before[0])
            past = self.scores("2024-12-31")
            assert_frame_equal(past, before[2])
            names = ["unit", "interval", "rfm_frequency", "renewed_months", "rfm_r"]
            assert_frame_equal(self.scores(TODAY)[names], before[1][names])
            now = self.scores(LATER)
        self.assertEqual(now["unit"][subscription.id], "years")

    # --- who may ----------------------------------------------------------------------

    def test_companies_are_apart(self):
        other = self.make_company("Second Company")
        own, theirs = self.start(), self.start(company=other)
        self.env.cr.flush()
        self.assertEqual(list(self.signal(TODAY)), [own.id])
        self.assertEqual(list(self.signal(TODAY, company=other)), [theirs.id])
        user = self.make_user("user")
        Terms = self.as_user(self.env["subscription.terms"], user)
        self.assertEqual(Terms.search([]).subscription_id.ids, own.ids)
        with self.assertRaises(AccessError):
            self.as_user(Terms, self.make_user("internal")).search([])

    def test_one_that_moves_to_another_company(self):
        other = self.make_company("Second Company")
        subscription = self.start()
        with on(LATER):
            subscription.write(
                {
                    "company_id": other.id,
                    "pricelist_id": self.get_pricelist(company=other).id,
                }
            )
            self.env.cr.flush()
            found = self.env["sale.subscription"]._to_reconcile(other)
            self.assertFalse(found | found._to_reconcile(self.company))
        self.assertEqual(
            self.told(subscription, "company_id", "date"),
            [(self.company, day(TODAY)), (other, day(LATER))],
        )
        self.assertEqual(self.signal(TODAY, company=other), {})

    def test_facts_stay(self):
        self.start()
        rows = self.env["subscription.terms"].search([])
        with self.assertRaises(UserError):
            rows.interval = 2
        with self.assertRaises(UserError):
            rows.unlink()
        manager = self.as_user(rows, self.make_user("manager"))
        self.assertEqual(manager.interval, 1)
        for forbidden in (
            lambda: manager.create({"subscription_res_id": 1}),
            manager.unlink,
        ):
            with self.assertRaises(AccessError):
                forbidden()


@tagged("post_install", "-at_install")
class TestTermsOfHistory(SubscriptionCase):
    told = TermsCase.told

    def import_rows(self, *rows, as_of=None):
        import_ = self.import_history(*rows, as_of=as_of and day(as_of))
        Subscription = self.env["sale.subscription"]
        return import_, Subscription.browse(import_.line_ids.subscription_id.ids)

    def test_import(self):
        """From the start on, known since then: one row each."""
        _import, found = self.import_rows(
            {"products": "Phone; Fax", "payment_method": "Cash", "period": "1 year"},
            {"subscription_ref": "S-2", "end_date": "2024-03-01"},
        )
        first, ended = found.sorted("subscription_ref")
        self.assertEqual(
            self.told(first, *FACTS, "payment_method", "origin"),
            [(day("2024-01-15"), day("2024-01-15"), "years", 1, "Cash", "imported")],
        )
        [(named,)] = self.told(first, "product_ids")
        self.assertEqual(set(named.mapped("name")), {"Phone", "Fax"})
        self.assertEqual(
            self.told(ended, *FACTS),
            [(day("2024-01-15"), day("2024-01-15"), "months", 1)],
        )

    def test_import_of_what_changed(self):
        """A file does not date it: it holds from its day on."""
        row = {"payment_method": "Cash"}
        _import, subscription = self.import_rows(row, as_of="2024-06-01")
        row = {"payment_method": "Cash", "mrr": "20.00"}
        self.import_rows(row, as_of="2024-07-01")
        second, _same = self.import_rows(
            {**row, "payment_method": "Card", "period": "3 months"}, as_of="2024-08-01"
        )
        expected = [
            (day("2024-01-15"), day("2024-01-15"), "months", 1, "Cash"),
            (day("2024-08-01"), day("2024-08-01"), "months", 3, "Card"),
        ]
        names = (*FACTS, "payment_method")
        self.assertEqual(self.told(subscription, *names), expected)
        second.action_undo()
        self.assertEqual(self.told(subscription, *names), expected[:1])

    def test_import_of_what_was_not_in_an_earlier_file(self):
        """It is known since the later file, unless it began after the earlier one."""
        self.import_rows({}, as_of="2024-06-01")
        _import, found = self.import_rows(
            {},
            {"subscription_ref": "S-2", "start_date": "2024-02-01"},
            {"subscription_ref": "S-3", "start_date": "2024-06-15"},
            as_of="2024-07-01",
        )
        late, new = found.sorted("subscription_ref")
        self.assertEqual(
            self.told(late, "date", "known_on"),
            [(day("2024-02-01"), day("2024-07-01"))],
        )
        self.assertEqual(
            self.told(new, "date", "known_on"), [(day("2024-06-15"), day("2024-06-15"))]
        )

    def test_undone_import_leaves_nothing(self):
        import_, subscription = self.import_rows({"products": "Phone"})
        self.env["subscription.terms"].search([])
        import_.action_undo()
        self.assertFalse(self.told(subscription, "id"))
        self.assertFalse(self.env["product.product"].search([("name", "=", "Phone")]))

    def test_backfill(self):
        """What it is now it is assumed to have been from the start, be it over."""
        backfill = self.env["subscription.backfill"].create(
            {"company_id": self.company.id}
        )
        partner = self.make_partner()
        values = {"sale_subscription_line_ids": [self.new_line(10, discount=50)]}
        running, draft = (self.make_subscription(partner, **values) for _ in range(2))
        running.stage_id = self.get_stage("in_progress")
        running.date_start = day("2024-01-15")
        self.env.cr.flush()
        while backfill._work():
            pass
        self.assertEqual(
            self.told(running, *FACTS, "discount", "origin"),
            [(day("2024-01-15"), day("2024-01-15"), "months", 1, 0.5, "assumed")],
        )
        self.assertFalse(self.told(draft, "id"))
        self.assertFalse(running._to_reconcile(self.company))
