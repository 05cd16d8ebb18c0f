# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whole histories, which lie beside the checkout; without them the tests skip."""

from datetime import date
from pathlib import Path

import pandas as pd

from .common import SubscriptionCase

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


class RealDataCase(SubscriptionCase):
    def import_file(self, name, as_of):
        """Import a file of the data folder; return it as the test reads it itself."""
        path = DATA / name / "history.csv"
        if not path.exists():
            self.skipTest(f"{path} is missing: importing {name} was NOT tested")
        wizard = self.make_wizard(path.read_bytes(), as_of)
        wizard.action_preview()
        self.assertFalse(wizard.problem_ids)
        import_ = self.env["subscription.import"].browse(
            wizard.action_import()["res_id"]
        )
        while import_._work():
            pass
        self.assertEqual((import_.state, import_.failed_count), ("done", 0))
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        frame["mrr"] = frame["mrr"].astype(float)
        frame["start"] = frame["start_date"].map(date.fromisoformat)
        frame["end"] = frame["end_date"].map(
            lambda x: date.fromisoformat(x or "9999-12-31")
        )
        return frame[frame["start"] <= as_of]
