# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fixtures of journeys: the clock goes from day to day, and the scheduler runs."""

from datetime import datetime

from freezegun import freeze_time

from odoo.fields import Command

from .common import MODULE, SubscriptionCase, day


class JourneyCase(SubscriptionCase):
    """Journeys of one company in Brussels, switched on on 1 June 2025."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["subscription.journey"].with_context(active_test=False).search(
            []
        ).active = False
        cls.env["subscription.segment"].search([]).action_archive()
        cls.company.write({"email": "hello@example.com"})
        cls.company.partner_id.tz = "Europe/Brussels"
        cls.cron = cls.env.ref(f"{MODULE}.ir_cron_subscription_journey")

    # --- what there is ----------------------------------------------------------------

    @classmethod
    def email_step(cls, days=0, **values):
        """Return the command that adds an e-mail step."""
        subject = values.pop("subject", f"Day {days}")
        variants = values.pop("variants", [{"subject": subject}])
        body = '<p>Dear <t t-out="object.partner_id.name"/></p>'
        return Command.create(
            {
                "name": f"Day {days}",
                "sequence": 100 + days,
                "offset_days": days,
                "variant_ids": [
                    Command.create({"body_html": body, **one}) for one in variants
                ],
                **values,
            }
        )

    @classmethod
    def tag_step(cls, days=0, **values):
        """Return the command that adds a step that sets a tag, which reaches nobody."""
        tag = cls.env["sale.subscription.tag"].create({"name": f"T{next(cls.codes)}"})
        return Command.create(
            {
                "name": f"Tag {days}",
                "sequence": 100 + days,
                "offset_days": days,
                "channel": "tag",
                "tag_id": tag.id,
                **values,
            }
        )

    @classmethod
    def make_journey(cls, *steps, on="2025-06-01 06:00", **values):
        with freeze_time(on):
            return cls.env["subscription.journey"].create(
                {
                    "name": "Journey",
                    "active": True,
                    "company_id": cls.company.id,
                    "step_ids": list(steps) or [cls.email_step()],
                    **values,
                }
            )

    @classmethod
    def make(cls, name="Anna", start="2025-06-10", tz=False, **values):
        """Return a subscription that starts on a day and is told on it."""
        partner = cls.make_partner(
            name, email=f"{name.lower()}{next(cls.codes)}@example.com", tz=tz
        )
        return cls.subscribe(partner, start=start, as_of=day(start), **values)

    def end(self, subscription, when):
        with freeze_time(f"{when} 10:00"):
            self.book(subscription, (when, "end", None), as_of=day(when))

    # --- what happens -----------------------------------------------------------------

    def run_at(self, *moments):
        """Have the scheduler run at moments (UTC)."""
        for moment in moments:
            with freeze_time(moment), self.enter_registry_test_mode():
                self.cron.method_direct_trigger()
            self.env.invalidate_all()

    def deliveries(self, journey, subscription=None):
        found = self.env["subscription.journey.delivery"].search(
            [("journey_id", "=", journey.id)], order="due_at, id"
        )
        if subscription:
            found = found.filtered(lambda one: one.subscription_id == subscription)
        return found

    def outcome(self, journey, subscription=None):
        """Return what became of the deliveries: state, or state and reason."""
        return [
            f"{one.state}: {one.reason}" if one.reason else one.state
            for one in self.deliveries(journey, subscription)
        ]

    def mails(self, subscription=None):
        domain = [("model", "=", "sale.subscription")]
        if subscription:
            domain.append(("res_id", "=", subscription.id))
        return self.env["mail.mail"].search(domain, order="id")

    def enrolments(self, journey):
        return self.env["subscription.journey.enrolment"].search(
            [("journey_id", "=", journey.id)], order="anchor_date, id"
        )

    def anchors(self, journey, subscription=None):
        """Return the days that enrolments begin with, as text."""
        return [
            str(one.anchor_date)
            for one in self.enrolments(journey)
            if not subscription or one.subscription_id == subscription
        ]

    def due(self, journey, subscription=None):
        return [
            f"{one.due_at:%Y-%m-%d %H:%M}"
            for one in self.deliveries(journey, subscription)
        ]

    def moment(self, text):
        return datetime.fromisoformat(text)
