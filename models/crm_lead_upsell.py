# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class CrmLead(models.Model):
    """What more is offered to a subscriber."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "crm.lead"

    subscription_id = fields.Many2one(
        comodel_name="sale.subscription",
        string="Subscription",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="What the customer has, of which this would be more.",
    )
    subscription_offer_title = fields.Char(
        string="Offered",
        readonly=True,
        copy=False,
        help="What a campaign called the opportunity, whatever it is called now.",
    )
