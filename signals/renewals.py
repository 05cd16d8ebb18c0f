# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which periods were invoiced, and whether the invoices held good as of a date."""

from odoo.tools import SQL

from .frame import only, read

#: What the query looks at.
MODELS = (
    "account.move",
    "account.move.line",
    "account.partial.reconcile",
    "product.product",
    "product.template",
    "sale.order",
    "sale.order.line",
    "sale.subscription",
)


def recurring_invoices(env, company, as_of, ids=None):
    """Return the recurring invoices of subscriptions and whether they renewed them.

    Posted customer invoices of the company dated on or before ``as_of``, from all three
    places where ``subscription_oca`` leaves them: on the subscription, on the orders it
    generated, and on the order it was sold by (those that hold what recurs).

    An invoice renews unless, as of the date, it was reversed (credit notes come to its
    total) or a part of it was past due and open. A payment counts from the day that
    Odoo gives its reconciliation; on the due date itself nothing is past due.

    :return: DataFrame, one row for each subscription and invoice, by subscription and
        date: ``subscription_id``, ``move_id``, ``period_start`` (invoice date),
        ``untaxed`` (company currency), ``due`` (bool: its due date is past),
        ``renewed`` (bool)
    """
    for name in MODELS:
        env[name].flush_model()
    frame = _invoices(env, company, as_of, ids)
    moves = None if ids is None else frame["move_id"].unique().tolist()
    lost = {
        *overdue(env, company, as_of, moves).index,
        *reversed_in_full(env, company, as_of, moves),
    }
    frame["renewed"] = ~frame["move_id"].isin(lost)
    # Quicker here than in the database, whose sort goes through the disk.
    order = ["subscription_id", "period_start", "renewed"]
    return frame.sort_values(order, ignore_index=True)


def _invoices(env, company, as_of, ids):
    """Return which invoices belong to which subscriptions: ``move_id`` and the like."""
    return read(
        env,
        SQL(
            """
            WITH ordered AS (
                SELECT own.id AS subscription_id, line.move_id
                  FROM sale_subscription own
                  JOIN sale_order sale ON sale.order_subscription_id = own.id
                  JOIN sale_order_line sold ON sold.order_id = sale.id
                  JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = sold.id
                  JOIN account_move_line line ON line.id = rel.invoice_line_id
                 WHERE %(own)s
                 UNION
                SELECT own.id, line.move_id
                  FROM sale_subscription own
                  JOIN sale_order_line sold ON sold.order_id = own.sale_order_id
                  JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = sold.id
                  JOIN account_move_line line ON line.id = rel.invoice_line_id
                  JOIN product_product product ON product.id = line.product_id
                  JOIN product_template template
                    ON template.id = product.product_tmpl_id
             LEFT JOIN sale_subscription other
                    ON other.sale_order_id = own.sale_order_id
                   AND other.template_id = template.subscription_template_id
                   AND other.id <> own.id
                 WHERE %(own)s
                   AND (
                       template.subscription_template_id = own.template_id
                       -- A plan may have changed since: what recurs is of this
                       -- subscription unless it is of another one of the order.
                       OR (template.subscribable AND other.id IS NULL)
                   )
            )
            SELECT own.id AS subscription_id, move.id AS move_id,
                   move.invoice_date AS period_start,
                   move.amount_untaxed_signed AS untaxed, %(due)s AS due
              FROM account_move move
              JOIN sale_subscription own ON own.id = move.subscription_id
             WHERE %(own)s AND %(invoice)s
         UNION ALL
            SELECT ordered.subscription_id, move.id, move.invoice_date,
                   move.amount_untaxed_signed, %(due)s
              FROM ordered
              JOIN account_move move ON move.id = ordered.move_id
             WHERE %(invoice)s
               AND move.subscription_id IS DISTINCT FROM ordered.subscription_id
            """,
            due=SQL("COALESCE(move.invoice_date_due, move.invoice_date) < %s", as_of),
            own=SQL("own.company_id = %s AND %s", company.id, only("own.id", ids)),
            invoice=SQL(
                "move.company_id = %s AND move.state = 'posted'"
                " AND move.move_type = 'out_invoice' AND move.invoice_date <= %s",
                company.id,
                as_of,
            ),
        ),
        {
            "subscription_id": "int64",
            "move_id": "int64",
            "untaxed": "float64",
            "due": "bool",
        },
        ("period_start",),
    )


