# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What moved in each month."""

from decimal import Decimal

from odoo.fields import Domain
from odoo.tools import SQL

from ..analytics import ledger


def monthly_movements(env, company, until):
    """Return the movements of a company by month, currency and kind; one query.

    Counts what the user of ``env`` may read, record rules included.

    :param until: movements that take effect later are left out
    :return: the date of the last movement (None: there is none), and a list of (first
        day of the month, currency id, kind, contracted deltas, the same in company
        currency at the booking rates, the part of it that is transfer, change of the
        number of running subscriptions)
    """
    Movement = env["subscription.movement"]
    query = Movement._search(
        Domain("company_id", "=", company.id) & Domain("date", "<=", until)
    )
    Movement.flush_model()
    # As text, because Odoo reads numeric columns as floats.
    rows = env.execute_query(
        SQL(
            """
            SELECT DATE_TRUNC('month', date)::date AS month,
                   currency_id,
                   kind,
                   SUM(mrr_delta)::text,
                   SUM(mrr_delta * company_rate)::text,
                   SUM(CASE WHEN kind = %(transfer)s THEN mrr_delta * company_rate
                            ELSE transfer_amount END)::text,
                   SUM(running_delta)::int,
                   MAX(date)
              FROM %(movements)s
             WHERE %(condition)s
          GROUP BY month, currency_id, kind
          ORDER BY month, currency_id, kind
            """,
            movements=query.from_clause,
            condition=query.where_clause or SQL("TRUE"),
            transfer=ledger.TRANSFER,
        )
    )
    return max((row[-1] for row in rows), default=None), [
        (*key, *(Decimal(amount or 0) for amount in amounts), running)
        for *key, native, booked, transfer, running, _last in rows
        for amounts in [(native, booked, transfer)]
    ]
