# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter
from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

#: Why an offer is not made to a subscription, beside the reasons of campaigns.
OFFER_REASONS = [
    ("offer_company", "Not offered in this company"),
    ("offer_over", "Not offered on this day"),
    ("offer_open", "Has an offer of this kind already"),
    ("offer_cap", "Had it as often as it may"),
    ("offer_lately", "Had an offer lately"),
    ("offer_tenure", "Not with us long enough"),
    ("offer_unbilled", "Not billed up to today"),
    ("offer_paused", "Paused already"),
    ("offer_plan", "Has this plan already"),
    ("offer_lines", "Has more than one line, or none"),
]


class SubscriptionOffer(models.Model):
    """Making an offer, and to whom it is not made."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.offer"

    def _grant(self, subscriptions, campaign=None, key=None):
        """Make the offer to subscriptions, once each, and begin with it.

        Refused ones are no error. Who made the offer before for the same ``key`` gets
        that grant back, whatever has become of it: it is safe to ask again.

        :param campaign: the ``subscription.campaign`` it is part of
        :param key: text that names what asks for it (a delivery of a journey)
        :return: the grants, and ``{subscription: reason}`` of those refused (a key of
            the reasons of campaigns)
        """
        self.ensure_one()
        Grant = self.env["subscription.offer.grant"].sudo()
        before = Grant
        if key:
            before = Grant.search(
                [
                    ("offer_id", "=", self.id),
                    ("subscription_id", "in", subscriptions.ids),
                    ("source_key", "=", key),
                ]
            )
        new = subscriptions - before.subscription_id.with_env(subscriptions.env)
        refused = self._refused(new)
        given = (new - new.browse().concat(*refused)).sudo()
        costs = self._costs(given)
        grants = Grant.create(
            [
                {
                    "offer_id": self.id,
                    "subscription_id": subscription.id,
                    "company_id": subscription.company_id.id,
                    "campaign_id": campaign.id if campaign else False,
                    "source_key": key,
                    "cost": costs[subscription.id],
                    **self._dates(subscription),
                }
                for subscription in given
            ]
        )
        grants._begin()
        self._touch(given.customer_id)
        return (before | grants).sudo(False), refused

    def _dates(self, subscription):
        """Return the dates of a new grant."""
        today = subscription.company_id._subscription_today()
        if self.kind == "pause":
            return {
                "granted_on": today,
                "starts_on": today,
                "ends_on": fields.Date.add(today, months=self.pause_months),
                "next_date_before": subscription.recurring_next_date,
            }
        if self.kind == "points":
            return {"granted_on": today, "starts_on": today}
        return {"granted_on": today, "starts_on": subscription.recurring_next_date}

    def _touch(self, customers):
        """Write on customers that they were made an offer just now.

        Two transactions that count the offers of one customer at the same time cannot
        both go on: the later one meets the other's row and is repeated.
        """
        self.env.cr.execute(
            SQL(
                "UPDATE subscription_customer SET last_offer_at = %s"
                " WHERE id = ANY(%s)",
                fields.Datetime.now(),
                customers.ids,
            )
        )
        customers.invalidate_recordset(["last_offer_at"])

    # --- to whom it is not made -------------------------------------------------------

    def _refused(self, subscriptions):
        """Return ``{subscription: reason}`` of those to whom it cannot be made now.

        Set-wise. Of several subscriptions of a customer the one with the highest MRR,
        then the oldest, comes first.
        """
        self.ensure_one()
        own = subscriptions.sudo()
        busy = self._busy(own)
        had = self._had(own.customer_id)
        refused = {}
        for sub in own.sorted(lambda sub: (-sub.mrr_company, sub.id)):
            today = sub.company_id._subscription_today()
            reason = self._refused_for_itself(sub, today)
            if not reason and sub.id in busy:
                reason = "offer_open"
            if not reason and sub.customer_id:
                reason = self._refused_for_customer(had[sub.customer_id.id], today)
                if not reason:
                    had[sub.customer_id.id].append((today, True))
            if reason:
                refused[sub.with_env(subscriptions.env)] = reason
        return refused

    def _refused_for_itself(self, sub, today):
        """Return why it is not made to a subscription, whatever it had before."""
        billed = sub.recurring_next_date and sub.recurring_next_date >= today
        reasons = {
            "offer_company": self.company_id and self.company_id != sub.company_id,
            "offer_over": not self._is_valid_on(today),
            "closed": not sub.is_running,
            "offer_tenure": sub.tenure_months < self.min_tenure_months,
            "offer_paused": self.kind == "pause" and sub.is_paused,
            # A pause moves the next invoice, which must not be one of the past.
            "offer_unbilled": not sub.recurring_next_date
            if self.kind not in ("pause", "points")
            else self.kind == "pause" and not billed,
            "offer_plan": self.kind == "plan_switch"
            and sub.template_id == self.template_id,
            "offer_lines": self.kind == "plan_switch"
            and len(sub.sale_subscription_line_ids) != 1,
        }
        return next((name for name, holds in reasons.items() if holds), None)

    def _is_valid_on(self, day):
        return (
            self.active
            and (not self.date_from or self.date_from <= day)
            and (not self.date_to or day <= self.date_to)
        )

    def _refused_for_customer(self, had, today):
        """Return why it is not made to a customer who had these offers.

        :param had: [(day, whether it was this one)]
        """
        year = today - timedelta(days=365)
        times = Counter(own for day, own in had if day > year)[True]
        if self.yearly_cap and times >= self.yearly_cap:
            return "offer_cap"
        if any((today - day).days < self.rest_days for day, _own in had):
            return "offer_lately"
        return None

    def _busy(self, subscriptions):
        """Return the ids of those that have an open offer of the kind."""
        if self.kind == "points":
            return set()
        open_ = self.env["subscription.offer.grant"].sudo()
        rows = open_._read_group(
            [
                ("subscription_id", "in", subscriptions.ids),
                ("kind", "=", self.kind),
                ("state", "in", ("granted", "active")),
            ],
            ["subscription_id"],
        )
        return {subscription.id for (subscription,) in rows}

    def _had(self, customers):
        """Return ``{customer id: [(day, whether it was this one)]}``, set-wise.

        What was taken back before anything of it was used does not count. Points do of
        which some were spent.
        """
        self.env["subscription.offer.grant"].flush_model()
        self.env["subscription.offer"].flush_model(["points"])
        self.env["subscription.offer.use"].flush_model()
        self.env["sale.subscription"].flush_model(["customer_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT subscription.customer_id, given.granted_on, given.offer_id
                  FROM subscription_offer_grant given
                  JOIN subscription_offer offer ON offer.id = given.offer_id
                  JOIN sale_subscription subscription
                    ON subscription.id = given.subscription_id
                 WHERE subscription.customer_id = ANY(%s)
                   AND (given.state <> 'revoked'
                        OR given.kind = 'points'
                           AND COALESCE(given.points_taken_back, 0) < offer.points
                        OR EXISTS (
                        SELECT FROM subscription_offer_use one
                         WHERE one.grant_id = given.id
                   ))
                """,
                customers.ids,
            )
        )
        had = {id_: [] for id_ in customers.ids}
        for customer_id, day, offer_id in rows:
            had[customer_id].append((day, offer_id == self.id))
        return had
