# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run in an Odoo shell: how a churn model of the past did (AT=, HORIZON=)."""

import os
import sys
import time

from odoo import fields

from odoo.addons.subscription_segmentation.analytics.churn import NotEnoughChurn
from odoo.addons.subscription_segmentation.analytics.churn.panel import Horizon
from odoo.addons.subscription_segmentation.models.churn_backtest import backtest


def main():
    company = env.company
    at = fields.Date.to_date(os.environ["AT"])
    days = f"{company.subscription_churn_horizon_days}d"
    horizon = Horizon.parse(os.environ.get("HORIZON") or days)
    if horizon.end(at) > company._subscription_today():
        sys.exit(f"ERROR: {horizon.words} after {at} are not over yet.")
    begin = time.monotonic()
    try:
        result = backtest(env, company, at, horizon)
    except NotEnoughChurn as error:
        sys.exit(f"ERROR: too few had left by {horizon.start(at)}: {error}")
    if result is None:
        sys.exit(f"ERROR: there is nothing to learn from before {horizon.start(at)}.")
    report, found = result.model.report, result.evaluation
    if found.auc is None:
        sys.exit(
            f"ERROR: {found.churns:,} of {found.n:,} running on {at} left within "
            f"{horizon.words}: there is nothing to compare."
        )
    print(f"\n{company.name}, scored on {at}, horizon {horizon}")
    print(f"  learned from what was known by {horizon.start(at)}:")
    print(f"    {report['rows']:,} observations, {report['churns']:,} left")
    print("  candidates (log-loss inside the training rows)")
    for candidate in report["choice"]["candidates"]:
        chosen = "chosen" if candidate["name"] == report["choice"]["chosen"] else ""
        print(f"    {candidate['name']:<28}{candidate['log_loss']:>10.4f}  {chosen}")
    for flag in report["leaks"]:
        print(f"  suspicious signal: {flag['column']} ({flag['why']})")
    print(f"  {found.n:,} running on {at}, {found.churns:,} of them left")
    for label, value in (
        ("AUC", f"{found.auc:.3f} ({found.auc_lower:.3f} to {found.auc_upper:.3f})"),
        ("PR-AUC", f"{found.pr_auc:.3f}"),
        ("Log-loss", f"{found.log_loss:.4f}"),
        ("Brier skill", f"{found.brier_skill:.3f}"),
        ("Lift at 10 %", f"{found.lift_10:.2f}"),
        ("Found at 10 %", f"{100 * found.recall_10:.0f} %"),
    ):
        print(f"    {label:<16}{value}")
    print("  reasons of the tenth with the highest scores")
    for signal, count in result.reasons.head(8).items():
        print(f"    {signal:<28}{count:>8,}")
    print(f"  {time.monotonic() - begin:.0f} s")


main()
