"""Agreement of measurements: intraclass correlation, Bland-Altman and repeatability.

Ratings are a table of subjects by readers. Mean squares: MSR between subjects, MSC between
readers, MSE residual. Pairs are (reader 1, reader 2) or (first, second) measurements in one unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

from reads.criteria.errors import CriteriaError
from reads.criteria.statistics.intervals import Interval, Statistic

SHROUT = "Shrout and Fleiss, Psychol Bull 1979;86:420-428"
MCGRAW = "interval: McGraw and Wong, Psychol Methods 1996;1:30-46"
BLAND = "Bland and Altman, Lancet 1986;1:307-310"
BLAND_1996 = "Bland and Altman, BMJ 1996;312:1654 and BMJ 1996;313:106"

FEWEST = 2  # subjects, and readers, that an analysis of variance needs
Pair = tuple[float, float]


@dataclass(frozen=True)
class MeanSquares:
    """Two-way analysis of variance without replication: `n` subjects by `k` readers."""

    subjects: float
    readers: float
    error: float
    n: int
    k: int

    @classmethod
    def of(cls, ratings: Sequence[Sequence[float]]) -> MeanSquares:
        """Raises CriteriaError unless at least two subjects share two or more readers."""
        n = len(ratings)
        k = len(ratings[0]) if n else 0
        if n < FEWEST or k < FEWEST or any(len(row) != k for row in ratings):
            raise CriteriaError(
                "ratings", "at least two subjects read by the same two or more readers"
            )
        if not all(isfinite(value) for row in ratings for value in row):
            raise CriteriaError("ratings", "every value is a finite number")
        grand = sum(map(sum, ratings)) / (n * k)
        by_subject = [sum(row) / k - grand for row in ratings]
        by_reader = [sum(row[j] for row in ratings) / n - grand for j in range(k)]
        residual = sum(
            (ratings[i][j] - grand - by_subject[i] - by_reader[j]) ** 2
            for i in range(n)
            for j in range(k)
        )
        return cls(
            subjects=k * sum(d * d for d in by_subject) / (n - 1),
            readers=n * sum(d * d for d in by_reader) / (k - 1),
            error=residual / ((n - 1) * (k - 1)),
            n=n,
            k=k,
        )

    def as_inputs(self) -> dict[str, float]:
        return {"msr": self.subjects, "msc": self.readers, "mse": self.error, "k": float(self.k)}


def icc_2_1(ratings: Sequence[Sequence[float]], *, level: float = 0.95) -> Statistic:
    """Two-way random effects, absolute agreement, single reader.

    (MSR - MSE) / (MSR + (k-1) MSE + k (MSC - MSE) / n), Shrout and Fleiss 1979.
    """
    ms = MeanSquares.of(ratings)
    n, k = ms.n, ms.k
    below = ms.subjects + (k - 1) * ms.error + k * (ms.readers - ms.error) / n
    if below == 0:
        return _undefined("icc_2_1", ms)
    icc = (ms.subjects - ms.error) / below
    interval = None if icc == 1 else _icc_2_1_interval(ms, icc, level=level)
    return Statistic("icc_2_1", icc, n, f"{SHROUT}; {MCGRAW}", ms.as_inputs(), interval=interval)


def icc_3_1(ratings: Sequence[Sequence[float]], *, level: float = 0.95) -> Statistic:
    """Two-way mixed effects, consistency, single reader.

    (MSR - MSE) / (MSR + (k-1) MSE), Shrout and Fleiss 1979.
    """
    from scipy.special import fdtri

    ms = MeanSquares.of(ratings)
    n, k = ms.n, ms.k
    below = ms.subjects + (k - 1) * ms.error
    if below == 0:
        return _undefined("icc_3_1", ms)
    icc, interval = (ms.subjects - ms.error) / below, None
    if ms.error > 0:
        ratio, upper = ms.subjects / ms.error, 0.5 + level / 2
        low = ratio / float(fdtri(n - 1, (n - 1) * (k - 1), upper))
        high = ratio * float(fdtri((n - 1) * (k - 1), n - 1, upper))
        interval = Interval((low - 1) / (low + k - 1), (high - 1) / (high + k - 1), level, MCGRAW)
    return Statistic("icc_3_1", icc, n, SHROUT, ms.as_inputs(), interval=interval)


@dataclass(frozen=True)
class BlandAltman:
    """Bias and limits of agreement, in the unit of the measurement; each with its interval."""

    n: int
    bias: float
    sd: float
    lower_limit: float
    upper_limit: float
    bias_interval: Interval
    lower_interval: Interval
    upper_interval: Interval
    citation: str = BLAND


def bland_altman(pairs: Sequence[Pair], *, level: float = 0.95) -> BlandAltman:
    """Mean difference d (first less second) and the limits d - 1.96 SD, d + 1.96 SD.

    Standard errors SD/sqrt(n) for the bias and sqrt(3/n) SD for a limit, with Student's t.
    Raises CriteriaError with fewer than two pairs. Source: Bland and Altman 1986.
    """
    from scipy.special import stdtrit

    differences = [one - two for one, two in _checked(pairs, at_least=2)]
    n = len(differences)
    bias = sum(differences) / n
    sd = sqrt(sum((d - bias) ** 2 for d in differences) / (n - 1))
    t = float(stdtrit(n - 1, 0.5 + level / 2))

    def within(centre: float, error: float) -> Interval:
        return Interval(centre - t * error, centre + t * error, level, BLAND)

    low, high = bias - 1.96 * sd, bias + 1.96 * sd
    limit_error = sqrt(3 / n) * sd
    return BlandAltman(
        n=n,
        bias=bias,
        sd=sd,
        lower_limit=low,
        upper_limit=high,
        bias_interval=within(bias, sd / sqrt(n)),
        lower_interval=within(low, limit_error),
        upper_interval=within(high, limit_error),
    )


def within_subject_sd(pairs: Sequence[Pair]) -> Statistic:
    """sqrt(sum d^2 / 2n), in the unit of the measurement (Bland and Altman 1996)."""
    return Statistic("within_subject_sd", _within_sd(pairs), len(pairs), BLAND_1996)


def repeatability_coefficient(pairs: Sequence[Pair]) -> Statistic:
    """1.96 sqrt(2) within-subject SD: 95 % of differences of two readings lie below it."""
    within = _within_sd(pairs)
    return Statistic(
        "repeatability_coefficient",
        1.96 * sqrt(2) * within,
        len(pairs),
        BLAND_1996,
        {"within_subject_sd": within},
    )


def within_subject_cv(pairs: Sequence[Pair]) -> Statistic:
    """sqrt(mean((d/m)^2) / 2) as a share, m the mean of the pair; None if a pair averages zero."""
    checked = _checked(pairs, at_least=1)
    n = len(checked)
    if any(one + two == 0 for one, two in checked):
        reason = "a pair has the mean 0: no coefficient of variation"
        return Statistic("within_subject_cv", None, n, BLAND_1996, reason=reason)
    ratios = [(one - two) / ((one + two) / 2) for one, two in checked]
    value = sqrt(sum(ratio * ratio for ratio in ratios) / n / 2)
    return Statistic("within_subject_cv", value, n, BLAND_1996)


def _icc_2_1_interval(ms: MeanSquares, icc: float, *, level: float) -> Interval | None:
    from scipy.special import fdtri

    n, k, upper = ms.n, ms.k, 0.5 + level / 2
    a = k * icc / (n * (1 - icc))
    b = 1 + k * icc * (n - 1) / (n * (1 - icc))
    spread = (a * ms.readers) ** 2 / (k - 1) + (b * ms.error) ** 2 / ((n - 1) * (k - 1))
    if spread == 0:
        return None
    freedom = (a * ms.readers + b * ms.error) ** 2 / spread
    if freedom == 0:
        return None
    other = k * ms.readers + (k * n - k - n) * ms.error
    f_low = float(fdtri(n - 1, freedom, upper))
    f_high = float(fdtri(freedom, n - 1, upper))
    return Interval(
        n * (ms.subjects - f_low * ms.error) / (f_low * other + n * ms.subjects),
        n * (f_high * ms.subjects - ms.error) / (other + n * f_high * ms.subjects),
        level,
        MCGRAW,
    )


def _within_sd(pairs: Sequence[Pair]) -> float:
    checked = _checked(pairs, at_least=1)
    return sqrt(sum((one - two) ** 2 for one, two in checked) / (2 * len(checked)))


def _undefined(key: str, ms: MeanSquares) -> Statistic:
    reason = "all ratings are equal: there is no variance to share out"
    return Statistic(key, None, ms.n, SHROUT, ms.as_inputs(), reason=reason)


def _checked(pairs: Sequence[Pair], *, at_least: int) -> Sequence[Pair]:
    if len(pairs) < at_least:
        raise CriteriaError("pairs", f"at least {at_least} needed, {len(pairs)} given")
    if not all(isfinite(one) and isfinite(two) for one, two in pairs):
        raise CriteriaError("pairs", "every value is a finite number")
    return pairs
