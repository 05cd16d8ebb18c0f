# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta
from typing import NamedTuple

from odoo import models
from odoo.tools import SQL

from ..signals.renewals import overdue, recurring_invoices
from ..signals.usage import feed_outage
from .journey_domain import matching
from .subscription_journey_step import MESSAGES

#: How long a step waits whose customer got too many messages.
PATIENCE = timedelta(hours=6)
#: A step may come so much sooner after the one before it than it was planned to.
TOLERANCE = timedelta(hours=12)
#: Within this a customer gets a step for one subscription only.
SAME = timedelta(hours=20)


class Verdict(NamedTuple):
    """What becomes of a delivery now."""

    #: ``go``, ``wait``, ``skip``, ``cancel`` or ``stop`` (the whole enrolment)
    action: str
    reason: str = None
    #: until when it waits
    until: datetime = None
    #: who is written to
    partner_id: int = None


def owed(env, company, today, invoices):
    """Return ``{(subscription id, day)}``: since when what is owed.

    :param invoices: see :func:`recurring_invoices`
    """
    moves = invoices["move_id"].unique().tolist()
    opened = invoices.join(
        overdue(env, company, today, moves), on="move_id", how="inner"
    )
    return {
        (id_, since.date())
        for id_, since in zip(opened["subscription_id"], opened["since"], strict=True)
    }


def came_back(since):
    """Return SQL that the customer of a subscription runs another one by now.

    :param since: SQL of the day from which on that one has begun
    """
    return SQL(
        """
        EXISTS (SELECT FROM sale_subscription other
                 WHERE other.customer_id = subscription.customer_id
                   AND other.is_running
                   AND other.first_start_date >= %s)
        """,
        since,
    )


def is_member(segment):
    """Return SQL that a subscription is in a segment now."""
    return SQL(
        """
        EXISTS (SELECT FROM subscription_segment_membership membership
                 WHERE membership.segment_id = %s
                   AND membership.subscription_id = subscription.id
                   AND membership.date_to IS NULL
                   AND membership.kind <> 'pinned_out')
        """,
        segment.id or None,
    )


