"""Numbers are written as the design says."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ui import figures


def test_thousands_are_separated_and_minus_is_a_real_minus() -> None:
    assert figures.number_words(1204) == "1,204"
    assert figures.number_words(Decimal("-7.60")) == "−7.60"


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("-4 to 4 HU", "−4 to 4 HU"),
        ("at least -0.5, -3 either way", "at least −0.5, −3 either way"),
        ("Found: -1024.", "Found: −1024."),
        ("scanned 2026-03-05 on PM-0001", "scanned 2026-03-05 on PM-0001"),
        ("kernel B30-40 in CT-2", "kernel B30-40 in CT-2"),
        ("portal-venous, follow-up", "portal-venous, follow-up"),
    ],
)
def test_only_the_signs_of_a_sentence_become_minus_signs(stored: str, shown: str) -> None:
    assert figures.with_minus(stored) == shown


def test_blank_is_a_dash_and_never_a_nought() -> None:
    assert figures.number_words(None) == "–"
    assert figures.percent_words(None) == "–"
    assert figures.unit_words(None, "mm") == "–"
    assert figures.bytes_words(None) == "–"


def test_a_decimal_keeps_the_digits_it_was_entered_with() -> None:
    assert figures.unit_words(Decimal("34.20"), "mm") == "34.20\u00a0mm"


def test_percent_stands_after_a_space_that_does_not_break() -> None:
    assert figures.percent_words(28.2, 1) == "28.2\u00a0%"


def test_a_change_carries_its_sign_and_no_change_has_none() -> None:
    assert figures.signed_words(Decimal("21.9")) == "+21.9"
    assert figures.signed_words(Decimal("-18.9")) == "−18.9"
    assert figures.signed_words(0) == "0"


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0\u00a0B"),
        (999, "999\u00a0B"),
        (9_000, "9\u00a0kB"),
        (48_600_000, "49\u00a0MB"),
        (1_900_000, "1.9\u00a0MB"),
        (999_999, "1.0\u00a0MB"),
        (1_230_000_000, "1.2\u00a0GB"),
    ],
)
def test_sizes_are_named_in_the_unit_a_person_would_use(size: int, words: str) -> None:
    assert figures.bytes_words(size) == words


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Marta Lindqvist", "ML"),
        ("Dr Hanne Ostrowe", "HO"),
        ("Inés", "I"),
        ("Ana Maria de Souza", "AS"),
        ("", "–"),
    ],
)
def test_initials_leave_titles_out(name: str, letters: str) -> None:
    assert figures.initials(name) == letters


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 visits"), (1, "1 visit"), (2, "2 visits"), (1204, "1,204 visits")]
)
def test_one_thing_is_not_several(number: int, words: str) -> None:
    assert figures.counted(number, "visit") == words


def test_a_noun_may_have_a_plural_of_its_own() -> None:
    assert [figures.counted(n, "query", "queries") for n in (1, 2)] == ["1 query", "2 queries"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("-1", -1), ("", 5), ("x", 5), ("½", 5), ("٣", 5), ("9" * 20, 5), ("1e3", 5)],
)
def test_what_is_no_number_is_taken_for_none(text: str, number: int) -> None:
    assert figures.whole(text, 5) == number
