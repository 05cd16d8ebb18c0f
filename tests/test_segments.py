# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Segments: who enters, stays and leaves, by their domains or by hand."""

from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import (
    AccessError,
    ConcurrencyError,
    UserError,
    ValidationError,
)
from odoo.fields import Domain
from odoo.sql_db import db_connect
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..models import subscription_segment_engine
from ..models.subscription_refresh import LOCK
from .common import SubscriptionCase, day

TODAY = "2025-06-30"


class SegmentCase(SubscriptionCase):
    """Three customers with a subscription each: at 10, 20 and 30 a month."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Those that come with the addon are another matter.
        cls.env["subscription.segment"].search([]).action_archive()
        cls.small, cls.middle, cls.big = (
            cls.subscribe(cls.make_partner(name), mrr, start)
            for name, mrr, start in (
                ("Ada", 10, "2024-01-15"),
                ("Bob", 20, "2025-01-15"),
                ("Cyd", 30, "2025-06-20"),
            )
        )

    @classmethod
    def make_segment(cls, name="Segment", enter="[('mrr', '>=', 20)]", **values):
        values = {"name": name, "enter_domain": enter, **values}
        return cls.env["subscription.segment"].create(values)

    def members(self, segment):
        """Return the subscriptions in a segment now, as its search finds them."""
        return self.env["sale.subscription"].search(
            [("segment_ids", "in", segment.ids)]
        )

    def memberships(self, segment, subscription=None):
        domain = Domain("segment_id", "=", segment.id)
        if subscription:
            domain &= Domain("subscription_id", "=", subscription.id)
        Membership = self.env["subscription.segment.membership"]
        return Membership.search(domain, order="id")

    def set_mrr(self, subscription, mrr):
        """Have another MRR, without what follows from one."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_subscription SET mrr = %s WHERE id = %s",
            (mrr, subscription.id),
        )
        self.env.invalidate_all()

    def evaluate(self, segment, as_of=TODAY):
        return segment._evaluate(self.company, day(as_of))

    def pin(self, records, segment, action="pinned_in", user=None, **values):
        """Pin through the wizard, as the lists do."""
        if user:
            records, segment = (self.as_user(some, user) for some in (records, segment))
        context = {"active_model": records._name, "active_ids": records.ids}
        Wizard = records.env["subscription.segment.pin"].with_context(**context)
        with Form(Wizard) as form:
            form.segment_id = segment
            form.action = action
            if action != "unpin":
                form.reason = values.get("reason", "They told me")
                form.until = values.get("until", False)
        form.record.action_confirm()
        return form.record

    def refresh(self, as_of=TODAY, company=None):
        return self.env["subscription.refresh"]._refresh_company(
            company or self.company, day(as_of), lambda: True
        )

    def hear(self, segment_model, **hooks):
        """Have a hook of segments call a function as well, as another addon would."""
        for name, function in hooks.items():
            self.patch(self.registry["subscription.segment"], name, function)

    def recorded(self):
        """Return the list that what the hooks are told is added to."""
        told = []

        def entered(segment, subscriptions):
            told.append((segment.name, "entered", subscriptions))

        def left(segment, subscriptions):
            told.append((segment.name, "left", subscriptions))

        self.hear("subscription.segment", _segment_entered=entered, _segment_left=left)
        return told


