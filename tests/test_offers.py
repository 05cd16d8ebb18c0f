# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Discounts for some periods, as subscription_oca bills them (DESIGN.md, Traps)."""

from freezegun import freeze_time
from psycopg2.errors import CheckViolation, UniqueViolation

from odoo.exceptions import UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import day
from .offers import MODES, TODAY, OfferCase, on


@tagged("post_install", "-at_install")
@freeze_time(f"{TODAY} 12:00:00")
class TestOfferBilling(OfferCase):
    def test_three_invoices_carry_it_and_the_fourth_does_not(self):
        for mode in MODES:
            with self.subTest(mode):
                sub = self.start(mode=mode)
                grant = self.grant(self.make_offer(), sub)
                self.bill(TODAY, "2025-04-10", "2025-05-10")
                self.assertEqual(grant.state, "used")
                self.bill("2025-06-10", "2025-07-10")
                self.assertBilled(sub, 80, 80, 80, 100, 100)
                self.assertEqual(sub.sale_subscription_line_ids.price_subtotal, 100)
                self.assertEqual(sub.sale_subscription_line_ids.discount, 0)
                self.assertEqual(
                    grant.use_ids.sorted("period_start").mapped("period_start"),
                    [day("2025-03-10"), day("2025-04-10"), day("2025-05-10")],
                )
                self.assertEqual(grant.use_ids.mapped("amount"), [20, 20, 20])
                with on("2025-07-10"):
                    self.assertAddsUp(sub, 100, 100)
                self.assertEqual(
                    self.booked(sub),
                    [
                        ("2025-03-10", 100, 100),
                        ("2025-03-10", 0, -20),
                        ("2025-06-10", 0, 20),
                    ],
                )

    def test_with_the_scheduler_down_on_the_day(self):
        """What was missed is billed later, a period a run; each is used once."""
        for mode in MODES:
            with self.subTest(mode):
                sub = self.start(mode=mode)
                self.bill(TODAY)
                self.grant(self.make_offer(), sub)
                self.refresh("2025-04-11")
                with on("2025-04-11"):
                    self.assertAddsUp(sub, 100, 80)
                self.bill("2025-06-20", "2025-06-21", "2025-06-22")
                self.assertBilled(sub, 100, 80, 80, 80)
                self.assertEqual(
                    {use.period_start for use in sub.offer_grant_ids.use_ids},
                    {day("2025-04-10"), day("2025-05-10"), day("2025-06-10")},
                )
                with on("2025-06-22"):
                    self.assertAddsUp(sub, 100, 80)
                self.bill("2025-07-10")
                self.assertBilled(sub, 100, 80, 80, 80, 100)
                with on("2025-07-10"):
                    self.assertAddsUp(sub, 100, 100)

    def test_with_a_pause_in_between(self):
        """Resuming bills what was paused: subscription_oca leaves the next date."""
        for mode in MODES:
            with self.subTest(mode):
                sub = self.start(mode=mode)
                self.grant(self.make_offer(), sub)
                self.bill(TODAY)
                with on("2025-03-20"):
                    sub.action_pause()
                    self.assertAddsUp(sub, 100, 0)
                self.bill("2025-04-10", "2025-05-10")
                self.assertBilled(sub, 80)
                with on("2025-06-15"):
                    sub.action_resume()
                self.bill("2025-06-15", "2025-06-16", "2025-06-17", "2025-06-18")
                self.assertBilled(sub, 80, 80, 80, 100)
                with on("2025-06-18"):
                    self.assertAddsUp(sub, 100, 100)

    def test_with_a_pause_that_is_an_offer_in_between(self):
        sub = self.start()
        self.grant(self.make_offer(), sub)
        self.bill(TODAY)
        with on("2025-03-20"):
            self.grant(self.make_offer(kind="pause", pause_months=2), sub)
        self.bill("2025-04-10", "2025-05-20", "2025-05-21")
        with on("2025-05-21"):
            # The period that was billed before lasts longer by the pause.
            self.assertAddsUp(sub, 100, 80)
        self.bill("2025-06-10", "2025-07-10", "2025-08-10")
        self.assertBilled(sub, 80, 80, 80, 100)

    def test_ledger_follows_by_itself_where_nothing_is_billed(self):
        """The last period ends on its day, whether the next one is billed or not."""
        sub = self.start()
        self.grant(self.make_offer(period_count=1), sub)
        self.assertAddsUp(sub, 100, 80)
        self.bill(TODAY)
        self.refresh("2025-04-09")
        self.refresh("2025-04-10")
        with on("2025-04-10"):
            self.assertAddsUp(sub, 100, 100)
        self.assertEqual(self.booked(sub)[-1], ("2025-04-10", 0, 20))
        self.assertEqual(sub.movement_ids[:1].kind, "neutral")

    def test_discount_before_its_first_period(self):
        """It changes nothing before the first period that carries it."""
        sub = self.start()
        self.bill(TODAY)
        grant = self.grant(self.make_offer(), sub)
        self.assertEqual((grant.starts_on, grant.state), (day("2025-04-10"), "granted"))
        self.assertAddsUp(sub, 100, 100)

    def test_discount_on_lines_with_a_discount(self):
        for mode in MODES:
            with self.subTest(mode):
                sub = self.start(mode=mode)
                line = sub.sale_subscription_line_ids
                line.discount = 10
                line.copy({"discount": 50})
                self.grant(self.make_offer(), sub)
                self.bill(TODAY)
                lines = self.invoices(sub).invoice_line_ids
                self.assertEqual(sorted(lines.mapped("discount")), [28, 60])
                self.assertBilled(sub, 112)
                self.assertAddsUp(sub, 140, 112)

    def test_other_subscriptions_are_billed_as_ever(self):
        sub, other = self.start(), self.start()
        self.grant(self.make_offer(), sub)
        self.bill(TODAY)
        self.assertBilled(sub, 80)
        self.assertBilled(other, 100)

    def test_invoice_by_hand(self):
        sub = self.start()
        self.grant(self.make_offer(period_count=1), sub)
        sub.manual_invoice()
        sub.manual_invoice()
        self.assertBilled(sub, 80, 100)

    # --- what is undone ---------------------------------------------------------------

    def test_period_billed_again_is_used_once(self):
        """After a fault of somebody else the same period may be billed twice."""
        sub = self.start()
        grant = self.grant(self.make_offer(), sub)
        sub.create_invoice()
        self.bill(TODAY)
        self.assertBilled(sub, 80, 80)
        self.assertEqual((grant.use_count, grant.state), (1, "active"))

    def test_invoice_that_is_undone_gives_the_period_back(self):
        def cancel(invoice):
            invoice.button_draft()
            invoice.button_cancel()

        def delete(invoice):
            invoice.button_draft()
            invoice.with_context(force_delete=True).unlink()

        def credit(invoice):
            self.refund(invoice, TODAY)

        for undo in (cancel, delete, credit):
            with self.subTest(undo.__name__):
                sub = self.start()
                grant = self.grant(self.make_offer(period_count=2), sub)
                self.bill(TODAY, "2025-04-10")
                self.assertEqual(grant.state, "used")
                undo(self.invoices(sub)[:1])
                self.refresh("2025-04-11")
                self.assertEqual((grant.use_count, grant.state), (1, "active"))
                self.bill("2025-05-10", "2025-06-10")
                self.assertEqual(grant.state, "used")
                amounts = self.invoices(sub).mapped("amount_untaxed")
                self.assertEqual(amounts[-3:], [80, 80, 100])

    def test_credit_of_a_paid_invoice_gives_the_period_back(self):
        """Odoo does not call it *reversed*, nor one that came to nothing."""
        for mode in MODES:
            for discount in (20, 100):
                with self.subTest(mode=mode, discount=discount):
                    sub = self.start(mode=mode)
                    offer = self.make_offer(period_count=2, discount=discount)
                    grant = self.grant(offer, sub)
                    self.bill(TODAY, "2025-04-10")
                    self.assertEqual(grant.state, "used")
                    first = self.invoices(sub)[:1]
                    if discount < 100:
                        self.pay(first, TODAY)
                    self.refund(first, TODAY)
                    self.assertEqual(first.payment_state, "paid")
                    self.refresh("2025-04-11")
                    self.assertEqual((grant.use_count, grant.state), (1, "active"))
                    self.bill("2025-05-10", "2025-06-10")
                    invoices = self.invoices(sub).filtered(
                        lambda move: move.move_type == "out_invoice"
                    )
                    amounts = invoices.mapped("amount_untaxed")
                    self.assertEqual(amounts[-2:], [100 - discount, 100])

    def test_invoice_that_is_replaced_gives_its_period_once(self):
        """Also where it is replaced by who may not see offers."""
        biller = new_test_user(self.env, "biller", "account.group_account_invoice")
        for mode in MODES:
            with self.subTest(mode):
                sub = self.start(mode=mode)
                grant = self.grant(self.make_offer(period_count=2), sub)
                self.bill(TODAY)
                old = self.invoices(sub)
                Reversal = self.env["account.move.reversal"].with_user(biller)
                wizard = Reversal.create(
                    {
                        "move_ids": old.ids,
                        "date": TODAY,
                        "journal_id": old.journal_id.id,
                        "company_id": old.company_id.id,
                    }
                )
                wizard.modify_moves()
                new = self.invoices(sub) - old
                self.assertEqual((len(new), new.amount_untaxed), (1, 80))
                self.assertEqual(old.payment_state, "reversed")
                self.refresh(TODAY)
                self.assertEqual((grant.use_count, grant.state), (1, "active"))
                self.bill("2025-04-10", "2025-05-10")
                self.assertBilled(sub, 80, 80, 80, 100)
                with on("2025-05-10"):
                    self.assertAddsUp(sub, 100, 100)

    def test_replaced_invoices_keep_their_periods_apart(self):
        subs = self.start() | self.start()
        grants = self.grant(self.make_offer(), subs)
        self.bill(TODAY)
        invoices = self.invoices(subs)
        wizard = self.env["account.move.reversal"].create(
            {
                "move_ids": invoices.sorted("id", reverse=True).ids,
                "date": TODAY,
                "journal_id": invoices.journal_id.id,
                "company_id": self.company.id,
            }
        )
        wizard.modify_moves()
        for grant in grants:
            new = grant.use_ids.move_id
            self.assertEqual(new.subscription_id, grant.subscription_id)
            self.assertEqual(new.state, "draft")

    def test_period_given_back_and_given_again_is_not_given_a_third_time(self):
        sub = self.start()
        self.grant(self.make_offer(period_count=2), sub)
        self.bill(TODAY, "2025-04-10")
        first = self.invoices(sub)[0]
        first.button_draft()
        first.button_cancel()
        self.bill("2025-05-10")
        self.assertBilled(sub, 80, 80, 80)
        sub.recurring_next_date = TODAY
        self.assertEqual(sub.create_invoice().amount_untaxed, 100)

    def test_order_that_is_cancelled_gives_the_period_back(self):
        sub = self.start(mode="sale_and_invoice")
        grant = self.grant(self.make_offer(period_count=1), sub)
        self.bill(TODAY)
        self.assertEqual(grant.state, "used")
        self.refund(self.invoices(sub), TODAY)
        self.bill("2025-04-10", "2025-05-10")
        self.assertBilled(sub, 80, 80, 100)
        self.assertEqual(grant.use_count, 1)

    def test_revoked(self):
        for mode in MODES:
            with self.subTest(mode):
                sub = self.start(mode=mode)
                grant = self.grant(self.make_offer(), sub)
                self.bill(TODAY)
                grant.action_revoke()
                self.bill("2025-04-10")
                self.assertBilled(sub, 80, 100)
                with on("2025-04-10"):
                    self.assertAddsUp(sub, 100, 100)
                with self.assertRaises(UserError):
                    grant.action_revoke()

    def test_void_when_the_subscription_ends(self):
        sub = self.start()
        grant = self.grant(self.make_offer(), sub)
        self.bill(TODAY)
        sub.close_subscription()
        self.env.cr.flush()
        self.assertEqual(grant.state, "void")
        self.assertAddsUp(sub, 0, 0)

    # --- faults -----------------------------------------------------------------------

    def refuse(self, table):
        """Let the database refuse new rows of a table; return how to mend it."""
        self.env.flush_all()
        self.env.cr.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;"
            f" CREATE TRIGGER refuse BEFORE INSERT ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse();"
        )

        def mend():
            self.env.cr.execute(f"DROP TRIGGER refuse ON {table}")

        return mend

    def test_a_fault_neither_stops_billing_nor_is_silent(self):
        """The period costs the full price, is not used up, and somebody is told."""
        sub, other = self.start(), self.start()
        grant = self.grant(self.make_offer(period_count=1), sub)
        mend = self.refuse("subscription_offer_use")
        with (
            self.assertLogs("odoo.addons.subscription_segmentation", "ERROR"),
            self.assertLogs("odoo.sql_db", "ERROR"),
        ):
            self.bill(TODAY)
        mend()
        self.assertBilled(sub, 100)
        self.assertBilled(other, 100)
        self.assertEqual(sub.activity_ids.summary, "An offer could not be given")
        self.assertFalse(other.activity_ids)
        self.assertEqual(grant.state, "granted")
        self.bill("2025-04-10", "2025-05-10")
        self.assertBilled(sub, 100, 80, 100)


