# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The tests of this folder import ``analytics`` on its own, without Odoo."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
