# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What subscriptions were sold as, as far as was known as of a date.

All is read from rows that held and were known on or before that date. Of several rows
of one day the one that was learned last counts.
"""

from odoo.tools import SQL

from .frame import only, read
from .positions import known


def terms(env, company, as_of, ids=None):
    """Return what a company's subscriptions were sold as, deleted ones too.

    :param ids: only these (None: all)
    :return: DataFrame indexed by subscription id: ``template_id`` (missing: the plan
        was deleted since), ``unit`` and ``interval`` of the billing period,
        ``discount`` (share of the amounts before discount, 0 to 1; missing: there are
        no amounts), ``payment_method`` (missing: unknown), ``product_count``
    """
    env["subscription.terms"].flush_model()
    return read(
        env,
        SQL(
            """
            SELECT id, template_id, unit, interval, discount, payment_method,
                   COALESCE(ARRAY_LENGTH(STRING_TO_ARRAY(product_key, ','), 1), 0)
                       AS product_count
              FROM (%s) AS told
            """,
            known_terms(company, as_of, ids),
        ),
        {
            "id": "int64",
            "template_id": "Int64",
            "unit": "category",
            "interval": "int64",
            "discount": "float64",
            "payment_method": "category",
            "product_count": "int64",
        },
    ).set_index("id")


def terms_history(env, company, as_of, ids=None, several=False):
    """Return the billing periods of subscriptions one after the other.

    :param ids: only these (None: all)
    :param several: leave out those of which nothing ever changed
    :return: DataFrame ``subscription_id``, ``date`` (from that day on), ``unit``,
        ``interval``, by subscription and date; a row differs from the one before it
    """
    env["subscription.terms"].flush_model()
    condition = only("subscription_res_id", ids)
    if several:
        # Hardly any has: the others are left out by the index alone.
        condition = SQL(
            """
            %s AND subscription_res_id = ANY(ARRAY(
                SELECT subscription_res_id
                  FROM subscription_terms
              GROUP BY subscription_res_id
                HAVING COUNT(*) > 1
            ))
            """,
            condition,
        )
    return read(
        env,
        SQL(
            """
            SELECT id AS subscription_id, date, unit, interval
              FROM (
                SELECT *,
                       (unit, interval) IS DISTINCT FROM (
                           LAG(unit) OVER life, LAG(interval) OVER life
                       ) AS new
                  FROM (
                    SELECT DISTINCT ON (subscription_res_id, date)
                           subscription_res_id AS id, date, unit, interval
                      FROM subscription_terms
                     WHERE %(known)s
                  ORDER BY subscription_res_id, date DESC, known_on DESC,
                           subscription_terms.id DESC
                  ) AS daily
                WINDOW life AS (PARTITION BY id ORDER BY date)
              ) AS change
             WHERE new
          ORDER BY id, date
            """,
            known=known(company, as_of, condition),
        ),
        {"subscription_id": "int64", "unit": "category", "interval": "int64"},
        ("date",),
    )


def products(env, company, as_of, ids=None):
    """Return the products of subscriptions, those that were deleted since too.

    :param ids: only these (None: all)
    :return: DataFrame ``subscription_id``, ``product_id``, by both
    """
    env["subscription.terms"].flush_model()
    return read(
        env,
        SQL(
            """
            SELECT id AS subscription_id, key::int AS product_id
              FROM (%s) AS told, UNNEST(STRING_TO_ARRAY(product_key, ',')) AS key
          ORDER BY subscription_id, product_id
            """,
            known_terms(company, as_of, ids),
        ),
        {"subscription_id": "int64", "product_id": "int64"},
    )


def known_terms(company, as_of, ids=None):
    """Return the query of the terms that held as of a date, by ``id``.

    :param ids: only these (None: all)
    """
    return SQL(
        """
        SELECT DISTINCT ON (subscription_res_id)
               subscription_res_id AS id, template_id, unit, interval, discount,
               payment_method, product_key
          FROM subscription_terms
         WHERE %s
      ORDER BY subscription_res_id, date DESC, known_on DESC, subscription_terms.id DESC
        """,
        known(company, as_of, only("subscription_res_id", ids)),
    )
