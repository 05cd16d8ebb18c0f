# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# pylint: disable=prefer-env-translation
"""How subscriptions are used, as of a date.

Usage comes from two places: logins to the portal, which Odoo counts by itself, and the
*feed*, which is all that is reported. That nobody logs in to the portal says little; a
feed that reports nothing at all for :data:`OUTAGE_DAYS` days has stopped, and then
nothing is known: all signals are missing, and :func:`feed_outage` says since when. Such
a gap hides the signals whose days it lies in, also after the feed is back; so does a
feed that is younger than those days.

A subscription that the feed has never mentioned counts as not used when its plan is
measured at all: when the feed has mentioned another subscription of the plan.

Days of months that were rolled up (see ``subscription.usage``) are told apart only by
whether they saw use. As of dates that look back on such months, "30 days" are calendar
months, and a date within a month stands for the end of the month before.
"""

from datetime import timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
from dateutil.relativedelta import relativedelta

from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from .frame import memory, only, read
from .positions import known
from .running import chosen, running_subscriptions
from .signal import Signal

_lt = LazyTranslate(__name__)

#: A feed that was silent for so many days has stopped.
OUTAGE_DAYS = 7
#: How far back the signals look, in three equal parts.
DAYS = (30, 60, 90)
ONE_DAY = timedelta(days=1)
#: What the queries look at.
MODELS = (
    "subscription.usage",
    "subscription.usage.correction",
    "subscription.feature",
    "subscription.feature.limit",
    "subscription.terms",
)
#: Features whose use in three parts fits into 63 bits.
WORD = 21

_NO_FEED = _lt(
    "No usage was reported for the company 30 days ago, reports have stopped or had "
    "stopped for a week or more, or no subscription of the plan was ever reported."
)

SIGNALS = (
    Signal(
        "logins_30d",
        "number",
        "",
        _lt("logins in 30 days"),
        _lt("How often the customer logged in, in the last 30 days."),
        _lt(
            "As for active days, or no logins are reported. With logins to the portal "
            "only: nobody of the customer has ever logged in."
        ),
    ),
    Signal(
        "logins_change",
        "number",
        "percent",
        _lt("change of logins"),
        _lt("Logins of the last 30 days against the 30 days before."),
        _lt("No login in the 30 days before, or these days are not wholly known."),
    ),
    Signal(
        "days_since_use",
        "number",
        "days",
        _lt("days since last use"),
        _lt(
            "Days since anything was used. Of a subscription that was never used, "
            "since it started or its usage began to be reported."
        ),
        _NO_FEED,
    ),
    Signal(
        "active_days_30d",
        "number",
        "days",
        _lt("active days"),
        _lt("On how many of the last 30 days anything was used."),
        _NO_FEED,
    ),
    Signal(
        "features_30d",
        "number",
        "",
        _lt("features used"),
        _lt("How many different features were used in the last 30 days."),
        _lt("As for active days, or only logins are known."),
    ),
    Signal(
        "features_change",
        "number",
        "",
        _lt("change of features used"),
        _lt("How many more features than in the 30 days before; fewer are negative."),
        _lt("As for features used, or the 30 days before are not wholly known."),
    ),
    Signal(
        "key_features_dropped",
        "number",
        "",
        _lt("key features dropped"),
        _lt("Key features that were used 30 to 90 days ago and not since."),
        _lt("As for features used, or no feature is a key feature."),
    ),
    Signal(
        "key_features_90d",
        "number",
        "",
        _lt("key features used"),
        _lt(
            "How many different key features were used in the last 90 days, or since "
            "the start of a younger subscription."
        ),
        _lt(
            "As for features used, no use of a key feature was reported yet, or not on "
            "all of these days."
        ),
    ),
    Signal(
        "limit_share",
        "number",
        "share",
        _lt("share of the plan's limit used"),
        _lt(
            "Use in the last 30 days divided by the limit of the plan, of the feature "
            "that comes closest to it; 1 is all that the plan includes."
        ),
        _lt("As for features used, or the plan has no limit."),
    ),
)