@tagged("post_install", "-at_install")
@freeze_time(f"{TODAY} 12:00:00")
class TestSegments(SegmentCase):
    # --- entering, staying, leaving ---------------------------------------------------

    def test_names_are_those_in_the_language_of_the_company(self):
        german = self.env["res.lang"]._activate_lang("de_DE")
        stage = self.small.stage_id
        stage.with_context(lang=german.code).name = "Läuft gut"
        segment = self.make_segment(enter="[('stage_id.name', '=', 'Läuft gut')]")
        self.evaluate(segment)
        self.assertFalse(self.members(segment))
        self.company.partner_id.lang = german.code
        self.evaluate(segment)
        self.assertEqual(self.members(segment), self.small | self.middle | self.big)

    def test_members_follow_the_domain(self):
        segment = self.make_segment()
        self.assertEqual(self.members(segment), self.middle | self.big)
        self.set_mrr(self.middle, 15)
        self.set_mrr(self.small, 25)
        self.evaluate(segment, "2025-07-04")
        self.assertEqual(self.members(segment), self.small | self.big)
        self.assertRecordValues(
            self.memberships(segment, self.middle),
            [
                {
                    "date_from": day(TODAY),
                    "date_to": day("2025-07-04"),
                    "kind": "automatic",
                    "company_id": self.company.id,
                }
            ],
        )
        self.assertEqual(
            self.memberships(segment, self.small).date_from, day("2025-07-04")
        )
        self.assertFalse(self.memberships(segment, self.big).date_to)

    def test_second_evaluation_changes_no_row(self):
        first = self.make_segment("First", sequence=1, exclusive_group="x")
        second = self.make_segment("Second", "[]", sequence=2, exclusive_group="x")
        self.pin(self.small, first)
        self.refresh()
        records = [
            self.memberships(first) | self.memberships(second),
            self.small | self.middle | self.big,
            (self.small | self.middle | self.big).customer_id,
        ]
        self.assertTrue(records[0])
        before = [self.versions(some) for some in records]
        self.env["subscription.refresh"].search([]).unlink()
        run = self.refresh()
        self.assertEqual((run.state, run.failed_count), ("done", 0))
        self.assertEqual([self.versions(some) for some in records], before)

    def test_stay_domain_is_for_members_only(self):
        segment = self.make_segment(stay_domain="[('mrr', '>=', 10)]")
        self.assertEqual(self.members(segment), self.middle | self.big)
        self.set_mrr(self.middle, 15)
        self.set_mrr(self.big, 5)
        self.evaluate(segment)
        self.assertEqual(self.members(segment), self.middle)

    def test_minimum_stay_counts_from_entering(self):
        segment = self.make_segment(minimum_stay_days=7)
        self.set_mrr(self.middle, 15)
        self.evaluate(segment, "2025-07-06")
        self.assertIn(self.middle, self.members(segment))
        self.evaluate(segment, "2025-07-07")
        self.assertNotIn(self.middle, self.members(segment))

    def test_day_before_it_entered_keeps_nobody(self):
        segment = self.make_segment(stay_domain="[('mrr', '>=', 18)]")
        self.set_mrr(self.middle, 15)
        self.evaluate(segment, "2025-06-01")
        self.assertNotIn(self.middle, self.members(segment))
        member = self.memberships(segment, self.middle)
        self.assertEqual(member.date_to, member.date_from)

    def test_day_before_it_entered_is_no_minimum_stay(self):
        segment = self.make_segment(minimum_stay_days=7)
        self.set_mrr(self.middle, 15)
        self.evaluate(segment, "2025-06-01")
        self.assertNotIn(self.middle, self.members(segment))

    def test_archived_subscription_leaves(self):
        segment = self.make_segment(minimum_stay_days=7)
        archived = self.make_segment("Archived", "[('active', 'in', [True, False])]")
        self.big.action_archive()
        self.evaluate(segment)
        self.evaluate(archived)
        self.assertEqual(self.members(segment), self.middle)
        self.assertTrue(self.memberships(segment, self.big).date_to)
        found = self.members(archived.with_context(active_test=False))
        self.assertEqual(found, self.small | self.middle)
        self.assertFalse(self.memberships(archived, self.big).date_to)

    def test_first_of_an_exclusive_group_takes_it(self):
        second = self.make_segment("All", "[]", sequence=2, exclusive_group="size")
        first = self.make_segment("Large", sequence=1, exclusive_group="size")
        self.make_segment("Other", "[]", sequence=0, exclusive_group="colour")
        self.assertEqual(self.members(first), self.middle | self.big)
        self.assertEqual(self.members(second), self.small)
        second.sequence = 0
        self.assertFalse(self.members(first))
        self.assertEqual(len(self.members(second)), 3)

    def test_exclusive_segment_gives_way_to_a_pin(self):
        first = self.make_segment("Large", sequence=1, exclusive_group="size")
        second = self.make_segment("All", "[]", sequence=2, exclusive_group="size")
        self.pin(self.big, second)
        self.assertEqual(self.members(first), self.middle)
        self.assertEqual(self.members(second), self.small | self.big)
        self.pin(self.big, second, "unpin")
        self.assertEqual(self.members(first), self.middle | self.big)
        self.assertEqual(self.members(second), self.small)

    def test_companies_have_their_own_members(self):
        other = self.make_company("Second Company", "EUR")
        there = self.subscribe(
            self.make_partner("Dee"), 50, currency="EUR", company=other
        )
        everyone = self.make_segment("Everyone", "[]")
        ours = self.make_segment("Ours", "[]", company_id=self.company.id)
        self.assertIn(there, self.members(everyone))
        self.assertNotIn(there, self.members(ours))
        self.assertEqual(self.memberships(everyone, there).company_id, other)
        user = self.make_user("user")
        seen = self.as_user(everyone, user).membership_ids.subscription_id
        self.assertCountEqual(seen, self.big | self.middle | self.small)
        everyone.company_id = self.company
        self.assertNotIn(there, self.members(everyone))

    def test_subscription_that_moves_to_another_company(self):
        other = self.make_company("Second Company")
        self.subscribe(self.make_partner("Dee"), 50, company=other)
        segment = self.make_segment("Everyone", "[]")
        self.env.cr.execute(
            "UPDATE sale_subscription SET company_id = %s WHERE id = %s",
            (other.id, self.big.id),
        )
        self.env.invalidate_all()
        segment._evaluate(other, day(TODAY))
        rows = self.memberships(segment, self.big)
        self.assertEqual(rows.company_id, self.company | other)
        self.assertEqual(rows.filtered(lambda row: not row.date_to).company_id, other)

    def test_ticket_made_while_segments_are_evaluated(self):
        """Neither saw the other: it is seen when all segments are done."""
        segment = self.make_segment(
            enter="[('mrr', '>', 1000)]", tag_tickets=True, ticket_priority="3"
        )
        self.env.cr.execute(
            "UPDATE subscription_segment SET enter_domain = '[]' WHERE id = %s",
            [segment.id],
        )
        self.env.invalidate_all()
        Ticket = self.registry["helpdesk.ticket"]
        made = []

        def made_meanwhile(segments, company, as_of, run=None):
            result = evaluate(segments, company, as_of, run)
            with patch.object(Ticket, "_follow_segments", lambda self, new=False: None):
                made.append(
                    self.env["helpdesk.ticket"].create(
                        {
                            "name": "Help",
                            "description": "Help",
                            "partner_id": self.big.partner_id.id,
                            "company_id": self.company.id,
                        }
                    )
                )
            return result

        Segment = self.registry["subscription.segment"]
        evaluate = Segment._evaluate
        self.patch(Segment, "_evaluate", made_meanwhile)
        run = self.refresh()
        self.assertEqual(run.state, "done")
        [ticket] = made
        ticket.invalidate_recordset()
        self.assertEqual(ticket.priority, "3")
        self.assertEqual(ticket.tag_ids, segment.ticket_tag_id)

    @mute_logger("odoo.sql_db")
    def test_broken_domain_is_told_after_a_failing_event(self):
        def entered(segment, subscriptions):
            raise ValueError("No welcome")

        self.hear("subscription.segment", _segment_entered=entered)
        broken = self.make_segment()
        self.assertIn("No welcome", self.evaluation(broken).error)
        self.env.cr.execute(
            "UPDATE subscription_segment SET enter_domain = %s WHERE id = %s",
            ("[('gone', '=', 1)]", broken.id),
        )
        self.env.invalidate_all()
        manager = self.make_user("manager")
        self.refresh()
        self.assertEqual(len(self.notices(manager)), 1)

    # --- domains ----------------------------------------------------------------------

    def test_relative_dates_count_from_the_day(self):
        texts = [
            "[('first_start_date', '>=', 'today -30d')]",
            "[('first_start_date', 'in', ['today -10d'])]",
            "[('movement_ids', 'any', [('date', '>=', '-30d')])]",
            "[('customer_id.first_start_date', '>=', 'today -1m')]",
        ]
        for text in texts:
            with self.subTest(text):
                segment = self.make_segment(enter=text)
                self.assertEqual(self.members(segment), self.big)
                self.evaluate(segment, "2025-08-01")
                self.assertFalse(self.members(segment))
                self.evaluate(segment, "2025-01-25")
                self.assertIn(self.middle, self.members(segment))

    def test_paths_stay_in_the_company(self):
        """A partner is shared: what another company sells it counts there alone."""
        other = self.make_company("Second Company")
        there = self.subscribe(self.big.partner_id, 5000, company=other)
        self.big.user_id = self.make_user("salesperson", other | self.company)
        everybody = self.small | self.middle | self.big
        nobody = self.big.browse()
        path = "partner_id.subscription_ids"
        large = "('recurring_total', '>', 4000)"
        for text, expected in (
            (f"[('{path}.recurring_total', '>', 4000)]", nobody),
            (f"[('{path}', 'any', [{large}])]", nobody),
            (
                f"[('partner_id', 'any', [('subscription_ids', 'any', [{large}])])]",
                nobody,
            ),
            (
                "[('partner_id', 'any', [('subscription_ids.recurring_total', '>', 4000"
                ")])]",
                nobody,
            ),
            (f"['!', ('{path}.recurring_total', '>', 4000)]", everybody),
            (f"[('{path}', 'not any', [{large}])]", everybody),
            (f"[('{path}.recurring_total', '!=', 30)]", self.small | self.middle),
            (f"[('{path}', 'in', [{there.id}])]", nobody),
            (f"[('{path}', '!=', {there.id})]", everybody),
            (f"[('{path}', '=', '{there.display_name}')]", nobody),
            (f"[('{path}', 'ilike', '{there.display_name}')]", nobody),
            (f"[('{path}', 'not ilike', '{there.display_name}')]", everybody),
            (f"[('{path}', 'in', [False, {self.big.id}])]", self.big),
            (f"[('{path}', '=', False)]", nobody),
            (f"[('{path}', '!=', False)]", everybody),
            (f"[('user_id.login', '=', '{self.big.user_id.login}')]", self.big),
            (f"[('id', 'any', [('{path}', 'any', [{large}])])]", nobody),
        ):
            with self.subTest(text):
                ours = self.make_segment(enter=text, company_id=self.company.id)
                self.assertEqual(self.members(ours), expected)
        shared = self.make_segment(
            enter=f"[('partner_id.subscription_ids', 'any', [{large}])]"
        )
        self.assertEqual(self.members(shared), there)

    def test_days_to_renewal_count_from_the_day(self):
        segment = self.make_segment(enter="[('days_to_renewal', '=', 3)]")
        self.middle.sudo().next_renewal_date = day("2025-07-10")
        self.evaluate(segment, "2025-07-07")
        self.assertEqual(self.members(segment), self.middle)

    def test_nobody_sends_the_day_over_the_wire(self):
        company = self.company.with_context(subscription_as_of="2020-01-01")
        self.assertEqual(company._subscription_today(), day(TODAY))

    @mute_logger("odoo.sql_db")
    def test_broken_domain_is_refused_with_the_reason(self):
        for text, reason in (
            ("[('mrr', '>=', 20)", "no list of conditions"),
            ("[('scored_on', '<', context_today())]", "'today -30d'"),
            ("[('nothing', '=', 1)]", "nothing"),
            ("[('partner_id.nothing', '=', 1)]", "nothing"),
            ("[('mrr', '>', 'much')]", "much"),
            ("[('first_start_date', '>', 'someday')]", "someday"),
            ("'mrr'", "no list"),
            ("[('mrr', '=', open('/etc/passwd'))]", "no list"),
            ("[('partner_id', 'any!', [])]", "any!"),
        ):
            for name in ("enter_domain", "stay_domain"):
                with (
                    self.subTest(text, name=name),
                    self.assertRaisesRegex(ValidationError, f"(?s)Big ones.*{reason}"),
                ):
                    self.make_segment("Big ones", **{"enter": "[]", name: text})

    def test_fields_a_person_may_not_read_find_nobody_for_her(self):
        manager = self.make_user("manager")
        Segment = self.as_user(self.env["subscription.segment"], manager)
        Segment.create({"name": "Mine", "enter_domain": "[('mrr', '>=', 20)]"})
        with (
            mute_logger("odoo.addons.base.models.ir_model", "odoo.models"),
            self.assertRaises(ValidationError),
        ):
            Segment.create(
                {
                    "name": "Invoiced",
                    "enter_domain": "[('invoice_ids.amount_total', '>', 20)]",
                }
            )

    def test_domain_that_breaks_later_stops_only_its_own_segment(self):
        broken = self.make_segment("Broken", sequence=1)
        fine = self.make_segment("Fine", sequence=2)
        self.env.cr.execute(
            "UPDATE subscription_segment SET enter_domain = %s WHERE id = %s",
            ("[('gone', '=', 1)]", broken.id),
        )
        self.env.invalidate_all()
        self.set_mrr(self.small, 20)
        self.book(self.small, ("2025-06-01", "change", 20))
        manager = self.make_user("manager")
        run = self.refresh()
        self.assertEqual(run.state, "done")
        self.assertEqual(self.members(broken), self.middle | self.big)
        self.assertEqual(len(self.members(fine)), 3)
        self.assertIn("gone", self.evaluation(broken).error)
        self.assertTrue(broken.evaluation_failed)
        self.assertFalse(self.evaluation(fine).error)
        self.assertEqual(run.failure_ids.name, "Broken")
        self.assertIn("gone", run.failure_ids.error)
        told = self.notices(manager)
        self.assertEqual(len(told), 1)
        self.assertIn("Broken", told.body)
        run = self.refresh("2025-07-01")
        self.assertTrue(run.failure_ids)
        self.assertEqual(self.notices(manager), told, "not each night")
        broken.enter_domain = "[]"
        self.assertFalse(self.evaluation(broken).error)
        self.assertFalse(broken.evaluation_failed)

    def evaluation(self, segment):
        return self.env["subscription.segment.evaluation"].search(
            [("segment_id", "=", segment.id), ("company_id", "=", self.company.id)]
        )

    def notices(self, user):
        return self.env["mail.message"].search(
            [
                ("model", "=", "subscription.refresh"),
                ("notified_partner_ids", "in", user.partner_id.ids),
            ]
        )

    def test_evaluation_says_how_it_went(self):
        segment = self.make_segment()
        self.set_mrr(self.middle, 5)
        self.evaluate(segment, "2025-07-01")
        self.assertRecordValues(
            self.evaluation(segment),
            [
                {
                    "as_of": day("2025-07-01"),
                    "member_count": 1,
                    "entered_count": 0,
                    "left_count": 1,
                    "error": False,
                }
            ],
        )

    def test_changing_what_follows_reads_no_membership(self):
        """There may be a hundred thousand."""
        segment = self.make_segment(tag_subscriptions=True)
        self.env.flush_all()
        self.env.invalidate_all()
        Membership = self.registry["subscription.segment.membership"]
        with patch.object(
            Membership, "_fetch_query", side_effect=AssertionError("All are read")
        ):
            segment.ticket_priority = "2"

    # --- events -----------------------------------------------------------------------

    def test_events_come_once_and_by_the_batch(self):
        self.patch(subscription_segment_engine, "EVENTS", 2)
        told = self.recorded()
        segment = self.make_segment(enter="[]")
        three = self.small | self.middle | self.big
        self.assertEqual(
            told,
            [
                ("Segment", "entered", three[:2]),
                ("Segment", "entered", three[2:]),
            ],
        )
        told.clear()
        self.evaluate(segment)
        self.assertFalse(told)
        segment.enter_domain = "[('mrr', '>', 10)]"
        self.assertEqual(told, [("Segment", "left", self.small)])

    def test_event_that_fails_is_named_and_leaves_the_memberships(self):
        self.patch(subscription_segment_engine, "EVENTS", 1)
        done = []

        def entered(segment, subscriptions):
            subscriptions.description = "Welcome"
            if subscriptions == self.middle:
                raise ValueError("No welcome for Bob")
            done.append(subscriptions)

        segment = self.make_segment(enter="[('mrr', '>', 1000)]")
        self.patch(self.registry["subscription.segment"], "_segment_entered", entered)
        self.env.cr.execute(
            "UPDATE subscription_segment SET enter_domain = '[]' WHERE id = %s",
            [segment.id],
        )
        self.env.invalidate_all()
        run = self.refresh()
        self.assertEqual(done, [self.small, self.big])
        self.assertEqual(len(self.members(segment)), 3)
        self.assertEqual(run.failed_count, 1)
        self.assertEqual(run.failure_ids.name, "Segment")
        self.assertIn("No welcome", run.failure_ids.error)
        self.assertIn("No welcome", segment.evaluation_error)
        self.assertFalse(segment.evaluation_failed, "its members are those of today")
        self.assertFalse(self.middle.description)
        self.assertTrue(self.big.description)

    def test_archiving_and_deleting_end_memberships_at_once(self):
        told = self.recorded()
        segment = self.make_segment()
        self.pin(self.small, segment)
        told.clear()
        segment.action_archive()
        self.assertFalse(self.members(segment))
        everybody = self.small | self.middle | self.big
        self.assertEqual(told, [("Segment", "left", everybody)])
        self.assertFalse(self.big.primary_segment_id)
        segment.action_unarchive()
        self.assertEqual(self.members(segment), self.middle | self.big)
        self.assertEqual(self.big.primary_segment_id, segment)
        told.clear()
        segment.unlink()
        self.assertEqual(told, [("Segment", "left", self.middle | self.big)])
        self.assertFalse(self.big.primary_segment_id)

    # --- pins -------------------------------------------------------------------------

    def test_pins_go_before_the_conditions(self):
        told = self.recorded()
        segment = self.make_segment()
        told.clear()
        user = self.make_user("salesperson")
        self.pin(self.small, segment, user=user, until="2025-07-05")
        self.pin(self.big, segment, "pinned_out", user=user, reason="Not now")
        self.assertEqual(
            told,
            [
                ("Segment", "entered", self.small),
                ("Segment", "left", self.big),
            ],
        )
        for as_of in (TODAY, "2025-07-05"):
            self.evaluate(segment, as_of)
            self.assertEqual(self.members(segment), self.small | self.middle)
        self.assertRecordValues(
            self.memberships(segment, self.small),
            [
                {
                    "kind": "pinned_in",
                    "pinned_by_id": user.id,
                    "pin_reason": "They told me",
                    "pinned_until": day("2025-07-05"),
                }
            ],
        )
        self.assertEqual(
            [
                (row.kind, bool(row.date_to))
                for row in self.memberships(segment, self.big)
            ],
            [("automatic", True), ("pinned_out", False)],
        )
        self.assertEqual(len(told), 2)
        self.evaluate(segment, "2025-07-06")
        self.assertEqual(self.members(segment), self.middle)
        self.assertEqual(told[2:], [("Segment", "left", self.small)])

    def test_pin_of_a_member_that_ends_leaves_it_a_member(self):
        told = self.recorded()
        segment = self.make_segment()
        told.clear()
        self.pin(self.big, segment, until="2025-07-05")
        self.evaluate(segment, "2025-07-06")
        self.assertEqual(self.memberships(segment, self.big).kind, "automatic")
        self.assertFalse(told)

    def test_member_whose_pin_has_ended_is_pinned_by_nobody(self):
        segment = self.make_segment()
        self.pin(self.middle | self.big, segment, until="2025-07-05")
        self.pin(self.middle, segment, "unpin")
        self.evaluate(segment, "2025-07-06")
        for member in (self.middle, self.big):
            self.assertRecordValues(
                self.memberships(segment, member),
                [
                    {
                        "kind": "automatic",
                        "date_to": False,
                        "pinned_by_id": False,
                        "pin_reason": False,
                        "pinned_until": False,
                    }
                ],
            )

    def test_pin_out_that_ends_lets_it_in(self):
        segment = self.make_segment()
        self.pin(self.big, segment, "pinned_out", until="2025-07-05")
        self.assertNotIn(self.big, self.members(segment))
        self.evaluate(segment, "2025-07-06")
        self.assertIn(self.big, self.members(segment))

    def test_pin_from_one_side_to_the_other(self):
        segment = self.make_segment()
        self.pin(self.small, segment, "pinned_out")
        self.pin(self.small, segment, "pinned_in")
        self.assertIn(self.small, self.members(segment))
        self.pin(self.small, segment, "pinned_out")
        self.assertNotIn(self.small, self.members(segment))

    def test_unpinned_follows_the_conditions_at_once(self):
        segment = self.make_segment()
        self.pin(self.small, segment)
        self.pin(self.big, segment, "pinned_out")
        self.pin(self.small | self.big, segment, "unpin")
        self.assertEqual(self.members(segment), self.middle | self.big)

    def test_pin_of_a_customer_is_for_all_its_subscriptions(self):
        second = self.subscribe(self.small.partner_id, 5)
        segment = self.make_segment()
        self.pin(self.small.customer_id, segment, user=self.make_user("manager"))
        self.assertTrue((self.small | second) <= self.members(segment))

    def test_who_may_pin(self):
        segment = self.make_segment()
        for kind in ("user", "agent"):
            person = self.make_user(kind)
            with self.assertRaises(AccessError), mute_logger("odoo.addons.base"):
                self.pin(self.small, segment, user=person)
            with self.assertRaises(AccessError):
                self.as_user(segment, person)._pin(
                    self.as_user(self.small, person), "pinned_in", "Why not"
                )
        self.assertNotIn(self.small, self.members(segment))
        for kind in ("salesperson", "manager"):
            self.pin(self.small, segment, user=self.make_user(kind))
            self.assertIn(self.small, self.members(segment))
            self.pin(self.small, segment, "unpin")

    def test_who_cannot_see_the_segment_takes_no_pin_away(self):
        other = self.make_company("Second Company")
        elsewhere = self.make_segment("Elsewhere", company_id=other.id)
        manager = self.make_user("manager")
        with self.assertRaises(AccessError):
            self.as_user(elsewhere, manager)._unpin(self.as_user(self.small, manager))

    def test_what_cannot_be_pinned(self):
        segment = self.make_segment()
        with self.assertRaisesRegex(UserError, "not over"):
            self.pin(self.small, segment, until="2025-06-29")
        with self.assertRaisesRegex(UserError, "why"):
            self.pin(self.small, segment, reason=" ")
        other = self.make_company("Second Company")
        elsewhere = self.make_segment("Elsewhere", company_id=other.id)
        with self.assertRaisesRegex(UserError, "no segment of First Company"):
            elsewhere._pin(self.small, "pinned_in", "Because")

    # --- customers and primary segments -----------------------------------------------

    def test_primary_segment_is_the_first_by_order(self):
        second = self.subscribe(self.big.partner_id, 5)
        large = self.make_segment("Large", sequence=1)
        everyone = self.make_segment("Everyone", "[]", sequence=2)
        self.assertEqual(self.big.primary_segment_id, large)
        # The first that the customer is in.
        self.assertEqual(second.primary_segment_id, large)
        customer = self.big.customer_id
        self.assertEqual(customer.primary_segment_id, large)
        self.assertEqual(customer.segment_ids, large | everyone)
        self.assertEqual(second.segment_ids, everyone)
        self.assertEqual(self.small.customer_id.primary_segment_id, everyone)
        everyone.sequence = 0
        self.assertEqual(customer.primary_segment_id, everyone)
        self.pin(self.big | second, everyone, "pinned_out")
        self.assertEqual(customer.primary_segment_id, large)
        self.assertEqual(customer.segment_ids, large)
        self.assertFalse(second.segment_ids)

    def test_primary_segment_follows_the_subscription_to_another_customer(self):
        segment = self.make_segment()
        keep, gone = self.small.partner_id, self.big.partner_id
        self.env["base.partner.merge.automatic.wizard"]._merge((keep | gone).ids, keep)
        self.env.invalidate_all()
        self.assertEqual(self.customer(keep).primary_segment_id, segment)
        self.assertEqual(self.customer(keep).segment_ids, segment)
        new = self.env["subscription.customer"]._ensure(
            self.make_partner("New"), self.company
        )
        self.big.sudo().customer_id = new
        self.assertEqual(new.primary_segment_id, segment)
        self.assertFalse(self.customer(keep).primary_segment_id)

    def test_customers_and_what_points_at_them_are_found_by_segment(self):
        segment = self.make_segment("Large")
        Customer = self.env["subscription.customer"]
        ours = (self.small | self.middle | self.big).customer_id
        mine = Domain("id", "in", ours.ids)
        large = (self.middle | self.big).customer_id
        for domain, expected in (
            (Domain("segment_ids", "in", segment.ids), large),
            (Domain("segment_ids", "not in", segment.ids), ours - large),
            (Domain("segment_ids", "=", False), ours - large),
            (Domain("segment_ids", "!=", False), large),
            (Domain("segment_ids", "ilike", "larg"), large),
            (Domain("segment_ids.name", "=", "Large"), large),
        ):
            with self.subTest(domain):
                self.assertEqual(Customer.search(mine & domain), expected)
        agent = self.make_user("agent")
        ticket = self.env["helpdesk.ticket"].create(
            {
                "name": "Help",
                "description": "Help",
                "partner_id": self.big.partner_id.id,
                "company_id": self.company.id,
                "user_id": agent.id,
            }
        )
        Ticket = self.as_user(self.env["helpdesk.ticket"], agent)
        self.assertEqual(ticket.customer_segment_id, segment)
        self.assertEqual(ticket.customer_segment_ids, segment)
        for name in ("customer_segment_id", "customer_segment_ids"):
            found = Ticket.search([(name, "in", segment.ids), ("id", "=", ticket.id)])
            self.assertEqual(found, ticket)
        partners = self.env["res.partner"].search(
            [("customer_segment_ids", "in", segment.ids)]
        )
        self.assertEqual(partners, (self.middle | self.big).partner_id)
        groups = self.env["res.partner"]._read_group(
            [("id", "in", partners.ids)], ["customer_segment_id"], ["__count"]
        )
        self.assertEqual(groups, [(segment, 2)])

    # --- people -----------------------------------------------------------------------

    def test_who_may_do_what(self):
        segment = self.make_segment()
        for kind in ("user", "agent", "salesperson", "manager"):
            theirs = self.as_user(segment, self.make_user(kind))
            self.assertEqual(theirs.name, "Segment")
            self.assertEqual(len(theirs.membership_ids), 2)
            if kind == "manager":
                theirs.action_evaluate()
                theirs.enter_domain = "[]"
                continue
            for forbidden in (
                theirs.action_evaluate,
                theirs.unlink,
                lambda theirs=theirs: theirs.write({"name": "Mine"}),
                lambda theirs=theirs: theirs.membership_ids.unlink(),
            ):
                with self.subTest(kind), self.assertRaises(AccessError):
                    forbidden()
        outsider = self.as_user(segment, self.make_user("internal"))
        with self.assertRaises(AccessError):
            outsider.read(["name"])

    def test_nobody_writes_what_segments_say(self):
        segment = self.make_segment()
        small = self.as_user(self.small, self.make_user("salesperson"))
        small.write({"primary_segment_id": segment.id, "membership_ids": [(5,)]})
        self.env.invalidate_all()
        self.assertFalse(self.small.primary_segment_id)

    def test_refresh_of_one_subscription_evaluates(self):
        segment = self.make_segment(enter="[('scored_on', '!=', False)]")
        self.assertFalse(self.members(segment))
        self.as_user(self.small, self.make_user("user")).action_refresh_subscription()
        self.assertEqual(self.members(segment), self.small)

    def test_refresh_of_one_subscription_keeps_others_out_until_it_has_evaluated(self):
        self.make_segment(enter="[('scored_on', '!=', False)]")
        free = []

        def entered(segment, subscriptions):
            with db_connect(self.env.cr.dbname).cursor() as other:
                other.execute(
                    "SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK, self.company.id]
                )
                free.append(other.fetchone()[0])

        self.hear("subscription.segment", _segment_entered=entered)
        self.small.action_refresh_subscription()
        self.assertEqual(free, [False])

    @mute_logger("odoo.sql_db")
    def test_deleted_meanwhile_is_tried_again(self):
        """It is no fault of the segment."""
        segment = self.make_segment(enter="[('mrr', '>', 1000)]")
        self.env.cr.execute(
            "UPDATE subscription_segment SET enter_domain = '[]' WHERE id = %s",
            [segment.id],
        )
        self.env.cr.execute(
            """
            CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation';
            END $$;
            CREATE TRIGGER gone BEFORE INSERT ON subscription_segment_membership
                FOR EACH ROW EXECUTE FUNCTION gone();
            """
        )
        self.env.invalidate_all()
        run = self.env["subscription.refresh"]._request(self.company, day(TODAY))
        while run.state != "segmenting":
            run._work()
        with self.assertRaises(ConcurrencyError):
            run._work()
        self.env.cr.execute("DROP TRIGGER gone ON subscription_segment_membership")
        run._run(lambda: True)
        self.assertEqual((run.state, len(run.failure_ids)), ("done", 0))
        self.assertEqual(len(self.members(segment)), 3)
        self.assertFalse(self.evaluation(segment).error)


