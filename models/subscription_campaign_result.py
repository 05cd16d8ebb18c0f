# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.tools import SQL

from .subscription_campaign_uplift import member_time

#: What came of one arm: the columns of the query below.
OUTCOMES = ("count", "renewed_count", "churned_count", "mrr_before", "mrr_kept")
#: What mailings count of themselves.
REACTIONS = ("opened_count", "clicked_count", "replied_count", "bounced_count")
#: The subscription that continues another one.
SUCCESSOR = SQL(
    "SELECT id, is_running, mrr_company FROM sale_subscription"
    " WHERE predecessor_id = subscription.id ORDER BY id LIMIT 1"
)


def _count(label, help_=None):
    return fields.Integer(label, compute="_compute_results", help=help_)


def _percent(label, help_=None):
    return fields.Float(
        label, compute="_compute_results", digits=(16, 1), aggregator=None, help=help_
    )


def _amount(label, help_=None):
    return fields.Monetary(label, compute="_compute_results", help=help_)


class SubscriptionCampaign(models.Model):
    """What came of a campaign: of those it reached, and of the control group."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.campaign"

    member_count = _count("Chosen")
    waiting_count = _count("Waiting", "Will be reached when it is sent.")
    excluded_count = _count(
        "Not Reached", "Chosen in vain, for the reasons that stand with them."
    )
    reached_count = _count("Reached", "Subscriptions that something was done with.")
    opened_count = _count("Opened")
    clicked_count = _count("Clicked")
    replied_count = _count("Replied")
    bounced_count = _count("Bounced")
    renewed_count = _count(
        "Renewed", "Of those reached: renewed since, or continued by a successor."
    )
    renewed_percent = _percent("Renewed (%)")
    churned_count = _count("Churned", "Of those reached: ended since, no successor.")
    churned_percent = _percent("Churned (%)")
    mrr_before = _amount("MRR Reached", "MRR of those reached, when they were.")
    mrr_kept = _amount(
        "MRR Kept", "MRR that those reached, or their successors, have now."
    )
    control_count = _count(
        "Control Group", "Left out on purpose, to see what would have come anyway."
    )
    control_renewed_count = _count("Renewed in the Control Group")
    control_renewed_percent = _percent("Renewed in the Control Group (%)")
    control_churned_count = _count("Churned in the Control Group")
    control_churned_percent = _percent("Churned in the Control Group (%)")
    control_mrr_before = _amount("MRR of the Control Group")
    control_mrr_kept = _amount("MRR Kept in the Control Group")

    # Nothing to depend on: time brings the results, and no cache outlives a request.
    def _compute_results(self):
        members, outcomes, reactions = (
            self._read_members(),
            self._read_outcomes(),
            self._read_reactions(),
        )
        for campaign in self:
            campaign.member_count, campaign.waiting_count, campaign.excluded_count = (
                members.get(campaign.id, (0, 0, 0))
            )
            for prefix, control in (("", False), ("control_", True)):
                row = outcomes.get((campaign.id, control), (0,) * len(OUTCOMES))
                row = dict(zip(OUTCOMES, row, strict=True))
                count = row.pop("count")
                campaign[f"{prefix}count" if control else "reached_count"] = count
                for name, value in row.items():
                    campaign[prefix + name] = value
                for name in ("renewed", "churned"):
                    campaign[f"{prefix}{name}_percent"] = (
                        100 * row[f"{name}_count"] / count if count else 0
                    )
            row = reactions.get(campaign.id, (0,) * len(REACTIONS))
            campaign.update(dict(zip(REACTIONS, row, strict=True)))

    def _read_members(self):
        """Return ``{campaign id: (chosen, waiting, not reached)}``."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT campaign_id, COUNT(*),
                       COUNT(*) FILTER (WHERE reached_at IS NULL AND reason IS NULL),
                       COUNT(*) FILTER (WHERE reason IS NOT NULL
                                          AND reason != 'control')
                  FROM subscription_campaign_member
                 WHERE campaign_id = ANY(%s)
              GROUP BY campaign_id
                """,
                self.ids,
            )
        )
        return {id_: tuple(row) for id_, *row in rows}

    def _read_outcomes(self):
        """Return ``{(campaign id, is control group): OUTCOMES}``."""
        self.env["sale.subscription"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT member.campaign_id, member.reason IS NOT NULL, COUNT(*),
                       COUNT(*) FILTER (WHERE %(renewed)s),
                       COUNT(*) FILTER (WHERE %(churned)s),
                       COALESCE(SUM(member.mrr_company), 0),
                       COALESCE(SUM(CASE WHEN subscription.is_running
                                         THEN subscription.mrr_company
                                         ELSE successor.mrr_company END), 0)
                  FROM subscription_campaign_member member
                  JOIN subscription_campaign campaign
                    ON campaign.id = member.campaign_id
                  JOIN sale_subscription subscription
                    ON subscription.id = member.subscription_id
             LEFT JOIN LATERAL (%(successor)s) AS successor ON TRUE
                 WHERE member.campaign_id = ANY(%(ids)s)
                   AND (member.reason IS NULL AND member.reached_at IS NOT NULL
                        OR member.reason = 'control')
              GROUP BY 1, 2
                """,
                successor=SUCCESSOR,
                renewed=renewed_sql("member"),
                churned=churned_sql(member_time()),
                ids=self.ids,
            )
        )
        return {(id_, control): tuple(row) for id_, control, *row in rows}

    def _read_reactions(self):
        """Return ``{campaign id: REACTIONS}``, each message counted once."""
        self.env["mailing.trace"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT mailing.subscription_campaign_id,
                       COUNT(*) FILTER (WHERE trace.trace_status IN ('open', 'reply')),
                       COUNT(trace.links_click_datetime),
                       COUNT(*) FILTER (WHERE trace.trace_status = 'reply'),
                       COUNT(*) FILTER (WHERE trace.trace_status = 'bounce')
                  FROM mailing_trace trace
                  JOIN mailing_mailing mailing ON mailing.id = trace.mass_mailing_id
                 WHERE mailing.subscription_campaign_id = ANY(%s)
                   AND NOT COALESCE(trace.is_test_trace, FALSE)
              GROUP BY mailing.subscription_campaign_id
                """,
                self.ids,
            )
        )
        return {id_: tuple(row) for id_, *row in rows}

    def action_open_members(self):
        """Show whom it was meant for, and who was not reached and why."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "subscription.campaign.member",
            "view_mode": "list",
            "domain": [("campaign_id", "=", self.id)],
        }


def renewed_sql(reached):
    """Return the condition that a subscription has renewed since it was reached.

    :param reached: name of the table that knows how often it had renewed then; beside
        it ``subscription`` and ``successor``
    """
    return SQL(
        "(subscription.is_running"
        " AND COALESCE(subscription.rfm_frequency, 0) > %s"
        " OR NOT COALESCE(subscription.is_running, FALSE)"
        " AND successor.is_running)",
        SQL.identifier(reached, "rfm_frequency"),
    )


def churned_sql(moment):
    """Return the condition that a subscription has churned since a moment."""
    return SQL(
        "(subscription.end_date >= %s::date AND successor.id IS NULL"
        " AND NOT COALESCE(subscription.is_running, FALSE))",
        moment,
    )
