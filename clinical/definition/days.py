"""Partial dates (ISO 8601: year, month or day), and how far they lie from baseline.

A reader may know that a therapy ended three months before baseline, but never a calendar date;
what is known only to the month is never said to the day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

Precision = Literal["day", "month", "year"]
EARLIEST: Final = 1900
_ISO: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
#: ways to write a day or month that can be read only once; 03/04/2026 is two days
_DAYS: Final = ("%d %b %Y", "%d-%b-%Y", "%d%b%Y", "%d %B %Y")
_MONTHS: Final = ("%b %Y", "%b-%Y", "%B %Y")
_MONTHS_A_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date as far as it is known; ``first`` is the first day that it can mean."""

    first: date
    precision: Precision

    @property
    def iso(self) -> str:
        """The date as ISO text of its precision."""
        whole = self.first.isoformat()
        return {"day": whole, "month": whole[:7], "year": whole[:4]}[self.precision]


def partial_date(text: str) -> PartialDate | None:
    """Return a date written as ``2026-03-05``, ``2026-03``, ``2026``, ``05 Mar 2026`` or
    ``Mar 2026``; ``None`` when the text is none, or could mean two days."""
    text = text.strip()
    found = _ISO.fullmatch(text)
    if found is not None:
        year, month, day = found.groups()
        precision: Precision = "day" if day else "month" if month else "year"
        try:
            first = date(int(year), int(month or 1), int(day or 1))
        except ValueError:
            return None
        return PartialDate(first, precision) if first.year >= EARLIEST else None
    return _in_words(text, _DAYS, "day") or _in_words(text, _MONTHS, "month")


def _in_words(text: str, patterns: tuple[str, ...], precision: Precision) -> PartialDate | None:
    for pattern in patterns:
        try:
            first = datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a plain day
        except ValueError:
            continue
        return PartialDate(first, precision) if first.year >= EARLIEST else None
    return None


def written(iso: str) -> str:
    """Return an ISO partial date as pages write it: ``05 Mar 2026``, ``Mar 2026``, ``2026``."""
    found = partial_date(iso)
    if found is None:
        return ""
    patterns = {"day": "%d %b %Y", "month": "%b %Y", "year": "%Y"}
    return found.first.strftime(patterns[found.precision])


def day_words(iso: str, baseline: date | None) -> str:
    """Return how far a partial date lies from baseline, in the precision that it has.

    Without a baseline nothing is said of the date, because only a distance may be said.
    """
    found = partial_date(iso)
    if found is None:
        return ""
    if baseline is None:
        return "date not shown: baseline has no date yet"
    if found.precision == "day":
        return _distance((found.first - baseline).days, "day", about=False, same="on the day of")
    if found.precision == "month":
        months = (found.first.year - baseline.year) * _MONTHS_A_YEAR
        months += found.first.month - baseline.month
        return _distance(months, "month", about=True, same="in the month of")
    return _distance(found.first.year - baseline.year, "year", about=True, same="in the year of")


def _distance(number: int, unit: str, *, about: bool, same: str) -> str:
    if number == 0:
        return f"{same} baseline"
    words = f"{abs(number):,} {unit}{'' if abs(number) == 1 else 's'}"
    side = "before" if number < 0 else "after"
    return f"{'about ' if about else ''}{words} {side} baseline"
