# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fixtures for what follows from memberships: tags and the priority of tickets."""

import re

from odoo.fields import Command

from ..models.subscription_segment_link_sync import KINDS
from .test_customer_links import LinkCase

SWITCHES = [kind.switch for kind in KINDS.values()]


class FollowCase(LinkCase):
    """Memberships are written as they are: who enters is another test's matter."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        journeys = cls.env["subscription.journey"].with_context(active_test=False)
        journeys.search([]).unlink()
        cls.env["subscription.segment"].search([]).unlink()
        cls.subscription = cls.subscribe(cls.partner)
        cls.stage = cls.env["helpdesk.ticket.stage"].create(
            {"name": "Open", "sequence": 0, "company_id": False}
        )
        cls.closed = cls.env["helpdesk.ticket.stage"].create(
            {"name": "Closed", "closed": True, "company_id": False}
        )

    @classmethod
    def make_ticket(cls, partner, company=None, **values):
        return super().make_ticket(
            partner, company, **{"stage_id": cls.stage.id, **values}
        )

    @classmethod
    def make_segment(cls, name="Star", **values):
        """Return a segment that tags everything, if nothing else is said.

        In it are those whose description says so.
        """
        company = cls.env["res.company"].browse(values.get("company_id"))
        switches = [name for name in SWITCHES if name != "tag_partners" or not company]
        return cls.env["subscription.segment"].create(
            {
                "name": name,
                "color": 3,
                "enter_domain": f"[('description', 'ilike', '#{next(cls.codes)}#')]",
                **dict.fromkeys(switches, True),
                **values,
            }
        )

    @classmethod
    def enter(cls, segment, *subscriptions, kind="automatic", follow=True):
        [mark] = re.findall("#[0-9]+#", segment.enter_domain)
        for subscription in subscriptions:
            subscription.description = (subscription.description or "") + mark
        cls.env["subscription.segment.membership"].create(
            [
                {
                    "segment_id": segment.id,
                    "subscription_id": subscription.id,
                    "company_id": subscription.company_id.id,
                    "date_from": cls.as_of,
                    "kind": kind,
                }
                for subscription in subscriptions
            ]
        )
        if follow:
            cls.follow(segment, *subscriptions)

    @classmethod
    def leave(cls, segment, *subscriptions, follow=True):
        cls.unmark(segment, *subscriptions)
        for subscription in subscriptions:
            rows = subscription.membership_ids.filtered(
                lambda row: row.segment_id == segment and not row.date_to
            )
            rows.date_to = cls.as_of
        if follow:
            cls.follow(segment, *subscriptions)

    @classmethod
    def unmark(cls, segment, *subscriptions):
        [mark] = re.findall("#[0-9]+#", segment.enter_domain)
        for subscription in subscriptions:
            text = str(subscription.description or "").replace(mark, "")
            subscription.description = text

    @classmethod
    def follow(cls, segment, *subscriptions):
        for company in {subscription.company_id for subscription in subscriptions}:
            segment._follow(company)

    @classmethod
    def tags_of(cls, record):
        name = "category_id" if record._name == "res.partner" else "tag_ids"
        return name, record[name]

    def tag_by_hand(self, record, *tags):
        name, _tags = self.tags_of(record)
        record.write({name: [Command.link(tag.id) for tag in tags]})

    def untag_by_hand(self, record, *tags):
        name, _tags = self.tags_of(record)
        record.write({name: [Command.unlink(tag.id) for tag in tags]})

    def assertTags(self, record, *names):
        record.invalidate_recordset()
        _name, tags = self.tags_of(record)
        self.assertEqual(sorted(tags.mapped("name")), sorted(names), record)
