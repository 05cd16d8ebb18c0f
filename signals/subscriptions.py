# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The one reader of ``sale.subscription`` and its lines.

``subscription_oca`` keeps ``recurring_total``, which goes stale after a change of
price; the lines are the truth and are summed here. They are known only as they are now;
the past is in the ledger and in the terms.
"""

from decimal import Decimal
from typing import NamedTuple

import pandas as pd

from odoo.fields import Date
from odoo.tools import SQL

from ..analytics.period import MONTHS
from . import offers

#: Models that are looked at, with the fields, where they have many others.
READ = {
    "res.partner": ["commercial_partner_id"],
    "sale.order": ["order_subscription_id"],
    "sale.subscription": None,
    "sale.subscription.line": None,
    "sale.subscription.stage": None,
    "sale.subscription.template": None,
}
#: Columns that say what a subscription is sold as.
TERMS = ("template_id", "unit", "interval", "discount", "payment_method", "product_key")


class Differing(NamedTuple):
    """Ids of subscriptions, ascending."""

    #: Those that the ledger tells wrong.
    booked: list[int]
    #: Those that run and are sold as something else than was told.
    sold: list[int]


def contracted_mrr(env, ids):
    """Return what the lines of subscriptions come to per month, now.

    :param ids: subscriptions, archived ones too
    :return: DataFrame indexed by subscription id: ``currency_id``, ``contracted`` (MRR
        untaxed and after discount, in that currency and rounded to it)
    """
    frame = present(env, ids)[["currency_id", "contracted"]]
    return frame.astype({"contracted": float})


def present(env, ids):
    """Return what subscriptions are now.

    :param ids: subscriptions, archived ones too
    :return: DataFrame indexed by subscription id: ``company_id``,
        ``commercial_partner_id``, ``currency_id``, ``date_start``, ``contracted`` (MRR
        untaxed and after discount, in that currency and rounded to it, an exact
        decimal), ``effective`` (the same after time-limited offers, 0 while paused),
        ``running``, ``paused`` (whether it runs or not), ``archived``
    """
    columns = [
        "id",
        "company_id",
        "commercial_partner_id",
        "currency_id",
        "date_start",
        "contracted",
        "effective",
        "running",
        "paused",
        "archived",
    ]
    amounts = ("contracted", "effective")
    # As text, because Odoo reads numeric columns as floats.
    selected = [
        SQL("%s::text", SQL(c)) if c in amounts else SQL(c)  # pylint: disable=E8103
        for c in columns
    ]
    rows = env.execute_query(
        SQL(
            "SELECT %s FROM (%s) AS present",
            SQL(", ").join(selected),
            _present(env, ids),
        )
    )
    frame = pd.DataFrame(rows, columns=columns).set_index("id")
    for name in amounts:
        frame[name] = frame[name].map(Decimal)
    return frame


def differing(env, ids=None, company=None):
    """Return which subscriptions are now something else than is told of today.

    :param ids: subscriptions, archived and deleted ones too
    :param company: all of a company instead, also what it has of others in its ledger
    """
    env["subscription.movement"].flush_model()
    env["subscription.terms"].flush_model()
    if company:
        booked = SQL("movement.company_id = %s", company.id)
        told = SQL("company_id = %s", company.id)
    else:
        booked = SQL("movement.subscription_res_id = ANY(%s)", list(ids))
        told = SQL("subscription_res_id = ANY(%s)", list(ids))
    rows = env.execute_query(
        SQL(
            """
            WITH present AS (%(present)s),
            leg AS (
                SELECT movement.subscription_res_id AS id,
                       movement.customer_id,
                       movement.currency_id,
                       SUM(movement.running_delta) AS running,
                       SUM(movement.paused_delta) AS paused,
                       SUM(movement.mrr_delta) AS contracted,
                       SUM(movement.mrr_effective_delta) AS effective
                  FROM subscription_movement movement
                  JOIN (%(today)s) AS today (company_id, date)
                    ON today.company_id = movement.company_id
                 WHERE %(booked)s
                   AND movement.date <= today.date
              GROUP BY movement.subscription_res_id,
                       movement.customer_id,
                       movement.currency_id
                HAVING SUM(movement.running_delta) <> 0
                    OR SUM(movement.paused_delta) <> 0
                    OR SUM(movement.mrr_delta) <> 0
                    OR SUM(movement.mrr_effective_delta) <> 0
            ),
            booked AS (
                SELECT leg.*, customer.partner_id, customer.company_id
                  FROM leg
                  JOIN subscription_customer customer ON customer.id = leg.customer_id
            ),
            told AS (%(told)s),
            compared AS (
                SELECT COALESCE(present.id, booked.id) AS id,
                       CASE
                       WHEN present.running THEN (
                           present.commercial_partner_id,
                           present.company_id,
                           present.currency_id,
                           1,
                           present.paused::int,
                           present.contracted,
                           present.effective
                       ) IS DISTINCT FROM (
                           booked.partner_id,
                           booked.company_id,
                           booked.currency_id,
                           booked.running,
                           booked.paused,
                           booked.contracted,
                           booked.effective
                       )
                       ELSE booked.id IS NOT NULL
                       END AS booked,
                       present.running AND (%(now)s) IS DISTINCT FROM (%(before)s)
                       AS sold
                  FROM present
             FULL JOIN booked ON booked.id = present.id
             LEFT JOIN told
                    ON told.id = present.id AND told.company_id = present.company_id
            )
            SELECT id, BOOL_OR(booked), COALESCE(BOOL_OR(sold), FALSE)
              FROM compared
             WHERE booked OR sold
          GROUP BY id
          ORDER BY id
            """,
            present=_present(env, ids, company),
            today=_today(env),
            booked=booked,
            told=told_terms(told),
            now=_terms("present"),
            before=_terms("told"),
        )
    )
    return Differing(
        [id_ for id_, booked, _sold in rows if booked],
        [id_ for id_, _booked, sold in rows if sold],
    )


def whose_terms(env, ids):
    """Return the query of what subscriptions are sold as now: :data:`TERMS` by id.

    Its columns are ``id``, ``company_id`` and those.
    """
    return SQL(
        "SELECT id, company_id, %s FROM (%s) AS present",
        _terms("present"),
        _present(env, ids),
    )


def told_terms(condition):
    """Return the query of what was told last of subscriptions: :data:`TERMS` by id."""
    return SQL(
        """
        SELECT DISTINCT ON (subscription_res_id, company_id)
               subscription_res_id AS id, company_id, %s
          FROM subscription_terms
         WHERE %s
      ORDER BY subscription_res_id, company_id, date DESC, known_on DESC,
               subscription_terms.id DESC
        """,
        _terms("subscription_terms"),
        condition,
    )


def _terms(table):
    return SQL(", ").join(SQL.identifier(table, name) for name in TERMS)


def _present(env, ids=None, company=None):
    """Return the query of what subscriptions (or all of a company) are now.

    One runs while it is in a stage of progress, from its start on. The order that bills
    a period of a subscription can create another one for the same products: that one
    never runs, for its revenue is there already.
    """
    for name, fields in READ.items():
        env[name].flush_model(fields)
    offers.flush(env)
    if company:
        own, lines = SQL("s.company_id = %s", company.id), SQL("TRUE")
    else:
        own = SQL("s.id = ANY(%s)", list(ids))
        lines = SQL("sale_subscription_id = ANY(%s)", list(ids))
    return SQL(
        """
        SELECT s.id,
               s.company_id,
               partner.commercial_partner_id,
               s.currency_id,
               s.date_start,
               s.template_id,
               period.unit,
               period.number AS interval,
               -- A decimal is dear to make, and hardly any has a discount.
               CASE WHEN line.listed > 0 THEN CASE WHEN line.taken_off > 0 THEN ROUND(
                   LEAST(line.taken_off / line.listed, 1)::numeric, 4
               ) ELSE 0 END END AS discount,
               NULLIF(s.payment_method, '') AS payment_method,
               COALESCE(line.product_key, '') AS product_key,
               %(contracted)s AS contracted,
               CASE WHEN s.is_paused THEN 0
                    WHEN offer.given > 0 THEN %(given)s
                    -- It is due and not billed yet.
                    WHEN s.recurring_next_date >= offer.starts_on
                         AND s.recurring_next_date <= today.date
                         AND today.date < s.recurring_next_date
                             + offer.remaining * period.number
                             * ('1 ' || period.unit)::interval
                    THEN %(promised)s
                    ELSE %(contracted)s END AS effective,
               s.active
                   AND COALESCE(stage.type = 'in_progress', FALSE)
                   -- Another stage of progress dates the start anew, by the day it is
                   -- in UTC, which may be tomorrow here.
                   AND (
                       COALESCE(s.date_start <= today.date, TRUE)
                       OR (s.is_running AND s.date_start <= %(utc)s)
                   )
                   AND origin.order_subscription_id IS NULL AS running,
               COALESCE(s.is_paused, FALSE) AS paused,
               NOT s.active AS archived
          FROM sale_subscription s
          JOIN (
              SELECT id,
                     COALESCE(recurring_rule_type, 'months') AS unit,
                     GREATEST(recurring_interval, 1) AS number
                FROM sale_subscription_template
          ) AS period ON period.id = s.template_id
          JOIN res_currency currency ON currency.id = s.currency_id
          JOIN res_partner partner ON partner.id = s.partner_id
          JOIN (%(today)s) AS today (company_id, date)
            ON today.company_id = s.company_id
     LEFT JOIN sale_subscription_stage stage ON stage.id = s.stage_id
     LEFT JOIN sale_order origin ON origin.id = s.sale_order_id
     LEFT JOIN (
              SELECT sale_subscription_id AS id,
                     SUM(price_subtotal) AS total,
                     SUM(price_unit * product_uom_qty) AS listed,
                     SUM(price_unit * product_uom_qty * COALESCE(discount, 0) / 100)
                         AS taken_off,
                     ARRAY_TO_STRING(
                         ARRAY_AGG(DISTINCT product_id ORDER BY product_id), ','
                     ) AS product_key
                FROM sale_subscription_line
               WHERE %(lines)s
            GROUP BY sale_subscription_id
          ) AS line ON line.id = s.id
          CROSS JOIN LATERAL (
              SELECT COALESCE(line.total, 0)
                     * CASE period.unit %(units_per)s END
                     / (period.number * CASE period.unit %(months)s END) AS exact
          ) AS mrr
     LEFT JOIN (%(discounts)s) AS offer ON offer.id = s.id
         WHERE %(own)s
        """,
        own=own,
        lines=lines,
        contracted=_rounded(SQL("mrr.exact")),
        given=_rounded(SQL("mrr.exact * (100 - offer.given) / 100")),
        promised=_rounded(SQL("mrr.exact * (100 - offer.promised) / 100")),
        today=_today(env),
        utc=Date.today(),
        discounts=offers.discounts(_today(env), own),
        # One division of whole numbers, so that halves round as they should.
        units_per=_case({unit: m.denominator for unit, m in MONTHS.items()}),
        months=_case({unit: m.numerator for unit, m in MONTHS.items()}),
    )


def _today(env):
    """Return the query of the day it is in each company."""
    companies = env["res.company"].sudo().with_context(active_test=False).search([])
    days = [company._subscription_today() for company in companies]
    return SQL("SELECT * FROM unnest(%s::int[], %s::date[])", companies.ids, days)


def _rounded(amount):
    """Return SQL of an amount in what its currency is rounded to, halves up."""
    return SQL(
        "ROUND(ROUND(%s / currency.rounding) * currency.rounding,"
        " currency.decimal_places)",
        amount,
    )


def _case(values):
    return SQL(" ").join(
        SQL("WHEN %s THEN %s", key, value) for key, value in values.items()
    )
