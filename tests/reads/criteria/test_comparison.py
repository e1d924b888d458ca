"""Comparison of derived with expected values of a file."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from reads.criteria.comparison import Comparison, compare, same

CENT = Decimal("0.01")


def row(place: str, name: str, expected: Any, derived: Any, equal: bool) -> Comparison:
    return Comparison(place=place, name=name, expected=expected, derived=derived, equal=equal)


def test_every_expected_value_of_a_subject_is_one_row_named_by_its_place() -> None:
    document = {
        "subjects": [
            {
                "id": "S1",
                "baseline": {"id": "SCR", "expected": {"sum_mm": 30}, "derived": {"sum_mm": 30}},
                "visits": [
                    {"id": "W6", "expected": {"a": 1}, "derived": {"a": 2}},
                    {"expected": {"b": None}, "derived": {"b": None}},
                    {"expected": {"c": None}, "derived": {}},
                    {"expected": {"d": 1}},
                    {"derived": {"e": 1}},
                ],
                "expected_bor": [
                    {"confirmation_required": True, "bor": "PR"},
                    {"confirmation_required": False, "bor": "CR"},
                ],
                "derived_bor": [
                    {"confirmation_required": True, "bor": "PR"},
                    {"confirmation_required": False, "bor": "PR"},
                ],
                "expected_progression_day": 56,
                "derived_progression_day": 56,
                "expected_other": None,
            },
            {"baseline": {"expected": {"sum_mm": 1}, "derived": {"sum_mm": 1}}},
        ]
    }
    assert compare(document) == [
        row("S1 SCR", "sum_mm", 30, 30, True),
        row("S1 W6", "a", 1, 2, False),
        row("S1 TP2", "b", None, None, True),
        row("S1 TP3", "c", None, None, False),
        row("S1 TP4", "d", 1, None, False),
        row("S1", "bor, confirmed", "PR", "PR", True),
        row("S1", "bor", "CR", "PR", False),
        row("S1", "progression_day", 56, 56, True),
        row("S1", "other", None, None, False),
        row("subjects[1] BL", "sum_mm", 1, 1, True),
    ]


def test_a_value_that_must_not_be_returned_may_be_one_word_or_several() -> None:
    def case(excluded: object, *derived: object) -> dict[str, Any]:
        entry: dict[str, Any] = {"id": "C", "expected": {"overall_response_not_in": excluded}}
        return {**entry, "derived": {"overall_response": derived[0]}} if derived else entry

    cases = [case("PR", "PR"), case("PR", "P"), case(["PR", "CR"], "CR"), case("PR")]
    found = compare({"cases": cases})
    assert [item.equal for item in found] == [False, True, False, False]
    assert found[0] == row("C", "overall_response_not_in", "PR", "PR", False)


def test_fired_and_silent_checks_are_compared_label_by_label() -> None:
    cases = [
        {
            "id": "E1",
            "input": {"baseline": {}},
            "expected": {"fires": ["A", "B"], "silent": ["C", "D"]},
            "derived": {"fires": ["A", "D"], "silent": []},
        },
        {"id": "E2", "input": {"baseline": {}}, "expected": {"fires": ["A"], "silent": ["B"]}},
        {"id": "E3", "input": {"baseline": {}}, "derived": {"fires": ["A"]}},
    ]
    expected = [
        row("E1", "A", True, True, True),
        row("E1", "B", True, False, False),
        row("E1", "C", False, False, True),
        row("E1", "D", False, True, False),
        row("E2", "A", True, None, False),
        row("E2", "B", False, None, False),
    ]
    assert compare({"cases": cases, "kind": "edit_checks"}) == expected
    assert compare({"cases": cases}) == expected


def test_statistics_are_compared_more_closely_than_sums() -> None:
    values = {"id": "K", "input": {}, "expected": {"x": 0.5}, "derived": {"x": 0.5002}}
    assert not compare({"kind": "reader_statistics", "cases": [values]})[0].equal
    assert not compare({"cases": [{**values, "kind": "kappa"}]})[0].equal
    assert compare({"cases": [{**values, "kind": "kappa", "criterion": "C"}]})[0].equal
    assert compare({"cases": [values]})[0].equal
    close = {**values, "derived": {"x": 0.5001}}
    assert compare({"kind": "reader_statistics", "cases": [close]})[0].equal
    assert compare({"kind": "reader_statistics", "subjects": [values]})[0].equal


@pytest.mark.parametrize(
    ("expected", "derived", "equal"),
    [
        (1, Decimal("1.01"), True),
        (1, Decimal("1.0100001"), False),
        (1, Decimal("0.99"), True),
        (1, "1", False),
        ("1", 1, False),
        (1, True, False),
        (True, True, True),
        (True, 1, False),
        (None, None, True),
        (None, 0, False),
        ("CR", "CR", True),
        ("CR", "PR", False),
        ([1, 2], [1, Decimal("2.005")], True),
        ([1, 2], [1, 3], False),
        ([1, 2], [1], False),
        ([1], [1, 2], False),
        ([1], 1, False),
        (1, [1], False),
        (float("inf"), 1, False),
        (1, float("nan"), False),
    ],
)
def test_numbers_agree_within_the_tolerance_and_all_else_exactly(
    expected: object, derived: object, equal: bool
) -> None:
    assert same(expected, derived, CENT) is equal
