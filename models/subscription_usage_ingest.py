# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import io
from collections import defaultdict
from datetime import timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..analytics import usage_rows

#: Items of one call.
MAX_ROWS = 10_000
#: Who may report usage.
GROUPS = (
    "subscription_segmentation.group_usage_ingest",
    "subscription_segmentation.group_manager",
)


class SubscriptionUsage(models.Model):
    _inherit = "subscription.usage"

    @api.model
    def ingest(self, rows, company_id=None, history=False):
        """Store reported usage; bad items are answered, all others stored.

        Sending the same again changes nothing: the total of a day replaces the one
        before, an event with a key is added once. See ``analytics/usage_rows.py`` for
        what an item is; :data:`MAX_ROWS` of them go into a call.

        What is reported today is known from today on: figures as of earlier days do not
        change. ``history`` is for the first load of a past: each day counts as known
        on itself, also where it corrects what was there.

        :param company_id: whose subscriptions (the user's own company unless given)
        :return: ``{"stored": items that changed something, "unchanged": items that
            were known, "errors": [{"index", "code", "message"}]}``, together as many
            as the items
        :raise AccessError: no right to report usage, or not of that company
        :raise UserError: not a list of so many items
        """
        company = self._ingest_company(company_id)
        if not isinstance(rows, list) or len(rows) > MAX_ROWS:
            raise UserError(
                self.env._(
                    "Usage is reported as a list of up to %s items: split it.", MAX_ROWS
                )
            )
        if not isinstance(history, bool):
            raise UserError(self.env._("History is either true or false."))
        usage = self.sudo()
        today = company._subscription_today()
        items, errors = usage_rows.read(
            rows,
            ZoneInfo(company._subscription_zone()),
            today + timedelta(days=1),  # a feed may be ahead of the company's day
        )
        found, unknown = usage._find_targets(company, items)
        found, closed = usage._leave_closed(company, found)
        stored = usage._store(company, found, today, history) if found else 0
        errors = sorted([*errors, *unknown, *closed])
        return {
            "stored": stored,
            "unchanged": len(rows) - len(errors) - stored,
            "errors": [
                {
                    "index": error.index,
                    "code": error.code,
                    "message": self._ingest_message(error),
                }
                for error in errors
            ],
        }

    @api.model
    def _ingest_company(self, company_id):
        """Return the company that usage is reported for, if the user may."""
        user = self.env.user
        if not self.env.su and not any(user.has_group(group) for group in GROUPS):
            raise AccessError(
                self.env._(
                    "You may not report usage: ask an administrator for the group "
                    "Usage Ingest."
                )
            )
        if company_id is None:
            return (self.env.company if self.env.su else user.company_id).sudo()
        Company = self.env["res.company"].sudo()
        company = Company.browse(company_id if type(company_id) is int else None)
        company = company.exists() if self.env.su else company & user.company_ids.sudo()
        if not company:
            raise AccessError(
                self.env._("You may not report usage for company %s.", company_id)
            )
        return company

    @api.model
    def _ingest_message(self, error):
        """Return what is wrong with an item, in the language of the user."""
        template = usage_rows.MESSAGES[error.code]  # collected for translation there
        return self.env._(  # pylint: disable=gettext-variable
            template, **error.values
        )

    # --- finding ----------------------------------------------------------------------

    @api.model
    def _find_targets(self, company, items):
        """Return ``[(item, subscription id, feature id)]`` and what is not found."""
        features = self.env["subscription.feature"]._by_code(company)
        wanted = defaultdict(set)
        for item in items:
            wanted[item.how].add(item.who)
        subscriptions = {
            how: self._find_subscriptions(company, how, who)
            for how, who in wanted.items()
        }
        found, errors = [], []
        for item in items:
            ids = subscriptions[item.how].get(item.who, ())
            feature = features.get(item.feature)
            if len(ids) != 1:
                code = "subscription_ambiguous" if ids else "subscription_unknown"
                values = {"how": item.how, "value": usage_rows.shown(item.who)}
                errors.append(usage_rows.Error(item.index, code, values))
            elif not feature:
                values = {"value": usage_rows.shown(item.feature)}
                errors.append(usage_rows.Error(item.index, "feature_unknown", values))
            else:
                found.append((item, ids[0], feature))
        return found, errors

    @api.model
    def _find_subscriptions(self, company, how, who):
        """Return ``{value: ids}`` of a company's subscriptions, archived ones too.

        A reference is the one that a person sees: with the code of the plan or without.
        """
        names = {
            usage_rows.BY_ID: ("id",),
            usage_rows.BY_REF: ("subscription_ref",),
            usage_rows.BY_NAME: ("code", "name"),
        }[how]
        Subscription = self.env["sale.subscription"]
        Subscription.flush_model(["company_id", *names])
        found = defaultdict(set)
        for name in names:
            rows = self.env.execute_query(
                SQL(
                    "SELECT %(column)s, id FROM sale_subscription"
                    " WHERE company_id = %(company)s AND %(column)s = ANY(%(values)s)",
                    column=SQL.identifier(name),
                    company=company.id,
                    values=list(who),
                )
            )
            for value, id_ in rows:
                found[value].add(id_)
        return {value: tuple(ids) for value, ids in found.items()}

    @api.model
    def _leave_closed(self, company, found):
        """Return the targets whose month still takes usage, and errors of the others.

        A day of a month that was rolled up would be counted twice.
        """
        limit = max(self._days_from(company), self._months_until(company))
        old = {(sub, feat, i.day) for i, sub, feat in found if i.day < limit}
        if not old:
            return found, []
        columns = zip(*old, strict=True)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT subscription_id, feature_id, date
                  FROM unnest(%s::int[], %s::int[], %s::date[])
                    AS item (subscription_id, feature_id, date)
                 WHERE EXISTS (
                    SELECT FROM subscription_usage month
                     WHERE month.subscription_id = item.subscription_id
                       AND month.feature_id = item.feature_id
                       AND month.is_month
                       AND month.date >= DATE_TRUNC('month', item.date)
                       AND month.date < DATE_TRUNC('month', item.date)
                                        + INTERVAL '1 month'
                 )
                """,
                *map(list, columns),
            )
        )
        closed = set(rows)
        return [row for row in found if (row[1], row[2], row[0].day) not in closed], [
            usage_rows.Error(item.index, "date_closed", {"value": str(item.day)})
            for item, sub, feat in found
            if (sub, feat, item.day) in closed
        ]

    @api.model
    def _months_until(self, company):
        """Return the first day after the last month that was rolled up."""
        rows = self.env.execute_query(
            SQL(
                "SELECT COALESCE(MAX(date), '1999-01-01'::date) FROM subscription_usage"
                " WHERE company_id = %s AND is_month",
                company.id,
            )
        )
        return rows[0][0].replace(day=1) + relativedelta(months=1)

    # --- storing ----------------------------------------------------------------------

    @api.model
    def _store(self, company, found, today, history):
        """Store totals, then events; return how many items changed something."""
        totals, events = {}, {}
        counts = defaultdict(int)
        for item, sub, feat in found:
            key = (sub, item.day, feat)
            if item.key is None:
                totals[key] = (item.count, item.seconds, item.users)
                counts[key] += 1
            else:
                events.setdefault(usage_rows.digest(item, sub, feat), (key, item))
        stored = 0
        if totals:
            changed = self._merge(company, totals, today, history, added=False)
            stored += sum(counts[key] for key in changed)
        if events:
            new = self._count_events(events)
            stored += len(new)
            sums = {}
            for digest in new:
                key, item = events[digest]
                sums[key] = _added(sums.get(key), item)
            if sums:
                self._merge(company, sums, today, history, added=True)
        self.invalidate_model()
        return stored

    @api.model
    def _count_events(self, events):
        """Remember events; return the digests of those that were not counted yet."""
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO subscription_usage_event (digest, date)
                     SELECT digest, date
                       FROM unnest(%s::varchar[], %s::date[]) AS event (digest, date)
                   ORDER BY digest
                ON CONFLICT DO NOTHING
                  RETURNING digest
                """,
                list(events),
                [item.day for _key, item in events.values()],
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _merge(self, company, days, today, history, added):
        """Bring days into the table, in the order of its key so that calls queue up.

        :param days: ``{(subscription, day, feature): (count, seconds, users)}``
        :param added: add them to what is there instead of replacing it
        :return: the keys of what changed
        """
        cr = self.env.cr
        cr.execute(INCOMING)
        lines = [
            f"{sub}\t{day}\t{feat}\t{count}\t{_text(seconds)}\t{_text(users)}"
            for (sub, day, feat), (count, seconds, users) in days.items()
        ]
        cr.copy_expert(
            "COPY subscription_usage_incoming FROM STDIN", io.StringIO("\n".join(lines))
        )
        new = {
            name: SQL(value[added])  # pylint: disable=E8103
            for name, value in NEW_VALUES.items()
        }
        values = {
            "company": company.id,
            "today": today,
            "new": SQL(", ").join(new.values()),
            "old": SQL("usage.count, usage.seconds, usage.distinct_users"),
        }
        if not history:
            cr.execute(SQL(KEEP, **values))
        return self.env.execute_query(
            SQL(
                MERGE,
                known_on=SQL("date") if history else SQL("%s", today),
                known_again=SQL("usage.known_on") if history else SQL("%s", today),
                new_count=new["count"],
                **values,
            )
        )


