# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.tools import SQL

from ..signals.renewals import recurring_invoices
from .journey_domain import matching
from .subscription_journey_check import came_back, is_member, owed

#: Why a person cannot enrol a subscription, beside the reasons of campaigns.
HAND_REASONS = [
    ("journey_company", "Not a journey of this company"),
    ("journey_over", "The journey is not valid today"),
    ("no_anniversary", "Begins with an anniversary only"),
    ("not_ended", "Has not ended"),
    ("returned", "Came back"),
    ("no_renewal", "No renewal ahead"),
    ("no_notice", "No notice given"),
    ("paid", "No invoice overdue"),
    ("not_member", "Not in the segment of the journey"),
    ("journey_domain", "Not meant by the journey"),
    ("enrolled", "On the journey already"),
    ("reentry", "Not enrolled again"),
]


class SubscriptionJourney(models.Model):
    """Enrolling by hand: whom a person chooses, unless the journey is not for them.

    The journey begins today; one that begins with a renewal begins with the next one,
    as it would by itself: its texts speak of that day. Nobody is enrolled by hand in
    one that begins with an anniversary, which has its day.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.journey"

    def _refused_by_hand(self, subscriptions):
        """Return ``{subscription id: reason}`` of those that cannot be enrolled now.

        The control group of the journey is that of whoever is enrolled by hand, too:
        its reason is ``control``.
        """
        self.ensure_one()
        refused = {}
        for company, some in subscriptions.sudo().grouped("company_id").items():
            refused |= self.sudo()._refused_in(company, some)
        return refused

    def _refused_in(self, company, subscriptions):
        """Say so of a company's subscriptions."""
        today = company._subscription_today()
        wanted = matching(self.env, self.enrol_domain, company)
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT subscription.id,
                       CASE WHEN %(elsewhere)s THEN 'journey_company'
                            WHEN %(over)s THEN 'journey_over'
                            WHEN %(anchor)s = 'anniversary' THEN 'no_anniversary'
                            WHEN NOT subscription.active THEN 'closed'
                            WHEN %(ended)s AND (subscription.is_running
                                                OR subscription.end_date IS NULL)
                            THEN 'not_ended'
                            WHEN %(ended)s AND %(came_back)s THEN 'returned'
                            WHEN NOT %(ended)s AND %(closed)s
                                 AND subscription.is_running IS NOT TRUE
                            THEN 'closed'
                            WHEN %(anchor)s = 'renewal' AND (
                                anchor.anchor_date >= %(today)s
                                AND (subscription.notice_end_date > anchor.anchor_date)
                                    IS NOT FALSE
                            ) IS NOT TRUE
                            THEN 'no_renewal'
                            WHEN %(anchor)s = 'notice' AND NOT EXISTS (
                                SELECT FROM subscription_notice notice
                                 WHERE notice.subscription_id = subscription.id
                                   AND notice.withdrawn_on IS NULL
                                   AND notice.closed_on IS NULL)
                            THEN 'no_notice'
                            WHEN %(left)s AND NOT %(is_member)s THEN 'not_member'
                            WHEN NOT (%(wanted)s) THEN 'journey_domain'
                            WHEN EXISTS (
                                SELECT FROM subscription_journey_enrolment own
                                 WHERE own.journey_id = %(journey)s
                                   AND own.subscription_id = subscription.id
                                   AND (own.state = 'running'
                                        OR own.anchor_date = anchor.anchor_date
                                           AND own.stop_reason
                                               IS DISTINCT FROM 'undone'))
                            THEN 'enrolled'
                            WHEN NOT (%(again)s) THEN 'reentry'
                            WHEN %(is_control)s THEN 'control'
                       END
                  FROM sale_subscription subscription
            CROSS JOIN LATERAL (SELECT %(day)s AS anchor_date) AS anchor
                 WHERE subscription.id = ANY(%(ids)s)
                """,
                elsewhere=bool(self.company_id and self.company_id != company),
                over=bool(
                    (self.date_from and today < self.date_from)
                    or (self.date_to and today > self.date_to)
                ),
                anchor=self.anchor,
                ended=self.anchor == "ended",
                closed=self.stop_on_closed,
                left=self.stop_on_left,
                came_back=came_back(SQL("subscription.end_date")),
                is_member=is_member(self.segment_id),
                wanted=SQL("subscription.id IN %s", wanted) if wanted else SQL("TRUE"),
                journey=self.id,
                again=self._again(),
                is_control=self._is_control(),
                today=today,
                day=self._day_by_hand(today),
                ids=subscriptions.ids,
            )
        )
        refused = {id_: reason for id_, reason in rows if reason}
        if self.anchor == "overdue":
            invoices = recurring_invoices(self.env, company, today, subscriptions.ids)
            owing = {id_ for id_, _day in owed(self.env, company, today, invoices)}
            for id_ in set(subscriptions.ids) - owing:
                if refused.get(id_) in (None, "control"):
                    refused[id_] = "paid"
        return refused

    def _day_by_hand(self, today):
        """Return the day that the journey of a subscription begins with, SQL."""
        if self.anchor == "renewal":
            return SQL("subscription.next_renewal_date")
        return SQL("%s::date", today)

    def _enrol_by_hand(self, company, subscriptions, control):
        """Enrol a company's subscriptions that are not refused, and the control group.

        :return: ``{subscription id: enrolment id}``
        """
        self.ensure_one()
        ids = (subscriptions | control).ids
        day = self._day_by_hand(company._subscription_today())
        self.env.flush_all()
        fresh = SQL(
            """
            SELECT subscription.*, %(day)s AS anchor_date,
                   subscription.id = ANY(%(control)s) AS is_control
              FROM sale_subscription subscription
             WHERE subscription.id = ANY(%(ids)s)
            """,
            day=day,
            control=control.ids,
            ids=ids,
        )
        self._write_enrolments(company, fresh, by_hand=True)
        enrolled = dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT subscription.id, enrolment.id
                      FROM sale_subscription subscription
                      JOIN subscription_journey_enrolment enrolment
                        ON enrolment.subscription_id = subscription.id
                       AND enrolment.journey_id = %s
                       AND enrolment.anchor_date = %s
                     WHERE subscription.id = ANY(%s)
                    """,
                    self.id,
                    day,
                    ids,
                )
            )
        )
        return enrolled


class SubscriptionJourneyEnrolment(models.Model):
    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.journey.enrolment"

    def _undo(self):
        """Stop enrolments with all that waits in them, and return how many.

        Those that have come to their end stay as they are.
        """
        self.env.flush_all()
        stopped = self.env.execute_query(
            SQL(
                """
                UPDATE subscription_journey_enrolment
                   SET state = 'stopped', stop_reason = 'undone'
                 WHERE id = ANY(%s)
                   AND (state = 'running' OR is_control AND state = 'done')
             RETURNING id
                """,
                self.ids,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                UPDATE subscription_journey_delivery
                   SET state = 'cancelled', reason = 'undone'
                 WHERE enrolment_id = ANY(%s) AND state = 'waiting'
                """,
                [id_ for (id_,) in stopped],
            )
        )
        self.env.invalidate_all()
        return len(stopped)
