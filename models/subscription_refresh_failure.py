# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class SubscriptionRefreshFailure(models.Model):
    """A record that a refresh could not bring up to date; the others it did."""

    _name = "subscription.refresh.failure"
    _description = "Record Missed by a Refresh"
    _order = "id"

    refresh_id = fields.Many2one(
        comodel_name="subscription.refresh",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="refresh_id.company_id", store=True)
    name = fields.Char(string="Record", required=True, readonly=True)
    model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(
        string="Record ID", model_field="model", required=True, readonly=True
    )
    error = fields.Text(required=True, readonly=True)
