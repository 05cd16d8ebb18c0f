# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .errors import error_text

#: Days of which those who joined and left are counted.
LATELY = 7
SAMPLES = 3


class SubscriptionSegment(models.Model):
    """What a segment comes to now, and what it would come to before it is saved.

    Over the companies that the user has chosen and what she may read in them, in the
    currency of her company, at today's rates.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.segment"

    currency_id = fields.Many2one(
        comodel_name="res.currency", compute="_compute_currency_id"
    )
    member_count = fields.Integer(string="Members", compute="_compute_members")
    member_customer_count = fields.Integer(
        string="Customers", compute="_compute_members"
    )
    member_mrr = fields.Monetary(string="MRR", compute="_compute_members")
    member_mrr_at_risk = fields.Monetary(
        string="MRR at Risk", compute="_compute_members"
    )
    member_clv = fields.Monetary(string="CLV", compute="_compute_members")
    joined_count = fields.Integer(
        string="Joined",
        compute="_compute_members",
        help=f"In the last {LATELY} days, as far as they are still in it.",
    )
    left_count = fields.Integer(
        string="Left", compute="_compute_members", help=f"In the last {LATELY} days."
    )
    evaluation_ids = fields.One2many(
        comodel_name="subscription.segment.evaluation",
        inverse_name="segment_id",
        string="Evaluations",
        readonly=True,
    )
    evaluated_at = fields.Datetime(
        string="Last Evaluation", compute="_compute_evaluation"
    )
    evaluated_as_of = fields.Date(
        string="Members as of",
        compute="_compute_evaluation",
        help="The day that the members were brought to.",
    )
    evaluation_seconds = fields.Float(
        string="Seconds",
        compute="_compute_evaluation",
        digits=(8, 3),
        help="How long the last evaluation took.",
    )
    evaluation_error = fields.Text(string="Error", compute="_compute_evaluation")
    evaluation_failed = fields.Boolean(
        compute="_compute_evaluation",
        help="It could not be evaluated; its members are as before.",
    )
    preview_date = fields.Date(string="Today", compute="_compute_preview")
    preview_count = fields.Integer(string="Would Enter", compute="_compute_preview")
    preview_mrr = fields.Monetary(string="With an MRR of", compute="_compute_preview")
    preview_samples = fields.Char(string="Such as", compute="_compute_preview")
    preview_error = fields.Char(string="Cannot Be Searched", compute="_compute_preview")

    @api.depends_context("company")
    def _compute_currency_id(self):
        self.currency_id = self.env.company.currency_id

    @api.depends("membership_ids.date_to", "membership_ids.kind")
    @api.depends_context("uid", "company", "allowed_company_ids")
    def _compute_members(self):
        figures = self._figures()
        for segment in self:
            segment.update(figures[segment._origin.id])

    def _figures(self):
        """Return ``{segment id: {figure: value}}`` of all, by one query."""
        Membership = self.env["subscription.segment.membership"]
        Subscription = self.env["sale.subscription"].with_context(active_test=False)
        names = ("member_mrr", "member_mrr_at_risk", "member_clv")
        counts = ("member_count", "member_customer_count", "joined_count", "left_count")
        result = defaultdict(lambda: dict.fromkeys(names + counts, 0))
        if not self.ids:
            return result
        Membership.flush_model()
        mine = Subscription._search(Domain("company_id", "in", self.env.companies.ids))
        limits = {
            company.id: company._subscription_today() - timedelta(LATELY)
            for company in self.env.companies
        }
        rows = self.env.execute_query(
            SQL(
                """
                SELECT segment_id, company_id,
                       SUM(mrr_company) FILTER (WHERE is_in),
                       SUM(mrr_at_risk) FILTER (WHERE is_in),
                       SUM(clv) FILTER (WHERE is_in),
                       COUNT(*) FILTER (WHERE is_in),
                       COUNT(DISTINCT customer_id) FILTER (WHERE is_in),
                       COUNT(*) FILTER (WHERE is_in AND date_from > limit_date),
                       COUNT(*) FILTER (WHERE date_to > limit_date)
                  FROM (
                    SELECT member.*, member.date_to IS NULL AS is_in,
                           CASE member.company_id %(limits)s END AS limit_date,
                           subscription.mrr_company, subscription.mrr_at_risk,
                           subscription.clv, subscription.customer_id
                      FROM subscription_segment_membership member
                      JOIN sale_subscription subscription
                        ON subscription.id = member.subscription_id
                     WHERE member.segment_id = ANY(%(segments)s)
                       AND member.company_id = ANY(%(companies)s)
                       AND member.kind != 'pinned_out'
                       AND subscription.id IN %(mine)s
                       AND (member.date_to IS NULL OR member.date_to > %(oldest)s)
                  ) AS member
              GROUP BY segment_id, company_id
                """,
                limits=SQL(" ").join(
                    SQL("WHEN %s THEN %s", *limit) for limit in limits.items()
                ),
                oldest=min(limits.values()),
                segments=self.ids,
                companies=self.env.companies.ids,
                mine=mine.subselect(SQL.identifier(mine.table, "id")),
            )
        )
        for segment_id, company_id, *values in rows:
            figures = result[segment_id]
            amounts, numbers = values[: len(names)], values[len(names) :]
            for name, amount in zip(names, amounts, strict=True):
                figures[name] += self._converted(amount or 0, company_id)
            for name, number in zip(counts, numbers, strict=True):
                figures[name] += number
        return result

    def _converted(self, amount, company_id):
        """Return an amount of a company in the currency of the user's one."""
        company = self.env["res.company"].browse(company_id)
        return company.sudo().currency_id._convert(
            float(amount),
            self.env.company.currency_id,
            self.env.company,
            self.env.company._subscription_today(),
        )

    @api.depends("evaluation_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_evaluation(self):
        for segment in self:
            rows = segment.evaluation_ids
            errors = rows.filtered("error")
            segment.evaluated_at = max(rows.mapped("evaluated_at"), default=False)
            segment.evaluated_as_of = max(
                (day for day in rows.mapped("as_of") if day), default=False
            )
            segment.evaluation_seconds = sum(rows.mapped("duration_seconds"))
            segment.evaluation_failed = any(errors.mapped("is_failed"))
            segment.evaluation_error = (
                "\n".join(f"{row.company_id.name}: {row.error}" for row in errors)
                if len(rows) > 1
                else errors.error
            )

    # --- before it is saved -----------------------------------------------------------

    @api.depends("enter_domain", "company_id", "user_id")
    @api.depends_context("uid", "company", "allowed_company_ids")
    def _compute_preview(self):
        for segment in self:
            try:
                # One that flushes would, when it fails, forget what was typed.
                with self.env.cr.savepoint(flush=False):
                    values = segment._preview()
            except Exception as error:
                values = {"preview_error": error_text(error)}
            blank = {
                "preview_date": self.env.company._subscription_today(),
                "preview_count": 0,
                "preview_mrr": 0,
                "preview_samples": False,
                "preview_error": False,
            }
            segment.update(blank | values)

    def _preview(self):
        """Return who would enter today, of those that the user may read."""
        companies = self.company_id._origin or self.env.companies
        found = self.env["sale.subscription"]
        count = mrr = 0
        for company in companies & self.env.companies:
            today = company._subscription_today()
            Subscription = self.env["sale.subscription"].with_context(
                tz=company._subscription_zone()
            )
            domain = self._domain("enter_domain", company, today)
            if domain is None:
                continue
            domain &= Domain("company_id", "=", company.id)
            [[some, total]] = Subscription._read_group(
                domain, [], ["__count", "mrr_company:sum"]
            )
            count += some
            mrr += self._converted(total or 0, company.id)
            found |= Subscription.search(
                domain, order="mrr_company desc, id", limit=SAMPLES
            )
        return {
            "preview_count": count,
            "preview_mrr": mrr,
            "preview_samples": ", ".join(
                f"{sub.display_name} ({sub.partner_id.display_name})"
                for sub in found[:SAMPLES]
            ),
        }

    # --- buttons ----------------------------------------------------------------------

    def action_open_members(self):
        """Open the subscriptions that are in the segment."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_oca.sale_subscription_action"
        )
        return {
            **action,
            "name": self.name,
            "domain": [("segment_ids", "in", self.ids)],
            "context": {"active_test": False},
        }

    def action_open_memberships(self):
        """Open who is and was in the segment, since when and why."""
        return self._open(
            "subscription_segmentation.subscription_segment_membership_action"
        )

    def action_open_changes(self):
        """Open who joined and left, week by week."""
        return self._open(
            "subscription_segmentation.subscription_segment_change_action"
        )

    def _open(self, xml_id):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(xml_id)
        return {**action, "domain": [("segment_id", "=", self.id)], "context": {}}