def feed_outage(env, company, as_of):
    """Return the last day with reported usage if the feed has stopped, else None."""
    feed = Feed(env, company, as_of)
    return feed.last if feed.stopped else None


class Use(NamedTuple):
    """What the signals are made of; nothing but ``feed`` where nothing is known.

    * ``running``: see :func:`.running.running_subscriptions`
    * ``lives``: of those that were asked for, ``start`` and ``template_id``
    * ``used``: what they used in the three parts, see :func:`_used`
    * ``nearest``: the limit of their plan that they come closest to: ``share`` of it
      and ``feature_id``
    """

    feed: "Feed"
    running: pd.DataFrame
    lives: pd.DataFrame = None
    used: pd.DataFrame = None
    nearest: pd.DataFrame = None


def read_use(env, company, as_of, ids=None, running=None):
    """Return the :class:`Use` of the subscriptions that run on a date.

    :param running: see :func:`.running.running_subscriptions`, if it is at hand
    """
    for name in MODELS:
        env[name].flush_model()
    if running is None:
        running = running_subscriptions(env, company, as_of)
    feed = Feed(env, company, as_of)
    if feed.stopped or not feed.since:
        return Use(feed, running)
    lives = _lives(chosen(running, ids))
    with memory(env, 64):
        used = _used(env, feed, lives, ids)
        nearest = _nearest_limit(env, feed, lives, ids)
    return Use(feed, running, lives, used, nearest)


def read_others(env, feed, others):
    """Return what subscriptions used that do not run any more, see :func:`_used`.

    :param others: DataFrame: ``first_start_date`` and ``template_id``
    """
    return _used(env, feed, _lives(others), others.index.tolist())


def use_of_feature(feed, used, feature_id):
    """Return in which of the three parts a feature was used: three bits, latest lowest.

    :param used: see :func:`_used`
    """
    word, place = divmod(feed.features.index(feature_id), WORD)
    return used[f"word_{word}"] // (1 << 3 * place) & 0b111


def usage(env, company, as_of, ids=None, running=None, use=None):
    """Return the usage of the subscriptions that run on a date.

    Rows known by then alone are looked at, and none from before a subscription's first
    start. Key features and limits of plans are those of now.

    :param running: see :func:`.running.running_subscriptions`, if it is at hand
    :param use: from :func:`read_use` with the same ids, if it is at hand
    :return: DataFrame indexed by subscription id, a column for each of SIGNALS
    """
    names = [signal.name for signal in SIGNALS]
    feed, _running, lives, used, nearest = use or read_use(
        env, company, as_of, ids, running
    )
    if lives is None:
        return pd.DataFrame(
            columns=names, index=pd.Index([], name="id", dtype="int64"), dtype="float64"
        )
    last = _last_use(env, feed, lives, used["last"])
    result = pd.DataFrame(index=lives.index)
    result["logins_30d"] = used["logins"]
    before = used["logins_before"]
    result["logins_change"] = 100 * (used["logins"] / before.where(before > 0) - 1)
    since = lives["start"].clip(lower=_day(feed.since))
    result["days_since_use"] = (_day(as_of) - last.fillna(since)).dt.days
    result["active_days_30d"] = np.minimum(_ones(used["days"]), DAYS[0])
    now, earlier, dropped, keys = _breadth(feed, used)
    result["features_30d"] = now
    result["features_change"] = now - earlier
    result["key_features_dropped"] = dropped
    result["key_features_90d"] = keys
    result["limit_share"] = nearest["share"]
    result = result.astype("float64")

    changes = ["logins_change", "features_change"]
    logins = ["logins_30d", "logins_change"]
    features = names[names.index("features_30d") :]
    result.loc[lives["start"] > _day(feed.parts[1]) + ONE_DAY, changes] = np.nan
    if not feed.covers(0, feed.since):
        result[[name for name in names if name != "days_since_use"]] = np.nan
    if not feed.covers(0, feed.logins_since):
        result[logins] = np.nan
    if not feed.covers(1, feed.logins_since):
        result["logins_change"] = np.nan
    if not feed.covers(1, feed.since):
        result["features_change"] = np.nan
    if not feed.first:
        result[features] = np.nan
    if feed.keys:
        begin = lives["start"].clip(lower=_day(feed.parts[2]) + ONE_DAY)
        result["key_features_90d"] = result["key_features_90d"].where(
            feed.covers_from(begin, feed.keys_since)
        )
    else:
        result[["key_features_dropped", "key_features_90d"]] = np.nan
    if feed.silent_until and feed.silent_until > feed.parts[0]:
        unseen = last.isna() | (last <= _day(feed.silent_until))
        result.loc[unseen, "days_since_use"] = np.nan
    if feed.portal and not feed.reports_logins:
        result.loc[~result.index.isin(_portal_users(env, feed, ids)), logins] = np.nan
    measured = last.notna()
    if feed.first and not measured.all():
        measured |= lives["template_id"].isin(_measured_plans(env, feed))
    result.loc[~measured] = np.nan
    return result[names]


