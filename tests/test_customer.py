# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import tagged

from .common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestCustomer(SubscriptionCase):
    def test_smoke(self):
        partner = self.make_partner("Smoke", is_company=True)
        sub = self.subscribe(partner, 25)
        self.assertEqual(sub.customer_id.mrr, 25)
        imp = self.import_history({}, {"subscription_ref": "S-2", "end_date": "2024-09-01"})
        self.assertEqual(imp.state, "done")
        self.assertEqual(imp.done_count, 2)
        for kind in ("admin", "manager", "user", "agent", "salesperson", "internal", "portal"):
            self.make_user(kind)
        self.get_currency("EUR", {"2020-01-01": 2.0})
        self.assertEqual(self.subscribe(partner, 10, currency="EUR").mrr_company, 20)
        print(self.versions(sub))
