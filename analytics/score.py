# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From what is known of a company's subscriptions as of a date to their scores.

Two steps, because only the second one looks from one subscription at the others:
:func:`describe` each of them, then :func:`rank` those that run.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from . import lifecycle, rfm
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


def describe(
    subscriptions: pd.DataFrame,
    invoices: pd.DataFrame,
    pauses: pd.DataFrame,
    as_of: date,
    limits: Limits,
) -> pd.DataFrame:
    """Return what can be said of each subscription by itself and its predecessors.

    :param subscriptions: indexed by id, predecessors included; ``running`` (bool),
        ``first_start_date``, ``run_start`` (first day of the current or last run),
        ``end_date`` (NaT: it runs), ``predecessor_id``, ``unit`` and ``interval`` of
        the billing period, ``next_invoice_date``, ``monetary`` (MRR in company
        currency)
    :param invoices: see :func:`.renewals.renewals`
    :param pauses: see :func:`.renewals.renewals`
    :return: same index; ``relationship_start_date``, ``tenure_months``,
        ``tenure_band``, ``lifecycle_stage`` of all that have started (the stage is
        empty where a successor continues it); of those that run ``rfm_recency``
        (days), ``rfm_frequency``, ``renewed_months``, ``rfm_monetary``, ``rfm_r``,
        ``rfm_assumed``, ``next_renewal_date`` and ``scored_on``; else missing
    """
    today = pd.Timestamp(as_of)
    ids = subscriptions.index
    running = subscriptions["running"].astype(bool)
    until = subscriptions["end_date"].fillna(today)
    started = subscriptions["first_start_date"].notna()
    result = pd.DataFrame(index=ids)

    start = lifecycle.chain_starts(
        subscriptions["run_start"],
        subscriptions["first_start_date"],
        subscriptions["predecessor_id"],
    )
    months = lifecycle.whole_months(start, until)
    stage = lifecycle.stage(
        months, running, limits.stability_months, limits.loyal_months
    )
    continued = ids.isin(subscriptions["predecessor_id"].dropna())
    result["relationship_start_date"] = start
    result["tenure_months"] = months
    result["tenure_band"] = lifecycle.band(
        months, limits.mid_term_months, limits.veteran_months
    ).where(started, None)
    result["lifecycle_stage"] = stage.where(started & (running | ~continued), None)

    renewed = renewals(
        pd.DataFrame(
            {
                "start_date": subscriptions["run_start"],
                "until": until,
                "unit": subscriptions["unit"],
                "interval": subscriptions["interval"],
                "predecessor_id": subscriptions["predecessor_id"],
            }
        )[running | continued],
        invoices,
        pauses,
        as_of,
    ).reindex(ids[running])
    recency = (today - renewed["last_renewal_date"]).dt.days
    result["rfm_recency"] = recency
    result["rfm_frequency"] = renewed["frequency"]
    result["renewed_months"] = renewed["renewed_months"]
    result["rfm_monetary"] = subscriptions["monetary"].where(running)
    result["rfm_r"] = rfm.recency_score(
        recency / renewed["period_days"], limits.recency
    )
    result["rfm_assumed"] = renewed["assumed"]
    billed = subscriptions["next_invoice_date"].fillna(subscriptions["run_start"])
    result["next_renewal_date"] = next_renewal(
        billed[running],
        subscriptions["unit"][running],
        subscriptions["interval"][running],
        as_of,
    )
    result["scored_on"] = pd.Series(today, ids).where(running)
    return result


def rank(scores: pd.DataFrame) -> pd.DataFrame:
    """Add what comes of comparing all that run: F, M, the score and the segment.

    :param scores: ``renewed_months``, ``rfm_monetary``, ``rfm_r``; missing of what
        does not run
    :return: the same with ``rfm_f``, ``rfm_m``, ``rfm_score`` and ``rfm_segment``
    """
    f = rfm.quintile_score(scores["renewed_months"])
    m = rfm.quintile_score(scores["rfm_monetary"])
    r = scores["rfm_r"]
    scored = r.notna() & f.notna() & m.notna()
    text = pd.Series(np.nan, scores.index, dtype=object)
    code = 100 * r[scored].astype(int) + 10 * f[scored].astype(int) + m[scored]
    text[scored] = code.astype(int).astype(str)
    return scores.assign(
        rfm_f=f, rfm_m=m, rfm_score=text, rfm_segment=rfm.segment(r, f, m)
    )
