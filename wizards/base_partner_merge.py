# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        """Merge the customers before Odoo deletes rows that would be there twice."""
        (src_partners | dst_partner).sudo()._forget_referrals_among()
        self.env["subscription.customer"].sudo()._merge_partners(
            src_partners, dst_partner
        )
        links = self.env["subscription.segment.link"].sudo()
        links._merge_partners(src_partners, dst_partner)
        return super()._update_foreign_keys(src_partners, dst_partner)

    @api.model
    def _update_values(self, src_partners, dst_partner):
        """Point what has come to the partner at its customers."""
        result = super()._update_values(src_partners, dst_partner)
        self.env["subscription.customer"].sudo()._after_merge(dst_partner)
        return result
