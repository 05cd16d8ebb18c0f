# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from contextlib import contextmanager, nullcontext
from statistics import median
from time import perf_counter
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import subscription_refresh, subscription_refresh_segments
from .segments import SWITCHES, FollowCase


class PriorityCase(FollowCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.segment = cls.make_priority("2")

    @classmethod
    def make_priority(cls, priority, name="Star", **values):
        values = {**dict.fromkeys(SWITCHES, False), **values}
        return cls.make_segment(name, ticket_priority=priority, **values)

    def assertPriority(self, ticket, priority, *notes):
        """Check it, and our notes, the latest first."""
        ticket.invalidate_recordset()
        self.assertEqual(ticket.priority, priority)
        bodies = [str(message.body) for message in ticket.message_ids]
        bodies = [body for body in bodies if "Priority raised" in body]
        self.assertEqual(len(bodies), len(notes), bodies)
        for body, note in zip(bodies, notes, strict=True):
            self.assertIn(note, body)


@tagged("post_install", "-at_install")
class TestTicketPriority(PriorityCase):
    """Segments raise the priority of open tickets (Invariant 6)."""

    def test_raised_with_a_note(self):
        ticket = self.make_ticket(self.contact)
        self.enter(self.segment, self.subscription)
        self.assertPriority(ticket, "2", "from Medium to High: the customer is in the")
        note = ticket.message_ids[:1]
        self.assertIn("Star", note.body)
        self.assertTrue(note.is_internal)
        self.assertEqual(note.author_id, self.env.ref("base.partner_root"))
        raised = self.env["subscription.segment.raise"].search(
            [("ticket_id", "=", ticket.id)]
        )
        self.assertEqual(raised.segment_id, self.segment)
        self.assertEqual((raised.priority_before, raised.priority_after), ("1", "2"))

    def test_never_lowered(self):
        """High enough: nothing is said, and not asked again."""
        ticket = self.make_ticket(self.contact, priority="3")
        self.enter(self.segment, self.subscription)
        self.assertPriority(ticket, "3")
        raised = self.env["subscription.segment.raise"].search(
            [("ticket_id", "=", ticket.id)]
        )
        self.assertEqual((raised.priority_before, raised.priority_after), ("3", "3"))
        self.leave(self.segment, self.subscription)
        self.assertPriority(ticket, "3")

    def test_stays_when_the_customer_leaves(self):
        ticket = self.make_ticket(self.contact)
        self.enter(self.segment, self.subscription)
        self.leave(self.segment, self.subscription)
        self.assertPriority(ticket, "2", "Star")

    def test_highest_of_all(self):
        ticket = self.make_ticket(self.contact)
        urgent = self.make_priority("3", "Urgent")
        low = self.make_priority("0", "Low")
        segments = self.segment | urgent | low
        for segment in segments:
            self.enter(segment, self.subscription, follow=False)
        segments._follow(self.company)
        self.assertPriority(ticket, "3", "Urgent")

    def test_once_a_ticket_and_segment(self):
        ticket = self.make_ticket(self.contact)
        self.enter(self.segment, self.subscription)
        ticket.env.cr.execute(
            "UPDATE helpdesk_ticket SET priority = '0' WHERE id = %s", [ticket.id]
        )
        self.leave(self.segment, self.subscription)
        self.enter(self.segment, self.subscription)
        self.assertPriority(ticket, "0", "Star")
        self.enter(self.make_priority("3", "Urgent"), self.subscription)
        self.assertPriority(ticket, "3", "Urgent", "Star")

    def test_later_choice_of_a_person_stays(self):
        """For good, also where a segment is entered that had not asked yet."""
        ticket = self.make_ticket(self.contact)
        self.enter(self.segment, self.subscription)
        agent = self.make_user("agent")
        ticket.user_id = agent
        self.as_user(ticket, agent).priority = "0"
        self.segment._follow(self.company)
        self.assertPriority(ticket, "0", "Star")
        self.enter(self.make_priority("3", "Urgent"), self.subscription)
        self.assertPriority(ticket, "0", "Star")

    def test_choice_along_with_another_change(self):
        """Of one save: what else changes has segments ask after the choice."""
        ticket = self.make_ticket(self.contact)
        self.enter(self.segment, self.subscription)
        opened = ticket.stage_id
        ticket.stage_id = self.closed
        self.enter(self.make_priority("3", "Urgent"), self.subscription)
        self.assertPriority(ticket, "2", "Star")
        ticket.write({"stage_id": opened.id, "priority": "0"})
        self.assertPriority(ticket, "0", "Star")

    def test_later_choice_where_it_was_high_enough(self):
        ticket = self.make_ticket(self.contact, priority="2")
        self.enter(self.segment, self.subscription)
        ticket.priority = "1"
        self.enter(self.make_priority("3", "Urgent"), self.subscription)
        self.assertPriority(ticket, "1")

    def test_choice_before_is_raised(self):
        """What nobody has raised yet was no answer to us."""
        ticket = self.make_ticket(self.contact)
        ticket.priority = "0"
        self.enter(self.segment, self.subscription)
        self.assertPriority(ticket, "2", "from Low to High")

    def test_same_value_is_no_choice(self):
        ticket = self.make_ticket(self.contact)
        self.enter(self.segment, self.subscription)
        ticket.priority = "2"
        self.enter(self.make_priority("3", "Urgent"), self.subscription)
        self.assertPriority(ticket, "3", "Urgent", "Star")

    def test_closed_is_left_alone(self):
        closed = self.make_ticket(self.contact, stage_id=self.closed.id)
        archived = self.make_ticket(self.contact, active=False)
        self.enter(self.segment, self.subscription)
        self.assertPriority(closed, "1")
        self.assertPriority(archived, "1")
        closed.stage_id = self.stage
        archived.active = True
        self.assertPriority(closed, "2", "Star")
        self.assertPriority(archived, "2", "Star")

    def test_other_companies(self):
        """Neither by a membership there, nor by a segment of theirs (Invariant 4)."""
        ticket = self.make_ticket(self.contact)
        theirs = self.subscribe(self.partner, company=self.other, currency="EUR")
        their_ticket = self.make_ticket(self.contact, self.other)
        self.enter(self.segment, theirs)
        self.assertPriority(their_ticket, "2", "Star")
        self.assertPriority(ticket, "1")
        own = self.make_priority("3", "Theirs", company_id=self.other.id)
        self.enter(own, self.subscription, follow=False)
        own._follow(self.company)
        own._follow(self.other)
        self.assertPriority(ticket, "1")

    def test_switched_off_for_a_team(self):
        team = self.env["helpdesk.ticket.team"].create(
            {
                "name": "Calm",
                "company_id": self.company.id,
                "raise_subscription_priority": False,
            }
        )
        ticket = self.make_ticket(self.contact, team_id=team.id)
        self.enter(self.segment, self.subscription)
        new = self.make_ticket(self.contact, team_id=team.id)
        self.assertPriority(ticket, "1")
        self.assertPriority(new, "1")
        new.team_id = False
        self.assertPriority(new, "2", "Star")
        team.raise_subscription_priority = True
        self.segment._follow(self.company)
        self.assertPriority(ticket, "2", "Star")

    def test_new_ticket(self):
        self.enter(self.segment, self.subscription)
        ticket = self.make_ticket(self.contact)
        self.assertPriority(ticket, "2", "Star")
        self.assertPriority(self.make_ticket(self.make_partner("Other")), "1")

    def test_new_ticket_of_a_portal_user(self):
        """Made as the portal makes it; the note is the system's, for agents only."""
        self.enter(self.segment, self.subscription)
        user = self.make_user("portal")
        user.partner_id.parent_id = self.partner
        tickets = self.as_user(self.env["helpdesk.ticket"], user).sudo()
        ticket = tickets.create(
            {
                "name": "Help",
                "description": "Please",
                "partner_id": user.partner_id.id,
                "company_id": self.company.id,
            }
        )
        self.assertPriority(ticket.with_env(self.env), "2", "Star")
        note = ticket.message_ids.filtered(lambda m: "Star" in (m.body or ""))
        self.assertEqual(note.author_id, self.env.ref("base.partner_root"))
        self.assertTrue(note.is_internal)

    def test_note_in_the_language_of_the_system(self):
        """Not of who writes the ticket; what is not translated is as it was written."""
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env.ref("base.partner_root").sudo().lang = "fr_FR"
        self.enter(self.segment, self.subscription)
        self.assertPriority(self.make_ticket(self.contact), "2", "Star")
        self.segment.with_context(lang="fr_FR").name = "Étoile"
        self.assertPriority(self.make_ticket(self.contact), "2", "Étoile")

    def test_first_of_those_that_ask_for_the_highest(self):
        self.segment.sequence = 30
        for name, priority, sequence in (
            ("Second", "3", 20),
            ("First", "3", 15),
            ("Low", "2", 10),
        ):
            segment = self.make_priority(priority, name, sequence=sequence)
            self.enter(segment, self.subscription, follow=False)
        self.enter(self.segment, self.subscription, follow=False)
        self.assertPriority(self.make_ticket(self.contact), "3", "First")

    def test_new_ticket_by_mail(self):
        self.contact.email = "contact@example.com"
        self.enter(self.segment, self.subscription)
        id_ = self.env["mail.thread"].message_process(
            "helpdesk.ticket",
            "From: Contact <contact@example.com>\nTo: help@example.com\n"
            "Subject: Help\nMessage-Id: <1@example.com>\n\nHelp\n",
            custom_values={"company_id": self.company.id},
        )
        self.assertPriority(self.env["helpdesk.ticket"].browse(id_), "2", "Star")

    def test_segment_asks_for_more(self):
        """What it asks for later is for later tickets: it has asked for these."""
        ticket = self.make_ticket(self.contact)
        self.enter(self.segment, self.subscription)
        self.segment.ticket_priority = "3"
        self.assertPriority(ticket, "2", "Star")
        self.assertPriority(self.make_ticket(self.contact), "3", "Star")

    def test_segment_begins_to_ask(self):
        ticket = self.make_ticket(self.contact)
        quiet = self.make_priority(False, "Quiet")
        self.enter(quiet, self.subscription)
        self.assertPriority(ticket, "1")
        quiet.ticket_priority = "3"
        self.assertPriority(ticket, "3", "Quiet")

    def test_ticket_that_cannot_be_written(self):
        """It stops no other one (Invariant 9)."""
        tickets = self.env["helpdesk.ticket"].union(
            *(self.make_ticket(self.contact, name=f"Ticket {n}") for n in range(4))
        )
        self.env.flush_all()
        self.env.cr.execute(
            f"ALTER TABLE helpdesk_ticket ADD CONSTRAINT stubborn"
            f" CHECK (id <> {tickets[2].id} OR priority = '1')"
        )
        self.enter(self.segment, self.subscription, follow=False)
        with mute_logger("odoo.sql_db"):
            run = self.refresh()
        self.assertEqual((run.state, run.failed_count), ("done", 1))
        self.assertEqual(run.failure_ids.res_id, tickets[2].id)
        for ticket in tickets - tickets[2]:
            self.assertPriority(ticket, "2", "Star")
        self.assertPriority(tickets[2], "1")
        raises = self.env["subscription.segment.raise"]
        self.assertFalse(raises.search([("ticket_id", "=", tickets[2].id)]))

    def refresh(self, commit=lambda: True):
        return self.env["subscription.refresh"]._refresh_company(
            self.company, self.as_of, commit
        )

    def hold(self, *tickets):
        """Have the database wait in vain for tickets, as if somebody held them."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION USING ERRCODE = 'lock_not_available', MESSAGE = 'held';
            END $$
            """
        )
        for ticket in tickets:
            self.env.cr.execute(
                f"CREATE TRIGGER wait_{ticket.id} BEFORE UPDATE ON helpdesk_ticket"
                f" FOR EACH ROW WHEN (NEW.id = {ticket.id}) EXECUTE FUNCTION wait()"
            )

    def test_ticket_that_somebody_holds(self):
        """It stops no other one, nor the segment (Invariant 9)."""
        held, other = self.make_ticket(self.contact), self.make_ticket(self.contact)
        self.enter(self.segment, self.subscription, follow=False)
        self.hold(held)
        with mute_logger("odoo.sql_db"):
            run = self.refresh()
        self.assertEqual((run.state, run.failed_count), ("done", 1))
        self.assertRecordValues(
            run.failure_ids,
            [{"model": "helpdesk.ticket", "res_id": held.id, "error": "held"}],
        )
        self.assertPriority(held, "1")
        self.assertPriority(other, "2", "Star")
        self.assertFalse(self.segment.evaluation_ids.error)

    def test_too_many_tickets_that_fail(self):
        """No more are raised in this run, which says so and goes on."""
        self.patch(subscription_refresh, "MOST_FAILURES", 1)
        manager = self.make_user("manager")
        tickets = [self.make_ticket(self.contact) for _n in range(3)]
        self.enter(self.segment, self.subscription, follow=False)
        self.hold(*tickets)
        with mute_logger("odoo.sql_db"):
            run = self.refresh()
        self.assertEqual((run.state, run.failed_count), ("done", 1))
        self.assertIn("priorities", run.error)
        self.assertIn("held", run.error)
        told = self.env["mail.message"].search(
            [
                ("model", "=", run._name),
                ("res_id", "=", run.id),
                ("partner_ids", "in", manager.partner_id.ids),
            ]
        )
        self.assertIn(run.error, " ".join(told.mapped("body")))

    def test_refresh_raises_by_the_batch(self):
        """Each a step, after the one that writes memberships."""
        self.patch(subscription_refresh_segments, "TICKETS", 2)
        tickets = [self.make_ticket(self.contact) for _n in range(5)]
        self.enter(self.segment, self.subscription, follow=False)
        raised = []

        def commit():
            Raise = self.env["subscription.segment.raise"]
            raised.append(Raise.search_count([("segment_id", "=", self.segment.id)]))
            return True

        self.refresh(commit)
        self.assertEqual(sorted(set(raised)), [0, 2, 4, 5])
        for ticket in tickets:
            self.assertPriority(ticket, "2", "Star")

    def test_many_in_few_writes(self):
        tickets = self.env["helpdesk.ticket"].create(
            [
                {
                    "name": "Ticket",
                    "description": "x",
                    "partner_id": self.contact.id,
                    "company_id": self.company.id,
                    "stage_id": self.stage.id,
                }
                for _n in range(50)
            ]
        )
        self.enter(self.segment, self.subscription, follow=False)
        self.env.flush_all()
        before = self.env.cr.sql_log_count
        self.segment._follow(self.company)
        self.env.flush_all()
        self.assertLess(self.env.cr.sql_log_count - before, 25)
        for ticket in tickets:
            self.assertPriority(ticket, "2", "Star")


