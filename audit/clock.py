"""The one clock of the code base.

Everything that needs "now" asks here. The clock can be shifted only where the settings allow it
(demonstration and tests); what is written while it is shifted is marked as such in the history, so
that a demonstration shows real ageing without ever looking like a contemporaneous record.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

_offset: ContextVar[timedelta] = ContextVar("clock_offset", default=timedelta(0))


class ClockShiftRefused(RuntimeError):
    """Somebody tried to shift the clock where real records are made."""


def now() -> datetime:
    """Return the current instant in UTC, shifted where a demonstration shifted it."""
    return datetime.now(UTC) + _offset.get()


def today(zone: str = "UTC") -> date:
    """Return the calendar day of the current instant in an IANA time zone."""
    return now().astimezone(ZoneInfo(zone)).date()


def offset() -> timedelta:
    """Return how far the clock is shifted; zero in every real installation."""
    return _offset.get()


def is_shifted() -> bool:
    """Tell whether entries made now must be marked as shifted."""
    return bool(_offset.get())


@contextmanager
def shifted_by(delta: timedelta) -> Iterator[None]:
    """Shift the clock inside the block.

    Raises:
        ClockShiftRefused: the settings do not allow it.
    """
    if delta and not settings.CLOCK_SHIFT_ALLOWED:
        raise ClockShiftRefused("the clock can be shifted only in a demonstration or a test")
    token = _offset.set(delta)
    try:
        yield
    finally:
        _offset.reset(token)


@contextmanager
def shifted_to(instant: datetime) -> Iterator[None]:
    """Let the clock start at ``instant`` (aware) inside the block and run on from there."""
    with shifted_by(instant - datetime.now(UTC)):
        yield
