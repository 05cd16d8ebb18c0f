# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by `make mutants`: break a copy of the addon on purpose, one line at a time.

Each mutant names the test that must go red. A mutant that survives is a hole in the
tests; one whose line is gone must be written anew.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Mutant(NamedTuple):
    """``test``: a file below tests/analytics, or ``Class.method`` of an Odoo test."""

    invariant: str
    file: str
    old: str
    new: str
    test: str


LEDGER = "analytics/ledger.py"
CUSTOMER = "models/subscription_customer.py"
LIVE = "models/sale_subscription_ledger.py"
LINK = "models/subscription_customer_link.py"
MUTANTS = [
    # 1. A signal computed as of a past date never changes when later data is added.
    Mutant(
        "1 as of",
        LEDGER,
        "known_by is None or row.known_on <= known_by",
        "known_by is None or row.date <= known_by",
        "test_ledger.py",
    ),
    Mutant(
        "1 as of",
        "signals/positions.py",
        "AND known_on <= %(as_of)s",
        "AND known_on IS NOT NULL",
        "TestSignals.test_positions_know_only_what_was_known",
    ),
    # 3. The ledger adds up.
    Mutant(
        "3 adds up",
        LEDGER,
        "rows += _rows(day, known(day), CHANGE, booked, {})\n    return rows",
        "pass\n    return rows",
        "test_ledger.py",
    ),
    Mutant(
        "3 adds up",
        LEDGER,
        "                before = _sum(before, booked)\n",
        "                pass\n",
        "test_ledger.py",
    ),
    Mutant(
        "3 adds up",
        LEDGER,
        "effective=Decimal(0) if state.paused else state.effective",
        "effective=state.effective",
        "test_ledger.py",
    ),
    Mutant(
        "3 kinds sum",
        LEDGER,
        "given = min(to_give, row.amount, key=abs)",
        "given = row.amount",
        "test_ledger.py",
    ),
    Mutant(
        "3 kinds, any order",
        LEDGER,
        "for row in sorted(along, key=lambda r: (r.subscription, r.event, r.delta)):",
        "for row in along:",
        "test_ledger.py",
    ),
    Mutant(
        "3 kinds",
        LEDGER,
        "return REACTIVATION if had_mrr else NEW",
        "return NEW",
        "test_ledger.py",
    ),
    Mutant(
        "3 corrections",
        "analytics/history.py",
        "moved_on = [Event(old.start_date, END, None)] if later else []",
        "moved_on = []",
        "test_history.py",
    ),
    Mutant(
        "3 history books what the lines come to",
        "signals/subscriptions.py",
        "SUM(price_subtotal) AS total",
        "SUM(price_unit) AS total",
        "TestSignals.test_mrr_sums_lines_untaxed_and_after_discount",
    ),
    Mutant(
        "3 exact halves",
        "analytics/period.py",
        "rounding=ROUND_HALF_UP",
        'rounding="ROUND_HALF_EVEN"',
        "test_period.py",
    ),
    Mutant(
        "3 successors",
        "analytics/succession.py",
        "and candidate > (start, subscription)",
        "and candidate[1] != subscription",
        "test_succession.py",
    ),
    Mutant(
        "3 drift on its own",
        "analytics/waterfall.py",
        "            + _value(native, rates, period.last)\n            - booked\n",
        "",
        "test_waterfall.py",
    ),
    # 4. Companies do not see or influence each other.
    Mutant(
        "4 companies: links",
        CUSTOMER,
        "AND customer.company_id = own.company_id",
        "",
        "TestCustomerLinks.test_customer_appears_in_another_company",
    ),
    Mutant(
        "4 companies: forged links",
        LINK,
        'if name != "subscription_customer_id"',
        "if name",
        "TestCustomerLinkRights.test_nobody_sets_a_link",
    ),
    Mutant(
        "4 rights: figures by group and sort",
        LINK,
        'self._check_field_access(field, "read")\n',
        "pass\n",
        "TestCustomerLinkRights.test_plain_user_reads_no_figure",
    ),
    Mutant(
        "4 rights: imports are read only",
        "security/ir.model.access.csv",
        "model_subscription_import_line,group_manager,1,0,0,0",
        "model_subscription_import_line,group_manager,1,1,1,0",
        "TestImportRights.test_managers_write_no_rows",
    ),
    Mutant(
        "4 rights: nobody writes what the ledger says",
        "models/sale_subscription.py",
        "if name not in LEDGER_FIELDS",
        "if name",
        "TestImportRights.test_people_do_not_write_what_the_ledger_says",
    ),
    Mutant(
        "4 companies",
        "models/subscription_import_line_masters.py",
        '("company_id", "in", (self.env.company.id, False))',
        '("id", "!=", 0)',
        "TestImport.test_same_reference_in_two_companies_stays_apart",
    ),
    # 9. A failure on one record is logged on its run and stops no other.
    Mutant(
        "9 one bad row",
        "models/subscription_import.py",
        "            if len(lines) > 1:\n                return False\n",
        "            if len(lines) > 1:\n                raise\n",
        "TestImport.test_a_row_that_fails_is_named_and_stops_no_other",
    ),
    # 8. Nothing is unpickled or evaluated. 10. The company decides what today is.
    Mutant(
        "8 no pickle",
        "models/bulk.py",
        "import pandas as pd",
        "import pickle\n\nimport pandas as pd",
        "test_source.py",
    ),
    Mutant(
        "10 today",
        "models/res_company.py",
        "return now.astimezone(ZoneInfo(zone)).date()",
        "return fields.Date.today()",
        "test_source.py",
    ),
    Mutant(
        "10 today",
        "models/res_company.py",
        "return now.astimezone(ZoneInfo(zone)).date()",
        "return now.date()",
        "TestToday.test_today_is_that_of_the_company",
    ),
    # 11. Merging two partners loses no history.
    Mutant(
        "11 merge",
        CUSTOMER,
        "customer._merge_into(keep)",
        "pass",
        "TestPartnerMerge.test_both_are_customers_of_the_company",
    ),
    Mutant(
        "11 merge: kinds",
        CUSTOMER,
        "keep._classify_movements()",
        "pass",
        "TestPartnerMerge.test_kinds_are_derived_again",
    ),
    Mutant(
        "11 merge: new customer",
        CUSTOMER,
        "self._book_customer_changes(family)",
        "pass",
        "TestPartnerMerge.test_contact_moves_to_another_customer",
    ),
    Mutant(
        "11 merge: before Odoo deletes",
        "wizards/base_partner_merge.py",
        '        self.env["subscription.customer"].sudo()._merge_partners(\n'
        "            src_partners, dst_partner\n        )\n",
        "",
        "TestPartnerMerge.test_three_at_once",
    ),
    Mutant(
        "11 merge: a handed over pause",
        "analytics/history.py",
        "bool(balance.paused)",
        "False",
        "TestPartnerMerge.test_state_and_future_go_along",
    ),
    # 9. A failure of ours stops nobody. The nightly reconciliation finds the rest.
    Mutant(
        "9 hooks are harmless",
        LIVE,
        "            with cr.savepoint(flush=False):\n                yield self",
        "            if True:\n                yield self",
        "TestLiveHistory.test_fault_at_a_sale_order",
    ),
    Mutant(
        "9 billing is not lost",
        LIVE,
        "            if request:\n                raise\n",
        "            raise\n",
        "TestLiveHistory.test_concurrent_change_outside_of_a_request",
    ),
    Mutant(
        "3 no revenue twice",
        "signals/subscriptions.py",
        "AND origin.order_subscription_id IS NULL AS running",
        "AS running",
        "TestLiveHistory.test_order_that_bills_a_subscription_starts_no_second_one",
    ),
    Mutant(
        "3 starts are those of people",
        LIVE,
        "            self = self.with_context(**{STAGED: frozenset(self.ids)})\n",
        "            pass\n",
        "TestLiveHistory.test_a_stage_corrects_no_start",
    ),
    # Facts are never rewritten.
    Mutant(
        "3 facts stay",
        "models/subscription_movement.py",
        "if vals.keys() - DERIVED:",
        "if not vals.keys() & DERIVED:",
        "TestMovement.test_facts_cannot_be_changed",
    ),
    Mutant(
        "3 facts stay",
        "models/subscription_movement.py",
        'movement.import_id.state != "undoing"',
        "not movement.import_id",
        "TestMovement.test_imported_facts_cannot_be_deleted",
    ),
    Mutant(
        "2 only rows that differ",
        CUSTOMER,
        "customer.mrr, customer.mrr_effective,",
        "NULL, customer.mrr_effective,",
        "TestCustomer.test_store_touches_only_what_differs",
    ),
    # The import's own promises.
    Mutant(
        "import: known late",
        "models/subscription_import_line.py",
        "as_of if late else None,",
        "None,",
        "TestImport.test_row_known_only_later_was_unknown_before",
    ),
    Mutant(
        "import: a corrected start moves the start alone",
        "analytics/history.py",
        "        *steps(history, both, until),\n",
        "",
        "test_history.py",
    ),
    Mutant(
        "import: hand-set dates stay",
        "models/subscription_import_line.py",
        "boundary, planned.get(line) or boundary",
        "boundary, boundary",
        "TestImport.test_next_invoice_is_never_moved_back",
    ),
    Mutant(
        "import: no concurrent change fails a row",
        "models/subscription_import.py",
        "            raise  # passes: the rows are fine, the transaction is not\n",
        "            return True\n",
        "TestImport.test_a_concurrent_change_fails_no_row",
    ),
    Mutant(
        "import: undo sees variants",
        "models/subscription_import_record.py",
        'if records._name == "product.template":',
        "if False:",
        "TestImportUndo.test_product_used_on_another_subscription",
    ),
    Mutant(
        "import: undo sees company-dependent references",
        "models/subscription_import_record.py",
        "self.env.registry.many2one_company_dependents[records._name]",
        "()",
        "TestImportUndo.test_default_price_list_of_a_contact",
    ),
    Mutant(
        "import: twice changes nothing",
        "models/subscription_import.py",
        "if values != previous:",
        "if values:",
        "TestImport.test_second_import_of_the_same_file_changes_nothing",
    ),
    Mutant(
        "import: no invoice",
        "models/subscription_import_line.py",
        '                row["interval"],\n                today,\n',
        '                row["interval"],\n                today.replace(year=2000),\n',
        "TestImport.test_it_causes_no_invoice_and_no_mail",
    ),
    Mutant(
        "import: all or nothing",
        "wizards/subscription_import_wizard.py",
        "        if problems:\n            return self.action_preview()\n",
        "",
        "TestImportProblems.test_every_bad_line_is_listed",
    ),
    Mutant(
        "import: undo leaves nothing",
        "models/subscription_import_line_undo.py",
        "        subscriptions.sale_subscription_line_ids.unlink()\n",
        "",
        "TestImportUndo.test_undo_leaves_nothing",
    ),
    Mutant(
        "import: undo respects what others touched",
        "models/subscription_import.py",
        "touched = import_.line_ids._touched() + import_.record_ids._touched()\n",
        "touched = []\n",
        "TestImportUndo.test_invoiced_subscription",
    ),
]


