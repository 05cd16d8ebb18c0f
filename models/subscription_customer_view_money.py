# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dateutil.relativedelta import relativedelta

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL, float_round

from ..analytics import ledger
from .subscription_customer_view import TOP, counted

#: Months that the chart of the movements shows.
MONTHS = 24
#: Who is in none of them sees only some of the invoices.
ALL_INVOICES = (
    "account.group_account_invoice,account.group_account_readonly,"
    "sales_team.group_sale_salesman_all_leads"
)
FIGURES = (
    "mrr",
    "mrr_effective",
    "mrr_at_risk",
    "clv",
    "clv_lower",
    "clv_upper",
    "realised_revenue",
    "is_high_value",
    "running_count",
)


#: What is overdue of no invoice at all.
DUE = {"overdue": 0, "overdue_since": None, "overdue_count": 0}


class SubscriptionCustomer(models.Model):
    """The money of a customer: what it pays, how that moved, what it owes."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.customer"

    def _view_money(self):
        company = self._view_company()
        return {
            **{name: self[name] for name in FIGURES},
            "currency_id": company["currency_id"],
            "months": self._view_months(company["today"], company["rounding"]),
            "invoices": self._view_invoices(company["today"]),
        }

    def _view_months(self, today, rounding):
        """Return MRR and what moved it by month, at the rates of booking.

        Of the last months, from the first one in which anything moved on.
        """
        rows = self.env["subscription.movement.report"]._read_group(
            [("customer_id", "=", self.id)],
            ["date:month", "kind"],
            ["amount:sum"],
        )
        if not rows:
            return []
        moved = {}
        for month, kind, amount in rows:
            moved.setdefault(month, {})[kind] = amount
        last = max(today.replace(day=1), max(moved))
        first = max(min(moved), last - relativedelta(months=MONTHS - 1))
        level = sum(
            sum(kinds.values()) for month, kinds in moved.items() if month < first
        )
        months = []
        for number in range(
            (last.year - first.year) * 12 + last.month - first.month + 1
        ):
            month = first + relativedelta(months=number)
            kinds = moved.get(month, {})
            level += sum(kinds.values())
            months.append(
                {
                    "month": month,
                    "mrr": float_round(level, precision_rounding=rounding),
                    **{
                        kind: float_round(
                            kinds.get(kind, 0), precision_rounding=rounding
                        )
                        for kind in ledger.KINDS
                        if kind not in (ledger.TRANSFER, ledger.NEUTRAL)
                    },
                }
            )
        return months

    def _view_invoices(self, today):
        Move, Line = self.env["account.move"], self.env["account.move.line"]
        if not (Move.has_access("read") and Line.has_access("read")):
            return None
        posted = self._invoice_domain() & Domain("state", "=", "posted")
        moves = Move._search(posted).subselect()
        lines = Line._search([("display_type", "=", "payment_term")]).subselect()
        rows = self.env.execute_query_dict(
            SQL(
                """
                WITH due AS (
                    SELECT SUM(line.amount_residual) AS overdue,
                           MIN(line.date_maturity) AS overdue_since,
                           COUNT(DISTINCT line.move_id) AS overdue_count
                      FROM account_move_line line
                      JOIN account_move move ON move.id = line.move_id
                     WHERE move.id IN %(moves)s
                       AND move.move_type = 'out_invoice'
                       AND line.id IN %(lines)s
                       AND line.date_maturity < %(today)s
                       AND line.amount_residual <> 0
                )
                SELECT move.id, move.name, move.invoice_date AS date,
                       move.invoice_date_due AS due, move.currency_id,
                       CASE WHEN move.move_type = 'out_refund' THEN -1 ELSE 1 END
                           * move.amount_total AS amount,
                       move.payment_state AS state,
                       move.move_type = 'out_invoice'
                           AND move.amount_residual <> 0
                           AND COALESCE(move.invoice_date_due < %(today)s, FALSE)
                           AS is_overdue,
                       COUNT(*) OVER () AS count, due.*
                  FROM account_move move, due
                 WHERE move.id IN %(moves)s
              ORDER BY move.invoice_date DESC, move.id DESC
                 LIMIT %(limit)s
                """,
                moves=moves,
                lines=lines,
                today=today,
                limit=TOP,
            )
        )
        states = dict(Move._fields["payment_state"]._description_selection(self.env))
        due = DUE
        for row in rows:
            row["state"] = states.get(row["state"])
            due = {name: row.pop(name) or empty for name, empty in DUE.items()}
        is_limited = not self.env.user.has_groups(ALL_INVOICES)
        return {**counted(rows), **due, "is_limited": is_limited}
