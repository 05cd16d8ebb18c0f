# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged
from odoo.tools import SQL

from .segments import FollowCase

#: Names that segments are given; the third one is that of a tag of a person's.
NAMES = ("Star", "Loyal", "Mine", "Silent")
SEGMENTS = st.integers(0, 2)
RECORDS = st.integers(0, 3)
TAGS = st.integers(0, 3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("enter"), SEGMENTS, st.sampled_from(("automatic", "pin"))),
        st.tuples(st.just("leave"), SEGMENTS, st.sampled_from(("automatic", "pin"))),
        st.tuples(st.just("tag"), RECORDS, TAGS),
        st.tuples(st.just("untag"), RECORDS, TAGS),
        st.tuples(st.just("untag in SQL"), RECORDS, TAGS),
        st.tuples(st.just("rename"), SEGMENTS, st.integers(0, 3)),
        st.tuples(st.just("archive"), SEGMENTS, st.booleans()),
    ),
    min_size=4,
    max_size=14,
)


class Model:
    """What the links should be, without any table of ours.

    A record bears a tag if a person has set it, or if a segment that sets it has a
    member there whose membership began after the last time a person took it away.
    """

    def __init__(self):
        self.by_hand = set()
        self.taken = defaultdict(set)

    def links(self, record, tags):
        """Return the tags on a record; ``tags``: {segment: its tag} of memberships."""
        ours = {tag for s, tag in tags.items() if s not in self.taken[record, tag]}
        return ours | {tag for some, tag in self.by_hand if some == record}

    def tag(self, record, tag, tags):
        if tag not in self.links(record, tags):
            self.by_hand.add((record, tag))

    def untag(self, record, tag, tags):
        if tag in self.links(record, tags):
            self.by_hand.discard((record, tag))
            self.taken[record, tag].update(s for s, t in tags.items() if t == tag)

    def forget(self, segment):
        """A membership ended: the next one is another one."""
        for segments in self.taken.values():
            segments.discard(segment)


# Slow, because many sequences are tried.
@tagged("post_install", "-at_install", "slow")
class TestSegmentLinksProperties(FollowCase):
    """After any sequence the links are those of a person plus ours (Invariant 5)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls.subscribe(cls.make_partner("Second", is_company=True))
        cls.records = [
            cls.make_ticket(cls.contact),
            cls.make_lead(cls.contact),
            cls.partner,
            cls.subscription,
        ]
        cls.tags = [
            [
                cls.tags_of(record)[1].create(
                    {
                        "name": name,
                        **({"company_id": False} if record._name[0] == "h" else {}),
                    }
                )
                for name in NAMES[2:]
            ]
            for record in cls.records
        ]
        # The first two share their tags.
        cls.segments = [cls.make_segment("Star"), cls.make_segment("star")]
        cls.segments.append(cls.make_segment("Loyal"))

    def test_links_after_any_sequence(self):
        @settings(
            max_examples=40,
            deadline=None,
            database=None,
            derandomize=True,
            phases=(Phase.explicit, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(STEPS)
        def check(steps):
            savepoint = self.env.cr.savepoint()
            try:
                self.play(steps)
            finally:
                savepoint.close(rollback=True)

        check()

    def play(self, steps):
        model, state = Model(), {s: [False, True] for s in range(3)}
        for number, (step, one, other) in enumerate(steps):
            if step in ("enter", "leave"):
                self.change_membership(step == "enter", one, other)
                if state[one][0] and step == "leave":
                    model.forget(one)
                state[one][0] = step == "enter"
            elif step == "rename":
                self.segments[one].name = NAMES[other]
                self.forget_former_tags(model, one)
            elif step == "archive":
                self.segments[one].active = other
                state[one][1] = other
                if not other:
                    model.forget(one)
            else:
                self.change_tags(model, step, one, other, state)
            self.assertLinks(model, state, steps[: number + 1])

    def change_membership(self, enters, number, kind):
        segment = self.segments[number]
        row = self.subscription.membership_ids.filtered(
            lambda row: row.segment_id == segment and not row.date_to
        )
        if enters and kind == "pin" and row:
            row.kind = "pinned_in"
        elif enters:
            row.date_to = self.as_of
            row.flush_recordset()
            self.enter(segment, self.subscription, follow=False)
        elif kind == "pin" and row:
            self.unmark(segment, self.subscription)
            row.kind = "pinned_out"
        else:
            self.leave(segment, self.subscription, follow=False)
        segment._follow(self.company)

    def memberships(self, record, state):
        """Return ``{segment: id of its tag}`` of the memberships of a record."""
        return {
            number: self.tag_of(number, record).id
            for number, (member, active) in state.items()
            if member and active
        }

    def tag_of(self, number, record):
        names = {
            "helpdesk.ticket": "ticket_tag_id",
            "crm.lead": "lead_tag_id",
            "res.partner": "partner_tag_id",
            "sale.subscription": "subscription_tag_id",
        }
        return self.segments[number][names[record._name]]

    def forget_former_tags(self, model, number):
        for record in self.records:
            tag = self.tag_of(number, record).id
            for (some, other), segments in model.taken.items():
                if some == record and other != tag:
                    segments.discard(number)

    def change_tags(self, model, step, one, other, state):
        record = self.records[one]
        choices = [
            *self.tags[one],
            self.tag_of(0, record),
            self.tag_of(2, record),
        ]
        tag = choices[other]
        tags = self.memberships(record, state)
        if step == "tag":
            model.tag(record, tag.id, tags)
            self.tag_by_hand(record, tag)
            return
        model.untag(record, tag.id, tags)
        if step == "untag":
            self.untag_by_hand(record, tag)
            return
        name, _tags = self.tags_of(record)
        field = record._fields[name]
        self.env.cr.execute(
            SQL(
                "DELETE FROM %s WHERE %s = %s AND %s = %s",
                SQL.identifier(field.relation),
                SQL.identifier(field.column1),
                record.id,
                SQL.identifier(field.column2),
                tag.id,
            )
        )
        self.env["subscription.segment"].union(*self.segments)._follow(self.company)

    def assertLinks(self, model, state, steps):
        for record in self.records:
            record.invalidate_recordset()
            tags = self.memberships(record, state)
            found = set(self.tags_of(record)[1].ids)
            self.assertEqual(found, model.links(record, tags), (record, steps))
