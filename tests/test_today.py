# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The company, not the server or the reader, decides what today is (Invariant 10)."""

from datetime import date

from freezegun import freeze_time

from odoo.tests import tagged

from .common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestToday(SubscriptionCase):
    @freeze_time("2024-06-30 22:30:00")
    def test_today_is_that_of_the_company(self):
        for zone, expected in (
            ("Europe/Berlin", date(2024, 7, 1)),
            ("America/New_York", date(2024, 6, 30)),
            ("UTC", date(2024, 6, 30)),
        ):
            self.company.partner_id.tz = zone
            self.assertEqual(self.company._subscription_today(), expected, zone)

    @freeze_time("2024-06-30 22:30:00")
    def test_without_a_zone_its_working_hours_decide(self):
        self.company.partner_id.tz = False
        self.company.resource_calendar_id = self.env["resource.calendar"].create(
            {"name": "Office", "tz": "Asia/Jakarta"}
        )
        self.assertEqual(self.company._subscription_today(), date(2024, 7, 1))
        self.company.resource_calendar_id = False
        self.assertEqual(self.company._subscription_today(), date(2024, 6, 30))

    @freeze_time("2024-06-30 22:30:00")
    def test_days_to_renewal_count_from_the_day_of_the_company(self):
        subscription = self.subscribe(self.make_partner())
        subscription.next_renewal_date = date(2024, 7, 2)
        for zone, days in (("Asia/Jakarta", 1), ("UTC", 2)):
            self.company.partner_id.tz = zone
            subscription.invalidate_recordset(["days_to_renewal"])
            self.assertEqual(subscription.days_to_renewal, days, zone)
            found = subscription.search(
                [
                    ("days_to_renewal", ">=", days),
                    ("days_to_renewal", "<=", days),
                    ("id", "=", subscription.id),
                ]
            )
            self.assertEqual(found, subscription, zone)

    @freeze_time("2024-06-30 22:30:00")
    def test_import_starts_from_the_day_of_the_company(self):
        self.company.partner_id.tz = "Asia/Jakarta"
        wizard = self.env["subscription.import.wizard"].create({})
        self.assertEqual(wizard.as_of, date(2024, 7, 1))
