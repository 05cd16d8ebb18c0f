# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How long subscriptions stay, by contract period: the curves that CLV is made of.

Time is counted in contract periods: at the end of each one a subscription goes on or
leaves. Of one that still runs it is known only that it went on so far (it is censored).

A cohort (the subscriptions of a plan and period) follows the shifted-beta-geometric
distribution (sBG; Fader and Hardie 2007): each subscription has a constant probability
of leaving, and these differ as a beta distribution says, so that the hazard of those
who stay falls. Where that does not fit, hazards are constant (geometric) or taken as
they were seen (Kaplan–Meier). Cohorts with few ends take the curve of all plans of the
period, or of the company.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from .periods import boundary, elapsed, months

#: Whose hazards a curve has: of a plan and period, of a period, of the company.
LEVELS = ("plan", "period", "all")
#: Fewer ends than these say too little of a cohort.
MIN_ENDS = 20
#: Above this sum of alpha and beta the hazard is as good as constant.
MOST_ALPHA_BETA = 1000.0
#: A period with fewer at risk says nothing on its own.
MIN_AT_RISK = 30
#: A curve further than this from what was seen gives way to Kaplan–Meier.
WIDEST_GAP = 0.1
#: The normal deviate of 95 % intervals.
DEVIATE = 1.96


