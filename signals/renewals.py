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
        date: ``subscription_id``, ``period_start`` (invoice date), ``renewed`` (bool)
    """
    for name in MODELS:
        env[name].flush_model()
    frame = read(
        env,
        SQL(
            """
            WITH own AS (
                SELECT id, template_id, sale_order_id
                  FROM sale_subscription
                 WHERE company_id = %(company)s AND %(only)s
            ), ordered AS (
                SELECT own.id AS subscription_id, line.move_id
                  FROM own
                  JOIN sale_order sale ON sale.order_subscription_id = own.id
                  JOIN sale_order_line sold ON sold.order_id = sale.id
                  JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = sold.id
                  JOIN account_move_line line ON line.id = rel.invoice_line_id
                 UNION
                SELECT own.id, line.move_id
                  FROM own
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
                 WHERE template.subscription_template_id = own.template_id
                       -- A plan may have changed since: what recurs is of this
                       -- subscription unless it is of another one of the order.
                    OR (template.subscribable AND other.id IS NULL)
            ), invoice AS MATERIALIZED (
                SELECT move.id, move.subscription_id, move.invoice_date,
                       move.currency_id, move.amount_total
                  FROM account_move move
                 WHERE %(invoices)s
                   AND move.subscription_id IN (SELECT id FROM own)
             UNION ALL
                SELECT move.id, ordered.subscription_id, move.invoice_date,
                       move.currency_id, move.amount_total
                  FROM ordered
                  JOIN account_move move ON move.id = ordered.move_id
                 WHERE %(invoices)s
                   AND move.subscription_id IS DISTINCT FROM ordered.subscription_id
            ), due AS MATERIALIZED (
                SELECT id, move_id, amount_currency
                  FROM account_move_line
                 WHERE display_type = 'payment_term'
                   AND date_maturity < %(as_of)s
                   AND move_id IN (SELECT id FROM invoice)
            ), unpaid AS (
                SELECT move_id
                  FROM (
                    SELECT move_id, amount_currency
                      FROM due
                 UNION ALL
                    SELECT due.move_id, -paid.debit_amount_currency
                      FROM due
                      JOIN account_partial_reconcile paid
                        ON paid.debit_move_id = due.id
                       AND paid.max_date <= %(as_of)s
                  ) AS amounts
              GROUP BY move_id
                HAVING SUM(amount_currency) > 0
            ), refund AS MATERIALIZED (
                SELECT id, reversed_entry_id, currency_id, amount_total
                  FROM account_move
                 WHERE company_id = %(company)s
                   AND state = 'posted'
                   AND move_type = 'out_refund'
                   AND invoice_date <= %(as_of)s
            ), reversed AS (
                SELECT credited.move_id
                  FROM (
                    SELECT reversed_entry_id AS move_id, currency_id, amount_total
                      FROM refund
                     WHERE reversed_entry_id IS NOT NULL
                 UNION ALL
                    -- One that reverses another invoice pays this one.
                    SELECT line.move_id, line.currency_id, match.debit_amount_currency
                      FROM refund
                      JOIN account_move_line credit ON credit.move_id = refund.id
                      JOIN account_partial_reconcile match
                        ON match.credit_move_id = credit.id
                       AND match.max_date <= %(as_of)s
                      JOIN account_move_line line ON line.id = match.debit_move_id
                     WHERE refund.reversed_entry_id IS NULL
                  ) AS credited
                  JOIN account_move move
                    ON move.id = credited.move_id
                   AND move.currency_id = credited.currency_id
              GROUP BY credited.move_id, move.amount_total
                HAVING SUM(credited.amount_total) >= move.amount_total
            )
            SELECT invoice.subscription_id,
                   invoice.invoice_date AS period_start,
                   unpaid.move_id IS NULL AND reversed.move_id IS NULL AS renewed
              FROM invoice
         LEFT JOIN unpaid ON unpaid.move_id = invoice.id
         LEFT JOIN reversed ON reversed.move_id = invoice.id
            """,
            company=company.id,
            as_of=as_of,
            only=only("id", ids),
            invoices=SQL(
                """
                move.company_id = %s
                AND move.state = 'posted'
                AND move.move_type = 'out_invoice'
                AND move.invoice_date <= %s
                """,
                company.id,
                as_of,
            ),
        ),
        {"subscription_id": "int64", "renewed": bool},
        ("period_start",),
    )
    # Quicker here than in the database, whose sort goes through the disk.
    order = ["subscription_id", "period_start", "renewed"]
    return frame.sort_values(order, ignore_index=True)
