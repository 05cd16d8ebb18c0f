# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The tests of this folder import ``analytics`` on its own, without Odoo."""

import os
import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parents[2]))


def pytest_configure(config):
    """Tell of the mark that FAST=1 leaves out."""
    config.addinivalue_line("markers", "slow: takes more than some seconds")


# A busy machine is no reason to fail; FAST=1 looks at fewer examples.
settings.register_profile("whole", deadline=None)
settings.register_profile("fast", deadline=None, max_examples=15)
settings.load_profile("fast" if os.environ.get("FAST") else "whole")
