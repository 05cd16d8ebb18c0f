# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from ast import literal_eval

from lxml import etree

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged
from odoo.tools import SQL

from ..models.subscription_segment_link_sync import KINDS
from .segments import FollowCase


@tagged("post_install", "-at_install")
class TestSegmentLinks(FollowCase):
    """Tags follow memberships; what a person does is respected (Invariant 5)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.segment = cls.make_segment()
        cls.lead = cls.make_lead(cls.contact)
        cls.ticket = cls.make_ticket(cls.contact)
        cls.everything = [cls.partner, cls.lead, cls.ticket, cls.subscription]

    def make_tags(self, name):
        """Return a tag a person made for each of :attr:`everything`."""
        tags = [
            self.tags_of(record)[1].create({"name": name}) for record in self.everything
        ]
        for tag in tags:
            if "company_id" in tag._fields:
                tag.company_id = False
        return tags

    def rows(self, record=None):
        """Return ``{(kind, state)}`` of what we know of a record (None: of all)."""
        links = self.env["subscription.segment.link"]
        links.invalidate_model()
        domain = []
        if record:
            kinds = {kind.model: kind.name for kind in KINDS.values()}
            domain = [("kind", "=", kinds[record._name]), ("res_id", "=", record.id)]
        return {(link.kind, link.state) for link in links.search(domain)}

    # --- entering and leaving ---------------------------------------------------------

    def test_tags_follow_membership(self):
        """Partner, leads, tickets and subscription bear the tag, and lose it."""
        self.enter(self.segment, self.subscription)
        for record in self.everything:
            self.assertTags(record, "Star")
        self.assertTags(self.contact)
        self.leave(self.segment, self.subscription)
        for record in self.everything:
            self.assertTags(record)
        self.assertFalse(self.rows())

    def test_pins(self):
        """Who is pinned in is in; who is pinned out is not."""
        self.enter(self.segment, self.subscription, kind="pinned_in")
        for record in self.everything:
            self.assertTags(record, "Star")
        row = self.subscription.membership_ids
        row.kind = "pinned_out"
        self.segment._follow(self.company, self.subscription)
        for record in self.everything:
            self.assertTags(record)

    def test_some_subscriptions_only(self):
        """What changed is told: their customers' records follow, those of none else."""
        other = self.make_partner("Other")
        subscription = self.subscribe(other)
        self.enter(self.segment, self.subscription, subscription, follow=False)
        self.segment._follow(self.company, self.subscription)
        for record in self.everything:
            self.assertTags(record, "Star")
        self.assertTags(other)

    def test_customer_with_several_subscriptions(self):
        """A customer is in it while one of its subscriptions is."""
        second = self.subscribe(self.contact)
        self.enter(self.segment, self.subscription, second)
        self.leave(self.segment, self.subscription)
        self.assertTags(self.subscription)
        self.assertTags(second, "Star")
        for record in (self.partner, self.lead, self.ticket):
            self.assertTags(record, "Star")

    def test_only_what_is_switched_on(self):
        segment = self.make_segment("Leads", tag_partners=False, tag_tickets=False)
        self.enter(segment, self.subscription)
        self.assertTags(self.lead, "Leads")
        self.assertTags(self.ticket)
        self.assertTags(self.partner)
        segment.tag_leads = False
        self.assertTags(self.lead)
        self.assertTags(self.subscription, "Leads")

    def test_second_time_changes_nothing(self):
        self.enter(self.segment, self.subscription)
        links = self.env["subscription.segment.link"].search([])
        before = self.versions(links)
        seen = [self.versions(record) for record in self.everything]
        self.segment._follow(self.company)
        self.assertEqual(self.versions(links), before)
        self.assertEqual([self.versions(record) for record in self.everything], seen)

    def test_records_are_not_written(self):
        """Neither chatter nor write date tell of a tag."""
        self.enter(self.segment, self.subscription, follow=False)
        before = [self.versions(record) for record in self.everything]
        messages = [len(record.message_ids) for record in self.everything]
        self.segment._follow(self.company)
        self.subscription.membership_ids.date_to = self.as_of
        self.segment._follow(self.company)
        self.assertFalse(self.rows())
        self.assertEqual([self.versions(record) for record in self.everything], before)
        self.env.invalidate_all()
        after = [len(record.message_ids) for record in self.everything]
        self.assertEqual(after, messages)

    # --- what persons do --------------------------------------------------------------

    def test_made_by_hand_stays(self):
        tags = self.make_tags("star ")
        segment = self.make_segment("Star", partner_tag_id=tags[0].id)
        # found by their names
        for kind, tag in zip(KINDS.values(), tags, strict=True):
            segment[kind.tag] = tag
        for record, tag in zip(self.everything, tags, strict=True):
            self.tag_by_hand(record, tag)
        self.enter(segment, self.subscription)
        self.assertEqual({state for _kind, state in self.rows()}, {"found"})
        self.leave(segment, self.subscription)
        for record in self.everything:
            self.assertTags(record, "star ")

    def test_removed_by_hand_stays_away(self):
        """Until the membership changes."""
        self.enter(self.segment, self.subscription)
        for record in self.everything:
            self.untag_by_hand(record, self.tags_of(record)[1])
        self.assertEqual({state for _kind, state in self.rows()}, {"removed"})
        self.segment._follow(self.company)
        self.ticket.partner_id = self.partner
        for record in self.everything:
            self.assertTags(record)
        self.leave(self.segment, self.subscription)
        self.enter(self.segment, self.subscription)
        for record in self.everything:
            self.assertTags(record, "Star")

    def test_removed_and_set_again_by_hand_is_the_person_s(self):
        self.enter(self.segment, self.subscription)
        for record in self.everything:
            tag = self.tags_of(record)[1]
            self.untag_by_hand(record, tag)
            self.segment._follow(self.company)
            self.tag_by_hand(record, tag)
        self.segment._follow(self.company)
        for record in self.everything:
            self.assertEqual({state for _kind, state in self.rows(record)}, {"found"})
        self.leave(self.segment, self.subscription)
        for record in self.everything:
            self.assertTags(record, "Star")

    def test_untagged_from_the_side_of_the_tag(self):
        """Found the next time that links follow."""
        self.enter(self.segment, self.subscription)
        tag = self.segment.partner_tag_id
        tag.partner_ids = [Command.clear()]
        self.segment._follow(self.company)
        self.assertTags(self.partner)
        self.assertEqual(self.rows(self.partner), {("partner", "removed")})
        tag.partner_ids = [Command.link(self.partner.id)]
        self.leave(self.segment, self.subscription)
        self.assertTags(self.partner, "Star")

    def test_other_tags_are_left_alone(self):
        tags = self.make_tags("Mine")
        for record, tag in zip(self.everything, tags, strict=True):
            self.tag_by_hand(record, tag)
        self.enter(self.segment, self.subscription)
        for record in self.everything:
            self.assertTags(record, "Mine", "Star")
        self.leave(self.segment, self.subscription)
        for record in self.everything:
            self.assertTags(record, "Mine")

    def test_copy_gets_its_own(self):
        """A copy of a record does not turn our tag into one of a person's."""
        mine = self.lead.tag_ids.create({"name": "Mine"})
        self.enter(self.segment, self.subscription)
        self.tag_by_hand(self.lead, mine)
        copy = self.lead.copy({"company_id": self.company.id})
        self.assertTags(copy, "Mine", "Star")
        self.leave(self.segment, self.subscription)
        self.assertTags(copy, "Mine")
        self.assertTags(self.lead, "Mine")

    # --- shared tags ------------------------------------------------------------------

    def test_shared_tag_goes_with_the_last(self):
        second = self.make_segment("Second", **self.tags_of_segment(self.segment))
        self.enter(self.segment, self.subscription)
        self.enter(second, self.subscription)
        self.leave(self.segment, self.subscription)
        for record in self.everything:
            self.assertTags(record, "Star")
        self.leave(second, self.subscription)
        for record in self.everything:
            self.assertTags(record)

    def test_shared_tag_passes_on_at_once(self):
        """One enters while the other leaves: the link is never away."""
        second = self.make_segment("Second", **self.tags_of_segment(self.segment))
        self.enter(self.segment, self.subscription)
        self.leave(self.segment, self.subscription, follow=False)
        self.enter(second, self.subscription, follow=False)
        (self.segment | second)._follow(self.company)
        for record in self.everything:
            self.assertTags(record, "Star")
        self.leave(second, self.subscription)
        for record in self.everything:
            self.assertTags(record)

    def test_shared_tag_is_set_again_by_another_membership(self):
        """What a person took away for one segment comes with another, and goes."""
        second = self.make_segment("Second", **self.tags_of_segment(self.segment))
        self.enter(self.segment, self.subscription)
        for record in self.everything:
            self.untag_by_hand(record, self.tags_of(record)[1])
        self.enter(second, self.subscription)
        for record in self.everything:
            self.assertTags(record, "Star")
        self.leave(second, self.subscription)
        for record in self.everything:
            self.assertTags(record)

    def tags_of_segment(self, segment):
        return {kind.tag: segment[kind.tag].id for kind in KINDS.values()}

    # --- the segment changes ----------------------------------------------------------

    def test_tags_are_made(self):
        """With the name and colour, without company; that of others is reused."""
        french = self.env["res.lang"]._activate_lang("fr_FR")
        segment = self.make_segment(
            "Big Fish", tag_leads=False, tag_tickets=False, tag_subscriptions=False
        )
        self.assertEqual(segment.partner_tag_id.name, "Big Fish")
        self.assertEqual(segment.partner_tag_id.color, 3)
        self.assertFalse(segment.lead_tag_id)
        segment.with_context(lang=french.code).name = "Gros poisson"
        segment.tag_tickets = segment.tag_leads = segment.tag_subscriptions = True
        self.assertFalse(segment.ticket_tag_id.company_id)
        for tag in (segment.lead_tag_id, segment.ticket_tag_id, segment.partner_tag_id):
            self.assertEqual(tag.name, "Big Fish")
            self.assertEqual(tag.with_context(lang=french.code).name, "Gros poisson")
        self.assertEqual(segment.subscription_tag_id.name, "Big Fish")
        again = self.make_segment("GROS POISSON")
        for kind in ("partner", "lead", "ticket"):
            name = KINDS[kind].tag
            self.assertEqual(again[name], segment[name])

    def test_tags_of_a_new_segment_are_seen_on_cards(self):
        """Kanban cards leave out a tag without a colour."""
        segment = self.env["subscription.segment"].create(
            {"name": "No colour chosen", "tag_leads": True}
        )
        self.assertIn(segment.color, range(1, 12))
        self.assertEqual(segment.lead_tag_id.color, segment.color)

    def test_existing_name_is_reused(self):
        self.env["crm.tag"].create({"name": "vip"})
        mine = self.env["sale.subscription.tag"].create({"name": "Vip"})
        tags = self.env["helpdesk.ticket.tag"]
        foreign = tags.create({"name": "VIP", "company_id": self.other.id})
        own = tags.create({"name": "VIP", "company_id": self.company.id})
        segment = self.make_segment("VIP")
        self.assertEqual(segment.lead_tag_id.name, "vip")
        self.assertEqual(segment.subscription_tag_id, mine)
        self.assertNotIn(segment.ticket_tag_id, foreign | own)
        tags.browse(segment.ticket_tag_id.id).unlink()
        of_company = self.make_segment("VIP", company_id=self.company.id)
        self.assertEqual(of_company.ticket_tag_id, own)

    def test_ticket_tag_of_another_company_is_refused(self):
        tag = self.env["helpdesk.ticket.tag"].create(
            {"name": "Theirs", "company_id": self.other.id}
        )
        with self.assertRaisesRegex(ValidationError, "Second Company"):
            self.segment.ticket_tag_id = tag

    def test_rename(self):
        """What we made is renamed, in all languages; what we found is not."""
        french = self.env["res.lang"]._activate_lang("fr_FR")
        found = self.env["crm.tag"].create({"name": "Rising"})
        segment = self.make_segment("Rising")
        self.enter(segment, self.subscription)
        segment.write({"name": "Risen", "color": 5})
        segment.update_field_translations("name", {french.code: "Levé"})
        self.assertEqual(found.name, "Rising")
        made = segment.partner_tag_id
        self.assertEqual(made.name, "Risen")
        self.assertEqual(made.color, 5)
        self.assertEqual(made.with_context(lang=french.code).name, "Levé")
        self.assertTags(self.ticket, "Risen")
        self.assertTags(self.subscription, "Risen")
        self.assertTags(self.lead, "Rising")

    def test_rename_to_a_name_that_is_there(self):
        there = self.env["crm.tag"].create({"name": "There"})
        # Tags called like a shipped segment would be shared with it.
        segment = self.make_segment("Here")
        self.enter(segment, self.subscription)
        segment.name = "There"
        self.assertEqual(segment.lead_tag_id, there)
        self.assertTags(self.lead, "There")
        self.assertTags(self.ticket, "There")

    def test_rename_leaves_a_shared_tag(self):
        self.make_segment("Second", **self.tags_of_segment(self.segment))
        self.segment.name = "First"
        self.assertEqual(self.segment.partner_tag_id.name, "Star")

    def test_tag_changed(self):
        self.enter(self.segment, self.subscription)
        tags = self.make_tags("Other")
        for kind, tag in zip(KINDS.values(), tags, strict=True):
            self.segment[kind.tag] = tag
        for record in self.everything:
            self.assertTags(record, "Other")

    def test_archived(self):
        self.enter(self.segment, self.subscription)
        self.segment.active = False
        for record in self.everything:
            self.assertTags(record)
        self.segment.active = True
        for record in self.everything:
            self.assertTags(record, "Star")

    def test_deleted(self):
        """Its links go, from what is closed too; a person's stay."""
        mine = self.make_ticket(self.contact, tag_ids=self.segment.ticket_tag_id.ids)
        self.enter(self.segment, self.subscription)
        self.ticket.stage_id = self.closed
        self.segment.unlink()
        for record in self.everything:
            self.assertTags(record)
        self.assertTags(mine, "Star")

    def test_deleted_records_are_forgotten(self):
        self.enter(self.segment, self.subscription)
        self.ticket.unlink()
        self.segment._follow(self.company)
        self.assertNotIn(("ticket", "owned"), self.rows())

    def test_deleted_tag(self):
        self.enter(self.segment, self.subscription)
        self.segment.lead_tag_id.unlink()
        self.segment._follow(self.company)
        self.assertTags(self.lead)
        self.assertFalse(self.rows(self.lead))

    # --- companies --------------------------------------------------------------------

    def test_segment_of_a_company_tags_no_partner(self):
        with self.assertRaisesRegex(ValidationError, "all companies"):
            self.make_segment("Own", company_id=self.company.id, tag_partners=True)
        with self.assertRaisesRegex(ValidationError, "all companies"):
            self.segment.company_id = self.company

    def test_partner_of_two_companies(self):
        """The partner bears it by any company, documents by their own."""
        theirs = self.subscribe(self.partner, company=self.other, currency="EUR")
        their_ticket = self.make_ticket(self.contact, self.other)
        self.enter(self.segment, theirs)
        self.assertTags(self.partner, "Star")
        self.assertTags(their_ticket, "Star")
        self.assertTags(theirs, "Star")
        for record in (self.ticket, self.lead, self.subscription):
            self.assertTags(record)
        self.enter(self.segment, self.subscription)
        for record in self.everything:
            self.assertTags(record, "Star")
        self.leave(self.segment, theirs)
        self.assertTags(self.partner, "Star")
        self.assertTags(their_ticket)
        self.assertTags(self.ticket, "Star")

    def test_segment_of_another_company_sets_nothing(self):
        """Not even where a membership says so (Invariant 4)."""
        segment = self.make_segment("Theirs", company_id=self.other.id)
        self.enter(segment, self.subscription)
        segment._follow(self.other)
        for record in self.everything:
            self.assertTags(record)

    def test_other_companies_are_left_alone(self):
        """What follows in one company touches no record of another."""
        theirs = self.subscribe(self.partner, company=self.other)
        their_ticket = self.make_ticket(self.contact, self.other)
        self.enter(self.segment, self.subscription, theirs)
        self.leave(self.segment, theirs, follow=False)
        self.segment._follow(self.company)
        self.assertTags(their_ticket, "Star")
        self.segment._follow(self.other)
        self.assertTags(their_ticket)

    # --- open and closed --------------------------------------------------------------

    def test_closed_is_left_alone_until_opened_again(self):
        won = self.make_lead(self.contact)
        won.action_set_won()
        lost = self.make_lead(self.contact)
        lost.action_set_lost()
        closed = self.make_ticket(self.contact, stage_id=self.closed.id)
        archived = self.make_ticket(self.contact, active=False)
        self.enter(self.segment, self.subscription)
        for record in (won, lost, closed, archived):
            self.assertTags(record)
        won.stage_id = self.lead.stage_id
        won.probability = 10
        lost.action_unarchive()
        closed.stage_id = self.stage
        archived.active = True
        for record in (won, lost, closed, archived):
            self.assertTags(record, "Star")
        won.action_set_won()
        lost.action_set_lost()
        closed.stage_id = self.closed
        archived.active = False
        self.leave(self.segment, self.subscription)
        for record in (won, lost, closed, archived):
            self.assertTags(record, "Star")
        won.stage_id = self.lead.stage_id
        won.probability = 10
        lost.action_unarchive()
        closed.stage_id = self.stage
        archived.active = True
        for record in (won, lost, closed, archived):
            self.assertTags(record)

    # --- at once ----------------------------------------------------------------------

    def test_new_records(self):
        self.enter(self.segment, self.subscription)
        self.assertTags(self.make_lead(self.contact), "Star")
        self.assertTags(self.make_ticket(self.partner), "Star")
        other = self.make_partner("Other")
        self.assertTags(self.make_lead(other))
        self.assertTags(self.make_ticket(other))
        self.assertTags(self.make_ticket(self.partner, self.other))

    def test_new_with_a_tag_of_a_person(self):
        self.enter(self.segment, self.subscription)
        tag = self.segment.ticket_tag_id
        ticket = self.make_ticket(self.contact, tag_ids=tag.ids)
        self.assertEqual(self.rows(ticket), {("ticket", "found")})
        self.leave(self.segment, self.subscription)
        self.assertTags(ticket, "Star")

    def test_form_of_an_agent(self):
        """Whoever may not see customers makes tickets all the same."""
        self.enter(self.segment, self.subscription)
        agent = self.make_user("agent")
        form = Form(self.as_user(self.env["helpdesk.ticket"], agent))
        form.name = "Help"
        form.description = "Please"
        form.partner_id = self.contact
        self.assertTags(form.save().sudo(), "Star")

    def test_form_of_a_salesperson(self):
        self.enter(self.segment, self.subscription)
        user = self.make_user("salesperson")
        lead = self.as_user(self.env["crm.lead"], user).create(
            {"name": "More", "partner_id": self.contact.id}
        )
        self.assertEqual(lead.company_id, self.company)
        self.assertTags(lead.sudo(), "Star")

    def test_import(self):
        self.enter(self.segment, self.subscription)
        found = self.env["helpdesk.ticket"].load(
            ["name", "description", "partner_id/.id", "company_id/.id"],
            [["Imported", "x", str(self.contact.id), str(self.company.id)]] * 2,
        )
        for ticket in self.env["helpdesk.ticket"].browse(found["ids"]):
            self.assertTags(ticket, "Star")

    def test_mail_gateway(self):
        self.contact.email = "contact@example.com"
        self.enter(self.segment, self.subscription)
        mail = (
            "From: Contact <contact@example.com>\n"
            "To: help@example.com\nSubject: {0}\nMessage-Id: <{0}@example.com>\n"
            "Content-Type: text/plain\n\nHelp\n"
        )
        for model in ("helpdesk.ticket", "crm.lead"):
            values = {"company_id": self.company.id}
            if model == "crm.lead":
                values.update(team_id=self.team.id, partner_id=self.contact.id)
            id_ = self.env["mail.thread"].message_process(
                model, mail.format(model), custom_values=values
            )
            record = self.env[model].browse(id_)
            self.assertEqual(record.partner_id, self.contact)
            self.assertTags(record, "Star")

    def test_lead_of_a_company_without_contact(self):
        """Odoo names the contact while the lead is made: the tags are there already."""
        self.enter(self.segment, self.subscription)
        user = self.make_user("salesperson")
        lead = self.as_user(self.env["crm.lead"], user).create(
            {"name": "More", "commercial_partner_id": self.partner.id}
        )
        self.assertEqual(lead.partner_id.id, self.partner.id)
        self.assertTags(lead.sudo(), "Star")
        self.leave(self.segment, self.subscription)
        self.assertTags(lead.sudo())

    # --- customers change -------------------------------------------------------------

    def test_merged_leads(self):
        """Tags of ours stay behind; those of persons come along."""
        mine = self.lead.tag_ids.create({"name": "Mine"})
        self.enter(self.segment, self.subscription)
        self.tag_by_hand(self.lead, mine)
        nobodys = self.make_lead(self.make_partner("Other"), probability=90)
        merged = (nobodys | self.lead).merge_opportunity()
        self.assertEqual(merged, nobodys)
        self.assertTags(merged, "Mine")

    def test_leads_merged_into_a_member_s(self):
        self.enter(self.segment, self.subscription)
        self.lead.probability = 90
        other = self.make_lead(self.contact)
        merged = (self.lead | other).merge_opportunity()
        self.assertEqual(merged, self.lead)
        self.assertTags(merged, "Star")
        self.leave(self.segment, self.subscription)
        self.assertTags(merged)

    def test_partner_of_a_document_changes(self):
        other = self.make_partner("Other")
        self.enter(self.segment, self.subscription)
        for record in (self.lead, self.ticket):
            record.partner_id = other
            self.assertTags(record)
            record.partner_id = self.contact
            self.assertTags(record, "Star")
            record.partner_id = False
            self.assertTags(record)

    def test_company_of_a_document_changes(self):
        self.enter(self.segment, self.subscription)
        self.ticket.company_id = self.other
        self.assertTags(self.ticket)
        team = self.team.copy({"name": "Theirs", "company_id": self.other.id})
        self.lead.write({"company_id": self.other.id, "team_id": team.id})
        self.assertEqual(self.lead.company_id, self.other)
        self.assertTags(self.lead)

    def test_parent_of_a_contact_changes(self):
        """Its documents are another customer's then."""
        self.enter(self.segment, self.subscription)
        self.contact.parent_id = self.make_partner("Other", is_company=True)
        self.assertTags(self.ticket)
        self.assertTags(self.lead)
        self.contact.parent_id = self.partner
        self.assertTags(self.ticket, "Star")

    def test_subscription_moves_to_another_customer(self):
        other = self.make_partner("Other", is_company=True)
        ticket = self.make_ticket(other)
        self.enter(self.segment, self.subscription)
        self.subscription.with_env(self.env).partner_id = other
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.assertEqual(self.subscription.customer_id.partner_id, other)
        self.assertTags(other, "Star")
        self.assertTags(ticket, "Star")
        for record in (self.partner, self.ticket, self.lead):
            self.assertTags(record)

    # --- uninstalling -----------------------------------------------------------------

    def test_removal_of_all(self):
        """Our links go; a tag that persons use is theirs, the others go (13)."""
        mine = self.make_ticket(
            self.make_partner("Other"), tag_ids=self.segment.ticket_tag_id.ids
        )
        self.enter(self.segment, self.subscription)
        self.ticket.stage_id = self.closed
        found = self.env["crm.tag"].create({"name": "Found"})
        self.make_segment("Found")
        self.env["subscription.segment"]._remove_tags()
        for record in self.everything:
            self.assertTags(record)
        self.assertTags(mine, "Star")
        marked = self.env["ir.model.data"].search(
            [("name", "like", "made\\_%"), ("module", "=", "subscription_segmentation")]
        )
        marked = {(data.model, data.res_id) for data in marked}
        self.assertIn(("crm.tag", self.segment.lead_tag_id.id), marked)
        self.assertNotIn(("crm.tag", found.id), marked)
        self.assertNotIn(("helpdesk.ticket.tag", self.segment.ticket_tag_id.id), marked)


