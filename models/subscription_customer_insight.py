# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain


class SubscriptionCustomerInsight(models.Model):
    """Say how the scores of a customer come about, and lead to what it has with us.

    Who may not read leads, tickets or invoices sees none, and no button.
    """

    _inherit = "subscription.customer"

    lead_count = fields.Integer(compute="_compute_document_counts")
    ticket_count = fields.Integer(compute="_compute_document_counts")
    invoice_count = fields.Integer(compute="_compute_document_counts")

    # --- sentences -------------------------------------------------------------------

    @api.depends("end_date", "running_count")
    def _compute_insight(self):
        return super()._compute_insight()

    def _recency_insight(self):
        values = {"r": self.rfm_r, "ago": self._days(self.rfm_recency)}
        ago = (
            self.env._("R %(r)s: last renewal %(ago)s ago", **values)
            if self.rfm_frequency
            else self.env._("R %(r)s: started %(ago)s ago", **values)
        )
        if not self.next_renewal_date:
            return ago
        return self.env._(
            "%(ago)s, next renewal on %(date)s",
            ago=ago,
            date=self._date(self.next_renewal_date),
        )

    def _lifecycle_end(self):
        if not self.lifecycle_stage or not self.end_date:
            return False
        return self.env._(
            "Churned: left on %(date)s after %(months)s",
            date=self._date(self.end_date),
            months=self._months(self.tenure_months),
        )

    def _not_scored(self):
        if self.rfm_r:
            return False
        if self.running_count:
            return self.env._("Not scored yet: the next refresh will score it.")
        return self.env._("Not scored, as no subscription runs.")

    # --- what it has with us ---------------------------------------------------------

    @api.depends_context("uid")
    def _compute_document_counts(self):
        for name, model in (
            ("lead_count", "crm.lead"),
            ("ticket_count", "helpdesk.ticket"),
        ):
            counts = {}
            if self.env[model].has_access("read"):
                counts = dict(
                    self.env[model]._read_group(
                        [("subscription_customer_id", "in", self.ids)],
                        ["subscription_customer_id"],
                        ["__count"],
                    )
                )
            for customer in self:
                customer[name] = counts.get(customer, 0)
        invoices = {}
        if self.env["account.move"].has_access("read"):
            groups = self.env["account.move"]._read_group(
                Domain.OR(customer._invoice_domain() for customer in self),
                ["commercial_partner_id", "company_id"],
                ["__count"],
            )
            invoices = {(partner, company): count for partner, company, count in groups}
        for customer in self:
            key = (customer.partner_id, customer.company_id)
            customer.invoice_count = invoices.get(key, 0)

    def _invoice_domain(self):
        return (
            Domain("commercial_partner_id", "=", self.partner_id.id)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("move_type", "in", ("out_invoice", "out_refund"))
        )

    def action_open_subscriptions(self):
        """Open the customer's subscriptions, the running ones first."""
        return self._open_documents(
            self.env._("Subscriptions"),
            "sale.subscription",
            Domain("customer_id", "=", self.id),
        )

    def action_open_contacts(self):
        return self._open_documents(
            self.env._("Contacts"),
            "res.partner",
            Domain("commercial_partner_id", "=", self.partner_id.id),
        )

    def action_open_leads(self):
        return self._open_documents(
            self.env._("Leads"),
            "crm.lead",
            Domain("subscription_customer_id", "=", self.id),
        )

    def action_open_tickets(self):
        return self._open_documents(
            self.env._("Tickets"),
            "helpdesk.ticket",
            Domain("subscription_customer_id", "=", self.id),
        )

    def action_open_invoices(self):
        return self._open_documents(
            self.env._("Invoices"), "account.move", self._invoice_domain()
        )

    def _open_documents(self, name, model, domain):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "list,form",
            "domain": list(domain),
        }
