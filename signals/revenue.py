# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What subscriptions have brought as of a date."""

from odoo.tools import SQL

from .frame import read


def invoiced(env, company, as_of, invoices):
    """Return what was invoiced for subscriptions so far, less credit notes.

    Untaxed, at the rate of each document. An invoice of several subscriptions counts
    for them in equal parts.

    :param invoices: from :func:`.renewals.recurring_invoices`
    :return: Series indexed by subscription id, in company currency; those that were
        never invoiced are missing
    """
    env["account.move"].flush_model()
    refunds = read(
        env,
        SQL(
            """
            SELECT reversed_entry_id AS move_id, SUM(amount_untaxed_signed) AS refunded
              FROM account_move
             WHERE company_id = %s
               AND reversed_entry_id IS NOT NULL
               AND move_type = 'out_refund'
               AND state = 'posted'
               AND invoice_date <= %s
          GROUP BY reversed_entry_id
            """,
            company.id,
            as_of,
        ),
        {"move_id": "int64", "refunded": "float64"},
    ).set_index("move_id")["refunded"]
    move = invoices["move_id"]
    amounts = invoices["untaxed"].fillna(0.0)
    if not refunds.empty:
        amounts = amounts + move.map(refunds).fillna(0.0)
    if not move.is_unique:
        amounts = amounts / move.map(move.value_counts())
    return amounts.groupby(invoices["subscription_id"]).sum()


def contracted_to_date(env, company, as_of):
    """Return what the contracted MRR has come to over the time it ran so far.

    :return: Series indexed by subscription id, in company currency at the rates of the
        movements: months (of 30.4375 days) times MRR, since the first start
    """
    env["subscription.movement"].flush_model()
    frame = read(
        env,
        SQL(
            """
            SELECT subscription_res_id AS id,
                   SUM(mrr_effective_delta * company_rate
                       * (%(as_of)s::date - date) / 30.4375) AS contracted
              FROM subscription_movement
             WHERE company_id = %(company)s
               AND date <= %(as_of)s AND known_on <= %(as_of)s
          GROUP BY subscription_res_id
            """,
            company=company.id,
            as_of=as_of,
        ),
        {"id": "int64", "contracted": "float64"},
    )
    return frame.set_index("id")["contracted"]
