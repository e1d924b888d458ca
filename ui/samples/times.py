"""When and where the invented study happens."""

from __future__ import annotations

from datetime import UTC, datetime

ZONE = "Europe/Madrid"
NOW = datetime(2026, 3, 16, 8, 12, tzinfo=UTC)


def at(day: int, hour: int, minute: int, month: int = 3) -> datetime:
    """Return an instant of early 2026."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)
