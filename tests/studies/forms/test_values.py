"""Numbers, dates and times are read as people write them, and doubts are asked about."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studies.forms.values import (
    Fault,
    PartialDate,
    boolean_from,
    date_from,
    is_storable,
    number_from,
    time_from,
)

READ = [
    ("12.5", "12.5"),
    ("12,5", "12.5"),
    ("0,125", "0.125"),
    ("1234,567", "1234.567"),
    ("12,50", "12.50"),
    (" 7 ", "7"),
    ("−3", "-3"),
    ("-3,25", "-3.25"),
    (12, "12"),
    (0.1, "0.1"),
]
REFUSED = [
    ("1,234", "ambiguous_comma"),
    ("12,345", "ambiguous_comma"),
    ("1.234,5", "not_a_number"),
    ("1,234.5", "not_a_number"),
    ("1 234", "not_a_number"),
    ("1e5", "not_a_number"),
    ("١٢", "not_a_number"),
    ("about 12", "not_a_number"),
    ("1234567890123456", "too_many_digits"),
    pytest.param(10**5000, "too_many_digits", id="five thousand digits"),
    (float("nan"), "not_a_number"),
    (float("inf"), "not_a_number"),
    (1e300, "not_a_number"),
    (True, "not_a_number"),
    ([1], "not_a_number"),
]


@pytest.mark.parametrize(("raw", "number"), READ)
def test_a_number_is_read_with_its_digits_as_entered(raw, number):
    assert str(number_from(raw)) == number


@pytest.mark.parametrize(("raw", "code"), REFUSED)
def test_a_number_that_could_mean_two_things_or_none_is_refused(raw, code):
    fault = number_from(raw)
    assert isinstance(fault, Fault)
    assert fault.code == code


def test_an_ambiguous_comma_names_both_readings():
    assert dict(number_from("1,234").facts) == {"as_decimal": "1.234", "as_whole": "1234"}


@given(st.integers(0, 9999), st.text("0123456789", min_size=1, max_size=6))
def test_a_comma_is_read_as_a_point_or_refused_but_never_dropped(whole, fraction):
    read = number_from(f"{whole},{fraction}")
    assert isinstance(read, Fault) or read == Decimal(f"{whole}.{fraction}")


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-9999, max_value=9999)
)
def test_a_number_with_two_decimals_is_the_same_with_comma_and_point(number):
    text = format(number, "f")
    assert number_from(text) == number_from(text.replace(".", ",")) == number


DATES = [
    ("2026-03-05", "2026-03-05", "05 Mar 2026"),
    ("2026-03", "2026-03", "UN Mar 2026"),
    ("2026", "2026", "UN UNK 2026"),
    ("05 Mar 2026", "2026-03-05", "05 Mar 2026"),
    ("5 mar 2026", "2026-03-05", "05 Mar 2026"),
    ("UN Mar 2026", "2026-03", "UN Mar 2026"),
    ("UN UNK 2026", "2026", "UN UNK 2026"),
    ("2024-02-29", "2024-02-29", "29 Feb 2024"),
]


@pytest.mark.parametrize(("raw", "iso", "spoken"), DATES)
def test_a_date_keeps_its_precision(raw, iso, spoken):
    value = date_from(raw)
    assert (value.iso, value.spoken) == (iso, spoken)


@pytest.mark.parametrize(
    "raw", ["2026-02-29", "2026-13", "0000", "05/03/2026", "05 UNK 2026", "2026-00-01", "", 2026]
)
def test_what_is_no_date_is_no_date(raw):
    assert date_from(raw) is None


def test_a_partial_date_knows_the_first_and_last_day_it_can_be():
    assert PartialDate(2024, 2).first == date(2024, 2, 1)
    assert PartialDate(2024, 2).last == date(2024, 2, 29)
    assert PartialDate(2025).last == date(2025, 12, 31)


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_day_survives_being_written_and_read(day):
    value = PartialDate(day.year, day.month, day.day)
    assert date_from(value.iso) == date_from(value.spoken) == value


@pytest.mark.parametrize(("raw", "value"), [("14:05", time(14, 5)), ("00:00:59", time(0, 0, 59))])
def test_a_time_of_day_is_read(raw, value):
    assert time_from(raw) == value


@pytest.mark.parametrize("raw", ["24:00", "2:05", "14.05", "2 pm", "", None, 1405])
def test_what_is_no_time_is_no_time(raw):
    assert time_from(raw) is None


@pytest.mark.parametrize(
    ("raw", "value"),
    [(True, True), ("no", False), ("TRUE", True), ("", None), (0, None), ("maybe", None)],
)
def test_yes_and_no_are_read_and_nothing_else(raw, value):
    assert boolean_from(raw) is value


@pytest.mark.parametrize(
    ("text", "kept"),
    [("Zürich\n–", True), ("a\x00b", False), ("\ud800", False), ("\x1b[0m", False)],
)
def test_characters_that_no_record_can_keep_are_found(text, kept):
    assert is_storable(text) is kept
