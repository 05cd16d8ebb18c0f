# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class SubscriptionSegmentRaise(models.Model):
    """That a segment has asked for a priority of a ticket, which it does once."""

    _name = "subscription.segment.raise"
    _description = "Ticket Priority Asked by a Segment"

    ticket_id = fields.Many2one(
        comodel_name="helpdesk.ticket",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    segment_id = fields.Many2one(
        comodel_name="subscription.segment",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    priority_before = fields.Char(readonly=True)
    priority_after = fields.Char(
        readonly=True, help="The same as before where it was high enough."
    )

    _once = models.Constraint(
        "UNIQUE (ticket_id, segment_id)", "A segment asks once for a ticket."
    )
