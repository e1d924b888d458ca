"""Reads to come against the readers' capacity, by week: when a gap opens and who closes it.

Demand is counted in the week in which the images can be read. Capacity is spent on the oldest reads
first. A gap is open in a week whose backlog cannot be read within the turnaround that follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

DAYS = 7
MOST_NEW_READERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """A reader's reads per week between two days, both included; None is open."""

    per_week: int
    since: date | None = None
    until: date | None = None
    absences: tuple[tuple[date, date], ...] = ()

    def in_week(self, monday: date) -> float:
        """Return the reads of one week, by the days on which the reader is there (Mon to Fri)."""
        days = [monday + timedelta(days=n) for n in range(5)]
        there = sum(self._is_there(day) for day in days)
        return self.per_week * there / len(days)

    def _is_there(self, day: date) -> bool:
        if (self.since and day < self.since) or (self.until and day > self.until):
            return False
        return not any(first <= day <= last for first, last in self.absences)


@dataclass(frozen=True, slots=True)
class Week:
    """One week of the forecast; ``backlog`` is what is unread at its end."""

    monday: date
    demand: int
    capacity: float
    backlog: float
    has_gap: bool


@dataclass(frozen=True, slots=True)
class Forecast:
    """Weeks in order, the week in which the gap opens, and how many more readers close it.

    ``readers_needed`` is 0 without a gap, None when no number of readers who begin then closes it.
    """

    weeks: tuple[Week, ...]
    gap_opens: date | None
    readers_needed: int | None


def monday_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def forecast(
    reads: Iterable[tuple[date, int]],
    supply: Sequence[Supply],
    *,
    today: date,
    weeks: int,
    turnaround_weeks: int,
    new_reader: Supply,
) -> Forecast:
    """Forecast the weeks from that of ``today``.

    Args:
        reads: day on which reads become possible, and how many; earlier days count as today.
        new_reader: what one more reader would bring, from the day on which they are qualified.

    Raises:
        ValueError: no week, or a negative turnaround.
    """
    if weeks < 1 or turnaround_weeks < 0:
        raise ValueError("A forecast needs at least one week and no negative turnaround.")
    start = monday_of(today)
    mondays = [start + timedelta(days=DAYS * n) for n in range(weeks)]
    demand = _demand(reads, mondays)
    # The turnaround of the last weeks reaches beyond them.
    beyond = [*mondays, *(mondays[-1] + timedelta(days=DAYS * n) for n in range(1, 1 + 60))]
    held = [sum(one.in_week(monday) for one in supply) for monday in beyond]
    added = [new_reader.in_week(monday) for monday in beyond]
    rows = _weeks(mondays, demand, held, turnaround_weeks)
    opens = next((row.monday for row in rows if row.has_gap), None)
    needed = 0 if opens is None else _needed(mondays, demand, held, added, turnaround_weeks)
    return Forecast(tuple(rows), opens, needed)


def _demand(reads: Iterable[tuple[date, int]], mondays: Sequence[date]) -> list[int]:
    counted = [0] * len(mondays)
    for day, number in reads:
        place = (monday_of(day) - mondays[0]).days // DAYS
        if place < len(mondays):
            counted[max(place, 0)] += number
    return counted


def _weeks(
    mondays: Sequence[date], demand: Sequence[int], capacity: Sequence[float], turnaround: int
) -> list[Week]:
    rows: list[Week] = []
    backlog = 0.0
    for place, monday in enumerate(mondays):
        backlog = max(0.0, backlog + demand[place] - capacity[place])
        soon = sum(capacity[place + 1 : place + 1 + turnaround])
        rows.append(Week(monday, demand[place], capacity[place], backlog, backlog > soon))
    return rows


def _needed(
    mondays: Sequence[date],
    demand: Sequence[int],
    held: Sequence[float],
    added: Sequence[float],
    turnaround: int,
) -> int | None:
    """Return the least number of new readers without a gap from the day on which they read."""
    able = next((place for place, more in enumerate(added) if more > 0), None)
    if able is None or able >= len(mondays):
        return None

    def closes(number: int) -> bool:
        capacity = [have + number * more for have, more in zip(held, added, strict=True)]
        rows = _weeks(mondays, demand, capacity, turnaround)
        return not any(row.has_gap for row in rows[able + turnaround :])

    low, high = 1, 1
    while not closes(high):
        low, high = high + 1, high * 2
        if high > MOST_NEW_READERS:
            return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if closes(middle) else (middle + 1, high)
    return low


def weeks_of(days: int) -> int:
    """Return business days as whole weeks, rounded up."""
    return ceil(days / 5)
