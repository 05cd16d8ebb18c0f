# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A lock that belongs to the database session: it ends with the process."""

from contextlib import contextmanager

import psycopg2


@contextmanager
def session_lock(cr, *keys):
    """Hold an advisory lock; yields False if another process has it.

    It outlives commits, and goes when the process dies.

    :param keys: two 32-bit numbers
    """
    cr.execute("SELECT pg_try_advisory_lock(%s, %s)", keys)
    free = cr.fetchone()[0]
    try:
        yield free
    finally:
        if free:
            try:
                cr.execute("SELECT pg_advisory_unlock(%s, %s)", keys)
            except psycopg2.errors.InFailedSqlTransaction:
                cr.rollback()
                cr.execute("SELECT pg_advisory_unlock(%s, %s)", keys)
