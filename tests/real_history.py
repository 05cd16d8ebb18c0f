# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a whole history comes to, told once more from its file."""

import pandas as pd
from dateutil.relativedelta import relativedelta

from odoo.tools import SQL

from .real_data import DATA, RealDataCase

#: R and the rounded mean of F and M, best R first, F and M growing.
GRID = {
    5: "new potential_loyalists potential_loyalists champions champions",
    4: "promising potential_loyalists potential_loyalists loyal loyal",
    3: "about_to_sleep about_to_sleep need_attention loyal loyal",
    2: "hibernating hibernating at_risk at_risk cant_lose",
    1: "hibernating hibernating at_risk at_risk cant_lose",
}


def segment_of(r, f, m):
    """Return the segment of three scores; halves of the mean are rounded up."""
    mean = (f + m + 1) // 2
    return "lost" if (r, mean) == (1, 1) else GRID[r].split()[mean - 1]


def quintiles(values):
    """Return the scores of a list, by counting who has less and who has the same."""
    series = pd.Series(values)
    number = len(series)
    less = series.map(series.value_counts().sort_index().cumsum().shift(fill_value=0))
    same = series.map(series.value_counts())
    middle = less + (same + 1) / 2
    return (-((0.5 - middle) * 5 // number)).astype(int)


def chains(frame, as_of, grace):
    """Return ``{reference: predecessor's reference}`` of rows, customer by customer."""
    result = {}
    for _customer, rows in frame.groupby("customer_ref"):
        rows = list(rows.sort_values("number").itertuples())
        ended = sorted((r for r in rows if r.end <= as_of), key=lambda r: r.end)
        for old in ended:
            free = [
                (new.start, new.number, new.subscription_ref)
                for new in rows
                if new.subscription_ref not in result
                and 0 <= (new.start - old.end).days <= grace
                and (new.start, new.number) > (old.start, old.number)
            ]
            if free:
                result[min(free)[2]] = old.subscription_ref
    return result


def whole_months(start, end):
    months = 12 * (end.year - start.year) + end.month - start.month
    return months - (start + relativedelta(months=months) > end)


class HistoryCase(RealDataCase):
    def assertSummary(self, as_of, **expected):
        found = self.env["subscription.movement"]._summary(self.company, as_of)
        self.assertEqual({key: found[key] for key in expected}, expected)

    def assertMonthsAddUp(self, frame, as_of, first):
        """Each month's opening and closing are what the file says, without a rest."""
        waterfall = self.env["subscription.waterfall"].get_waterfall(
            date_from=first, date_to=as_of
        )
        months = waterfall["rows"]
        self.assertEqual(months[0]["first"], first)
        closing = 0.0
        for month in months:
            running = frame[
                (frame["start"] <= month["last"]) & (frame["end"] > month["last"])
            ]
            cells = {name: cell["amount"] for name, cell in month["cells"].items()}
            self.assertAlmostEqual(cells["opening"], closing, 2)
            closing = cells["closing"]
            self.assertAlmostEqual(closing, running["mrr"].sum(), 2, month["last"])
            self.assertEqual(month["running"], len(running))
            self.assertAlmostEqual(
                sum(cells.values()) - closing - closing, 0, 2, month["first"]
            )
            self.assertEqual(month["difference"], 0)

    def assertSecondRunWritesNothing(self, name, as_of):
        tables = ("sale_subscription", "subscription_movement", "subscription_customer")
        states = SQL(
            "SELECT %s",
            SQL(", ").join(
                SQL(
                    "(SELECT SUM(xmin::text::bigint + hashtext(ctid::text)) FROM %s)",
                    SQL.identifier(table),
                )
                for table in tables
            ),
        )
        self.env.flush_all()
        self.env.cr.execute(states)
        before = self.env.cr.fetchone()
        wizard = self.make_wizard((DATA / name / "history.csv").read_bytes(), as_of)
        wizard.action_preview()
        self.assertEqual((wizard.new_count, wizard.changed_count), (0, 0))
        self.env.flush_all()
        self.env.cr.execute(states)
        self.assertEqual(self.env.cr.fetchone(), before)

    def stored(self, *names):
        """Return columns of the subscriptions by their imported reference."""
        self.env.flush_all()
        subscriptions = self.env["sale.subscription"].search(
            [("company_id", "=", self.company.id)]
        )
        return pd.DataFrame(
            subscriptions.read(["subscription_ref", *names], load=None)
        ).set_index("subscription_ref")

    def assertLifecycle(self, frame, as_of, grace):
        """Lifecycle and tenure are what the file says, told customer by customer."""
        found = self.stored("lifecycle_stage", "tenure_months", "predecessor_id", "id")
        # Ties between successors fall to the lowest number.
        frame = frame.assign(number=frame["subscription_ref"].map(found["id"]))
        pred = chains(frame, as_of, grace)
        rows = {row.subscription_ref: row for row in frame.itertuples()}
        followed = set(pred.values())
        expected = {}
        for ref, row in rows.items():
            first = ref
            while first in pred:
                first = pred[first]
            months = whole_months(rows[first].start, min(row.end, as_of))
            stage = (
                "onboarding" if months < 3 else "stability" if months < 12 else "loyal"
            )
            if row.end <= as_of:
                stage = False if ref in followed else "churned"
            expected[ref] = (stage, months)
        columns = found["lifecycle_stage"], found["tenure_months"]
        stored = dict(zip(found.index, zip(*columns, strict=True), strict=True))
        self.assertEqual(stored, expected)
        running = [expected[ref][0] for ref, row in rows.items() if row.end > as_of]
        return pd.Series(running).value_counts().to_dict()

    def assertRfm(self, frame, as_of):
        """RFM is what an own computation from the file comes to."""
        running = frame[frame["end"] > as_of].copy()
        running["months"] = [whole_months(s, as_of) for s in running["start"]]
        running["last"] = [
            start + relativedelta(months=months)
            for start, months in zip(running["start"], running["months"], strict=True)
        ]
        running["recency"] = [(as_of - last).days for last in running["last"]]
        running["f"] = quintiles(running["months"].tolist()).tolist()
        running["m"] = quintiles(running["mrr"].tolist()).tolist()
        found = self.stored("rfm_recency", "rfm_frequency", "rfm_score", "rfm_segment")
        found = found.loc[running["subscription_ref"]]
        self.assertEqual(found["rfm_recency"].tolist(), running["recency"].tolist())
        self.assertEqual(found["rfm_frequency"].tolist(), running["months"].tolist())
        self.assertEqual(
            found["rfm_score"].tolist(),
            [f"5{f}{m}" for f, m in zip(running["f"], running["m"], strict=True)],
        )
        self.assertEqual(
            found["rfm_segment"].tolist(),
            [
                segment_of(5, f, m)
                for f, m in zip(running["f"], running["m"], strict=True)
            ],
        )
