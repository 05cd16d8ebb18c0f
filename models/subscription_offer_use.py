# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.tools import SQL

from ..signals import offers


class SubscriptionOfferUse(models.Model):
    """A billing period that carried what a grant gives: each is used once.

    Written in the transaction that makes the invoice or the order. It counts as long as
    that stands: what is cancelled, deleted or credited in full gives the period back.
    Billing the same period once more takes the same row up again.
    """

    _name = "subscription.offer.use"
    _description = "Period That Carried an Offer"
    _order = "period_start desc, id desc"
    _rec_name = "period_start"

    grant_id = fields.Many2one(
        comodel_name="subscription.offer.grant",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        related="grant_id.company_id", store=True, readonly=True
    )
    period_start = fields.Date(
        required=True,
        readonly=True,
        help="The first day of the billing period: the next invoice date when it was "
        "billed.",
    )
    period_end = fields.Date(
        required=True, readonly=True, help="The first day of the next period."
    )
    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Invoice",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    order_id = fields.Many2one(
        comodel_name="sale.order",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    currency_id = fields.Many2one(comodel_name="res.currency", readonly=True)
    amount = fields.Monetary(
        string="Given", readonly=True, help="What was not billed, untaxed."
    )
    stands = fields.Boolean(
        compute="_compute_stands",
        compute_sudo=True,
        string="Counts",
        help="Not any more when what it was billed with is cancelled, deleted or "
        "credited in full: the period is then given again.",
    )

    _period_unique = models.UniqueIndex(
        "(grant_id, period_start)", "A period uses a grant once."
    )

    def _compute_stands(self):
        self.flush_model()
        offers.flush(self.env)
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM subscription_offer_use one WHERE id = ANY(%s) AND %s",
                self.ids,
                offers.stands(SQL("one")),
            )
        )
        standing = {id_ for (id_,) in rows}
        for use in self:
            use.stands = use.id in standing
