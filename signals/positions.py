# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where the ledger stands as of a date.

All is read from rows that were effective and known on or before that date. What cancels
out within a day (a handing-over, a correction) is neither a start nor an end.
"""

from odoo.tools import SQL

from .frame import only, read


def known(company, as_of, condition):
    """Return the condition for the rows that a company knew of on a date."""
    return SQL(
        "company_id = %s AND date <= %s AND known_on <= %s AND %s",
        company.id,
        as_of,
        as_of,
        condition,
    )


def runs(company, as_of, column, condition):
    """Return the query for when something ran: id and what follows.

    ``start_date`` and ``end_date`` (first start, last end), ``run_start`` (start of the
    present or last run; a break of no more than the grace days does not end a run),
    ``gaps`` (how many longer breaks there were).

    :param column: of the movements that tells what ran
    """
    return SQL(
        """
        SELECT id,
               MIN(date) FILTER (WHERE running > 0) AS start_date,
               MAX(date) FILTER (WHERE running < 0) AS end_date,
               MAX(date) FILTER (
                   WHERE after > 0 AND after = running
                     AND (days IS NULL OR days > %(grace)s)
               ) AS run_start,
               COUNT(*) FILTER (
                   WHERE after > 0 AND after = running AND days > %(grace)s
               ) AS gaps
          FROM (
            SELECT id, date, running,
                   SUM(running) OVER life AS after,
                   date - LAG(date) OVER life AS days
              FROM (
                SELECT %(column)s AS id, date, SUM(running_delta) AS running
                  FROM subscription_movement
                 WHERE %(known)s AND running_delta <> 0
              GROUP BY %(column)s, date
                HAVING SUM(running_delta) <> 0
              ) AS change
            WINDOW life AS (PARTITION BY id ORDER BY date)
          ) AS change
      GROUP BY id
        """,
        column=SQL.identifier(column),
        known=known(company, as_of, condition),
        grace=company.subscription_grace_days,
    )


def lives(company, as_of, condition):
    """Return the query for what subscriptions are, or were, and when they ran.

    Its columns are ``id`` and those of :func:`positions`.
    """
    return SQL(
        """
        WITH total AS (
            SELECT id,
                   SUM(contracted) AS contracted,
                   SUM(effective) AS effective,
                   SUM(running)::int AS running,
                   SUM(paused)::int AS paused,
                   MIN(first_date) AS first_date,
                   MAX(last_date) AS last_date,
                   MAX(last_id) AS last_id,
                   -- A customer and a currency make a leg: the one that has something.
                   (ARRAY_AGG(
                       customer_id ORDER BY running DESC, last_date DESC, last_id DESC
                   ))[1] AS customer_id,
                   (ARRAY_AGG(
                       currency_id ORDER BY running DESC, last_date DESC, last_id DESC
                   ))[1] AS currency_id
              FROM (
                SELECT subscription_res_id AS id, customer_id, currency_id,
                       SUM(running_delta) AS running,
                       SUM(paused_delta) AS paused,
                       SUM(mrr_delta) AS contracted,
                       SUM(mrr_effective_delta) AS effective,
                       MIN(date) AS first_date,
                       MAX(date) AS last_date,
                       MAX(id) AS last_id
                  FROM subscription_movement
                 WHERE %(known)s
              GROUP BY subscription_res_id, customer_id, currency_id
              ) AS leg
          GROUP BY id
        ), run AS (
            %(runs)s
        )
        SELECT id,
               total.contracted,
               total.effective,
               total.running,
               total.paused,
               total.customer_id,
               total.currency_id,
               total.last_id AS last_movement_id,
               COALESCE(run.start_date, total.first_date) AS first_start_date,
               CASE WHEN total.running = 0
                    THEN COALESCE(run.end_date, total.last_date)
               END AS end_date,
               COALESCE(run.run_start, run.start_date, total.first_date) AS run_start
          FROM total
     LEFT JOIN run USING (id)
        """,
        known=known(company, as_of, condition),
        runs=runs(company, as_of, "subscription_res_id", condition),
    )


def positions(env, company, as_of, ids=None):
    """Return the balance and the life of subscriptions that the ledger knows of.

    :return: DataFrame indexed by subscription id: ``contracted`` and ``effective`` (MRR
        in the currency of the subscription), ``running`` and ``paused`` (0 or 1),
        ``customer_id`` and ``currency_id`` (of what runs, else of what ran last),
        ``last_movement_id`` (the newest row), ``first_start_date``, ``end_date`` (first
        day not running, NaT: it runs), ``run_start`` (first day of the present or last
        run; a break of no more than the company's grace days does not end a run)
    """
    env["subscription.movement"].flush_model()
    return read(
        env,
        lives(company, as_of, only("subscription_res_id", ids)),
        {
            "id": "int64",
            "contracted": "float64",
            "effective": "float64",
            "running": "int64",
            "paused": "int64",
            "customer_id": "int64",
            "currency_id": "int64",
            "last_movement_id": "int64",
        },
        ("first_start_date", "end_date", "run_start"),
    ).set_index("id")


def pauses(env, company, as_of, ids=None):
    """Return when subscriptions were paused, in the order of their dates.

    :return: DataFrame ``subscription_id``, ``pause_date``, ``resume_date`` (first day
        not paused, or on which it ended; NaT: still paused)
    """
    env["subscription.movement"].flush_model()
    return read(
        env,
        SQL(
            """
            SELECT id AS subscription_id, date AS pause_date, resume_date
              FROM (
                SELECT id, date, paused,
                       LEAD(date) OVER (PARTITION BY id ORDER BY date) AS resume_date
                  FROM (
                    SELECT subscription_res_id AS id, date, SUM(paused_delta) AS paused
                      FROM subscription_movement
                     WHERE %(known)s AND paused_delta <> 0
                  GROUP BY subscription_res_id, date
                    HAVING SUM(paused_delta) <> 0
                  ) AS daily
              ) AS change
             WHERE paused > 0
          ORDER BY id, date
            """,
            known=known(company, as_of, only("subscription_res_id", ids)),
        ),
        {"subscription_id": "int64"},
        ("pause_date", "resume_date"),
    )


def relationships(env, company, as_of, ids=None):
    """Return since when, and until when, customers have had subscriptions.

    :param ids: customers
    :return: DataFrame indexed by customer id: ``start_date`` (since when it always has,
        or had, a running one; breaks of no more than the company's grace days aside),
        ``end_date`` (first day with none running, NaT: one runs),
        ``first_start_date``, ``subscription_count``, ``running_count``
    """
    env["subscription.movement"].flush_model()
    condition = only("customer_id", ids)
    return read(
        env,
        SQL(
            """
            WITH total AS (
                SELECT id,
                       COUNT(*) AS subscription_count,
                       SUM(running)::int AS running_count,
                       MIN(start_date) AS first_start_date,
                       MAX(end_date) AS end_date
                  FROM (
                    SELECT id,
                           SUM(running) AS running,
                           COALESCE(MIN(date) FILTER (WHERE running > 0), MIN(date))
                               AS start_date,
                           COALESCE(MAX(date) FILTER (WHERE running < 0), MAX(date))
                               AS end_date
                      FROM (
                        SELECT customer_id AS id, subscription_res_id, date,
                               SUM(running_delta) AS running
                          FROM subscription_movement
                         WHERE %(known)s AND running_delta <> 0
                      GROUP BY customer_id, subscription_res_id, date
                      ) AS daily
                  GROUP BY id, subscription_res_id
                  ) AS life
              GROUP BY id
            ), run AS (
                %(runs)s
            )
            SELECT id,
                   COALESCE(run.run_start, total.first_start_date) AS start_date,
                   CASE WHEN total.running_count = 0 THEN total.end_date END
                       AS end_date,
                   total.first_start_date,
                   total.subscription_count,
                   total.running_count
              FROM total
         LEFT JOIN run USING (id)
            """,
            known=known(company, as_of, condition),
            runs=runs(company, as_of, "customer_id", condition),
        ),
        {"id": "int64", "subscription_count": "int64", "running_count": "int64"},
        ("start_date", "end_date", "first_start_date"),
    ).set_index("id")
