# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is at risk, in Odoo's digest."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import SubscriptionCase

KPI = "kpi_subscription_mrr_at_risk"


@tagged("post_install", "-at_install")
class TestDigest(SubscriptionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.make_company("Other Company", "EUR")
        for company, amount in ((cls.company, 30), (cls.company, 12), (cls.other, 500)):
            subscription = cls.subscribe(cls.make_partner(), company=company)
            subscription.customer_id.mrr_at_risk = amount
        cls.digest = cls.env["digest.digest"].create(
            {"name": "Digest", "company_id": cls.company.id, KPI: True}
        )

    def kpis(self, user):
        """Return the figures that a digest tells a user."""
        company = user.company_id
        digest = self.digest.with_context(allowed_company_ids=company.ids)
        return {kpi["kpi_name"]: kpi for kpi in digest._compute_kpis(company, user)}

    def test_mrr_at_risk_of_the_company(self):
        self.assertIn(f"{KPI}_value", self.digest.available_fields)
        found = self.kpis(self.make_user("user"))[KPI]
        for column in ("kpi_col1", "kpi_col2", "kpi_col3"):
            self.assertIn("42", found[column]["value"])
            self.assertIn("$", found[column]["value"])
            self.assertEqual(found[column]["margin"], 0)
        self.assertIn("subscription_customer_action_worklist", found["kpi_action"])

    def test_it_is_not_for_everybody(self):
        outsider = self.make_user("internal")
        self.assertNotIn(KPI, self.kpis(outsider))
        with self.assertRaises(AccessError):
            self.digest.with_user(outsider).read([f"{KPI}_value"])

    def test_companies_are_apart(self):
        """Invariant 4."""
        stranger = self.make_user("user", self.other)
        self.digest.company_id = False
        self.assertIn("500", self.kpis(stranger)[KPI]["kpi_col1"]["value"])
