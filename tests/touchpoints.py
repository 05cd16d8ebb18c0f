# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What customers and the company do with each other, on days of the past."""

from datetime import timedelta

from odoo.fields import Command, Datetime
from odoo.tools import SQL

from .common import SubscriptionCase


class TouchpointCase(SubscriptionCase):
    """A customer with a contact, and somebody of the company that deals with them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = cls.make_partner("Customer")
        cls.contact = cls.make_partner(
            parent=cls.partner, email="Ann <ann@example.com>"
        )
        cls.marketer = cls.make_user("internal")
        Stage = cls.env["helpdesk.ticket.stage"]
        cls.new, cls.work, cls.done, cls.filed = Stage.create(
            [
                {"name": "New", "sequence": -4},
                {"name": "Work", "sequence": -3},
                {"name": "Done", "closed": True},
                {"name": "Filed", "closed": True},
            ]
        )

    @classmethod
    def ticket(cls, when, partner=None, company=None, **values):
        ticket = cls.env["helpdesk.ticket"].create(
            {
                "name": "Question",
                "description": "?",
                "partner_id": (partner or cls.partner).id,
                "company_id": (company or cls.company).id,
                "stage_id": cls.new.id,
                **values,
            }
        )
        cls.env.flush_all()
        cls.env.cr.execute(
            SQL(
                "UPDATE helpdesk_ticket SET create_date = %(when)s,"
                " last_stage_update = GREATEST(%(when)s, closed_date)"
                " WHERE id = %(id)s",
                when=when,
                id=ticket.id,
            )
        )
        cls.env.invalidate_all()
        return ticket

    @classmethod
    def rate(cls, ticket, when, rating):
        record = cls.env["rating.rating"].create(
            {
                "res_model_id": cls.env["ir.model"]._get_id("helpdesk.ticket"),
                "res_id": ticket.id,
                "rating": rating,
                "consumed": True,
            }
        )
        record.flush_recordset()
        cls.env.cr.execute(
            SQL("UPDATE rating_rating SET rated_on = %s WHERE id = %s", when, record.id)
        )
        cls.env.invalidate_all()
        return record

    @classmethod
    def date(cls, record, when, column="create_date"):
        """Have something made (or written) on an earlier day."""
        cls.env.flush_all()
        cls.env.cr.execute(
            SQL(
                "UPDATE %s SET %s = %s WHERE id = %s",
                SQL.identifier(record._table),
                SQL.identifier(column),
                when,
                record.id,
            )
        )
        cls.env.invalidate_all()
        return record

    @classmethod
    def mail(cls, when, to, user=None, **values):
        """Send a mailing to a partner, or to an address."""
        mailing = cls.env["mailing.mailing"].create(
            {
                "subject": "News",
                "user_id": (user or cls.marketer).id,
                "mailing_model_id": cls.env["ir.model"]._get_id("res.partner"),
            }
        )
        if isinstance(to, str):
            target = {"model": "crm.lead", "res_id": 1, "email": to}
        else:
            target = {"model": "res.partner", "res_id": to.id}
        return cls.env["mailing.trace"].create(
            {
                "mass_mailing_id": mailing.id,
                "sent_datetime": when,
                "trace_status": "sent",
                **target,
                **values,
            }
        )

    @classmethod
    def meet(cls, when, partner=None, user=None):
        start = Datetime.to_datetime(when)
        event = cls.env["calendar.event"].create(
            {
                "name": "Review",
                "start": start,
                "stop": start + timedelta(hours=1),
                "user_id": (user or cls.marketer).id,
                "partner_ids": [Command.set((partner or cls.contact).ids)],
            }
        )
        for attendee in event.attendee_ids:
            cls.date(attendee, when)
            cls.date(attendee, when, "write_date")
        return cls.date(event, when, "write_date")

    @classmethod
    def click(cls, trace, when):
        link = cls.env["link.tracker"].create(
            {"url": "https://example.com", "title": "Example", "label": when}
        )
        click = cls.env["link.tracker.click"].create(
            {"link_id": link.id, "mailing_trace_id": trace.id}
        )
        trace.links_click_datetime = when
        cls.date(click, when)

    @classmethod
    def write_message(cls, when, author=None, **values):
        """Have a contact of the customer write a message."""
        message = cls.partner.message_post(
            body="Hello", author_id=(author or cls.contact).id, message_type="comment"
        )
        message.write(values)
        return cls.date(message, when, "date")
