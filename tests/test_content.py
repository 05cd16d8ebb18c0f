# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which message, offer and tip are meant for whom, and where they are used."""

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import MODULE
from .mailings import MailingCase


@tagged("post_install", "-at_install")
class TestContent(MailingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["subscription.content"].search([]).action_archive()
        cls.segment = cls.make_segment("Star", "[('partner_id.ref', '=', 'star')]")
        cls.new, cls.loyal, cls.star = (
            cls.make_customer(name, ref=ref)
            for name, ref in (("New", ""), ("Loyal", ""), ("Star", "star"))
        )
        cls.new.lifecycle_stage = "onboarding"
        (cls.loyal + cls.star).lifecycle_stage = "loyal"
        cls.segment._evaluate(cls.company, cls.company._subscription_today())
        cls.everyone = cls.new + cls.loyal + cls.star

    @classmethod
    def add(cls, name, **values):
        if not values.keys() & {"offer_id", "mail_template_id"}:
            values.setdefault("tip", name)
        return cls.env["subscription.content"].create({"name": name, **values})

    @classmethod
    def make_offer(cls, name="20 % off", **values):
        return cls.env["subscription.offer"].create(
            {"name": name, "kind": "discount", "discount": 20, **values}
        )

    @classmethod
    def make_template(cls, name="Thanks", model="sale.subscription"):
        return cls.env["mail.template"].create(
            {
                "name": name,
                "model_id": cls.env["ir.model"]._get_id(model),
                "subject": name,
                "body_html": f"<p>{name}</p>",
            }
        )

    def tips(self, subscriptions=None, user=None):
        some = self.everyone if subscriptions is None else subscriptions
        some.invalidate_recordset()
        return self.as_user(some, user or self.marketer).mapped(
            lambda sub: sub.content_tip
        )

    # --- which row --------------------------------------------------------------------

    def test_first_row_that_fits(self):
        self.assertEqual(self.tips(), [False] * 3)
        self.add("All", sequence=40)
        self.add("Loyal", sequence=30, lifecycle_stage="loyal")
        star = self.add("Star", sequence=20, segment_id=self.segment.id)
        self.add(
            "New star",
            sequence=10,
            segment_id=self.segment.id,
            lifecycle_stage="onboarding",
        )
        self.assertEqual(self.tips(), ["All", "Loyal", "Star"])
        star.sequence = 50
        self.assertEqual(self.tips(), ["All", "Loyal", "Loyal"])
        self.segment.content_ids.action_archive()
        self.star.lifecycle_stage = "onboarding"
        self.assertEqual(self.tips(), ["All", "Loyal", "All"])

    def test_each_kind_by_itself(self):
        offer, template = self.make_offer(), self.make_template()
        self.add("First", sequence=1, offer_id=offer.id, lifecycle_stage="loyal")
        self.add("Second", sequence=2)
        self.add("Third", sequence=3, mail_template_id=template.id, tip="No")
        content = self.everyone._content()
        self.assertEqual(
            [
                (own.message, own.offer.name, own.tip.tip)
                for own in map(content.get, self.everyone.ids)
            ],
            [
                (template, False, "Second"),
                (template, "20 % off", "Second"),
                (template, "20 % off", "Second"),
            ],
        )
        self.assertEqual(self.new.content_offer_id, offer.browse())
        self.assertEqual((self.loyal | self.star).content_offer_id, offer)

    def offer_now(self):
        self.new.invalidate_recordset()
        return self.new.content_offer_id

    def test_offer_that_is_not_made_today_is_passed_over(self):
        summer = self.make_offer("Summer", date_to="2025-08-31")
        winter = self.make_offer("Winter")
        self.add("First", sequence=1, offer_id=summer.id)
        self.add("Second", sequence=2, offer_id=winter.id)
        for when, offer in (("2025-08-31", summer), ("2025-09-01", winter)):
            with freeze_time(f"{when} 12:00:00"):
                self.assertEqual(self.offer_now(), offer)
        summer.active = False
        with freeze_time("2025-08-31 12:00:00"):
            self.assertEqual(self.offer_now(), winter)

    def test_who_left_the_segment(self):
        self.add("Star", segment_id=self.segment.id)
        self.assertEqual(self.tips(self.star), ["Star"])
        self.star.partner_id.ref = False
        self.segment._evaluate(self.company, self.company._subscription_today())
        self.assertEqual(self.tips(self.star), [False])
        # A row of a segment that is no more is not one for everybody.
        self.segment.unlink()
        self.assertEqual(self.tips(), [False] * 3)

    def test_companies_apart(self):
        """Invariant 4."""
        second = self.make_company("Second Company")
        theirs = self.make_customer("Theirs", company=second)
        self.add("Ours", company_id=self.company.id)
        self.add("Theirs", company_id=second.id)
        user = self.make_user("user", self.company | second, login="both")
        self.assertEqual(self.tips(self.new + theirs, user), ["Ours", "Theirs"])

    def test_set_wise(self):
        self.add("Star", segment_id=self.segment.id)
        self.add("All", offer_id=self.make_offer().id)
        many = self.everyone.union(
            *(self.make_customer(f"More {number}") for number in range(20))
        )

        def queries(subscriptions):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            subscriptions.mapped("content_tip")
            return self.cr.sql_log_count - before

        self.assertEqual(queries(many), queries(self.new))

    # --- rows -------------------------------------------------------------------------

    def test_row_that_says_nothing_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "needs a message, an offer or"):
            self.add("Empty", tip=False)
        with self.assertRaisesRegex(ValidationError, "no e-mail about subscriptions"):
            template = self.make_template(model="res.partner")
            self.add("Other", mail_template_id=template.id)

    def test_row_of_a_segment_is_one_of_its_company(self):
        self.assertEqual(
            self.add("Star", segment_id=self.segment.id).company_id, self.company
        )
        with self.assertRaisesRegex(UserError, "company"):
            offer = self.make_offer(company_id=self.make_company("Second").id)
            self.add("Star", segment_id=self.segment.id, offer_id=offer.id)

    def test_who_may_write_rows(self):
        row = self.add("All")
        user = self.make_user("user")
        self.assertEqual(self.as_user(row, user).tip, "All")
        with self.assertRaises(AccessError):
            self.as_user(row, user).tip = "New"
        self.as_user(row, self.marketer).tip = "New"
        with self.assertRaises(AccessError):
            self.as_user(row, self.make_user("internal")).read(["tip"])

    def test_shipped_rows(self):
        for name in ("high_churn_risk", "onboarding", "loyal"):
            self.assertTrue(self.env.ref(f"{MODULE}.subscription_content_{name}").tip)

    # --- where they are used ----------------------------------------------------------

    def test_placeholders_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        row = self.add("All", tip="Try it", offer_id=self.make_offer().id)
        row.with_context(lang="fr_FR").tip = "Essayez"
        self.loyal.partner_id.lang = "fr_FR"
        self.loyal.next_feature_id = self.env["subscription.feature"].create(
            {"name": "Reports", "code": "reports"}
        )
        mailing = self.by_hand(
            [("id", "in", (self.new + self.loyal).ids)],
            body_html="<p><t t-out='object.content_tip'/>: "
            "<t t-out='object.content_offer_id.name'/>"
            "<t t-out='object.next_feature_id.name'/></p>",
        )
        self.send()
        mails = self.env["mail.mail"].search([("mailing_id", "=", mailing.id)])
        texts = {mail.res_id: mail.body_html for mail in mails}
        self.assertIn("Try it: 20 % off", texts[self.new.id])
        self.assertNotIn("Reports", texts[self.new.id])
        self.assertIn("Reports", texts[self.loyal.id])
        self.assertIn("20 % off", texts[self.loyal.id])

    def test_text_message_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        row = self.add("All", tip="Try it")
        row.with_context(lang="fr_FR").tip = "Essayez"
        self.loyal.partner_id.write(
            {
                "lang": "fr_FR",
                "country_id": self.env.ref("base.us").id,
                "phone": "+14155550101",
            }
        )
        mailing = self.by_hand(
            [("id", "in", self.loyal.ids)],
            mailing_type="sms",
            body_plaintext="{{ object.content_tip }}",
        )
        self.send()
        texts = self.env["sms.sms"].search([("mailing_id", "=", mailing.id)])
        self.assertIn("Essayez", texts.body)

    def wizard(self, model, subscriptions, **context):
        model = self.as_user(self.env[model], self.marketer)
        return Form(
            model.with_context(
                active_model="sale.subscription",
                active_ids=subscriptions.ids,
                **context,
            )
        )

    def test_offer_wizard_begins_with_what_all_share(self):
        offer = self.make_offer()
        self.add("Loyal", offer_id=offer.id, lifecycle_stage="loyal")
        form = self.wizard("subscription.offer.wizard", self.loyal + self.star)
        self.assertEqual(form.offer_id, offer)
        self.assertFalse(
            self.wizard("subscription.offer.wizard", self.everyone).offer_id
        )

    def test_email_wizard_begins_with_what_all_share(self):
        template = self.make_template()
        self.add("Loyal", mail_template_id=template.id, lifecycle_stage="loyal")
        wizard = self.wizard("subscription.campaign.email", self.loyal + self.star)
        self.assertEqual(wizard.save().version_ids.mapped("subject"), ["Thanks"])
        wizard = self.wizard("subscription.campaign.email", self.everyone)
        self.assertFalse(wizard.version_ids)

    def test_email_to_a_segment_begins_with_its_own(self):
        self.add("All", sequence=1, mail_template_id=self.make_template("All").id)
        self.segment.content_ids = [
            Command.create(
                {
                    "name": name,
                    "sequence": sequence,
                    "lifecycle_stage": stage,
                    "mail_template_id": self.make_template(name).id,
                }
            )
            for name, sequence, stage in (
                ("Loyal stars", 1, "loyal"),
                ("Stars", 3, False),
                ("More stars", 4, False),
            )
        ]
        form = self.wizard(
            "subscription.campaign.email",
            self.everyone.browse(),
            default_segment_id=self.segment.id,
        )
        self.assertEqual(form.save().version_ids.mapped("subject"), ["Stars"])

    def test_form_of_a_subscription(self):
        self.add("All")
        user = self.make_user("user")
        self.assertEqual(Form(self.as_user(self.new, user)).content_tip, "All")
