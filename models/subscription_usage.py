# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

#: Subscriptions whose month is rolled up at a time.
BATCH = 5000


class SubscriptionUsage(models.Model):
    """How often a subscription used a feature on a day.

    Written by :meth:`ingest` and by logins alone, set-wise. After the months set on the
    company the days of a month become one row, dated on the last day of use.
    """

    _name = "subscription.usage"
    _description = "Subscription Usage"
    _order = "date desc, id desc"
    _rec_name = "subscription_id"
    _log_access = False

    # No index of its own: the unique one begins with it.
    subscription_id = fields.Many2one(
        comodel_name="sale.subscription",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    feature_id = fields.Many2one(
        comodel_name="subscription.feature",
        required=True,
        readonly=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True
    )
    date = fields.Date(
        required=True,
        readonly=True,
        help="The day in the time zone of the company; of a month, the last day of "
        "use in it.",
    )
    count = fields.Integer(required=True, readonly=True)
    seconds = fields.Integer(readonly=True)
    distinct_users = fields.Integer(
        readonly=True,
        aggregator="max",
        help="Different users on that day; of a month, on the busiest day of it.",
    )
    known_on = fields.Date(
        required=True,
        readonly=True,
        help="The day on which it was reported: figures as of earlier days do not look "
        "at it. Of history, the day of use. Of a whole month, its last day if some of "
        "it was reported by then.",
    )
    is_month = fields.Boolean(
        string="Whole Month", required=True, readonly=True, default=False
    )
    day_bits = fields.Integer(
        string="Days of Use",
        required=True,
        readonly=True,
        default=1,
        aggregator=None,
        help="As bits: the lowest one is the date, the next one the day before it.",
    )

    _subscription_day_unique = models.Constraint(
        "UNIQUE (subscription_id, date, feature_id)",
        "A subscription has one total for a feature and day.",
    )
    _company_feature_index = models.Index("(company_id, feature_id, date)")
    _company_date_index = models.Index("(company_id, is_month, date)")
    _count_check = models.Constraint(
        "CHECK (count >= 0)", "Usage cannot be less than nothing."
    )

    @api.model
    def _days_from(self, company):
        """Return the first day from which a company's usage is kept by the day."""
        months = relativedelta(months=company.subscription_usage_months)
        return company._subscription_today().replace(day=1) - months

    # --- months -----------------------------------------------------------------------

    @api.autovacuum
    def _gc_days(self):
        """Roll days up to months, a batch for each company at a time."""
        Company = self.env["res.company"].with_context(active_test=False)
        companies = Company.search([("subscription_usage_months", ">", 0)])
        done = sum(self._roll_up(company) for company in companies)
        if not done:
            self._forget_details(min(map(self._days_from, companies)))
        return done, done

    @api.model
    def _roll_up(self, company):
        """Roll up the first month that is to be, of so many subscriptions.

        :return: how many subscriptions; 0 when nothing was left to do
        """
        self.flush_model()
        until = self._days_from(company)
        rows = self.env.execute_query(
            SQL(
                "SELECT MIN(date) FROM %s"
                " WHERE company_id = %s AND NOT is_month AND date < %s",
                SQL.identifier(self._table),
                company.id,
                until,
            )
        )
        first = rows[0][0]
        if not first:
            return 0
        first = first.replace(day=1)
        values = {
            "company": company.id,
            "first": first,
            "last": first + relativedelta(months=1) - timedelta(days=1),
            "batch": BATCH,
        }
        ids = [row[0] for row in self.env.execute_query(SQL(PICK, **values))]
        for statement in (ADD_UP, DROP_DAYS):
            self.env.cr.execute(SQL(statement, ids=ids, **values))
        self.invalidate_model()
        return len(ids)

    @api.model
    def _forget_details(self, until):
        """Remove what only days need: events counted, and what was known before.

        Months that were rolled up take no further usage: no event counts again.
        """
        for name in ("subscription.usage.event", "subscription.usage.correction"):
            table = SQL.identifier(self.env[name]._table)
            self.env.cr.execute(SQL("DELETE FROM %s WHERE date < %s", table, until))


PICK = """
    SELECT DISTINCT subscription_id
      FROM subscription_usage
     WHERE company_id = %(company)s
       AND NOT is_month
       AND date BETWEEN %(first)s AND %(last)s
  ORDER BY subscription_id
     LIMIT %(batch)s
"""
#: The row of the last day of use becomes that of the month; without use, the last row.
#: What was known of a month by its end is known then: else whoever used it on the last
#: day, which is reported on the next one, would not be seen at the end of the month.
ADD_UP = """
    UPDATE subscription_usage AS kept
       SET count = LEAST(month.count, 2147483647),
           seconds = LEAST(month.seconds, 2147483647),
           distinct_users = month.distinct_users,
           known_on = month.known_on,
           day_bits = month.day_bits >> (%(last)s::date - month.date),
           is_month = TRUE
      FROM (
        SELECT subscription_id,
               feature_id,
               SUM(count) AS count,
               SUM(seconds) AS seconds,
               MAX(distinct_users) AS distinct_users,
               LEAST(
                   MAX(known_on), GREATEST(MIN(known_on), %(last)s::date)
               ) AS known_on,
               BIT_OR(
                   CASE WHEN count > 0 OR date = used_on
                        THEN day_bits::bigint << (%(last)s::date - date) ELSE 0 END
               ) AS day_bits,
               MAX(used_on) AS date
          FROM (
            SELECT *,
                   COALESCE(
                       MAX(date) FILTER (WHERE count > 0) OVER use, MAX(date) OVER use
                   ) AS used_on
              FROM subscription_usage
             WHERE company_id = %(company)s
               AND date BETWEEN %(first)s AND %(last)s
               AND subscription_id = ANY(%(ids)s)
            WINDOW use AS (PARTITION BY subscription_id, feature_id)
          ) AS day
      GROUP BY subscription_id, feature_id
      ) AS month
     WHERE kept.subscription_id = month.subscription_id
       AND kept.feature_id = month.feature_id
       AND kept.date = month.date
"""
DROP_DAYS = """
    DELETE FROM subscription_usage
     WHERE company_id = %(company)s
       AND NOT is_month
       AND date BETWEEN %(first)s AND %(last)s
       AND subscription_id = ANY(%(ids)s)
"""
