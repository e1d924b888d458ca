"""What is counted how, by hand on small numbers."""

from __future__ import annotations

from datetime import date

import pytest

from reads.performance.measures import categories_of, drift, measure, months
from reads.performance.records import Case, Pair, Period, Reading
from reads.performance.variability import Twice, compare, how_many, shuffled
from tests.reads.performance.dates import day


def pair(one: str, two: str, first: str = "A", second: str = "B", at: int = 1) -> Pair:
    return Pair((first, second), (one, two), day(at))


def test_an_open_case_counts_as_adjudicated_but_takes_nobodys_side() -> None:
    pairs = [pair("PR", "SD"), *[pair("SD", "SD")] * 9]
    waiting = [Case(("A", "B"), day(3), ("overall_response",))]
    seen = measure([], pairs, waiting, reader="A")
    assert seen.adjudication.value == 10.0
    assert seen.disagreement_index.value == 0.0
    assert seen.acceptance.value is None
    assert seen.reasons == (("overall_response", 1),)


def test_the_index_counts_where_the_adjudicator_took_the_other_reader() -> None:
    pairs = [pair("PR", "SD")] * 4 + [pair("SD", "SD")] * 6
    cases = [
        Case(("A", "B"), day(3), ("overall_response",), decided=True, upheld=one)
        for one in ("A", "B", "B", None)
    ]
    # The last case had a third result: it speaks against both.
    assert measure([], pairs, cases, reader="A").disagreement_index.value == 30.0
    assert measure([], pairs, cases, reader="B").disagreement_index.value == 20.0
    assert measure([], pairs, cases, reader="B").acceptance.value == 50.0


def test_a_reader_is_measured_whichever_role_they_had() -> None:
    pairs = [pair("PR", "SD"), pair("SD", "PD", "B", "A"), pair("CR", "CR", "B", "C")]
    seen = measure([Reading("A", day(1))], pairs, [], reader="A")
    assert (seen.reads, seen.pairs) == (1, 2)
    assert seen.agreement.value == 0.0


def test_nothing_read_gives_no_number_and_no_error() -> None:
    seen = measure([], [], [], reader="A")
    assert seen.agreement.value is None
    assert seen.kappa.value is None
    assert seen.overrides.value is None
    assert seen.median_seconds is None


def test_time_on_task_is_the_median_of_what_was_timed() -> None:
    readings = [Reading("A", day(n), seconds) for n, seconds in enumerate((0, 300, 420, 2400), 1)]
    assert measure(readings, [], []).median_seconds == 420


def test_responses_are_listed_by_severity_and_unknown_ones_follow() -> None:
    assert categories_of([pair("PD", "CR"), pair("MR", "NE")]) == ("CR", "PD", "NE", "MR")
    assert categories_of([pair("PD", "PD")]) == ("PD", "CR")


def test_periods_are_months_then_quarters_then_years() -> None:
    assert [p.label for p in months(date(2025, 11, 20), date(2026, 1, 2))] == [
        "Nov 25", "Dec 25", "Jan 26",
    ]  # fmt: skip
    quarters = months(date(2024, 12, 31), date(2026, 2, 1))
    assert [p.label for p in quarters] == ["Q4 24", "Q1 25", "Q2 25", "Q3 25", "Q4 25", "Q1 26"]
    assert quarters[0].first == date(2024, 10, 1)
    assert quarters[0].last == date(2024, 12, 31)
    years = months(date(2020, 5, 5), date(2026, 2, 1))
    assert [p.label for p in years][:2] == ["2020", "2021"]


def test_a_period_outside_three_sigma_is_drift() -> None:
    # 10 of 200 differ: p = 0.05. In groups of 100 the limits are 0 and 11.54 %.
    calm = Period("calm", day(1), day(1))
    wild = Period("wild", day(2), day(2))
    pairs = [pair("SD", "SD", at=1)] * 100 + [pair("SD", "SD", at=2)] * 90
    pairs += [pair("PR", "SD", at=2)] * 10
    seen = drift(pairs, [calm, wild])
    assert seen.overall == pytest.approx(5.0)
    assert [round(limits.high, 2) for *_, limits in seen.rows] == [11.54, 11.54]
    assert seen.outside == ()
    pairs += [pair("PR", "SD", at=2)] * 20
    # Now 30 of 220 differ (13.64 %), 30 of 120 in the second period; its upper limit is 23.03 %.
    assert drift(pairs, [calm, wild]).outside == ("calm", "wild")


def test_the_size_of_a_sample_is_rounded_up_and_the_seed_repeats_it() -> None:
    assert [how_many(10, n) for n in (0, 1, 10, 11)] == [0, 1, 1, 2]
    keys = [f"stream {n}" for n in range(20)]
    assert shuffled(keys, "seed") == shuffled(reversed(keys), "seed")
    assert shuffled(keys, "seed") != shuffled(keys, "another seed")


def test_one_pair_of_sums_has_no_correlation_and_no_limits() -> None:
    seen = compare([Twice(("SD", "SD"), (40.0, 41.0))], kind="intra")
    assert seen.limits is None
    assert [one.key for one in seen.statistics][:2] == ["percent_agreement", "cohen_kappa"]
    assert compare([], kind="intra").statistics == ()
