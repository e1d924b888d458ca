"""What a statistic tells beside its value: name, cases, source, what it was made of, interval."""

from __future__ import annotations

from math import sqrt

import pytest

from reads.criteria.statistics import (
    AdjudicationCase,
    AgreementTable,
    Interval,
    ProgressionPair,
    Statistic,
    adjudication_rate,
    bland_altman,
    bootstrap_interval,
    clopper_pearson,
    cohen_kappa,
    control_limits,
    discordance_rate,
    fleiss_kappa,
    gwet_ac1,
    icc_2_1,
    icc_3_1,
    pabak,
    percent_agreement,
    progression_discordance,
    reader_acceptance,
    reader_disagreement_index,
    repeatability_coefficient,
    weighted_kappa,
    wilson,
    within_subject_cv,
    within_subject_sd,
)
from reads.criteria.statistics.cases import derive_case

FORD = "Ford et al., adjudication rates in blinded independent central review, 2016"
METRICS = "Cohen, Gonen, Ford: reader metrics; Reader Disagreement Index"
SHROUT = "Shrout and Fleiss, Psychol Bull 1979;86:420-428"
MCGRAW = "interval: McGraw and Wong, Psychol Methods 1996;1:30-46"
BLAND_1996 = "Bland and Altman, BMJ 1996;312:1654 and BMJ 1996;313:106"
CASES = [
    AdjudicationCase("A1", "CR", "PR", "R1"),
    AdjudicationCase("A2", "SD", "SD"),
    AdjudicationCase("A3", "PR", "SD", "R2"),
    AdjudicationCase("A4", None, "PR"),
]
# Exact limits by hand: 1 of 2 from 1 - (1-p)^2 = 0.025, 1 of 3 from 1 - (1-p)^3 = 0.025 (below).
ONE_OF_TWO = (100 * (1 - sqrt(0.975)), 100 * sqrt(0.975))
ONE_OF_THREE_LOW = 100 * (1 - 0.975 ** (1 / 3))


def ends(statistic: Statistic) -> tuple[float, float]:
    assert statistic.interval is not None
    return statistic.interval.low, statistic.interval.high


def told(statistic: Statistic) -> tuple[object, ...]:
    return (
        statistic.key,
        statistic.value,
        statistic.n,
        statistic.citation,
        statistic.inputs,
        statistic.reason,
    )


def test_rates_of_adjudication_tell_cases_source_and_exact_interval() -> None:
    rate = adjudication_rate(CASES)
    two_thirds = {"cases": 2.0, "of": 3.0}
    assert told(rate) == ("adjudication_rate_pct", 200 / 3, 3, FORD, two_thirds, "")
    assert ends(rate)[1] == pytest.approx(100 - ONE_OF_THREE_LOW)
    taken = reader_acceptance(CASES, reader="R1")
    half = {"cases": 1.0, "of": 2.0}
    assert told(taken) == ("reader_acceptance_pct", 50.0, 2, METRICS, half, "")
    assert ends(taken) == pytest.approx(ONE_OF_TWO)
    assert taken.interval is not None
    assert taken.interval.level == 0.95
    index = reader_disagreement_index(CASES, reader="R1")
    third = {"cases": 1.0, "of": 3.0}
    assert told(index) == ("reader_disagreement_index", 100 / 3, 3, METRICS, third, "")
    assert ends(index)[0] == pytest.approx(ONE_OF_THREE_LOW)
    second = reader_disagreement_index(CASES, reader="R2")
    assert (second.value, second.n) == (25.0, 4)


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_rates_take_the_level_of_their_interval(level: float) -> None:
    tail = (1 - level) / 2
    expected = (100 * (1 - sqrt(1 - tail)), 100 * sqrt(1 - tail))
    assert ends(reader_acceptance(CASES, reader="R2", level=level)) == pytest.approx(expected)
    pair = [CASES[0], CASES[1]]
    for found in (
        adjudication_rate(pair, level=level),
        reader_disagreement_index(pair, reader="R2", level=level),
        percent_agreement(AgreementTable(("Y", "N"), ((1, 1), (0, 0))), level=level),
        discordance_rate(AgreementTable(("Y", "N"), ((1, 1), (0, 0))), level=level),
    ):
        assert ends(found) == pytest.approx(expected)
        assert found.interval is not None
        assert found.interval.level == level
        assert found.interval.method == clopper_pearson(1, 2).method


def test_a_rate_of_nothing_says_so() -> None:
    nothing = {"cases": 0.0, "of": 0.0}
    expected = ("adjudication_rate_pct", None, 0, FORD, nothing, "no case to count")
    assert told(adjudication_rate([])) == expected
    assert adjudication_rate([]).interval is None


