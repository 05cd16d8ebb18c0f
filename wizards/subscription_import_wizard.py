# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..analytics import history_file


class SubscriptionImportWizard(models.TransientModel):
    """Look at a history file before anything is written, then import it."""

    _name = "subscription.import.wizard"
    _description = "Import Subscription History"

    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    file = fields.Binary(string="CSV File", attachment=False)
    file_name = fields.Char()
    as_of = fields.Date(
        required=True,
        default=lambda self: self.env.company._subscription_today(),
        help="The day the file speaks of. Starts and ends after this day are left out.",
    )
    state = fields.Selection(
        selection=[("choose", "Choose"), ("preview", "Preview")], default="choose"
    )
    row_count = fields.Integer(string="Rows", readonly=True)
    customer_count = fields.Integer(string="Customers", readonly=True)
    running_count = fields.Integer(string="Running Subscriptions", readonly=True)
    new_count = fields.Integer(string="New", readonly=True)
    changed_count = fields.Integer(string="Changed", readonly=True)
    unchanged_count = fields.Integer(string="Unchanged", readonly=True)
    ignored_count = fields.Integer(
        string="Left Out", readonly=True, help="Rows that start after the day."
    )
    repeated_count = fields.Integer(
        string="Repeated", readonly=True, help="Rows that stand in the file twice."
    )
    missing_count = fields.Integer(
        string="Missing",
        readonly=True,
        help="Running subscriptions that were imported before and are not in the file.",
    )
    missing_refs = fields.Char(readonly=True)
    problem_count = fields.Integer(string="Problems", readonly=True)
    problem_ids = fields.One2many(
        comodel_name="subscription.import.problem",
        inverse_name="wizard_id",
        string="Problems Found",
        readonly=True,
    )
    reading = fields.Char(
        string="Read As", readonly=True, help="What was found out about the file."
    )

    @api.onchange("file", "as_of")
    def _onchange_file(self):
        """What was seen of another file or as of another day says nothing."""
        self.state = "choose"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_size(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_size(vals)
        return super().write(vals)

    @api.model
    def _check_size(self, vals):
        """Refuse a file that is too large before it reaches the database."""
        size = len(vals.get("file") or "") * 3 // 4
        if size > history_file.MAX_BYTES + 2:
            values = {"size": size // 2**20, "limit": history_file.MAX_BYTES // 2**20}
            raise UserError(
                self.env["subscription.import"]._problem_text("file_too_large", values)
            )

    def _read(self):
        """Read the file; return it with its work, problems and missing references."""
        self.ensure_one()
        if not self.file:
            raise UserError(self.env._("Choose a CSV file first."))
        self.company_id.check_access("read")  # not what another company's manager does
        return self.env["subscription.import"]._read_file(
            base64.b64decode(self.file), self.company_id, self.as_of
        )

    def action_preview(self):
        """Read the file and show what an import would do; writes no business data."""
        file, work, problems, missing = self._read()
        changed = sum(1 for line in work if line["previous_row"])
        self.problem_ids.unlink()
        self.write(
            {
                "state": "preview",
                "row_count": len(file.rows),
                "customer_count": len({row.customer_ref for row in file.rows}),
                "running_count": sum(1 for row in file.rows if not row.end_date),
                "new_count": len(work) - changed,
                "changed_count": changed,
                "unchanged_count": 0 if problems else len(file.rows) - len(work),
                "ignored_count": file.ignored,
                "repeated_count": file.repeated,
                "missing_count": len(missing),
                "missing_refs": ", ".join(sorted(missing)[:20])
                + (", …" if len(missing) > 20 else ""),
                "problem_count": file.problem_count
                + len(problems)
                - len(file.problems),
                "problem_ids": [fields.Command.create(vals) for vals in problems],
                "reading": self._describe(file),
            }
        )
        return self._reopen()

    def _describe(self, file):
        """Return how the file was read, with a row to check dates and amounts by."""
        if not file.delimiter:
            return False
        names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
        text = self.env._(
            "%(encoding)s, cells separated by %(delimiter)s",
            encoding=file.encoding.upper(),
            delimiter=names.get(file.delimiter, "?"),
        )
        if file.rows:
            row = file.rows[0]
            text += self.env._(
                "; line %(line)s: starts on %(date)s, %(mrr)s %(currency)s a month",
                line=row.line,
                date=row.start_date,
                mrr=row.mrr,
                currency=row.currency,
            )
        if file.ignored_columns:
            text += self.env._(
                "; columns that are not read: %s", ", ".join(file.ignored_columns)
            )
        return text

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import Subscription History"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_back(self):
        """Choose another file."""
        self.state = "choose"
        return self._reopen()

    def action_import(self):
        """Import the file in the background; opens the import and its progress.

        The file is read again: what was previewed may have changed since.

        :raise UserError: the file has problems, or there is nothing to do
        """
        file, work, problems, _missing = self._read()
        if problems:
            return self.action_preview()
        if not work:
            raise UserError(self._nothing_to_do(file))
        import_ = (
            self.env["subscription.import"]
            .sudo()
            ._start(
                self.file_name or self.env._("history.csv"),
                self.company_id,
                self.as_of,
                work,
            )
        )
        return import_.sudo(False).get_formview_action()

    def _nothing_to_do(self, file):
        if file.rows:
            return self.env._(
                "There is nothing to import: every row of the file is as it was "
                "imported before."
            )
        return self.env._(
            "There is nothing to import: all %(count)s rows start after %(date)s. "
            "Choose a later day.",
            count=file.ignored,
            date=self.as_of,
        )


class SubscriptionImportProblem(models.TransientModel):
    """Something that keeps a file from being imported."""

    _name = "subscription.import.problem"
    _description = "Problem of a History File"
    _order = "line, id"

    wizard_id = fields.Many2one(
        comodel_name="subscription.import.wizard", required=True, ondelete="cascade"
    )
    line = fields.Integer(help="Line of the file; 0: the file as a whole.")
    reason = fields.Char()
