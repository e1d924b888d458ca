"""The forecast of reads against capacity, by hand-made courses and by an independent count."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reads.staffing.forecast import Forecast, Supply, forecast, monday_of, weeks_of

TODAY = date(2026, 3, 4)  # a Wednesday
MONDAY = date(2026, 3, 2)
NEW = Supply(per_week=10, since=date(2026, 3, 16))


def weekly(*numbers: int) -> list[tuple[date, int]]:
    return [(MONDAY + timedelta(days=7 * n + 2), number) for n, number in enumerate(numbers)]


def made(
    reads: list[tuple[date, int]], *supply: Supply, weeks: int = 6, turnaround: int = 1
) -> Forecast:
    return forecast(
        reads, supply, today=TODAY, weeks=weeks, turnaround_weeks=turnaround, new_reader=NEW
    )


def test_enough_readers_have_no_gap() -> None:
    found = made(weekly(10, 10, 10), Supply(per_week=10))
    assert (found.gap_opens, found.readers_needed) == (None, 0)
    assert [row.backlog for row in found.weeks] == [0, 0, 0, 0, 0, 0]


def test_the_gap_opens_in_the_week_whose_backlog_outlasts_the_turnaround() -> None:
    # Capacity 10 a week: 5 unread after week 1, 15 after week 2; a week's turnaround reads 10.
    found = made(weekly(15, 20, 10), Supply(per_week=10))
    assert [row.backlog for row in found.weeks] == [5, 15, 15, 5, 0, 0]
    assert [row.has_gap for row in found.weeks] == [False, True, True, False, False, False]
    assert found.gap_opens == date(2026, 3, 9)


def test_new_readers_count_from_the_day_on_which_they_are_qualified() -> None:
    # 40 a week against 10; new readers of 10 begin in week 3. With three the fourth week stands
    # at what week 1 and 2 left over (60), which never falls; with more it does.
    found = made(weekly(*[40] * 12), Supply(per_week=10), weeks=12)
    assert found.gap_opens == MONDAY
    assert found.readers_needed is not None
    assert found.readers_needed > 3


def test_no_number_of_readers_who_come_too_late_closes_the_gap() -> None:
    late = Supply(per_week=10, since=date(2027, 1, 1))
    found = forecast(weekly(50), [], today=TODAY, weeks=2, turnaround_weeks=0, new_reader=late)
    assert (found.gap_opens, found.readers_needed) == (MONDAY, None)


def test_absences_and_ends_of_contracts_take_their_days() -> None:
    reader = Supply(
        per_week=10,
        until=date(2026, 3, 19),  # a Thursday
        absences=((date(2026, 3, 9), date(2026, 3, 10)),),
    )
    found = made([], reader, weeks=4)
    assert [row.capacity for row in found.weeks] == [10, 6, 8, 0]


def test_what_was_due_before_today_counts_today() -> None:
    found = made([(date(2025, 12, 1), 7)], Supply(per_week=1), weeks=1)
    assert found.weeks[0].demand == 7


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one week"):
        made([], weeks=0)
    assert weeks_of(10) == 2
    assert weeks_of(11) == 3
    assert monday_of(date(2026, 3, 8)) == MONDAY


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=16),
    st.integers(0, 30),
    st.integers(0, 3),
)
def test_the_forecast_equals_a_queue_that_is_read_one_by_one(
    demand: list[int], capacity: int, turnaround: int
) -> None:
    """Read the oldest first, one at a time, and see which reads wait too long."""
    found = made(
        weekly(*demand), Supply(per_week=capacity), weeks=len(demand), turnaround=turnaround
    )
    queue = [week for week, number in enumerate(demand) for _ in range(number)]
    read_in: list[int] = []
    for week in range(len(demand) + 60):
        arrived = sum(demand[: week + 1])
        read_in += [week] * min(capacity, arrived - len(read_in))
    for week, row in enumerate(found.weeks):
        arrived = sum(demand[: week + 1])
        unread = arrived - sum(when <= week for when in read_in)
        assert row.backlog == unread
        in_time = sum(week < when <= week + turnaround for when in read_in[:arrived])
        assert row.has_gap == (in_time < unread)
    late = next((w for w, row in enumerate(found.weeks) if row.has_gap), None)
    expected = None if late is None else MONDAY + timedelta(days=7 * late)
    assert found.gap_opens == expected
    assert len(queue) == sum(row.demand for row in found.weeks)