def past_due(company, as_of, moves):
    """Return the condition for the instalments (``line``) that are past due."""
    return SQL(
        "line.company_id = %s AND line.parent_state = 'posted'"
        " AND line.display_type = 'payment_term' AND line.date_maturity < %s"
        " AND %s",
        company.id,
        as_of,
        only("line.move_id", moves),
    )


def overdue(env, company, as_of, moves=None):
    """Return what of invoices was past due and open as of a date.

    What is open now, and what was paid after the date: of today hardly anything was.
    In the currency of the invoice, which differences of exchange do not touch, and from
    that at the rate it was booked at.

    :param moves: only these
    :return: DataFrame indexed by ``move_id``: ``amount`` in company currency, ``since``
        (the first due date)
    """
    return read(
        env,
        SQL(
            """
            SELECT move_id, SUM(open * rate) AS amount, MIN(since) AS since
              FROM (
                SELECT line.move_id, line.amount_residual_currency AS open,
                       line.balance / NULLIF(line.amount_currency, 0) AS rate,
                       line.date_maturity AS since
                  FROM account_move_line line
                 WHERE %(due)s
                   AND line.amount_residual_currency <> 0
             UNION ALL
                SELECT line.move_id, paid.debit_amount_currency,
                       line.balance / NULLIF(line.amount_currency, 0),
                       line.date_maturity
                  FROM account_partial_reconcile paid
                  JOIN account_move_line line ON line.id = paid.debit_move_id
                 WHERE paid.max_date > %(as_of)s
                   AND %(due)s
              ) AS part
          GROUP BY move_id
            HAVING SUM(open) > 0
            """,
            as_of=as_of,
            due=past_due(company, as_of, moves),
        ),
        {"move_id": "int64", "amount": "float64"},
        ("since",),
    ).set_index("move_id")


def reversed_in_full(env, company, as_of, moves):
    """Return the ids of invoices that were credited in full as of a date.

    Counts the credit notes made for an invoice, and what was matched with it of those
    made for none. One made for another invoice pays this one.
    """
    return read(
        env,
        SQL(
            """
            WITH refund AS MATERIALIZED (
                SELECT id, reversed_entry_id, currency_id, amount_total
                  FROM account_move
                 WHERE company_id = %(company)s
                   AND state = 'posted'
                   AND move_type = 'out_refund'
                   AND invoice_date <= %(as_of)s
            ), credited AS (
                SELECT reversed_entry_id AS move_id, currency_id,
                       amount_total AS amount
                  FROM refund
                 WHERE reversed_entry_id IS NOT NULL
             UNION ALL
                SELECT line.move_id, line.currency_id, match.debit_amount_currency
                  FROM refund
                  JOIN account_move_line credit ON credit.move_id = refund.id
                  JOIN account_partial_reconcile match
                    ON match.credit_move_id = credit.id
                   AND match.max_date <= %(as_of)s
                  JOIN account_move_line line ON line.id = match.debit_move_id
                 WHERE refund.reversed_entry_id IS NULL
            )
            SELECT move.id AS move_id
              FROM credited
              JOIN account_move move
                ON move.id = credited.move_id
               AND move.currency_id = credited.currency_id
             WHERE %(only)s
          GROUP BY move.id
            HAVING SUM(credited.amount) >= move.amount_total
            """,
            company=company.id,
            as_of=as_of,
            only=only("move.id", moves),
        ),
        {"move_id": "int64"},
    )["move_id"]