def test_discordance_of_progression_is_told_for_status_and_date() -> None:
    days = ((10, 10), (10, 11), (None, 5), (None, None), (9, 20))
    pairs = [ProgressionPair(one, two) for one, two in days]
    status, dates = progression_discordance(pairs)
    assert told(status) == (
        "progression_status_discordance_pct",
        20.0,
        5,
        FORD,
        {"cases": 1.0, "of": 5.0},
        "",
    )
    assert told(dates) == (
        "progression_date_discordance_pct",
        200 / 3,
        3,
        FORD,
        {"cases": 2.0, "of": 3.0},
        "",
    )
    for tolerance, late in ((1, 1), (10, 1), (11, 0)):
        found = progression_discordance(pairs, tolerance_days=tolerance)[1]
        assert found.inputs["cases"] == late


def test_control_limits_are_three_standard_errors_within_0_and_1() -> None:
    method = "p-chart: limits p - 3 and p + 3 sqrt(p(1-p)/n) (Shewhart)"
    assert control_limits(0.5, 36) == Interval(0.25, 0.75, 0.9973, method)
    assert control_limits(0.5, 4) == Interval(0.0, 1.0, 0.9973, method)
    assert control_limits(0.0, 1) == Interval(0.0, 0.0, 0.9973, method)
    assert control_limits(1.0, 1) == Interval(1.0, 1.0, 0.9973, method)


# 50 calls, 35 alike, half of the agreement by chance: kappa 0.4.
TABLE = AgreementTable(("Y", "N"), ((20, 5), (10, 15)))


def test_agreement_tells_what_it_was_made_of() -> None:
    kappa = cohen_kappa(TABLE)
    assert (kappa.key, kappa.value, kappa.n) == ("cohen_kappa", 0.4, 50)
    assert kappa.inputs == {"observed_agreement": 0.7, "chance_agreement": 0.5}
    assert kappa.standard_error is not None
    reach = 1.959964 * kappa.standard_error
    assert ends(kappa) == pytest.approx((0.4 - reach, 0.4 + reach), abs=1e-6)
    assert kappa.interval is not None
    assert (kappa.interval.level, kappa.interval.method) == (0.95, "asymptotic normal")
    narrow = cohen_kappa(TABLE, level=0.5)
    assert ends(narrow)[1] == pytest.approx(0.4 + 0.6744898 * kappa.standard_error, abs=1e-6)
    linear = weighted_kappa(TABLE, level=0.5)
    assert (linear.key, linear.value) == ("weighted_kappa_linear", 0.4)
    assert ends(linear) == pytest.approx(ends(narrow))
    assert weighted_kappa(TABLE, quadratic=True).key == "weighted_kappa_quadratic"
    gwet = gwet_ac1(TABLE)
    # q = (25+30)/100 = 0.55: chance 2 x 0.55 x 0.45 = 0.495.
    assert gwet.inputs == {"observed_agreement": 0.7, "chance_agreement": 0.495}
    assert (gwet.key, gwet.n) == ("gwet_ac1", 50)
    assert gwet.value == pytest.approx((0.7 - 0.495) / 0.505)
    adjusted = pabak(TABLE)
    assert (adjusted.key, adjusted.n, adjusted.value) == ("pabak", 50, 0.4)
    assert adjusted.inputs == {"observed_agreement": 0.7}
    alike, different = percent_agreement(TABLE), discordance_rate(TABLE)
    assert (alike.key, alike.value, alike.n) == ("percent_agreement", 70.0, 50)
    assert alike.inputs == {"cases": 35.0}
    assert (different.key, different.value) == ("discordance_rate_pct", 30.0)
    assert different.inputs == {"cases": 15.0}


@pytest.mark.parametrize(
    ("statistic", "key", "source"),
    [
        (cohen_kappa, "cohen_kappa", "Cohen"),
        (weighted_kappa, "weighted_kappa_linear", "Cohen"),
        (gwet_ac1, "gwet_ac1", "Gwet"),
        (pabak, "pabak", "Byrt"),
        (percent_agreement, "percent_agreement", ""),
    ],
)
def test_agreement_of_nothing_has_no_value_but_a_reason(statistic, key, source) -> None:
    empty = statistic(AgreementTable(("Y", "N"), ((0, 0), (0, 0))))
    assert (empty.key, empty.value, empty.n, empty.inputs) == (key, None, 0, {})
    assert empty.reason == "no case was read by both readers"
    filled = statistic(TABLE)
    assert empty.citation == filled.citation
    assert source in filled.citation
    assert filled.reason == ""


