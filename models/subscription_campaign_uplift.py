# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.tools import SQL

from ..signals.clock import local_day

#: Kinds of which an undo takes back only what was not sent.
MAILINGS = ("email", "sms")
#: Who was reached so many days after the first one belongs to the same sending: quiet
#: hours may last a day.
SENDING_DAYS = 1


class SubscriptionCampaign(models.Model):
    """What a campaign was worth, by its control group.

    Who can be reached is looked at first, and the control group is drawn from those;
    both are done anew whenever it is sent, until somebody is reached. So who cannot be
    reached is on neither side, and each counts from the day on which that was looked at
    and it was reached, or held out instead. Who is still waiting is on neither side
    yet; nor is, ever, the one whose message Odoo dropped in the minutes between looking
    and sending: that says nothing of the action, and of those held out nobody knows
    whose it would have been. A message that was made counts, even if it bounces.

    Who is reached later than a day after the first ones (the winner of a test of
    versions, a retry) is on neither side, nor is who was held out only then: they had
    stayed till then, which nobody asked of the control group.

    What was taken back was worth nothing. Of mailings only what was not sent is.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _name = "subscription.campaign"
    _inherit = ["subscription.campaign", "subscription.uplift"]

    def _uplift_rows(self):
        return SQL(" UNION ALL ").join(
            SQL(
                """
                SELECT campaign_id, customer_id, date, is_control, campaign_id::text
                  FROM (%s) AS compared
                """,
                compared_members(company, SQL("campaign.id = ANY(%s)", campaigns.ids)),
            )
            for company, campaigns in self.sudo().grouped("company_id").items()
        )

    def _nobody_held_out(self):
        if self.undone_at and self.kind not in MAILINGS:
            return self.env._("What was done was taken back.")
        return super()._nobody_held_out()


def compared_members(company, condition):
    """Return the query of the members of a company's campaigns to compare, in SQL.

    :param condition: on ``campaign``, in SQL
    """
    return SQL(
        """
        SELECT campaign_id, offer_id, customer_id, date, is_control
          FROM (
            SELECT campaign.id AS campaign_id, campaign.offer_id, member.customer_id,
                   %(day)s AS date, member.reached_at IS NULL AS is_control,
                   MIN(%(reached)s) OVER (PARTITION BY campaign.id) AS first
              FROM subscription_campaign campaign
              JOIN subscription_campaign_member member
                ON member.campaign_id = campaign.id
             WHERE %(condition)s
               AND campaign.company_id = %(company)s
               AND (campaign.undone_at IS NULL OR campaign.kind = ANY(%(mailings)s))
               AND (member.reached_at IS NOT NULL OR member.reason = 'control')
          ) AS member
         WHERE customer_id IS NOT NULL
           AND date <= COALESCE(first + %(days)s, date)
        """,
        day=local_day(company, member_time()),
        reached=local_day(company, SQL("member.reached_at")),
        condition=condition,
        company=company.id,
        mailings=list(MAILINGS),
        days=SENDING_DAYS,
    )


def member_time():
    """Return when ``member`` of ``campaign`` was reached or held out, in SQL."""
    # One of which neither is known counts since the campaign began.
    return SQL("COALESCE(member.reached_at, member.held_out_at, campaign.started_at)")
