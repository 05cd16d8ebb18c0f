# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .subscription_customer_view_talk import preview

#: Events on one page.
PAGE = 20


class SubscriptionCustomer(models.Model):
    """The time line of a customer: what happened, whatever it was, newest first.

    One query over all sources, each of which names its events alike: ``at`` (time of
    day or midnight, as the company's clock shows it), ``kind``, ``id``, the record to
    open (``model``, ``res_id``), ``name``, ``detail``, ``amount`` and ``currency_id``.
    The three first ones order them: a page begins after those of the last one before.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.customer"

    def _view_events(self, cursor=None):
        zone = self._view_company()["zone"]
        after = SQL("TRUE")
        if cursor:
            at, kind, id_ = cursor
            after = SQL(
                "(at, kind, id) < (%s::timestamp, %s, %s)", at, str(kind), int(id_)
            )
        rows = self.env.execute_query_dict(
            SQL(
                """
                WITH %(tables)s,
                event (at, kind, id, model, res_id, name, detail, amount, currency_id)
                    AS (%(sources)s)
                SELECT at::text, kind, id, model, res_id, name, detail,
                       amount::float AS amount, currency_id
                  FROM event
                 WHERE at <= %(now)s::timestamptz AT TIME ZONE %(zone)s AND %(after)s
              ORDER BY event.at DESC, kind DESC, id DESC
                 LIMIT %(limit)s
                """,
                tables=self._event_tables(),
                sources=SQL(" UNION ALL ").join(self._event_sources(zone)),
                now=f"{fields.Datetime.now()}+00",
                zone=zone,
                after=after,
                limit=PAGE + 1,
            )
        )
        page, more = rows[:PAGE], len(rows) > PAGE
        last = page[-1] if more else None
        readable = self._readable_mails([r["id"] for r in page if r["kind"] == "mail"])
        return {
            "rows": [
                {**row, "day": row["at"][:10], "text": self._event_text(row)}
                for row in page
                if row["kind"] != "mail" or row["id"] in readable
            ],
            "cursor": last and [last["at"], last["kind"], last["id"]],
        }

    # --- sources ----------------------------------------------------------------------

    def _event_tables(self):
        """Return the tables that several sources look at."""
        Move = self.env["account.move"]
        if Move.has_access("read"):
            posted = self._invoice_domain() & Domain("state", "=", "posted")
            moves = Move._search(posted).subselect()
        else:
            moves = SQL("(NULL)")
        if self._may_see_tickets():
            tickets = self.env["helpdesk.ticket"]._search(self._tickets_domain())
            tickets = tickets.subselect()
        else:
            tickets = SQL("(NULL)")
        Segment = self.env["subscription.segment"]
        return SQL(
            """
            sub AS (SELECT id, name FROM sale_subscription WHERE customer_id = %(id)s),
            bill AS (
                SELECT move.*, paid.date AS paid_on
                  FROM account_move move
     LEFT JOIN LATERAL (
                    SELECT MAX(match.max_date) AS date
                      FROM account_move_line line
                      JOIN account_partial_reconcile match
                        ON match.debit_move_id = line.id
                     WHERE line.move_id = move.id
                       AND move.move_type = 'out_invoice'
                       AND move.payment_state IN ('paid', 'in_payment')
                  ) AS paid ON TRUE
                 WHERE move.id IN %(moves)s
            ),
            ticket AS (
                SELECT ticket.*, stage.closed
                  FROM helpdesk_ticket ticket
             LEFT JOIN helpdesk_ticket_stage stage ON stage.id = ticket.stage_id
                 WHERE ticket.id IN %(tickets)s
            ),
            member AS (
                SELECT member.*, %(segment)s AS segment
                  FROM subscription_segment_membership member
                  JOIN sub ON sub.id = member.subscription_id
                  JOIN subscription_segment segment ON segment.id = member.segment_id
            )
            """,
            id=self.id,
            moves=moves,
            tickets=tickets,
            segment=Segment._field_to_sql("segment", "name"),
        )

    def _event_sources(self, zone):
        """Yield a query for each kind of event.

        :param zone: the company's, for what Odoo stores as a time in UTC
        """

        def local(column):
            return SQL(
                "%s AT TIME ZONE 'UTC' AT TIME ZONE %s", SQL.identifier(*column), zone
            )

        yield SQL(
            """
            SELECT date::timestamp, 'movement', id, 'sale.subscription',
                   subscription_id, reference, event, mrr_delta, currency_id
              FROM subscription_movement
             WHERE customer_id = %s
            """,
            self.id,
        )
        yield from self._plan_source()
        yield SQL(
            """
            SELECT invoice_date::timestamp, move_type, id, 'account.move', id, name,
                   NULL, amount_total, currency_id
              FROM bill
         UNION ALL
            SELECT paid_on::timestamp, 'invoice_paid', id, 'account.move', id, name,
                   NULL, amount_total, currency_id
              FROM bill
             WHERE paid_on IS NOT NULL
         UNION ALL
            SELECT (invoice_date_due + 1)::timestamp, 'invoice_overdue', id,
                   'account.move', id, name, NULL, amount_total, currency_id
              FROM bill
             WHERE move_type = 'out_invoice'
               AND (paid_on > invoice_date_due
                    OR (paid_on IS NULL AND amount_residual <> 0))
            """
        )
        yield SQL(
            """
            SELECT %s, 'ticket_opened', id, 'helpdesk.ticket', id, name, number,
                   NULL, NULL
              FROM ticket
         UNION ALL
            SELECT %s, 'ticket_closed', id, 'helpdesk.ticket', id, name, number,
                   NULL, NULL
              FROM ticket
             WHERE closed AND closed_date IS NOT NULL
            """,
            local(("create_date",)),
            local(("closed_date",)),
        )
        yield SQL(
            """
            SELECT %s, 'mail', mail.id, mail.model, mail.res_id,
                   COALESCE(NULLIF(mail.subject, ''), LEFT(mail.body, 2000)),
                   COALESCE(author.name, mail.email_from), NULL, NULL
                   %s
            """,
            local(("mail", "date")),
            self._mails_sql(),
        )
        Event = self.env["calendar.event"]
        if Event.has_access("read"):
            yield SQL(
                """
                SELECT %s, 'meeting', id, 'calendar.event', id,
                       CASE WHEN id IN %s THEN name END, NULL, NULL, NULL
                  FROM calendar_event
                 WHERE id IN %s
                """,
                local(("start",)),
                self._named_meetings(),
                Event._search(self._meetings_domain()).subselect(),
            )
        yield SQL(
            """
            SELECT answer.date::timestamp, 'nps', answer.id, 'subscription.nps',
                   answer.id, contact.name, answer.note, answer.score, NULL
              FROM subscription_nps answer
              JOIN res_partner contact ON contact.id = answer.partner_id
             WHERE answer.customer_id = %s
            """,
            self.id,
        )
        yield SQL(
            """
            SELECT notice.date::timestamp, 'notice', notice.id, 'sale.subscription',
                   sub.id, sub.name, notice.end_date::text, NULL, NULL
              FROM subscription_notice notice
              JOIN sub ON sub.id = notice.subscription_id
         UNION ALL
            SELECT notice.withdrawn_on::timestamp, 'notice_withdrawn', notice.id,
                   'sale.subscription', sub.id, sub.name, NULL, NULL, NULL
              FROM subscription_notice notice
              JOIN sub ON sub.id = notice.subscription_id
             WHERE notice.withdrawn_on IS NOT NULL
            """
        )
        yield SQL(
            """
            SELECT date_from::timestamp, 'segment_' || kind, id, NULL, NULL, segment,
                   pin_reason, NULL, NULL
              FROM member
         UNION ALL
            SELECT date_to::timestamp, 'segment_left', id, NULL, NULL, segment, NULL,
                   NULL, NULL
              FROM member
             WHERE date_to IS NOT NULL AND kind <> 'pinned_out'
            """
        )
        yield SQL(
            """
            SELECT date::timestamp, 'risk', id, 'sale.subscription', subscription_id,
                   name, before || ' ' || risk, score, NULL
              FROM (
                SELECT kept.id, kept.date, kept.subscription_id, sub.name,
                       kept.churn_score AS score, kept.churn_risk_scored AS risk,
                       LAG(kept.churn_risk_scored) OVER (
                           PARTITION BY kept.subscription_id ORDER BY kept.date
                       ) AS before
                  FROM subscription_score_history kept
                  JOIN sub ON sub.id = kept.subscription_id
              ) AS kept
             WHERE before <> risk
            """
        )

    def _plan_source(self):
        """Yield the query for the days on which a subscription changed its plan."""
        Plan = self.env["sale.subscription.template"]
        yield SQL(
            """
            SELECT date::timestamp, 'plan', id, 'sale.subscription', subscription_id,
                   name, plan, NULL, NULL
              FROM (
                SELECT terms.id, terms.date, sub.id AS subscription_id, sub.name,
                       terms.template_id, %(plan)s AS plan,
                       LAG(terms.template_id) OVER (
                           PARTITION BY sub.id
                           ORDER BY terms.date, terms.known_on, terms.id
                       ) AS before
                  FROM subscription_terms terms
                  JOIN sub ON sub.id = terms.subscription_res_id
             LEFT JOIN sale_subscription_template plan ON plan.id = terms.template_id
              ) AS told
             WHERE before <> template_id
            """,
            plan=Plan._field_to_sql("plan", "name"),
        )

    # --- words ------------------------------------------------------------------------

    def _event_text(self, row):
        """Return in words what happened."""
        name, detail = row["name"], row["detail"]
        kind = row["kind"]
        if kind == "movement":
            return self._movement_text(row)
        if kind == "mail":
            return self.env._(
                "%(author)s: %(text)s", author=detail, text=preview(None, name)
            )
        if kind == "nps":
            text = self.env._(
                "%(name)s answers %(score)s", name=name, score=int(row["amount"])
            )
            return f"{text}: {detail}" if detail else text
        if kind == "risk":
            risks = dict(self._fields["churn_risk"]._description_selection(self.env))
            before, now = map(risks.get, detail.split())
            return self.env._(
                "%(name)s: churn risk from %(before)s to %(now)s",
                name=name,
                before=before,
                now=now,
            )
        if kind == "notice":
            end = self._date(fields.Date.to_date(detail))
            return self.env._("Notice of %(name)s, ends on %(end)s", name=name, end=end)
        if kind.startswith("ticket"):
            name = f"{detail} {name}"
        elif kind.startswith("segment") and detail:
            name = f"{name} ({detail})"
        return {
            "plan": self.env._("%(name)s changed to %(plan)s", name=name, plan=detail),
            "out_invoice": self.env._("Invoice %s", name),
            "out_refund": self.env._("Credit note %s", name),
            "invoice_paid": self.env._("%s paid", name),
            "invoice_overdue": self.env._("%s overdue", name),
            "ticket_opened": self.env._("Ticket opened: %s", name),
            "ticket_closed": self.env._("Ticket closed: %s", name),
            "meeting": self.env._("Meeting: %s", name or self.env._("Busy")),
            "notice_withdrawn": self.env._("Notice of %s withdrawn", name),
            "segment_automatic": self.env._("Entered %s", name),
            "segment_pinned_in": self.env._("Pinned into %s", name),
            "segment_pinned_out": self.env._("Pinned out of %s", name),
            "segment_left": self.env._("Left %s", name),
        }[kind]

    def _movement_text(self, row):
        name = row["name"]
        return {
            "start": self.env._("%s started", name),
            "change": self.env._("Price of %s changed", name),
            "pause": self.env._("%s paused", name),
            "resume": self.env._("%s resumed", name),
            "end": self.env._("%s ended", name),
            "customer_change": self.env._("%s changed its customer", name),
            "archive": self.env._("%s archived", name),
            "delete": self.env._("%s deleted", name),
        }[row["detail"]]