class Feed:
    """What was known of a company's usage on a date, and the days it is looked at.

    * ``first`` and ``last`` day of the feed (None: there was none), ``stopped``,
      ``silent_until``: the last day of the latest gap in the feed
    * ``since``, ``logins_since`` and ``keys_since``: the first day of any usage, of the
      feed if there is one, of any login and of any key feature (None: never)
    * ``portal``: id of the feature if logins to the portal were counted;
      ``reports_logins``: the feed has logins too
    * ``logins``, ``features`` and ``keys``: ids of what was used; keys are features
    * ``first_days``: of each of them, the first day on which it was counted
    * ``today``: the date, or what stands for it; ``parts``: the days before each of the
      three parts, latest first
    """

    def __init__(self, env, company, as_of):
        self.env, self.company, self.today = env, company, as_of
        self.parts = [as_of - timedelta(days=days) for days in DAYS]
        rolled = self._rolled_up_until()
        if rolled and self.parts[-1] < rolled:
            self.today = as_of if as_of == _month_end(as_of) else _month_end(as_of, 1)
            self.parts = [_month_end(self.today, months) for months in (1, 2, 3)]
        self.corrected = self._has_corrections()
        self._look_at_features()
        until = self.last
        if until and rolled and until <= rolled:
            # On which days of the month there were reports is not known any more.
            until = _month_end(until)
        self.stopped = bool(until) and (self.today - until).days >= OUTAGE_DAYS
        self.silent_until = self._silent_until(rolled) if self.first else None

    def _rolled_up_until(self):
        """Return the last day of the last month that was rolled up, if any was."""
        rows = self.env.execute_query(
            SQL(
                "SELECT MAX(date) FROM subscription_usage"
                " WHERE company_id = %s AND is_month",
                self.company.id,
            )
        )
        return rows[0][0] and _month_end(rows[0][0])

    def _has_corrections(self):
        """Return whether anything was known otherwise on the date than it is now."""
        rows = self.env.execute_query(
            SQL(
                "SELECT FROM subscription_usage_correction"
                " WHERE company_id = %s AND superseded_on > %s AND known_on <= %s"
                " LIMIT 1",
                self.company.id,
                self.today,
                self.today,
            )
        )
        return bool(rows)

    def _look_at_features(self):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, kind = 'login', is_key, first.date, last.date
                  FROM subscription_feature feature,
               LATERAL (
                    SELECT date FROM (%(usage)s) AS day
                     WHERE feature_id = feature.id
                  ORDER BY date LIMIT 1
                  ) AS first,
               LATERAL (
                    SELECT date FROM (%(usage)s) AS day
                     WHERE feature_id = feature.id
                  ORDER BY date DESC LIMIT 1
                  ) AS last
              ORDER BY id
                """,
                usage=self.known(),
            )
        )
        portal = self.env.ref(
            "subscription_segmentation.subscription_feature_portal_login",
            raise_if_not_found=False,
        )
        fed = [row for row in rows if not portal or row[0] != portal.id]
        self.portal = portal.id if len(fed) < len(rows) else None
        self.fed = [row[0] for row in fed]
        self.first = min((row[3] for row in fed), default=None)
        self.last = max((row[4] for row in fed), default=None)
        self.since = min((row[3] for row in fed or rows), default=None)
        self.logins_since = min((row[3] for row in rows if row[1]), default=None)
        self.reports_logins = any(row[1] for row in fed)
        self.logins = [row[0] for row in rows if row[1]]
        self.features = [row[0] for row in rows if not row[1]]
        keys = [row for row in rows if row[2] and not row[1]]
        self.keys = [row[0] for row in keys]
        self.keys_since = min((row[3] for row in keys), default=None)
        self.first_days = {row[0]: row[3] for row in rows}

    def _silent_until(self, rolled):
        """Return the last of OUTAGE_DAYS or more days in a row without a report."""
        start = self.parts[2] - timedelta(days=OUTAGE_DAYS)
        start = max(start, self.first - ONE_DAY, rolled or start)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT day::date
                  FROM generate_series(%(start)s::date + 1, %(today)s::date, '1 day')
                    AS day
                 WHERE EXISTS (
                    SELECT FROM unnest(%(fed)s::int[]) AS fed (id),
                   LATERAL (
                        SELECT FROM (%(usage)s) AS known
                         WHERE feature_id = fed.id AND date = day::date
                         LIMIT 1
                      ) AS report
                 )
              ORDER BY day
                """,
                start=start,
                today=self.today,
                fed=self.fed,
                usage=self.known(),
            )
        )
        before, until = start, None
        for (day,) in rows:
            if (day - before).days > OUTAGE_DAYS:
                until = day - ONE_DAY
            before = day
        return until

    def covers(self, part, first):
        """Return whether a part of the days, and those after it, are wholly known.

        :param first: the first day on which what is looked at was counted
        """
        after = self.parts[part]
        silent = self.silent_until and self.silent_until > after
        return bool(first) and first <= after + ONE_DAY and not silent

    def covers_from(self, begin, first):
        """Return whether all days from those in a column on are known, for each."""
        known = begin >= _day(first)
        if self.silent_until:
            known &= begin > _day(self.silent_until)
        return known

    def known(self):
        """Return the query for the usage that was known on the date."""
        corrected = SQL("")
        if self.corrected:
            corrected = SQL(
                """
                UNION ALL
               SELECT subscription_id, feature_id, company_id, date, known_on, count,
                      1, superseded_on
                 FROM subscription_usage_correction
                """
            )
        return SQL(
            """
            SELECT subscription_id, feature_id, date, count, day_bits
              FROM (
                -- Without conditions of their own, so that either's index is used.
                SELECT subscription_id, feature_id, company_id, date, known_on, count,
                       day_bits, 'infinity'::date AS superseded_on
                  FROM subscription_usage
                %(corrected)s
              ) AS day
             WHERE company_id = %(company)s
               AND date <= %(today)s
               AND known_on <= %(today)s
               AND superseded_on > %(today)s
            """,
            corrected=corrected,
            company=self.company.id,
            today=self.today,
        )