@tagged("post_install", "-at_install")
class TestTicketCreationCost(PriorityCase):
    """What new tickets cost, beside what they cost without us, paired in one run."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.segment.tag_tickets = True
        cls.stranger = cls.make_partner("Stranger", is_company=True)
        cls.calm = cls.make_partner("Calm", is_company=True)
        cls.subscribe(cls.calm)
        cls.enter(cls.segment, cls.subscription)

    @contextmanager
    def without_us(self):
        models = "odoo.addons.subscription_segmentation.models"
        followed = f"{models}.subscription_segment_tagged.SubscriptionSegmentTagged"
        customer = f"{models}.subscription_customer.SubscriptionCustomer"
        with (
            patch(f"{followed}._follow_segments", lambda self, new=False: None),
            patch(f"{customer}._by_partner", lambda self, partners: {}),
        ):
            yield

    def make_one(self, partner, ours):
        """Return (queries, seconds) of one more ticket, with nothing read before."""
        self.env.invalidate_all()
        with nullcontext() if ours else self.without_us():
            queries, begin = self.env.cr.sql_log_count, perf_counter()
            self.make_ticket(partner)
            self.env.flush_all()
            seconds = perf_counter() - begin
            return self.env.cr.sql_log_count - queries, seconds

    def cost(self, partner, times=10):
        """Return the median of more queries, and of times as much time."""
        for ours in (False, True):
            self.make_one(partner, ours)
        pairs = [
            (self.make_one(partner, False), self.make_one(partner, True))
            for _time in range(times)
        ]
        queries = median(own[0] - other[0] for other, own in pairs)
        seconds = [median(pair[n][1] for pair in pairs) for n in (0, 1)]
        return queries, seconds[1] / seconds[0]

    def test_stranger(self):
        queries, _times = self.cost(self.stranger)
        self.assertLessEqual(queries, 1)

    def test_nothing_applies(self):
        queries, _times = self.cost(self.calm)
        self.assertLessEqual(queries, 2)

    def test_tag_and_priority(self):
        queries, _times = self.cost(self.partner)
        self.assertLessEqual(queries, 5)

    def writing(self, record, name, values):
        """Return how many more queries it takes to write on a record than without us.

        :param values: two, which are written in turn
        """
        counts = []
        for ours in (True, False, True, False):
            with nullcontext() if ours else self.without_us():
                for value in values:
                    self.env.flush_all()
                    before = self.env.cr.sql_log_count
                    record.write({name: value})
                    self.env.flush_all()
                counts.append(self.env.cr.sql_log_count - before)
        return counts[2] - counts[3]

    def test_writing_what_no_segment_asks_for(self):
        lead = self.make_lead(self.stranger)
        ticket = self.make_ticket(self.stranger)
        users = self.env.user.ids + self.make_user("salesperson").ids
        stages = self.env["crm.stage"].search([("is_won", "=", False)], limit=2).ids
        own = self.stage | self.stage.copy({"name": "Next"})
        for record, name, values, most in (
            # The company may be another one with the user, and the customer with it.
            (lead, "user_id", users, 2),
            (lead, "stage_id", stages, 1),
            (lead, "probability", (30, 40), 1),
            (ticket, "stage_id", own.ids, 1),
        ):
            with self.subTest(record=record, name=name):
                self.assertLessEqual(self.writing(record, name, values), most)
