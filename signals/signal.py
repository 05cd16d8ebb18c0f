# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a signal is: one column of what was known of subscriptions as of a date."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Signal:
    """A column that scores are made of, documented where it is computed.

    ``name`` of the column; ``kind`` is ``number`` or ``category``; ``unit`` of a number
    (days, share, percent, company currency, …; empty for a mere count); ``label`` as a
    person calls it and ``help`` what it says, both translatable; ``missing`` when it is
    not known, which is never zero.
    """

    name: str
    kind: str
    unit: str
    label: str
    help: str
    missing: str