def _lives(subscriptions):
    """Return what is looked at of subscriptions."""
    lives = subscriptions[["first_start_date", "template_id"]]
    return lives.rename(columns={"first_start_date": "start"})


def _since_start(feed, lives):
    """Return the condition that usage is not from before its subscription started."""
    young = lives.loc[lives["start"] > _day(feed.parts[-1]) + ONE_DAY, "start"]
    if young.empty:
        return SQL("TRUE")
    return SQL(
        """
        NOT EXISTS (
            SELECT FROM unnest(%s::int[], %s::date[]) AS young (id, start)
             WHERE young.id = subscription_id AND young.start > date
        )
        """,
        young.index.tolist(),
        [day.date() for day in young],
    )


def _used(env, feed, lives, ids):
    """Return what was used in the three parts, for each of the subscriptions.

    Columns: ``logins``, ``logins_before``, ``last`` (day of use), ``days`` (of the
    latest part, as bits) and ``word_0`` … : three bits for each feature, the lowest one
    says that it was used in the latest part.
    """
    words = _words(feed)
    frame = read(
        env,
        SQL(
            """
            SELECT subscription_id AS id,
                   COALESCE(SUM(count) FILTER (
                       WHERE date > %(part_1)s AND feature_id = ANY(%(logins)s)
                   ), 0) AS logins,
                   COALESCE(SUM(count) FILTER (
                       WHERE date <= %(part_1)s AND date > %(part_2)s
                         AND feature_id = ANY(%(logins)s)
                   ), 0) AS logins_before,
                   MAX(date) AS last,
                   COALESCE(BIT_OR(
                       day_bits::bigint << (%(today)s::date - date)
                   ) FILTER (WHERE date > %(part_1)s), 0) AS days
                   %(words)s
              FROM (%(usage)s) AS usage
             WHERE date > %(part_3)s AND count > 0 AND %(only)s AND %(since)s
          GROUP BY subscription_id
            """,
            words=SQL("").join(
                SQL(
                    """,
                    COALESCE(BIT_OR(
                        (%(bits)s::bigint[])[feature_id - %(first)s]
                        << CASE WHEN date > %(part_1)s THEN 0
                                WHEN date > %(part_2)s THEN 1
                                ELSE 2
                           END
                    ), 0) AS %(name)s
                    """,
                    bits=bits,
                    first=feed.features[0] - 1,
                    part_1=feed.parts[0],
                    part_2=feed.parts[1],
                    name=SQL.identifier(name),
                )
                for name, bits in words.items()
            ),
            usage=feed.known(),
            today=feed.today,
            part_1=feed.parts[0],
            part_2=feed.parts[1],
            part_3=feed.parts[2],
            logins=feed.logins,
            only=only("subscription_id", ids),
            since=_since_start(feed, lives),
        ),
        {
            "id": "int64",
            "logins": "int64",
            "logins_before": "int64",
            "days": "int64",
            **dict.fromkeys(words, "int64"),
        },
        ("last",),
    ).set_index("id")
    last = frame.pop("last").reindex(lives.index)
    # Whole numbers all the way: as floats they would lose bits.
    frame = frame.reindex(lives.index, fill_value=0)
    frame["days"] &= (1 << (feed.today - feed.parts[0]).days) - 1
    frame["last"] = last
    return frame


