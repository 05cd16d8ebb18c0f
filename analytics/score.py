# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From what is known of a company's subscriptions as of a date to their scores.

What comes of comparing those that run with one another, :func:`.rfm.rank` adds.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import pandas as pd

from . import lifecycle, rfm
from .legs import split
from .periods import next_renewal
from .renewals import renewals


class Limits(NamedTuple):
    """By what a company judges its subscriptions.

    :param recency: the ratios up to which R is 5, 4, 3 and 2
    :param stability_months: lifecycle stages begin after whole months, as do ...
    :param mid_term_months: ... the tenure bands
    """

    recency: tuple[float, float, float, float] = (1, 1.25, 1.5, 2)
    stability_months: int = 3
    loyal_months: int = 12
    mid_term_months: int = 6
    veteran_months: int = 24


def relationship(
    start: pd.Series, until: pd.Series, running: pd.Series, limits: Limits
) -> pd.DataFrame:
    """Return lifecycle and tenure of relationships, missing of those not started.

    :param start: since when each one has lasted
    :param until: up to when, today if it still does
    :return: ``relationship_start_date``, ``tenure_months``, ``tenure_band``,
        ``lifecycle_stage``
    """
    months = lifecycle.whole_months(start, until)
    stage = lifecycle.stage(
        months, running, limits.stability_months, limits.loyal_months
    )
    return pd.DataFrame(
        {
            "relationship_start_date": start,
            "tenure_months": months,
            "tenure_band": lifecycle.band(
                months, limits.mid_term_months, limits.veteran_months
            ),
            "lifecycle_stage": stage.where(start.notna()),
        }
    )


def life(subscriptions: pd.DataFrame, as_of: date, limits: Limits) -> pd.DataFrame:
    """Return where subscriptions stand in their lives.

    :param subscriptions: indexed by id, predecessors included; ``running`` (bool),
        ``first_start_date``, ``run_start`` (first day of the present or last run),
        ``end_date`` (NaT: it runs), ``predecessor_id``, ``unit`` and ``interval`` of
        the billing period, ``next_invoice_date`` (NaT: unknown, or as of the past)
    :return: same index; what :func:`relationship` says (no stage where a successor
        continues it) and ``next_renewal_date`` of what runs
    """
    today = pd.Timestamp(as_of)
    running = subscriptions["running"]
    result = relationship(
        lifecycle.chain_starts(
            subscriptions["run_start"],
            subscriptions["first_start_date"],
            subscriptions["predecessor_id"],
        ),
        subscriptions["end_date"].fillna(today),
        running,
        limits,
    )
    gone_on = ~running & _is_continued(subscriptions)
    result["lifecycle_stage"] = result["lifecycle_stage"].where(~gone_on)
    boundary = next_renewal(
        subscriptions["run_start"].where(running),
        subscriptions["unit"],
        subscriptions["interval"],
        as_of,
    )
    planned = subscriptions["next_invoice_date"]
    result["next_renewal_date"] = planned.where(running & (planned >= today), boundary)
    return result


def recency_and_frequency(
    subscriptions: pd.DataFrame,
    invoices: pd.DataFrame,
    pauses: pd.DataFrame,
    periods: pd.DataFrame,
    as_of: date,
    limits: Limits,
) -> pd.DataFrame:
    """Return what the renewals of subscriptions come to.

    :param subscriptions: as for :func:`life`, with ``monetary`` (MRR in company
        currency)
    :param invoices: see :func:`.renewals.renewals`
    :param pauses: see :func:`.renewals.renewals`
    :param periods: of those whose period changed, see :func:`.legs.split`
    :return: same index; ``rfm_recency`` (days), ``rfm_frequency``, ``renewed_months``,
        ``rfm_monetary``, ``rfm_r``, ``rfm_assumed`` and ``scored_on``, missing of what
        does not run
    """
    today = pd.Timestamp(as_of)
    ids = subscriptions.index
    running = subscriptions["running"]
    runs = pd.DataFrame(
        {
            "start_date": subscriptions["run_start"],
            "until": subscriptions["end_date"].fillna(today),
            "unit": subscriptions["unit"],
            "interval": subscriptions["interval"],
            "predecessor_id": lifecycle.continued(
                subscriptions["run_start"],
                subscriptions["first_start_date"],
                subscriptions["predecessor_id"],
            ),
        }
    )
    # Those that ended count only for the ones that continue them.
    needed = running | _is_continued(subscriptions)
    last_day = (subscriptions["end_date"] - pd.Timedelta(days=1)).fillna(today)
    legs = split(runs[needed], last_day[needed], periods, invoices, pauses)
    renewed = renewals(*legs, as_of).reindex(ids[running])
    recency = (today - renewed["last_renewal_date"]).dt.days
    scores = pd.DataFrame(
        {
            "rfm_recency": recency,
            "rfm_frequency": renewed["frequency"],
            "renewed_months": renewed["renewed_months"],
            "rfm_monetary": subscriptions["monetary"][running],
            "rfm_r": rfm.recency_score(
                recency / renewed["period_days"], limits.recency
            ),
            "rfm_assumed": renewed["assumed"],
            "scored_on": today,
        }
    )
    return scores.reindex(ids)


def _is_continued(subscriptions):
    return subscriptions.index.isin(subscriptions["predecessor_id"].dropna())
