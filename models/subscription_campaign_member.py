# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from .sale_subscription_reach import REASONS


class SubscriptionCampaignMember(models.Model):
    """A subscription that was chosen for a campaign, and whether it was reached."""

    _name = "subscription.campaign.member"
    _description = "Subscription of a Campaign"
    _order = "campaign_id desc, id"
    _rec_name = "subscription_id"

    campaign_id = fields.Many2one(
        comodel_name="subscription.campaign",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    subscription_id = fields.Many2one(
        comodel_name="sale.subscription",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    customer_id = fields.Many2one(
        comodel_name="subscription.customer",
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    reason = fields.Selection(
        selection=REASONS,
        string="Not Reached Because",
        readonly=True,
        help="Empty: it was reached, or will be when it is sent.",
    )
    reached_at = fields.Datetime(
        readonly=True, help="When it was done, or the message was made."
    )
    held_out_at = fields.Datetime(
        string="Held Out",
        readonly=True,
        help="When it could have been reached and was left out for the control group: "
        "when the first ones were reached, or when the campaign began.",
    )
    rfm_frequency = fields.Integer(
        string="Renewals Before",
        readonly=True,
        help="How often the subscription had renewed in a row then: more since tell "
        "that it has renewed.",
    )
    is_running = fields.Boolean(related="subscription_id.is_running")
    mrr_company = fields.Monetary(
        string="MRR",
        readonly=True,
        groups="subscription_segmentation.group_user",
        help="Contracted MRR, in the currency of the company, when it was reached or "
        "held out, or when the campaign began.",
    )

    _unique_member = models.UniqueIndex("(campaign_id, subscription_id)")

    @api.model
    def _insert(self, campaign, reached, excluded, planned=False):
        """Write who was reached and who was not, set-wise.

        :param excluded: ``{subscription: reason}``
        :param planned: they will be, later
        """
        reasons = dict.fromkeys(reached.ids)
        reasons |= {
            subscription.id: reason
            for subscription, reason in excluded.items()
            if subscription.company_id == campaign.company_id
        }
        at = None if planned else fields.Datetime.now()
        self._store(campaign, reasons, reached_at=at)

    @api.model
    def _store(self, campaign, reasons, reached_at=None):
        """Write who is reached and who is not, set-wise, and how they stand now.

        What is done is done: who has been reached stays so. Once anybody has been
        reached, so does the control group, as it stood then, whatever becomes of it: a
        later sending of the campaign adds to it only.

        :param reasons: ``{subscription id: reason or None}``
        :param reached_at: when those without a reason are reached; None: later
        """
        self.flush_model()
        self.env["sale.subscription"].flush_model()
        self.env.execute_query(
            SQL(
                """
                INSERT INTO subscription_campaign_member AS member (
                    campaign_id, subscription_id, customer_id, company_id, reason,
                    reached_at, held_out_at, mrr_company, rfm_frequency
                )
                SELECT %(campaign)s, subscription.id, subscription.customer_id,
                       subscription.company_id, chosen.reason,
                       CASE WHEN chosen.reason IS NULL THEN %(at)s::timestamp END,
                       CASE WHEN chosen.reason = 'control' THEN %(now)s END,
                       subscription.mrr_company,
                       COALESCE(subscription.rfm_frequency, 0)
                  FROM unnest(%(ids)s::integer[], %(reasons)s::varchar[])
                       AS chosen (id, reason)
                  JOIN sale_subscription subscription USING (id)
                    ON CONFLICT (campaign_id, subscription_id) DO UPDATE
                   SET reason = EXCLUDED.reason,
                       reached_at = EXCLUDED.reached_at,
                       held_out_at = EXCLUDED.held_out_at,
                       mrr_company = EXCLUDED.mrr_company,
                       rfm_frequency = EXCLUDED.rfm_frequency
                 WHERE member.reached_at IS NULL
                   AND (EXCLUDED.reached_at IS NOT NULL
                        OR member.reason IS DISTINCT FROM 'control'
                        OR NOT %(begun)s)
                   AND (EXCLUDED.reached_at IS NOT NULL
                        OR EXCLUDED.held_out_at IS NOT NULL
                        OR member.reason IS DISTINCT FROM EXCLUDED.reason)
             RETURNING member.id
                """,
                campaign=campaign.id,
                at=reached_at,
                now=fields.Datetime.now(),
                begun=SQL(
                    "EXISTS (SELECT FROM subscription_campaign_member"
                    " WHERE campaign_id = %s AND reached_at IS NOT NULL)",
                    campaign.id,
                ),
                ids=list(reasons),
                reasons=list(reasons.values()),
            )
        )
        self.invalidate_model()