def periods_lived(lives: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Return how many contract periods subscriptions lived, as far as known on a date.

    :param lives: ``start_date``, ``end_date`` (the first day not running; NaT or after
        the date: it runs), ``unit``, ``interval``, ``has_successor`` (bool: the end is
        no churn)
    :return: same index, without those that had not started or whose start or period is
        not known; ``periods`` (whole ones gone through; of an ended one the number of
        that at or in which it left, from 1) and ``ended`` (bool)
    """
    today = pd.Timestamp(as_of)
    start, end = lives["start_date"], lives["end_date"]
    gone = end <= today
    until = end.where(gone, today)
    whole = elapsed(start, until, lives["unit"], lives["interval"])
    ended = gone & ~lives["has_successor"].astype(bool)
    last_day = boundary(start, lives["unit"], lives["interval"], whole)
    # Who leaves amid a period does so in that one; nobody leaves before the first.
    left_in = (whole + (last_day < until)).clip(lower=1)
    lived = whole.where(~ended, left_in)
    known = lived.notna()
    return pd.DataFrame(
        {"periods": lived[known].astype("int64"), "ended": ended[known]}
    )


def kaplan_meier(periods, ended, entered=None) -> pd.DataFrame:
    """Return the life table of a cohort.

    :param periods: whole numbers: in which period it left, or how many it has lived
    :param ended: whether it left; an end is in period 1 or later
    :param entered: how many periods it had lived when watching began (left truncation:
        of those who left before nothing is known), 0 if not given
    :return: indexed by ``period`` from 1 on: ``at_risk``, ``left`` (counts) and
        ``survival`` (the share that outlives the period)
    """
    periods = np.asarray(periods, dtype=np.int64)
    entered = np.zeros_like(periods) if entered is None else np.asarray(entered)
    watched = periods > entered
    periods, entered = periods[watched], entered[watched].astype(np.int64)
    ended = np.asarray(ended, dtype=bool)[watched]
    last = int(periods.max(initial=0))
    joined = np.bincount(entered, minlength=last + 1).cumsum()
    gone = np.bincount(periods, minlength=last + 1).cumsum()
    at_risk = (joined - gone)[:last]
    left = np.bincount(periods[ended], minlength=last + 1)[1:]
    hazard = left / np.maximum(at_risk, 1)
    return pd.DataFrame(
        {"at_risk": at_risk, "left": left, "survival": np.cumprod(1 - hazard)},
        pd.RangeIndex(1, last + 1, name="period"),
    )


class Beta(NamedTuple):
    """A fitted sBG.

    :param covariance: of (logit of alpha / (alpha + beta), log of alpha + beta), as
        (variance, covariance, variance); None where the data do not tell
    """

    alpha: float
    beta: float
    log_likelihood: float
    covariance: tuple[float, float, float] | None

    @property
    def is_bounded(self) -> bool:
        """Whether the hazard does fall: alpha + beta stays below the cap."""
        return self.alpha + self.beta < 0.99 * MOST_ALPHA_BETA


def fit_beta(at_risk, left) -> Beta:
    """Fit an sBG by maximum likelihood to a life table from period 1 on.

    Those that still run at different ages are censored by not being at risk later. At
    least one must have left.

    By Fisher scoring over the logit of the mean alpha / (alpha + beta) and the
    logarithm of the size alpha + beta: of these the logarithm of the hazard,
    log(mean · size) - log(size + age), has simple slopes. Two numbers need no library,
    whose threads are slower than the sum on a busy machine.
    """
    at_risk, left = np.asarray(at_risk, float), np.asarray(left, float)
    age = np.arange(len(left), dtype=float)

    def likelihood(point):
        hazard = _hazards(*point, age)
        return left @ np.log(hazard) + (at_risk - left) @ np.log1p(-hazard)

    mean = np.clip(left.sum() / max(at_risk.sum(), 1), 1e-6, 1 - 1e-6)
    point = np.array([np.log(mean / (1 - mean)), np.log(3)])
    value = likelihood(point)
    for _turn in range(200):
        step = _step(point, *_slopes(*point, age, at_risk, left))
        # Half of it until it leads up, as it does if short enough.
        while (gained := likelihood(point + step) - value) < 0:
            step /= 2
            if np.abs(step).max() < 1e-9:
                break
        else:
            point, value = point + step, value + gained
        if np.abs(step).max() < 1e-9:
            break
    _slope, (one, both, two) = _slopes(*point, age, at_risk, left)
    determinant = one * two - both**2
    covariance = None
    if determinant > 1e-10 * one * max(one, two):
        parts = np.array([two, -both, one]) / determinant
        covariance = tuple(parts.tolist())
    size = np.exp(point[1])
    alpha = size * _mean(point[0])
    return Beta(float(alpha), float(size - alpha), float(value), covariance)


#: Between which the logit of the mean and the logarithm of the size are looked for.
_LOWEST = np.array([-16, np.log(0.01)])
_HIGHEST = np.array([16, np.log(MOST_ALPHA_BETA)])


def _mean(logit):
    return 1 / (1 + np.exp(-logit))


def _hazards(logit, log_size, age):
    size = np.exp(log_size)
    return _mean(logit) * size / (size + age)


def _slopes(logit, log_size, age, at_risk, left):
    """Return the slopes of the likelihood, and its expected information: 11, 12, 22."""
    hazard = _hazards(logit, log_size, age)
    by_logit, by_size = 1 - _mean(logit), age / (np.exp(log_size) + age)
    off = (left - at_risk * hazard) / (1 - hazard)
    weight = at_risk * hazard / (1 - hazard)
    slope = np.array([off.sum() * by_logit, off @ by_size])
    one, both, two = weight.sum(), weight @ by_size, weight @ by_size**2
    return slope, (one * by_logit**2, both * by_logit, two)


def _step(point, slope, information):
    """Return where to go: not far at once, and no further than the bounds."""
    one, both, two = information
    determinant = one * two - both**2
    # One period says nothing of the size.
    if determinant > 1e-12 * one**2:
        first = two * slope[0] - both * slope[1]
        second = one * slope[1] - both * slope[0]
        step = np.array([first, second]) / determinant
    else:
        step = np.array([slope[0] / one, 0.0])
    room = np.where(step > 0, _HIGHEST - point, point - _LOWEST)
    if (room < 1e-6).any():
        # Along the bound: in the mean alone, or in the size where the mean is bounded.
        alone = slope / np.array([one, max(two, 1e-12)])
        room = np.where(alone > 0, _HIGHEST - point, point - _LOWEST)
        step = np.where(room < 1e-6, 0, alone)
        step[1] *= room[0] < 1e-6
    # All of it shorter: it must not turn aside.
    return step / max(1, *np.abs(step) / np.clip(room, 1e-9, 2))


@dataclass(frozen=True)
class Curve:
    """The hazards of a cohort by contract period.

    ``level`` is one of ``LEVELS``; ``method`` says how they were found: ``sbg``,
    ``geometric`` or ``kaplan_meier``. ``ends`` and ``at_risk`` (periods gone through)
    are what they rest on; ``gap`` is the largest distance of the survival from that of
    Kaplan–Meier.
    """

    level: str
    method: str
    ends: int
    at_risk: int
    hazard: float
    gap: float = 0.0
    alpha: float | None = None
    beta: float | None = None
    covariance: tuple[float, float, float] | None = None
    seen: tuple[float, ...] = ()

    def hazards(self, count: int) -> np.ndarray:
        """Return the probabilities of leaving in period 1 to ``count``, if reached."""
        if self.method == "sbg":
            return self.alpha / (self.alpha + self.beta + np.arange(count))
        result = np.full(count, self.hazard)
        seen = self.seen[:count]
        result[: len(seen)] = seen
        return result

    def errors(self, count: int) -> np.ndarray:
        """Return the standard errors of the logarithms of :meth:`hazards`.

        By the delta method of an sBG, else of a rate that so many ends tell.
        """
        if self.method != "sbg":
            return np.full(count, (self.ends + 0.5) ** -0.5)
        size = self.alpha + self.beta
        age = np.arange(count)
        one, two = self.beta / size, age / (size + age)
        first, both, second = self.covariance
        return np.sqrt(one**2 * first + 2 * one * two * both + two**2 * second)

    def cumulated(self, count: int) -> np.ndarray:
        """Return -log of the survival of 0 to ``count`` periods, in three rows.

        As expected, and with the hazards as high and as low as their 95 % intervals
        reach: what is fitted is not known better than the data tell.
        """
        steps = -np.log1p(-self.hazards(count))
        spread = np.exp(DEVIATE * self.errors(count))
        rows = np.zeros((3, count + 1))
        rows[:, 1:] = np.cumsum([steps, steps * spread, steps / spread], axis=1)
        return rows

    def survival(self, count: int) -> np.ndarray:
        """Return the expected shares that outlive period 1 to ``count``."""
        return np.exp(-self.cumulated(count)[0, 1:])


@dataclass(frozen=True)
class Survival:
    """The curves of a company, to be looked up by plan and period.

    ``monthly`` is the curve of the whole company, by months; None if none ever ran.
    """

    by_plan: Mapping[tuple[object, str], Curve]
    by_period: Mapping[str, Curve]
    monthly: Curve | None

    def curve(self, plan, unit: str, interval: int, period_months: float):
        """Return the curve of a plan and period, None if nothing is known at all."""
        name = _name(unit, interval)
        found = self.by_plan.get((plan, name)) or self.by_period.get(name)
        if found or self.monthly is None:
            return found
        stay = np.log1p(-self.monthly.hazard) * period_months
        return replace(self.monthly, hazard=float(-np.expm1(stay)))


def fit(lives: pd.DataFrame) -> Survival:
    """Return the curves of a company's subscriptions.

    :param lives: ``plan`` (text or whole number, may be missing), ``unit``,
        ``interval``, ``periods`` and ``ended`` (see :func:`periods_lived`); optionally
        ``entered`` (see :func:`kaplan_meier`): where history was imported of those that
        still ran, the periods they had lived then
    """
    lives = lives.assign(
        period=_names(lives["unit"], lives["interval"]),
        months=months(lives["unit"], lives["interval"]),
    )
    if "entered" not in lives:
        lives = lives.assign(entered=0)
    lives = lives[lives["periods"] > lives["entered"]]
    by_plan, by_period = {}, {}
    ends = lives.groupby("period")["ended"].sum()
    for period in ends.index[ends >= MIN_ENDS]:
        some = lives[lives["period"] == period]
        by_period[period] = _fitted(some, "period")
        for plan, own in some.groupby("plan", observed=True):
            if own["ended"].sum() >= MIN_ENDS:
                plan = plan.item() if isinstance(plan, np.generic) else plan
                by_plan[plan, period] = _fitted(own, "plan")
    return Survival(by_plan, by_period, _by_month(lives))


def _by_month(lives):
    """Return the curve of all: so many ends in so many months, whatever the period.

    Half an end is added (Jeffreys' prior): none seen does not mean that none will be.
    """
    watched = lives["periods"] - lives["entered"]
    exposed = float((watched * lives["months"]).sum())
    if not exposed:
        return None
    ends = int(lives["ended"].sum())
    hazard = float(-np.expm1(-(ends + 0.5) / exposed))
    return Curve("all", "geometric", ends, round(exposed), hazard)


def _fitted(lives, level):
    """Return the curve of a cohort with enough ends.

    sBG, unless a constant hazard does as well (Akaike: a further parameter has to gain
    more than 1 in log-likelihood); and neither where it misses what was seen.
    """
    table = kaplan_meier(lives["periods"], lives["ended"], lives["entered"])
    at_risk, left = table["at_risk"].to_numpy(), table["left"].to_numpy()
    ends, exposed = int(left.sum()), int(at_risk.sum())
    hazard = (ends + 0.5) / (exposed + 1)
    curve = Curve(level, "geometric", ends, exposed, hazard)
    beta = fit_beta(at_risk, left)
    constant = ends * np.log(hazard) + (exposed - ends) * np.log1p(-hazard)
    gains = beta.log_likelihood - constant > 1
    if gains and beta.is_bounded and beta.covariance:
        curve = replace(
            curve,
            method="sbg",
            alpha=beta.alpha,
            beta=beta.beta,
            covariance=beta.covariance,
        )
    reliable = at_risk >= MIN_AT_RISK
    expected = curve.hazards(len(table))
    seen = np.where(reliable, left / np.maximum(at_risk, 1), expected)
    survived = np.cumprod(1 - seen)
    gaps = np.abs(survived - np.cumprod(1 - expected))[reliable]
    curve = replace(curve, gap=float(gaps.max(initial=0)))
    if curve.gap <= WIDEST_GAP:
        return curve
    # After what was seen, as in its later half.
    last = int(np.flatnonzero(reliable)[-1]) + 1
    later = slice(last // 2, last)
    return Curve(
        level,
        "kaplan_meier",
        ends,
        exposed,
        float((left[later].sum() + 0.5) / (at_risk[later].sum() + 1)),
        # All leaving at once would make the logarithm of the survival infinite.
        seen=tuple(np.minimum(seen[:last], 0.999).tolist()),
    )


def _name(unit, interval):
    return f"{max(int(interval), 1)} {unit}"


def _names(unit, interval):
    """Return the names of periods, missing where they are not known."""
    number = interval.fillna(1).clip(lower=1).astype("int64").astype(str)
    return (number + " " + unit.astype("object")).where(unit.notna())
