# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What customers are told on their portal page: only theirs, until put away."""

import re

from odoo.tests import HttpCase, tagged

from .test_mass_actions import MassActionCase


@tagged("post_install", "-at_install")
class TestPortalPage(MassActionCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = cls.sell("Mine", email="mine@example.com")
        cls.other = cls.sell("Theirs", email="theirs@example.com")
        for own in (cls.own, cls.other):
            user = cls.make_portal_user(own.partner_id)
            user.password = user.login

    def page(self, subscription):
        login = f"portal-{subscription.partner_id.id}"
        self.authenticate(login, login)
        answer = self.url_open("/my")
        self.assertEqual(answer.status_code, 200)
        return answer.text

    def test_shown_to_the_customer_until_put_away(self):
        self.act(
            "mass.notify",
            self.own,
            subject="New <prices>",
            body="<p>From May on</p><script>alert(1)</script>",
        )
        self.assertNotIn("From May on", self.page(self.other))
        page = self.page(self.own)
        self.assertIn("New &lt;prices&gt;", page)
        self.assertIn("From May on", page)
        self.assertNotIn("alert(1)", page)
        [path] = re.findall('action="(/my/subscription-message/[0-9]+/dismiss)"', page)
        # Another customer's user, and whoever does not come from the page.
        self.page(self.other)
        self.post(path)
        page = self.page(self.own)
        self.assertIn("From May on", page)
        with self.assertLogs("odoo.http", "WARNING"):
            answer = self.url_open(path, data={"csrf_token": "wrong"})
        self.assertEqual(answer.status_code, 400)
        self.assertIn("From May on", self.page(self.own))
        self.post(path)
        self.assertNotIn("From May on", self.page(self.own))

    def post(self, path):
        token = re.search('csrf_token: "([^"]+)"', self.url_open("/my").text)
        answer = self.url_open(path, data={"csrf_token": token.group(1)})
        self.assertEqual(answer.status_code, 200)

    def test_others_see_nothing_of_it(self):
        self.act("mass.notify", self.own, subject="Secret", body="<p>Yours</p>")
        self.authenticate("marketer", "marketer")
        self.assertNotIn("Secret", self.url_open("/my").text)
