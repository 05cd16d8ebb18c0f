# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from odoo import api, fields, models

from ..analytics.spread import on_days

#: Days that are looked at at a time for those on which people work.
AHEAD = 60


class SubscriptionMassCall(models.TransientModel):
    """Have people call customers: an activity each, spread over the days."""

    _name = "subscription.mass.call"
    _inherit = "subscription.mass.assigned"
    _description = "Call List"

    _kind = "call"
    _channel = "call"

    activity_type_id = fields.Many2one(
        comodel_name="mail.activity.type",
        string="Activity",
        required=True,
        domain=[("res_model", "in", (False, "sale.subscription"))],
        default=lambda self: self.env.ref(
            "mail.mail_activity_data_call", raise_if_not_found=False
        ),
    )
    summary = fields.Char()
    note = fields.Html()
    date_from = fields.Date(
        string="From",
        required=True,
        default=lambda self: self.env.company._subscription_today(),
    )
    per_day = fields.Integer(
        string="A Day and Person",
        default=10,
        help="So many calls on each day on which the company works, those with the "
        "highest MRR first; 0: all on the first day.",
    )

    def _reach_of(self, chosen):
        """Leave out customers with an open activity of a campaign of this name."""
        reach = super()._reach_of(chosen)
        planned = self._planned(chosen.customer_id)
        return self._unless(
            reach, lambda own: "planned" if own.customer_id in planned else None
        )

    def _planned(self, customers):
        """Return the customers that are to be called already."""
        members = self.env["subscription.campaign.member"].sudo()
        members = members.search(
            [
                ("customer_id", "in", customers.ids),
                ("campaign_id.kind", "=", self._kind),
                ("campaign_id.name", "=", self.name),
                ("trace", "!=", False),
            ]
        )
        activities = self.env["mail.activity"].sudo()
        open_ids = set(
            activities.search(
                [("id", "in", [member.trace["activity"] for member in members])]
            ).ids
        )
        found = members.filtered(lambda member: member.trace["activity"] in open_ids)
        return found.customer_id.sudo(False)

    def _do(self, campaign, subscriptions, reach):
        self._check_assigned(campaign.company_id)
        assignees = self._assignees(subscriptions)
        deadlines = {}
        for some in subscriptions.grouped(assignees.get).values():
            days = on_days(
                len(some), self.per_day, self._working_days(campaign.company_id)
            )
            deadlines.update(zip(some, days, strict=True))
        activities = self.env["mail.activity"].sudo()
        # Each person is told once of all, not of each.
        activities = activities.with_context(mail_activity_quick_update=True)
        model = self.env["ir.model"]._get_id("sale.subscription")
        activities = activities.create(
            [
                {
                    "activity_type_id": self.activity_type_id.id,
                    "summary": self.summary or campaign.name,
                    "note": self.note,
                    "res_model_id": model,
                    "res_id": own.id,
                    "user_id": assignees[own].id,
                    "date_deadline": deadlines[own],
                }
                for own in subscriptions
            ]
        )
        self.env["subscription.campaign.member"].sudo()._store_traces(
            campaign, {own.res_id: {"activity": own.id} for own in activities}
        )
        self.env["subscription.contact"].sudo()._record(
            "call",
            {own.id: reach[own.id].partner_id for own in subscriptions},
            campaign.id,
        )
        self._tell_assigned(campaign, assignees)

    @api.model
    def _working_days(self, company):
        """Yield the days on which a company works, from the first one of the list on.

        By its calendar; Monday to Friday where it has none, or one without hours.
        """
        calendar = company.sudo().resource_calendar_id
        zone = ZoneInfo(calendar.tz or "UTC")
        day = self.date_from
        while True:
            end = day + timedelta(days=AHEAD)
            unusual = calendar._get_unusual_days(
                datetime.combine(day, time.min, zone),
                datetime.combine(end, time.max, zone),
                company,
            )
            if all(unusual.values()):
                unusual = {}
            while day <= end:
                if not unusual.get(fields.Date.to_string(day), day.weekday() >= 5):
                    yield day
                day += timedelta(days=1)
