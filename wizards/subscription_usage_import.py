# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import re
from itertools import islice

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..analytics import history_records as files
from ..analytics import usage_rows
from ..models.subscription_usage_ingest import MAX_ROWS

#: Problems that are listed; further ones are only counted.
MAX_PROBLEMS = 200
COLUMNS = (*usage_rows.WHO, "feature", "date", "count", "seconds", "users", "event_key")
OPTIONAL = (*usage_rows.WHO, "seconds", "users", "event_key")
NUMBERS = {"subscription_id", "count", "seconds", "users"}
_NUMBER = re.compile(r"\d{1,12}", re.ASCII)


class SubscriptionUsageImport(models.TransientModel):
    """Store the usage in a CSV file, as :meth:`ingest` does."""

    _name = "subscription.usage.import"
    _description = "Import Subscription Usage"

    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    file = fields.Binary(string="CSV File", attachment=False)
    file_name = fields.Char()
    history = fields.Boolean(
        string="First Load",
        default=lambda self: self._default_history(),
        help="The usage counts as known on the day it happened, so that a churn model "
        "can learn from it. Without this it is known from today on.",
    )
    add_features = fields.Boolean(
        default=True,
        help="Codes that are not in the catalogue of features are added to it.",
    )
    done = fields.Boolean(readonly=True)
    stored_count = fields.Integer(string="Stored", readonly=True)
    unchanged_count = fields.Integer(string="Unchanged", readonly=True)
    problem_count = fields.Integer(string="Rows Left Out", readonly=True)
    problems = fields.Text(readonly=True)

    @api.model
    def _default_history(self):
        """Return whether nobody has reported usage for the company yet."""
        portal = self.env.ref(
            "subscription_segmentation.subscription_feature_portal_login",
            raise_if_not_found=False,
        )
        domain = [("company_id", "=", self.env.company.id)]
        if portal:
            domain.append(("feature_id", "!=", portal.id))
        return not self.env["subscription.usage"].search_count(domain, limit=1)

    def action_import(self):
        """Store the good rows of the file and list what is wrong with the others.

        :raise UserError: the file as a whole cannot be read
        """
        self.ensure_one()
        if not self.file:
            raise UserError(self.env._("Choose a CSV file first."))
        self.company_id.check_access("read")  # not what another company's manager does
        try:
            rows = self._read(base64.b64decode(self.file))
        except files.Refused as refused:
            raise UserError(self._file_message(refused)) from None
        found = [(line, row) for line, row in rows if isinstance(row, dict)]
        problems = [
            (line, self._file_message(row))
            for line, row in rows
            if isinstance(row, files.Refused)
        ]
        if self.add_features:
            self._add_features({row.get("feature") for _line, row in found})
        stored = unchanged = 0
        rest = iter(found)
        while chunk := list(islice(rest, MAX_ROWS)):
            answer = self.env["subscription.usage"].ingest(
                [row for _line, row in chunk], self.company_id.id, self.history
            )
            stored += answer["stored"]
            unchanged += answer["unchanged"]
            problems += [
                (chunk[error["index"]][0], error["message"])
                for error in answer["errors"]
            ]
        problems.sort()
        self.write(
            {
                "done": True,
                "stored_count": stored,
                "unchanged_count": unchanged,
                "problem_count": len(problems),
                "problems": "\n".join(
                    self.env._("Line %(line)s: %(problem)s", line=line, problem=problem)
                    for line, problem in problems[:MAX_PROBLEMS]
                ),
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import Usage"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    @api.model
    def _read(self, content):
        """Return ``[(line, item or Refused)]`` of a file.

        :raise Refused: it cannot be read at all
        """
        encoding = files.encoding_of(content)
        delimiter = files.delimiter_of(content, encoding, COLUMNS)
        records = files.records(content, encoding, delimiter)
        _line, header = next(records, (0, []))
        if isinstance(header, files.Refused):
            raise header
        columns, _ignored = files.columns_of(header, COLUMNS, OPTIONAL)
        return [
            (line, cells if isinstance(cells, files.Refused) else _item(columns, cells))
            for line, cells in records
        ]

    @api.model
    def _file_message(self, refused):
        template = files.MESSAGES[refused.code]  # collected for translation there
        return self.env._(  # pylint: disable=gettext-variable
            template, **refused.values
        )

    def _add_features(self, codes):
        Feature = self.env["subscription.feature"]
        # One in the archive takes no usage: its rows are named as problems.
        known = Feature.with_context(active_test=False)._by_code(self.company_id)
        Feature.create(
            [
                {"name": code, "code": code, "company_id": self.company_id.id}
                for code in sorted(codes - known.keys() - {None})
                if len(code) <= usage_rows.MAX_TEXT
            ]
        )


def _item(columns, cells):
    """Return a row as an item; empty cells are missing."""
    item = {}
    for name, place in columns.items():
        text = cells[place].strip() if place < len(cells) else ""
        if text:
            number = name in NUMBERS and _NUMBER.fullmatch(text)
            item[name] = int(text) if number else text
    return item