# Slow, because Odoo's merge looks through every foreign key.
@tagged("post_install", "-at_install", "slow")
class TestSegmentLinksMerge(FollowCase):
    """Merging partners keeps what persons tagged, and whose tags are ours."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.segment = cls.make_segment()
        cls.tag = cls.segment.partner_tag_id
        cls.keep = cls.make_partner("Keep", is_company=True)

    def merge(self, source, target):
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (source | target).ids, target
        )
        self.env.flush_all()
        self.env.invalidate_all()
        stale = SQL(
            """
            SELECT 1 FROM subscription_segment_link
             WHERE kind = 'partner' AND res_id NOT IN (SELECT id FROM res_partner)
            """
        )
        self.assertFalse(self.env.execute_query(stale))

    def test_ours_stays_ours(self):
        ticket = self.make_ticket(self.contact)
        new = self.make_ticket(self.keep)
        self.enter(self.segment, self.subscription)
        self.merge(self.partner, self.keep)
        for record in (self.keep, ticket, new):
            self.assertTags(record, "Star")
        self.leave(self.segment, self.subscription)
        for record in (self.keep, ticket, new):
            self.assertTags(record)

    def test_both_are_members(self):
        other = self.subscribe(self.keep)
        self.enter(self.segment, self.subscription, other)
        self.merge(self.partner, self.keep)
        self.assertTags(self.keep, "Star")
        self.leave(self.segment, self.subscription)
        self.assertTags(self.keep, "Star")
        self.leave(self.segment, other)
        self.assertTags(self.keep)

    def test_by_hand_on_the_one_that_goes(self):
        other = self.subscribe(self.keep)
        self.tag_by_hand(self.partner, self.tag)
        self.enter(self.segment, other)
        self.merge(self.partner, self.keep)
        self.leave(self.segment, other)
        self.assertTags(self.keep, "Star")

    def test_by_hand_on_the_one_that_stays(self):
        self.tag_by_hand(self.keep, self.tag)
        self.enter(self.segment, self.subscription)
        self.merge(self.partner, self.keep)
        self.leave(self.segment, self.subscription)
        self.assertTags(self.keep, "Star")

    def test_removed_by_hand_stays_away(self):
        self.enter(self.segment, self.subscription)
        self.untag_by_hand(self.partner, self.tag)
        self.merge(self.partner, self.keep)
        self.assertTags(self.keep)
        self.segment._follow(self.company)
        self.assertTags(self.keep)


@tagged("post_install", "-at_install")
class TestSegmentFilters(FollowCase):
    """Segments filter and group tickets and leads, for those who may see them."""

    def test_ready_for_upsell(self):
        """By what the shipped segment is, whatever it is called."""
        star = self.make_segment("Étoile")
        star.key = "star"
        lead = self.make_lead(self.contact)
        other = self.make_lead(self.make_partner("Other"))
        self.enter(star, self.subscription)
        view = self.env.ref("subscription_segmentation.crm_lead_view_search")
        tree = etree.fromstring(view.arch)
        [node] = tree.xpath("//filter[@name='customer_ready_for_upsell']")
        domain = literal_eval(node.get("domain"))
        user = self.make_user("salesperson")
        leads = self.as_user(self.env["crm.lead"], user)
        found = leads.search([*domain, ("id", "in", (lead | other).ids)])
        self.assertEqual(found.ids, lead.ids)

    def test_search_and_group(self):
        segment = self.make_segment("Rising")
        ticket = self.make_ticket(self.contact)
        other = self.make_ticket(self.make_partner("Other"))
        self.enter(segment, self.subscription)
        segment._store_primary(self.company)
        mine = [("id", "in", (ticket | other).ids)]
        tickets = self.env["helpdesk.ticket"]
        found = tickets.search([*mine, ("customer_segment_ids", "ilike", "risi")])
        self.assertEqual(found.ids, ticket.ids)
        groups = tickets._read_group(mine, ["customer_segment_id"], ["__count"])
        self.assertEqual(
            [(own.id, n) for own, n in groups], [(segment.id, 1), (False, 1)]
        )

    def test_cards(self):
        """Who may not see customers has neither segment nor figures on a card."""
        ticket = {
            "customer_segment_id",
            "customer_churn_risk",
            "customer_mrr",
            "customer_next_renewal_date",
        }
        lead = {"customer_segment_id", "customer_clv"}
        for model, kind, names, expected in (
            ("helpdesk.ticket", "user", ticket, ticket),
            ("helpdesk.ticket", "internal", ticket, set()),
            ("crm.lead", "salesperson", lead, lead),
        ):
            user = self.make_user(kind)
            view = self.as_user(self.env[model], user).get_view(view_type="kanban")
            tree = etree.fromstring(view["arch"])
            found = {node.get("name") for node in tree.iter("field")}
            self.assertEqual(found & names, expected, (model, kind))
