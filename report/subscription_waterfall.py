# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain

from ..analytics import ledger
from ..analytics.waterfall import (
    Sum,
    choose,
    horizon,
    months,
    needed_rates,
    total,
    waterfall,
)
from ..signals.rates import company_rates
from ..signals.waterfall import monthly_movements


class SubscriptionWaterfall(models.AbstractModel):
    """The monthly MRR waterfall of the current company, as its screen shows it.

    Contracted MRR in company currency, by the day on which movements take effect.
    """

    _name = "subscription.waterfall"
    _description = "MRR Waterfall"

    @api.model
    @api.readonly
    def get_waterfall(self, date_from=None, date_to=None, number=12):
        """Return the waterfall of some months.

        One query, and one more per month for rates where there are foreign currencies.
        Months outside the history are left out.

        :param date_from: any day of the first month (None: see ``number``)
        :param date_to: any day of the last month (None: the last one there is)
        :param number: how many months to show without ``date_from`` (0: all)
        :return: dict for JSON; each cell is an unrounded amount together with the model
            and the domain of the rows that it is made of
        :raise AccessError: the user may not read movements
        """
        company = self.env.company
        today = company._subscription_today()
        last_movement, rows = monthly_movements(self.env, company, today)
        result = {
            "company": company.display_name,
            "currency_id": company.currency_id.id,
            "can_import": self.env["subscription.import.wizard"].has_access("create"),
            "rows": [],
        }
        if not rows:
            return result
        start, end = rows[0][0], horizon(last_movement, today)
        periods = choose(
            start,
            end,
            fields.Date.to_date(date_from),
            fields.Date.to_date(date_to),
            number,
        )
        sums = [Sum(*row) for row in rows if row[0] <= periods[-1].last]
        rates = company_rates(self.env, company, needed_rates(sums, periods))
        steps = waterfall(sums, periods, rates)
        return {
            **result,
            "as_of": periods[-1].last,
            "ended_on": last_movement if end < today else False,
            "months": [month.first for month in months(start, end)],
            "columns": self._columns(with_drift=any(step.drift for step in steps)),
            "rows": [self._row(company, step) for step in steps],
            "total": self._row(company, total(steps)),
        }

    @api.model
    def _columns(self, with_drift):
        """Return what the columns are called and mean, in the order of a waterfall."""
        Report = self.env["subscription.movement.report"]
        labels = dict(Report._fields["kind"]._description_selection(self.env))
        helps = {
            ledger.NEW: self.env._("Customers who never had any MRR before."),
            ledger.REACTIVATION: self.env._("Customers who had left and came back."),
            ledger.EXPANSION: self.env._("Customers whose MRR grew."),
            ledger.CONTRACTION: self.env._("Customers whose MRR shrank."),
            ledger.CHURN: self.env._("Customers who had no MRR left that evening."),
        }
        columns = [
            (
                "opening",
                self.env._("Opening"),
                self.env._("MRR on the evening before, at the rates of that day."),
            ),
            *((kind, labels[kind], helps[kind]) for kind in ledger.KINDS),
            (
                "drift",
                self.env._("Currency Drift"),
                self.env._(
                    "What changes of exchange rates did to MRR in foreign currencies."
                ),
            ),
            (
                "closing",
                self.env._("Closing"),
                self.env._("MRR on the last evening, at the rates of that day."),
            ),
        ]
        return [
            {"name": name, "label": label, "help": help_}
            for name, label, help_ in columns
            if with_drift or name != "drift"
        ]

    @api.model
    def _row(self, company, step):
        """Return a step as the screen needs it.

        Rows of balances and of drift are movements, whose amounts are in their own
        currencies; those of a kind are the parts of movements that are of that kind.
        """
        first, last = step.period
        of_company = Domain("company_id", "=", company.id)
        until_last = of_company & Domain("date", "<=", last)
        within = until_last & Domain("date", ">=", first)
        foreign = Domain("currency_id", "!=", company.currency_id.id)

        def cell(amount, domain, model="subscription.movement"):
            return {"amount": float(amount), "model": model, "domain": list(domain)}

        return {
            "first": first,
            "last": last,
            "running": step.running,
            "difference": float(step.difference),
            "cells": {
                "opening": cell(step.opening, of_company & Domain("date", "<", first)),
                **{
                    kind: cell(
                        amount,
                        within & Domain("kind", "=", kind),
                        "subscription.movement.report",
                    )
                    for kind, amount in step.kinds.items()
                },
                "drift": cell(step.drift, until_last & foreign),
                "closing": cell(step.closing, until_last),
            },
        }
