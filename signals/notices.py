# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Notices given of subscriptions: churn that is scheduled."""

from odoo.tools import SQL

from .frame import only, read


def notices(env, company, as_of, ids=None):
    """Return the notices of a company that were open, as was known on a date.

    :param ids: only of these subscriptions (None: all)
    :return: DataFrame indexed by subscription id, those under notice only:
        ``notice_date`` (given on), ``notice_end_date`` (the first day it is not to run)
    """
    env["subscription.notice"].flush_model()
    return read(
        env,
        SQL(
            """
            SELECT DISTINCT ON (subscription_id)
                   subscription_id AS id,
                   date AS notice_date,
                   end_date AS notice_end_date
              FROM subscription_notice
             WHERE %(known)s
               AND COALESCE(withdrawn_on > %(as_of)s, TRUE)
               AND COALESCE(closed_on > %(as_of)s, TRUE)
               AND %(only)s
          ORDER BY subscription_id, known_on DESC, subscription_notice.id DESC
            """,
            known=_known(company, as_of),
            as_of=as_of,
            only=only("subscription_id", ids),
        ),
        dtypes={"id": "int64"},
        dates=["notice_date", "notice_end_date"],
    ).set_index("id")


def notice_events(env, company, until):
    """Return all notices of a company that were known on a date, the oldest first.

    :return: DataFrame: ``subscription_id``, ``notice_date``, ``known_on``,
        ``withdrawn_on`` (NaT: not by then)
    """
    env["subscription.notice"].flush_model()
    return read(
        env,
        SQL(
            """
            SELECT subscription_id,
                   date AS notice_date,
                   known_on,
                   CASE WHEN withdrawn_on <= %(until)s THEN withdrawn_on
                   END AS withdrawn_on
              FROM subscription_notice
             WHERE %(known)s
          ORDER BY date, subscription_notice.id
            """,
            known=_known(company, until),
            until=until,
        ),
        dtypes={"subscription_id": "int64"},
        dates=["notice_date", "known_on", "withdrawn_on"],
    )


def _known(company, as_of):
    return SQL(
        "company_id = %s AND date <= %s AND known_on <= %s", company.id, as_of, as_of
    )
