# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What customers asked the helpdesk, as of a date."""

from odoo.fields import Datetime
from odoo.tests import tagged

from ..signals.support import support
from .touchpoints import TouchpointCase


@tagged("post_install", "-at_install")
class TestSignalSupport(TouchpointCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subscription = cls.subscribe(cls.partner, start="2024-01-01")

    # --- what is read -----------------------------------------------------------------

    def assertSupport(self, as_of, subscription=None, **expected):
        self.assertSignals(
            support, as_of, subscription or self.subscription, **expected
        )

    def test_never_connected_is_missing_and_none_is_zero(self):
        other = self.subscribe(self.make_partner(), start="2024-01-01")
        self.ticket("2024-02-01 12:00:00")
        for as_of, subscription, opened, open_, oldest in (
            ("2024-01-31", self.subscription, None, None, None),
            ("2024-01-31", other, None, None, None),
            ("2024-02-01", self.subscription, 1, 1, 0),
            ("2024-02-01", other, 0, 0, None),
        ):
            self.assertSupport(
                as_of,
                subscription,
                tickets_opened_30d=opened,
                tickets_opened_90d=opened,
                tickets_open=open_,
                oldest_open_days=oldest,
                tickets_reopened=0 if opened is not None else None,
                mean_hours_to_close=None,
                satisfaction_last=None,
            )

    def test_windows_in_days_of_the_company(self):
        """Half past eleven in London is the next day in Madrid."""
        self.ticket("2024-02-01 23:30:00", self.make_partner(parent=self.partner))
        self.assertSupport("2024-02-01", tickets_open=1, oldest_open_days=0)
        self.assertSupport("2024-03-01", tickets_opened_30d=1, oldest_open_days=29)
        self.assertSupport("2024-03-02", tickets_opened_30d=0, tickets_opened_90d=1)
        self.assertSupport("2024-04-30", tickets_opened_90d=1)
        self.assertSupport("2024-05-01", tickets_opened_90d=0, tickets_open=1)
        self.company.partner_id.tz = "Europe/Madrid"
        self.assertSupport("2024-02-01", tickets_open=None)
        self.assertSupport("2024-03-02", tickets_opened_30d=1, oldest_open_days=29)

    def test_closed_as_of_each_day(self):
        """With every change in the chatter, a later one tells nothing of before."""
        ticket = self.ticket("2024-02-01 12:00:00")
        for when, stage in (
            ("2024-02-02 12:00:00", self.work),
            ("2024-02-03 12:00:00", self.done),
            ("2024-02-10 12:00:00", self.work),
            ("2024-02-11 18:00:00", self.done),
            ("2024-02-20 12:00:00", self.filed),
        ):
            self.tracked(when, ticket, stage_id=stage.id)
        for as_of, open_, hours, reopened in (
            ("2024-02-01", 1, None, 0),
            ("2024-02-02", 1, None, 0),
            ("2024-02-03", 0, 48, 0),
            ("2024-02-09", 0, 48, 0),
            ("2024-02-10", 1, None, 1),
            ("2024-02-11", 0, 246, 1),
            ("2024-02-19", 0, 246, 1),
            ("2024-02-20", 0, 19 * 24, 1),
            ("2024-08-07", 0, 19 * 24, 1),
            ("2024-08-08", 0, 19 * 24, 0),
            ("2024-08-18", 0, None, 0),
        ):
            self.assertSupport(
                as_of,
                tickets_open=open_,
                mean_hours_to_close=hours,
                tickets_reopened=reopened,
            )

    def test_without_chatter_the_closing_date_tells(self):
        self.ticket(
            "2024-02-01 12:00:00",
            stage_id=self.done.id,
            closed_date=Datetime.to_datetime("2024-02-03 12:00:00"),
        )
        self.assertSupport("2024-02-02", tickets_open=1, mean_hours_to_close=None)
        self.assertSupport("2024-02-03", tickets_open=0, mean_hours_to_close=48)

    def test_satisfaction(self):
        first, second = self.ticket("2024-02-01"), self.ticket("2024-02-02")
        self.rate(first, "2024-02-05", 5)
        self.rate(second, "2024-02-07", 1)
        self.rate(second, "2024-02-08", 0)
        self.assertSupport("2024-02-04", satisfaction_last=None, satisfaction_mean=None)
        self.assertSupport("2024-02-05", satisfaction_last=5, satisfaction_mean=5)
        self.assertSupport("2024-02-08", satisfaction_last=1, satisfaction_mean=3)

    def test_companies_do_not_influence_each_other(self):
        """Invariant 4: a customer of both, and a ticket in one of them."""
        other = self.make_company("Second Company")
        theirs = self.subscribe(self.partner, company=other, start="2024-01-01")
        self.rate(self.ticket("2024-02-01", company=other), "2024-02-01", 1)
        self.assertSupport("2024-02-10", tickets_open=None, satisfaction_last=None)
        self.assertSupport("2024-02-10", theirs, tickets_open=1, satisfaction_last=1)
