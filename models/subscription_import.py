# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import hashlib
import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..analytics import history_file
from ..signals.rates import has_rate

_logger = logging.getLogger(__name__)

#: Rows per batch: large enough to spread the cost of a statement, small enough that a
#: batch takes a few seconds and a killed run loses little.
BATCH = 500


def contact_digest(name, email):
    """Return what tells whether a contact has changed without saying who it is."""
    text = f"{name or ''}\n{(email or '').lower()}"
    return hashlib.sha256(text.encode()).hexdigest()


class SubscriptionImport(models.Model):
    """One import of subscription history from another billing system.

    It remembers the rows it brought and the records it made, so that a later file can
    be compared with it and the import can be undone. Managers read it; what they do
    with it goes through its actions.
    """

    _name = "subscription.import"
    _description = "Subscription History Import"
    _order = "id desc"

    name = fields.Char(string="File", required=True, readonly=True)
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, index=True
    )
    as_of = fields.Date(
        required=True,
        readonly=True,
        help="The day the file speaks of: later starts and ends are left out.",
    )
    previous_id = fields.Many2one(
        comodel_name="subscription.import",
        string="Built On",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The import before this one, which its rows were compared with.",
    )
    previous_as_of = fields.Date(related="previous_id.as_of", string="Built On Day")
    state = fields.Selection(
        selection=[
            ("running", "Running"),
            ("done", "Done"),
            ("undoing", "Being Undone"),
            ("undone", "Undone"),
        ],
        default="running",
        required=True,
        readonly=True,
    )
    line_ids = fields.One2many(
        comodel_name="subscription.import.line",
        inverse_name="import_id",
        string="Rows",
        readonly=True,
    )
    record_ids = fields.One2many(
        comodel_name="subscription.import.record",
        inverse_name="import_id",
        string="Records Made",
        readonly=True,
    )
    movement_ids = fields.One2many(
        comodel_name="subscription.movement",
        inverse_name="import_id",
        string="Movements",
        readonly=True,
    )
    terms_ids = fields.One2many(
        comodel_name="subscription.terms",
        inverse_name="import_id",
        string="Terms",
        readonly=True,
    )
    line_count = fields.Integer(string="Rows in All", compute="_compute_counts")
    done_count = fields.Integer(string="Rows Done", compute="_compute_counts")
    failed_count = fields.Integer(string="Rows Failed", compute="_compute_counts")
    progress = fields.Float(compute="_compute_counts", help="In percent of the rows.")

    # Two people who look at their files at the same time would both build on the same
    # import; only one of them may.
    _chain_unique = models.UniqueIndex(
        "(company_id, COALESCE(previous_id, 0)) WHERE state <> 'undone'",
        "Another import of this company was started meanwhile: look at the file again.",
    )

    @api.depends("line_ids.state")
    def _compute_counts(self):
        Line = self.env["subscription.import.line"]
        counts = {
            (import_.id, state): count
            for import_, state, count in Line._read_group(
                [("import_id", "in", self.ids)], ["import_id", "state"], ["__count"]
            )
        }
        for import_ in self:
            todo, done, failed = (
                counts.get((import_.id, state), 0)
                for state in ("todo", "done", "failed")
            )
            import_.line_count = todo + done + failed
            import_.done_count = done
            import_.failed_count = failed
            worked = done + failed
            import_.progress = 100 * worked / (worked + todo) if worked else 0

    @api.model
    def _last(self, company):
        """Return the import that the next one builds on."""
        return self.search(
            [("company_id", "=", company.id), ("state", "!=", "undone")], limit=1
        )

    # --- reading a file ---------------------------------------------------------------

    @api.model
    def _read_file(self, content, company, as_of):
        """Read a file and compare it with what was imported before.

        :return: (:class:`history_file.HistoryFile`, values of import lines to do,
            problems as dicts of line and reason, references of running subscriptions
            that were imported before and are not in the file)
        """
        currencies = self.env["res.currency"].search([("active", "=", True)])
        file = history_file.read(
            content,
            as_of,
            currencies={cur.name: cur.decimal_places for cur in currencies},
        )
        problems = [
            {
                "line": problem.line,
                "reason": self._problem_text(problem.code, problem.values),
            }
            for problem in file.problems
        ]
        problems += self._find_conflicts(file, company, as_of, currencies)
        if problems:
            return file, [], problems, []
        known = self.env["subscription.import.line"]._last_rows(company)
        work = self._find_work(file, known)
        here = {row.subscription_ref for row in file.rows}
        missing = [
            ref for ref, row in known.items() if ref not in here and not row["end_date"]
        ]
        problems = self.env["subscription.import.line"]._find_conflicts(work, company)
        return file, [] if problems else work, problems, missing

    @api.model
    def _problem_text(self, code, values):
        """Return what is wrong with a file, in the language of the user."""
        template = history_file.MESSAGES[code]  # collected for translation there
        return self.env._(template, **values)  # pylint: disable=gettext-variable

    @api.model
    def _find_conflicts(self, file, company, as_of, currencies):
        """Return what is wrong with a file as a whole, seen from the database."""
        problems = []
        last = self._last(company)
        if as_of > company._subscription_today():
            problems.append(self.env._("The date is in the future: use today's."))
        if last and as_of < last.as_of:
            problems.append(
                self.env._(
                    "A file as of %(date)s was imported already (%(file)s): use this "
                    "date or a later one, or undo that import first.",
                    date=last.as_of,
                    file=last.name,
                )
            )
        if last.state == "running":
            problems.append(
                self.env._(
                    "The import of %(file)s is not finished: wait for it, or open it "
                    "to go on with it or to undo it.",
                    file=last.name,
                )
            )
        by_code = {currency.name: currency for currency in currencies}
        for code in sorted({row.currency for row in file.rows}):
            if not has_rate(self.env, company, by_code[code]):
                problems.append(
                    self.env._(
                        "There is no exchange rate of %(currency)s: enter one in the "
                        "settings of the currencies.",
                        currency=code,
                    )
                )
        return [{"line": 0, "reason": reason} for reason in problems]

    @api.model
    def _find_work(self, file, known):
        """Return values of import lines for the rows that are new or have changed."""
        work = []
        for row in file.rows:
            values = self._row_values(row)
            previous = known.get(row.subscription_ref)
            if values != previous:
                work.append(
                    {
                        "line": row.line,
                        "subscription_ref": row.subscription_ref,
                        "customer_ref": row.customer_ref,
                        "row": values,
                        "previous_row": previous,
                        "contact": {"name": row.customer_name, "email": row.email},
                    }
                )
        # A customer's rows side by side share a batch.
        return sorted(work, key=lambda vals: (vals["customer_ref"], vals["line"]))

    @api.model
    def _row_values(self, row):
        """Return a row as JSON; of the contact only a digest, as rows are kept."""
        return {
            "customer_ref": row.customer_ref,
            "contact": contact_digest(row.customer_name, row.email),
            "plan": row.plan,
            "interval": row.interval,
            "unit": row.unit,
            "start_date": row.start_date.isoformat(),
            "end_date": row.end_date and row.end_date.isoformat(),
            "mrr": str(row.mrr),
            "currency": row.currency,
            "products": list(row.products),
            "payment_method": row.payment_method,
        }

    # --- running ----------------------------------------------------------------------

    @api.model
    def _start(self, name, company, as_of, work):
        """Record an import whose rows are to be worked on in batches."""
        import_ = self.create(
            {
                "name": name,
                "company_id": company.id,
                "as_of": as_of,
                "previous_id": self._last(company).id,
            }
        )
        for start in range(0, len(work), BATCH):
            self.env["subscription.import.line"].create(
                [
                    {"import_id": import_.id, **values}
                    for values in work[start : start + BATCH]
                ]
            )
        import_._trigger_cron()
        return import_

    @api.model
    def _trigger_cron(self):
        self.env.ref("subscription_segmentation.ir_cron_subscription_import")._trigger()

    def _work(self, limit=BATCH):
        """Import the next batch and return how many rows are left.

        A batch that fails is tried again row by row, so that one bad row is named on
        its line and stops no other. Nothing is committed here.

        :raise LockError: the import is being worked on elsewhere
        :raise psycopg2.Error: a concurrent change, the batch can be tried again
        """
        self.ensure_one()
        self.lock_for_update(allow_referencing=True)
        self = self.with_context(lang=self.create_uid.lang)
        Line = self.env["subscription.import.line"]
        todo = [("import_id", "=", self.id), ("state", "=", "todo")]
        lines = Line.search(todo, limit=limit)
        if lines and not self._try(lines):
            for line in lines:
                self._try(line)
        remaining = Line.search_count(todo)
        if not remaining and self.state == "running":
            self.state = "done"
            _logger.info(
                "Imported %s: %s rows done, %s failed",
                self.name,
                self.done_count,
                self.failed_count,
            )
        return remaining

    def _try(self, lines):
        """Import lines in a savepoint; return False to have them tried one by one."""
        try:
            with self.env.cr.savepoint():
                lines._import()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise  # passes: the rows are fine, the transaction is not
        except Exception as error:
            self.env.invalidate_all()
            if len(lines) > 1:
                return False
            _logger.info("Row %s of %s failed", lines.line, self.name, exc_info=True)
            lines.write({"state": "failed", "error": self._reason(error)})
        return True

    def _reason(self, error):
        if isinstance(error, psycopg2.Error):
            return self.env._(
                "The database refuses the row: %s", error.diag.message_primary or error
            )
        return str(error)

    @api.model
    def _cron_work(self):
        """Go on with imports that are not finished, batch by batch."""
        Cron = self.env["ir.cron"]
        for import_ in self.search([("state", "=", "running")], order="id"):
            remaining = import_.line_count - import_.done_count - import_.failed_count
            Cron._commit_progress(remaining=remaining)
            while import_.state == "running":
                before, remaining = remaining, import_._work()
                if not Cron._commit_progress(before - remaining, remaining=remaining):
                    return

    def action_continue(self):
        """Go on with a stopped import, and try rows that failed again.

        :raise UserError: a later import builds on this one
        """
        import_ = self._for_manager()
        if import_._last(import_.company_id) != import_ or import_.state == "undone":
            raise UserError(
                self.env._(
                    "Rows of this import cannot be tried again, as others were "
                    "imported since: put them into a file of today."
                )
            )
        import_.line_ids.filtered(lambda line: line.state == "failed").write(
            {"state": "todo", "error": False}
        )
        import_.state = "running"
        import_._trigger_cron()

    def _for_manager(self):
        """Return the import with all rights, for one who may read it: a manager."""
        self.ensure_one()
        self.check_access("read")
        return self.sudo()

    def action_open_subscriptions(self):
        """Open the subscriptions that the import made or changed."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Subscriptions"),
            "res_model": "sale.subscription",
            "view_mode": "list,form",
            "domain": [("id", "in", self.line_ids.subscription_id.ids)],
            "context": {"active_test": False},
        }

    # --- undoing ----------------------------------------------------------------------

    def action_undo(self):
        """Take the import back, unless something else has touched its records.

        :raise UserError: names the records that were touched, nothing is changed
        """
        import_ = self._for_manager()
        if import_.state not in ("running", "done"):
            raise UserError(self.env._("The import is undone already."))
        if import_._last(import_.company_id) != import_:
            raise UserError(
                self.env._("A later import builds on this one: undo that one first.")
            )
        import_.lock_for_update(allow_referencing=True)
        touched = import_.line_ids._touched() + import_.record_ids._touched()
        if touched:
            raise UserError(
                self.env._(
                    "The import cannot be undone, as its records were used since:\n"
                    "%(records)s\nTake these changes back first.",
                    records="\n".join(touched[:10]),
                )
            )
        import_.state = "undoing"
        # Facts may go only while their import is being undone: the ledger looks.
        import_.flush_recordset()
        made = import_.record_ids
        import_.line_ids._take_back()
        made._remove()
        import_.record_ids.unlink()
        import_.line_ids.unlink()
        import_.state = "undone"
