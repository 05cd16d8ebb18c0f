# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run in an Odoo shell: print where the company's subscriptions stand (AS_OF=)."""

import os

from odoo import fields


def main():
    company = env.company
    as_of = (
        fields.Date.to_date(os.environ.get("AS_OF")) or company._subscription_today()
    )
    summary = env["subscription.movement"]._summary(company, as_of)
    code = company.currency_id.name
    print(f"\n{company.name} as of {as_of}")
    rows = [
        ("Customers", f"{summary['customers']:,}"),
        ("  with a running subscription", f"{summary['active_customers']:,}"),
        ("Subscriptions running", f"{summary['running']:,}"),
        ("Subscriptions ended", f"{summary['ended']:,}"),
        ("Contracted MRR", f"{summary['contracted']:,.2f} {code}"),
        ("Effective MRR", f"{summary['effective']:,.2f} {code}"),
    ]
    for label, value in rows:
        print(f"  {label:<32}{value:>24}")
    print("  Movements of the last 12 months")
    for label, count, amount in summary["movements"]:
        print(f"    {label:<18}{count:>12,}{amount:>24,.2f} {code}")


main()
