# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import models
from odoo.tools import SQL, format_date

from . import signal_words
from .sale_subscription_churn_insight import DRAWN
from .sale_subscription_risk import OVERRIDE
from .subscription_customer_view import counted

#: Subscriptions whose reasons are told, those with the highest scores.
TOLD = 3
#: Reasons of each that are told.
REASONS = 3
#: Weeks of use that are drawn. Usage is kept by the day for longer than that.
WEEKS = 24
FEATURES = 8
DAYS = 28


class SubscriptionCustomer(models.Model):
    """Whether a customer is about to leave, and what it uses."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.customer"

    # --- risk -------------------------------------------------------------------------

    def _view_risk(self):
        subscriptions = self._view_reasons()
        history = self._view_scores()
        by = {row["by"] for row in [*(subscriptions or []), *history[-1:]]}
        unit = "percent" if "model" in by else "points"
        company = self._view_company()
        return {
            "risk": self.churn_risk,
            "risk_label": self._label("churn_risk"),
            "score": self.churn_score if self.churn_risk else None,
            "mrr_at_risk": self.mrr_at_risk,
            "currency_id": company["currency_id"],
            "is_probability": unit == "percent",
            "note": self._view_risk_note(company["today"], company[unit]),
            "history": history,
            "limits": company[unit],
            "subscriptions": subscriptions,
        }

    def _view_risk_note(self, today, limits):
        """Return why the risk is another one than scores suggest, None if it is not.

        :param limits: scores from which the risk is medium, and high
        """
        Subscription = self.env["sale.subscription"]
        if not self.churn_risk or not Subscription.has_access("read"):
            return None
        scored = Subscription.search_fetch(
            [("customer_id", "=", self.id), ("churn_risk", "!=", False)],
            ["name", "churn_score", "churn_risk", *OVERRIDE],
            order="churn_score desc, id",
        )
        deciding = scored.filtered(lambda sub: sub.churn_risk == self.churn_risk)
        if not deciding:
            return self.env._(
                "The risk of its subscriptions has changed since; that of the customer "
                "follows with the next refresh."
            )
        by_hand = deciding._churn_risk_overridden(today)
        first = (deciding - by_hand or deciding)[0]
        begins = {"low": 0, "medium": limits[0], "high": limits[1]}
        told = []
        if deciding != scored:
            told.append(
                self.env._(
                    "The highest risk of its subscriptions counts, that of %s; the "
                    "score is their mean, weighted by MRR.",
                    first.name,
                )
            )
        if first in by_hand:
            told.append(
                self.env._(
                    "%(user)s has set the risk of %(subscription)s by hand, until "
                    "%(date)s.",
                    user=first.churn_risk_override_user_id.name,
                    subscription=first.name,
                    date=format_date(self.env, first.churn_risk_override_until),
                )
            )
        elif first.churn_score < begins[first.churn_risk]:
            told.append(
                self.env._(
                    "A risk that was reached stays until the score is clearly below "
                    "the limit from which it begins."
                )
            )
        return " ".join(told) or None

    def _view_scores(self):
        """Return the scores kept of the last months, one of each.

        The mean over its subscriptions, weighted by MRR as the customer's score is.
        Points of the scorecard and probabilities do not compare: only those that were
        scored like the latest ones.
        """
        rows = self.env.execute_query_dict(
            SQL(
                """
                WITH kept AS (
                    SELECT own.subscription_id, own.date, own.churn_score,
                           own.churn_scored_by, GREATEST(own.mrr_company, 0) AS mrr,
                           DATE_TRUNC('month', own.date) AS month
                      FROM subscription_score_history own
                      JOIN sale_subscription sub ON sub.id = own.subscription_id
                     WHERE sub.customer_id = %(customer)s
                ), way AS (
                    SELECT churn_scored_by FROM kept ORDER BY date DESC LIMIT 1
                ), latest AS (
                    SELECT DISTINCT ON (kept.subscription_id, kept.month) kept.*
                      FROM kept
                      JOIN way USING (churn_scored_by)
                  ORDER BY kept.subscription_id, kept.month, kept.date DESC
                )
                SELECT MAX(date) AS date, ROUND(COALESCE(
                           SUM(churn_score * mrr) / NULLIF(SUM(mrr), 0),
                           AVG(churn_score)
                       ), 1) AS score, MIN(churn_scored_by) AS by
                  FROM latest
              GROUP BY month
              ORDER BY month DESC
                 LIMIT %(limit)s
                """,
                customer=self.id,
                limit=DRAWN,
            )
        )
        return rows[::-1]

    def _view_reasons(self):
        """Return why, of the running subscriptions with the highest scores."""
        Subscription = self.env["sale.subscription"]
        if not Subscription.has_access("read"):
            return None
        subscriptions = Subscription.search_fetch(
            [("customer_id", "=", self.id), ("churn_state", "=", "scored")],
            [
                "name",
                "company_id",
                "churn_state",
                "churn_score",
                "churn_risk",
                "churn_reasons",
                "churn_scored_by",
                "scored_on",
            ],
            order="churn_score desc, id",
            limit=TOLD,
        )
        signal_words.remember(
            self.env, (one for sub in subscriptions for one in sub.churn_reasons or [])
        )
        kept = self.env["subscription.score.history"].search_fetch(
            [("subscription_id", "in", subscriptions.ids)],
            ["subscription_id", "date", "churn_reasons"],
        )
        result = []
        for sub in subscriptions:
            before = kept.filtered(
                lambda row, sub=sub: row.subscription_id == sub
                and sub.scored_on
                and row.date < sub.scored_on
            )
            reasons = sub.churn_reasons or []
            most = max((abs(one[1]) for one in reasons), default=0) or 1
            news = sub._churn_news(before[:1])
            raising = [sub._churn_line(one, most) for one in reasons if one[1] > 0]
            lowering = [sub._churn_line(one, most) for one in reasons if one[1] < 0]
            result.append(
                {
                    "id": sub.id,
                    "name": sub.name,
                    "by": sub.churn_scored_by,
                    "score": sub.churn_score,
                    "risk": sub.churn_risk,
                    "risk_label": sub._label("churn_risk"),
                    "raise": raising[:REASONS],
                    "lower": lowering[:REASONS],
                    "came": news["came"][:REASONS],
                    "went": news["went"][:REASONS],
                    "compared_with": news["compared_with"],
                }
            )
        return result

    # --- use --------------------------------------------------------------------------

    def _view_use(self):
        if not self.env["subscription.usage"].has_access("read"):
            return None
        company = self._view_company()
        today = company["today"]
        features = self._view_features(today)
        return {
            "weeks": self._view_weeks(today) if features["rows"] else [],
            "features": features,
            "days": DAYS,
            "silent_since": company["outage"],
        }

    def _view_weeks(self, today):
        """Return logins, and features used, of the last weeks, empty ones included."""
        monday = today - timedelta(days=today.weekday())
        return self.env.execute_query_dict(
            SQL(
                """
                SELECT week.monday::date AS week,
                       COALESCE(used.logins, 0) AS logins,
                       COALESCE(used.features, 0) AS features,
                       COALESCE(used.uses, 0) AS uses
                  FROM GENERATE_SERIES(%(first)s::date, %(last)s::date, '7 days')
                    AS week (monday)
             LEFT JOIN (
                    SELECT DATE_TRUNC('week', usage.date)::date AS monday,
                           SUM(usage.count) FILTER (WHERE feature.kind = 'login')
                               AS logins,
                           SUM(usage.count) FILTER (WHERE feature.kind = 'feature')
                               AS uses,
                           COUNT(DISTINCT feature.id) FILTER (
                               WHERE feature.kind = 'feature' AND usage.count > 0
                           ) AS features
                      FROM subscription_usage usage
                      JOIN sale_subscription sub ON sub.id = usage.subscription_id
                      JOIN subscription_feature feature ON feature.id = usage.feature_id
                     WHERE sub.customer_id = %(customer)s AND usage.date >= %(first)s
                  GROUP BY 1
                ) AS used ON used.monday = week.monday::date
              ORDER BY 1
                """,
                first=monday - timedelta(weeks=WEEKS - 1),
                last=monday,
                customer=self.id,
            )
        )

    def _view_features(self, today):
        """Return what is used most, with how much less or more than before.

        Key features are named though they are not used any more.
        """
        Feature = self.env["subscription.feature"]
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT feature.id, %(name)s AS name, feature.kind,
                       COALESCE(feature.is_key, FALSE) AS is_key,
                       MAX(usage.date) FILTER (WHERE usage.count > 0) AS last,
                       COALESCE(SUM(usage.count) FILTER (
                           WHERE usage.date > %(day)s
                       ), 0) AS uses,
                       COALESCE(SUM(usage.count) FILTER (
                           WHERE usage.date <= %(day)s AND usage.date > %(before)s
                       ), 0) AS uses_before,
                       COUNT(*) OVER () AS count
                  FROM subscription_usage usage
                  JOIN sale_subscription sub ON sub.id = usage.subscription_id
                  JOIN subscription_feature feature ON feature.id = usage.feature_id
                 WHERE sub.customer_id = %(customer)s
              GROUP BY feature.id
              ORDER BY feature.is_key DESC NULLS LAST, uses DESC, uses_before DESC,
                       feature.id
                 LIMIT %(limit)s
                """,
                name=Feature._field_to_sql("feature", "name"),
                day=today - timedelta(days=DAYS),
                before=today - timedelta(days=2 * DAYS),
                customer=self.id,
                limit=FEATURES,
            )
        )
        return counted(rows)
