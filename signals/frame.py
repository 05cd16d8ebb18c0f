# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reading the result of a query as a DataFrame."""

import io
from contextlib import contextmanager

import numpy as np
import pandas as pd

from odoo.tools import SQL


def read(env, query, dtypes=None, dates=()):
    """Return the result of a query, by way of COPY: no Python object for each value.

    Runs in the transaction of ``env`` and leaves flushing to the caller. NULL and the
    empty text are both read as missing.

    :param query: SQL, its columns have names
    :param dtypes: ``{column: dtype}``; a column that holds NULL needs one that can
    :param dates: columns of dates, read as datetime64[s], NULL as NaT
    """
    # COPY takes no parameters: the driver quotes them into the text.
    text = env.cr.mogrify(query.code, query.params)
    buffer = io.BytesIO()
    env.cr.copy_expert(
        b"COPY (" + text + b") TO STDOUT (FORMAT csv, HEADER, ENCODING 'UTF8')", buffer
    )
    buffer.seek(0)
    frame = pd.read_csv(
        buffer,
        dtype={**(dtypes or {}), **dict.fromkeys(dates, "category")},
        keep_default_na=False,
        na_values=[""],
        true_values=["t"],
        false_values=["f"],
    )
    for name in dates:
        # Many rows hold few days: each is parsed once. The last one is for NULL (-1).
        column = frame[name].cat
        days = np.array([*column.categories, "NaT"], dtype="datetime64[s]")
        frame[name] = days[column.codes.to_numpy()]
    return frame


@contextmanager
def memory(env, megabytes):
    """Let queries use so much memory each, so that they group without the disk."""
    old = env.execute_query(SQL("SELECT current_setting('work_mem')"))[0][0]
    setting = SQL("SELECT set_config('work_mem', %s, TRUE)", f"{megabytes}MB")
    env.execute_query(setting)
    yield
    env.execute_query(SQL("SELECT set_config('work_mem', %s, TRUE)", old))


@contextmanager
def whole_sets(env):
    """Let queries join sets as wholes, however small the database expects them to be.

    What was written a moment ago, or in a large import, is not in its statistics yet:
    where it expects one row and meets thousands, it would join row by row and hardly
    come to an end. A rollback takes the setting back as well.
    """
    # What is left of such joins counts as costly, which is no reason to compile it.
    env.cr.execute("SET LOCAL enable_nestloop = off; SET LOCAL jit = off")
    yield
    env.cr.execute("SET LOCAL enable_nestloop TO DEFAULT; SET LOCAL jit TO DEFAULT")


def only(column, ids):
    """Return the condition that restricts a column to ids (None: to nothing)."""
    if ids is None:
        return SQL("TRUE")
    return SQL("%s = ANY(%s)", SQL.identifier(*column.split(".")), list(ids))