def test_one_category_used_by_both_readers_leaves_no_kappa() -> None:
    found = cohen_kappa(AgreementTable(("Y", "N"), ((9, 0), (0, 0))))
    assert (found.key, found.value, found.n) == ("cohen_kappa", None, 9)
    assert found.inputs == {"observed_agreement": 1.0, "chance_agreement": 1.0}
    assert found.reason == "both readers used one category only: chance agreement is 100 %"
    found = fleiss_kappa([[2, 0], [2, 0]])
    assert (found.key, found.value, found.n) == ("fleiss_kappa", None, 2)
    assert found.inputs == {"observed_agreement": 1.0, "chance_agreement": 1.0, "readers": 2.0}
    assert found.reason == "every reader used one category only: chance agreement is 100 %"
    assert found.citation == fleiss_kappa([[2, 0], [1, 1]]).citation
    assert found.citation.startswith("Fleiss, Psychol Bull 1971;76:378-382")


def test_fleiss_kappa_by_hand() -> None:
    # Two readers, four cases: alike in three; shares 5/8 and 3/8.
    found = fleiss_kappa([[2, 0], [2, 0], [0, 2], [1, 1]])
    chance = (25 + 9) / 64
    assert (found.key, found.n) == ("fleiss_kappa", 4)
    assert found.inputs == {
        "observed_agreement": 0.75,
        "chance_agreement": chance,
        "readers": 2.0,
    }
    assert found.value == pytest.approx((0.75 - chance) / (1 - chance))
    # Two categories: the standard error is sqrt(1 / (n m (m-1) / 2)) = sqrt(2 / 8).
    assert found.standard_error == pytest.approx(0.5)
    assert found.value is not None
    assert ends(found)[1] == pytest.approx(found.value + 1.959964 * 0.5, abs=1e-6)
    half = fleiss_kappa([[2, 0], [2, 0], [0, 2], [1, 1]], level=0.5)
    assert ends(half)[0] == pytest.approx(found.value - 0.6744898 * 0.5, abs=1e-6)


def test_measurements_tell_their_mean_squares() -> None:
    # Subjects 1, 3 and readers one apart: between subjects 4, between readers 1, residual 0.
    ratings = [[1.0, 2.0], [3.0, 4.0]]
    squares = {"msr": 4.0, "msc": 1.0, "mse": 0.0, "k": 2.0}
    absolute, consistent = icc_2_1(ratings), icc_3_1(ratings)
    assert told(absolute) == ("icc_2_1", 0.8, 2, f"{SHROUT}; {MCGRAW}", squares, "")
    assert told(consistent) == ("icc_3_1", 1.0, 2, SHROUT, squares, "")
    assert consistent.interval is None
    equal = icc_2_1([[1.0, 1.0], [1.0, 1.0]])
    reason = "all ratings are equal: there is no variance to share out"
    zero = {"msr": 0.0, "msc": 0.0, "mse": 0.0, "k": 2.0}
    assert told(equal) == ("icc_2_1", None, 2, SHROUT, zero, reason)
    equal = icc_3_1([[1.0, 1.0], [1.0, 1.0]])
    assert told(equal) == ("icc_3_1", None, 2, SHROUT, zero, reason)
    same = icc_2_1([[1.0, 1.0], [2.0, 2.0]])
    assert (same.value, same.interval) == (1.0, None)


def test_intervals_of_icc_are_those_of_the_published_example() -> None:
    # Shrout and Fleiss 1979, six subjects and four judges; McGraw and Wong 1996, table 7.
    ratings = [
        [9.0, 2.0, 5.0, 8.0],
        [6.0, 1.0, 3.0, 2.0],
        [8.0, 4.0, 6.0, 8.0],
        [7.0, 1.0, 2.0, 6.0],
        [10.0, 5.0, 6.0, 9.0],
        [6.0, 2.0, 4.0, 7.0],
    ]
    absolute, consistent = icc_2_1(ratings), icc_3_1(ratings)
    assert absolute.value == pytest.approx(0.29, abs=0.005)
    assert consistent.value == pytest.approx(0.71, abs=0.005)
    assert ends(absolute) == pytest.approx((0.02, 0.76), abs=0.005)
    assert ends(consistent) == pytest.approx((0.34, 0.95), abs=0.005)
    for found in (absolute, consistent):
        assert found.interval is not None
        assert (found.interval.level, found.interval.method) == (0.95, MCGRAW)
    for statistic, wide in ((icc_2_1, absolute), (icc_3_1, consistent)):
        narrow = statistic(ratings, level=0.5)
        assert narrow.interval is not None
        assert narrow.interval.level == 0.5
        assert ends(wide)[0] < ends(narrow)[0] < ends(narrow)[1] < ends(wide)[1]