def _words(feed):
    """Return ``{name: bits}``: of each feature the lowest of its bits in the word.

    By the id of the feature, from the first one on: a lookup, which is much quicker for
    millions of rows than a join. Ids that are no feature's have none.
    """
    words = {}
    for start in range(0, len(feed.features), WORD):
        bits = [0] * (feed.features[-1] - feed.features[0] + 1)
        for place, id_ in enumerate(feed.features[start : start + WORD]):
            bits[id_ - feed.features[0]] = 1 << 3 * place
        words[f"word_{start // WORD}"] = bits
    return words


def _last_use(env, feed, lives, last):
    """Return the last day of use, also where it lies before the three parts."""
    rest = last.index[last.isna()]
    if rest.empty:
        return last
    found = read(
        env,
        SQL(
            """
            SELECT item.id, last.date
              FROM unnest(%s::int[]) AS item (id),
           LATERAL (
                SELECT date FROM (%s) AS usage
                 WHERE subscription_id = item.id AND count > 0
              ORDER BY date DESC LIMIT 1
              ) AS last
            """,
            rest.tolist(),
            feed.known(),
        ),
        {"id": "int64"},
        ("date",),
    ).set_index("id")["date"]
    found = found[found >= lives["start"].reindex(found.index)]
    return last.fillna(found)


