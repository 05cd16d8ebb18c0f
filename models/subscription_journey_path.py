# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL


class SubscriptionJourney(models.Model):
    """The sequence as it is drawn: its steps, and how many are where."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.journey"

    path = fields.Json(
        compute="_compute_path",
        help="The steps in their order, with the number of deliveries by state, of "
        "those due in the next 7 days, and of e-mails that were opened and clicked.",
    )

    @api.depends("step_ids")
    @api.depends_context("uid", "allowed_company_ids", "lang")
    def _compute_path(self):
        numbers = self._step_numbers()
        for journey in self:
            journey.path = [
                {
                    "id": step.id,
                    "name": step.name,
                    "day": step.offset_days,
                    "channel": step.channel,
                    "numbers": numbers[step.id],
                }
                # What is edited has no numbers of its own yet.
                for step in journey._origin.step_ids
            ]

    def _step_numbers(self):
        """Return how far the deliveries of each step are, in the user's companies.

        :return: ``{step id: {name: number}}`` of states, and of ``upcoming`` (due
            within 7 days), ``opened`` and ``clicked``
        """
        self.env["subscription.journey.delivery"].check_access("read")
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT delivery.step_id, delivery.state, count(*),
                       count(*) FILTER (WHERE delivery.state = 'waiting'
                                          AND delivery.next_try_at < %s),
                       count(*) FILTER (WHERE trace.trace_status IN ('open', 'reply')),
                       count(*) FILTER (WHERE trace.links_click_datetime IS NOT NULL)
                  FROM subscription_journey_delivery delivery
                  LEFT JOIN mailing_trace trace ON trace.id = delivery.trace_id
                 WHERE delivery.journey_id = ANY(%s) AND delivery.company_id = ANY(%s)
                 GROUP BY delivery.step_id, delivery.state
                """,
                fields.Datetime.now() + timedelta(7),
                self.ids,
                self.env.companies.ids,
            )
        )
        numbers = defaultdict(lambda: defaultdict(int))
        for step_id, state, number, upcoming, opened, clicked in rows:
            step = numbers[step_id]
            step[state] += number
            step["upcoming"] += upcoming
            step["opened"] += opened
            step["clicked"] += clicked
        return numbers
