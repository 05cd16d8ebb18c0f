# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

#: How a customer is reached; each message counts once, whatever the channel.
CHANNELS = [
    ("email", "E-mail"),
    ("sms", "SMS"),
    ("notice", "Notice"),
    ("call", "Call"),
]


class SubscriptionContact(models.Model):
    """That a customer was reached: what the limit of messages counts.

    Written in the transaction that makes the message, by whatever makes one: a
    campaign, a journey, a mailing made by hand.
    """

    _name = "subscription.contact"
    _description = "Message to a Subscription Customer"
    _order = "contacted_at desc, id desc"
    _rec_name = "customer_id"

    customer_id = fields.Many2one(
        comodel_name="subscription.customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, index=True
    )
    subscription_id = fields.Many2one(
        comodel_name="sale.subscription",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Recipient",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    channel = fields.Selection(selection=CHANNELS, required=True, readonly=True)
    contacted_at = fields.Datetime(
        required=True, readonly=True, default=fields.Datetime.now
    )
    is_transactional = fields.Boolean(
        readonly=True, help="What a customer must know; the limit does not count it."
    )
    campaign_id = fields.Many2one(
        comodel_name="subscription.campaign",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )

    mailing_id = fields.Many2one(
        comodel_name="mailing.mailing",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    rfm_frequency = fields.Integer(
        string="Renewals Before",
        readonly=True,
        help="How often the subscription had renewed in a row when it was reached: "
        "more since tell that it has renewed.",
    )

    @api.model
    def _record(
        self,
        channel,
        partners,
        campaign_id=None,
        transactional=False,
        mailing_id=None,
    ):
        """Write that customers were reached, set-wise, now.

        :param partners: ``{subscription id: partner id}``
        """
        self.env["sale.subscription"].flush_model(
            ["customer_id", "company_id", "rfm_frequency"]
        )
        self.env.execute_query(
            SQL(
                """
                INSERT INTO subscription_contact (
                    customer_id, company_id, subscription_id, partner_id, channel,
                    contacted_at, is_transactional, campaign_id, mailing_id,
                    rfm_frequency
                )
                SELECT subscription.customer_id, subscription.company_id,
                       subscription.id, reached.partner_id, %(channel)s, %(now)s,
                       %(transactional)s, %(campaign)s, %(mailing)s,
                       COALESCE(subscription.rfm_frequency, 0)
                  FROM unnest(%(ids)s::integer[], %(partners)s::integer[])
                       AS reached (id, partner_id)
                  JOIN sale_subscription subscription USING (id)
                 WHERE subscription.customer_id IS NOT NULL
             RETURNING id
                """,
                channel=channel,
                now=fields.Datetime.now(),
                transactional=transactional,
                campaign=campaign_id or None,
                mailing=mailing_id or None,
                ids=list(partners),
                partners=list(partners.values()),
            )
        )
        self.invalidate_model()
