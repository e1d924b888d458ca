"""A statistic with its interval, and the intervals of rates and resampled statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import NormalDist
from typing import TypeVar

from reads.criteria.errors import CriteriaError

CLOPPER_PEARSON = "Clopper and Pearson, Biometrika 1934;26:404-413"
WILSON = "Wilson, J Am Stat Assoc 1927;22:209-212"
EFRON = "Efron and Tibshirani, An Introduction to the Bootstrap, 1993, percentile interval"

Case = TypeVar("Case")


@dataclass(frozen=True)
class Interval:
    """A confidence interval in the unit of its statistic; `level` is 0.95 for 95 %."""

    low: float
    high: float
    level: float
    method: str


@dataclass(frozen=True)
class Statistic:
    """One number about readers, and what it was made of.

    `value` is None when the statistic does not exist for these data; `reason` then says why.
    `inputs` holds the intermediate numbers (observed and chance agreement, mean squares, counts)
    from which the value can be recomputed by hand.
    """

    key: str
    value: float | None
    n: int
    citation: str
    inputs: dict[str, float] = field(default_factory=dict)
    standard_error: float | None = None
    interval: Interval | None = None
    reason: str = ""


def normal_quantile(level: float) -> float:
    """Two-sided standard normal quantile: 1.959964 for a level of 0.95."""
    return NormalDist().inv_cdf(0.5 + _checked(level) / 2)


def around(centre: float, standard_error: float, *, level: float) -> Interval:
    """Symmetric interval of a normal statistic; not cut off at the ends of its range."""
    reach = normal_quantile(level) * standard_error
    return Interval(centre - reach, centre + reach, level, "asymptotic normal")


def clopper_pearson(hits: int, n: int, *, level: float = 0.95) -> Interval:
    """Exact interval of a rate of `hits` in `n`, as shares from 0 to 1.

    Raises CriteriaError unless 0 <= hits <= n and n > 0. Source: Clopper and Pearson 1934.
    """
    from scipy.special import betaincinv

    _counts(hits, n)
    tail = (1 - _checked(level)) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, n - hits + 1, tail))
    high = 1.0 if hits == n else float(betaincinv(hits + 1, n - hits, 1 - tail))
    return Interval(low, high, level, CLOPPER_PEARSON)


def wilson(hits: int, n: int, *, level: float = 0.95) -> Interval:
    """Score interval of a rate of `hits` in `n`, as shares from 0 to 1 (Wilson 1927)."""
    _counts(hits, n)
    z = normal_quantile(level)
    share = hits / n
    shrink = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / shrink
    reach = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / shrink
    return Interval(max(0.0, centre - reach), min(1.0, centre + reach), level, WILSON)


def bootstrap_interval(
    cases: Sequence[Case],
    statistic: Callable[[Sequence[Case]], float | None],
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 20240108,
) -> Interval:
    """Percentile interval from resampling whole subjects with replacement.

    A resample for which the statistic does not exist is left out. The seed makes the interval
    repeatable. Raises CriteriaError without cases, or when no resample yields a value.
    """
    import numpy

    if not cases:
        raise CriteriaError("bootstrap_interval", "no cases")
    draws = numpy.random.default_rng(seed).integers(len(cases), size=(resamples, len(cases)))
    values = [
        value for row in draws if (value := statistic([cases[int(i)] for i in row])) is not None
    ]
    if not values:
        raise CriteriaError("bootstrap_interval", "the statistic exists for no resample")
    tail = (1 - _checked(level)) / 2
    low, high = numpy.quantile(values, [tail, 1 - tail])
    return Interval(float(low), float(high), level, EFRON)


def _checked(level: float) -> float:
    if not 0 < level < 1:
        raise CriteriaError("level", f"{level} is not between 0 and 1")
    return level


def _counts(hits: int, n: int) -> None:
    if n <= 0 or not 0 <= hits <= n:
        raise CriteriaError("hits", f"{hits} of {n} is not a rate")
