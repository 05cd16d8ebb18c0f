# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How the invoices of a subscription were paid, as of a date.

Odoo forgets one thing: a payment that was taken off its invoice leaves no trace. What
failed and went through later, in the same online transaction, is no failure any more.
"""

import numpy as np
import pandas as pd

from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from ..analytics.period import MONTHS
from .clock import end_of
from .frame import only, read
from .renewals import overdue, past_due, recurring_invoices, reversed_in_full
from .running import chosen, customers_of, of_customers, running_subscriptions
from .signal import Signal

# pylint: disable=prefer-env-translation
_lt = LazyTranslate(__name__)  # there is no environment yet

#: How many invoices the habit of paying is judged by.
LAST = 6
DAYS = 180

NO_INVOICE = "When nothing was invoiced yet."
NOTHING_DUE = "When no invoice was due yet."
SIGNALS = (
    Signal(
        "overdue_amount",
        "number",
        "company currency",
        _lt("Amount overdue"),
        _lt(
            "What is open and past due of the invoices of the subscription, at the "
            "rates they were booked at."
        ),
        NO_INVOICE,
    ),
    Signal(
        "overdue_days",
        "number",
        "days",
        _lt("Days overdue"),
        _lt("How long the oldest open amount has been past due, 0 without any."),
        NO_INVOICE,
    ),
    Signal(
        "late_share",
        "number",
        "share",
        _lt("Share of invoices paid late"),
        _lt(
            "Of the last 6 due invoices, those that were paid after a due date or are "
            "still open. Those that were credited in full do not count."
        ),
        NOTHING_DUE,
    ),
    Signal(
        "mean_days_late",
        "number",
        "days",
        _lt("Days late on average"),
        _lt(
            "By how many days the last 6 due invoices were, or are, late; 0 for those "
            "that were paid in time."
        ),
        NOTHING_DUE,
    ),
    Signal(
        "failed_payments_180d",
        "number",
        "",
        _lt("Failed payments"),
        _lt(
            "Payments of the customer in the last 180 days that failed online, were "
            "rejected or were reversed."
        ),
        "When the company has recorded no payment at all yet.",
    ),
    Signal(
        "refunds_180d",
        "number",
        "",
        _lt("Refunds"),
        _lt("Credit notes for invoices of the subscription in the last 180 days."),
        NO_INVOICE,
    ),
    Signal(
        "days_to_renewal",
        "number",
        "days",
        _lt("Days to renewal"),
        _lt("Days until the next billing period begins."),
        "When it was read without scores, which know the next renewal.",
    ),
    Signal(
        "period_months",
        "number",
        "months",
        _lt("Billing period"),
        _lt("Months in one billing period."),
        "When its terms are not known.",
    ),
    Signal(
        "payment_method",
        "category",
        "",
        _lt("Payment method"),
        _lt("How the subscription is paid."),
        "When nobody said.",
    ),
)


def payments(env, company, as_of, ids=None, running=None, invoices=None):
    """Return :data:`SIGNALS` of running subscriptions.

    :param running: see :func:`.running.running_subscriptions`, if it is at hand
    :param invoices: see :func:`.renewals.recurring_invoices`, if they are at hand
    """
    if running is None:
        running = running_subscriptions(env, company, as_of)
    if invoices is None:
        invoices = recurring_invoices(env, company, as_of, ids)
    for name in ("account.payment", "payment.transaction"):
        env[name].flush_model()
    own = chosen(running, ids)
    today = pd.Timestamp(as_of)
    moves = None if ids is None else invoices["move_id"].unique().tolist()
    opened = overdue(env, company, as_of, moves)
    days_open = (today - opened["since"]).dt.days

    result = pd.DataFrame(index=own.index)
    invoiced = pd.Series(0.0, index=pd.unique(invoices["subscription_id"]))
    some = invoices[invoices["move_id"].isin(opened.index)]
    by_subscription = some["subscription_id"]
    amounts = some["move_id"].map(opened["amount"]).groupby(by_subscription).sum()
    days = some["move_id"].map(days_open).groupby(by_subscription).max()
    refunds = _refunds(env, company, as_of, moves)
    given = refunds.merge(invoices, on="move_id")
    given = given.groupby("subscription_id")["refund_id"].nunique()
    for name, known in (
        ("overdue_amount", amounts.round(company.currency_id.decimal_places)),
        ("overdue_days", days),
        ("refunds_180d", given),
    ):
        result[name] = known.astype(float).reindex(invoiced.index, fill_value=0.0)
    habits = _habits(
        invoices[
            ~invoices["move_id"].isin(reversed_in_full(env, company, as_of, moves))
        ],
        days_open.combine(_paid_late(env, company, as_of, moves), max, 0),
    )
    result = result.join(habits)
    result["failed_payments_180d"] = of_customers(
        own, _failed(env, company, as_of, customers_of(running, ids))
    )
    if not _has_payments(env, company, as_of):
        result["failed_payments_180d"] = np.nan
    else:
        result["failed_payments_180d"] = result["failed_payments_180d"].fillna(0.0)
    result["days_to_renewal"] = (
        pd.to_datetime(own["next_renewal_date"]) - today
    ).dt.days.astype(float)
    result["period_months"] = own["interval"].astype(float) * own["unit"].map(
        {unit: float(months) for unit, months in MONTHS.items()}
    ).astype(float)
    result["payment_method"] = own["payment_method"]
    return result[[signal.name for signal in SIGNALS]]


def _habits(invoices, days_late):
    """Return how the last due invoices of subscriptions were paid.

    :param invoices: by subscription and date
    :param days_late: of those that were late, by ``move_id``
    :return: DataFrame indexed by subscription id: ``late_share``, ``mean_days_late``
    """
    due = invoices[invoices["due"]]
    ids = due["subscription_id"].to_numpy()
    # The last ones are those that another subscription follows so many rows later.
    last = np.ones(len(ids), dtype=bool)
    last[:-LAST] = ids[:-LAST] != ids[LAST:]
    due = due[last]
    late = due["move_id"].map(days_late).fillna(0.0)
    groups = late.groupby(due["subscription_id"].to_numpy())
    return pd.DataFrame(
        {
            "late_share": late.gt(0).groupby(due["subscription_id"].to_numpy()).mean(),
            "mean_days_late": groups.mean(),
        }
    )


def _paid_late(env, company, as_of, moves):
    """Return how many days after a due date invoices were paid, by ``move_id``."""
    return read(
        env,
        SQL(
            """
            SELECT line.move_id, MAX(paid.max_date - line.date_maturity) AS days
              FROM account_partial_reconcile paid
              JOIN account_move_line line ON line.id = paid.debit_move_id
             WHERE paid.max_date > line.date_maturity
               AND paid.max_date <= %s
               AND %s
          GROUP BY line.move_id
            """,
            as_of,
            past_due(company, as_of, moves),
        ),
        {"move_id": "int64", "days": "float64"},
    ).set_index("move_id")["days"]


def _refunds(env, company, as_of, moves):
    """Return the credit notes of late and the invoices they are for, or matched with.

    :return: DataFrame ``move_id`` (of the invoice), ``refund_id``
    """
    return read(
        env,
        SQL(
            """
            WITH refund AS MATERIALIZED (
                SELECT id, reversed_entry_id, invoice_date
                  FROM account_move
                 WHERE company_id = %(company)s
                   AND state = 'posted'
                   AND move_type = 'out_refund'
                   AND invoice_date <= %(as_of)s
                   AND invoice_date > %(as_of)s::date - %(days)s
            )
            SELECT reversed_entry_id AS move_id, id AS refund_id
              FROM refund
             WHERE reversed_entry_id IS NOT NULL AND %(for_invoice)s
             UNION
            SELECT line.move_id, refund.id
              FROM refund
              JOIN account_move_line credit ON credit.move_id = refund.id
              JOIN account_partial_reconcile match
                ON match.credit_move_id = credit.id
               AND match.max_date <= %(as_of)s
              JOIN account_move_line line ON line.id = match.debit_move_id
             WHERE refund.reversed_entry_id IS NULL AND %(matched)s
            """,
            company=company.id,
            as_of=as_of,
            days=DAYS,
            for_invoice=only("reversed_entry_id", moves),
            matched=only("line.move_id", moves),
        ),
        {"move_id": "int64", "refund_id": "int64"},
    )


def _failed(env, company, as_of, customers):
    """Return how many payments of customers failed of late, by customer id.

    Online: by the last change of the transaction. Rejected: since the chatter says so.
    Reversed: by the entry that undoes the payment's.
    """
    return read(
        env,
        SQL(
            """
            WITH failed AS (
                SELECT partner_id
                  FROM payment_transaction
                 WHERE company_id = %(company)s
                   AND state = 'error'
                   AND operation IS DISTINCT FROM 'refund'
                   AND last_state_change >= %(since)s
                   AND last_state_change < %(end)s
             UNION ALL
                SELECT payment.partner_id
                  FROM account_payment payment
            CROSS JOIN LATERAL (
                    SELECT COALESCE(MAX(message.date), payment.write_date) AS date
                      FROM mail_message message
                      JOIN mail_tracking_value tracked
                        ON tracked.mail_message_id = message.id
                      JOIN ir_model_fields field ON field.id = tracked.field_id
                     WHERE message.model = 'account.payment'
                       AND message.res_id = payment.id
                       AND field.name = 'state'
                  ) AS rejection
                 WHERE payment.company_id = %(company)s
                   AND payment.state = 'rejected'
                   AND payment.payment_type = 'inbound'
                   AND rejection.date >= %(since)s
                   AND rejection.date < %(end)s
             UNION ALL
                SELECT payment.partner_id
                  FROM account_payment payment
                  JOIN account_move undone ON undone.reversed_entry_id = payment.move_id
                 WHERE payment.company_id = %(company)s
                   AND payment.payment_type = 'inbound'
                   AND undone.state = 'posted'
                   AND undone.date <= %(as_of)s
                   AND undone.date > %(as_of)s::date - %(days)s
            )
            SELECT customer.id, COUNT(*) AS failed
              FROM failed
              JOIN res_partner partner ON partner.id = failed.partner_id
              JOIN subscription_customer customer
                ON customer.partner_id = partner.commercial_partner_id
               AND customer.company_id = %(company)s
             WHERE %(only)s
          GROUP BY customer.id
            """,
            company=company.id,
            as_of=as_of,
            days=DAYS,
            since=end_of(company, as_of, DAYS),
            end=end_of(company, as_of),
            only=only("customer.id", customers),
        ),
        {"id": "int64", "failed": "float64"},
    ).set_index("id")["failed"]


def _has_payments(env, company, as_of):
    """Return whether the company had recorded any payment on or before the date."""
    ((known,),) = env.execute_query(
        SQL(
            """
            SELECT EXISTS (
                SELECT FROM account_payment
                 WHERE company_id = %(company)s AND date <= %(as_of)s
            ) OR EXISTS (
                SELECT FROM payment_transaction
                 WHERE company_id = %(company)s AND create_date < %(end)s
            )
            """,
            company=company.id,
            as_of=as_of,
            end=end_of(company, as_of),
        )
    )
    return known
