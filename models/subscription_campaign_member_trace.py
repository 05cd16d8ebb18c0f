# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from odoo import api, fields, models
from odoo.tools import SQL


class SubscriptionCampaignMember(models.Model):
    """What an action did with a subscription, to take it back; and why it did not."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.campaign.member"

    reason = fields.Selection(
        selection_add=[
            ("no_portal", "No portal user"),
            ("nobody", "Nobody follows it"),
            ("planned", "Planned already"),
            ("managed", "Has an account manager"),
            ("opportunity", "Has an open opportunity"),
            ("unchanged", "Nothing to change"),
        ]
    )
    trace = fields.Json(
        readonly=True,
        groups="subscription_segmentation.group_manager",
        help="What undoing the campaign needs to know of the subscription.",
    )

    @api.model
    def _store_traces(self, campaign, traces):
        """Write what was done with the members of a campaign, set-wise.

        :param traces: ``{subscription id: trace}``
        """
        self.env.execute_query(
            SQL(
                """
                UPDATE subscription_campaign_member AS member
                   SET trace = done.trace
                  FROM unnest(%(ids)s::integer[], %(traces)s::jsonb[])
                       AS done (id, trace)
                 WHERE member.campaign_id = %(campaign)s
                   AND member.subscription_id = done.id
             RETURNING member.id
                """,
                campaign=campaign.id,
                ids=list(traces),
                traces=[json.dumps(trace) for trace in traces.values()],
            )
        )
        self.invalidate_model(["trace"])