@tagged("post_install", "-at_install")
@freeze_time(f"{TODAY} 12:00:00")
class TestSegmentScreens(SegmentCase):
    """What a segment comes to, before it is saved and after."""

    def test_preview_before_it_is_saved(self):
        manager = self.make_user("manager")
        Segment = self.as_user(self.env["subscription.segment"], manager)
        with Form(Segment) as form:
            form.name = "Large"
            form.enter_domain = "[('mrr', '>=', 20)]"
            self.assertEqual(form.preview_count, 2)
            self.assertEqual(form.preview_mrr, 50)
            self.assertIn("Cyd", form.preview_samples)
            self.assertFalse(form.preview_error)
            form.enter_domain = "[('nothing', '=', 1)]"
            self.assertIn("nothing", form.preview_error)
            self.assertEqual(form.preview_count, 0)
            form.enter_domain = "[('first_start_date', '>=', 'today -30d')]"
            self.assertEqual(form.preview_count, 1)
        self.assertEqual(self.members(form.record), self.big)

    def test_preview_says_of_which_day(self):
        """Today, whenever the members were brought to another one."""
        segment = self.make_segment()
        self.evaluate(segment)
        self.assertEqual(segment.preview_date, day(TODAY))
        self.assertEqual(segment.evaluated_as_of, day(TODAY))
        self.evaluate(segment, "2025-03-01")
        segment.invalidate_recordset()
        self.assertEqual(segment.preview_date, day(TODAY))
        self.assertEqual(segment.evaluated_as_of, day("2025-03-01"))

    def test_preview_shows_only_what_a_person_may_read(self):
        other = self.make_company("Second Company")
        self.subscribe(self.make_partner("Dee"), 50, company=other)
        segment = self.make_segment()
        manager = self.make_user("manager")
        self.assertEqual(self.as_user(segment, manager).preview_count, 2)
        both = self.make_user("manager", self.company | other, login="both")
        self.assertEqual(self.as_user(segment, both).preview_count, 3)
        elsewhere = self.make_segment("Elsewhere", company_id=other.id)
        with_both = self.as_user(elsewhere, both)
        self.assertEqual(with_both.preview_count, 1)
        alone = with_both.with_context(allowed_company_ids=self.company.ids)
        self.assertEqual(alone.preview_count, 0)

    def test_figures_in_the_currency_of_the_users_company(self):
        other = self.make_company("Second Company", "EUR")
        self.get_currency("EUR", {"2025-01-01": 2})
        there = self.subscribe(
            self.make_partner("Dee"), 50, currency="EUR", company=other
        )
        there.sudo().write({"mrr_at_risk": 50, "clv": 500})
        self.big.sudo().write({"mrr_at_risk": 30, "clv": 100})
        segment = self.make_segment()
        self.set_mrr(self.middle, 0)
        self.evaluate(segment, "2025-06-29")
        user = self.make_user("user", self.company | other)
        seen = self.as_user(segment, user)
        self.assertRecordValues(
            seen,
            [
                {
                    "member_count": 2,
                    "member_customer_count": 2,
                    "member_mrr": 30 + 2 * 50,
                    "member_mrr_at_risk": 30 + 2 * 50,
                    "member_clv": 100 + 2 * 500,
                    "joined_count": 2,
                    "left_count": 1,
                    "currency_id": self.company.currency_id.id,
                }
            ],
        )
        self.assertTrue(seen.evaluated_at)
        alone = self.as_user(segment, self.make_user("agent"))
        self.assertEqual((alone.member_count, alone.member_mrr), (1, 30))

    def test_those_who_joined_long_ago_have_not_joined_lately(self):
        with freeze_time("2025-06-20 12:00:00"):
            segment = self.make_segment()
        self.assertEqual((segment.member_count, segment.joined_count), (2, 0))

    def test_joins_and_leaves_by_the_week(self):
        segment = self.make_segment()
        self.pin(self.small, segment, "pinned_out")
        self.set_mrr(self.middle, 0)
        self.evaluate(segment, "2025-07-09")
        rows = self.env["subscription.segment.change"]._read_group(
            [("segment_id", "=", segment.id)], ["date:week", "change"], ["__count"]
        )
        self.assertEqual(
            [(str(week)[:10], change, n) for week, change, n in rows],
            [("2025-06-29", "joined", 2), ("2025-07-06", "left", 1)],
        )

    def test_screens_open_for_those_who_work_with_customers(self):
        segment = self.make_segment()
        for kind in ("agent", "manager", "salesperson", "user"):
            user = self.make_user(kind)
            theirs = self.as_user(segment, user)
            for view in ("list", "form", "search"):
                theirs.get_view(view_type=view)
            names = [
                name
                for name in theirs.get_view(view_type="form")["models"][theirs._name]
                if name in theirs._fields
            ]
            self.assertTrue(theirs.read(names))
            for action in (
                theirs.action_open_members(),
                theirs.action_open_memberships(),
                theirs.action_open_changes(),
            ):
                found = theirs.env[action["res_model"]].search(action["domain"])
                self.assertEqual(len(found), 2)

    def test_who_may_pin_is_offered_it(self):
        for kind in ("salesperson", "manager", "user"):
            user = self.make_user(kind)
            for model in ("sale.subscription", "subscription.customer"):
                bindings = self.as_user(
                    self.env["ir.actions.actions"], user
                ).get_bindings(model)
                names = [action["name"] for action in bindings.get("action", [])]
                self.assertEqual("Pin in or out of a Segment" in names, kind != "user")
