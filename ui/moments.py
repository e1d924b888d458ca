"""Days, instants and clocks in words: ``05 Mar 2026``, ``05 Mar 2026 14:03 (UTC+1)``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, ngettext

# English month names in every language: the form is fixed by the trial documents.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"


#: days outside are typing mistakes: no clock, window or zone can be counted from them
EARLIEST_DAY, LATEST_DAY = date(1900, 1, 1), date(2199, 12, 31)


def typed_day(text: str) -> date:
    """Read a day that a page sent back as year-month-day.

    Raises:
        ValueError: it is none, or lies before 1900 or after 2199.
    """
    day = date.fromisoformat(text)
    if not EARLIEST_DAY <= day <= LATEST_DAY:
        raise ValueError(f"{day} is no day of a study")
    return day


def day_words(value: date | str | None) -> str:
    """Write a day, or a partial ISO 8601 date, with ``UN`` and ``UNK`` for what is unknown.

    Raises:
        ValueError: the text is no ISO date and no beginning of one.
    """
    if value is None or value == "":
        return DASH
    if isinstance(value, date):
        return f"{value.day:02d} {MONTHS[value.month - 1]} {value.year:04d}"
    match = PARTIAL.fullmatch(value)
    if not match:
        raise ValueError(f"Not an ISO date: {value!r}")
    year, month, day = match.groups()
    if month and not 1 <= int(month) <= len(MONTHS):
        raise ValueError(f"Not an ISO date: {value!r}")
    return f"{day or 'UN'} {MONTHS[int(month) - 1] if month else 'UNK'} {year}"


def offset_words(offset: timedelta | None) -> str:
    """Write an offset from UTC: ``UTC+1``, ``UTC+5:30``, ``UTC−3``, ``UTC``."""
    minutes = round((offset or timedelta()).total_seconds() / 60)
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    sign = "+" if minutes > 0 else MINUS
    return f"UTC{sign}{hours}:{rest:02d}" if rest else f"UTC{sign}{hours}"


def moment_words(value: datetime, zone: str = "UTC", *, seconds: bool = False) -> str:
    """Write an instant in an IANA zone with its offset, seconds for signatures and saves.

    Raises:
        ValueError: the instant has no zone of its own.
    """
    local = aware(value).astimezone(ZoneInfo(zone))
    clock = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    return f"{day_words(local.date())} {clock} ({offset_words(local.utcoffset())})"


def time_words(value: datetime, zone: str = "UTC") -> str:
    """Write the time of day in an IANA zone with seconds and offset, for saves of today."""
    local = aware(value).astimezone(ZoneInfo(zone))
    return f"{local:%H:%M:%S} ({offset_words(local.utcoffset())})"


def offset_minutes(value: datetime, zone: str) -> int:
    """Return the offset from UTC in minutes that holds in a zone at an instant."""
    offset = aware(value).astimezone(ZoneInfo(zone)).utcoffset()
    return round((offset or timedelta()).total_seconds() / 60)


def aware(value: datetime) -> datetime:
    """Return the instant in UTC.

    Raises:
        ValueError: it has no zone, so that it is no instant.
    """
    if value.tzinfo is None:
        raise ValueError("An instant needs a zone")
    return value.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time left, or lateness, as the pages show it."""

    tone: str
    icon: str
    text: str


STOPPED = "player-pause"
RUNNING = "clock"
LAST_DAY = "hourglass"
LATE = "clock-exclamation"


def late_by(days: int) -> Clock:
    """Return the clock of work that is whole days late."""
    return Clock("stop", LATE, ngettext("%(n)s day late", "%(n)s days late", days) % {"n": days})


def left(days: int) -> Clock:
    """Return the clock of work with whole days left; from the last day somebody must act."""
    words = ngettext("%(n)s day left", "%(n)s days left", days) % {"n": days}
    return Clock("wait", LAST_DAY, words) if days <= 1 else Clock("idle", RUNNING, words)


def clock_of_days(days: int) -> Clock:
    """Return the clock of business days that a study's calendar counted; negative is late."""
    if days < 0:
        return late_by(-days)
    return Clock("wait", LAST_DAY, gettext("Due today")) if days == 0 else left(days)


def clock_of(
    due: date | datetime | None, now: datetime, *, zone: str = "UTC", paused: bool = False
) -> Clock:
    """Return the clock of a due day or instant, counted in calendar days of a zone."""
    if paused:
        return Clock("idle", STOPPED, gettext("Clock stopped"))
    if due is None:
        return Clock("idle", RUNNING, gettext("No due date"))
    local_now = aware(now).astimezone(ZoneInfo(zone))
    if not isinstance(due, datetime):
        return clock_of_days((due - local_now.date()).days)
    local_due = aware(due).astimezone(ZoneInfo(zone))
    days = (local_due.date() - local_now.date()).days
    if days == 0:
        return _clock_of_the_day(local_due - local_now)
    return clock_of_days(days)


def _clock_of_the_day(rest: timedelta) -> Clock:
    late = rest < timedelta()
    hours, minutes = divmod(int(abs(rest).total_seconds() // 60), 60)
    size = f"{hours} h" if hours else f"{max(1, minutes)} min"
    if late:
        return Clock("stop", LATE, gettext("%(time)s late") % {"time": size})
    return Clock("wait", LAST_DAY, gettext("%(time)s left") % {"time": size})
