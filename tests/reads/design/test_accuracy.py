"""Sensitivity and specificity with intervals, against values worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reads.design.accuracy import Unit, accuracy, compared, design_effect, values_of, wilson
from reads.services.designing import templates
from studies.forms import Form, evaluate


def units(*rows: tuple[str, str, str]) -> list[Unit]:
    return [Unit(subject, str(n), truth, said) for n, (subject, truth, said) in enumerate(rows)]


def test_the_four_cells_are_counted_and_the_unclear_kept_apart() -> None:
    found = accuracy(
        units(
            ("1", "POSITIVE", "POSITIVE"),
            ("2", "POSITIVE", "NEGATIVE"),
            ("3", "POSITIVE", "INDETERMINATE"),
            ("4", "NEGATIVE", "NEGATIVE"),
            ("5", "NEGATIVE", "NEGATIVE"),
            ("6", "NEGATIVE", "POSITIVE"),
            ("7", "NEGATIVE", ""),
            ("8", "", "POSITIVE"),
        )
    )
    cells = (found.true_positive, found.false_negative, found.true_negative, found.false_positive)
    assert cells == (1, 1, 2, 1)
    assert found.unclear == 2
    assert (found.sensitivity.hits, found.sensitivity.total) == (1, 2)
    assert (found.sensitivity_strict.hits, found.sensitivity_strict.total) == (1, 3)
    assert (found.specificity.hits, found.specificity.total) == (2, 3)
    assert (found.specificity_strict.hits, found.specificity_strict.total) == (2, 4)


def test_the_interval_is_wilsons() -> None:
    # Newcombe, Stat Med 1998;17:857-872, table I, method 3: 81/263 gives 0.2553 to 0.3662.
    low, high = wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    # The same table, 0/20: 0.0000 to 0.1611.
    low, high = wilson(0, 20)
    assert (round(low, 4), round(high, 4)) == (0.0, 0.1611)


def test_the_design_effect_is_one_without_clusters_and_follows_the_ratio_estimator() -> None:
    assert design_effect([(1, 1), (0, 1), (1, 1), (1, 1)]) >= 1.0
    # Two subjects of 4 regions, all right in one, all wrong in the other: p = 0.5;
    # variance 2/1 * ((4-2)^2 + (0-2)^2) / 64 = 0.25; binomial 0.25/8 = 0.03125; effect 8.
    assert design_effect([(4, 4), (0, 4)]) == pytest.approx(8.0)


def test_clustered_units_widen_the_interval_as_the_design_effect_says() -> None:
    rows = [("1", "POSITIVE", "POSITIVE")] * 4 + [("2", "POSITIVE", "NEGATIVE")] * 4
    found = accuracy(units(*rows)).sensitivity
    assert found.value == 0.5
    assert found.effect == pytest.approx(8.0)
    assert found.low is not None
    assert found.low < wilson(4, 8)[0]


def test_nothing_to_divide_by_gives_no_share() -> None:
    found = accuracy(units(("1", "POSITIVE", "POSITIVE")))
    assert found.specificity.value is None
    assert found.specificity.interval == ""


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), min_size=1, max_size=30))
def test_the_interval_holds_the_share_and_stays_between_none_and_all(
    clusters: list[tuple[int, int]],
) -> None:
    rows = [
        (str(number), "POSITIVE", "POSITIVE" if place < min(hits, size) else "NEGATIVE")
        for number, (hits, size) in enumerate(clusters)
        for place in range(size)
    ]
    found = accuracy(units(*rows)).sensitivity
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert 0.0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1.0


def test_the_forms_that_come_along_are_compared_region_by_region() -> None:
    read, truth = (
        Form.from_document(templates()[key]) for key in ("ecrf_diagnostic", "standard_of_truth")
    )
    assert read.problems() == truth.problems() == ()
    (item,) = compared(read, truth)
    assert item.path == "regions.rows.result"
    answers = {"regions": {"rows": [{"region": "LIVER", "result": "POSITIVE"},
                                    {"region": "LUNG", "result": "NEGATIVE"}]}}  # fmt: skip
    assert values_of(evaluate(truth, answers).record(), item) == {
        "LIVER": "POSITIVE",
        "LUNG": "NEGATIVE",
    }