@tagged("post_install", "-at_install")
@freeze_time(f"{TODAY} 12:00:00")
class TestOfferKinds(OfferCase):
    # --- free product -----------------------------------------------------------------

    def test_free_product(self):
        gift = self.make_product("Gift", 7)
        offer = self.make_offer(
            kind="free_product", product_id=gift.id, quantity=2, period_count=2
        )
        for mode in MODES:
            with self.subTest(mode):
                sub = self.start(mode=mode)
                grant = self.grant(offer, sub)
                self.bill(TODAY, "2025-04-10", "2025-05-10")
                self.assertBilled(sub, 100, 100, 100)
                lines = self.invoices(sub).invoice_line_ids.filtered(
                    lambda line: line.product_id == gift
                )
                self.assertEqual(
                    [(line.quantity, line.price_unit, line.discount) for line in lines],
                    [(2, 7, 100), (2, 7, 100)],
                )
                self.assertEqual(grant.state, "used")
                self.assertEqual(grant.use_ids.mapped("amount"), [14, 14])
                self.assertEqual(len(sub.sale_subscription_line_ids), 1)
                self.assertAddsUp(sub, 100, 100)

    def test_free_product_beside_a_discount(self):
        sub = self.start()
        self.grant(self.make_offer(), sub)
        gift = self.make_offer(
            kind="free_product", product_id=self.product.id, period_count=1
        )
        self.grant(gift, sub)
        self.bill(TODAY, "2025-04-10")
        self.assertBilled(sub, 80, 80)
        self.assertEqual(
            [len(move.invoice_line_ids) for move in self.invoices(sub)], [2, 1]
        )

    def test_product_that_starts_a_subscription_is_not_given(self):
        self.product.subscribable = True
        with self.assertRaises(ValidationError):
            self.make_offer(kind="free_product", product_id=self.product.id)

    # --- pause ------------------------------------------------------------------------

    def test_pause(self):
        """Nothing is billed for it, and the next invoice comes as much later."""
        offer = self.make_offer(kind="pause", pause_months=2)
        for mode in MODES:
            with self.subTest(mode):
                sub = self.start(mode=mode)
                self.bill(TODAY)
                with on("2025-03-25"):
                    grant = self.grant(offer, sub)
                    self.assertEqual(
                        (sub.is_paused, sub.paused_until, sub.recurring_next_date),
                        (True, day("2025-05-25"), day("2025-06-10")),
                    )
                    self.assertAddsUp(sub, 100, 0)
                self.bill("2025-04-10", "2025-05-10", "2025-05-25")
                self.assertFalse(sub.is_paused)
                self.assertEqual(grant.state, "used")
                self.assertBilled(sub, 100)
                self.bill("2025-06-10", "2025-06-11")
                self.assertBilled(sub, 100, 100)
                with on("2025-06-11"):
                    self.assertAddsUp(sub, 100, 100)

    def test_pause_that_ends_before_its_time(self):
        """Only the days of the pause are free."""
        offer = self.make_offer(kind="pause", pause_months=2)
        for end in ("resume", "revoke"):
            with self.subTest(end):
                sub = self.start()
                self.bill(TODAY)
                with on("2025-03-25"):
                    grant = self.grant(offer, sub)
                with on("2025-04-05"):
                    if end == "resume":
                        sub.action_resume()
                    else:
                        grant.action_revoke()
                self.assertFalse(sub.is_paused)
                self.assertEqual(sub.recurring_next_date, day("2025-04-21"))
                self.assertEqual(grant.state, "used")

    def test_date_that_somebody_moved_stays(self):
        sub = self.start()
        self.bill(TODAY)
        self.grant(self.make_offer(kind="pause", pause_months=2), sub)
        sub.recurring_next_date = "2025-09-01"
        with on("2025-04-05"):
            sub.action_resume()
        self.assertEqual(sub.recurring_next_date, day("2025-09-01"))

    # --- plan switch ------------------------------------------------------------------

    def test_plan_switch(self):
        yearly = self.make_plan("Yearly", 1, "years", invoicing_mode="sale_and_invoice")
        product = self.make_product("Year", 960)
        offer = self.make_offer(
            kind="plan_switch", template_id=yearly.id, product_id=product.id
        )
        sub = self.start()
        self.bill(TODAY)
        grant = self.grant(offer, sub)
        self.assertAddsUp(sub, 100, 100)
        self.assertNotEqual(sub.template_id, yearly)
        self.bill("2025-04-10")
        self.assertEqual((sub.template_id, grant.state), (yearly, "used"))
        self.assertBilled(sub, 100, 960)
        self.assertEqual(sub.recurring_next_date, day("2026-04-10"))
        with on("2025-04-10"):
            self.assertAddsUp(sub, 80, 80)

    def test_plan_switch_taken_back(self):
        offer = self.make_offer(
            kind="plan_switch", template_id=self.plan.id, product_id=self.product.id
        )
        sub = self.start()
        grant = self.grant(offer, sub)
        grant.action_revoke()
        self.bill(TODAY)
        self.assertNotEqual(sub.template_id, self.plan)

    def test_plan_of_a_fixed_term(self):
        """Its term begins with the period that is switched."""
        plan = self.make_plan(
            "Fixed",
            invoicing_mode="invoice",
            recurring_rule_boundary="limited",
            recurring_rule_count=12,
        )
        offer = self.make_offer(
            kind="plan_switch", template_id=plan.id, product_id=self.product.id
        )
        sub = self.start()
        self.bill(TODAY)
        self.grant(offer, sub)
        self.bill("2025-04-10")
        self.assertEqual(sub.date, day("2026-04-10"))
        self.assertFalse(sub.recurring_rule_boundary)
        self.assertEqual(sub.stage_type, "in_progress")
        # And back to one without an end, which the scheduler does not stumble over.
        back = self.make_offer(
            kind="plan_switch",
            template_id=self.plan.id,
            product_id=self.product.id,
        )
        self.grant(back, sub)
        self.bill("2025-05-10")
        self.assertEqual(sub.template_id, self.plan)
        self.assertTrue(sub.recurring_rule_boundary)
        self.assertFalse(sub.date)
        self.bill("2025-06-10")

    # --- points -----------------------------------------------------------------------

    def test_points(self):
        program = self.make_program()
        offer = self.make_offer(kind="points", program_id=program.id, points=50)
        sub, second = self.start(), self.start()
        grants = self.grant(offer, sub | second)
        card = program.coupon_ids
        self.assertEqual((card.partner_id, card.points), (self.partner, 100))
        self.assertEqual(card.history_ids.mapped("issued"), [50, 50])
        self.assertEqual(grants.mapped("state"), ["used", "used"])
        self.assertEqual(grants.mapped("cost"), [5, 5])
        # What came first is spent first.
        card.points = 30
        with self.assertRaises(UserError):
            grants[0].action_revoke()
        grants[1].action_revoke()
        self.assertEqual((card.points, grants[1].state), (0, "revoked"))
        self.assertIn("50.00 points of the offer", self.chatter(second))
        self.assertIn("30.00 could be taken back", self.chatter(second))

    def test_points_that_were_earned_otherwise_stay(self):
        program = self.make_program()
        offer = self.make_offer(kind="points", program_id=program.id, points=50)
        card = self.env["loyalty.card"].create(
            {"program_id": program.id, "partner_id": self.partner.id, "points": 30}
        )
        sub, second = self.start(), self.start()
        first = self.grant(offer, sub)
        self.move_points(card, -60)
        self.move_points(card, 40)
        last = self.grant(offer, second)
        self.assertEqual(card.points, 110)
        last.action_revoke()
        self.assertEqual(card.points, 60)
        self.assertNotIn("could be taken back", self.chatter(second))
        first.action_revoke()
        self.assertEqual((card.points, first.state), (40, "revoked"))
        self.assertIn("20.00 could be taken back", self.chatter(sub))

    def test_points_are_taken_back_in_any_order(self):
        program = self.make_program()
        offer = self.make_offer(kind="points", program_id=program.id, points=50)
        grants = self.grant(offer, self.start() | self.start())
        card = program.coupon_ids
        self.move_points(card, 40)
        for grant, left in zip(grants, (90, 40), strict=True):
            grant.action_revoke()
            self.assertEqual(card.points, left)
        with self.subTest("the card is gone"):
            gone = self.grant(offer, self.start())
            card.unlink()
            with self.assertRaises(UserError):
                gone.action_revoke()

    def move_points(self, card, points):
        """Give points for something else, or spend them."""
        card.points += points
        self.env["loyalty.history"].create(
            {
                "card_id": card.id,
                "description": "Something else",
                "issued": max(points, 0),
                "used": max(-points, 0),
            }
        )

    def chatter(self, subscription):
        return " ".join(subscription.message_ids.mapped("body"))


