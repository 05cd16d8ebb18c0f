# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain

from ..signals.referrals import referrals
from .bulk import store


class SubscriptionCustomer(models.Model):
    """How many customers a customer brought."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.customer"

    referral_count = fields.Integer(
        string="Referrals",
        readonly=True,
        copy=False,
        help="Other customers of the company that it, or a contact of it, referred and "
        "of which a subscription has ever run. As of the last refresh.",
    )

    def _store_referral_counts(self):
        """Store who these have referred as of today, where it differs."""
        for company, customers in self.grouped("company_id").items():
            counts = referrals(
                self.env, company, company._subscription_today(), customers.ids
            )
            counts = counts.reindex(customers.ids, fill_value=0)
            store(self.browse(), counts.to_frame("referral_count"))

    @api.model
    def _after_merge(self, partner):
        """Count again, for what was merged and for who referred it."""
        result = super()._after_merge(partner)
        commercial = partner.commercial_partner_id
        referred = Domain("commercial_partner_id", "=", commercial.id)
        Partner = self.env["res.partner"].with_context(active_test=False)
        Subscription = self.env["sale.subscription"].with_context(active_test=False)
        givers = (
            Partner.search(referred).referred_by_id
            | Subscription.search([("partner_id", "any", referred)]).referred_by_id
        )
        partners = commercial | givers.commercial_partner_id
        self.search([("partner_id", "in", partners.ids)])._store_referral_counts()
        return result

    def action_open_referrals(self):
        """Open the customers that this one has referred."""
        giver = Domain("referred_by_id.commercial_partner_id", "=", self.partner_id.id)
        everyone = self.with_context(active_test=False).env
        partners = everyone["res.partner"].search(giver).commercial_partner_id
        return self._open_documents(
            self.env._("Referrals"),
            self._name,
            Domain("company_id", "=", self.company_id.id)
            & Domain("id", "!=", self.id)
            & (
                Domain("partner_id", "in", partners.ids)
                | Domain("subscription_ids", "any", giver)
            )
            & Domain("first_start_date", "!=", False),
        )
