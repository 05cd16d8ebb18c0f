# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain

from ..analytics.rfm import GRID, SEGMENTS

SCORES = range(1, 6)


class SubscriptionRfmMap(models.AbstractModel):
    """The running subscriptions of the current company by R and the mean of F and M."""

    _name = "subscription.rfm.map"
    _description = "RFM Map"

    @api.model
    @api.readonly
    def get_map(self):
        """Return the map as its screen shows it, by one query.

        A cell is the place of an R (1 to 5) and of the mean of F and M rounded half up;
        it belongs to one segment. Figures are those of the last refresh, MRR is
        contracted and in company currency.

        :return: dict for JSON; each cell and each segment has the number and the MRR of
            its subscriptions and the domain that finds them
        :raise AccessError: the user may not read subscriptions
        """
        company = self.env.company
        running = Domain("company_id", "=", company.id) & Domain(
            "is_running", "=", True
        )
        groups = self.env["sale.subscription"]._read_group(
            running,
            ["rfm_r", "rfm_f", "rfm_m"],
            ["__count", "mrr_company:sum", "scored_on:max"],
        )
        figures = defaultdict(lambda: (0, 0.0))
        not_scored, days = 0, []
        for r, f, m, count, mrr, scored_on in groups:
            if not r:
                not_scored += count
                continue
            place = r, (f + m + 1) // 2
            number, amount = figures[place]
            figures[place] = number + count, amount + mrr
            days.append(scored_on)
        cells = [
            {
                "r": r,
                "fm": fm,
                "segment": GRID[r - 1][fm - 1],
                "count": figures[r, fm][0],
                "mrr": figures[r, fm][1],
                "domain": list(running & self._cell_domain(r, fm)),
            }
            for r in reversed(SCORES)
            for fm in SCORES
        ]
        return {
            "company": company.display_name,
            "currency_id": company.currency_id.id,
            "scored_on": max(days, default=False),
            "not_scored": not_scored,
            "not_scored_domain": list(running & Domain("scored_on", "=", False)),
            "can_import": self.env["subscription.import.wizard"].has_access("create"),
            "cells": cells,
            "segments": self._segments(cells, running),
        }

    @api.model
    def _cell_domain(self, r, fm):
        """Return which subscriptions lie in a cell: F and M come to 2·fm or 1 less."""
        return Domain("rfm_r", "=", r) & Domain.OR(
            Domain("rfm_f", "=", f)
            & Domain("rfm_m", "in", [m for m in SCORES if (f + m + 1) // 2 == fm])
            for f in SCORES
        )

    @api.model
    def _segments(self, cells, running):
        """Return the segments, best first, with what their cells come to."""
        field = self.env["sale.subscription"]._fields["rfm_segment"]
        labels = dict(field._description_selection(self.env))
        total = sum(cell["mrr"] for cell in cells)
        result = []
        for name in SEGMENTS:
            own = [cell for cell in cells if cell["segment"] == name]
            mrr = sum(cell["mrr"] for cell in own)
            result.append(
                {
                    "name": name,
                    "label": labels[name],
                    "count": sum(cell["count"] for cell in own),
                    "mrr": mrr,
                    "share": mrr / total if total else 0,
                    "domain": list(running & Domain("rfm_segment", "=", name)),
                }
            )
        return result
