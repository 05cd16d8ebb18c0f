# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How long and how closely customers are with us, as of a date."""

from odoo.tests import tagged

from ..models.scoring import subscription_scores
from ..signals.relationship import relationship
from ..signals.running import running_subscriptions
from .common import SubscriptionCase, day


@tagged("post_install", "-at_install")
class TestSignalRelationship(SubscriptionCase):
    def assertRelationship(self, as_of, subscription, **expected):
        self.assertSignals(relationship, as_of, subscription, **expected)

    def test_gaps_and_reactivations(self):
        """A break of the 7 days of grace is none; the other one bridges another."""
        partner = self.make_partner()
        sub = self.subscribe(partner, 10, "2024-01-01", "2024-02-01")
        self.book(
            sub,
            ("2024-02-08", "start", 10),
            ("2024-03-01", "end", None),
            ("2024-03-20", "start", 10),
            ("2024-05-01", "end", None),
            ("2024-06-01", "start", 10),
        )
        self.subscribe(partner, 10, "2024-04-20", "2024-06-10")
        for as_of, gaps, back in (
            ("2024-02-10", 0, 0),
            ("2024-03-20", 1, 1),
            ("2024-06-01", 2, 1),
        ):
            self.assertRelationship(as_of, sub, gaps=gaps, reactivations=back)

    def test_other_subscriptions(self):
        partner = self.make_partner()
        first = self.subscribe(partner, 30, "2024-01-01")
        contact = self.make_partner(parent=partner)
        self.subscribe(contact, 90, "2024-02-01", "2024-03-01")
        for as_of, others, share in (
            ("2024-01-31", 0, 1),
            ("2024-02-01", 1, 0.25),
            ("2024-03-01", 0, 1),
        ):
            self.assertRelationship(
                as_of, first, other_subscriptions=others, customer_mrr_share=share
            )
        free = self.subscribe(self.make_partner(), 0, "2024-01-01")
        self.assertRelationship("2024-02-01", free, customer_mrr_share=None)

    def test_nps(self):
        partner = self.make_partner()
        sub = self.subscribe(partner, 30, "2024-01-01")
        self.env["subscription.nps"].create(
            [
                {
                    "partner_id": partner.id,
                    "company_id": self.company.id,
                    "date": date,
                    "score": score,
                }
                for date, score in (("2024-02-01", 9), ("2024-03-01", 0))
            ]
        )
        self.env.flush_all()
        self.env.cr.execute("UPDATE subscription_nps SET known_on = date")
        self.assertRelationship("2024-01-31", sub, nps=None, nps_days=None)
        self.assertRelationship("2024-02-29", sub, nps=9, nps_days=28)
        self.assertRelationship("2024-03-01", sub, nps=0, nps_days=0)

    def test_scores_tell_the_rest(self):
        sub = self.subscribe(self.make_partner(), 30, "2024-01-01")
        names = ["tenure_months", "renewals"]
        self.assertRelationship("2024-06-30", sub, **dict.fromkeys(names))
        as_of = day("2024-06-30")
        scores = subscription_scores(self.env, self.company, as_of)
        running = running_subscriptions(self.env, self.company, as_of, scores)
        frame = relationship(self.env, self.company, as_of, sub.ids, running)
        self.assertEqual(frame.loc[sub.id, names].tolist(), [5, 5])
