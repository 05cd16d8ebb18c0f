# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reads what the database knows as of a date; knows SQL and nothing of scoring."""
