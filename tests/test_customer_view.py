# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The page of a customer: what each block tells, to whom, and what it costs."""

from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from ..models.subscription_customer_view import BLOCKS
from .common import MODULE, day
from .invoices import InvoiceCase
from .touchpoints import TouchpointCase

EVERYTHING = (
    f"{MODULE}.group_manager,helpdesk_mgmt.group_helpdesk_user,"
    "account.group_account_invoice,sales_team.group_sale_salesman_all_leads"
)
WITHOUT_HELPDESK = f"{MODULE}.group_user,account.group_account_invoice"
WITHOUT_ACCOUNTING = f"{MODULE}.group_user,helpdesk_mgmt.group_helpdesk_user"


class CustomerViewCase(InvoiceCase, TouchpointCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.book(cls.subscription, ("2024-01-15", "start", 10))
        cls.customer_ = cls.subscription.customer_id

    def person(self, groups, companies=None):
        companies = companies or self.company
        return new_test_user(
            self.env,
            f"viewer-{next(self.codes)}",
            groups,
            company_id=companies[:1].id,
            company_ids=companies.ids,
        )

    def view(self, block, user=None, customer=None, cursor=None):
        """Return a block as a person sees it (without one: who may see everything)."""
        user = user or self.person(EVERYTHING)
        customer = self.as_user(customer or self.customer_, user)
        return customer.customer_view(block, cursor)

    def events(self, user=None, customer=None):
        """Return (day, kind, text) of all events, page after page, newest first."""
        user = user or self.person(EVERYTHING)
        rows, cursor = [], None
        while True:
            page = self.view("events", user, customer, cursor)
            rows += page["rows"]
            cursor = page["cursor"]
            if not cursor:
                return [(row["day"], row["kind"], row["text"]) for row in rows]

    def make_segment(self, name, **values):
        """Make a segment that nobody enters by itself."""
        nobody = {"name": name, "enter_domain": "[('id', '=', 0)]"}
        return self.env["subscription.segment"].create({**nobody, **values})

    def put_in(self, segment, date_from="2025-05-01", **values):
        return self.env["subscription.segment.membership"].create(
            {
                "segment_id": segment.id,
                "subscription_id": self.subscription.id,
                "company_id": self.company.id,
                "date_from": date_from,
                **values,
            }
        )

    def keep(self, date, risk, score, subscription=None, **values):
        subscription = subscription or self.subscription
        return self.env["subscription.score.history"].create(
            {
                "subscription_id": subscription.id,
                "company_id": subscription.company_id.id,
                "date": date,
                "churn_score": score,
                "churn_risk_scored": risk,
                "churn_scored_by": "scorecard",
                "mrr_company": 10,
                **values,
            }
        )

    def use(self, feature, date, count, subscription=None):
        return self.env["subscription.usage"].create(
            {
                "subscription_id": (subscription or self.subscription).id,
                "feature_id": feature.id,
                "company_id": self.company.id,
                "date": date,
                "known_on": date,
                "count": count,
            }
        )

    def make_feature(self, name, **values):
        code = f"{name}-{next(self.codes)}"
        return self.env["subscription.feature"].create(
            {"name": name, "code": code, **values}
        )


@tagged("post_install", "-at_install")
@freeze_time("2025-06-30 12:00:00")
class TestCustomerView(CustomerViewCase):
    # --- what each block tells --------------------------------------------------------

    def test_who_names_contacts_manager_and_segments(self):
        segment = self.make_segment("Onboarding", description="To be helped")
        self.put_in(segment)
        star = self.make_segment("Star", sequence=20)
        self.put_in(
            star,
            kind="pinned_in",
            pinned_by_id=self.marketer.id,
            pin_reason="Told me so",
            pinned_until="2025-12-31",
        )
        gone = self.make_segment("Gone")
        self.put_in(gone, "2025-01-01", date_to="2025-02-01")
        self.customer_.account_manager_id = self.marketer
        who = self.view("who")
        self.assertEqual(who["manager"]["id"], self.marketer.id)
        self.assertEqual(who["contacts"]["count"], 2)
        self.assertIn(self.contact.id, [row["id"] for row in who["contacts"]["rows"]])
        self.assertEqual(
            [(row["name"], row["kind"], row["since"]) for row in who["segments"]],
            [
                ("Onboarding", "automatic", day("2025-05-01")),
                ("Star", "pinned_in", day("2025-05-01")),
            ],
        )
        self.assertEqual(who["segments"][0]["description"], "To be helped")
        pinned = who["segments"][1]
        self.assertEqual(pinned["pinned_by"], self.marketer.name)
        self.assertEqual(pinned["pin_reason"], "Told me so")
        self.assertEqual(pinned["pinned_until"], day("2025-12-31"))

    def test_who_may_pin_is_offered_it(self):
        offered = [action["name"] for action in self.view("who")["actions"]]
        self.assertEqual(offered, ["action_hand_over", "action_pin"])
        reader = self.person(WITHOUT_HELPDESK)
        self.assertEqual(self.view("who", reader)["actions"], [])
        seller = self.make_user("salesperson")
        action = self.as_user(self.customer_, seller).action_pin()
        self.assertEqual(action["res_model"], "subscription.segment.pin")
        segment = self.make_segment("Star")
        Pin = self.env["subscription.segment.pin"].with_user(seller)
        Pin = Pin.with_context(**action["context"])
        Pin.create({"segment_id": segment.id, "reason": "Told me so"}).action_confirm()
        (row,) = self.view("who", seller)["segments"]
        self.assertEqual(
            (row["name"], row["kind"], row["pin_reason"], row["pinned_by"]),
            ("Star", "pinned_in", "Told me so", seller.name),
        )

    def test_money_adds_up_to_mrr_and_what_is_overdue(self):
        self.book(self.subscription, ("2024-03-15", "change", 25))
        self.customer_.mrr = 25
        paid = self.invoice("2025-04-01", 40)
        self.pay(paid, "2025-04-05")
        self.invoice("2025-05-01", 60)
        self.invoice("2025-06-30", 70)
        self.invoice("2025-06-01", 1000, post=False)
        money = self.view("money")
        self.assertEqual(money["mrr"], 25)
        months = {row["month"]: row for row in money["months"]}
        self.assertEqual(len(months), 18)
        self.assertEqual(months[day("2024-01-01")]["new"], 10)
        self.assertEqual(months[day("2024-03-01")]["expansion"], 15)
        self.assertEqual(money["months"][-1]["mrr"], 25)
        invoices = money["invoices"]
        self.assertEqual(invoices["count"], 3)
        self.assertEqual([row["amount"] for row in invoices["rows"]], [70, 60, 40])
        # What is due today is not overdue yet.
        self.assertEqual(
            [row["is_overdue"] for row in invoices["rows"]], [False, True, False]
        )
        self.assertEqual(invoices["overdue"], 60)
        self.assertEqual(invoices["overdue_count"], 1)
        self.assertEqual(invoices["overdue_since"], day("2025-05-01"))

    def test_money_begins_with_what_was_before_the_chart(self):
        old = self.subscribe(self.make_partner("Old"), 30, "2015-01-15")
        months = self.view("money", customer=old.customer_id)["months"]
        self.assertEqual(len(months), 24)
        self.assertEqual({row["mrr"] for row in months}, {30})

    def test_risk_tells_scores_reasons_and_what_changed(self):
        self.keep("2025-04-02", "low", 10, churn_reasons=[["nps", 3, 2]])
        self.keep("2025-05-02", "medium", 40, churn_reasons=[["nps", 3, 2]])
        self.subscription.write(
            {
                "churn_state": "scored",
                "churn_score": 72.5,
                "churn_risk": "high",
                "churn_risk_scored": "high",
                "churn_scored_by": "scorecard",
                "churn_reasons": [["overdue_days", 20, 34], ["tenure_months", -4, 17]],
                "scored_on": "2025-06-30",
            }
        )
        self.customer_.write({"churn_risk": "high", "churn_score": 72.5})
        risk = self.view("risk")
        self.assertEqual((risk["score"], risk["risk"]), (72.5, "high"))
        self.assertFalse(risk["is_probability"])
        self.assertEqual(risk["limits"], [30, 60])
        self.assertEqual(
            [(row["date"], row["score"]) for row in risk["history"]],
            [(day("2025-04-02"), 10), (day("2025-05-02"), 40)],
        )
        (told,) = risk["subscriptions"]
        self.assertEqual([row["signal"] for row in told["raise"]], ["overdue_days"])
        self.assertEqual([row["signal"] for row in told["lower"]], ["tenure_months"])
        self.assertEqual(told["came"], ["Overdue for 34 days"])
        self.assertEqual(told["went"], ["NPS answer: 2 of 10"])

    def test_risk_that_differs_from_the_score_is_explained(self):
        """Whose risk counts, who has set it, and why it stays."""

        def scored(subscription, score, risk, **values):
            subscription.write(
                {
                    "churn_state": "scored",
                    "churn_scored_by": "scorecard",
                    "churn_score": score,
                    "churn_risk": risk,
                    "churn_risk_scored": risk,
                    **values,
                }
            )

        def note(score, risk):
            self.customer_.write({"churn_score": score, "churn_risk": risk})
            return self.view("risk")["note"]

        self.assertIsNone(note(0, False))
        scored(self.subscription, 72.5, "high")
        self.assertIsNone(note(72.5, "high"))
        scored(self.subscription, 55, "high")
        self.assertIn("stays until the score", note(55, "high"))
        other = self.subscribe(self.partner, 1000)
        scored(self.subscription, 72.5, "high")
        scored(other, 10, "low")
        told = note(11, "high")
        self.assertIn(f"that of {self.subscription.name}; the score", told)
        self.assertNotIn(other.name, told)
        self.assertIn("follows with the next refresh", note(11, "medium"))
        by_hand = {
            "churn_risk_override": "high",
            "churn_risk_override_reason": "They told me",
            "churn_risk_override_until": self.company._subscription_today(),
            "churn_risk_override_user_id": self.env.uid,
        }
        scored(self.subscription, 20, "high", **by_hand)
        told = note(11, "high")
        self.assertIn(f"that of {self.subscription.name}", told)
        self.assertIn(f"has set the risk of {self.subscription.name} by hand", told)
        self.assertIn(self.env.user.name, told)

    def test_risk_is_the_mean_by_mrr_of_the_same_way_of_scoring(self):
        other = self.subscribe(self.partner, 30)
        self.keep("2025-04-02", "low", 5, churn_scored_by="model")
        self.keep("2025-05-02", "low", 20)
        self.keep("2025-05-20", "medium", 40, mrr_company=10)
        self.keep("2025-05-02", "medium", 80, other, mrr_company=30)
        risk = self.view("risk")
        self.assertEqual(
            [(row["date"], row["score"]) for row in risk["history"]],
            [(day("2025-05-20"), 70)],
        )

    def test_use_counts_weeks_and_features(self):
        login = self.make_feature("Login", kind="login")
        chat = self.make_feature("Chat", is_key=True)
        for date, feature, count in (
            ("2025-06-30", login, 3),
            ("2025-06-26", login, 2),
            ("2025-06-24", chat, 5),
            ("2025-05-20", chat, 20),
            ("2024-01-20", chat, 7),
        ):
            self.use(feature, date, count)
        use = self.view("use")
        self.assertEqual(len(use["weeks"]), 24)
        self.assertEqual(
            [
                (row["logins"], row["features"], row["uses"])
                for row in use["weeks"][-2:]
            ],
            [(2, 1, 5), (3, 0, 0)],
        )
        first = use["features"]["rows"][0]
        self.assertEqual(
            (first["name"], first["uses"], first["uses_before"], first["last"]),
            ("Chat", 5, 20, day("2025-06-24")),
        )
        self.assertEqual(use["features"]["count"], 2)

    def test_support_counts_tickets_and_satisfaction(self):
        old = self.ticket("2025-01-10 10:00:00", stage_id=self.done.id)
        self.rate(old, "2025-01-12", 2)
        recent = self.ticket("2025-06-10 10:00:00", partner=self.contact)
        self.rate(recent, "2025-06-12", 5)
        self.ticket("2025-06-11 10:00:00", partner=self.make_partner("Other"))
        support = self.view("support")
        self.assertEqual(
            (support["count"], support["open"], support["recent"]), (2, 1, 1)
        )
        self.assertEqual([row["id"] for row in support["rows"]], [recent.id, old.id])
        self.assertEqual(support["satisfaction"], {"count": 2, "mean": 3.5, "last": 5})

    def test_talk_tells_mails_meetings_and_nps(self):
        self.write_message("2025-06-01 10:00:00", subject="Please call")
        self.meet("2025-06-20 10:00:00")
        self.meet("2025-07-20 10:00:00")
        self.env["subscription.nps"].create(
            {
                "partner_id": self.contact.id,
                "company_id": self.company.id,
                "date": "2025-06-15",
                "score": 9,
                "note": "Fine",
            }
        )
        talk = self.view("talk")
        (mail,) = talk["mails"]["rows"]
        self.assertEqual((mail["text"], mail["is_theirs"]), ("Please call", True))
        self.assertEqual(
            [row["is_ahead"] for row in talk["meetings"]["rows"]], [True, False]
        )
        (answer,) = talk["nps"]["rows"]
        self.assertEqual((answer["score"], answer["note"]), (9, "Fine"))

    def test_talk_hides_what_may_not_be_read(self):
        """A message on a record that is not the user's; a note of her colleagues."""
        lead = self.env["crm.lead"].create(
            {
                "name": "Secret",
                "partner_id": self.partner.id,
                "company_id": self.company.id,
                "user_id": self.marketer.id,
            }
        )
        lead.message_post(
            body="Secret",
            author_id=self.marketer.partner_id.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.partner.message_post(body="Among us", message_type="comment")
        self.write_message("2025-06-01 10:00:00")
        agent = self.make_user("agent")
        texts = [row["text"] for row in self.view("talk", agent)["mails"]["rows"]]
        self.assertEqual(texts, ["Hello"])
        self.assertNotIn("Secret", str(self.events(agent)))
        everybody = self.view("talk")["mails"]["rows"]
        self.assertEqual({row["text"] for row in everybody}, {"Hello", "Secret"})

    def test_private_meetings_are_busy(self):
        event = self.meet("2025-06-20 10:00:00")
        event.name = "Salary"
        self.marketer.sudo().res_users_settings_id.calendar_default_privacy = "private"
        talk = self.view("talk")
        self.assertNotIn("Salary", str([talk, self.events()]))
        event.privacy = "private"
        self.assertNotIn("Salary", str([self.view("talk"), self.events()]))

    def test_next_tells_renewal_notice_and_activities(self):
        self.customer_.next_renewal_date = "2025-07-15"
        self.subscription.next_renewal_date = "2025-07-15"
        self.env["subscription.notice"].create(
            {
                "subscription_id": self.subscription.id,
                "date": "2025-06-20",
                "end_date": "2025-07-31",
            }
        )
        viewer = self.person(EVERYTHING)
        todo = "mail.mail_activity_data_todo"
        self.customer_.activity_schedule(
            todo, summary="Call", date_deadline=day("2025-07-01"), user_id=viewer.id
        )
        other = self.subscribe(self.make_partner("Other"), 10)
        other.activity_schedule(todo, summary="Not this", user_id=viewer.id)
        coming = self.view("next", viewer)
        self.assertEqual((coming["renewal"], coming["days"]), (day("2025-07-15"), 15))
        (running,) = coming["subscriptions"]["rows"]
        self.assertEqual(running["notice_end_date"], day("2025-07-31"))
        self.assertEqual(running["given_by"], "Customer")
        summaries = [row["summary"] for row in coming["activities"]]
        self.assertEqual(summaries[0], "Call")
        self.assertEqual(len(summaries), 2)  # and the to-do of the notice
        self.assertEqual(coming["subscriptions"]["count"], 1)

    def test_next_tells_activities_behind_those_that_may_not_be_read(self):
        viewer = self.make_user("user", login="viewer")
        todo = "mail.mail_activity_data_todo"
        lead = self.env["crm.lead"].create(
            {
                "name": "Hidden",
                "partner_id": self.partner.id,
                "company_id": self.company.id,
            }
        )
        for _number in range(21):
            lead.activity_schedule(todo, date_deadline=day("2025-06-01"))
        self.customer_.activity_schedule(
            todo, summary="Call", date_deadline=day("2025-07-01")
        )
        activities = self.view("next", viewer)["activities"]
        self.assertEqual([row["summary"] for row in activities], ["Call"])

    # --- time line --------------------------------------------------------------------

    def test_time_line_tells_events_of_all_blocks(self):
        self.book(
            self.subscription,
            ("2024-03-15", "change", 25),
            ("2025-06-25", "end", None),
        )
        paid = self.invoice("2025-04-01", 40)
        self.pay(paid, "2025-04-05")
        self.invoice("2025-05-01", 60)
        ticket = self.ticket("2025-06-10 10:00:00", name="Broken")
        ticket.stage_id = self.done
        self.date(ticket, "2025-06-12 10:00:00", "closed_date")
        self.write_message("2025-06-01 10:00:00", subject="Please call")
        self.meet("2025-06-20 10:00:00")
        self.meet("2025-07-20 10:00:00")
        self.env["subscription.nps"].create(
            {
                "partner_id": self.contact.id,
                "company_id": self.company.id,
                "date": "2025-06-15",
                "score": 9,
            }
        )
        self.put_in(self.make_segment("Star"), "2025-02-01", date_to="2025-03-01")
        self.keep("2025-01-02", "low", 10)
        self.keep("2025-02-02", "low", 12)
        self.keep("2025-03-02", "high", 70)
        name = self.subscription.name
        self.assertEqual(
            self.events(),
            [
                ("2025-06-25", "movement", f"{name} ended"),
                ("2025-06-20", "meeting", "Meeting: Review"),
                ("2025-06-15", "nps", f"{self.contact.name} answers 9"),
                (
                    "2025-06-12",
                    "ticket_closed",
                    f"Ticket closed: {ticket.number} Broken",
                ),
                (
                    "2025-06-10",
                    "ticket_opened",
                    f"Ticket opened: {ticket.number} Broken",
                ),
                ("2025-06-01", "mail", f"{self.contact.name}: Please call"),
                ("2025-05-02", "invoice_overdue", "INV/2025/00002 overdue"),
                ("2025-05-01", "out_invoice", "Invoice INV/2025/00002"),
                ("2025-04-05", "invoice_paid", "INV/2025/00001 paid"),
                # Due at once, paid four days later.
                ("2025-04-02", "invoice_overdue", "INV/2025/00001 overdue"),
                ("2025-04-01", "out_invoice", "Invoice INV/2025/00001"),
                (
                    "2025-03-02",
                    "risk",
                    f"{name}: churn risk from Low to High",
                ),
                ("2025-03-01", "segment_left", "Left Star"),
                ("2025-02-01", "segment_automatic", "Entered Star"),
                ("2024-03-15", "movement", f"Price of {name} changed"),
                ("2024-01-15", "movement", f"{name} started"),
            ],
        )

    def test_time_line_tells_plan_and_notice(self):
        self.tell(
            self.subscription, "2025-05-05", template_id=self.make_plan("Large").id
        )
        notice = self.env["subscription.notice"].create(
            {
                "subscription_id": self.subscription.id,
                "date": "2025-06-20",
                "end_date": "2025-07-31",
            }
        )
        notice.action_withdraw()
        name = self.subscription.name
        texts = [text for _day, _kind, text in self.events()]
        self.assertIn(f"{name} changed to Large", texts)
        self.assertIn(f"Notice of {name} withdrawn", texts)
        self.assertTrue([text for text in texts if text.startswith("Notice of")])

    def test_time_line_goes_by_the_clock_of_the_company(self):
        self.company.partner_id.tz = "Pacific/Auckland"
        self.ticket("2025-06-29 13:00:00")
        self.assertEqual(self.events()[0][0], "2025-06-30")

    def test_pages_of_the_time_line_hold_each_event_once(self):
        segment = self.make_segment("Star")
        for number in range(45):
            # Many on the same day, which the pages must not mix up.
            date = day("2025-01-01") + timedelta(days=number % 3)
            self.put_in(segment, date, date_to="2025-03-01")
        pages, cursor = [], None
        viewer = self.person(EVERYTHING)
        while not pages or cursor:
            page = self.view("events", viewer, cursor=cursor)
            pages.append(page["rows"])
            cursor = page["cursor"]
        self.assertEqual([len(rows) for rows in pages], [20, 20, 20, 20, 11])
        keys = [(row["kind"], row["id"]) for rows in pages for row in rows]
        self.assertEqual(len(set(keys)), 91)
        days = [row["day"] for rows in pages for row in rows]
        self.assertEqual(days, sorted(days, reverse=True))

    # --- to whom ----------------------------------------------------------------------

    def test_customer_without_anything(self):
        partner = self.make_partner("Empty")
        empty = self.env["subscription.customer"]._ensure(partner, self.company)
        blocks = {block: self.view(block, customer=empty) for block in BLOCKS}
        self.assertEqual(blocks["who"]["segments"], [])
        self.assertEqual(blocks["money"]["months"], [])
        self.assertEqual(blocks["money"]["invoices"]["count"], 0)
        self.assertEqual(blocks["risk"]["history"], [])
        self.assertIsNone(blocks["risk"]["score"])
        self.assertEqual(blocks["use"]["features"]["count"], 0)
        self.assertEqual(blocks["support"]["count"], 0)
        self.assertFalse(blocks["support"]["satisfaction"])
        self.assertEqual(blocks["talk"]["mails"]["rows"], [])
        self.assertFalse(blocks["next"]["renewal"])
        self.assertEqual(blocks["events"], {"rows": [], "cursor": None})

    def test_who_has_no_accounting_sees_no_invoices(self):
        self.invoice("2025-05-01", 60)
        self.ticket("2025-06-10 10:00:00")
        user = self.person(WITHOUT_ACCOUNTING)
        money = self.view("money", user)
        self.assertIsNone(money["invoices"])
        self.assertTrue(money["months"])
        kinds = {kind for _day, kind, _text in self.events(user)}
        self.assertEqual(kinds, {"movement", "ticket_opened"})

    def test_who_has_no_helpdesk_sees_no_tickets(self):
        self.invoice("2025-05-01", 60)
        self.ticket("2025-06-10 10:00:00")
        user = self.person(WITHOUT_HELPDESK)
        self.assertIsNone(self.view("support", user))
        kinds = {kind for _day, kind, _text in self.events(user)}
        self.assertEqual(kinds, {"movement", "out_invoice", "invoice_overdue"})

    def test_rules_of_records_hold(self):
        """Agents see their own tickets, salespeople their own invoices."""
        agent, seller = self.make_user("agent"), self.make_user("salesperson")
        own = self.ticket("2025-06-10 10:00:00", user_id=agent.id)
        rated = self.ticket("2025-06-11 10:00:00", user_id=self.marketer.id)
        self.rate(rated, "2025-06-12", 1)
        support = self.view("support", agent)
        self.assertEqual([row["id"] for row in support["rows"]], [own.id])
        self.assertEqual(support["count"], 1)
        self.assertTrue(support["is_limited"])
        self.assertFalse(support["satisfaction"])
        self.assertNotIn(rated.number, str(self.events(agent)))
        mine = self.invoice("2025-05-01", 60, invoice_user_id=seller.id)
        other = self.invoice("2025-05-02", 70, invoice_user_id=self.marketer.id)
        invoices = self.view("money", seller)["invoices"]
        self.assertEqual([row["id"] for row in invoices["rows"]], [mine.id])
        self.assertEqual((invoices["count"], invoices["overdue"]), (1, 60))
        self.assertTrue(invoices["is_limited"])
        self.assertNotIn(other.name, str(self.events(seller)))

    def test_user_of_another_company_sees_nothing(self):
        other = self.make_company("Other")
        user = self.person(EVERYTHING, other)
        for block in BLOCKS:
            with self.subTest(block), self.assertRaises(AccessError):
                self.view(block, user)
        for block in BLOCKS:
            with self.subTest(block), self.assertRaises(AccessError):
                self.view(block, self.make_user("internal", login=block))

    def test_blocks_are_of_the_company_of_the_customer(self):
        """A partner shared by two companies, and a user of both."""
        other = self.make_company("Other")
        self.set_up_accounts(other)
        there = self.subscribe(self.partner, 500, company=other)
        stranger = self.person("base.group_user", other)
        self.ticket("2025-06-10 10:00:00", company=other)
        self.meet("2025-06-20 10:00:00", user=stranger)
        self.write_message("2025-06-01 10:00:00", record_company_id=other.id)
        self.env["subscription.nps"].create(
            {
                "partner_id": self.contact.id,
                "company_id": other.id,
                "date": "2025-06-15",
                "score": 1,
            }
        )
        user = self.person(EVERYTHING, self.company | other)
        here = {block: self.view(block, user) for block in BLOCKS}
        self.assertEqual(here["support"]["count"], 0)
        self.assertEqual(here["talk"]["meetings"]["count"], 0)
        self.assertEqual(here["talk"]["mails"]["rows"], [])
        self.assertEqual(here["talk"]["nps"]["count"], 0)
        self.assertEqual([row["kind"] for row in here["events"]["rows"]], ["movement"])
        self.assertEqual(here["money"]["months"][-1]["mrr"], 10)
        there_ = {block: self.view(block, user, there.customer_id) for block in BLOCKS}
        self.assertEqual(there_["support"]["count"], 1)
        self.assertEqual(there_["talk"]["meetings"]["count"], 1)
        self.assertEqual(there_["money"]["months"][-1]["mrr"], 500)

    def test_block_must_exist(self):
        for block in ("contacts", "_search", ""):
            with self.subTest(block), self.assertRaises(UserError):
                self.view(block)

    # --- what it costs ----------------------------------------------------------------

    def test_all_blocks_take_few_queries_and_no_more_for_ten_times_the_data(self):
        viewer = self.person(EVERYTHING)
        self.fill()
        few = self.count_queries(viewer)
        self.multiply(10)
        many = self.count_queries(viewer)
        self.assertEqual(self.view("money", viewer)["invoices"]["count"], 500)
        self.assertEqual(self.view("support", viewer)["count"], 200)
        self.assertLessEqual(sum(few.values()), 40, few)
        self.assertEqual(many, few)

    def count_queries(self, user):
        """Return ``{block: queries}`` of a call each, caches of records empty.

        Nothing may be written: Odoo gives the method a cursor that cannot.
        """
        counts = {}
        # Odoo's client always says in which language.
        customer = self.as_user(self.customer_, user).with_context(lang="en_US")
        for _warm in range(2):
            for block in BLOCKS:
                self.env.flush_all()
                self.env.invalidate_all()
                with self.env.cr.savepoint() as savepoint:
                    self.env.cr.execute("SET TRANSACTION READ ONLY")
                    before = self.env.cr.sql_log_count
                    customer.customer_view(block)
                    counts[block] = self.env.cr.sql_log_count - before
                    savepoint.rollback()
        return counts

    def fill(self):
        """Have 50 invoices, 20 tickets, 16 weeks of use and something of the rest."""
        self.invoice("2025-05-01", 60)
        self.copy_invoices(49)
        ticket = self.ticket("2025-06-10 10:00:00")
        self.rate(ticket, "2025-06-12", 4)
        self.copy_rows(ticket, 19, "number")
        self.write_message("2025-06-01 10:00:00", subject="Please call")
        self.meet("2025-06-20 10:00:00")
        self.put_in(self.make_segment("Star"))
        self.keep("2025-05-02", "low", 40, churn_reasons=[["nps", 3, 2]])
        self.keep("2025-06-02", "high", 70)
        product = self.get_product()
        self.subscription.write(
            {
                "churn_state": "scored",
                "churn_score": 72.5,
                "churn_risk": "high",
                "churn_scored_by": "scorecard",
                "churn_reasons": [
                    [f"product_{product.id}", 20, 1],
                    ["overdue_days", 10, 34],
                ],
                "scored_on": "2025-06-30",
            }
        )
        self.env["subscription.nps"].create(
            {
                "partner_id": self.contact.id,
                "company_id": self.company.id,
                "date": "2025-06-15",
                "score": 9,
            }
        )
        self.customer_.activity_schedule(
            "mail.mail_activity_data_todo",
            summary="Call",
            user_id=self.marketer.id,
        )
        self.customer_.account_manager_id = self.marketer
        self.features = [self.make_feature(f"Feature {n}") for n in range(3)]
        self.report_use(112)

    def multiply(self, factor):
        self.copy_invoices(50 * (factor - 1))
        ticket = self.env["helpdesk.ticket"].search(
            [("subscription_customer_id", "=", self.customer_.id)], limit=1
        )
        self.copy_rows(ticket, 20 * (factor - 1), "number")
        self.features += [self.make_feature(f"More {n}") for n in range(27)]
        self.report_use(3 * 365)
        message = self.env["mail.message"].search([("subject", "=", "Please call")])
        self.copy_rows(message, factor - 1, "message_id")
        for number in range(factor - 1):
            self.make_partner(f"Contact {number}", parent=self.partner)
            self.meet(f"2025-06-{number + 1:02} 10:00:00")
            self.put_in(self.make_segment(f"Star {number}"))
            other = self.subscribe(self.partner, 10)
            other.write(
                {
                    "churn_state": "scored",
                    "churn_score": 50,
                    "churn_risk": "medium",
                    "churn_scored_by": "scorecard",
                    "churn_reasons": [["nps", 3, 2]],
                    "scored_on": "2025-06-30",
                }
            )
            self.keep("2025-05-02", "low", 40, other)
            self.keep("2025-06-02", "high", 40, other)

    def report_use(self, days):
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO subscription_usage (
                    subscription_id, feature_id, company_id, date, known_on, count,
                    is_month, day_bits
                )
                SELECT %s, feature, %s, '2025-06-30'::date - day,
                       '2025-06-30'::date - day, 3, FALSE, 1
                  FROM UNNEST(%s) AS feature, GENERATE_SERIES(0, %s) AS day
           ON CONFLICT DO NOTHING
                """,
                self.subscription.id,
                self.company.id,
                [feature.id for feature in self.features],
                days - 1,
            )
        )

    def copy_rows(self, record, number, unique, **replaced):
        """Copy the row of a record so often, quicker than Odoo would; return ids."""
        self.env.flush_all()
        columns = [
            name
            for name, field in record._fields.items()
            if field.store and field.column_type and name != "id"
        ]
        values = [
            SQL("CONCAT('copy ', own.id, ' ', nextval('res_partner_id_seq'))")
            if name == unique
            else replaced.get(name, SQL.identifier("own", name))
            for name in columns
        ]
        self.env.cr.execute(
            SQL(
                "INSERT INTO %s (%s) SELECT %s FROM %s AS own, GENERATE_SERIES(1, %s)"
                " WHERE own.id = %s RETURNING id",
                SQL.identifier(record._table),
                SQL(", ").join(map(SQL.identifier, columns)),
                SQL(", ").join(values),
                SQL.identifier(record._table),
                number,
                record.id,
            )
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        self.env.invalidate_all()
        return ids

    def copy_invoices(self, number):
        invoice = self.env["account.move"].search(
            [("partner_id", "=", self.partner.id)], order="id", limit=1
        )
        ids = self.copy_rows(invoice, number, "name")
        for line in invoice.line_ids:
            for move in ids:
                self.copy_rows(line, 1, None, move_id=SQL("%s", move))
