# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Arithmetic of offers: discounts on discounts, and when an offer pays."""


def combined(discount, further):
    """Return what two discounts come to, one after the other, in percent."""
    return round(100 - (100 - discount) * (100 - further) / 100, 6)


def break_even(cost, value):
    """Return by how much retention has to rise for an offer to pay, or None.

    An offer is worth uplift × residual value − cost, so it pays from the uplift of
    cost ÷ residual value on.

    :param cost: what is given away
    :param value: expected margin of the future of those to whom it is given
    :return: a share (0.05: five of a hundred), None where there is no value to keep
    """
    return cost / value if value > 0 else None