def main(copy, base):
    only = os.environ.get("ONLY", "")
    mutants = [m for m in MUTANTS if only in m.file]
    survived = []
    for mutant in mutants:
        path = copy / mutant.file
        text = path.read_text()
        if text.count(mutant.old) != 1:
            survived.append(mutant)
            print(f"STALE     {mutant.invariant}: {mutant.file}: {mutant.old.strip()}")
            continue
        path.write_text(text.replace(mutant.old, mutant.new))
        red = fails(mutant.test, copy, base)
        path.write_text(text)
        if not red:
            survived.append(mutant)
        print(
            f"{'killed' if red else 'SURVIVED':<10}{mutant.invariant}: {mutant.file}, "
            f"by {mutant.test}",
            flush=True,
        )
    print(f"{len(mutants) - len(survived)} passed, {len(survived)} failed")
    return bool(survived)


def free_port():
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return some.getsockname()[1]


def fails(test, copy, base):
    """Return whether a test goes red; one that cannot run at all counts as red too."""
    if test.endswith(".py"):
        folder = copy / "tests" / "analytics"
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        command += [f"--rootdir={folder}", f"--confcutdir={folder}", folder / test]
        return subprocess.run(command, capture_output=True).returncode != 0
    database = f"{base}-1"
    sql = f'drop database if exists "{database}" with (force)'
    psql = ["psql", "-XAtqd", "postgres", "-c"]
    subprocess.run([*psql, sql], check=True, capture_output=True)
    sql = f'create database "{database}" template "{base}"'
    subprocess.run([*psql, sql], check=True, capture_output=True)
    command = [sys.executable, "-m", "odoo", "-d", database, "--stop-after-init"]
    command += ["-u", copy.name, "--http-port", str(free_port())]
    command += ["--addons-path", copy.parent]
    command += ["--test-tags", f"/{copy.name}:{test}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if " of 0 tests" in done.stderr or "odoo.tests.result" not in done.stderr:
        sys.exit(f"The test {test} did not run:\n{done.stderr[-2000:]}")
    return done.returncode != 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
