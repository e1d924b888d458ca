"""Business calendars and the clocks of the plan.

Every due instant comes from the effective plan of its study (a controlled configuration), and says
which plan version and which calendar gave it (decision 20). Turnarounds are in business days of the
plan's calendar or in hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from audit.errors import RuleBroken

END_OF_DAY = time(18, 0)
HOURS_A_DAY = 24
UNITS = ("business_days", "hours")


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working days of one place: weekdays (Monday = 0) less holidays."""

    key: str
    zone: str
    working_weekdays: frozenset[int]
    holidays: frozenset[date]

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Calendar:
        """Read the ``calendar`` part of a plan document."""
        return cls(
            key=str(document["key"]),
            zone=str(document["zone"]),
            working_weekdays=frozenset(document.get("working_weekdays", range(5))),
            holidays=frozenset(date.fromisoformat(d) for d in document.get("holidays", ())),
        )

    def is_working(self, day: date) -> bool:
        """Tell whether people work on a day."""
        return day.weekday() in self.working_weekdays and day not in self.holidays

    def add_business_days(self, start: datetime, days: int) -> datetime:
        """Return 18:00 local on the ``days``-th working day after the day of ``start``."""
        local = start.astimezone(ZoneInfo(self.zone))
        day, left = local.date(), days
        while left > 0:
            day += timedelta(days=1)
            left -= self.is_working(day)
        while not self.is_working(day):
            day += timedelta(days=1)
        return datetime.combine(day, END_OF_DAY, ZoneInfo(self.zone))

    def business_days_between(self, start: datetime, end: datetime) -> int:
        """Return how many working days lie after the day of ``start`` up to the day of ``end``.

        Negative when ``end`` lies before ``start``.
        """
        zone = ZoneInfo(self.zone)
        first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
        sign = 1
        if last < first:
            first, last, sign = last, first, -1
        days = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
        return sign * sum(self.is_working(day) for day in days)


@dataclass(frozen=True, slots=True)
class Due:
    """A due instant with the source of its value."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The effective plan of a study: turnarounds by clock name.

    ``sources`` names the document of a clock that another configuration has set.
    """

    label: str
    calendar: Calendar
    turnarounds: Mapping[str, Mapping[str, Any]]
    sources: Mapping[str, str] = field(default_factory=dict)

    def with_clocks(self, turnarounds: Mapping[str, Mapping[str, Any]], *, source: str) -> Plan:
        """Return the plan with clocks that another controlled document sets, named with them."""
        return replace(
            self,
            turnarounds={**self.turnarounds, **turnarounds},
            sources={**self.sources, **dict.fromkeys(turnarounds, source)},
        )

    def due(self, clock_name: str, start: datetime) -> Due:
        """Return when something that starts now is due.

        Raises:
            RuleBroken: the plan has no such clock (invariant 7: every clock comes from the plan).
        """
        turnaround = self.turnarounds.get(clock_name)
        if turnaround is None:
            raise RuleBroken(f"{self.label} has no turnaround for “{clock_name}”.", rule="PLN-001")
        amount = int(turnaround["amount"])
        if turnaround["unit"] == "hours":
            # Hours pass on the universal clock, also over a change of summer time.
            at = start.astimezone(UTC) + timedelta(hours=amount)
        else:
            at = self.calendar.add_business_days(start, amount)
        label = self.sources.get(clock_name, self.label)
        return Due(at=at, by=f"{label}, calendar {self.calendar.key}")

    def business_days(self, clock_name: str) -> int | None:
        """Return a turnaround in whole business days, hours rounded up; None without that clock."""
        turnaround = self.turnarounds.get(clock_name)
        if turnaround is None:
            return None
        amount = int(turnaround["amount"])
        return -(-amount // HOURS_A_DAY) if turnaround["unit"] == "hours" else amount


def plan_from(label: str, document: Mapping[str, Any]) -> Plan:
    """Read a plan document."""
    return Plan(label, Calendar.from_document(document["calendar"]), document["turnarounds"])


def plan_problems(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a plan document, in words; none if every clock can run by it."""
    return [*_calendar_problems(document.get("calendar")), *_clock_problems(document)]


def _calendar_problems(calendar: Any) -> list[str]:
    if not isinstance(calendar, Mapping) or not calendar.get("key"):
        return ["the plan has no calendar with a key"]
    found = []
    if str(calendar.get("zone")) not in available_timezones():
        found.append(f"“{calendar.get('zone')}” is not a time zone of the IANA list")
    weekdays = calendar.get("working_weekdays", [0, 1, 2, 3, 4])
    known = isinstance(weekdays, list) and all(
        type(day) is int and day in range(7) for day in weekdays
    )
    if not known or not weekdays:
        found.append("working weekdays are numbers from 0 (Monday) to 6, at least one")
    holidays = calendar.get("holidays", [])
    if not isinstance(holidays, list):
        return [*found, "holidays are a list of dates"]
    for day in holidays:
        try:
            date.fromisoformat(day)
        except (TypeError, ValueError):
            found.append(f"the holiday “{day}” is not a date like 2026-12-25")
    return found


def _clock_problems(document: Mapping[str, Any]) -> list[str]:
    turnarounds = document.get("turnarounds")
    if not isinstance(turnarounds, Mapping) or not turnarounds:
        return ["the plan has no turnarounds"]
    found = []
    for name, turnaround in turnarounds.items():
        amount = turnaround.get("amount") if isinstance(turnaround, Mapping) else None
        if type(amount) is not int or amount < 1 or turnaround.get("unit") not in UNITS:
            found.append(f"the turnaround “{name}” needs a whole amount and one of {UNITS}")
    return found


def clock_names(documents: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return every clock that some plan document sets."""
    return {name for document in documents for name in document["turnarounds"]}
