# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.tools import SQL


class SubscriptionSegmentChange(models.Model):
    """Who joined a segment and who left it, for analysis by the week."""

    _name = "subscription.segment.change"
    _description = "Segment Joins and Leaves"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "subscription_id"

    segment_id = fields.Many2one("subscription.segment", readonly=True)
    subscription_id = fields.Many2one("sale.subscription", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    date = fields.Date(readonly=True)
    change = fields.Selection(
        selection=[("joined", "Joined"), ("left", "Left")], readonly=True
    )

    @property
    def _table_query(self):
        """Return a row for each end of a membership; ids are stable."""
        return SQL(
            """
            SELECT 2 * member.id + part.number AS id,
                   member.segment_id,
                   member.subscription_id,
                   member.company_id,
                   part.date,
                   part.change
              FROM subscription_segment_membership member
        CROSS JOIN LATERAL (
                VALUES (0, 'joined', member.date_from), (1, 'left', member.date_to)
            ) AS part (number, change, date)
             WHERE member.kind != 'pinned_out'
               AND part.date IS NOT NULL
            """
        )
