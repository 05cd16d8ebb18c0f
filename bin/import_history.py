# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by `make import` in an Odoo shell: import FILE as of AS_OF into this database."""

import base64
import os
import sys
import time
from pathlib import Path


def work(import_):
    """Import batch by batch, each kept when it is done."""
    remaining = 1
    while remaining:
        remaining = import_._work()
        env.cr.commit()
        print(f"  {import_.done_count} of {import_.line_count} rows", flush=True)


def main():
    # Nothing may bill or mail in a database that only shows history.
    env["ir.cron"].search([]).write({"active": False})
    env.cr.commit()
    # One that was killed goes on first.
    for import_ in env["subscription.import"].search([("state", "=", "running")]):
        print(f"Going on with the import of {import_.name}")
        work(import_)
    path = Path(os.environ["FILE"])
    wizard = env["subscription.import.wizard"].create(
        {
            "file": base64.b64encode(path.read_bytes()),
            "file_name": path.name,
            **({"as_of": os.environ["AS_OF"]} if os.environ.get("AS_OF") else {}),
        }
    )
    wizard.action_preview()
    if wizard.problem_count:
        for problem in wizard.problem_ids[:20]:
            place = f"line {problem.line}: " if problem.line else ""
            print(f"{place}{problem.reason}")
        sys.exit(
            f"ERROR: {path.name} has {wizard.problem_count} problem(s), listed above."
        )
    print(
        f"{path.name} as of {wizard.as_of}: {wizard.new_count} new, "
        f"{wizard.changed_count} changed, {wizard.unchanged_count} unchanged rows, "
        f"{wizard.ignored_count} left out"
    )
    if wizard.missing_count:
        print(f"{wizard.missing_count} imported before and not in the file stay as is")
    if not wizard.new_count and not wizard.changed_count:
        env.cr.rollback()
        return
    start = time.monotonic()
    action = wizard.action_import()
    import_ = env["subscription.import"].browse(action["res_id"])
    env.cr.commit()
    work(import_)
    for line in import_.line_ids.filtered(lambda line: line.state == "failed"):
        print(f"line {line.line}: {line.error}")
    print(f"Imported in {time.monotonic() - start:.1f} s")
    if import_.failed_count:
        sys.exit(f"ERROR: {import_.failed_count} row(s) failed, listed above.")


main()
