# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL


class SubscriptionSegmentEvaluation(models.Model):
    """How the last evaluation of a segment went, one row a company."""

    _name = "subscription.segment.evaluation"
    _description = "Segment Evaluation"
    _order = "segment_id, company_id"
    _rec_name = "segment_id"

    segment_id = fields.Many2one(
        comodel_name="subscription.segment",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, ondelete="cascade"
    )
    as_of = fields.Date(readonly=True, help="The day it was evaluated for.")
    evaluated_at = fields.Datetime(readonly=True)
    duration_seconds = fields.Float(
        string="Seconds", readonly=True, help="How long the evaluation took."
    )
    member_count = fields.Integer(string="Members", readonly=True)
    entered_count = fields.Integer(string="Entered", readonly=True)
    left_count = fields.Integer(string="Left", readonly=True)
    is_failed = fields.Boolean(
        string="Not Evaluated",
        readonly=True,
        help="It could not be evaluated; its members are as before.",
    )
    error = fields.Text(
        readonly=True,
        help="Why it could not be evaluated, or what could not follow from it.",
    )

    _one_a_company = models.Constraint(
        "UNIQUE (segment_id, company_id)", "A segment has one evaluation a company."
    )

    @api.model
    def _record(self, segment, company, values):
        """Write down how an evaluation went, over the one before."""
        values = {
            "segment_id": segment.id,
            "company_id": company.id,
            "evaluated_at": fields.Datetime.now(),
            **values,
        }
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO subscription_segment_evaluation (%(columns)s, member_count)
                SELECT %(values)s, COUNT(*)
                  FROM subscription_segment_membership
                 WHERE segment_id = %(segment)s
                   AND company_id = %(company)s
                   AND date_to IS NULL
                   AND kind != 'pinned_out'
                    ON CONFLICT (segment_id, company_id) DO UPDATE
                   SET (%(columns)s, member_count) = (%(new)s, EXCLUDED.member_count)
                """,
                columns=SQL(", ").join(map(SQL.identifier, values)),
                values=SQL(", ").join(SQL("%s", value) for value in values.values()),
                segment=segment.id,
                company=company.id,
                new=SQL(", ").join(
                    SQL("EXCLUDED.%s", SQL.identifier(name)) for name in values
                ),
            )
        )
        self.invalidate_model()
