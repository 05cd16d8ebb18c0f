"""Odoo's own checks of addons (its addon test_lint), run over this addon alone.

Runs in an Odoo shell on a database with the addon. Left out: test_manifests (does not
know OCA's keys), test_pylint (`make lint` runs its checkers itself), test_eslint (needs
what Odoo's developers install), test_l10n, and what checks the checkers.
"""

import sys
import unittest
from unittest.mock import patch

from odoo.modules import Manifest

from odoo.addons.test_lint.tests import (
    test_docstring,
    test_dunderinit,
    test_i18n,
    test_index,
    test_jstranslate,
    test_naming,
    test_onchange_domains,
    test_orm_import,
    test_override_signatures,
    test_pofile,
    test_routes,
    test_test_holes,
)

ADDON = "subscription_segmentation"
CHECKS = [
    test_docstring.TestDocstring("test_docstring"),
    test_dunderinit.TestDunderinit("test_dunderinit"),
    test_i18n.TestI18n("test_user_content_as_prop_is_translatable"),
    test_index.TestIndex("test_enforce_index_on_one2many_inverse"),
    test_jstranslate.TestJsTranslations("test_js_translations"),
    test_naming.TestNaming("test_parameter_rpc_compatible"),
    test_onchange_domains.TestOnchangeDomains("test_forbid_domains_in_onchanges"),
    test_orm_import.TestDunderinit("test_addons_orm_import"),
    test_override_signatures.TestLintOverrideSignatures("test_lint_override_signature"),
    test_pofile.PotLinter("test_pot_duplicate_entries"),
    test_routes.RoutesLinter("test_routes_definition"),
    test_test_holes.TestTestHoles("test_check_tests"),
]


class OnlyOurs(unittest.TextTestResult):
    def addSubTest(self, test, subtest, err):
        """Faults of modules we depend on are not ours to correct."""
        if err is None or subtest.params.get("module", ADDON) == ADDON:
            super().addSubTest(test, subtest, err)


def of_others():
    """Names of the fields of modules we depend on."""
    for model in env.registry.values():
        for field in model._fields.values():
            if ADDON not in field._modules:
                yield str(field)


with (
    patch.object(test_index, "BTREE_INDEX_IGNORE_FIELDS", set(of_others())),
    patch.object(Manifest, "all_addon_manifests", lambda: [Manifest.for_addon(ADDON)]),
    patch.object(test_pofile, "get_modules", lambda: [ADDON]),
):
    runner = unittest.TextTestRunner(sys.stdout, resultclass=OnlyOurs)
    outcome = runner.run(unittest.TestSuite(CHECKS))
sys.exit(not outcome.wasSuccessful())
