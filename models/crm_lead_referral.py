# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class CrmLead(models.Model):
    """Who a lead comes from, which the customer that it becomes keeps."""

    _name = "crm.lead"
    _inherit = ["crm.lead", "subscription.referral"]

    def _merge_get_fields_specific(self):
        """Keep the first who is not the customer that the lead gets."""
        return {
            **super()._merge_get_fields_specific(),
            "referred_by_id": lambda name, leads: (
                leads.referred_by_id - leads.partner_id[:1]
            )[:1].id,
        }

    def _prepare_customer_values(self, partner_name, is_company=False, parent_id=False):
        values = super()._prepare_customer_values(partner_name, is_company, parent_id)
        values["referred_by_id"] = self.referred_by_id.id
        return values

    def _handle_partner_assignment(self, *args, **kwargs):
        """Tell the partner, where it was there before and nobody is known yet."""
        result = super()._handle_partner_assignment(*args, **kwargs)
        for lead in self:
            giver, partner = lead.referred_by_id, lead.partner_id.sudo()
            known = (
                partner.referred_by_id | partner.commercial_partner_id.referred_by_id
            )
            if giver and partner and giver != partner and not known:
                partner.referred_by_id = giver
        return result
