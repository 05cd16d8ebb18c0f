# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

#: Where each range of scores begins; it ends below the next one, the last at 100.
BEGINS = {"0": 0, "20": 20, "40": 40, "60": 60, "80": 80}


class SaleSubscription(models.Model):
    """Group subscriptions by ranges of the churn score, from the highest on."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"

    churn_score_range = fields.Selection(
        selection=[
            ("80", "80 to 100"),
            ("60", "60 to 80"),
            ("40", "40 to 60"),
            ("20", "20 to 40"),
            ("0", "0 to 20"),
        ],
        compute="_compute_churn_score_range",
        search="_search_churn_score_range",
        groups="subscription_segmentation.group_user",
        help="Empty: not scored. A limit belongs to the range above.",
    )

    @api.depends("churn_score", "churn_state")
    def _compute_churn_score_range(self):
        for sub in self:
            sub.churn_score_range = sub.churn_state == "scored" and max(
                (name for name in BEGINS if BEGINS[name] <= sub.churn_score),
                key=BEGINS.get,
                default="0",
            )

    @api.model
    def _search_churn_score_range(self, operator, value):
        if operator != "in":
            return NotImplemented
        scored = Domain("churn_state", "=", "scored")
        return Domain.OR(
            scored & self._churn_score_domain(name) if name else ~scored
            for name in value
        )

    @api.model
    def _churn_score_domain(self, name):
        begin = BEGINS[name]
        domain = Domain("churn_score", ">=", begin) if begin else Domain.TRUE
        if name != "80":
            domain &= Domain("churn_score", "<", begin + 20)
        return domain

    def _field_to_sql(self, alias, fname, query=None):
        """Return the range as a column: it is not stored, and may be grouped by."""
        if fname != "churn_score_range":
            return super()._field_to_sql(alias, fname, query)
        self._check_field_access(self._fields[fname], "read")
        state = self._field_to_sql(alias, "churn_state", query)
        score = self._field_to_sql(alias, "churn_score", query)
        return SQL(
            "CASE WHEN %(state)s = 'scored' THEN"
            " (GREATEST(LEAST(FLOOR(%(score)s / 20), 4), 0) * 20)::int::varchar END",
            state=state,
            score=score,
        )
