# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import uuid

from odoo import api, fields, models
from odoo.tools import SQL

from ..models.subscription_journey_delivery import REASONS

#: How many days are looked ahead.
DAYS = 7
#: How many rows are listed at most.
ROWS = 1_000


class SubscriptionJourneyUpcoming(models.TransientModel):
    """A step that a subscription would get in the next days, as of when it was asked.

    Written down to be listed: part of it exists only as if.
    """

    _name = "subscription.journey.upcoming"
    _description = "Step of a Journey in the Next Days"
    _order = "due_at, id"
    _rec_name = "step_id"

    batch = fields.Char(
        readonly=True, index=True, help="What tells apart who has asked when."
    )
    step_id = fields.Many2one(
        comodel_name="subscription.journey.step",
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    channel = fields.Selection(related="step_id.channel")
    due_at = fields.Datetime(string="Due", readonly=True)
    subscription_id = fields.Many2one(
        comodel_name="sale.subscription",
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    customer_id = fields.Many2one(
        related="subscription_id.customer_id", string="Customer"
    )
    company_id = fields.Many2one(related="subscription_id.company_id")
    reason = fields.Selection(
        selection=REASONS,
        string="Would Not Get It Because",
        readonly=True,
        help="Why it would not be done if it were due now; empty: it would.",
    )

    @api.model
    def _show(self, journey):
        """Return the action that lists who would get what.

        The first of them; its title says how many there are of each step.

        :raise AccessError: the user is no manager: the whole base is looked at
        """
        self.check_access("read")
        journey.check_access("read")
        rows, numbers = journey._upcoming(DAYS, ROWS)
        batch = uuid.uuid4().hex
        columns = ("step_id", "subscription_id", "due_at", "reason")
        steps, subscriptions, times, reasons = (
            [row[name] for row in rows] for name in columns
        )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO subscription_journey_upcoming (
                    batch, step_id, subscription_id, due_at, reason,
                    create_uid, create_date, write_uid, write_date
                )
                SELECT %(batch)s, step_id, subscription_id, due_at, reason, %(uid)s,
                       %(now)s, %(uid)s, %(now)s
                  FROM unnest(%(steps)s::int[], %(subscriptions)s::int[],
                              %(times)s::timestamp[], %(reasons)s::varchar[])
                       AS fresh (step_id, subscription_id, due_at, reason)
                """,
                batch=batch,
                uid=self.env.uid,
                now=self.env.cr.now(),
                steps=steps,
                subscriptions=subscriptions,
                times=times,
                reasons=reasons,
            )
        )
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_segmentation.subscription_journey_upcoming_action"
        )
        action["domain"] = [("batch", "=", batch)]
        name = self.env._(
            "%(journey)s: Next %(days)s Days", journey=journey.name, days=DAYS
        )
        total = sum(numbers.values())
        if total > len(rows):
            name = self.env._(
                "%(name)s, the first %(listed)s of %(total)s (%(steps)s)",
                name=name,
                listed=len(rows),
                total=total,
                steps=", ".join(
                    f"{step.name}: {number}" for step, number in numbers.items()
                ),
            )
        action["display_name"] = action["name"] = name
        return action

    def action_open_subscription(self):
        """Open the subscription."""
        self.ensure_one()
        return self.subscription_id.get_formview_action()