@tagged("post_install", "-at_install")
@freeze_time(f"{TODAY} 12:00:00")
class TestOfferGranting(OfferCase):
    def assertRefused(self, offer, subscriptions, *reasons):
        """Check why each of the subscriptions is refused, without granting any."""
        refused = offer._refused(subscriptions)
        self.assertEqual([refused.get(sub) for sub in subscriptions], list(reasons))

    def other_partner(self, name="Other"):
        return self.make_partner(name, email=f"{name}@example.com")

    def test_once_for_a_key(self):
        sub, other = self.start(), self.start(partner=self.other_partner())
        offer = self.make_offer(yearly_cap=1, rest_days=365)
        grants = self.grant(offer, sub, key="delivery-1")
        again, refused = offer._grant(sub | other, key="delivery-1")
        self.assertFalse(refused)
        self.assertEqual(again.subscription_id, sub | other)
        self.assertEqual(again & grants, grants)
        grants._revoke()
        self.assertEqual(offer._grant(sub, key="delivery-1"), (grants, {}))
        self.assertEqual(grants.state, "revoked")

    def test_database_refuses_what_is_granted_twice(self):
        sub = self.start()
        grant = self.grant(self.make_offer(), sub, key="one")
        with mute_logger("odoo.sql_db"):
            for values in (
                {"state": "granted"},
                {"source_key": "one", "state": "void"},
            ):
                with (
                    self.subTest(values),
                    self.assertRaises(UniqueViolation),
                    self.cr.savepoint(),
                ):
                    grant.copy({"source_key": False, **values}).flush_recordset()
            self.bill(TODAY)
            with self.assertRaises(UniqueViolation), self.cr.savepoint():
                grant.use_ids.copy().flush_recordset()

    def test_one_open_offer_of_a_kind(self):
        sub = self.start()
        grant = self.grant(self.make_offer(), sub)
        other = self.make_offer(discount=50)
        self.assertRefused(other, sub, "offer_open")
        self.assertRefused(self.make_offer(kind="pause"), sub, None)
        grant._revoke()
        self.assertRefused(other, sub, None)

    def test_cap_of_a_year(self):
        """A customer counts with all of its subscriptions."""
        offer = self.make_offer(yearly_cap=2, period_count=1)
        sub, second, third = (self.start() for _each in range(3))
        self.assertRefused(offer, sub | second | third, None, None, "offer_cap")
        grants = self.grant(offer, sub | second)
        self.assertRefused(offer, third, "offer_cap")
        grants[0]._revoke()
        self.assertRefused(offer, third, None)
        self.grant(offer, third)
        self.bill(TODAY)
        with on("2026-03-09"):
            self.assertRefused(offer, sub, "offer_cap")
        with on("2026-03-11"):
            self.assertRefused(offer, sub, None)

    def test_not_to_those_who_had_any_offer_lately(self):
        sub, other = self.start(), self.start(partner=self.other_partner())
        self.grant(self.make_offer(kind="pause"), sub)
        offer = self.make_offer(rest_days=30)
        self.assertRefused(offer, sub | other, "offer_lately", None)
        with on("2025-04-08"):
            self.assertRefused(offer, sub, "offer_lately")
        with on("2025-04-09"):
            self.assertRefused(offer, sub, None)

    def test_what_was_used_before_it_was_taken_back_counts(self):
        sub = self.start()
        grant = self.grant(self.make_offer(), sub)
        self.bill(TODAY)
        grant._revoke()
        self.assertRefused(self.make_offer(rest_days=30), sub, "offer_lately")

    def test_points_that_were_spent_and_days_of_a_pause_count(self):
        program = self.make_program()
        offer = self.make_offer(kind="points", points=10, program_id=program.id)
        again = self.make_offer(rest_days=30)
        spent, kept, paused = (
            self.start(partner=self.make_partner(name)) for name in "ABC"
        )
        for sub, taken in ((spent, 6), (kept, 0)):
            grant = self.grant(offer, sub)
            grant.loyalty_history_id.card_id.points -= taken
            grant._revoke()
        self.assertRefused(again, spent, "offer_lately")
        self.grant(again, kept)
        pause = self.grant(self.make_offer(kind="pause", pause_months=2), paused)
        with on("2025-03-20"):
            pause._revoke()
            self.assertFalse(paused.is_paused)
            self.assertRefused(again, paused, "offer_lately")

    def test_others_to_whom_it_is_not_made(self):
        sub = self.start()
        closed = self.start()
        closed.close_subscription()
        self.env.cr.flush()
        self.assertRefused(self.make_offer(), closed | sub, "closed", None)
        elsewhere = self.make_company("Elsewhere")
        cases = {
            "offer_company": {"company_id": elsewhere.id},
            "offer_tenure": {"min_tenure_months": 1},
            "offer_over": {"date_to": "2025-03-09"},
            "offer_plan": {
                "kind": "plan_switch",
                "template_id": sub.template_id.id,
                "product_id": self.product.id,
            },
        }
        for reason, values in cases.items():
            with self.subTest(reason):
                self.assertRefused(self.make_offer(**values), sub, reason)
        early = self.make_offer(date_from="2025-03-11")
        self.assertRefused(early, sub, "offer_over")
        pause = self.make_offer(kind="pause")
        with on("2025-03-11"):
            self.assertRefused(pause, sub, "offer_unbilled")
        sub.action_pause()
        self.assertRefused(pause, sub, "offer_paused")
        sub.action_resume()
        sub.recurring_next_date = False
        self.assertRefused(self.make_offer(), sub, "offer_unbilled")
        switch = self.make_offer(
            kind="plan_switch", template_id=self.plan.id, product_id=self.product.id
        )
        sub.recurring_next_date = TODAY
        sub.sale_subscription_line_ids.copy()
        self.assertRefused(switch, sub, "offer_lines")

    def test_what_was_promised_stays(self):
        offer = self.make_offer()
        offer.discount = 30
        self.grant(offer, self.start())
        offer.yearly_cap = 2
        with self.assertRaises(UserError):
            offer.discount = 20

    def test_offers_that_give_nothing(self):
        for values in (
            {"discount": 0},
            {"discount": 101},
            {"period_count": 0},
            {"kind": "free_product"},
            {"kind": "pause", "pause_months": 0},
            {"kind": "plan_switch"},
            {"kind": "points"},
            {"rest_days": -1},
            {"date_from": "2025-02-01", "date_to": "2025-01-01"},
        ):
            with (
                self.subTest(values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.cr.savepoint(),
            ):
                self.make_offer(**values).flush_recordset()

    def test_how_it_went(self):
        offer = self.make_offer()
        sub, other = self.start(), self.start(partner=self.other_partner())
        self.grant(offer, sub | other)
        other.close_subscription()
        self.env.cr.flush()
        self.assertEqual(
            (offer.grant_count, offer.open_count, offer.running_count), (2, 1, 1)
        )

    # --- currencies and companies -----------------------------------------------------

    def test_currencies_and_companies(self):
        """Each is billed, booked and reckoned in its own currency."""
        self.get_currency("EUR", {"2025-01-01": 2})
        other = self.make_company("Second Company", "EUR")
        self.set_up_accounts(other)
        income = self.env["account.account"].search(
            [("account_type", "=", "income"), ("company_ids", "in", other.ids)], limit=1
        )
        self.product.with_company(other).property_account_income_id = income
        here = self.start(pricelist_id=self.get_pricelist("EUR").id)
        there = self.start(company=other)
        offer = self.make_offer(discount=50, period_count=2)
        grants = self.grant(offer, here | there)
        self.assertEqual(grants.company_id, self.company | other)
        # What two euros cost here are four dollars.
        self.assertEqual(grants.mapped("cost"), [200, 100])
        companies = {"allowed_company_ids": (self.company | other).ids}
        Subscription = self.env["sale.subscription"].with_context(**companies)
        for when in (TODAY, "2025-04-10", "2025-05-10"):
            with on(when):
                Subscription.cron_subscription_management()
                self.env.cr.flush()
        for sub in (here, there):
            self.assertBilled(sub, 50, 50, 100)
            self.assertEqual(sub.mrr, 100)
        row = here.movement_ids.filtered(lambda row: row.mrr_effective_delta == -50)
        self.assertEqual((row.currency_id.name, row.company_rate), ("EUR", 2))
        self.assertRefused(
            self.make_offer(company_id=other.id), here | there, "offer_company", None
        )

    # --- what it costs and is worth ---------------------------------------------------

    def test_costs(self):
        sub = self.start(120)
        self.product.standard_price = 4
        unpriced = self.make_product("Unpriced", 9)
        program = self.make_program("percent")
        yearly = self.make_plan("Yearly", 1, "years")
        gift = {"kind": "free_product", "quantity": 2, "period_count": 3}
        for values, cost in (
            ({"discount": 25, "period_count": 3}, 90),
            ({"kind": "pause", "pause_months": 2}, 240),
            ({**gift, "product_id": self.product.id}, 24),
            ({**gift, "product_id": unpriced.id}, 54),
            ({"kind": "points", "program_id": program.id, "points": 10}, None),
            (
                {
                    "kind": "plan_switch",
                    "template_id": yearly.id,
                    "product_id": self.product.id,
                },
                None,
            ),
        ):
            with self.subTest(values):
                self.assertEqual(self.make_offer(**values)._costs(sub), {sub.id: cost})
        sub.template_id = yearly
        self.env.cr.flush()
        self.assertEqual(
            self.make_offer(discount=25, period_count=1)._costs(sub), {sub.id: 30}
        )

    def test_worth(self):
        """As long as the uplift is not known, from which one on it pays."""
        sub = self.start(100)
        offer = self.make_offer(discount=50, period_count=2)
        sub.sudo().clv = 1000
        cost, text = offer._worth(sub)
        self.assertEqual(cost, 100)
        self.assertIn("not known yet", text)
        self.assertIn("at least 10.0 stay", text)
        with self.subTest("no value known"):
            sub.sudo().clv = 0
            self.assertNotIn("at least", offer._worth(sub)[1])