class SubscriptionJourneyDelivery(models.Model):
    """Whether what is due may be done: looked at at the moment of doing it."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.journey.delivery"

    def _verdicts(self, now, assumed=False):
        """Say of each delivery of one step and company what becomes of it.

        In this order: what stops the journey, whether it is too late, what it asks
        about the e-mail before, its conditions, whether the customer may be reached.

        :param assumed: look neither at the time nor at the e-mail before: what would
            become of it when it is due
        :return: ``{delivery id: Verdict}``
        """
        facts = self._facts(now)
        result = {}
        for delivery in self:
            fact = facts[delivery.id]
            if reason := fact["stop"]:
                result[delivery.id] = Verdict("stop", reason)
            elif not assumed and (verdict := delivery._timing(fact, now)):
                result[delivery.id] = verdict
        rest = self.browse(id_ for id_ in self.ids if id_ not in result)
        for id_, reason in rest._unmet(now).items():
            result[id_] = Verdict("skip", reason)
        rest = rest.browse(id_ for id_ in rest.ids if id_ not in result)
        result.update(rest._reachable(facts, now, assumed))
        return result

    def _latest(self):
        """Return until when the delivery may still be done."""
        return self.due_at + timedelta(self.step_id.late_days)

    def _timing(self, fact, now):
        """Return the verdict by the clock and the step before, None: go on."""
        step = self.step_id
        if now > self._latest():
            return Verdict("skip", self.reason or "late")
        asks = step.previous != "any"
        if not fact["previous"]:
            return Verdict("cancel", "previous") if asks else None
        if not asks and step.channel not in MESSAGES:
            return None
        if fact["previous"] == "waiting":
            return Verdict("wait", "spacing", now + timedelta(hours=1))
        if fact["previous"] != "done":
            return Verdict("cancel", "previous") if asks else None
        before = step._step_before()
        gap = timedelta(
            step.offset_days - before.offset_days,
            hours=step.local_hour - before.local_hour,
        )
        earliest = (
            fact["previous_done_at"]
            + (gap if asks else min(gap, timedelta(1)))
            - TOLERANCE
        )
        if now < earliest:
            return Verdict("wait", "spacing", earliest)
        if asks:
            wanted = not step.previous.startswith("not_")
            if fact[step.previous.removeprefix("not_")] != wanted:
                return Verdict("skip", "condition")
        return None

    # --- facts ------------------------------------------------------------------------

    def _facts(self, now):
        """Read what is so of the enrolments and the subscriptions, set-wise.

        :return: ``{delivery id: {name: value}}``; ``stop``: why the journey ends
        """
        journey, step = self.journey_id, self.step_id
        company = self.company_id
        today = company._subscription_today()
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                SELECT delivery.id, delivery.subscription_id,
                       CASE WHEN enrolment.state <> 'running' OR NOT step.active
                            THEN COALESCE(enrolment.stop_reason, 'removed')
                            WHEN %(ended)s AND subscription.is_running THEN 'returned'
                            WHEN %(ended)s AND %(came_back)s THEN 'returned'
                            WHEN NOT %(ended)s AND %(closed)s
                                 AND subscription.is_running IS NOT TRUE
                            THEN 'closed'
                            WHEN NOT subscription.active THEN 'closed'
                            WHEN %(left)s AND NOT %(is_member)s THEN 'left'
                            WHEN %(reply)s AND EXISTS (
                                SELECT FROM subscription_journey_delivery sent
                                  JOIN mailing_trace trace ON trace.id = sent.trace_id
                                 WHERE sent.enrolment_id = enrolment.id
                                   AND trace.reply_datetime IS NOT NULL)
                            THEN 'replied'
                            WHEN %(anchor)s = 'notice' AND NOT EXISTS (
                                SELECT FROM subscription_notice notice
                                 WHERE notice.subscription_id = subscription.id
                                   AND (notice.date = delivery.anchor_date
                                        OR enrolment.is_by_hand)
                                   AND notice.withdrawn_on IS NULL)
                            THEN 'withdrawn'
                            WHEN %(anchor)s = 'renewal'
                                 AND delivery.anchor_date > %(today)s
                                 AND subscription.next_renewal_date
                                     <> delivery.anchor_date
                            THEN 'moved'
                            WHEN %(anchor)s = 'renewal'
                                 AND subscription.notice_end_date
                                     <= delivery.anchor_date
                            THEN 'ending'
                        END AS stop,
                       previous.state AS previous,
                       previous.done_at AS previous_done_at,
                       COALESCE(trace.open_datetime IS NOT NULL
                                OR trace.links_click_datetime IS NOT NULL
                                OR trace.trace_status IN ('open', 'reply'), FALSE)
                           AS opened,
                       trace.links_click_datetime IS NOT NULL AS clicked,
                       enrolment.is_by_hand,
                       EXISTS (
                           SELECT FROM subscription_journey_delivery other
                            WHERE other.customer_id = delivery.customer_id
                              AND other.step_id = delivery.step_id
                              AND other.id <> delivery.id
                              AND other.state = 'done'
                              AND other.done_at > %(recently)s) AS just_reached
                  FROM subscription_journey_delivery delivery
                  JOIN subscription_journey_enrolment enrolment
                    ON enrolment.id = delivery.enrolment_id
                  JOIN sale_subscription subscription
                    ON subscription.id = delivery.subscription_id
                  JOIN subscription_journey_step step ON step.id = delivery.step_id
             LEFT JOIN subscription_journey_delivery previous
                    ON previous.enrolment_id = enrolment.id
                   AND previous.step_id = %(before)s
             LEFT JOIN mailing_trace trace ON trace.id = previous.trace_id
                 WHERE delivery.id = ANY(%(ids)s)
                """,
                ended=journey.anchor == "ended",
                anchor=journey.anchor,
                closed=journey.stop_on_closed,
                left=journey.stop_on_left,
                reply=journey.stop_on_reply,
                came_back=came_back(SQL("delivery.anchor_date")),
                is_member=is_member(journey.segment_id),
                today=today,
                recently=now - SAME,
                before=step._step_before().id or None,
                ids=self.ids,
            )
        )
        facts = {row["id"]: row for row in self.env.cr.dictfetchall()}
        self._stop_settled(facts, today)
        return facts

    def _stop_settled(self, facts, today):
        """Add what invoices stop: those that renewed, and reminders of what is paid."""
        journey, company = self.journey_id, self.company_id
        overdue_only = journey.anchor == "overdue"
        if not (journey.stop_on_renewed or overdue_only):
            return
        ids = self.subscription_id.ids
        invoices = recurring_invoices(self.env, company, today, ids)
        if overdue_only:
            owing = owed(self.env, company, today, invoices)
            # Who was enrolled by hand owes since whatever day.
            owing |= {(id_, None) for id_, _since in owing}
        renewed = invoices[invoices["renewed"]].groupby("subscription_id")
        last = renewed["period_start"].max().to_dict()
        invoiced = set(invoices["subscription_id"])
        for delivery in self:
            fact, anchor = facts[delivery.id], delivery.anchor_date
            id_ = delivery.subscription_id.id
            if fact["stop"]:
                continue
            since = None if fact["is_by_hand"] else anchor
            if overdue_only and (id_, since) not in owing:
                fact["stop"] = "paid"
            elif journey.stop_on_renewed and (
                last[id_].date() >= anchor
                if id_ in last
                # Without invoices what runs on counts as renewed.
                else id_ not in invoiced
                and journey.anchor == "renewal"
                and today > anchor
            ):
                fact["stop"] = "renewed"

    def _unmet(self, now):
        """Return why the conditions of the step are not met, where they are not."""
        step, company = self.step_id, self.company_id
        result = {}
        if not self:
            return result
        wanted = matching(self.env, step.condition_domain, company)
        if wanted is not None:
            met = {
                row[0]
                for row in self.env.execute_query(
                    SQL(
                        "SELECT id FROM sale_subscription"
                        " WHERE id = ANY(%s) AND id IN %s",
                        self.subscription_id.ids,
                        wanted,
                    )
                )
            }
            for delivery in self:
                if delivery.subscription_id.id not in met:
                    result[delivery.id] = "condition"
        if step.feature_id:
            for delivery, used in self._used(step.feature_id).items():
                if used is None and step.feature_use == "not_used":
                    result.setdefault(delivery.id, "no_data")
                elif bool(used) != (step.feature_use == "used"):
                    result.setdefault(delivery.id, "condition")
        return result

    def _used(self, feature):
        """Say of each delivery whether a feature was used; None: nobody knows.

        Since its anchor, and in the last 30 days at least.
        """
        company = self.company_id
        today = company._subscription_today()
        month = today - timedelta(30)
        used = dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT delivery.id, EXISTS (
                           SELECT FROM subscription_usage usage
                            WHERE usage.subscription_id = delivery.subscription_id
                              AND usage.feature_id = %(feature)s
                              AND usage.count > 0
                              AND usage.date >= LEAST(delivery.anchor_date, %(month)s))
                      FROM subscription_journey_delivery delivery
                     WHERE delivery.id = ANY(%(ids)s)
                    """,
                    feature=feature.id,
                    month=month,
                    ids=self.ids,
                )
            )
        )
        known = feed_outage(self.env, company, today) is None and self.env[
            "subscription.usage"
        ].sudo().search_count(
            [
                ("company_id", "=", company.id),
                ("feature_id", "=", feature.id),
                ("date", ">=", month),
            ],
            limit=1,
        )
        return {
            delivery: used[delivery.id] or (False if known else None)
            for delivery in self
        }

    # --- the customer -----------------------------------------------------------------

    def _reachable(self, facts, now, assumed=False):
        """Say of each delivery whether its customer may be reached now."""
        step, journey = self.step_id, self.journey_id
        if not self or step.channel not in MESSAGES:
            # Whether an offer may be made is asked where it is made.
            refused = self._refused() if assumed and step.channel == "offer" else {}
            return {
                id_: Verdict("skip", refused[id_]) if id_ in refused else Verdict("go")
                for id_ in self.ids
            }
        reach = self.subscription_id._reach(
            step.channel,
            transactional=step.is_transactional,
            with_closed=journey.anchor == "ended" or not journey.stop_on_closed,
        )
        quiet = {}
        if not (assumed or step.is_transactional):
            quiet = self.customer_id._quiet_until(now)
        users = None
        if step.channel == "notice":
            users = self.customer_id._portal_users()
        result, going = {}, set()
        for delivery in self:
            one = reach[delivery.subscription_id.id]
            reason = one.reason
            if users is not None and delivery.customer_id not in users:
                reason = "no_portal" if reason in (None, "duplicate") else reason
            if step.is_transactional and reason == "duplicate":
                reason = None  # each of them is to be paid
            elif not reason and (
                facts[delivery.id]["just_reached"] or delivery.subscription_id in going
            ):
                reason = None if step.is_transactional else "duplicate"
            until = None
            if reason == "too_recent":
                until = now + PATIENCE
            elif not reason and delivery.customer_id.id in quiet:
                reason, until = "quiet", quiet[delivery.customer_id.id]
            if not reason:
                verdict = Verdict("go", partner_id=one.partner_id)
                if not assumed:
                    # Two days that begin it can be due at once.
                    going.add(delivery.subscription_id)
            elif until and not assumed and until <= delivery._latest():
                verdict = Verdict("wait", reason, until)
            else:
                verdict = Verdict("skip", reason)
            result[delivery.id] = verdict
        return result
