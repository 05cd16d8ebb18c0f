# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from .optional_number import OptionalInteger
from .subscription_nps import CATEGORIES


class SubscriptionCustomer(models.Model):
    """The latest NPS answer of the contacts of a customer."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.customer"

    nps_ids = fields.One2many(
        comodel_name="subscription.nps",
        inverse_name="customer_id",
        string="NPS Answers",
    )
    nps_score = OptionalInteger(
        string="NPS",
        readonly=True,
        copy=False,
        aggregator="avg",
        help="The latest answer of a contact of the customer, from 0 to 10, to how "
        "likely it is that we are recommended. Empty: nobody answered, which is not 0.",
    )
    nps_date = fields.Date(
        string="NPS Answered On",
        readonly=True,
        copy=False,
        help="The day of the latest answer.",
    )
    nps_category = fields.Selection(
        selection=CATEGORIES,
        string="NPS Group",
        readonly=True,
        copy=False,
        help="Promoter: 9 or 10, passive: 7 or 8, detractor: 6 or less.",
    )

    @api.model
    def _link_contacts(self, commercial_partners):
        result = super()._link_contacts(commercial_partners)
        self.env["subscription.nps"]._link(commercial_partners)
        return result

    def _merge_into(self, keep):
        result = super()._merge_into(keep)
        self.env["subscription.nps"]._store_latest(keep)
        return result

    def action_record_nps(self):
        """Open the form of a new answer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Record NPS"),
            "res_model": "subscription.nps",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_partner_id": self.partner_id.id,
                "default_company_id": self.company_id.id,
                "default_date": self.company_id._subscription_today(),
            },
        }
