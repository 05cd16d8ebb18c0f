# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The page of a customer in a browser."""

from datetime import timedelta

from odoo.tests import HttpCase, new_test_user, tagged

from .common import MODULE
from .test_customer_view import EVERYTHING, CustomerViewCase


@tagged("post_install", "-at_install")
class TestCustomerViewScreen(CustomerViewCase, HttpCase):
    def open(self, customer, tour, login):
        self.start_tour(
            f"/odoo/subscription.customer/{customer.id}",
            f"{MODULE}_{tour}",
            login=login,
        )

    def test_manager_looks_at_a_customer_and_hands_it_over(self):
        today = self.company._subscription_today()
        viewer = new_test_user(
            self.env,
            "viewer",
            EVERYTHING,
            company_id=self.company.id,
            company_ids=self.company.ids,
        )
        self.make_user("salesperson", login="two").name = "Viewer Two"
        self.put_in(self.make_segment("Onboarding", description="To be helped"))
        self.env["subscription.notice"].create(
            {
                "subscription_id": self.subscription.id,
                "date": today,
                "end_date": today + timedelta(days=30),
            }
        )
        self.customer_.activity_schedule(
            "mail.mail_activity_data_todo", summary="Call", user_id=viewer.id
        )
        for days in range(30, 330, 30):
            self.invoice(today - timedelta(days=days), 60)
        self.keep(today - timedelta(days=70), "low", 10)
        self.keep(today - timedelta(days=40), "medium", 40)
        self.subscription.write(
            {
                "churn_state": "scored",
                "churn_score": 72.5,
                "churn_risk": "high",
                "churn_scored_by": "scorecard",
                "churn_reasons": [["overdue_days", 20, 34]],
                "scored_on": today,
            }
        )
        self.customer_.write({"churn_risk": "high", "churn_score": 72.5})
        self.use(self.make_feature("Chat", is_key=True), today, 3)
        self.ticket(f"{today - timedelta(days=3)} 10:00:00", name="Broken")
        self.write_message(
            f"{today - timedelta(days=2)} 10:00:00", subject="Please call"
        )
        self.open(self.customer_, "customer_view", viewer.login)
        self.assertEqual(self.customer_.account_manager_id.name, "Viewer Two")

    def test_agent_looks_at_a_customer_without_anything(self):
        customer = self.subscribe(self.make_partner("Quiet"), 10).customer_id
        agent = self.make_user("agent", login="quiet")
        self.open(customer, "customer_view_agent", agent.login)
