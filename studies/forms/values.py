"""Typed values: what an answer can be, and how text and JSON are read into it.

Reading never raises. What cannot be read becomes an answer with status `INVALID` and a fault.
Numbers are `Decimal` as entered and as standardised (never binary floating point); a scan date
without a zone stays a date; a partial date keeps its precision (ISO 8601 truncated, as SDTM
`--DTC` does).
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias


class Level(StrEnum):
    """How much a message weighs: an error blocks, a warning needs a reason, an info is shown."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Status(StrEnum):
    """What is known of an item. A blank is never an answer: it is neither "no" nor zero."""

    BLANK = "blank"
    ANSWERED = "answered"
    NOT_DONE = "not_done"
    NOT_EVALUABLE = "not_evaluable"
    INVALID = "invalid"


ABSENCES = (Status.NOT_DONE, Status.NOT_EVALUABLE)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MAX_DIGITS = 15
GROUP = 3  # digits between two marks of a thousand

_ISO_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_SPOKEN_DATE = re.compile(r"([0-9]{1,2}|UN) ([A-Za-z]{3}) ([0-9]{4})")
_TIME = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_COMMA_NUMBER = re.compile(r"(-?)([0-9]+),([0-9]+)")


@dataclass(frozen=True, order=False)
class PartialDate:
    """A date known to the day, the month or the year."""

    year: int
    month: int | None = None
    day: int | None = None

    @property
    def precision(self) -> str:
        return "day" if self.day else "month" if self.month else "year"

    @property
    def first(self) -> date:
        """The earliest day it can be."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def last(self) -> date:
        """The latest day it can be."""
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    @property
    def iso(self) -> str:
        """`2026-03-05`, `2026-03` or `2026`."""
        parts = [f"{self.year:04d}"]
        parts += [f"{part:02d}" for part in (self.month, self.day) if part]
        return "-".join(parts)

    @property
    def spoken(self) -> str:
        """`05 Mar 2026`, `UN Mar 2026` or `UN UNK 2026`, as people read it."""
        day = f"{self.day:02d}" if self.day else "UN"
        month = MONTHS[self.month - 1] if self.month else "UNK"
        return f"{day} {month} {self.year:04d}"


Value: TypeAlias = Decimal | str | bool | PartialDate | time | tuple[str, ...]


@dataclass(frozen=True)
class Fault:
    """Why a value cannot be read: a code of `wording.SENTENCES` and the facts it names."""

    code: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Answer:
    """One item's answer, read.

    `value` is what rules use (a number in the item's own unit); `number` and `unit` are what
    was entered. `because` holds the sentences behind a derived value.
    """

    status: Status = Status.BLANK
    value: Value | None = None
    entered: str = ""
    number: Decimal | None = None
    unit: str = ""
    reason: str = ""
    because: tuple[str, ...] = field(default=())
    fault: Fault | None = None


BLANK = Answer()


def invalid(entered: object, code: str, **facts: str) -> Answer:
    """An answer that cannot be read; `entered` is kept so that the page can show it again."""
    text = entered if isinstance(entered, str) else ""
    return Answer(Status.INVALID, entered=text, fault=Fault(code, tuple(sorted(facts.items()))))


def is_storable(text: str) -> bool:
    """False for control characters and lone surrogates, which no record can keep."""
    return not any(
        unicodedata.category(char) in {"Cc", "Cs"} and char not in "\t\n\r" for char in text
    )


def number_from(raw: object) -> Decimal | Fault:
    """A decimal number from text or JSON.

    A decimal comma is read when it can mean nothing else: `12,5` is 12.5, but `1,234` may be a
    thousand or a little more than one, so it is refused and the person is asked. No exponents,
    no grouping, at most 15 digits.
    """
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        return Fault("not_a_number")
    if isinstance(raw, int) and abs(raw) >= 10**MAX_DIGITS:
        return Fault("too_many_digits", (("limit", str(MAX_DIGITS)),))
    text = str(raw).strip().replace("\N{MINUS SIGN}", "-")
    comma = _COMMA_NUMBER.fullmatch(text)
    if comma is not None:
        sign, whole, fraction = comma.groups()
        if len(fraction) == GROUP >= len(whole) and not whole.startswith("0"):
            return Fault(
                "ambiguous_comma",
                (
                    ("as_decimal", f"{sign}{whole}.{fraction}"),
                    ("as_whole", sign + whole + fraction),
                ),
            )
        text = f"{sign}{whole}.{fraction}"
    if _NUMBER.fullmatch(text) is None:
        return Fault("not_a_number")
    if sum(char.isdigit() for char in text) > MAX_DIGITS:
        return Fault("too_many_digits", (("limit", str(MAX_DIGITS)),))
    return Decimal(text)


def date_from(raw: object) -> PartialDate | None:
    """A date from `2026-03-05`, `2026-03`, `2026`, `05 Mar 2026` or `UN Mar 2026`, else None."""
    if not isinstance(raw, str):
        return None
    text = raw.strip()
    iso, spoken = _ISO_DATE.fullmatch(text), _SPOKEN_DATE.fullmatch(text)
    if iso is not None:
        year, month, day = (int(part) if part else None for part in iso.groups())
    elif spoken is not None:
        year = int(spoken[3])
        name = spoken[2].title()
        if name not in MONTHS and not (spoken[1] == "UN" and name == "Unk"):
            return None
        month = MONTHS.index(name) + 1 if name in MONTHS else None
        day = None if spoken[1] == "UN" else int(spoken[1])
    else:
        return None
    return _existing_date(year or 0, month, day)


def _existing_date(year: int, month: int | None, day: int | None) -> PartialDate | None:
    try:
        date(year, 1 if month is None else month, 1 if day is None else day)
    except ValueError:
        return None
    return PartialDate(year, month, day)


def time_from(raw: object) -> time | None:
    """A time of day from `HH:MM` or `HH:MM:SS` (24 hours), else None."""
    match = _TIME.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if match is None:
        return None
    try:
        return time(int(match[1]), int(match[2]), int(match[3] or 0))
    except ValueError:
        return None


def boolean_from(raw: object) -> bool | None:
    """True or False from JSON or from `true`, `false`, `yes`, `no`; anything else is None."""
    if isinstance(raw, bool):
        return raw
    words = {"true": True, "yes": True, "false": False, "no": False}
    return words.get(raw.strip().lower()) if isinstance(raw, str) else None
