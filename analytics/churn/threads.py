# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One core for a model: an Odoo worker shares the machine with others."""

from __future__ import annotations

import functools


def one_thread(function):
    """Let numerical libraries use one thread while the function runs.

    Several OpenMP threads on busy cores made gradient boosting 20 times slower.
    """

    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        # Only libraries that are loaded can be limited.
        import sklearn.ensemble  # noqa: F401
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1):
            return function(*args, **kwargs)

    return wrapped
