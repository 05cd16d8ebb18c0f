# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What can go wrong with a churn model, so that a caller can tell it apart."""

from __future__ import annotations


class NotEnoughChurn(ValueError):
    """Too few churns, or too few that stayed, to learn from.

    :param churns: how many churned
    :param stays: how many did not
    :param needed: how many of either are needed
    """

    def __init__(self, churns: int, stays: int, needed: int):
        super().__init__(
            f"A model needs at least {needed} churns and {needed} that stayed; "
            f"there are {churns} and {stays}."
        )
        self.churns, self.stays, self.needed = churns, stays, needed


class MissingColumns(ValueError):
    """Columns the model was trained on are not there.

    :param names: their names
    """

    def __init__(self, names: list[str]):
        super().__init__(f"Missing columns: {', '.join(names)}.")
        self.names = names


class ArtefactRefused(ValueError):
    """A stored model is not loaded.

    :param reason: ``pickle``, ``not_ours``, ``damaged``, ``types``, ``version`` or
        ``content``
    """

    def __init__(self, reason: str, text: str):
        super().__init__(text)
        self.reason = reason