PAIRS = [(10.0, 12.0), (20.0, 20.0), (30.0, 28.0)]


def test_repeated_measurements_tell_error_coefficient_and_variation() -> None:
    # Differences -2, 0, 2: sum of squares 8 over 2 x 3.
    within = sqrt(8 / 6)
    assert told(within_subject_sd(PAIRS)) == (
        "within_subject_sd",
        pytest.approx(within),
        3,
        BLAND_1996,
        {},
        "",
    )
    assert told(repeatability_coefficient(PAIRS)) == (
        "repeatability_coefficient",
        pytest.approx(1.96 * sqrt(2) * within),
        3,
        BLAND_1996,
        {"within_subject_sd": pytest.approx(within)},
        "",
    )
    ratios = (2 / 11) ** 2 + 0 + (2 / 29) ** 2
    assert told(within_subject_cv(PAIRS)) == (
        "within_subject_cv",
        pytest.approx(sqrt(ratios / 3 / 2)),
        3,
        BLAND_1996,
        {},
        "",
    )
    reason = "a pair has the mean 0: no coefficient of variation"
    expected = ("within_subject_cv", None, 1, BLAND_1996, {}, reason)
    assert told(within_subject_cv([(1.0, -1.0)])) == expected
    assert within_subject_sd([(1.0, 3.0)]).value == pytest.approx(sqrt(2))


def test_limits_of_agreement_have_students_t_intervals() -> None:
    # Differences -2, 0, 2: mean 0, SD 2; t with two degrees of freedom 4.302653.
    found = bland_altman(PAIRS)
    assert (found.n, found.bias, found.sd) == (3, 0.0, 2.0)
    assert (found.lower_limit, found.upper_limit) == (-3.92, 3.92)
    reach = 4.302653 * 2 / sqrt(3)
    assert found.bias_interval.low == pytest.approx(-reach, abs=1e-5)
    assert found.bias_interval.high == pytest.approx(reach, abs=1e-5)
    limit = 4.302653 * 2
    assert found.lower_interval.low == pytest.approx(-3.92 - limit, abs=1e-5)
    assert found.lower_interval.high == pytest.approx(-3.92 + limit, abs=1e-5)
    assert found.upper_interval.low == pytest.approx(3.92 - limit, abs=1e-5)
    assert found.upper_interval.high == pytest.approx(3.92 + limit, abs=1e-5)
    citation = "Bland and Altman, Lancet 1986;1:307-310"
    assert found.citation == citation
    for interval in (found.bias_interval, found.lower_interval, found.upper_interval):
        assert (interval.level, interval.method) == (0.95, citation)
    half = bland_altman(PAIRS, level=0.5)
    # The quartile of t with two degrees of freedom is 0.8164966.
    assert half.bias_interval.high == pytest.approx(0.8164966 * 2 / sqrt(3), abs=1e-5)
    assert half.bias_interval.level == 0.5


def test_intervals_of_rates_at_their_ends() -> None:
    assert (clopper_pearson(0, 2).low, clopper_pearson(2, 2).high) == (0.0, 1.0)
    assert clopper_pearson(0, 2).high == pytest.approx(1 - sqrt(0.025))
    assert clopper_pearson(2, 2).low == pytest.approx(sqrt(0.025))
    assert (wilson(0, 5).low, wilson(5, 5).high) == pytest.approx((0.0, 1.0))
    # Wilson by hand for 1 of 2: centre 1/2, reach z sqrt(1/8 + z^2/16) / (1 + z^2/2).
    z = 1.959964
    reach = z * sqrt(1 / 8 + z * z / 16) / (1 + z * z / 2)
    found = wilson(1, 2)
    assert (found.low, found.high) == pytest.approx((0.5 - reach, 0.5 + reach), abs=1e-6)
    assert found.level == 0.95


def test_a_bootstrap_is_repeatable_and_takes_level_and_seed() -> None:
    def mean(values: list[float]) -> float:
        return sum(values) / len(values)

    data = [float(n) for n in range(20)]
    one = bootstrap_interval(data, mean, resamples=200)
    assert one == bootstrap_interval(data, mean, resamples=200)
    assert one != bootstrap_interval(data, mean, resamples=200, seed=1)
    narrow = bootstrap_interval(data, mean, resamples=200, level=0.5)
    assert one.low < narrow.low < 9.5 < narrow.high < one.high
    assert (one.level, narrow.level) == (0.95, 0.5)
    some = bootstrap_interval([1.0, 2.0], lambda v: None if v[0] == 1.0 else v[0], resamples=50)
    assert (some.low, some.high) == (2.0, 2.0)


