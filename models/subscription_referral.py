# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError


class SubscriptionReferral(models.AbstractModel):
    """Who brought the partner of a document: the one that partner bears, at first."""

    _name = "subscription.referral"
    _description = "Referral"

    referred_by_id = fields.Many2one(
        comodel_name="res.partner",
        string="Referring Contact",
        compute="_compute_referred_by_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        ondelete="set null",
        help="Who recommended us to this customer.",
    )

    @api.depends("partner_id")
    def _compute_referred_by_id(self):
        """Take what the partner, or its company, says where nobody said otherwise."""
        for document in self:
            partner = document.partner_id
            known = (
                partner.referred_by_id | partner.commercial_partner_id.referred_by_id
            )
            document.referred_by_id = document.referred_by_id or (known - partner)[:1]

    @api.constrains("partner_id", "referred_by_id")
    def _check_referred_by_id(self):
        for document in self:
            partner = document.partner_id
            if partner and partner == document.referred_by_id:
                raise ValidationError(
                    self.env._("%s cannot be referred by itself.", partner.display_name)
                )
