# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.tools import SQL, ormcache

from ..analytics.holdout import BUCKETS
from .subscription_journey_enrol import bucket


def due_sql(anchor_date, step, zone):
    """Return when a step is due in SQL, as :func:`..analytics.due.due_at` does."""
    return SQL(
        "((%(anchor)s + %(step)s.offset_days"
        " + make_interval(mins => round(%(step)s.local_hour * 60)::int))"
        " AT TIME ZONE %(zone)s AT TIME ZONE 'UTC')",
        anchor=anchor_date,
        step=step,
        zone=zone,
    )


def zone_sql(company, table):
    """Return the query of the time zone (``name``) that a row of a table is in, SQL.

    That of its customer where the database knows it, else the company's.
    """
    used = company.env.execute_query(
        SQL(
            """
            SELECT DISTINCT partner.tz
              FROM subscription_customer customer
              JOIN res_partner partner ON partner.id = customer.partner_id
             WHERE customer.company_id = %s AND partner.tz IS NOT NULL
            """,
            company.id,
        )
    )
    known = company.env["subscription.journey"]._zones()
    return SQL(
        """
        SELECT COALESCE(MAX(partner.tz), %s) AS name
          FROM subscription_customer customer
          JOIN res_partner partner ON partner.id = customer.partner_id
         WHERE customer.id = %s.customer_id AND partner.tz = ANY(%s)
        """,
        company._subscription_zone(),
        SQL.identifier(table),
        [name for (name,) in used if name in known],
    )


class SubscriptionJourney(models.Model):
    """When who gets what: the deliveries of enrolments."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.journey"

    @api.model
    @ormcache()
    def _zones(self):
        """Return the time zones that the database knows.

        It reads them from its files each time it is asked.
        """
        rows = self.env.execute_query(SQL("SELECT name FROM pg_timezone_names"))
        return frozenset(name for (name,) in rows)

    def _deliveries(self, company, source):
        """Return the statement that writes the deliveries of enrolments.

        The text of a step is chosen by a hash, so that it stays what it is.

        :param source: enrolments of the company: a table or a subquery
        """
        return SQL(
            """
            INSERT INTO subscription_journey_delivery (
                enrolment_id, journey_id, step_id, variant_id, subscription_id,
                customer_id, company_id, anchor_date, due_at, next_try_at, state,
                attempts
            )
            SELECT enrolment.id, enrolment.journey_id, step.id, variant.id,
                   enrolment.subscription_id, enrolment.customer_id,
                   enrolment.company_id, enrolment.anchor_date, due.at, due.at,
                   'waiting', 0
              FROM %(source)s AS enrolment
              JOIN subscription_journey_step step
                ON step.journey_id = enrolment.journey_id AND step.active
        CROSS JOIN LATERAL (%(zone)s) AS zone
        CROSS JOIN LATERAL (SELECT %(due)s AS at) AS due
         LEFT JOIN (
                   SELECT id, step_id,
                          SUM(weight) OVER (PARTITION BY step_id ORDER BY id) AS upto,
                          SUM(weight) OVER (PARTITION BY step_id) AS total, weight
                     FROM subscription_journey_variant
              ) AS variant
                ON variant.step_id = step.id
               AND %(bucket)s * variant.total < variant.upto * %(buckets)s
               AND %(bucket)s * variant.total
                   >= (variant.upto - variant.weight) * %(buckets)s
             WHERE enrolment.state = 'running' AND NOT enrolment.is_control
                ON CONFLICT DO NOTHING
            """,
            source=source,
            zone=zone_sql(company, "enrolment"),
            due=due_sql(SQL("enrolment.anchor_date"), SQL("step"), SQL("zone.name")),
            bucket=bucket(SQL("'step:' || step.id"), SQL("enrolment.subscription_id")),
            buckets=BUCKETS,
        )


class SubscriptionJourneyStep(models.Model):
    """What waits follows the steps when these change."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.journey.step"

    @api.model_create_multi
    def create(self, vals_list):
        steps = super().create(vals_list)
        steps._deliver_to_running()
        return steps

    def write(self, vals):
        result = super().write(vals)
        if {"offset_days", "local_hour"} & vals.keys():
            self._reschedule()
        if vals.get("active") is False:
            self._cancel()
        return result

    def _deliver_to_running(self):
        """Give new steps to those who are on their journeys already."""
        self.env.flush_all()
        for journey in self.journey_id:
            enrolments = self.env["subscription.journey.enrolment"].sudo()
            for (company,) in enrolments._read_group(
                [("journey_id", "=", journey.id), ("state", "=", "running")],
                ["company_id"],
            ):
                source = SQL(
                    "(SELECT * FROM subscription_journey_enrolment"
                    " WHERE journey_id = %s AND company_id = %s)",
                    journey.id,
                    company.id,
                )
                self.env.cr.execute(journey._deliveries(company, source))
        self.env.invalidate_all()

    def _reschedule(self):
        """Have what waits for the steps wait for the new time."""
        self.env.flush_all()
        deliveries = self.env["subscription.journey.delivery"].sudo()
        for (company,) in deliveries._read_group(
            [("step_id", "in", self.ids), ("state", "=", "waiting")], ["company_id"]
        ):
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE subscription_journey_delivery delivery
                       SET due_at = timed.at, next_try_at = timed.at
                      FROM (
                        SELECT delivery.id, %(due)s AS at
                          FROM subscription_journey_delivery delivery
                          JOIN subscription_journey_step step
                            ON step.id = delivery.step_id
                    CROSS JOIN LATERAL (%(zone)s) AS zone
                         WHERE step.id = ANY(%(steps)s)
                           AND delivery.company_id = %(company)s
                           AND delivery.state = 'waiting'
                      ) AS timed
                     WHERE timed.id = delivery.id
                    """,
                    due=due_sql(
                        SQL("delivery.anchor_date"), SQL("step"), SQL("zone.name")
                    ),
                    zone=zone_sql(company, "delivery"),
                    steps=self.ids,
                    company=company.id,
                )
            )
        self.env.invalidate_all()

    def _cancel(self):
        """Cancel what waits for the steps."""
        waiting = [("step_id", "in", self.ids), ("state", "=", "waiting")]
        self.env["subscription.journey.delivery"].sudo().search(waiting)._cancel()
