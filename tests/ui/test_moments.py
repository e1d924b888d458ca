"""Days, instants and clocks are written as the design says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui import moments

NOON = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)


def test_a_day_is_written_with_two_digits_and_an_english_month() -> None:
    assert moments.day_words(date(2026, 3, 5)) == "05 Mar 2026"


@pytest.mark.parametrize(
    ("iso", "words"),
    [
        ("2026-03-05", "05 Mar 2026"),
        ("2026-03", "UN Mar 2026"),
        ("2026", "UN UNK 2026"),
        ("", "–"),
        (None, "–"),
    ],
)
def test_a_partial_date_says_what_is_unknown(iso: str | None, words: str) -> None:
    assert moments.day_words(iso) == words


@pytest.mark.parametrize("text", ["05/03/2026", "2026-13", "2026-3-5", "yesterday"])
def test_a_text_that_is_no_iso_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Not an ISO date"):
        moments.day_words(text)


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("UTC", "05 Mar 2026 12:00 (UTC)"),
        ("Europe/Madrid", "05 Mar 2026 13:00 (UTC+1)"),
        ("Asia/Kolkata", "05 Mar 2026 17:30 (UTC+5:30)"),
        ("America/Sao_Paulo", "05 Mar 2026 09:00 (UTC−3)"),
        ("Pacific/Auckland", "06 Mar 2026 01:00 (UTC+13)"),
    ],
)
def test_an_instant_is_written_with_the_offset_of_the_zone(zone: str, words: str) -> None:
    assert moments.moment_words(NOON, zone) == words


def test_summer_time_changes_the_offset() -> None:
    july = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    assert moments.moment_words(july, "Europe/Madrid") == "01 Jul 2026 14:00 (UTC+2)"


def test_signatures_show_seconds() -> None:
    signed = NOON + timedelta(seconds=7)
    assert moments.moment_words(signed, seconds=True) == "05 Mar 2026 12:00:07 (UTC)"


def test_a_naive_time_is_no_instant() -> None:
    with pytest.raises(ValueError, match="zone"):
        moments.moment_words(datetime(2026, 3, 5, 12, 0))


@pytest.mark.parametrize(
    ("due", "tone", "text"),
    [
        (date(2026, 3, 9), "idle", "4 days left"),
        (date(2026, 3, 6), "wait", "1 day left"),
        (date(2026, 3, 5), "wait", "Due today"),
        (date(2026, 3, 4), "stop", "1 day late"),
        (date(2026, 3, 3), "stop", "2 days late"),
        (NOON + timedelta(hours=6), "wait", "6 h left"),
        (NOON + timedelta(minutes=25), "wait", "25 min left"),
        (NOON - timedelta(hours=3), "stop", "3 h late"),
    ],
)
def test_a_clock_counts_from_days_to_hours(due: date, tone: str, text: str) -> None:
    clock = moments.clock_of(due, NOON)
    assert (clock.tone, clock.text) == (tone, text)


def test_a_stopped_clock_says_so_even_when_it_is_late() -> None:
    clock = moments.clock_of(date(2026, 3, 1), NOON, paused=True)
    assert (clock.icon, clock.text) == ("player-pause", "Clock stopped")


def test_the_last_day_is_the_day_of_the_persons_zone() -> None:
    late_evening = datetime(2026, 3, 5, 23, 30, tzinfo=UTC)
    assert moments.clock_of(date(2026, 3, 6), late_evening, zone="UTC").text == "1 day left"
    assert moments.clock_of(date(2026, 3, 6), late_evening, zone="Asia/Tokyo").text == "Due today"


@given(st.integers(min_value=-400, max_value=400))
def test_business_days_give_one_tone_for_each_side_of_the_due_day(days: int) -> None:
    clock = moments.clock_of_days(days)
    expected = "stop" if days < 0 else "wait" if days <= 1 else "idle"
    assert clock.tone == expected


@pytest.mark.parametrize("text", ["2026-02-28", "1900-01-01", "2199-12-31"])
def test_a_day_that_a_page_sent_back_is_read(text: str) -> None:
    assert moments.typed_day(text).isoformat() == text


@pytest.mark.parametrize(
    "text", ["", "x", "2026-13-45", "0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31"]
)
def test_what_is_no_day_of_a_study_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"day|month|isoformat"):
        moments.typed_day(text)
