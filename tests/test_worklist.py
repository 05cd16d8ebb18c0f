# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The worklist of an account manager, on screen and by e-mail."""

import ast

from freezegun import freeze_time

from odoo.tests import Form, tagged
from odoo.tools import SQL, mute_logger

from .common import SubscriptionCase, day

TODAY = day("2025-06-30")


@tagged("post_install", "-at_install")
class TestWorklist(SubscriptionCase):
    """Four customers at risk and one that is not; a Monday."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(f"{TODAY} 05:00:00"))
        cls.ann = cls.make_user("user", login="ann")
        cls.bea = cls.make_user("user", login="bea")
        cls.env["subscription.scorecard.rule"].search([]).active = False
        cls.score_by_tenure(cls.company)
        cls.soon = cls.at_risk("Soon")
        cls.later = cls.at_risk("Later", renewal="2026-01-01")
        cls.other = cls.at_risk("Other", cls.bea, mrr=500)
        cls.medium = cls.at_risk("Medium", start="2023-10-15", mrr=60)
        cls.calm = cls.at_risk("Calm", start="2019-06-15")
        cls.refresh()

    @classmethod
    def score_by_tenure(cls, company):
        """Give 100 points to who is new, 50 after 20 months and none after 40."""
        cls.env["subscription.scorecard.rule"].create(
            [
                {
                    "company_id": company.id,
                    "signal": signal,
                    "weight": weight,
                    "no_risk": no_risk,
                    "full_risk": full_risk,
                }
                for signal, weight, no_risk, full_risk in (
                    ("tenure_months", 1000000, 40, 0),
                    ("mrr", 1, 0, 1000000),
                )
            ]
        )

    @classmethod
    def at_risk(
        cls,
        name,
        manager=None,
        start="2025-06-15",
        company=None,
        renewal="2025-07-15",
        **values,
    ):
        """Return a customer of a manager (ann), at risk by the months of tenure."""
        company = company or cls.company
        partner = cls.make_partner(name, email=f"{name.lower()}@example.com")
        subscription = cls.subscribe(
            partner, **{"mrr": 100, "start": start, "company": company, **values}
        )
        subscription.recurring_next_date = renewal
        customer = subscription.customer_id
        customer.account_manager_id = manager or cls.ann
        return customer

    @classmethod
    def refresh(cls, as_of=TODAY, company=None):
        run = cls.env["subscription.refresh"]._refresh_company(
            company or cls.company, as_of, lambda: True
        )
        assert run.state == "done", run.error
        return run

    def open_worklist(self, user):
        """Return the customers that a user sees when she opens the menu."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_segmentation.subscription_customer_action_worklist"
        )
        customers = self.as_user(self.env["subscription.customer"], user)
        arch = customers.get_view(
            self.env.ref(
                "subscription_segmentation.subscription_customer_view_list_worklist"
            ).id,
            "list",
        )["arch"]
        self.assertIn("worklist_amount desc", arch)
        self.assertIn("search_default_my_customers", action["context"])
        return customers.search(
            [
                *ast.literal_eval(action["domain"]),
                ("account_manager_id", "=", user.id),
            ],
            order="worklist_amount desc",
        )

    def send(self):
        """Let the scheduler run; return the e-mails there are."""
        before = self.env["mail.mail"].search([])
        job = "subscription_segmentation.ir_cron_subscription_worklist"
        with self.enter_registry_test_mode():
            self.env.ref(job).method_direct_trigger()
        return self.env["mail.mail"].search([]) - before

    def test_the_sooner_it_renews_the_more_urgent(self):
        self.assertEqual(self.soon.next_renewal_date, day("2025-07-15"))
        self.assertEqual(self.later.next_renewal_date, day("2026-01-01"))
        self.assertEqual(self.soon.worklist_amount, round(100 * 90 / 105, 2))
        self.assertEqual(self.later.worklist_amount, round(100 * 90 / 275, 2))
        self.assertEqual(self.calm.worklist_amount, 0)
        self.assertEqual(self.open_worklist(self.bea), self.other)

    def test_the_higher_the_score_the_more_urgent(self):
        """Medium risk too: half the points, half the MRR."""
        self.assertEqual(self.soon.churn_score, 100)
        self.assertEqual(self.medium.churn_score, 50)
        self.assertEqual(self.medium.churn_risk, "medium")
        self.assertEqual(self.medium.worklist_amount, round(30 * 90 / 105, 2))
        self.assertEqual(
            self.open_worklist(self.ann).ids, (self.soon | self.later | self.medium).ids
        )
        self.assertTrue(self.medium.worklist_reason)

    def test_second_refresh_writes_nothing(self):
        """Invariant 2."""
        before = self.versions(self.soon | self.calm)
        self.assertEqual(self.refresh().changed_count, 0)
        self.assertEqual(self.versions(self.soon | self.calm), before)

    def test_who_left_is_not_on_it(self):
        subscription = self.soon.subscription_ids
        self.book(subscription, ("2025-06-30", "end", None))
        self.assertEqual(self.open_worklist(self.ann), self.later | self.medium)
        self.env.cr.execute(
            "SELECT worklist_amount FROM subscription_customer WHERE id = %s",
            self.soon.ids,
        )
        self.assertEqual(self.env.cr.fetchone(), (None,))

    def test_actions_of_a_row(self):
        soon = self.as_user(self.soon, self.ann)
        action = soon.action_plan_call()
        Activity = soon.env[action["res_model"]].with_context(**action["context"])
        view = action["views"][0][0]
        with Form(Activity, view=self.env["ir.ui.view"].browse(view)) as form:
            form.summary = "Ask how it goes"
        self.assertEqual(soon.activity_ids.summary, "Ask how it goes")
        self.assertEqual(soon.activity_ids.user_id, self.ann)
        action = soon.action_write_email()
        Composer = soon.env[action["res_model"]].with_context(**action["context"])
        composer = Composer.create({"subject": "Hello", "body": "How are you?"})
        composer.action_send_mail()
        self.assertEqual(self.soon.message_ids[0].subject, "Hello")
        self.assertEqual(self.soon.message_ids[0].partner_ids, self.soon.partner_id)

    def test_each_manager_gets_one_mail_a_week(self):
        mails = self.send()
        self.assertEqual(mails.recipient_ids, self.ann.partner_id | self.bea.partner_id)
        self.assertEqual(len(mails), 2)
        mail = mails.filtered(lambda m: m.recipient_ids == self.ann.partner_id)
        self.assertEqual(mail.subject, "Your worklist this week: 3")
        body = mail.body_html
        self.assertLess(body.index("Soon"), body.index("Later"))
        self.assertLess(body.index("Later"), body.index("Medium"))
        for text in ("$", "100.00", "60.00", "260.00", "07/15/2025", self.company.name):
            self.assertIn(text, body)
        self.assertIn(f"res_id={self.soon.id}", body)
        for text in ("Other", "Calm"):
            self.assertNotIn(text, body)
        self.assertFalse(self.send())
        with freeze_time("2025-07-06 12:00:00"):
            self.assertFalse(self.send())
        with freeze_time("2025-07-07 05:00:00"):
            self.assertEqual(len(self.send()), 2)

    def test_on_monday_morning_where_the_company_is(self):
        """Asked every hour; who is not written to on Monday is later in the week."""
        self.company.partner_id.tz = "America/New_York"
        with freeze_time("2025-06-29 12:00:00"):
            self.assertEqual(len(self.send()), 2)
        for hour in ("03:30", "08:30"):
            with freeze_time(f"2025-06-30 {hour}:00"):
                self.assertFalse(self.send())
        with freeze_time("2025-06-30 09:30:00"):
            self.assertEqual(len(self.send()), 2)
        with freeze_time("2025-07-09 12:00:00"):
            self.assertEqual(len(self.send()), 2)
        job = self.env.ref("subscription_segmentation.ir_cron_subscription_worklist")
        self.assertEqual((job.interval_number, job.interval_type), (1, "hours"))

    def test_account_managers_hand_over_from_the_worklist(self):
        agent = self.make_user("agent")
        view = "subscription_segmentation.subscription_customer_view_list_worklist"
        customers = self.as_user(self.env["subscription.customer"], agent)
        arch = customers.get_view(self.env.ref(view).id, "list")["arch"]
        self.assertEqual(arch.count("action_hand_over"), 1)
        self.assertIn("account_manager_id != uid", arch)
        seller = self.make_user("salesperson")
        arch = customers.with_user(seller).get_view(self.env.ref(view).id, "list")
        self.assertEqual(arch["arch"].count("action_hand_over"), 1)
        self.assertNotIn("account_manager_id != uid", arch["arch"])

    def test_nobody_is_written_to_without_reason(self):
        self.ann.subscription_worklist_mail = False
        self.other.account_manager_id = False
        self.calm.account_manager_id = self.bea
        self.assertFalse(self.send())
        outsider = self.make_user("internal")
        self.soon.account_manager_id = outsider
        self.assertFalse(self.send())

    def test_user_switches_it_off(self):
        ann = self.ann.with_user(self.ann)
        view = "base.view_users_form_simple_modif"
        with Form(ann, view=view) as form:
            form.subscription_worklist_mail = False
        self.assertFalse(self.ann.subscription_worklist_mail)

    def test_language_and_company_of_the_recipient(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.ann.lang = "de_DE"
        template = self.env.ref(
            "subscription_segmentation.mail_template_subscription_worklist"
        )
        template.with_context(
            lang="de_DE"
        ).subject = "Kunden in Gefahr: {{ object.customer_count }}"
        euro = self.make_company("Euro Company", "EUR")
        self.ann.company_ids |= euro
        self.score_by_tenure(euro)
        self.at_risk("Foreign", company=euro, currency="EUR", mrr=70)
        self.refresh(company=euro)
        mails = self.send().filtered(
            lambda mail: mail.recipient_ids == self.ann.partner_id
        )
        self.assertEqual(
            sorted(mails.mapped("subject")),
            ["Kunden in Gefahr: 1", "Kunden in Gefahr: 3"],
        )
        mail = mails.filtered(lambda mail: mail.subject.endswith("1"))
        self.assertIn("70,00", mail.body_html)
        self.assertIn("€", mail.body_html)
        self.assertIn("Foreign", mail.body_html)
        self.assertNotIn("Soon", mail.body_html)

    def test_twenty_customers_at_most(self):
        for number in range(20):
            self.at_risk(f"Many {number}")
        self.refresh()
        mail = self.send().filtered(lambda m: m.recipient_ids == self.ann.partner_id)
        self.assertEqual(mail.subject, "Your worklist this week: 23")
        self.assertEqual(mail.body_html.count("res_id="), 20)
        self.assertNotIn("Later", mail.body_html)

    def test_failure_stops_no_other(self):
        """Invariant 9; and it is tried again."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "ALTER TABLE subscription_worklist_mail ADD CONSTRAINT no_ann"
                " CHECK (user_id <> %s)",
                self.ann.id,
            )
        )
        logger = (
            "odoo.addons.subscription_segmentation.models.subscription_worklist_mail"
        )
        with mute_logger("odoo.sql_db"), self.assertLogs(logger, "ERROR"):
            self.assertEqual(self.send().recipient_ids, self.bea.partner_id)
        self.env.cr.execute(
            "ALTER TABLE subscription_worklist_mail DROP CONSTRAINT no_ann"
        )
        self.assertEqual(self.send().recipient_ids, self.ann.partner_id)
