# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

from .subscription_customer import LINKED_MODELS


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = [
        "res.partner",
        "subscription.customer.link",
        "subscription.segment.tagged",
    ]

    _segment_kind = "partner"
    _segment_fields = ("commercial_partner_id",)

    subscription_customer_id = fields.Many2one(company_dependent=True)

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        partners.filtered("parent_id")._link_subscription_customers()
        return partners

    def write(self, vals):
        result = super().write(vals)
        if not vals.keys().isdisjoint(("parent_id", "is_company")):
            self._link_subscription_customers()
            self._family_changed()
        return result

    def _family_changed(self):
        """Have what belongs to partners and their contacts change customer.

        Subscriptions when the transaction ends; of documents, the tags follow at once.
        """
        env = self.sudo().with_context(active_test=False).env
        family = env["res.partner"].search([("id", "child_of", self.ids)])
        subscriptions = env["sale.subscription"].search(
            [("partner_id", "in", family.ids), ("customer_id", "!=", False)]
        )
        subscriptions._mark_changed()
        for name, partner in LINKED_MODELS.items():
            documents = env[name].search([(partner, "in", family.ids)])
            documents._follow_segments()

    def _link_subscription_customers(self):
        """Take the links of the commercial partners over, in every company.

        Odoo's commercial fields would not do: in the current company they keep the old
        value where the new commercial partner has none, or where there is no parent.
        """
        if self:
            customers = self.env["subscription.customer"].sudo()
            customers._link_contacts(self.sudo().commercial_partner_id)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_subscription_history(self):
        """A customer with history stays; one without goes with its partner."""
        env = self.sudo().with_context(active_test=False).env
        subscribed = env["sale.subscription"].search([("partner_id", "in", self.ids)])
        customers = env["subscription.customer"].search(
            [("partner_id", "in", self.ids)]
        )
        booked = env["subscription.movement"]._read_group(
            [("customer_id", "in", customers.ids)], ["customer_id"]
        )
        keep = (
            subscribed.partner_id
            | customers.browse(customer.id for (customer,) in booked).partner_id
        )
        if keep:
            raise UserError(
                self.env._(
                    "%(partners)s cannot be deleted, because the history of their "
                    "subscriptions is kept. Archive them instead.",
                    partners=", ".join(keep.mapped("display_name")[:3]),
                )
            )
        # Not with the row: customers then have another latest answer, or none.
        env["subscription.nps"].search([("partner_id", "in", self.ids)]).unlink()
        customers.unlink()
