# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class SubscriptionUsageCorrection(models.Model):
    """What a day's usage was known to be before it was corrected on a later day.

    Signals of dates in between still look at it, so that late data never changes them.
    """

    _name = "subscription.usage.correction"
    _description = "Corrected Subscription Usage"
    _order = "id desc"
    _log_access = False

    subscription_id = fields.Many2one(
        comodel_name="sale.subscription",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    feature_id = fields.Many2one(
        comodel_name="subscription.feature",
        required=True,
        readonly=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True
    )
    date = fields.Date(required=True, readonly=True)
    count = fields.Integer(required=True, readonly=True)
    known_on = fields.Date(required=True, readonly=True)
    superseded_on = fields.Date(
        required=True, readonly=True, help="The day on which it was corrected."
    )

    _company_feature_index = models.Index("(company_id, feature_id, date)")
    _company_superseded_index = models.Index("(company_id, superseded_on)")
