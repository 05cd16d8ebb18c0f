# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

import numpy as np
import pandas as pd
from markupsafe import Markup

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date, split_every

from ..analytics import health
from ..signals.feature_days import feature_days, is_silent
from ..signals.frame import read
from ..signals.usage import feed_outage
from .subscription_score import USER

#: Activities that are made in one go; where one fails they are made one by one.
BATCH = 100
#: Customers of whom alerts are opened and closed between two commits.
CUSTOMERS = 500
#: What is remembered, in the words of :func:`..analytics.health.follow`.
REMEMBERED = {
    "holds": "was",
    "since": "since",
    "value": "last",
    "value_before": "before",
    "scored_by": "scored_by_before",
}


class SubscriptionHealthRule(models.Model):
    """Look at the subscriptions of a company, once a day, and open and close alerts."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.health.rule"

    @api.model
    def _of_company(self, company):
        """Return the rules that look at a company, or have opened alerts in it."""
        is_open = [("company_id", "=", company.id), ("closed_on", "=", False)]
        return self.search(
            [
                "|",
                ("company_id", "in", (False, company.id)),
                ("alert_ids", "any", is_open),
            ]
        )

    def _check(self, run, after):
        """Open and close the alerts of the next customers in the company of a run.

        What is remembered is brought to the day as a whole, which a second time
        changes nothing.

        :param run: the refresh; a customer that fails is named on it and stops no other
        :param after: id of the last customer that was done, 0 at the beginning
        :return: the same after this step; None: that was all
        """
        self.ensure_one()
        gone, found = self._changes(run)
        customers = sorted({*gone.customer_id.ids, *found["customer_id"].tolist()})
        some = [id_ for id_ in customers if id_ > after][:CUSTOMERS]
        these = set(some)
        self._close(run, gone.filtered(lambda alert: alert.customer_id.id in these))
        self._open(run, found[found["customer_id"].isin(some)])
        return some[-1] if len(some) == CUSTOMERS else None

    def _changes(self, run):
        """Return the alerts that are to be closed, and what speaks for new ones.

        :return: alerts, DataFrame of :func:`..analytics.health.follow` with
            ``customer_id``
        """
        company, as_of = run.company_id, run.as_of
        alerts = self._alerts(company)
        nothing = alerts.browse(), pd.DataFrame({"customer_id": []})
        if self.company_id - company:
            return self._gone(alerts, set()), nothing[1]
        silent = self._looks_at_usage() and feed_outage(self.env, company.sudo(), as_of)
        if silent or self.feature_id and not self.feature_id.active:
            return nothing
        weeks = None
        if self.feature_id:
            days = feature_days(self.env, company, as_of, self.feature_id)
            if days is None or self._watch_feature(run, is_silent(days)):
                return nothing
            weeks = health.in_weeks(days)
        rows = self._rows(company, weeks)
        looked_at = rows[rows["customer_id"].notna()]
        states = health.follow(looked_at, as_of, self.condition in health.CROSSING)
        # Reindexed: an empty frame would take over the index.
        states["scored_by"] = looked_at["scored_by"].reindex(states.index)
        self._remember(company, rows, states)
        states["customer_id"] = looked_at["customer_id"].astype("int64")
        # Who stopped has stopped until it is used again.
        states["seen"] = looked_at["holds"].notna() | bool(self.feature_id)
        holding = set(states.loc[states["holds"] == 1, "customer_id"])
        found = states[health.due(states, as_of, self.condition, self.held_days)]
        # Odoo deletes the activities of users who go: somebody else gets them.
        lost = alerts.filtered(
            lambda alert: not alert.activity_id
            and alert.user_id
            and not alert.user_id.active
        )
        told = set((alerts - lost).customer_id.ids)
        found = found[~found["customer_id"].isin(told)]
        return self._gone(alerts, holding) | lost, found

    def _gone(self, alerts, holding):
        """Return the alerts of customers for whom the condition is gone.

        :param holding: ids of customers with a subscription for which it holds
        """
        return alerts.filtered(
            lambda alert: alert.customer_id.id not in holding
            and (self.closes_itself or not alert.activity_id.active)
        )

    def _watch_feature(self, run, silent):
        """Tell managers, once, that the rule's feature is not reported any more.

        :return: whether it is not
        """
        company, feature = run.company_id.sudo(), self.feature_id
        told = company.subscription_silent_feature_ids
        if silent and feature not in told:
            run._notify_managers(
                self.env._(
                    "Nobody has used %s for two weeks, though several customers did "
                    "before. Until reports of it come in again, the health rules on it "
                    "pause. Look at the program that reports it.",
                    feature.display_name,
                )
            )
            company.subscription_silent_feature_ids = told | feature
        elif not silent and feature in told:
            company.subscription_silent_feature_ids = told - feature
        return silent

    # --- looking ----------------------------------------------------------------------

    def _rows(self, company, weeks):
        """Return what is so today, beside what is remembered.

        :param weeks: from :func:`..analytics.health.in_weeks`; None: it is no feature
        :return: DataFrame for :func:`..analytics.health.follow` with ``customer_id``,
            which is missing of what is not looked at any more
        """
        if weeks is None and self.signal not in dict(self._selection_signal()):
            raise UserError(
                self.env._(
                    "There is no signal %s any more: choose another.", self.signal
                )
            )
        Subscription = self.env["sale.subscription"]
        Subscription.flush_model()
        self.env["subscription.segment.membership"].flush_model()
        rows = read(
            self.env,
            SQL(
                """
                SELECT COALESCE(own.id, state.subscription_id) AS id,
                       own.customer_id, own.value, state.holds::int AS was,
                       state.since, state.value AS last, state.value_before AS before,
                       COALESCE(own.scored_by, state.scored_by) AS scored_by,
                       state.scored_by AS scored_by_before
                  FROM (
                    SELECT id, customer_id, %(value)s AS value,
                           %(scored_by)s AS scored_by
                      FROM sale_subscription sub
                     WHERE company_id = %(company)s
                       AND is_running
                       AND customer_id IS NOT NULL
                       AND %(members)s
                  ) AS own
             FULL JOIN (
                    SELECT * FROM subscription_health_state
                     WHERE rule_id = %(rule)s AND company_id = %(company)s
                  ) AS state ON state.subscription_id = own.id
                """,
                value=SQL.identifier(self.signal) if self.signal else SQL("NULL"),
                scored_by=SQL.identifier("churn_scored_by")
                if self.signal == "churn_score"
                else SQL("NULL::varchar"),
                company=company.id,
                members=self._members(),
                rule=self.id,
            ),
            {
                "id": "int64",
                "customer_id": "Int64",
                **dict.fromkeys(("value", "was", "last", "before"), "float64"),
                **dict.fromkeys(("scored_by", "scored_by_before"), "object"),
            },
            ("since",),
        ).set_index("id")
        if self.condition in health.CROSSING:
            # Points and probabilities do not compare: it begins anew.
            other = rows["scored_by"] != rows["scored_by_before"]
            other &= rows["scored_by_before"].notna()
            rows.loc[other, ["was", "since", "last", "before"]] = np.nan
        if weeks is None:
            rows["holds"] = health.beyond(rows["value"], self.condition, self.limit)
        else:
            weeks = weeks.reindex(rows.index, fill_value=0)
            rows["holds"] = health.stopped(weeks)
            # It is told of the weeks before it stopped, on whichever day.
            rows["value"] = health.weeks_used(weeks).astype("float64")
            rows["value"] = rows["value"].mask(rows["was"] == 1, rows["last"])
        return rows

    def _members(self):
        """Return the condition that a subscription is looked at."""
        if not self.segment_id:
            return SQL("TRUE")
        return SQL(
            """
            EXISTS (
                SELECT FROM subscription_segment_membership member
                 WHERE member.segment_id = %s
                   AND member.subscription_id = sub.id
                   AND member.date_to IS NULL
                   AND member.kind <> 'pinned_out'
            )
            """,
            self.segment_id.id,
        )

    def _remember(self, company, rows, states):
        """Write what is remembered, where it differs."""
        old = rows[list(REMEMBERED.values())].set_axis(list(REMEMBERED), axis=1)
        known = old["holds"].notna()
        gone = old.index[known].difference(states.index)
        before = old.reindex(states.index)
        same = (states == before) | (states.isna() & before.isna())
        changed = states[~same.all(axis=1)]
        State = self.env["subscription.health.state"]
        if len(gone):
            self.env.cr.execute(
                SQL(
                    "DELETE FROM subscription_health_state"
                    " WHERE rule_id = %s AND subscription_id = ANY(%s)",
                    self.id,
                    gone.tolist(),
                )
            )
        if len(changed):
            values = changed.astype(object).where(changed.notna(), None)
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO subscription_health_state (
                        rule_id, company_id, subscription_id, holds, since, value,
                        value_before, scored_by
                    )
                    SELECT %(rule)s, %(company)s, changed.*
                      FROM unnest(
                        %(ids)s::int[], %(holds)s::bool[], %(since)s::date[],
                        %(value)s::float[], %(before)s::float[],
                        %(scored_by)s::varchar[]
                      ) AS changed
               ON CONFLICT (rule_id, subscription_id) DO UPDATE
                       SET holds = EXCLUDED.holds,
                           since = EXCLUDED.since,
                           value = EXCLUDED.value,
                           value_before = EXCLUDED.value_before,
                           scored_by = EXCLUDED.scored_by
                    """,
                    rule=self.id,
                    company=company.id,
                    ids=changed.index.tolist(),
                    holds=[bool(value) for value in values["holds"]],
                    since=[value.date() for value in changed["since"]],
                    value=values["value"].tolist(),
                    before=values["value_before"].tolist(),
                    scored_by=values["scored_by"].tolist(),
                )
            )
        State.invalidate_model()

    # --- opening and closing ----------------------------------------------------------

    def _alerts(self, company):
        """Return the open alerts of the rule in a company."""
        return self.env["subscription.health.alert"].search(
            [
                ("rule_id", "=", self.id),
                ("company_id", "=", company.id),
                ("closed_on", "=", False),
            ]
        )

    def _open(self, run, found):
        """Open an alert for each customer, who has none.

        :param found: states of the subscriptions that speak for one
        """
        by_customer = found.sort_index().groupby("customer_id")
        groups = {int(id_): rows for id_, rows in by_customer}

        def work(ids):
            self._open_customers(run, {id_: groups[id_] for id_ in ids})

        for ids in split_every(BATCH, sorted(groups)):
            run._bisect(list(ids), "subscription.customer", work)

    def _open_customers(self, run, groups):
        company, as_of = run.company_id, run.as_of
        customers = self.env["subscription.customer"].browse(groups)
        model = self.env["ir.model"]._get_id(customers._name)
        alerts, activities = [], []
        for customer in customers:
            user = self._assignee(customer)
            rule = self.with_context(lang=user.lang or self.env.lang)
            lines = rule._evidence(company, as_of, groups[customer.id])
            note = Markup("").join(
                Markup("<p>%s</p>") % text
                for text in [*lines, *(rule.note or "").splitlines()]
                if text
            )
            alerts.append(
                {
                    "rule_id": self.id,
                    "customer_id": customer.id,
                    "company_id": company.id,
                    "opened_on": as_of,
                    "user_id": user.id,
                    "evidence": "\n".join(lines),
                }
            )
            activities.append(
                {
                    "activity_type_id": self.activity_type_id.id,
                    "automated": True,
                    "date_deadline": as_of + timedelta(days=self.deadline_days),
                    "note": note,
                    "res_id": customer.id,
                    "res_model_id": model,
                    "summary": rule.summary or rule.name,
                    "user_id": user.id,
                }
            )
        opened = self.env["subscription.health.alert"].create(alerts)
        # They are in the list of activities: not a mail for each on top of that.
        Activity = self.env["mail.activity"].with_context(
            mail_activity_quick_update=True
        )
        for alert, activity in zip(opened, Activity.create(activities), strict=True):
            alert.activity_id = activity

    def _assignee(self, customer):
        """Return who gets the activity, none if nobody is there for it.

        Only who may see customers: the evidence tells of their revenue and risk.
        """
        for user in (
            customer.account_manager_id,
            self.segment_id.user_id,
            self.user_id,
        ):
            if (
                user.active
                and customer.company_id in user.company_ids
                and user.has_group(USER)
            ):
                return user
        return self.env["res.users"]

    def _evidence(self, company, as_of, rows):
        """Return what speaks for an alert, a sentence for each subscription."""
        subscriptions = self.env["sale.subscription"].browse(rows.index.tolist())
        names = {sub.id: sub.display_name for sub in subscriptions}
        return [
            self._evidence_of(company, as_of, names[row.Index], row)
            for row in rows.itertuples()
        ]

    def _evidence_of(self, company, as_of, name, row):
        since = row.since.date()
        if self.feature_id:
            before = timedelta(days=7 * health.WEEKS_IDLE)
            first = since - before - timedelta(days=7 * health.WEEKS_BEFORE - 1)
            return self.env._(
                "%(subscription)s: used %(feature)s in %(weeks)s of the 4 weeks from "
                "%(first)s to %(last)s, and not in the 2 weeks after",
                subscription=name,
                feature=self.feature_id.display_name,
                weeks=int(row.value),
                first=format_date(self.env, first),
                last=format_date(self.env, since - before),
            )
        values = {
            "subscription": name,
            "sentence": self._sentence(company, row.value),
            "side": self._limit_words(company),
            "since": format_date(self.env, since),
            "date": format_date(self.env, as_of),
        }
        if pd.notna(row.value_before):
            values["before"] = self._value_words(company, row.value_before)
            return self.env._(
                "%(subscription)s: %(sentence)s (%(date)s); %(side)s since %(since)s, "
                "before that %(before)s",
                **values,
            )
        return self.env._(
            "%(subscription)s: %(sentence)s (%(date)s); %(side)s since %(since)s",
            **values,
        )

    def _close(self, run, gone):
        """Close alerts, and mark their activities as done.

        :param gone: alerts of customers for whom the condition is gone
        """

        def work(ids):
            alerts = gone.browse(ids)
            alerts.closed_on = run.as_of
            for activity in alerts.activity_id.filtered("active"):
                rule = self.with_context(lang=activity.user_id.lang or self.env.lang)
                activity.action_feedback(feedback=rule._closing_words(run))

        for ids in split_every(BATCH, gone.ids):
            run._bisect(list(ids), "subscription.health.alert", work)

    def _closing_words(self, run):
        """Return why an activity is done by itself."""
        values = {"date": format_date(self.env, run.as_of), "rule": self.name}
        if self.company_id - run.company_id:
            return self.env._(
                "Done by itself on %(date)s: %(rule)s is for another company now.",
                **values,
            )
        return self.env._(
            "Done by itself on %(date)s: %(rule)s is not so any more for any "
            "subscription of the customer.",
            **values,
        )