def _breadth(feed, used):
    """Return how many features were used.

    In the latest part, in the one before; keys before and not in the latest one, keys
    in any part.
    """
    none = pd.Series(0, index=used.index)
    now, earlier, dropped, keys = (none.copy() for _column in range(4))
    latest = sum(1 << 3 * place for place in range(WORD))
    for start in range(0, len(feed.features), WORD):
        word = used[f"word_{start // WORD}"]
        key = sum(
            1 << 3 * place
            for place, id_ in enumerate(feed.features[start : start + WORD])
            if id_ in feed.keys
        )
        now += _ones(word & latest)
        earlier += _ones(word // 2 & latest)
        before = word // 2 | word // 4
        dropped += _ones(before & ~word & key)
        keys += _ones((before | word) & key)
    return now, earlier, dropped, keys


def _nearest_limit(env, feed, lives, ids):
    """Return the largest share of a limit, and the feature: of equals the lowest id.

    Share 0, no feature: nothing used; NaN: no limit.
    """
    limits = read(
        env,
        SQL(
            "SELECT template_id, feature_id, usage_limit"
            " FROM subscription_feature_limit"
        ),
        {"template_id": "Int64", "feature_id": "int64", "usage_limit": "float64"},
    )
    limited = set(limits["feature_id"]).intersection(feed.features)
    used = read(
        env,
        SQL(
            """
            SELECT subscription_id AS id, feature_id, SUM(count) AS total
              FROM (%(usage)s) AS usage
             WHERE date > %(part)s AND %(only)s AND %(since)s
               AND feature_id = ANY(%(limited)s)
          GROUP BY subscription_id, feature_id
            """,
            usage=feed.known(),
            part=feed.parts[0],
            limited=list(limited),
            only=only("subscription_id", ids),
            since=_since_start(feed, lives),
        ),
        {"id": "int64", "feature_id": "int64", "total": "float64"},
    )
    used["template_id"] = used["id"].map(lives["template_id"])
    used = used.merge(limits, on=["template_id", "feature_id"])
    used["share"] = used["total"] / used["usage_limit"]
    used = used.sort_values(
        ["id", "share", "feature_id"], ascending=[True, False, True]
    )
    used = used.drop_duplicates("id").set_index("id")[["share", "feature_id"]]
    used = used.reindex(lives.index)
    limited = lives["template_id"].isin(limits["template_id"])
    return used.assign(share=used["share"].fillna(0.0).where(limited))


def _portal_users(env, feed, ids):
    """Return the subscriptions whose customer has ever logged in to the portal."""
    rows = env.execute_query(
        SQL(
            "SELECT DISTINCT subscription_id FROM (%s) AS usage"
            " WHERE feature_id = %s AND %s",
            feed.known(),
            feed.portal,
            only("subscription_id", ids),
        )
    )
    return [row[0] for row in rows]


def _measured_plans(env, feed):
    """Return the plans of which the feed has mentioned any subscription."""
    rows = env.execute_query(
        SQL(
            """
            SELECT id
              FROM sale_subscription_template plan
             WHERE EXISTS (
                SELECT FROM subscription_terms told,
               LATERAL (
                    SELECT FROM (%(usage)s) AS known
                     WHERE subscription_id = told.subscription_res_id
                       AND feature_id = ANY(%(features)s)
                     LIMIT 1
                  ) AS report
                 WHERE told.template_id = plan.id AND %(known)s
             )
            """,
            usage=feed.known(),
            features=feed.fed,
            known=known(feed.company, feed.today, SQL("TRUE")),
        )
    )
    return [row[0] for row in rows]


def _ones(column):
    """Return how many bits are set in a column of whole numbers."""
    values = column.to_numpy().astype("<u8")
    ones = np.unpackbits(values.view("u1").reshape(-1, 8), axis=1).sum(axis=1)
    return pd.Series(ones.astype("int64"), index=column.index)


def _day(day):
    return pd.Timestamp(day)


def _month_end(day, before=0):
    """Return the last day of a day's month, or of one so many months before."""
    return day.replace(day=1) - relativedelta(months=before - 1) - ONE_DAY
