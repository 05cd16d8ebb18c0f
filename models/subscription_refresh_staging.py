# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

import psycopg2

from odoo import api, models
from odoo.tools import SQL
from odoo.tools.sql import table_columns

from .bulk import write
from .scoring import TABLES
from .subscription_refresh import OPEN

_logger = logging.getLogger(__name__)

#: By how much the number of a movement may lie below others that were seen before it.
LATE = 10_000


def staging_tables(env):
    """Return the names of the staging tables of all runs."""
    rows = env.execute_query(
        SQL(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ %s",
            f"^({'|'.join(env[model]._table for model in TABLES)})_refresh_[0-9]+$",
        )
    )
    return [row[0] for row in rows]


class SubscriptionRefresh(models.Model):
    """Where computed scores wait to be applied: a table for each run and model.

    They are not logged: a breakdown of PostgreSQL empties them, and the run computes
    again.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.refresh"

    def _staging(self, model):
        """Return the name of the staging table of a model and this run."""
        return f"{self.env[model]._table}_refresh_{self.id}"

    def _stage(self, model, frame):
        """Make and fill the staging table of a model.

        From the columns of the model, so that their types are the same.
        """
        table = SQL.identifier(self._staging(model))
        own = [name for name in frame.columns if name in self.env[model]._fields]
        others = [name for name in frame.columns if name not in own]
        self.env.cr.execute(SQL("DROP TABLE IF EXISTS %s", table))
        self.env.cr.execute(
            SQL(
                "CREATE UNLOGGED TABLE %s AS SELECT %s FROM %s WITH NO DATA",
                table,
                SQL(", ").join(
                    [
                        *map(SQL.identifier, ["id", *own]),
                        *(SQL("0 AS %s", SQL.identifier(name)) for name in others),
                    ]
                ),
                SQL.identifier(self.env[model]._table),
            )
        )
        columns = SQL(", ").join(map(SQL.identifier, ["id", *own, *others]))
        frame = frame[own + others].sort_index()
        write(self.env, SQL("%s (%s)", table, columns), frame)
        self.env.cr.execute(SQL("ALTER TABLE %s ADD PRIMARY KEY (id)", table))
        self.env.cr.execute(SQL("ANALYZE %s", table))

    def _is_staged(self):
        """Return whether the staging tables are as this run has left them."""
        for model, names in TABLES.items():
            if not set(names) <= set(table_columns(self.env.cr, self._staging(model))):
                return False
        exists = [
            SQL("EXISTS (SELECT FROM %s)", SQL.identifier(self._staging(name)))
            for name in TABLES
        ]
        [[filled]] = self.env.execute_query(SQL("SELECT %s OR %s", *exists))
        return filled or not self.seen_count

    def _apply(self, model, ids):
        """Write the staged rows of a range of ids that differ; return their number."""
        columns = [SQL.identifier(name) for name in TABLES[model]]
        # A row that somebody else holds for longer is named as one that failed.
        self.env.cr.execute("SET LOCAL lock_timeout = '2s'")
        self.env.cr.execute(
            SQL(
                """
                UPDATE %(table)s AS record
                   SET %(assignments)s
                  FROM %(staging)s AS staged
                 WHERE record.id = staged.id
                   AND record.id BETWEEN %(first)s AND %(last)s
                   AND staged.id BETWEEN %(first)s AND %(last)s
                   AND record.id <> ALL(%(moved)s)
                   AND (%(old)s) IS DISTINCT FROM (%(new)s)
                """,
                table=SQL.identifier(self.env[model]._table),
                staging=SQL.identifier(self._staging(model)),
                assignments=SQL(", ").join(
                    SQL("%s = staged.%s", c, c) for c in columns
                ),
                first=ids[0],
                last=ids[-1],
                moved=self._moved(model),
                old=SQL(", ").join(SQL("record.%s", c) for c in columns),
                new=SQL(", ").join(SQL("staged.%s", c) for c in columns),
            )
        )
        changed = self.env.cr.rowcount
        self.env[model].invalidate_model(TABLES[model])
        return changed

    def _moved(self, model):
        """Return the ids of a model that were booked on since the snapshot.

        What was stored with the booking is newer than what is staged. The numbers of
        movements tell, per subscription, as two transactions cannot book on the same
        one; of another, a number may come late, but not by thousands.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT movement.%(column)s
                  FROM subscription_movement movement
             LEFT JOIN %(staging)s staged
                    ON staged.id = movement.subscription_res_id
                 WHERE movement.company_id = %(company)s
                   AND movement.id > %(oldest)s
                   AND movement.date <= %(as_of)s
                   AND movement.known_on <= %(as_of)s
                   AND CASE WHEN staged.id IS NULL
                            THEN movement.subscription_id IS NOT NULL
                            ELSE movement.id > COALESCE(staged.last_movement_id, 0)
                       END
                """,
                column=SQL.identifier(
                    "subscription_res_id"
                    if model == "sale.subscription"
                    else "customer_id"
                ),
                staging=SQL.identifier(self._staging("sale.subscription")),
                company=self.company_id.id,
                oldest=self.last_movement_id - LATE,
                as_of=self.as_of,
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _drop_staging(self):
        """Drop the staging tables of all runs that have ended.

        One that something else reads (a backup) is left to the next time.
        """
        working = self.search([("state", "in", OPEN)])
        for table in staging_tables(self.env):
            if int(table.rpartition("_")[2]) in working._ids:
                continue
            try:
                with self.env.cr.savepoint():
                    self.env.cr.execute("SET LOCAL lock_timeout = '2s'")
                    self.env.cr.execute(SQL("DROP TABLE %s", SQL.identifier(table)))
            except psycopg2.errors.LockNotAvailable:
                _logger.info("%s is in use and dropped by a later refresh", table)
