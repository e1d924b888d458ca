"""Days of tests of performance."""

from __future__ import annotations

from datetime import date, timedelta

FIRST = date(2026, 1, 1)


def day(number: int) -> date:
    """Return a day of 2026, from 1."""
    return FIRST + timedelta(days=number - 1)
