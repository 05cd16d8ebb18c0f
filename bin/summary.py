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
    print_groups("Subscriptions by lifecycle", company, "lifecycle_stage", code)
    print_groups("Running ones by RFM segment", company, "rfm_segment", code)


def print_groups(title, company, name, code):
    """Print number and MRR of the subscriptions of each value of a selection."""
    Subscription = env["sale.subscription"].with_context(active_test=False)
    labels = dict(Subscription._fields[name]._description_selection(env))
    groups = {
        value: (count, amount)
        for value, count, amount in Subscription._read_group(
            [("company_id", "=", company.id), (name, "!=", False)],
            [name],
            ["__count", "mrr_company:sum"],
        )
    }
    print(f"  {title}")
    for value, label in labels.items():
        if value in groups:
            count, amount = groups[value]
            print(f"    {label:<20}{count:>10,}{amount:>24,.2f} {code}")


main()
