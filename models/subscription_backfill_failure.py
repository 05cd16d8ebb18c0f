# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class SubscriptionBackfillFailure(models.Model):
    """A subscription whose history could not be booked, and why."""

    _name = "subscription.backfill.failure"
    _description = "Subscription Whose History Failed"
    _order = "id"
    _rec_name = "reference"

    backfill_id = fields.Many2one(
        comodel_name="subscription.backfill",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="backfill_id.company_id", store=True)
    subscription_id = fields.Many2one(
        comodel_name="sale.subscription",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    reference = fields.Char(required=True, readonly=True)
    error = fields.Char(string="Reason", readonly=True)