# --- cases of files -----------------------------------------------------------------------------


def test_a_table_of_two_categories_has_no_weighted_kappa() -> None:
    given = {"categories": ["Y", "N"], "table": [[20, 5], [10, 15]]}
    found = derive_case("two_reader_categorical", given)
    assert sorted(found) == [
        "cohen_kappa",
        "cohen_kappa_ci95",
        "cohen_kappa_se",
        "discordance_rate_pct",
        "gwet_ac1",
        "n",
        "pabak",
        "percent_agreement",
    ]
    assert (found["n"], found["percent_agreement"], found["discordance_rate_pct"]) == (50, 70, 30)
    assert (found["cohen_kappa"], found["pabak"], found["gwet_ac1"]) == (0.4, 0.4, 0.405941)
    reach = 1.959964 * found["cohen_kappa_se"]
    assert found["cohen_kappa_ci95"] == pytest.approx([0.4 - reach, 0.4 + reach], abs=1e-5)
    three = {"categories": ["CR", "PR", "NE"], "table": [[20, 5, 1], [10, 15, 0], [0, 0, 2]]}
    assert "weighted_kappa_linear" not in derive_case("two_reader_categorical", three)


def test_categories_of_two_lists_are_those_that_occur() -> None:
    lists = {"reader1": ["b", "a", "b"], "reader2": ["b", "b", "c"]}
    found = derive_case("two_reader_categorical", lists)
    assert (found["n"], found["percent_agreement"]) == (3, 33.333333)
    assert "weighted_kappa_linear" in found
    assert "weighted_kappa_quadratic" in found


def test_a_continuous_case_tells_everything_of_pairs_and_less_of_more_readers() -> None:
    pairs = {"reader1_mm": [10, 20, 30], "reader2_mm": [12, 20, 28]}
    found = derive_case("continuous", pairs)
    within = sqrt(8 / 6)
    assert found["n"] == 3
    assert (found["bias"], found["sd_difference"]) == (0.0, 2.0)
    assert (found["loa_lower"], found["loa_upper"]) == (-3.92, 3.92)
    assert found["within_subject_sd"] == pytest.approx(within, abs=1e-6)
    assert found["repeatability_coefficient"] == pytest.approx(1.96 * sqrt(2) * within, abs=1e-6)
    ratios = (2 / 11) ** 2 + (2 / 29) ** 2
    assert found["within_subject_cv"] == pytest.approx(sqrt(ratios / 6), abs=1e-6)
    assert found == derive_case("continuous", {"ratings": [[10, 12], [20, 20], [30, 28]]})
    assert found == derive_case("continuous", {"reader1": [10, 20, 30], "reader2": [12, 20, 28]})
    three = derive_case("continuous", {"ratings": [[1, 2, 4], [3, 5, 6], [7, 8, 8]]})
    assert sorted(three) == ["icc_2_1", "icc_2_1_ci95", "icc_3_1", "icc_3_1_ci95", "n"]
    low, high = three["icc_3_1_ci95"]
    assert low < three["icc_3_1"] < high
    equal = derive_case("continuous", {"pairs": [[1, 1], [1, 1]]})
    assert (equal["icc_2_1"], equal["icc_2_1_ci95"]) == (None, None)


def test_calls_of_several_readers_tell_agreement_and_chance() -> None:
    rows = [[2, 0], [2, 0], [0, 2], [1, 1]]
    for name in ("counts", "table_rows_cases_cols_categories", "table"):
        found = derive_case("multi_reader_categorical", {name: rows})
        assert (found["n"], found["observed_agreement"]) == (4, 0.75)
        assert found["chance_agreement"] == 0.53125
        assert found["fleiss_kappa"] == 0.466667


@pytest.mark.parametrize("word", ["OWN", "NONE", "NEW_READ", "NEITHER"])
def test_an_own_reading_of_the_adjudicator_takes_neither_reader(word: str) -> None:
    case = {"id": "A", "reader1": "PR", "reader2": "SD", "adjudicator_agrees_with": word}
    other = {"reader1": "PR", "reader2": "PR"}
    found = derive_case("adjudication", {"cases": [case, other, {"reader1": "PR"}]})
    assert found == {
        "cases": 2,
        "adjudicated": 1,
        "adjudication_rate_pct": 50.0,
        "reader1_acceptance_pct": 0.0,
        "reader1_rdi_pct": 33.333333,
        "reader2_acceptance_pct": 0.0,
        "reader2_rdi_pct": 50.0,
    }
