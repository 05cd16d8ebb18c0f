# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Writing many rows at once."""

import pandas as pd

from odoo.tools import SQL


def store(model, frame):
    """Write the columns of a DataFrame on the records of its index, where they differ.

    For results that the ORM does not depend on: no constraint, no compute, no write
    date, one statement. Missing values (NaN, NaT, None) become NULL.

    :param model: empty recordset of the model
    :param frame: DataFrame indexed by id, columns are stored fields
    :return: ids of the records that changed
    """
    if frame.empty:
        return []
    model.flush_model()
    frame = frame.astype(object).where(frame.notna(), None)
    columns = [SQL.identifier(name) for name in frame.columns]
    arrays = [SQL("%s::int[]", frame.index.tolist())]
    for name in frame.columns:
        values = [v.date() if isinstance(v, pd.Timestamp) else v for v in frame[name]]
        column_type = SQL(model._fields[name].column_type[1])  # pylint: disable=E8103
        arrays.append(SQL("%s::%s[]", values, column_type))
    rows = model.env.execute_query(
        SQL(
            """
            UPDATE %(table)s AS record
               SET %(assignments)s
              FROM unnest(%(arrays)s) AS value (id, %(columns)s)
             WHERE record.id = value.id
               AND (%(old)s) IS DISTINCT FROM (%(new)s)
         RETURNING record.id
            """,
            table=SQL.identifier(model._table),
            assignments=SQL(", ").join(SQL("%s = value.%s", c, c) for c in columns),
            arrays=SQL(", ").join(arrays),
            columns=SQL(", ").join(columns),
            old=SQL(", ").join(SQL("record.%s", c) for c in columns),
            new=SQL(", ").join(SQL("value.%s", c) for c in columns),
        )
    )
    model.invalidate_model(list(frame.columns))
    return [row[0] for row in rows]