def _text(value):
    return r"\N" if value is None else value


def _added(values, item):
    """Return count, seconds and users of events of a day, with one more."""
    count, seconds, users = values or (0, None, None)
    if item.seconds is not None:
        seconds = min((seconds or 0) + item.seconds, usage_rows.MAX_NUMBER)
    if item.users is not None:
        users = max(users or 0, item.users)
    return min(count + item.count, usage_rows.MAX_NUMBER), seconds, users


INCOMING = """
    DROP TABLE IF EXISTS subscription_usage_incoming;
    CREATE TEMPORARY TABLE subscription_usage_incoming (
        subscription_id int, date date, feature_id int,
        count int, seconds int, distinct_users int
    ) ON COMMIT DROP
"""
#: What becomes of a day that is there: by a total, by events. Sums stay in the column.
NEW_VALUES = {
    "count": (
        "excluded.count",
        "LEAST(usage.count::bigint + excluded.count, 2147483647)::int",
    ),
    "seconds": (
        "excluded.seconds",
        "CASE WHEN excluded.seconds IS NULL THEN usage.seconds ELSE LEAST("
        "COALESCE(usage.seconds, 0)::bigint + excluded.seconds, 2147483647)::int END",
    ),
    "distinct_users": (
        "excluded.distinct_users",
        "GREATEST(usage.distinct_users, excluded.distinct_users)",
    ),
}
KEEP = """
    INSERT INTO subscription_usage_correction (
        subscription_id, feature_id, company_id, date, count, known_on, superseded_on
    )
    SELECT usage.subscription_id, usage.feature_id, usage.company_id, usage.date,
           usage.count, usage.known_on, %(today)s
      FROM subscription_usage_incoming AS excluded
      JOIN subscription_usage AS usage USING (subscription_id, date, feature_id)
     WHERE usage.known_on < %(today)s
       AND (%(old)s) IS DISTINCT FROM (%(new)s)
"""
MERGE = """
    INSERT INTO subscription_usage AS usage (
        subscription_id, date, feature_id, company_id, count, seconds, distinct_users,
        known_on, is_month, day_bits
    )
    SELECT subscription_id, date, feature_id, %(company)s, count, seconds,
           distinct_users, %(known_on)s, FALSE, 1
      FROM subscription_usage_incoming AS day
  ORDER BY day.subscription_id, day.date, day.feature_id
        ON CONFLICT (subscription_id, date, feature_id) DO UPDATE
       SET (count, seconds, distinct_users, known_on)
         = ROW(%(new)s, %(known_again)s)
     WHERE (%(old)s) IS DISTINCT FROM (%(new)s)
 RETURNING subscription_id, date, feature_id
"""
