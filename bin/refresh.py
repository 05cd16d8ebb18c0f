# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run in an Odoo shell: refresh this company's scores as of a day (AS_OF=)."""

import os
import sys

from odoo import fields


def commit():
    env.cr.commit()
    return True


def main():
    company = env.company
    today = company._subscription_today()
    as_of = fields.Date.to_date(os.environ.get("AS_OF")) or today
    run = env["subscription.refresh"]._refresh_company(company, as_of, commit)
    seconds = run.reconcile_seconds + run.compute_seconds + run.apply_seconds
    print(
        f"Refreshed as of {as_of} in {seconds:.1f} s: {run.seen_count:,} rows seen, "
        f"{run.changed_count:,} changed"
    )
    for failure in run.failure_ids:
        print(f"{failure.name}: {failure.error}")
    if run.state != "done" or run.failed_count:
        sys.exit(f"ERROR: the refresh failed. {run.error or ''}")


main()
