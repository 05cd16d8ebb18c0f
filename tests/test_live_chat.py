# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who answers a customer sees who it is, if she may read customers."""

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from .common import SubscriptionCase


class ConversationCase(SubscriptionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls.make_user("user")
        visitor = cls.make_user("portal", login="visitor")
        cls.household = cls.make_partner("Household")
        visitor.partner_id.write({"name": "Vera", "parent_id": cls.household.id})
        cls.subscription = cls.subscribe(cls.household, 30)
        cls.customer = cls.subscription.customer_id
        segment = cls.env["subscription.segment"].create(
            {
                "name": "Star",
                "company_id": cls.company.id,
                "sequence": -1,
                "enter_domain": f"[('id', '=', {cls.subscription.id})]",
            }
        )
        segment._evaluate(cls.company, cls.company._subscription_today())
        cls.customer.write(
            {
                "churn_risk": "high",
                "churn_score": 71.6,
                "lifecycle_stage": "loyal",
                "next_renewal_date": "2025-07-15",
            }
        )
        cls.partners = visitor.partner_id + cls.operator.partner_id
        cls.channel = cls.converse(cls.partners)

    @classmethod
    def converse(cls, partners, **values):
        """Return a conversation between partners."""
        return cls.env["discuss.channel"].create(
            {
                "name": "Vera",
                "channel_type": "group",
                "channel_member_ids": [
                    Command.create({"partner_id": partner.id}) for partner in partners
                ],
                **values,
            }
        )


@tagged("post_install", "-at_install")
class TestConversation(ConversationCase):
    def told(self, user=None, channel=None):
        channel = channel or self.channel
        return self.as_user(channel, user or self.operator).subscription_customers()

    def test_what_is_told_of_a_customer(self):
        (found,) = self.told()
        self.assertEqual(
            found,
            {
                "id": self.customer.id,
                "name": "Household",
                "segment": "Star",
                "lifecycle": "Loyal",
                "risk": "high",
                "risk_label": "High",
                "score": 72,
                "mrr": "$\N{NO-BREAK SPACE}30.00",
                "renewal": "Jul 15, 2025",
            },
        )

    def test_customer_that_was_not_scored(self):
        self.customer.write({"churn_risk": False, "churn_score": 0})
        (found,) = self.told()
        self.assertEqual((found["risk"], found["score"]), (False, False))

    def test_colleagues_are_not_who_is_answered(self):
        self.subscribe(self.operator.partner_id)
        self.assertEqual([found["name"] for found in self.told()], ["Household"])

    def test_who_may_not_read_customers_sees_nothing(self):
        colleague = self.make_user("internal")
        channel = self.converse(self.partners + colleague.partner_id)
        self.assertEqual(self.told(colleague, channel), [])
        self.assertEqual(len(self.told(channel=channel)), 1)

    def test_conversation_of_others(self):
        user = self.make_user("manager")
        with self.assertRaises(AccessError):
            self.told(user)

    def test_customers_of_other_companies(self):
        """Invariant 4."""
        second = self.make_company("Second Company")
        self.subscribe(self.household, 99, company=second)
        self.assertEqual([found["id"] for found in self.told()], [self.customer.id])


@tagged("post_install", "-at_install", "browser")
class TestLiveChat(ConversationCase, HttpCase):
    def test_operator_sees_the_customer(self):
        if "im_livechat.channel" not in self.env:
            self.skipTest(
                "im_livechat is not installed: what its operators see was NOT tested"
            )
        self.operator.group_ids += self.env.ref("im_livechat.im_livechat_group_user")
        live = self.env["im_livechat.channel"].create({"name": "Website"})
        self.converse(
            self.partners,
            channel_type="livechat",
            livechat_channel_id=live.id,
            livechat_operator_id=self.operator.partner_id.id,
        )
        self.start_tour(
            "/odoo/discuss",
            "subscription_segmentation_live_chat",
            login=self.operator.login,
        )
