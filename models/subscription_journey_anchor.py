# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from odoo import models
from odoo.tools import SQL

from ..signals.renewals import overdue, recurring_invoices

#: For so many days after it was looked at, a day is looked at again: what is told late.
AGAIN = timedelta(3)


class SubscriptionJourney(models.Model):
    """What begins a journey: the days of subscriptions, from our own records.

    Each kind is a query of ``subscription_id`` and ``anchor_date``. History that was
    imported, or read from before the addon came, begins no journey.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.journey"

    def _anchors(self, company, days_ahead=0):
        """Return the query of what begins the journey, None if nothing can.

        :param days_ahead: look so many days further ahead than is needed to enrol
        """
        self.ensure_one()
        today = company._subscription_today()
        on_since = self.active_since or self.env.cr.now()
        zone = ZoneInfo(company._subscription_zone())
        begin = on_since.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone).date()
        if self.date_from:
            begin = max(begin, self.date_from)
        ahead = timedelta(days_ahead)
        if self.anchor in ("renewal", "anniversary"):
            # As early as the first step may be due anywhere on earth.
            ahead += timedelta(1 - min([0, *self.step_ids.mapped("offset_days")]))
        end = today + ahead
        if self.date_to:
            end = min(end, self.date_to)
        if end < begin:
            return None
        look_from = begin
        if self.enrolled_on:
            look_from = max(begin, self.enrolled_on - AGAIN)
        return getattr(self, f"_anchors_{self.anchor}")(
            company,
            {
                "company": company.id,
                "today": today,
                "begin": begin,
                "look_from": look_from,
                "end": end,
                "segment": self.segment_id.id,
                "grace": company.subscription_grace_days,
                "months": self.anniversary_months,
            },
        )

    def _anchors_started(self, company, values):
        """Return the first starts of those that continue no other subscription."""
        return SQL(
            """
            SELECT movement.subscription_id, movement.date AS anchor_date
              FROM subscription_movement movement
              JOIN sale_subscription subscription
                ON subscription.id = movement.subscription_id
             WHERE movement.company_id = %(company)s
               AND movement.event = 'start'
               AND movement.running_delta > 0
               AND movement.origin IN ('recorded', 'reconciled')
               AND movement.date BETWEEN %(begin)s AND %(end)s
               AND GREATEST(movement.date, movement.known_on) >= %(look_from)s
               AND subscription.predecessor_id IS NULL
               AND NOT EXISTS (
                   SELECT FROM subscription_movement earlier
                    WHERE earlier.subscription_res_id = movement.subscription_res_id
                      AND earlier.running_delta > 0
                      AND (earlier.date, earlier.id) < (movement.date, movement.id))
               AND NOT EXISTS (
                   SELECT FROM sale_subscription other
                    WHERE other.customer_id = subscription.customer_id
                      AND other.id <> subscription.id
                      AND other.end_date
                          BETWEEN movement.date - %(grace)s AND movement.date)
            """,
            **values,
        )

    def _anchors_restarted(self, company, values):
        """Return the starts of those that had ended."""
        return SQL(
            """
            SELECT movement.subscription_id, movement.date AS anchor_date
              FROM subscription_movement movement
             WHERE movement.company_id = %(company)s
               AND movement.event = 'start'
               AND movement.running_delta > 0
               AND movement.origin IN ('recorded', 'reconciled')
               AND movement.date BETWEEN %(begin)s AND %(end)s
               AND GREATEST(movement.date, movement.known_on) >= %(look_from)s
               AND EXISTS (
                   SELECT FROM subscription_movement earlier
                    WHERE earlier.subscription_res_id = movement.subscription_res_id
                      AND earlier.event = 'end'
                      AND earlier.date < movement.date)
            """,
            **values,
        )

    def _anchors_ended(self, company, values):
        """Return the ends of those that are still over and that nothing continues."""
        return SQL(
            """
            SELECT movement.subscription_id, movement.date AS anchor_date
              FROM subscription_movement movement
              JOIN sale_subscription subscription
                ON subscription.id = movement.subscription_id
               AND subscription.end_date = movement.date
             WHERE movement.company_id = %(company)s
               AND movement.event = 'end'
               AND movement.running_delta < 0
               AND movement.origin IN ('recorded', 'reconciled')
               AND movement.date BETWEEN %(begin)s AND %(end)s
               AND GREATEST(movement.date, movement.known_on) >= %(look_from)s
               AND NOT EXISTS (
                   SELECT FROM sale_subscription other
                    WHERE other.customer_id = subscription.customer_id
                      AND other.id <> subscription.id
                      AND other.first_start_date
                          BETWEEN movement.date AND movement.date + %(grace)s)
            """,
            **values,
        )

    def _anchors_renewal(self, company, values):
        """Return the renewals that lie ahead, of those that do not end before.

        The first period is billed on the start, which is no renewal.
        """
        return SQL(
            """
            SELECT id AS subscription_id, next_renewal_date AS anchor_date
              FROM sale_subscription subscription
             WHERE company_id = %(company)s
               AND is_running
               AND next_renewal_date
                   BETWEEN GREATEST(%(begin)s, %(today)s) AND %(end)s
               AND (notice_end_date > next_renewal_date) IS NOT FALSE
               AND NOT EXISTS (SELECT FROM subscription_movement movement
                                WHERE movement.subscription_id = subscription.id
                                  AND movement.event = 'start'
                                  AND movement.date >= next_renewal_date)
            """,
            **values,
        )

    def _anchors_notice(self, company, values):
        """Return the days on which open notices were given."""
        return SQL(
            """
            SELECT subscription_id, date AS anchor_date
              FROM subscription_notice
             WHERE company_id = %(company)s
               AND date BETWEEN %(begin)s AND %(end)s
               AND GREATEST(date, known_on) >= %(look_from)s
               AND withdrawn_on IS NULL
               AND closed_on IS NULL
            """,
            **values,
        )

    def _anchors_entered(self, company, values):
        """Return since when memberships are, but for those that go on from others."""
        return SQL(
            """
            SELECT membership.subscription_id, membership.date_from AS anchor_date
              FROM subscription_segment_membership membership
             WHERE membership.company_id = %(company)s
               AND membership.segment_id = %(segment)s
               AND membership.kind <> 'pinned_out'
               AND membership.date_from BETWEEN %(look_from)s AND %(end)s
               AND NOT EXISTS (
                   SELECT FROM subscription_segment_membership earlier
                    WHERE earlier.segment_id = membership.segment_id
                      AND earlier.subscription_id = membership.subscription_id
                      AND earlier.kind <> 'pinned_out'
                      AND earlier.id <> membership.id
                      AND earlier.date_from <= membership.date_from
                      AND earlier.date_to >= membership.date_from)
            """,
            **values,
        )

    def _anchors_left(self, company, values):
        """Return when memberships ended, but for those that others go on from."""
        return SQL(
            """
            SELECT membership.subscription_id, membership.date_to AS anchor_date
              FROM subscription_segment_membership membership
             WHERE membership.company_id = %(company)s
               AND membership.segment_id = %(segment)s
               AND membership.kind <> 'pinned_out'
               AND membership.date_to BETWEEN %(look_from)s AND %(end)s
               AND NOT EXISTS (
                   SELECT FROM subscription_segment_membership later
                    WHERE later.segment_id = membership.segment_id
                      AND later.subscription_id = membership.subscription_id
                      AND later.kind <> 'pinned_out'
                      AND later.id <> membership.id
                      AND later.date_from <= membership.date_to
                      AND (later.date_to > membership.date_to) IS NOT FALSE)
            """,
            **values,
        )

    def _anchors_anniversary(self, company, values):
        """Return the anniversaries of the relationships of those that run."""
        return SQL(
            """
            SELECT subscription.id AS subscription_id, day.date AS anchor_date
              FROM sale_subscription subscription
        CROSS JOIN LATERAL age(%(end)s, subscription.relationship_start_date) AS past
        CROSS JOIN LATERAL generate_series(
                   1, (EXTRACT(YEAR FROM past) * 12 + EXTRACT(MONTH FROM past))::int
                      / %(months)s + 1) AS times
        CROSS JOIN LATERAL (
                   SELECT (subscription.relationship_start_date
                           + make_interval(months => times * %(months)s))::date AS date
              ) AS day
             WHERE subscription.company_id = %(company)s
               AND subscription.is_running
               AND day.date BETWEEN %(look_from)s AND %(end)s
            """,
            **values,
        )

    def _anchors_overdue(self, company, values):
        """Return since when invoices are past due and open.

        Through the one reader of what belongs to which subscription, which is asked
        only of those whose partners owe something.
        """
        opened = overdue(self.env, company, values["today"])
        opened = opened[opened["since"] >= pd.Timestamp(values["begin"])]
        if opened.empty:
            return None
        ids = [
            row[0]
            for row in self.env.execute_query(
                SQL(
                    """
                    SELECT DISTINCT subscription.id
                      FROM account_move move
                      JOIN res_partner partner
                        ON partner.commercial_partner_id = move.commercial_partner_id
                      JOIN sale_subscription subscription
                        ON subscription.partner_id = partner.id
                       AND subscription.company_id = %s
                     WHERE move.id = ANY(%s)
                    """,
                    company.id,
                    opened.index.tolist(),
                )
            )
        ]
        invoices = recurring_invoices(self.env, company, values["today"], ids)
        invoices = invoices.join(opened, on="move_id", how="inner")
        days = [since.date() for since in invoices["since"]]
        return SQL(
            "SELECT * FROM unnest(%s::int[], %s::date[])"
            " AS open (subscription_id, anchor_date) WHERE anchor_date <= %s",
            invoices["subscription_id"].tolist(),
            days,
            values["end"],
        )
