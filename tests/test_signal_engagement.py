# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How customers and the company keep in touch, as of a date."""

from odoo.fields import Command
from odoo.tests import tagged

from ..signals.engagement import engagement
from .touchpoints import TouchpointCase


@tagged("post_install", "-at_install")
class TestSignalEngagement(TouchpointCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = cls.make_partner("Customer")
        cls.contact = cls.make_partner(
            parent=cls.partner, email="Ann <ann@example.com>"
        )
        cls.subscription = cls.subscribe(cls.partner, start="2024-01-01")

    # --- what is read -----------------------------------------------------------------

    def assertEngagement(self, as_of, subscription=None, **expected):
        self.assertSignals(
            engagement, as_of, subscription or self.subscription, **expected
        )

    def test_mailings(self):
        first = self.mail("2024-02-01 12:00:00", self.partner)
        self.mail("2024-02-02 12:00:00", "ann@example.com")
        self.mail("2024-02-02 12:00:00", "bob@example.com")
        self.mail("2024-02-02 12:00:00", self.contact, is_test_trace=True)
        first.write({"trace_status": "open", "open_datetime": "2024-02-05 12:00:00"})
        self.click(first, "2024-02-06 12:00:00")
        self.click(first, "2024-04-06 12:00:00")
        for as_of, sent, opened, clicked in (
            ("2024-01-31", None, None, None),
            ("2024-02-01", 1, 0, 0),
            ("2024-02-04", 2, 0, 0),
            ("2024-02-05", 2, 1, 0),
            ("2024-02-06", 2, 1, 1),
            ("2024-04-30", 2, 1, 1),
            ("2024-05-01", 1, 1, 1),
            ("2024-05-05", 0, 0, 1),
            ("2024-07-05", 0, 0, 0),
        ):
            self.assertEngagement(
                as_of,
                mailings_sent_90d=sent,
                mailings_opened_90d=opened,
                mailings_clicked_90d=clicked,
            )

    def test_bounced(self):
        trace = self.mail("2024-02-01 12:00:00", self.contact)
        trace.set_bounced()
        self.date(trace, "2024-02-03 12:00:00", "write_date")
        self.assertEngagement("2024-02-02", bounced=0)
        self.assertEngagement("2024-02-03", bounced=1)
        self.assertEngagement("2024-05-03", bounced=0)

    def test_blacklist(self):
        other = self.subscribe(
            self.make_partner(email="bob@example.com"), start="2024-01-01"
        )
        silent = self.subscribe(self.make_partner(), start="2024-01-01")
        listed = self.env["mail.blacklist"]._add("ann@example.com")
        self.date(listed, "2024-02-01 12:00:00")
        self.tracked("2024-03-01 12:00:00", listed, active=False)
        self.tracked("2024-04-01 12:00:00", listed, active=True)
        for as_of, opted_out in (
            ("2024-01-31", 0),
            ("2024-02-01", 1),
            ("2024-02-29", 1),
            ("2024-03-01", 0),
            ("2024-04-01", 1),
        ):
            self.assertEngagement(as_of, opted_out=opted_out)
        self.assertEngagement("2024-04-01", other, opted_out=0)
        self.assertEngagement("2024-04-01", silent, opted_out=None)

    def test_opted_out_of_a_list(self):
        self.env["mailing.contact"].create(
            {
                "name": "Ann",
                "email": "ANN@example.com",
                "subscription_ids": [
                    Command.create(
                        {
                            "list_id": self.env["mailing.list"]
                            .create({"name": "News"})
                            .id,
                            "opt_out": True,
                            "opt_out_datetime": "2024-02-01 12:00:00",
                        }
                    )
                ],
            }
        )
        self.assertEngagement("2024-01-31", opted_out=0)
        self.assertEngagement("2024-02-01", opted_out=1)

    def test_last_message(self):
        for when, author in (
            ("2024-02-01 12:00:00", self.contact),
            ("2024-02-10 12:00:00", self.make_partner("Somebody")),
            ("2024-03-01 12:00:00", self.contact),
        ):
            self.write_message(when, author)
        self.assertEngagement("2024-01-31", days_since_message=None)
        self.assertEngagement("2024-02-29", days_since_message=28)
        self.assertEngagement("2024-03-01", days_since_message=0)

    def test_meetings(self):
        self.meet("2024-02-01 12:00:00")
        cancelled = self.meet("2024-02-10 12:00:00")
        cancelled.active = False
        self.date(cancelled, "2024-02-12 12:00:00", "write_date")
        for as_of, meetings in (
            ("2024-01-31", None),
            ("2024-02-01", 1),
            ("2024-02-11", 2),
            ("2024-02-12", 1),
            ("2024-07-29", 1),
            ("2024-07-30", 0),
        ):
            self.assertEngagement(as_of, meetings_180d=meetings)

    def test_companies_do_not_influence_each_other(self):
        """Invariant 4: a customer of both; the people of one write and meet."""
        other = self.make_company("Second Company")
        theirs = self.subscribe(self.partner, company=other, start="2024-01-01")
        colleague = self.make_user("internal", other)
        self.mail("2024-02-01", self.contact, colleague)
        self.meet("2024-02-01", user=colleague)
        self.write_message("2024-02-01", record_company_id=other.id)
        names = ["mailings_sent_90d", "meetings_180d", "days_since_message"]
        self.assertEngagement("2024-02-01", **dict.fromkeys(names))
        self.assertEngagement(
            "2024-02-01", theirs, **dict(zip(names, (1, 1, 0), strict=True))
        )
