# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The refresh: what it stores, that it goes on where it was and stops for no record."""

from contextlib import contextmanager
from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..analytics.ledger import END
from ..models import subscription_refresh, subscription_refresh_staging
from ..models.scoring import CUSTOMER_COLUMNS, LIFE, RFM, SUBSCRIPTION_COLUMNS
from ..models.subscription_refresh import LOCK
from ..models.subscription_refresh_staging import staging_tables
from .common import MODULE, SubscriptionCase, day

ENGINE = f"odoo.addons.{MODULE}.models.subscription_refresh"


def step():
    """What a run calls after each step, in the test's one transaction."""
    return True


class RefreshCase(SubscriptionCase):
    """Three customers: one since long, one new, one who has left."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.import_history(
            {
                "subscription_ref": "old",
                "customer_ref": "A",
                "start_date": "2023-01-10",
            },
            {
                "subscription_ref": "new",
                "customer_ref": "B",
                "customer_name": "Second Customer",
                "start_date": "2025-05-31",
                "mrr": "50.00",
            },
            {
                "subscription_ref": "left",
                "customer_ref": "C",
                "customer_name": "Third Customer",
                "start_date": "2024-01-15",
                "end_date": "2025-02-14",
            },
        )
        cls.old, cls.new, cls.left = (cls.by_ref(ref) for ref in ("old", "new", "left"))

    @classmethod
    def by_ref(cls, ref):
        return cls.env["sale.subscription"].search(
            [("subscription_ref", "=", ref), ("company_id", "=", cls.company.id)]
        )

    def refresh(self, as_of=None, company=None):
        return self.env["subscription.refresh"]._refresh_company(
            company or self.company, as_of or self.as_of, step
        )

    def everything(self):
        """Return the versions of all rows that a refresh may write."""
        subscriptions = self.old | self.new | self.left
        return self.versions(subscriptions), self.versions(subscriptions.customer_id)

    def stored(self, record, names):
        """Return columns as the database has them: the ORM reads no number as 0."""
        self.env.flush_all()
        columns = SQL(", ").join(map(SQL.identifier, names))
        table = SQL.identifier(record._table)
        query = SQL("SELECT %s FROM %s WHERE id = %s", columns, table, record.id)
        return dict(zip(names, *self.env.execute_query(query), strict=True))


@tagged("post_install", "-at_install")
class TestRefresh(RefreshCase):
    def test_subscriptions_are_scored(self):
        run = self.refresh()
        self.assertEqual((run.state, run.error), ("done", False))
        # What has left was brought to its end by the import.
        self.assertEqual((run.seen_count, run.changed_count), (6, 6))
        self.assertRecordValues(
            self.old | self.new | self.left,
            [
                {
                    "lifecycle_stage": "loyal",
                    "tenure_months": 29,
                    "tenure_band": "veteran",
                    "rfm_recency": 20,
                    "rfm_frequency": 29,
                    "renewed_months": 29.0,
                    "rfm_monetary": 10.0,
                    # two that run: the upper one is in the fourth fifth
                    "rfm_score": "542",
                    "rfm_segment": "potential_loyalists",
                    "rfm_assumed": True,
                    "next_renewal_date": day("2025-07-10"),
                    "scored_on": self.as_of,
                },
                {
                    "lifecycle_stage": "onboarding",
                    "tenure_months": 1,
                    "tenure_band": "new",
                    # the 31st comes back to the 30th of June
                    "rfm_recency": 0,
                    "rfm_frequency": 1,
                    "renewed_months": 1.0,
                    "rfm_monetary": 50.0,
                    "rfm_score": "524",
                    "rfm_segment": "potential_loyalists",
                    "rfm_assumed": True,
                    "next_renewal_date": day("2025-07-31"),
                    "scored_on": self.as_of,
                },
                {
                    "lifecycle_stage": "churned",
                    "tenure_months": 12,
                    "tenure_band": "mid_term",
                    "rfm_recency": 0,
                    "rfm_frequency": 0,
                    "renewed_months": 0.0,
                    "rfm_monetary": 0.0,
                    "rfm_score": False,
                    "rfm_segment": False,
                    "rfm_assumed": False,
                    "next_renewal_date": False,
                    "scored_on": False,
                },
            ],
        )

    def test_what_ends_after_it_loses_its_scores_at_once(self):
        # Segments it leaves with the next refresh.
        self.env["subscription.segment"].search([]).action_archive()
        second = self.subscribe(self.old.partner_id, mrr=90, start="2025-06-20")
        self.refresh()
        customer = self.old.customer_id
        scored = customer.rfm_score

        def found(model):
            domain = [("scored_on", "!=", False), ("company_id", "=", self.company.id)]
            return self.env[model].search(domain)

        self.book(self.old, (self.as_of, END, None))
        self.assertEqual(found("sale.subscription"), second | self.new)
        self.assertRecordValues(
            self.old, [{"rfm_score": False, "rfm_segment": False, "rfm_monetary": 0}]
        )
        self.assertEqual(customer.rfm_score, scored)
        self.book(second, (self.as_of, END, None))
        self.assertEqual(found("sale.subscription"), self.new)
        self.assertEqual(found("subscription.customer"), self.new.customer_id)
        self.assertFalse(customer.rfm_segment)
        self.assertEqual(customer.lifecycle_stage, "churned")
        ended = self.versions(self.old | second), self.versions(customer)
        self.refresh()
        self.assertEqual(
            (self.versions(self.old | second), self.versions(customer)), ended
        )

    def test_customers_are_scored(self):
        partner = self.old.partner_id
        self.subscribe(partner, mrr=90, start="2025-06-20")
        self.refresh()
        self.assertRecordValues(
            self.old.customer_id | self.left.customer_id,
            [
                {
                    "mrr": 100.0,
                    "rfm_monetary": 100.0,
                    "rfm_recency": 10,
                    "rfm_frequency": 29,
                    "rfm_score": "544",
                    "rfm_segment": "champions",
                    "lifecycle_stage": "loyal",
                    "relationship_start_date": day("2023-01-10"),
                    "tenure_months": 29,
                    "next_renewal_date": day("2025-07-10"),
                },
                {
                    "mrr": 0.0,
                    "rfm_monetary": 0.0,
                    "rfm_recency": 0,
                    "rfm_frequency": 0,
                    "rfm_score": False,
                    "rfm_segment": False,
                    "lifecycle_stage": "churned",
                    "relationship_start_date": day("2024-01-15"),
                    "tenure_months": 12,
                    "next_renewal_date": False,
                },
            ],
        )

    def test_what_cannot_be_told_is_empty(self):
        """Invariant 12: what has ended or has not begun has no score, not even 0."""
        partner = self.make_partner("Never")
        never = self.env["subscription.customer"]._ensure(partner, self.company)
        draft = self.make_subscription(partner)
        self.refresh()
        empty = dict.fromkeys(RFM)
        self.assertEqual(self.stored(self.left, RFM), empty)
        self.assertEqual(self.stored(self.left.customer_id, RFM), empty)
        empty = dict.fromkeys(RFM + LIFE)
        self.assertEqual(self.stored(draft, RFM + LIFE), empty)
        self.assertEqual(self.stored(never, RFM + LIFE), empty)

    def test_second_run_writes_nothing(self):
        """Invariant 2: it is idempotent, and touches only rows that differ."""
        self.refresh()
        before = self.everything()
        run = self.refresh()
        self.assertEqual((run.seen_count, run.changed_count), (6, 0))
        self.assertEqual(self.everything(), before)

    def test_next_day_leaves_those_who_left_alone(self):
        """Invariant 2: only rows that differ are touched."""
        self.refresh()
        before = (
            self.versions(self.left | self.new),
            self.versions(self.left.customer_id),
        )
        run = self.refresh(self.as_of + timedelta(days=1))
        after = (
            self.versions(self.left | self.new),
            self.versions(self.left.customer_id),
        )
        self.assertEqual(run.changed_count, 4)
        self.assertEqual(after[1], before[1])
        self.assertEqual(after[0][self.left.id], before[0][self.left.id])
        self.assertNotEqual(after[0][self.new.id], before[0][self.new.id])

    def test_past_day_is_told_as_it_was(self):
        """Invariant 1: what was planned or began later is of no account."""
        self.refresh(day("2024-12-31"))
        self.assertEqual(self.left.lifecycle_stage, "stability")
        self.assertEqual(self.left.rfm_score, "523")
        self.assertEqual(self.old.next_renewal_date, day("2025-01-10"))
        self.assertFalse(self.new.lifecycle_stage)
        self.assertFalse(self.new.customer_id.scored_on)
        self.assertFalse(self.new.customer_id.first_start_date)

    def test_it_goes_on_where_it_was(self):
        """Invariant 2: broken off after any step it ends as if it had not been."""
        self.refresh()
        undisturbed = self.values()
        self.forget()
        for steps in range(8):
            left = iter([True] * steps)
            run = self.env["subscription.refresh"]._request(self.company, self.as_of)
            done = run._run(lambda left=left: next(left, False))
            self.assertEqual(done, run.state == "done")
            self.assertTrue(run._run(step))
            self.assertEqual(run.state, "done")
            self.assertEqual(self.values(), undisturbed)
            self.forget()

    def test_batches_are_complete(self):
        """Invariant 2: however small the batches are, no row is left out."""
        self.refresh()
        subscriptions = self.old | self.new | self.left
        models = {
            subscriptions: SUBSCRIPTION_COLUMNS,
            subscriptions.customer_id: CUSTOMER_COLUMNS,
        }

        def all_stored():
            return [
                self.stored(r, names) for some, names in models.items() for r in some
            ]

        expected = all_stored()
        for records in models:
            query = "UPDATE %s SET scored_on = NULL, lifecycle_stage = NULL"
            self.env.cr.execute(SQL(query, SQL.identifier(records._table)))
        self.assertNotEqual(all_stored(), expected)
        self.patch(subscription_refresh, "BATCH", 1)
        run = self.refresh()
        self.assertEqual((run.state, run.changed_count), ("done", 6))
        self.assertEqual(all_stored(), expected)

    def test_overdue_invoice_is_no_next_renewal(self):
        with freeze_time("2025-06-30 12:00:00"):
            self.old.recurring_next_date = day("2025-06-29")
            self.new.recurring_next_date = day("2025-07-05")
            self.refresh()
        self.assertEqual(self.old.next_renewal_date, day("2025-07-10"))
        self.assertEqual(self.new.next_renewal_date, day("2025-07-05"))

    @freeze_time("2025-06-30 12:00:00")
    def test_merged_customers_keep_their_scores(self):
        """Invariant 11: merging two partners loses no score."""
        self.refresh()
        subscriptions = self.old | self.new
        before = [self.stored(sub, RFM + LIFE) for sub in subscriptions]
        gone, kept = self.new.partner_id, self.old.partner_id
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (gone | kept).ids, kept, extra_checks=False
        )
        self.assertEqual(subscriptions.customer_id.partner_id, kept)
        self.assertEqual(
            [self.stored(sub, RFM + LIFE) for sub in subscriptions], before
        )
        self.refresh()
        self.assertEqual(
            [self.stored(sub, RFM + LIFE) for sub in subscriptions], before
        )
        self.assertRecordValues(
            self.old.customer_id,
            [
                {
                    "rfm_monetary": 60,
                    "rfm_frequency": 29,
                    "rfm_r": 5,
                    "tenure_months": 29,
                }
            ],
        )

    def values(self):
        self.env.invalidate_all()
        names = ["rfm_score", "lifecycle_stage", "scored_on", "mrr_company"]
        subscriptions = (self.old | self.new | self.left).read(names, load=None)
        return subscriptions, self.old.customer_id.read(["rfm_score", "mrr"], load=None)

    def forget(self):
        """Empty the columns."""
        self.env.cr.execute(
            "UPDATE sale_subscription SET rfm_score = NULL, scored_on = NULL,"
            " lifecycle_stage = NULL WHERE company_id = %s",
            [self.company.id],
        )
        self.env.invalidate_all()

    def test_staging_that_was_lost_is_made_again(self):
        run = self.env["subscription.refresh"]._request(self.company, self.as_of)
        while run.state != "applying":
            run._work()
        for model in ("sale.subscription", "subscription.customer"):
            table = SQL.identifier(run._staging(model))
            self.env.cr.execute(SQL("TRUNCATE %s", table))
        run._run(step)
        self.assertEqual((run.state, run.changed_count), ("done", 6))
        self.assertEqual(self.old.rfm_score, "542")

    def test_nothing_is_left_behind(self):
        """Invariant 13, of what no uninstallation would find."""
        self.refresh()
        self.assertFalse(staging_tables(self.env))

    def test_addon_updated_between(self):
        """Staging tables of another version are made again."""
        run = self.env["subscription.refresh"]._request(self.company, self.as_of)
        while run.state != "applying":
            run._work()
        table = SQL.identifier(run._staging("sale.subscription"))
        self.env.cr.execute(SQL("ALTER TABLE %s DROP COLUMN rfm_score", table))
        run._run(step)
        self.assertEqual((run.state, run.failed_count), ("done", 0))
        self.assertEqual(self.old.rfm_score, "542")

    def test_what_happens_meanwhile_is_not_overwritten(self):
        """Booked between computing and applying: it is newer than what was computed."""
        run = self.env["subscription.refresh"]._request(self.company, self.as_of)
        while run.state != "applying":
            run._work()
        self.book(self.old, ("2025-06-30", "change", 99))
        self.book(self.new, ("2025-06-30", "end", None))
        newest = self.subscribe(self.make_partner("Newest"), 5, "2025-06-30")
        run._run(step)
        self.assertEqual((run.state, run.failed_count), ("done", 0))
        self.assertEqual((self.old.mrr, self.old.customer_id.mrr), (99, 99))
        self.assertFalse(self.new.is_running)
        self.assertEqual(self.new.lifecycle_stage, "churned")
        self.assertEqual(self.new.customer_id.running_count, 0)
        self.assertEqual((newest.mrr, newest.customer_id.mrr), (5, 5))
        self.refresh()
        self.assertEqual((self.old.rfm_monetary, newest.rfm_m), (99, 2))

    def test_deleted_later_it_ran_all_the_same(self):
        """A past day is told the same after a deletion."""
        names = ["mrr", "running_count", "rfm_monetary", "rfm_m"]
        gone = self.subscribe(self.old.partner_id, mrr=90, start="2024-01-20")
        past = day("2024-12-31")
        self.refresh(past)
        customer = self.old.customer_id
        before = customer.read(names)
        self.book(gone, ("2025-06-30", "delete", None))
        gone.sale_subscription_line_ids.unlink()
        gone.unlink()
        self.refresh(past)
        self.assertEqual(customer.read(names), before)

    def test_empty_company(self):
        company = self.make_company("Empty Company")
        run = self.refresh(company=company)
        self.assertEqual((run.state, run.seen_count, run.progress), ("done", 0, 100))

    def test_companies_are_apart(self):
        """Invariant 4: nothing of another company changes a score or is written."""
        self.refresh()
        before = self.everything(), self.values()
        other = self.make_company("Other Company")
        for mrr in (1, 2, 500):
            self.subscribe(self.old.partner_id, mrr=mrr, company=other)
        run = self.refresh(company=other)
        self.assertEqual(run.seen_count, 4)
        self.assertEqual((self.everything(), self.values()), before)
        self.assertEqual(self.refresh().changed_count, 0)
        self.assertEqual((self.everything(), self.values()), before)

    def test_limits_of_the_company_count(self):
        self.company.write(
            {
                "subscription_stability_months": 1,
                "subscription_recency_r5_ratio": 1,
                "subscription_grace_days": 0,
            }
        )
        self.refresh()
        self.assertEqual(self.new.lifecycle_stage, "stability")

    def test_amounts_stay_exact(self):
        """What is stored with a booking and by a refresh is the same to the digit."""
        exact = self.subscribe(self.make_partner(), mrr="19.85")
        self.refresh()
        self.env.cr.execute(
            "SELECT mrr::text, mrr_company::text, rfm_monetary::text"
            " FROM sale_subscription WHERE id = %s",
            exact.ids,
        )
        self.assertEqual(self.env.cr.fetchone(), ("19.85", "19.85", "19.85"))
        before = self.versions(exact), self.versions(exact.customer_id)
        exact.customer_id._store_lives(self.as_of)
        after = self.versions(exact), self.versions(exact.customer_id)
        self.assertEqual(after, before)

    def test_currencies(self):
        self.get_currency("EUR", {day("2025-01-01"): 2})
        foreign = self.subscribe(self.make_partner(), mrr=30, currency="EUR")
        self.refresh()
        self.assertEqual((foreign.mrr, foreign.mrr_company), (30, 60))
        self.assertEqual((foreign.rfm_monetary, foreign.rfm_m), (60, 5))


@tagged("post_install", "-at_install")
class TestRefreshFailures(RefreshCase):
    """Invariant 9: one record that fails is named, and stops no other."""

    def notices(self, run, user):
        """Return the messages that a user was sent about a run."""
        return self.env["mail.message"].search(
            [
                ("model", "=", run._name),
                ("res_id", "=", run.id),
                ("partner_ids", "in", user.partner_id.ids),
            ]
        )

    def break_table(self, table, record):
        """Have the database refuse to write one row."""
        self.env.cr.execute(
            SQL(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF NEW.id = %s THEN
                        RAISE EXCEPTION 'this row is refused';
                    END IF;
                    RETURN NEW;
                END $$
                """,
                record.id,
            )
        )
        self.env.cr.execute(
            SQL(
                "CREATE TRIGGER refuse BEFORE UPDATE ON %s"
                " FOR EACH ROW EXECUTE FUNCTION refuse()",
                SQL.identifier(table),
            )
        )

    @mute_logger("odoo.sql_db")
    def test_row_that_cannot_be_written(self):
        manager = self.make_user("manager")
        self.break_table("sale_subscription", self.old)
        run = self.refresh()
        self.assertEqual((run.state, run.failed_count), ("done", 1))
        self.assertRecordValues(
            run.failure_ids,
            [
                {
                    "name": self.old.display_name,
                    "model": "sale.subscription",
                    "res_id": self.old.id,
                    "error": "this row is refused",
                }
            ],
        )
        self.assertFalse(self.old.scored_on)
        self.assertEqual(self.new.rfm_score, "524")
        self.assertEqual(self.old.customer_id.scored_on, self.as_of)
        self.assertEqual(len(self.notices(run, manager)), 1)

    def make_endless(self, subscriptions):
        """Give subscriptions a period beyond all calendars.

        Not through the form, which would notice at once.
        """
        plan = self.make_plan("Endless", interval=2_000_000_000)
        self.env.cr.execute(
            "UPDATE sale_subscription SET template_id = %s WHERE id = ANY(%s)",
            [plan.id, subscriptions.ids],
        )
        self.env.cr.execute(
            "UPDATE subscription_terms SET interval = %s"
            " WHERE subscription_res_id = ANY(%s)",
            [plan.recurring_interval, subscriptions.ids],
        )

    def test_subscription_that_cannot_be_computed(self):
        self.make_endless(self.new)
        with mute_logger("odoo.sql_db"):
            run = self.refresh()
        self.assertEqual((run.state, run.failed_count), ("done", 1))
        self.assertEqual(run.failure_ids.res_id, self.new.id)
        # Invariant 12: it runs and is not scored.
        self.assertTrue(self.new.is_running)
        self.assertEqual(self.stored(self.new, RFM), dict.fromkeys(RFM))
        self.assertEqual(self.old.lifecycle_stage, "loyal")
        self.assertEqual(self.old.scored_on, self.as_of)

    def test_run_that_fails(self):
        manager = self.make_user("manager")
        run = self.env["subscription.refresh"]._request(self.company, self.as_of)
        while run.state != "applying":
            run._work()
        run.last_table = "no.such.model"
        with self.assertLogs(ENGINE, "ERROR"):
            run._run(step)
        self.assertEqual((run.state, run.error), ("failed", "'no.such.model'"))
        self.assertEqual(len(self.notices(run, manager)), 1)
        self.assertEqual(self.refresh().state, "done")

    def test_run_that_another_process_has(self):
        manager = self.make_user("manager")
        run = self.env["subscription.refresh"]._request(self.company, self.as_of)
        run._work()
        with self.held_elsewhere():
            self.assertTrue(run._run(step))
            self.assertEqual(run.state, "computing")
            run._cron_watch()
            self.assertFalse(self.notices(run, manager))
            run.heartbeat = fields.Datetime.now() - timedelta(minutes=61)
            run._cron_watch()
            self.assertEqual(len(self.notices(run, manager)), 1)
            run._cron_watch()
            self.assertEqual(len(self.notices(run, manager)), 1, "told once")
            with self.assertRaisesRegex(UserError, "is running"):
                self.old.action_refresh_subscription()
        run._cron_watch()
        run._run(step)
        self.assertEqual((run.state, run.error), ("done", False))
        self.assertEqual(len(self.notices(run, manager)), 1)

    @contextmanager
    def held_elsewhere(self):
        """Hold the lock of the company in another session."""
        keys = [LOCK, self.company.id]
        with db_connect(self.env.cr.dbname).cursor() as other:
            other.execute("SELECT pg_advisory_lock(%s, %s)", keys)
            try:
                yield
            finally:
                other.execute("SELECT pg_advisory_unlock(%s, %s)", keys)

    def test_customer_of_one_that_cannot_be_computed(self):
        """Nothing wrong is said of others, nor of its own customer."""
        self.patch(
            subscription_refresh_staging, "LATE", 0
        )  # what it booked is long ago
        self.subscribe(self.old.partner_id, start="2024-06-01", end="2025-01-01")
        follower = self.subscribe(self.old.partner_id, start="2025-01-01", mrr=7)
        self.make_endless(self.new)
        with mute_logger("odoo.sql_db"):
            run = self.refresh()
        self.assertEqual(run.failure_ids.mapped("res_id"), self.new.ids)
        self.assertTrue(follower.predecessor_id)
        self.assertEqual(follower.tenure_months, 12)
        self.assertEqual(self.new.customer_id.mrr, 50)
        self.assertFalse(self.new.customer_id.scored_on)
        self.assertEqual(self.old.customer_id.mrr, 17)

    def test_none_can_be_computed(self):
        company = self.make_company("Endless Company")
        self.make_endless(self.subscribe(self.make_partner(), company=company))
        with mute_logger("odoo.sql_db"), self.assertLogs(ENGINE, "ERROR"):
            run = self.refresh(company=company)
        self.assertEqual(run.state, "failed")
        self.assertIn("years 1 to 9999", run.error)

    def test_row_that_somebody_holds(self):
        self.env.cr.execute(
            """
            CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION USING ERRCODE = 'lock_not_available', MESSAGE = 'held';
            END $$
            """
        )
        self.env.cr.execute(
            SQL(
                "CREATE TRIGGER wait BEFORE UPDATE ON sale_subscription"
                " FOR EACH ROW WHEN (NEW.id = %s) EXECUTE FUNCTION wait()",
                self.old.id,
            )
        )
        with mute_logger("odoo.sql_db"):
            run = self.refresh()
        self.assertEqual((run.state, run.failed_count), ("done", 1))
        self.assertEqual(run.failure_ids.error, "held")
        self.assertEqual(self.new.rfm_score, "524")


