# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class SubscriptionUsageEvent(models.Model):
    """That an event of usage was counted: sent again, it is not.

    Only a digest of its key and of what it says is kept, as long as its day is.
    """

    _name = "subscription.usage.event"
    _description = "Counted Usage Event"
    _log_access = False

    digest = fields.Char(required=True, readonly=True)
    date = fields.Date(required=True, readonly=True)

    _digest_unique = models.Constraint("UNIQUE (digest)", "An event is counted once.")
    _date_index = models.Index("(date)")
