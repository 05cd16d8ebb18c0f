# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.tools import SQL

from ..signals.clock import local_day


class SubscriptionCampaign(models.Model):
    """What a campaign was worth, by its control group."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _name = "subscription.campaign"
    _inherit = ["subscription.campaign", "subscription.uplift"]

    def _uplift_rows(self):
        """Members that could not be reached are on neither side."""
        return SQL(" UNION ALL ").join(
            SQL(
                """
                SELECT campaign.id, member.customer_id,
                       %(day)s, member.reason IS NOT NULL
                  FROM subscription_campaign campaign
                  JOIN subscription_campaign_member member
                    ON member.campaign_id = campaign.id
                 WHERE campaign.id = ANY(%(ids)s)
                   AND member.customer_id IS NOT NULL
                   AND COALESCE(member.reason, 'control') = 'control'
                """,
                day=local_day(company, SQL("campaign.started_at")),
                ids=campaigns.ids,
            )
            for company, campaigns in self.sudo().grouped("company_id").items()
        )
