# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..analytics import history_file
from ..signals.rates import has_rate

_logger = logging.getLogger(__name__)

#: Rows per batch: large enough to spread the cost of a statement, small enough that a
#: batch takes a few seconds and a killed run loses little.
BATCH = 500


class SubscriptionImport(models.Model):
    """One import of subscription history from another billing system.

    It remembers the rows it brought and the records it made, so that a later file can
    be compared with it and the import can be undone.
    """

    _name = "subscription.import"
    _description = "Subscription History Import"
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(string="File", required=True, readonly=True)
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, index=True
    )
    as_of = fields.Date(
        required=True,
        readonly=True,
        help="The day the file speaks of: later starts and ends are left out.",
    )
    previous_as_of = fields.Date(
        readonly=True, help="The day of which the last import before this one spoke."
    )
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
    movement_ids = fields.One2many(
        comodel_name="subscription.movement",
        inverse_name="import_id",
        string="Movements",
        readonly=True,
    )
    line_count = fields.Integer(string="Rows in All", compute="_compute_counts")
    done_count = fields.Integer(string="Rows Done", compute="_compute_counts")
    failed_count = fields.Integer(string="Rows Failed", compute="_compute_counts")
    progress = fields.Float(compute="_compute_counts", help="In percent of the rows.")
    created_records = fields.Json(
        default=dict,
        readonly=True,
        help="Contacts, plans and products the import made, with their write dates.",
    )

    @api.depends("line_ids.state")
    def _compute_counts(self):
        counts = {
            (import_.id, state): count
            for import_, state, count in self.env[
                "subscription.import.line"
            ]._read_group(
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

    # --- reading a file ---------------------------------------------------------------

    @api.model
    def _read_file(self, content, company, as_of):
        """Read a file and compare it with what was imported before.

        :return: (:class:`history_file.HistoryFile`, values of import lines to do,
            problems as dicts of line, reason)
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
        return file, [] if problems else self._find_work(file, company), problems

    @api.model
    def _problem_text(self, code, values):
        """Return what is wrong with a file, in the language of the user."""
        template = history_file.MESSAGES[code]  # collected for translation there
        return self.env._(template, **values)  # pylint: disable=gettext-variable

    @api.model
    def _find_conflicts(self, file, company, as_of, currencies):
        """Return the problems that only a look into the database shows."""
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
        unfinished = self.search(
            [("company_id", "=", company.id), ("state", "in", ("running", "undoing"))],
            limit=1,
        )
        if unfinished:
            problems.append(
                self.env._(
                    "The import of %(file)s is not finished: wait for it.",
                    file=unfinished.name,
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
    def _last(self, company):
        return self.search(
            [("company_id", "=", company.id), ("state", "!=", "undone")], limit=1
        )

    @api.model
    def _find_work(self, file, company):
        """Return values of import lines for the rows that are new or have changed."""
        known = self.env["subscription.import.line"]._last_rows(company)
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
                    }
                )
        # A customer's rows side by side share a batch.
        return sorted(work, key=lambda vals: (vals["customer_ref"], vals["line"]))

    @api.model
    def _row_values(self, row):
        """Return a row as JSON; :meth:`SubscriptionImportLine._account` reads it."""
        return {
            "customer_ref": row.customer_ref,
            "customer_name": row.customer_name,
            "email": row.email,
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
        last = self._last(company)
        return self.create(
            {
                "name": name,
                "company_id": company.id,
                "as_of": as_of,
                "previous_as_of": last.as_of,
                "line_ids": [fields.Command.create(values) for values in work],
            }
        )

    def _work(self, limit=BATCH):
        """Import the next batch and return how many rows are left.

        A batch that fails is tried again row by row, so that one bad row is named on
        its line and stops no other. Nothing is committed here.
        """
        self.ensure_one()
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
        """Import lines in a savepoint and return whether that went well."""
        try:
            with self.env.cr.savepoint():
                lines._import()
        except Exception as error:
            self.env.invalidate_all()
            if len(lines) > 1:
                return False
            _logger.info("Row %s of %s failed", lines.line, self.name, exc_info=True)
            lines.write({"state": "failed", "error": str(error)})
        return True

    @api.model
    def _cron_work(self):
        """Go on with imports that are not finished, batch by batch."""
        Cron = self.env["ir.cron"]
        for import_ in self.search([("state", "=", "running")], order="id"):
            remaining = import_.line_count - import_.done_count - import_.failed_count
            Cron._commit_progress(remaining=remaining)
            while remaining:
                before, remaining = remaining, import_._work()
                if not Cron._commit_progress(before - remaining, remaining=remaining):
                    return

    def action_retry(self):
        """Try the rows that failed again."""
        self.ensure_one()
        failed = self.line_ids.filtered(lambda line: line.state == "failed")
        failed.write({"state": "todo", "error": False})
        self.state = "running"
        self.env.ref("subscription_segmentation.ir_cron_subscription_import")._trigger()

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
        self.ensure_one()
        if self.state != "done":
            raise UserError(
                self.env._("Only a finished import can be undone: wait for it.")
            )
        if self._last(self.company_id) != self:
            raise UserError(
                self.env._("A later import builds on this one: undo that one first.")
            )
        touched = self._touched()
        if touched:
            raise UserError(
                self.env._(
                    "The import cannot be undone, as its records were used since:\n"
                    "%(records)s\nTake these changes back first.",
                    records="\n".join(touched[:10]),
                )
            )
        self.state = "undoing"
        # Facts may go only while their import is being undone: the ledger looks.
        self.flush_recordset()
        self.sudo().line_ids._take_back()
        self._remove_created()
        self.line_ids.sudo().unlink()
        self.write({"state": "undone", "created_records": {}})

    def _touched(self):
        """Return a sentence for each record that something else has touched."""
        found = self.line_ids._touched()
        for model, stamps in self.created_records.items():
            records = self.env[model].sudo().browse(int(id_) for id_ in stamps).exists()
            used = self._referenced(records)
            for record in records:
                if (
                    fields.Datetime.to_string(record.write_date)
                    > stamps[str(record.id)]
                ):
                    found.append(self.env._("%s was changed", record.display_name))
                elif record.id in used:
                    found.append(self.env._("%s is used", record.display_name))
        return found

    def _referenced(self, records):
        """Return ids of records that anything but this import refers to."""
        Merge = self.env["base.partner.merge.automatic.wizard"]
        own = self._own_references(records._name)
        used = set()
        for table, column in Merge._get_fk_on(records._table):
            condition = own.get((table, column), SQL("TRUE"))
            if condition is None:
                continue
            used.update(
                row[0]
                for row in self.env.execute_query(
                    SQL(
                        "SELECT DISTINCT %(column)s FROM %(table)s AS referring"
                        " WHERE %(column)s = ANY(%(ids)s) AND %(condition)s",
                        column=SQL.identifier(column),
                        table=SQL.identifier(table),
                        ids=records.ids,
                        condition=condition,
                    )
                )
            )
        return used

    def _own_references(self, model):
        """Return which rows of a column are no use by others, by table and column.

        None: none of them is; else a condition on those that are.
        """
        others = SQL(
            "NOT EXISTS (SELECT FROM subscription_import_line AS line"
            " WHERE line.import_id = %s AND line.subscription_id = referring.id)",
            self.id,
        )
        own = {
            ("sale_subscription", column): others
            for column in (
                "partner_id",
                "partner_invoice_id",
                "partner_shipping_id",
                "template_id",
                "pricelist_id",
            )
        }
        own["sale_subscription_line", "product_id"] = SQL(
            "NOT EXISTS (SELECT FROM subscription_import_line AS line"
            " WHERE line.import_id = %s"
            " AND line.subscription_id = referring.sale_subscription_id)",
            self.id,
        )
        own["res_partner", "commercial_partner_id"] = SQL(
            "referring.id <> referring.commercial_partner_id"
        )
        for table, column in (
            ("product_product", "product_tmpl_id"),
            ("sale_subscription", "predecessor_id"),
            ("sale_subscription_line", "sale_subscription_id"),
            ("subscription_customer", "partner_id"),
            ("subscription_import_line", "subscription_id"),
            ("subscription_movement", "subscription_id"),
        ):
            own[table, column] = None
        # What a record itself points at through a relation table is part of it.
        for field in self.env[model]._fields.values():
            if field.type == "many2many" and field.store:
                own[field.relation, field.column1] = None
        return own

    def _restamp(self, record):
        """Tell the import that made a record that the last write on it was ours."""
        key = str(record.id)
        record.flush_recordset()
        for import_ in self.search([("company_id", "=", self.company_id.id)]):
            made = import_.created_records or {}
            if key in made.get(record._name, {}):
                stamp = fields.Datetime.to_string(record.write_date)
                made = {**made, record._name: {**made[record._name], key: stamp}}
                import_.created_records = made

    def _remove_created(self):
        """Remove customers left without history and what the import made."""
        Customer = self.env["subscription.customer"].sudo()
        Customer.search(
            [
                ("company_id", "=", self.company_id.id),
                ("movement_ids", "=", False),
                ("subscription_ids", "=", False),
            ]
        ).unlink()
        for model in (
            "res.partner",
            "sale.subscription.template",
            "product.template",
            "product.pricelist",
        ):
            ids = [int(id_) for id_ in self.created_records.get(model, {})]
            self.env[model].sudo().browse(ids).exists().unlink()
