# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

#: What decides on the customer of a lead, and on whether it is open.
FOLLOWED = {
    "active",
    "company_id",
    "partner_id",
    "probability",
    "stage_id",
    "team_id",
    "user_id",
}


class CrmLead(models.Model):
    _name = "crm.lead"
    _inherit = [
        "crm.lead",
        "subscription.customer.link",
        "subscription.segment.tagged",
    ]

    _segment_kind = "lead"
    _segment_fields = (
        "active",
        "company_id",
        "subscription_customer_id",
        "won_status",
    )

    subscription_customer_id = fields.Many2one(
        compute="_compute_subscription_customer_id",
        store=True,
        index="btree_not_null",
    )

    @api.model_create_multi
    def create(self, vals_list):
        leads = super().create(vals_list)
        leads.sudo()._follow_segments(new=True)
        return leads

    def _merge_get_fields_specific(self):
        """Leave behind the tags that are ours: the lead that is kept has its own."""
        specific = super()._merge_get_fields_specific()
        merge = specific["tag_ids"]

        def tags_of_persons(name, leads):
            owned = (
                self.env["subscription.segment.link"]
                .sudo()
                ._owned("lead", leads[1:].ids)
            )
            stay = set(leads[:1].tag_ids.ids)
            for lead in leads[1:]:
                stay.update(set(lead.tag_ids.ids) - owned.get(lead.id, set()))
            ours = set().union(*owned.values()) - stay
            return merge(name, leads).filtered(lambda tag: tag.id not in ours)

        return {**specific, "tag_ids": tags_of_persons}

    def write(self, vals):
        result = super().write(vals)
        if not FOLLOWED.isdisjoint(vals):
            self.sudo()._follow_segments()
        return result
