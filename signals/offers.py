# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Time-limited discounts of subscriptions: what is given, and what is promised."""

from odoo.tools import SQL

#: Models that are looked at, with the fields.
READ = {
    "account.move": [
        "amount_total",
        "move_type",
        "payment_state",
        "reversed_entry_id",
        "state",
    ],
    "sale.order": ["state"],
    "subscription.offer": None,
    "subscription.offer.grant": None,
    "subscription.offer.use": None,
}

#: Condition that ``move`` is neither cancelled nor credited in full. One that was paid
#: before, or that came to nothing, is never *reversed* for Odoo.
BILLED = SQL(
    """
    (move.state <> 'cancel'
     AND move.payment_state IS DISTINCT FROM 'reversed'
     AND COALESCE((
          SELECT SUM(refund.amount_total)
            FROM account_move refund
           WHERE refund.reversed_entry_id = move.id
             AND refund.move_type = 'out_refund'
             AND refund.state = 'posted'
     ) < move.amount_total, TRUE))
    """
)


def flush(env):
    """Write what is pending of the models that are looked at."""
    for name, fields in READ.items():
        env[name].flush_model(fields)


def stands(use):
    """Return the condition that what a use was billed with is neither gone nor undone.

    An invoice that is deleted, cancelled or credited in full gives its period back; so
    does an order that is cancelled, or all of whose invoices are.

    :param use: SQL, how the query calls the row of the use
    """
    return SQL(
        """
        (EXISTS (
            SELECT FROM account_move move
             WHERE move.id = %(use)s.move_id
               AND %(billed)s
        ) OR EXISTS (
            SELECT FROM sale_order sold
             WHERE sold.id = %(use)s.order_id
               AND sold.state <> 'cancel'
               AND COALESCE((
                    SELECT BOOL_OR(%(billed)s)
                      FROM sale_order_line line
                      JOIN sale_order_line_invoice_rel rel
                        ON rel.order_line_id = line.id
                      JOIN account_move_line item ON item.id = rel.invoice_line_id
                      JOIN account_move move
                        ON move.id = item.move_id AND move.move_type = 'out_invoice'
                     WHERE line.order_id = sold.id
               ), TRUE)
        ))
        """,
        use=use,
        billed=BILLED,
    )


def used(condition):
    """Return the query of how many periods of grants are used: grant, ``number``.

    :param condition: SQL, on the grant
    """
    return SQL(
        """
        SELECT "grant".id, COUNT(one.id) FILTER (WHERE %s) AS number
          FROM subscription_offer_grant "grant"
     LEFT JOIN subscription_offer_use one ON one.grant_id = "grant".id
         WHERE %s
      GROUP BY "grant".id
        """,
        stands(SQL("one")),
        condition,
    )


def discounts(today, whose):
    """Return the query of the discounts of subscriptions, those that have any.

    Its columns are ``id`` of the subscription, ``given`` (percent off the period that
    it is in, as it was billed), ``promised`` (percent off the next periods),
    ``remaining`` (how many) and ``starts_on`` (the first of them).

    :param today: SQL, query of (company, day)
    :param whose: SQL, condition on the subscription s
    """
    return SQL(
        """
        SELECT own.subscription_id AS id,
               MAX(offer.discount) FILTER (WHERE own.is_given) AS given,
               MAX(offer.discount) FILTER (WHERE own.is_open) AS promised,
               MAX(offer.period_count - used.number) FILTER (WHERE own.is_open)
                   AS remaining,
               MAX(own.starts_on) FILTER (WHERE own.is_open) AS starts_on
          FROM (
              SELECT "grant".id,
                     "grant".subscription_id,
                     "grant".offer_id,
                     "grant".starts_on,
                     "grant".state IN ('granted', 'active') AS is_open,
                     EXISTS (
                         SELECT FROM subscription_offer_use one
                          WHERE one.grant_id = "grant".id
                            AND one.period_start <= today.date
                            AND one.period_end > today.date
                            AND %(stands)s
                     ) AS is_given
                FROM subscription_offer_grant "grant"
                JOIN sale_subscription s ON s.id = "grant".subscription_id
                JOIN (%(today)s) AS today (company_id, date)
                  ON today.company_id = s.company_id
               WHERE "grant".kind = 'discount'
                 AND %(whose)s
          ) AS own
          JOIN subscription_offer offer ON offer.id = own.offer_id
          CROSS JOIN LATERAL (
              SELECT COUNT(*) AS number
                FROM subscription_offer_use one
               WHERE one.grant_id = own.id
                 AND %(stands)s
          ) AS used
         WHERE own.is_open OR own.is_given
      GROUP BY own.subscription_id
        """,
        today=today,
        whose=whose,
        stands=stands(SQL("one")),
    )
