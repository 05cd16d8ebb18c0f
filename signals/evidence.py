# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the database holds about the past of subscriptions that nobody wrote down.

Three queries for any number of subscriptions: what they are now, the invoices that
stand, and the changes that the chatter kept. What it means is for
``analytics/backfill.py`` to say.
"""

from collections import defaultdict
from decimal import Decimal

from odoo.tools import SQL

from ..analytics.backfill import Evidence, Invoice, PauseChange, StageChange
from ..analytics.period import monthly
from .clock import local_day
from .subscriptions import present

MODELS = (
    "account.move",
    "account.move.line",
    "account.partial.reconcile",
    "mail.message",
    "mail.tracking.value",
    "product.template",
    "sale.order",
    "sale.order.line",
    "sale.subscription",
    "sale.subscription.line",
    "sale.subscription.stage",
    "sale.subscription.template",
)


def evidence(env, company, today, ids):
    """Return what is known of the past of subscriptions of one company.

    :param today: the day up to which history is told
    :param ids: subscriptions, archived ones too
    :return: ``{subscription id: Evidence}``; customers are ids of commercial partners.
        Subscriptions that another one's order created are left out: they never run
    """
    for name in MODELS:
        env[name].flush_model()
    now = present(env, ids).to_dict("index")
    facts = _facts(env, company, ids)
    invoices = _invoices(env, company, facts)
    stages, pauses = _tracked(env, company, ids)
    return {
        sub_id: Evidence(
            today=today,
            customer=now[sub_id]["commercial_partner_id"],
            currency=now[sub_id]["currency_id"],
            lines=now[sub_id]["contracted"],
            running=now[sub_id]["running"],
            paused=now[sub_id]["paused"],
            archived=now[sub_id]["archived"],
            invoices=invoices[sub_id],
            stages=stages[sub_id],
            pauses=pauses[sub_id],
            **{name: value for name, value in fact.items() if name != "rounding"},
        )
        for sub_id, fact in facts.items()
    }


def _facts(env, company, ids):
    """Return ``{subscription id: fields of Evidence}`` as they are now."""
    columns = (
        "rounding",
        "created_on",
        "written_on",
        "lines_written_on",
        "sold_on",
        "start_date",
        "finish_date",
        "in_progress",
        "unit",
        "interval",
    )
    rows = env.execute_query(
        SQL(
            """
            SELECT s.id,
                   currency.rounding::text,
                   %(created)s,
                   %(written)s,
                   %(lines_written)s,
                   CASE WHEN s.sale_order_id IS NOT NULL THEN %(created)s END,
                   s.date_start,
                   s.date,
                   COALESCE(stage.type = 'in_progress', FALSE),
                   COALESCE(template.recurring_rule_type, 'months'),
                   GREATEST(template.recurring_interval, 1)
              FROM sale_subscription s
              JOIN res_currency currency ON currency.id = s.currency_id
              JOIN sale_subscription_template template ON template.id = s.template_id
         LEFT JOIN sale_subscription_stage stage ON stage.id = s.stage_id
         LEFT JOIN sale_order origin ON origin.id = s.sale_order_id
         LEFT JOIN (
                  SELECT sale_subscription_id AS id, MAX(write_date) AS write_date
                    FROM sale_subscription_line
                   WHERE sale_subscription_id = ANY(%(ids)s)
                GROUP BY sale_subscription_id
              ) AS line ON line.id = s.id
             WHERE s.id = ANY(%(ids)s)
               AND origin.order_subscription_id IS NULL
            """,
            created=local_day(company, SQL("s.create_date")),
            written=local_day(company, SQL("s.write_date")),
            lines_written=local_day(company, SQL("line.write_date")),
            ids=list(ids),
        )
    )
    return {sub_id: dict(zip(columns, row, strict=True)) for sub_id, *row in rows}


def _invoices(env, company, facts):
    """Return ``{subscription id: invoices by date}``, those reversed in full left out.

    Invoices hang on the subscription, on the orders it made, and the first period of
    one that was sold by an order on that order, with the lines that made it. Those of
    other companies do not count, wherever they hang.

    One in a foreign currency shows no amount. In that of the company it does, as
    ``subscription_oca`` bills the numbers of the lines in it, whatever theirs is.
    """
    # Amounts as text, because Odoo reads numeric columns as floats.
    rows = env.execute_query(
        SQL(
            """
            WITH billed AS (
                SELECT move.subscription_id AS id, line.id AS line_id
                  FROM account_move move
                  JOIN account_move_line line ON line.move_id = move.id
                 WHERE move.subscription_id = ANY(%(ids)s)
                 UNION
                SELECT sale.order_subscription_id, rel.invoice_line_id
                  FROM sale_order sale
                  JOIN sale_order_line sold ON sold.order_id = sale.id
                  JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = sold.id
                 WHERE sale.order_subscription_id = ANY(%(ids)s)
                 UNION
                SELECT s.id, rel.invoice_line_id
                  FROM sale_subscription s
                  JOIN sale_order_line sold ON sold.order_id = s.sale_order_id
                  JOIN product_product product ON product.id = sold.product_id
                  JOIN product_template template
                    ON template.id = product.product_tmpl_id
                   AND template.subscribable
                   AND template.subscription_template_id = s.template_id
                  JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = sold.id
                 WHERE s.id = ANY(%(ids)s)
            ),
            invoice AS (
                SELECT billed.id,
                       move.id AS move_id,
                       move.invoice_date,
                       move.amount_total,
                       SUM(line.price_subtotal) FILTER (
                           WHERE move.currency_id IN (s.currency_id, %(currency)s)
                       ) AS net
                  FROM billed
                  JOIN sale_subscription s ON s.id = billed.id
                  JOIN account_move_line line ON line.id = billed.line_id
                  JOIN account_move move ON move.id = line.move_id
                 WHERE move.company_id = %(company)s
                   AND move.move_type = 'out_invoice'
                   AND move.state = 'posted'
                   AND line.display_type = 'product'
              GROUP BY billed.id, move.id
            ),
            refund AS (
                SELECT move.reversed_entry_id AS move_id,
                       move.id AS refund_id,
                       move.amount_total AS amount
                  FROM account_move move
                 WHERE move.reversed_entry_id IN (SELECT move_id FROM invoice)
                   AND move.company_id = %(company)s
                   AND move.move_type = 'out_refund'
                   AND move.state = 'posted'
                 UNION ALL
                SELECT debit.move_id, credit.move_id, SUM(partial.debit_amount_currency)
                  FROM account_move_line debit
                  JOIN account_partial_reconcile partial
                    ON partial.debit_move_id = debit.id
                  JOIN account_move_line credit ON credit.id = partial.credit_move_id
                  JOIN account_move move ON move.id = credit.move_id
                 WHERE debit.move_id IN (SELECT move_id FROM invoice)
                   AND move.company_id = %(company)s
                   AND move.move_type = 'out_refund'
                   AND move.state = 'posted'
                   AND move.reversed_entry_id IS DISTINCT FROM debit.move_id
              GROUP BY debit.move_id, credit.move_id
            ),
            refunded AS (
                SELECT move_id, SUM(amount) AS amount FROM refund GROUP BY move_id
            )
            SELECT invoice.id, invoice.invoice_date, invoice.net::text
              FROM invoice
         LEFT JOIN refunded USING (move_id)
             WHERE refunded.amount IS NULL OR refunded.amount < invoice.amount_total
          ORDER BY invoice.invoice_date, invoice.move_id
            """,
            ids=list(facts),
            company=company.id,
            currency=company.currency_id.id,
        )
    )
    invoices = defaultdict(tuple)
    for sub_id, day, net in rows:
        fact = facts[sub_id]
        mrr = net and monthly(
            Decimal(net), fact["unit"], fact["interval"], Decimal(fact["rounding"])
        )
        invoices[sub_id] += (Invoice(day, mrr),)
    return invoices


def _tracked(env, company, ids):
    """Return changes of stage and of pause that the chatter kept, by subscription."""
    rows = env.execute_query(
        SQL(
            """
            SELECT message.res_id,
                   %(day)s,
                   field.name,
                   tracked.old_value_integer,
                   tracked.new_value_integer,
                   old_stage.type,
                   new_stage.type
              FROM mail_message message
              JOIN mail_tracking_value tracked ON tracked.mail_message_id = message.id
              JOIN ir_model_fields field ON field.id = tracked.field_id
         LEFT JOIN sale_subscription_stage old_stage
                ON old_stage.id = tracked.old_value_integer
         LEFT JOIN sale_subscription_stage new_stage
                ON new_stage.id = tracked.new_value_integer
             WHERE message.model = 'sale.subscription'
               AND message.res_id = ANY(%(ids)s)
               AND field.model = 'sale.subscription'
               AND field.name IN ('stage_id', 'is_paused')
          ORDER BY message.date, tracked.id
            """,
            day=local_day(company, SQL("message.date")),
            ids=list(ids),
        )
    )
    stages, pauses = defaultdict(tuple), defaultdict(tuple)
    for sub_id, day, field, old, new, old_type, new_type in rows:
        if field == "is_paused":
            pauses[sub_id] += (PauseChange(day, bool(new)),)
        else:
            stages[sub_id] += (
                StageChange(day, _runs(old, old_type), _runs(new, new_type)),
            )
    return stages, pauses


def _runs(stage_id, stage_type):
    """Return whether a stage is one of progress (None: it was deleted since)."""
    if stage_id and not stage_type:
        return None
    return stage_type == "in_progress"
