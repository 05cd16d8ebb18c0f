# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain


class SubscriptionSegmentMembership(models.Model):
    """Which subscription was in which segment, from when to when.

    A row that has not ended is a membership of now, unless it is pinned out: that one
    says that a person keeps the subscription out.
    """

    _name = "subscription.segment.membership"
    _description = "Segment Membership"
    _order = "date_from desc, id desc"
    _rec_name = "segment_id"
    # Rows come by the hundred thousand; who pinned is told by columns of their own.
    _log_access = False

    segment_id = fields.Many2one(
        comodel_name="subscription.segment",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    subscription_id = fields.Many2one(
        comodel_name="sale.subscription",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True
    )
    customer_id = fields.Many2one(related="subscription_id.customer_id")
    date_from = fields.Date(
        string="From", required=True, readonly=True, help="The first day in it."
    )
    date_to = fields.Date(
        string="To",
        readonly=True,
        help="The first day not in it any more; empty while it lasts.",
    )
    kind = fields.Selection(
        selection=[
            ("automatic", "Automatic"),
            ("pinned_in", "Pinned In"),
            ("pinned_out", "Pinned Out"),
        ],
        required=True,
        readonly=True,
        default="automatic",
        help="Pinned: a person decided; the conditions of the segment do not matter "
        "until the pin ends.",
    )
    pinned_by_id = fields.Many2one(
        comodel_name="res.users", string="Pinned By", readonly=True
    )
    pin_reason = fields.Char(string="Reason", readonly=True)
    pinned_until = fields.Date(
        readonly=True, help="The last day of the pin; empty: until it is taken away."
    )

    _one_open = models.UniqueIndex(
        "(segment_id, subscription_id) WHERE date_to IS NULL",
        "A subscription is in a segment once.",
    )
    _ended = models.Index("(segment_id, date_to) WHERE date_to IS NOT NULL")
    _of_company = models.Index("(company_id, segment_id) WHERE date_to IS NULL")

    @api.model
    def _of_members(self):
        """Return the domain of the memberships that say who is in a segment now."""
        return Domain("date_to", "=", False) & Domain("kind", "!=", "pinned_out")
