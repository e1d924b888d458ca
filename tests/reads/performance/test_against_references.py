"""Statistics of readers equal those of scipy and statsmodels on a stored data set, to 1e-9.

``two_readers.csv`` holds 96 invented time points read by two readers. The reference values come
from direct calls of the libraries here; formulas that no library offers are written out from the
paper.
"""

from __future__ import annotations

import csv
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from pandas import DataFrame
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from reads.criteria.statistics import Statistic
from reads.performance.measures import measure
from reads.performance.records import Case, Pair, Reading
from reads.performance.variability import Twice, compare
from tests.reads.performance.dates import day

ROWS = list(csv.DictReader((Path(__file__).parent / "two_readers.csv").open(encoding="utf-8")))
CATEGORIES = ("CR", "PR", "SD", "PD", "NE")
CLOSE = {"rel": 0, "abs": 1e-9}


def table(categories: tuple[str, ...] = CATEGORIES) -> np.ndarray:
    """Return the cross table of calls."""
    place = {name: i for i, name in enumerate(categories)}
    counts = np.zeros((len(categories), len(categories)))
    for row in ROWS:
        if row["first_call"] in place and row["second_call"] in place:
            counts[place[row["first_call"]], place[row["second_call"]]] += 1
    return counts


def sums() -> np.ndarray:
    """Return the sums of both readings, time points by readings."""
    return np.array([[float(r["first_sum_mm"]), float(r["second_sum_mm"])] for r in ROWS])


def repeated(kind: str) -> dict[str, Statistic]:
    """Return what the second reading shows, by name."""
    twice = [
        Twice(
            (r["first_call"], r["second_call"]),
            (float(r["first_sum_mm"]), float(r["second_sum_mm"])),
        )
        for r in ROWS
    ]
    found = compare(twice, kind=kind)
    return {one.key: one for one in found.statistics}


def measured(cases: int = 0, upheld: str | None = None):
    """Measure reader A of the stored pairs; the first cases were adjudicated for ``upheld``."""
    pairs = [Pair(("A", "B"), (r["first_call"], r["second_call"]), day(1)) for r in ROWS]
    readings = [Reading("A", day(1), 300, n < 7) for n in range(len(ROWS))]
    sent = [
        Case(("A", "B"), day(2), ("overall_response",), decided=True, upheld=upheld)
        for _ in range(cases)
    ]
    return measure(readings, pairs, sent, reader="A")


def test_agreement_and_its_interval_are_those_of_statsmodels() -> None:
    hits = int(np.trace(table()))
    low, high = proportion_confint(hits, len(ROWS), alpha=0.05, method="beta")
    seen = measured().agreement
    assert seen.value == pytest.approx(100 * hits / len(ROWS), **CLOSE)
    assert seen.interval.low == pytest.approx(100 * low, **CLOSE)
    assert seen.interval.high == pytest.approx(100 * high, **CLOSE)


def test_kappa_its_error_and_its_interval_are_those_of_statsmodels() -> None:
    reference = cohens_kappa(table())
    seen = measured().kappa
    assert seen.value == pytest.approx(reference.kappa, **CLOSE)
    assert seen.standard_error == pytest.approx(reference.std_kappa, **CLOSE)
    assert seen.interval.low == pytest.approx(reference.kappa_low, **CLOSE)
    assert seen.interval.high == pytest.approx(reference.kappa_upp, **CLOSE)


def test_the_weighted_kappa_leaves_not_evaluable_out_and_is_that_of_statsmodels() -> None:
    reference = cohens_kappa(table(("CR", "PR", "SD", "PD")), wt="linear")
    seen = repeated("inter")["weighted_kappa_linear"]
    assert seen.value == pytest.approx(reference.kappa, **CLOSE)
    assert seen.interval.low == pytest.approx(reference.kappa_low, **CLOSE)


def test_rates_of_adjudication_are_exact_binomial_as_in_scipy() -> None:
    seen = measured(cases=18, upheld="B")
    reference = stats.binomtest(18, len(ROWS)).proportion_ci(0.95, "exact")
    for rate in (seen.adjudication, seen.disagreement_index):
        assert rate.value == pytest.approx(100 * 18 / len(ROWS), **CLOSE)
        assert rate.interval.low == pytest.approx(100 * reference.low, **CLOSE)
        assert rate.interval.high == pytest.approx(100 * reference.high, **CLOSE)
    assert seen.acceptance.value == 0
    assert seen.overrides.value == pytest.approx(100 * 7 / len(ROWS), **CLOSE)