@tagged("post_install", "-at_install")
class TestRefreshSchedule(RefreshCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cron = cls.env.ref(f"{MODULE}.ir_cron_subscription_refresh")

    def test_cron_refreshes_each_company_once_a_day(self):
        Refresh = self.env["subscription.refresh"]
        mine = [("company_id", "=", self.company.id)]
        with freeze_time("2025-06-30 12:00:00"), self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
            self.assertEqual(Refresh.search(mine).mapped("state"), ["done"])
            self.cron.method_direct_trigger()
            self.assertEqual(Refresh.search_count(mine), 1)
        with freeze_time("2025-07-01 12:00:00"), self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
            self.assertEqual(Refresh.search_count(mine), 2)
        self.assertEqual(self.old.scored_on, day("2025-07-01"))

    def test_each_company_by_its_own_midnight(self):
        """Invariant 10: the company decides what today is."""
        Refresh = self.env["subscription.refresh"]
        self.company.partner_id.tz = "America/Los_Angeles"
        mine = [("company_id", "=", self.company.id)]
        for now, count in (
            ("2025-06-30 18:00:00", 1),
            ("2025-07-01 06:30:00", 1),
            ("2025-07-01 07:30:00", 2),
        ):
            with freeze_time(now), self.enter_registry_test_mode():
                self.cron.method_direct_trigger()
            self.assertEqual(Refresh.search_count(mine), count, now)

    @contextmanager
    def billing(self):
        """Hold the scheduler of billing as Odoo does while it runs; yields a cursor."""
        cron = self.env.ref("subscription_oca.ir_cron_subscription_management")
        query = "SELECT id FROM ir_cron WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED"
        with db_connect(self.env.cr.dbname).cursor() as other:
            other.execute(query, [cron.id])
            yield other.fetchall()

    def test_waits_while_subscriptions_are_billed(self):
        """Billing is one transaction: a row we write meanwhile would lose all of it."""
        mine = [("company_id", "=", self.company.id)]
        Refresh = self.env["subscription.refresh"]
        triggers = self.env["ir.cron.trigger"]
        with freeze_time("2025-06-30 12:00:00"), self.enter_registry_test_mode():
            with self.billing() as held:
                self.assertTrue(held)
                self.cron.method_direct_trigger()
            self.assertEqual(Refresh.search(mine).state, "waiting")
            self.assertEqual(
                triggers.search([("cron_id", "=", self.cron.id)]).mapped("call_at"),
                [datetime(2025, 6, 30, 12, 5)],
            )
            self.cron.method_direct_trigger()
            self.assertEqual(Refresh.search(mine).state, "done")
            # Nor does billing begin while a step is not committed.
            with self.billing() as held:
                self.assertFalse(held)

    def test_one_that_failed_is_tried_again_a_few_times(self):
        Refresh = self.env["subscription.refresh"]
        with freeze_time("2025-06-30 12:00:00"):
            for _time in range(3):
                run = Refresh._due(self.company)
                self.assertEqual(run.state, "waiting")
                run._fail(ValueError("broken"))
            self.assertFalse(Refresh._due(self.company))
        with freeze_time("2025-07-01 12:00:00"):
            self.assertTrue(Refresh._due(self.company))

    def test_history_before_installation_is_read_first(self):
        Refresh = self.env["subscription.refresh"]
        with freeze_time("2025-06-30 12:00:00"):
            backfill = self.env["subscription.backfill"]._start(self.company)
            self.assertFalse(Refresh._due(self.company))
            while backfill._work():
                self.assertFalse(Refresh._due(self.company))
            self.assertEqual(Refresh._due(self.company).state, "waiting")

    def test_asked_for_while_one_works(self):
        """What was changed after it had computed is seen by the next one."""
        Refresh = self.env["subscription.refresh"]
        with freeze_time("2025-06-30 12:00:00"):
            run = Refresh._request(self.company)
            while run.state != "applying":
                run._work()
            self.company.subscription_loyal_months = 100
            self.assertEqual(Refresh._request_again(self.company), run)
            run._run(step)
            following = Refresh._due(self.company)
            self.assertNotEqual(following, run)
            following._run(step)
            self.assertEqual(self.old.lifecycle_stage, "stability")
            self.assertFalse(Refresh._due(self.company))

    def test_run_of_a_company_that_has_lost_its_subscriptions(self):
        company = self.make_company("Empty Company")
        run = self.env["subscription.refresh"]._request_again(company)
        with self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.assertEqual(run.state, "done")

    def test_manager_asks_for_a_refresh(self):
        manager = self.make_user("manager")
        Refresh = self.as_user(self.env["subscription.refresh"], manager)
        action = Refresh.action_refresh_now()
        run = Refresh.browse(action["res_id"])
        self.assertEqual((run.state, run.company_id), ("waiting", self.company))
        self.assertEqual(Refresh.action_refresh_now()["res_id"], run.id)
        for kind in ("user", "agent", "internal"):
            with self.assertRaises(AccessError):
                self.as_user(
                    self.env["subscription.refresh"], self.make_user(kind)
                ).action_refresh_now()

    def test_one_subscription(self):
        user = self.make_user("user")
        with freeze_time("2025-06-30 12:00:00"):
            self.refresh()
            before = self.versions(self.new | self.left)
            self.forget_one()
            self.as_user(self.old, user).action_refresh_subscription()
        self.assertEqual(self.old.rfm_score, "542")
        self.assertEqual(self.old.scored_on, self.as_of)
        self.assertEqual(self.versions(self.new | self.left), before)

    def forget_one(self):
        self.old.sudo().write({"rfm_score": False, "scored_on": False})

    def test_old_runs_go(self):
        run = self.refresh()
        self.env["subscription.refresh"]._gc_runs()
        self.assertTrue(run.exists())
        self.env.cr.execute(
            "UPDATE subscription_refresh SET create_date = create_date - interval"
            " '91 days' WHERE id = %s",
            [run.id],
        )
        self.env["subscription.refresh"]._gc_runs()
        self.assertFalse(run.exists())
