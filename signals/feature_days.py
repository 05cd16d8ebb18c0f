# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""On which of the last days a feature was used, as of a date."""

from datetime import timedelta

import numpy as np

from odoo.tools import SQL

from .frame import only, read
from .usage import MODELS, Feed

DAYS = 56
#: A feature that nobody used for so many days may not be reported any more,
SILENT_DAYS = 14
#: if at least so many subscriptions had used it in so many days before.
USERS = 2
DAYS_BEFORE = 28


def feature_days(env, company, as_of, feature, ids=None):
    """Return the days on which subscriptions used a feature, as bits.

    The lowest bit is the date, the next one the day before. Nothing is known where the
    feed was silent for everyone on any of the last 14 days.

    :return: Series of whole numbers by subscription id, of those that used it on any of
        the last 56 days; None: not known
    """
    for name in MODELS:
        env[name].flush_model()
    feed = Feed(env, company, as_of)
    recent = as_of - timedelta(days=14)
    silent = feed.stopped or (feed.silent_until and feed.silent_until > recent)
    if silent and feature.id != feed.portal:
        return None
    return read(
        env,
        SQL(
            """
            SELECT usage.subscription_id AS id,
                   BIT_OR(1::bigint << (%(as_of)s::date - usage.date)) AS days
              FROM (%(usage)s) AS usage
              JOIN sale_subscription own ON own.id = usage.subscription_id
             WHERE usage.feature_id = %(feature)s
               AND usage.count > 0
               AND usage.date > %(as_of)s::date - %(days)s
               AND usage.date >= own.first_start_date
               AND %(only)s
          GROUP BY usage.subscription_id
            """,
            as_of=as_of,
            usage=feed.known(),
            feature=feature.id,
            days=DAYS,
            only=only("usage.subscription_id", ids),
        ),
        {"id": "int64", "days": "int64"},
    ).set_index("id")["days"]


def is_silent(days):
    """Return whether the reports of a feature seem to have stopped.

    Nobody used it for 14 days, though two or more subscriptions had in the 4 weeks
    before; now, or on any of the last 14 days: that of some it is reported again says
    nothing of the others yet.

    :param days: from :func:`feature_days`, of all subscriptions of the company
    """
    days = days.to_numpy()
    anybody = int(np.bitwise_or.reduce(days)) if len(days) else 0
    idle = (1 << SILENT_DAYS) - 1
    before = (1 << DAYS_BEFORE) - 1
    return any(
        not anybody & idle << back
        and np.count_nonzero(days & before << back + SILENT_DAYS) >= USERS
        for back in range(SILENT_DAYS)
    )