def mean_squares() -> tuple[float, float, float, int]:
    """Return MSR, MSC and MSE of a two-way analysis of variance by statsmodels."""
    data = DataFrame(
        {
            "value": sums().ravel(),
            "subject": np.repeat([r["subject"] for r in ROWS], 2),
            "reading": np.tile(["first", "second"], len(ROWS)),
        }
    )
    found = anova_lm(ols("value ~ C(subject) + C(reading)", data=data).fit())
    mean = found["sum_sq"] / found["df"]
    return mean["C(subject)"], mean["C(reading)"], mean["Residual"], len(ROWS)


def test_the_intraclass_correlation_within_a_reader_is_that_of_the_analysis_of_variance() -> None:
    msr, _, mse, n = mean_squares()
    seen = repeated("intra")["icc_3_1"]
    assert seen.value == pytest.approx((msr - mse) / (msr + mse), **CLOSE)
    ratio, quantile = msr / mse, stats.f.ppf(0.975, n - 1, n - 1)
    low, high = ratio / quantile, ratio * quantile
    assert seen.interval.low == pytest.approx((low - 1) / (low + 1), **CLOSE)
    assert seen.interval.high == pytest.approx((high - 1) / (high + 1), **CLOSE)


def test_the_intraclass_correlation_between_readers_is_that_of_the_analysis_of_variance() -> None:
    msr, msc, mse, n = mean_squares()
    icc = (msr - mse) / (msr + mse + 2 * (msc - mse) / n)
    seen = repeated("inter")["icc_2_1"]
    assert seen.value == pytest.approx(icc, **CLOSE)
    # McGraw and Wong 1996, table 7: degrees of freedom by Satterthwaite.
    a = 2 * icc / (n * (1 - icc))
    b = 1 + 2 * icc * (n - 1) / (n * (1 - icc))
    freedom = (a * msc + b * mse) ** 2 / ((a * msc) ** 2 + (b * mse) ** 2 / (n - 1))
    upper, lower = stats.f.ppf(0.975, n - 1, freedom), stats.f.ppf(0.975, freedom, n - 1)
    other = 2 * msc + (2 * n - 2 - n) * mse
    assert seen.interval.low == pytest.approx(
        n * (msr - upper * mse) / (upper * other + n * msr), **CLOSE
    )
    assert seen.interval.high == pytest.approx(
        n * (lower * msr - mse) / (other + n * lower * msr), **CLOSE
    )


def test_bias_and_limits_of_agreement_are_those_of_numpy_and_the_t_distribution() -> None:
    difference = sums()[:, 0] - sums()[:, 1]
    n, bias, sd = len(difference), difference.mean(), difference.std(ddof=1)
    seen = compare([Twice(None, (a, b)) for a, b in sums()], kind="inter").limits
    assert seen.bias == pytest.approx(bias, **CLOSE)
    assert seen.sd == pytest.approx(sd, **CLOSE)
    assert seen.upper_limit == pytest.approx(bias + 1.96 * sd, **CLOSE)
    low, high = stats.t.interval(0.95, n - 1, loc=bias, scale=sd / sqrt(n))
    assert (seen.bias_interval.low, seen.bias_interval.high) == pytest.approx((low, high), **CLOSE)
    reach = stats.t.ppf(0.975, n - 1) * sqrt(3 / n) * sd
    assert seen.lower_interval.low == pytest.approx(bias - 1.96 * sd - reach, **CLOSE)


def test_repeatability_and_variation_follow_bland_and_altman() -> None:
    first, second = sums()[:, 0], sums()[:, 1]
    within = sqrt(((first - second) ** 2).sum() / (2 * len(first)))
    seen = repeated("intra")
    assert seen["repeatability_coefficient"].value == pytest.approx(
        1.96 * sqrt(2) * within, **CLOSE
    )
    ratio = (first - second) / ((first + second) / 2)
    assert seen["within_subject_cv"].value == pytest.approx(sqrt((ratio**2).mean() / 2), **CLOSE)
