# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from .subscription_score import USER


class SubscriptionCustomer(models.Model):
    """Whom to call first: an account manager's customers, the most urgent first."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.customer"

    worklist_amount = fields.Monetary(
        string="Urgency",
        currency_field="company_currency_id",
        readonly=True,
        copy=False,
        groups=USER,
        help="Churn score ÷ 100 × MRR × 90 ÷ (90 + days to the next renewal), as of "
        "the last refresh: all of it on the day of the renewal, half of it 90 days "
        "before.",
    )
    worklist_reason = fields.Char(
        string="Main Reason",
        compute="_compute_worklist_reason",
        groups=USER,
        help="What raises the churn score most, of the subscription with the highest "
        "churn score × MRR.",
    )

    @api.depends(
        "subscription_ids.churn_reasons",
        "subscription_ids.churn_score",
        "subscription_ids.mrr_company",
    )
    @api.depends_context("lang")
    def _compute_worklist_reason(self):
        groups = {}
        for sub in (
            self.env["sale.subscription"]
            .search(
                [("customer_id", "in", self.ids), ("churn_score", ">", 0)], order="id"
            )
            .sorted(lambda own: -own.churn_score * own.mrr_company)
        ):
            groups.setdefault(sub.customer_id, sub)
        for customer in self:
            sub = groups.get(customer)
            customer.worklist_reason = sub and sub.churn_reason

    def action_plan_call(self):
        """Plan a call, in the window that Odoo has for activities."""
        self.ensure_one()
        call = self.env.ref("mail.mail_activity_data_call", raise_if_not_found=False)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Plan a Call"),
            "res_model": "mail.activity",
            "view_mode": "form",
            "views": [
                (self.env.ref("mail.mail_activity_view_form_popup").id, "form"),
            ],
            "target": "new",
            "context": {
                "default_res_model": self._name,
                "default_res_id": self.id,
                "default_activity_type_id": call.id if call else False,
                "default_user_id": self.env.uid,
            },
        }

    def action_write_email(self):
        """Write an e-mail to the customer, kept with the customer's messages."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Write an E-Mail"),
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_composition_mode": "comment",
                "default_model": self._name,
                "default_partner_ids": self.partner_id.ids,
                "default_res_ids": self.ids,
            },
        }
