# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from odoo import fields, models


class ResCompany(models.Model):
    """How often, and at which hours, customers may be written to."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "res.company"

    subscription_contact_limit = fields.Integer(
        string="Messages per Customer",
        default=3,
        help="At most so many messages reach a customer within the days beside it, "
        "over all channels; payment reminders do not count. 0: no limit.",
    )
    subscription_contact_days = fields.Integer(
        string="Days of the Contact Limit",
        default=7,
        help="The days within which messages to a customer are counted.",
    )
    subscription_quiet_from_hour = fields.Float(
        string="Quiet from",
        default=20.0,
        help="No message leaves from this hour of the customer's own day on.",
    )
    subscription_quiet_to_hour = fields.Float(
        string="Quiet until",
        default=8.0,
        help="From this hour of the customer's own day on messages leave again. The "
        "same hour twice: no quiet hours.",
    )

    _subscription_contact_limit_check = models.Constraint(
        "CHECK (subscription_contact_limit >= 0 AND "
        "subscription_contact_days BETWEEN 1 AND 365)",
        "The contact limit must be 0 or more messages within 1 to 365 days.",
    )
    _subscription_quiet_check = models.Constraint(
        "CHECK (subscription_quiet_from_hour >= 0 AND subscription_quiet_from_hour < 24"
        " AND subscription_quiet_to_hour >= 0 AND subscription_quiet_to_hour < 24)",
        "Quiet hours must be hours of a day.",
    )

    def _subscription_quiet_until(self, at, zone=None):
        """Return until when it is quiet at a moment, None if it is not.

        :param at: a moment, UTC and naive, as the result is
        :param zone: name of the time zone; None: that of the company
        """
        self.ensure_one()
        begin, end = self.subscription_quiet_from_hour, self.subscription_quiet_to_hour
        if begin == end:
            return None
        zone = ZoneInfo(zone or self._subscription_zone())
        local = at.replace(tzinfo=timezone.utc).astimezone(zone)
        hour = local.hour + local.minute / 60
        over_night = begin > end
        if not (hour >= begin or hour < end if over_night else begin <= hour < end):
            return None
        day = local.date() + timedelta(days=over_night and hour >= begin)
        minutes = min(round(end * 60), 24 * 60 - 1)
        morning = datetime.combine(day, time(*divmod(minutes, 60)), tzinfo=zone)
        return morning.astimezone(timezone.utc).replace(tzinfo=None)
