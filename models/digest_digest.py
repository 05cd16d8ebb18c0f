# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import AccessError

from .subscription_score import USER


class DigestDigest(models.Model):
    """What is at risk, for those who may know."""

    _inherit = "digest.digest"

    kpi_subscription_mrr_at_risk = fields.Boolean("MRR at Risk")
    kpi_subscription_mrr_at_risk_value = fields.Monetary(
        compute="_compute_kpi_subscription_mrr_at_risk_value"
    )

    def _compute_kpi_subscription_mrr_at_risk_value(self):
        """As it stands now, whichever days the digest looks at: it is no flow."""
        if not self.env.user.has_group(USER):
            raise AccessError(self.env._("Customers at risk are not for everybody."))
        _start, _end, companies = self._get_kpi_compute_parameters()
        amounts = dict(
            self.env["subscription.customer"]._read_group(
                [("company_id", "in", companies.ids)],
                ["company_id"],
                ["mrr_at_risk:sum"],
            )
        )
        for digest in self:
            company = digest.company_id or self.env.company
            digest.kpi_subscription_mrr_at_risk_value = amounts.get(company, 0)

    def _compute_kpis_actions(self, company, user):
        actions = super()._compute_kpis_actions(company, user)
        menu = self.env.ref("subscription_oca.sale_subscription_root")
        actions["kpi_subscription_mrr_at_risk"] = (
            "subscription_segmentation.subscription_customer_action_worklist"
            f"?menu_id={menu.id}"
        )
        return actions
