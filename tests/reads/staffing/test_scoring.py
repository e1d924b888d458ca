"""Marks against a key: within the tolerance, by words, and nothing for what is missing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reads.staffing.scoring import KeyItem, key_problems, score


def item(value: str, tolerance: str = "", **more: str) -> KeyItem:
    return KeyItem(
        place="p", label="P", value=value, tolerance=tolerance, **({"clause": "6"} | more)
    )


@pytest.mark.parametrize(
    ("key", "given", "right"),
    [
        (item("60", "2"), "62.0", True),
        (item("60", "2"), "62.1", False),
        (item("60", "2"), "58", True),
        (item("60"), "60.0", True),
        (item("60"), "60.1", False),
        (item("SD"), "sd", True),
        (item("NON-CR/NON-PD"), "NON-CR/NON-PD", True),
        (item("TOO_SMALL"), "too small", True),
        (item("SD"), "PR", False),
        (item("SD"), "", False),
        (item("60", "2"), "", False),
    ],
)
def test_an_item_is_right_within_its_tolerance_or_by_its_word(
    key: KeyItem, given: str, right: bool
) -> None:
    (mark,) = score([key], {"p": given})
    assert mark.is_right is right
    assert (mark.given, mark.expected, mark.clause) == (given, key.value, "6")


@given(
    st.decimals(-1000, 1000, places=2), st.decimals(0, 50, places=2), st.decimals(-60, 60, places=2)
)
def test_a_number_is_right_exactly_when_it_lies_within_the_tolerance(
    value: Decimal, tolerance: Decimal, off: Decimal
) -> None:
    (mark,) = score([item(str(value), str(tolerance))], {"p": str(value + off)})
    assert mark.is_right is (-tolerance <= off <= tolerance)


def test_a_key_without_clause_or_with_a_senseless_tolerance_is_refused() -> None:
    assert key_problems([item("60", "2")]) == []
    assert key_problems([item("60", clause=" ")]) == [
        "P: name the clause of the charter that decides."
    ]
    assert key_problems([item("60", "-1")]) == ["P: the tolerance is no number from 0 up."]
    assert key_problems([item("SD", "2")]) == ["P: only a number has a tolerance."]
    assert key_problems([item("1"), item("2")]) == ["P: stands twice."]
