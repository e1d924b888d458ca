"""Reader statistics against published examples, scipy/statsmodels and hand-made tables."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as reference_fleiss
from statsmodels.stats.proportion import proportion_confint

from reads.criteria.comparison import compare
from reads.criteria.errors import CriteriaError
from reads.criteria.records import loads
from reads.criteria.statistics import (
    AdjudicationCase,
    AgreementTable,
    ProgressionPair,
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
    strength_of_agreement,
    weighted_kappa,
    wilson,
    within_subject_cv,
    within_subject_sd,
)
from reads.criteria.statistics.cases import derive_case
from reads.criteria.vectorfile import derive

# Response table of the visible vectors: CR, PR, SD, PD.
RESPONSES = AgreementTable(
    ("CR", "PR", "SD", "PD"),
    ((4, 1, 0, 0), (2, 21, 5, 0), (0, 6, 38, 3), (0, 0, 4, 26)),
)
# Shrout and Fleiss 1979, table 2: six subjects, four judges.
SHROUT = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
# Bland and Altman 1986, table 1: peak flow in l/min, 17 subjects.
WRIGHT_FIRST = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
WRIGHT_AGAIN = [490, 397, 512, 401, 470, 611, 415, 431, 638, 429, 420, 633, 275, 492, 165, 372, 421]
MINI_FIRST = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
# Fleiss-type table with 14 readers and 5 categories (published worked example: kappa 0.210).
FOURTEEN_READERS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]


def two_by_two(a: int, b: int, c: int, d: int) -> AgreementTable:
    return AgreementTable(("Y", "N"), ((a, b), (c, d)))


def tables(size: int = 3) -> st.SearchStrategy[AgreementTable]:
    row = st.tuples(*[st.integers(0, 30)] * size)
    return (
        st.tuples(*[row] * size)
        .filter(lambda counts: sum(map(sum, counts)) > 0)
        .map(lambda counts: AgreementTable(tuple("ABCDEF"[:size]), counts))
    )


def test_percent_agreement_and_discordance_of_a_two_by_two_table():
    table = two_by_two(31, 4, 7, 18)
    assert percent_agreement(table).value == pytest.approx(100 * 49 / 60)
    assert discordance_rate(table).value == pytest.approx(100 * 11 / 60)
    assert percent_agreement(table).inputs == {"cases": 49.0}
    low, high = proportion_confint(49, 60, alpha=0.05, method="beta")
    interval = percent_agreement(table).interval
    assert (interval.low, interval.high) == pytest.approx((100 * low, 100 * high))


def test_cohen_kappa_of_the_textbook_table_is_0_4():
    # 20 5 / 10 15: observed 0.70, chance 0.5 * 0.6 + 0.5 * 0.4 = 0.50.
    found = cohen_kappa(two_by_two(20, 5, 10, 15))
    assert found.value == pytest.approx(0.4, abs=1e-12)
    assert found.inputs == {"observed_agreement": 0.7, "chance_agreement": 0.5}
    assert "Cohen" in found.citation


@pytest.mark.parametrize("table", [two_by_two(31, 4, 7, 18), RESPONSES])
def test_cohen_kappa_standard_error_and_interval_equal_statsmodels(table):
    found, reference = cohen_kappa(table), cohens_kappa([list(row) for row in table.counts])
    assert found.value == pytest.approx(reference.kappa)
    assert found.standard_error == pytest.approx(reference.std_kappa)
    assert found.interval.low == pytest.approx(reference.kappa_low)
    assert found.interval.high == pytest.approx(reference.kappa_upp)


@pytest.mark.parametrize(("quadratic", "weights"), [(False, "linear"), (True, "quadratic")])
def test_weighted_kappa_and_its_error_equal_statsmodels(quadratic, weights):
    reference = cohens_kappa([list(row) for row in RESPONSES.counts], wt=weights)
    found = weighted_kappa(RESPONSES, quadratic=quadratic)
    assert found.value == pytest.approx(reference.kappa)
    assert found.standard_error == pytest.approx(reference.std_kappa)
    assert found.key == f"weighted_kappa_{weights}"


@pytest.mark.parametrize(("quadratic", "near", "far"), [(False, 5 / 8, 1 / 4), (True, 3 / 4, 0.0)])
def test_weighted_kappa_by_hand_on_three_categories(quadratic, near, far):
    # All marginals 1/3: chance loss 4/9 linear, 1/3 quadratic. Two of six cases are neighbours:
    # loss 1/6 linear, 1/12 quadratic. Two of six are opposite: loss 1/3 in both.
    neighbours = AgreementTable(("CR", "PR", "SD"), ((2, 0, 0), (0, 1, 1), (0, 1, 1)))
    opposite = AgreementTable(("CR", "PR", "SD"), ((1, 0, 1), (0, 2, 0), (1, 0, 1)))
    assert weighted_kappa(neighbours, quadratic=quadratic).value == pytest.approx(near)
    assert weighted_kappa(opposite, quadratic=quadratic).value == pytest.approx(far)


def test_not_evaluable_is_counted_apart_from_the_ordered_steps():
    with_ne = AgreementTable(
        ("CR", "PR", "SD", "PD", "NE"),
        (*((*row, 1) for row in RESPONSES.counts), (0, 2, 0, 0, 5)),
    )
    assert weighted_kappa(with_ne).value == weighted_kappa(RESPONSES).value
    assert with_ne.evaluable() == RESPONSES


def test_gwet_ac1_stays_high_where_kappa_collapses():
    # Gwet's table of 125 cases: agreement 118 of 125, the second category almost empty.
    table = two_by_two(118, 5, 2, 0)
    assert gwet_ac1(table).value == pytest.approx(0.9408, abs=5e-5)
    assert cohen_kappa(table).value == pytest.approx(-0.0234, abs=5e-5)
    assert gwet_ac1(table).inputs["chance_agreement"] == pytest.approx(2 * 0.972 * 0.028)


def test_pabak_of_two_categories_is_twice_the_agreement_less_one():
    assert pabak(two_by_two(31, 4, 7, 18)).value == pytest.approx(2 * 49 / 60 - 1)
    assert pabak(RESPONSES).value == pytest.approx((4 * 89 / 110 - 1) / 3)


def test_fleiss_kappa_of_the_published_example_is_0_210():
    found = fleiss_kappa(FOURTEEN_READERS)
    assert found.value == pytest.approx(0.210, abs=5e-4)
    assert found.inputs["observed_agreement"] == pytest.approx(0.378, abs=5e-4)
    assert found.inputs["chance_agreement"] == pytest.approx(0.213, abs=5e-4)
    assert found.value == pytest.approx(reference_fleiss(FOURTEEN_READERS))


def test_fleiss_standard_error_by_hand_for_two_even_categories():
    # p = 1/2, 1/2: sum pq = 1/2, sum pq(q-p) = 0, so the variance is 2 / (n m (m-1)) = 2/24.
    counts = [[3, 0], [0, 3], [3, 0], [0, 3]]
    assert fleiss_kappa(counts).value == 1.0
    assert fleiss_kappa(counts).standard_error == pytest.approx(math.sqrt(2 / 24))


def test_fleiss_standard_error_by_hand_for_uneven_categories():
    # p = 3/4, 1/4: sum pq = 3/8, sum pq(q-p) = 3/16 (-1/2) + 3/16 (1/2) = 0; n m (m-1) = 8.
    counts = [[2, 0], [2, 0], [1, 1], [1, 1]]
    assert fleiss_kappa(counts).standard_error == pytest.approx(math.sqrt(2 / 8))
    # p = 1/2, 1/4, 1/4: sum pq = 5/8, skew = 3/16 * 1/2 * 2 = 3/16; n m (m-1) = 8.
    counts = [[2, 0, 0], [1, 1, 0], [1, 0, 1], [0, 1, 1]]
    variance = 2 * ((5 / 8) ** 2 - 3 / 16) / ((5 / 8) ** 2 * 8)
    assert fleiss_kappa(counts).standard_error == pytest.approx(math.sqrt(variance))


@given(st.lists(st.tuples(*[st.integers(0, 2)] * 4), min_size=2, max_size=12))
@settings(deadline=None)
def test_fleiss_kappa_equals_statsmodels_for_any_ratings(ratings):
    counts, _ = aggregate_raters(ratings, n_cat=3)
    found = fleiss_kappa([[int(c) for c in row] for row in counts])
    if found.value is None:
        assert {call for row in ratings for call in row} == {ratings[0][0]}
    else:
        assert found.value == pytest.approx(float(reference_fleiss(counts)), abs=1e-9)


def test_intraclass_correlations_of_shrout_and_fleiss():
    absolute, consistent = icc_2_1(SHROUT), icc_3_1(SHROUT)
    assert absolute.value == pytest.approx(0.29, abs=0.005)
    assert consistent.value == pytest.approx(0.71, abs=0.006)
    assert absolute.inputs["msr"] == pytest.approx(11.24, abs=0.005)
    assert absolute.inputs["msc"] == pytest.approx(32.49, abs=0.005)
    assert absolute.inputs["mse"] == pytest.approx(1.02, abs=0.005)
    # Intervals of the same data as printed by the usual packages.
    assert (absolute.interval.low, absolute.interval.high) == pytest.approx((0.02, 0.76), abs=0.005)
    assert (consistent.interval.low, consistent.interval.high) == pytest.approx(
        (0.34, 0.95), abs=0.005
    )


def test_a_constant_offset_between_readers_lowers_absolute_agreement_only():
    ratings = [[10.0, 15.0], [20.0, 25.0], [30.0, 35.0]]
    # MSR = 200, MSE = 0, MSC = 3 * 2 * 2.5^2 = 37.5: ICC(2,1) = 200 / (200 + 2 * 37.5 / 3).
    assert icc_3_1(ratings).value == 1.0
    assert icc_2_1(ratings).value == pytest.approx(200 / 225)


def test_bland_altman_of_the_peak_flow_meters():
    found = bland_altman(list(zip(WRIGHT_FIRST, MINI_FIRST, strict=True)))
    assert found.bias == pytest.approx(-2.1, abs=0.05)
    assert found.sd == pytest.approx(38.8, abs=0.05)
    assert found.lower_limit == pytest.approx(-2.1176 - 1.96 * 38.7651, abs=0.01)
    assert found.upper_limit == pytest.approx(-2.1176 + 1.96 * 38.7651, abs=0.01)
    # The paper's intervals: bias -22.0 to 17.8 (t 2.12); limit half-width 2.12 sqrt(3/17) 38.8.
    assert (found.bias_interval.low, found.bias_interval.high) == pytest.approx(
        (-22.0, 17.8), abs=0.06
    )
    half = (found.upper_interval.high - found.upper_interval.low) / 2
    assert half == pytest.approx(2.12 * math.sqrt(3 / 17) * 38.765, abs=0.05)
    assert found.lower_interval.low == pytest.approx(found.lower_limit - half)


def test_repeatability_of_the_wright_meter():
    pairs = list(zip(WRIGHT_FIRST, WRIGHT_AGAIN, strict=True))
    assert within_subject_sd(pairs).value == pytest.approx(15.3, abs=0.05)
    assert repeatability_coefficient(pairs).value == pytest.approx(
        1.96 * math.sqrt(2) * 15.3, abs=0.2
    )


def test_within_subject_cv_by_hand():
    # d/m: 2/10 and 0/20, mean square 0.02, half of it 0.01, root 0.1.
    assert within_subject_cv([(11.0, 9.0), (20.0, 20.0)]).value == pytest.approx(0.1)
    assert within_subject_cv([(0.0, 0.0)]).value is None


CASES = [
    AdjudicationCase("A1", "PR", "PR"),
    AdjudicationCase("A2", "SD", "PD", "R2"),
    AdjudicationCase("A3", "CR", "PR", "R1"),
    AdjudicationCase("A4", "SD", "PR", "NEITHER"),
    AdjudicationCase("A5", "SD", None),
    AdjudicationCase("A6", "PD", "SD", "R1"),
]


def test_adjudication_rate_counts_only_cases_read_by_both():
    found = adjudication_rate(CASES)
    assert (found.value, found.n) == (80.0, 5)


def test_reader_acceptance_is_the_share_of_adjudicated_cases_taken_from_the_reader():
    assert reader_acceptance(CASES, reader="R1").value == 50.0
    assert reader_acceptance(CASES, reader="R2").value == 25.0


def test_reader_disagreement_index_divides_by_all_cases_the_reader_read():
    assert reader_disagreement_index(CASES, reader="R1").value == pytest.approx(100 * 2 / 6)
    assert reader_disagreement_index(CASES, reader="R2").value == pytest.approx(100 * 3 / 5)


def test_an_adjudicator_who_accepts_both_disagrees_with_nobody():
    cases = [AdjudicationCase("A1", "PR", "CR", "BOTH")]
    assert reader_disagreement_index(cases, reader="R1").value == 0.0
    assert reader_acceptance(cases, reader="R2").value == 100.0


def test_rates_without_cases_do_not_exist():
    for found in (
        adjudication_rate([]),
        reader_acceptance([], reader="R1"),
        reader_disagreement_index([], reader="R2"),
        percent_agreement(two_by_two(0, 0, 0, 0)),
        cohen_kappa(two_by_two(0, 0, 0, 0)),
        gwet_ac1(two_by_two(0, 0, 0, 0)),
        pabak(two_by_two(0, 0, 0, 0)),
    ):
        assert found.value is None
        assert found.reason


def test_kappa_does_not_exist_when_both_readers_use_one_category():
    found = cohen_kappa(two_by_two(12, 0, 0, 0))
    assert found.value is None
    assert "one category" in found.reason


def test_progression_discordance_in_status_and_in_date():
    pairs = [
        ProgressionPair(84, 84),
        ProgressionPair(84, 126),
        ProgressionPair(84, None),
        ProgressionPair(None, None),
    ]
    status, date = progression_discordance(pairs)
    assert (status.value, status.n) == (25.0, 4)
    assert (date.value, date.n) == (50.0, 2)
    assert progression_discordance(pairs, tolerance_days=42)[1].value == 0.0
    assert progression_discordance(pairs, tolerance_days=41)[1].value == 50.0


def test_control_limits_of_a_p_chart():
    limits = control_limits(0.2, 100)
    assert (limits.low, limits.high) == pytest.approx((0.08, 0.32))
    assert control_limits(0.01, 10).low == 0.0


def test_clopper_pearson_at_the_ends_by_hand():
    assert clopper_pearson(0, 10).low == 0.0
    assert clopper_pearson(0, 10).high == pytest.approx(1 - 0.025 ** (1 / 10))
    assert clopper_pearson(10, 10).low == pytest.approx(0.025 ** (1 / 10))
    assert clopper_pearson(10, 10).high == 1.0


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@settings(deadline=None)
def test_intervals_of_rates_equal_statsmodels(rate):
    hits, n = rate
    for ours, method in ((clopper_pearson(hits, n), "beta"), (wilson(hits, n), "wilson")):
        low, high = proportion_confint(hits, n, alpha=0.05, method=method)
        assert (ours.low, ours.high) == pytest.approx((float(low), float(high)), abs=1e-9)


def test_a_wider_level_gives_a_wider_interval():
    narrow, wide = wilson(4, 10, level=0.9), wilson(4, 10, level=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high
    narrow, wide = (cohen_kappa(RESPONSES, level=level).interval for level in (0.9, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_bootstrap_of_subjects_is_repeatable_and_holds_the_value():
    pairs = [("Y", "Y")] * 31 + [("Y", "N")] * 4 + [("N", "Y")] * 7 + [("N", "N")] * 18

    def kappa(cases):
        return cohen_kappa(AgreementTable.from_pairs(cases, categories=("Y", "N"))).value

    first = bootstrap_interval(pairs, kappa, resamples=200)
    assert first == bootstrap_interval(pairs, kappa, resamples=200)
    assert first.low < 0.616279 < first.high
    assert first.low == pytest.approx(0.413, abs=0.1)
    assert first.high == pytest.approx(0.819, abs=0.1)


@pytest.mark.parametrize(
    ("kappa", "word"),
    [
        (-0.1, "slight"),
        (0.20, "slight"),
        (0.21, "fair"),
        (0.40, "fair"),
        (0.41, "moderate"),
        (0.60, "moderate"),
        (0.61, "substantial"),
        (0.80, "substantial"),
        (0.81, "almost perfect"),
        (1.0, "almost perfect"),
    ],
)
def test_the_reading_aid_has_these_steps(kappa, word):
    assert strength_of_agreement(kappa) == word


@given(tables())
@settings(deadline=None)
def test_swapping_the_readers_keeps_every_agreement_statistic(table):
    turned = AgreementTable(table.categories, tuple(zip(*table.counts, strict=True)))
    for statistic in (cohen_kappa, weighted_kappa, gwet_ac1, pabak, percent_agreement):
        assert statistic(turned).value == statistic(table).value


@given(tables(), st.permutations(range(3)))
@settings(deadline=None)
def test_the_order_of_categories_does_not_matter_for_unweighted_kappa(table, order):
    moved = AgreementTable(
        tuple(table.categories[i] for i in order),
        tuple(tuple(table.counts[i][j] for j in order) for i in order),
    )
    assert cohen_kappa(moved).value == cohen_kappa(table).value


@given(tables(), st.integers(2, 9))
@settings(deadline=None)
def test_more_of_the_same_cases_keeps_kappa_and_shrinks_its_error(table, times):
    many = AgreementTable(
        table.categories, tuple(tuple(times * count for count in row) for row in table.counts)
    )
    few = cohen_kappa(table)
    if few.value is not None:
        assert cohen_kappa(many).value == few.value
        assert cohen_kappa(many).standard_error == pytest.approx(
            few.standard_error / math.sqrt(times)
        )


@given(st.lists(st.integers(1, 9), min_size=3, max_size=3))
@settings(deadline=None)
def test_perfect_agreement_gives_one_for_every_coefficient(diagonal):
    counts = tuple(tuple(d if i == j else 0 for j in range(3)) for i, d in enumerate(diagonal))
    table = AgreementTable(("CR", "PR", "SD"), counts)
    for statistic in (cohen_kappa, weighted_kappa, gwet_ac1, pabak):
        assert statistic(table).value == 1.0
    assert percent_agreement(table).value == 100.0


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: AgreementTable(("Y",), ((1,),)), "categories"),
        (lambda: AgreementTable(("Y", "Y"), ((1, 2), (3, 4))), "categories"),
        (lambda: AgreementTable(("Y", "N"), ((1, 2),)), "counts"),
        (lambda: AgreementTable(("Y", "N"), ((1, 2), (3,))), "counts"),
        (lambda: AgreementTable(("Y", "N"), ((1, 2), (3, -4))), "counts"),
        (lambda: AgreementTable.from_pairs([("Y", "X")], categories=("Y", "N")), "pairs"),
        (lambda: AdjudicationCase("A1", "PR", "SD", "R3"), "adjudicator_agrees_with"),
        (lambda: reader_acceptance(CASES, reader="R3"), "reader"),
        (lambda: icc_2_1([[1.0, 2.0]]), "ratings"),
        (lambda: icc_2_1([[1.0], [2.0]]), "ratings"),
        (lambda: icc_3_1([[1.0, math.nan], [2.0, 3.0]]), "ratings"),
        (lambda: bland_altman([(1.0, 2.0)]), "pairs"),
        (lambda: within_subject_sd([]), "pairs"),
        (lambda: within_subject_sd([(1.0, math.inf)]), "pairs"),
        (lambda: fleiss_kappa([]), "counts"),
        (lambda: fleiss_kappa([[3], [3]]), "counts"),
        (lambda: fleiss_kappa([[2, 1], [1, 1]]), "counts"),
        (lambda: fleiss_kappa([[1, 0], [0, 1]]), "counts"),
        (lambda: fleiss_kappa([[4, -1], [3, 0]]), "counts"),
        (lambda: clopper_pearson(5, 4), "hits"),
        (lambda: wilson(0, 0), "hits"),
        (lambda: wilson(1, 2, level=1.0), "level"),
        (lambda: control_limits(1.2, 5), "share"),
        (lambda: bootstrap_interval([], lambda _cases: 1.0), "bootstrap_interval"),
        (lambda: bootstrap_interval([1], lambda _cases: None), "bootstrap_interval"),
        (lambda: derive_case("odd", {}), "kind"),
        (lambda: derive_case("two_reader_categorical", {}), "input.table"),
        (lambda: derive_case("adjudication", {"cases": [3]}), "input.cases[0]"),
        (lambda: derive_case("continuous", {}), "input.ratings"),
        (lambda: derive_case("continuous", {"ratings": [[1, 2], [3, "x"]]}), "input.ratings[1][1]"),
    ],
)
def test_data_that_make_no_sense_raise_an_error_that_names_the_part(make, field):
    with pytest.raises(CriteriaError) as caught:
        make()
    assert caught.value.field.startswith(field)


def test_equal_ratings_have_no_intraclass_correlation():
    for statistic in (icc_2_1, icc_3_1):
        assert statistic([[5.0, 5.0], [5.0, 5.0]]).value is None


def test_every_visible_statistics_vector_agrees():
    document = loads((Path(__file__).parent / "vectors" / "reader_statistics.json").read_text())
    derivation = derive(document)
    rows = compare(derivation.document)
    assert not derivation.errors
    assert len(rows) == 25
    assert [row for row in rows if not row.equal] == []


def test_an_adjudicator_with_an_own_reading_disagrees_with_both():
    case = {"subject": "A1", "reader1": "PR", "reader2": "SD", "adjudicator_agrees_with": "OWN"}
    found = derive_case("adjudication", {"cases": [case]})
    assert found["adjudicated"] == 1
    assert (found["reader1_rdi_pct"], found["reader2_rdi_pct"]) == (100.0, 100.0)
    assert (found["reader1_acceptance_pct"], found["reader2_acceptance_pct"]) == (0.0, 0.0)


def test_a_continuous_case_is_derived_from_pairs():
    found = derive_case("continuous", {"pairs": [[10, 15], [20, 25], [30, "35"]]})
    assert found["bias"] == -5.0
    assert found["sd_difference"] == 0.0
    assert found["icc_3_1"] == 1.0
    assert found["within_subject_sd"] == pytest.approx(5 / math.sqrt(2), abs=1e-6)


def test_a_case_with_several_readers_is_derived_from_counts():
    found = derive_case("multi_reader_categorical", {"counts": FOURTEEN_READERS})
    assert found["fleiss_kappa"] == pytest.approx(0.209931, abs=1e-6)


def test_two_lists_of_calls_are_as_good_as_a_table():
    calls = {
        "categories_ordered": ["Y", "N"],
        "reader1": ["Y", "Y", "N"],
        "reader2": ["Y", "N", "N"],
    }
    table = {"categories_ordered": ["Y", "N"], "table_rows_reader1_cols_reader2": [[1, 1], [0, 1]]}
    kind = "two_reader_categorical"
    assert derive_case(kind, calls) == derive_case(kind, table)
