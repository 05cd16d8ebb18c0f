# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL, html2plaintext

from .subscription_customer_view import MORE, TOP, counted

HELPDESK = "helpdesk_mgmt.group_helpdesk_user_own"
#: Who is not in it sees only some of the tickets.
ALL_TICKETS = "helpdesk_mgmt.group_helpdesk_user"
#: Days of the past that tickets and ratings are counted in.
DAYS = 90
#: Characters that are shown of a message without a subject.
PREVIEW = 90


class SubscriptionCustomer(models.Model):
    """How a customer is served, and what is said between it and us."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.customer"

    # --- support ----------------------------------------------------------------------

    def _may_see_tickets(self):
        """Return whether the user works with tickets.

        Odoo lets everybody read the model, and then hides all but her own: to say that
        there is none would not be true.
        """
        return self.env.user.has_group(HELPDESK) and self.env[
            "helpdesk.ticket"
        ].has_access("read")

    def _view_support(self):
        if not self._may_see_tickets():
            return None
        Stage = self.env["helpdesk.ticket.stage"]
        Ticket = self.env["helpdesk.ticket"]
        tickets = Ticket._search(self._tickets_domain()).subselect()
        since = fields.Datetime.now() - timedelta(days=DAYS)
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT ticket.id, ticket.number, ticket.name, %(stage)s AS stage,
                       COALESCE(stage.closed, FALSE) AS is_closed, ticket.priority,
                       ticket.create_date AS date, assignee.name AS user,
                       COUNT(*) OVER () AS count,
                       COUNT(*) FILTER (WHERE stage.closed IS NOT TRUE) OVER () AS open,
                       COUNT(*) FILTER (WHERE ticket.create_date >= %(since)s) OVER ()
                           AS recent
                  FROM helpdesk_ticket ticket
             LEFT JOIN helpdesk_ticket_stage stage ON stage.id = ticket.stage_id
             LEFT JOIN res_users person ON person.id = ticket.user_id
             LEFT JOIN res_partner assignee ON assignee.id = person.partner_id
                 WHERE ticket.id IN %(tickets)s
              ORDER BY COALESCE(stage.closed, FALSE), ticket.create_date DESC,
                       ticket.id DESC
                 LIMIT %(limit)s
                """,
                stage=Stage._field_to_sql("stage", "name"),
                since=since,
                tickets=tickets,
                limit=TOP,
            )
        )
        open_count, recent = (rows[0]["open"], rows[0]["recent"]) if rows else (0, 0)
        for row in rows:
            del row["open"], row["recent"]
        priorities = dict(Ticket._fields["priority"]._description_selection(self.env))
        for row in rows:
            row["priority_label"] = priorities.get(row["priority"])
        return {
            **counted(rows),
            "open": open_count,
            "recent": recent,
            "days": DAYS,
            "is_limited": not self.env.user.has_group(ALL_TICKETS),
            "satisfaction": self._view_satisfaction(tickets),
        }

    def _tickets_domain(self):
        return Domain("subscription_customer_id", "=", self.id)

    def _view_satisfaction(self, tickets):
        """Return how the tickets were rated, from 1 to 5; None: not at all."""
        if not self.env["rating.rating"].has_access("read"):
            return None
        ((number, mean, last),) = self.env.execute_query(
            SQL(
                """
                SELECT COUNT(*), AVG(rating),
                       (ARRAY_AGG(rating ORDER BY COALESCE(rated_on, write_date) DESC,
                                  id DESC))[1]
                  FROM rating_rating
                 WHERE res_model = 'helpdesk.ticket' AND consumed AND rating > 0
                   AND res_id IN %s
                """,
                tickets,
            )
        )
        return number and {
            "count": number,
            "mean": round(float(mean), 1),
            "last": float(last),
        }

    # --- talk -------------------------------------------------------------------------

    def _view_talk(self):
        actions = []
        if self.env["subscription.nps"].has_access("create"):
            actions.append(
                {"name": "action_record_nps", "label": self.env._("Record NPS")}
            )
        return {
            "mails": self._view_mails(),
            "meetings": self._view_meetings(),
            "nps": self._view_nps(),
            "actions": actions,
        }

    def _mails_sql(self):
        """Return FROM and WHERE for what contacts and we wrote each other.

        Neither our notes nor what was written about a record of another company;
        whether the user may read each is for :meth:`_readable_mails`.
        """
        return SQL(
            """
              FROM mail_message mail
         LEFT JOIN res_partner author ON author.id = mail.author_id
             WHERE mail.message_type IN (
                       'email', 'comment', 'email_outgoing', 'auto_comment'
                   )
               AND (mail.record_company_id = %(company)s
                    OR mail.record_company_id IS NULL)
               AND mail.id IN (
                       SELECT id FROM mail_message WHERE author_id IN %(contacts)s
                    UNION ALL
                       %(documents)s
                   )
            """,
            company=self.company_id.id,
            contacts=self._contacts_sql(),
            documents=self._documents_sql(
                SQL(
                    """
                    SELECT id FROM mail_message
                     WHERE is_internal IS NOT TRUE
                       AND NOT EXISTS (
                           SELECT FROM mail_message_subtype subtype
                            WHERE subtype.id = subtype_id AND subtype.internal
                       )
                    """
                ),
                "model",
            ),
        )

    def _readable_mails(self, ids):
        """Return those that the user may read."""
        return set(self.env["mail.message"].browse(ids)._filtered_access("read").ids)

    def _view_mails(self):
        """Return the latest of them; of the latest 20, as many as may be read."""
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT mail.id, mail.date, mail.subject,
                       LEFT(mail.body, 2000) AS body, mail.model, mail.res_id,
                       COALESCE(author.name, mail.email_from) AS author,
                       COALESCE(author.commercial_partner_id = %(partner)s, FALSE)
                           AS is_theirs
                       %(mails)s
              ORDER BY mail.date DESC, mail.id DESC
                 LIMIT %(limit)s
                """,
                partner=self.partner_id.id,
                mails=self._mails_sql(),
                limit=MORE,
            )
        )
        readable = self._readable_mails([row["id"] for row in rows])
        rows = [row for row in rows if row["id"] in readable][:TOP]
        for row in rows:
            row["text"] = preview(row.pop("subject"), row.pop("body"))
        return {"rows": rows}

    def _meetings_domain(self):
        """Return the domain of meetings with contacts, of the company's users."""
        return Domain(
            "partner_ids", "any!", [("commercial_partner_id", "=", self.partner_id.id)]
        ) & (
            Domain("user_id", "=", False)
            | Domain("user_id", "any!", [("company_ids", "in", self.company_id.id)])
        )

    def _view_meetings(self):
        """Return the meetings nearest to now, before and after it."""
        Event = self.env["calendar.event"]
        if not Event.has_access("read"):
            return None
        now = fields.Datetime.now()
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT id, start, allday, start > %(now)s AS is_ahead,
                       CASE WHEN id IN %(named)s THEN name END AS name,
                       COUNT(*) OVER () AS count
                  FROM calendar_event
                 WHERE id IN %(own)s
              ORDER BY ABS(EXTRACT(EPOCH FROM start - %(now)s)), id
                 LIMIT %(limit)s
                """,
                now=now,
                own=Event._search(self._meetings_domain()).subselect(),
                named=self._named_meetings(),
                limit=TOP,
            )
        )
        for row in rows:
            row["name"] = row["name"] or self.env._("Busy")
        rows.sort(key=lambda row: row["start"], reverse=True)
        return counted(rows)

    def _named_meetings(self):
        """Return the query for those meetings whose name the user may know.

        As Odoo shows calendars: not what is private by itself or by the setting of its
        owner, unless she takes part. (``_check_private_event_conditions`` of an event.)
        """
        hiding = self.env["res.users.settings"].sudo()
        hiding = hiding._search([("calendar_default_privacy", "=", "private")])
        is_open = Domain("privacy", "in", ("public", "confidential")) | (
            Domain("privacy", "=", False)
            & (
                Domain("user_id", "=", False)
                | Domain("user_id", "not in", hiding.subselect("user_id"))
            )
        )
        takes_part = Domain("user_id", "=", self.env.uid) | Domain(
            "partner_ids", "any!", [("user_ids", "in", self.env.uid)]
        )
        domain = self._meetings_domain() & (is_open | takes_part)
        return self.env["calendar.event"]._search(domain).subselect()

    def _view_nps(self):
        Nps = self.env["subscription.nps"]
        if not Nps.has_access("read"):
            return None
        own = Nps._search([("customer_id", "=", self.id)])
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT answer.id, answer.score, answer.nps_category AS category,
                       answer.date, answer.note, contact.name AS contact,
                       COUNT(*) OVER () AS count
                  FROM subscription_nps answer
                  JOIN res_partner contact ON contact.id = answer.partner_id
                 WHERE answer.id IN %s
              ORDER BY answer.date DESC, answer.id DESC
                 LIMIT %s
                """,
                own.subselect(),
                TOP,
            )
        )
        return counted(rows)


def preview(subject, body):
    """Return what a message is about: its subject, else how it begins."""
    text = subject or " ".join(html2plaintext(body or "").split())
    return text if len(text) <= PREVIEW else f"{text[:PREVIEW]}…"
