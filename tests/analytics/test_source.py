# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the code must never do, seen from the code itself."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = ("analytics", "signals", "models", "report", "wizards")
FILES = [path for layer in LAYERS for path in sorted((ROOT / layer).rglob("*.py"))]


def names(path):
    """Yield every dotted name that a file imports, reads or calls."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute | ast.Name):
            yield ast.unparse(node)


def where(*forbidden):
    """Return the files in which a name ends in one of the forbidden ones."""
    return [
        f"{path.relative_to(ROOT)}: {name}"
        for path in FILES
        for name in names(path)
        if any(name == bad or name.endswith(f".{bad}") for bad in forbidden)
    ]


def test_there_is_something_to_look_at():
    assert len(FILES) > 20


def test_nothing_is_unpickled_or_evaluated():
    """Invariant 8."""
    assert not where("pickle", "joblib", "cloudpickle", "marshal", "shelve")
    assert not where("eval", "exec", "safe_eval")


def test_the_company_decides_what_today_is():
    """Invariant 10. Two ask for the server's day too: subscription_oca goes by it."""
    assert not where("date.today", "datetime.now", "datetime.utcnow", "context_today")
    assert set(where("Date.today")) == {
        "models/subscription_import_line.py: fields.Date.today",
        "signals/subscriptions.py: Date.today",
    }


@pytest.mark.parametrize(
    ("layer", "may_not_import"),
    [
        ("analytics", ("odoo", "..signals", "..models")),
        ("signals", ("..models", "..wizards", "..report")),
    ],
)
def test_data_flows_one_way(layer, may_not_import):
    for path in FILES:
        if path.is_relative_to(ROOT / layer):
            for name in names(path):
                assert not name.startswith(may_not_import), f"{path}: {name}"
