# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class HelpdeskTicketTeam(models.Model):
    _inherit = "helpdesk.ticket.team"

    raise_subscription_priority = fields.Boolean(
        string="Raise Priority by Segments",
        default=True,
        help="Segments may raise the priority of the team's open tickets: once for "
        "each ticket and segment, never lowered, and not after a person's choice.",
    )
