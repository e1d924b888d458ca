"""Numbers as the pages write them: ``1,204``, ``28.2 %``, a real minus sign, units always."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TypeAlias

from ui.moments import DASH, MINUS

Number: TypeAlias = int | float | Decimal

NARROW = "\N{NO-BREAK SPACE}"
KILO = 1000
ROUNDS_UP_TO_KILO = 999.5
ONE_DIGIT = 10
SHORT_HASH = 12
#: what a four-byte column holds, with a digit to spare
WHOLE = re.compile(r"-?[0-9]{1,9}")
SIGN = re.compile(r"(?<![\w\-./])-(?=\.?\d)")


def number_words(value: Number | None, digits: int | None = None) -> str:
    """Write a number with thousands separated; a Decimal keeps its digits unless told otherwise."""
    if value is None:
        return DASH
    text = f"{value:,}" if digits is None else f"{value:,.{digits}f}"
    return text.replace("-", MINUS)


def with_minus(text: str) -> str:
    """Write the negative numbers of a sentence with a real minus sign, for screens and paper.

    A hyphen in a name, a date or a range of words stays: only one that stands before a digit and
    behind no letter, digit or other hyphen is a sign.
    """
    return SIGN.sub(MINUS, text)


def whole(text: str, otherwise: int) -> int:
    """Read a whole number that a page sent back; what is none, or too large, is ``otherwise``."""
    return int(text) if WHOLE.fullmatch(text) else otherwise


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number of things: ``1 visit``, ``1,204 visits``, ``2 queries`` with ``many``."""
    return f"{number_words(number)} {one if number == 1 else many or f'{one}s'}"


def signed_words(value: Number | None, digits: int | None = None) -> str:
    """Write a change with its sign; no change has none."""
    text = number_words(value, digits)
    return f"+{text}" if value is not None and value > 0 else text


def percent_words(value: Number | None, digits: int = 0) -> str:
    """Write a percentage, 28.2 for 28.2 per cent."""
    if value is None:
        return DASH
    return f"{number_words(value, digits)}{NARROW}%"


def unit_words(value: Number | None, unit: str) -> str:
    """Write a measured value with its unit, kept on one line."""
    return DASH if value is None else f"{number_words(value)}{NARROW}{unit}"


def bytes_words(value: int | None) -> str:
    """Write a size in the unit a person would name (powers of 1,000)."""
    if value is None:
        return DASH
    if value < KILO:
        return f"{value}{NARROW}B"
    scaled, unit = value / KILO, "kB"
    for larger in ("MB", "GB", "TB"):
        if scaled < ROUNDS_UP_TO_KILO:
            break
        scaled, unit = scaled / KILO, larger
    digits = 1 if scaled < ONE_DIGIT and unit != "kB" else 0
    return f"{scaled:.{digits}f}{NARROW}{unit}"


def hash_words(value: str) -> str:
    """Shorten a hash for reading; the full one stays beside it for copying."""
    return value if len(value) <= SHORT_HASH else f"{value[:4]}…{value[-4:]}"


def initials(name: str) -> str:
    """Return the two letters of a printed name; titles before it do not count."""
    titles = {"dr", "dr.", "prof", "prof.", "mr", "mr.", "ms", "ms.", "mrs", "mrs."}
    words = [word for word in name.split() if word.lower() not in titles]
    if not words:
        return "–"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()
