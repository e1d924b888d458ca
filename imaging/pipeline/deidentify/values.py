"""Rules for single values: dates, ages, numbers, UIDs, and what stands in for a removed value."""

from __future__ import annotations

import math
import re
import struct
from datetime import date, timedelta
from typing import Final

from pydicom._uid_dict import UID_dictionary

STAND_IN: Final = "REMOVED"
_DATE: Final = re.compile(r"(\d{4})[.]?(\d{2})[.]?(\d{2})")
_DATETIME: Final = re.compile(r"(\d{4})(\d{2})?(\d{2})?(\d{0,6}(?:\.\d{1,6})?(?:[+-]\d{4})?)\s*")
_TIME: Final = re.compile(r"\d{2}(?::?\d{2}(?::?\d{2}(?:\.\d{1,9})?)?)?")
_AGE: Final = re.compile(r"(\d{1,3})([DWMY])")
_DAY: Final = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{6})?")
_PLAIN_NUMBER: Final = re.compile(r"[+-]?\d*\.?\d*(?:[eE][+-]?\d{1,3})?")
_NUMBERS: Final = re.compile(r"[0-9+\-.eE \\]*")
_CODE: Final = re.compile(r"[A-Z0-9_ \\/.+()-]*")
_PER_YEAR: Final = {"D": 365.25, "W": 52.18, "M": 12.0, "Y": 1.0}
_STAND_INS: Final[dict[str, bytes]] = {
    "DA": b"19000101", "DT": b"19000101", "TM": b"000000", "DS": b"0 ", "IS": b"0 ",
    "AS": b"000Y", "US": b"\0\0", "SS": b"\0\0", "UL": b"\0" * 4, "SL": b"\0" * 4,
    "FL": b"\0" * 4, "FD": b"\0" * 8, "UV": b"\0" * 8, "SV": b"\0" * 8, "AT": b"\0" * 4,
    "OB": b"\0\0", "OW": b"\0\0", "UN": b"\0\0", "OF": b"\0" * 4, "OD": b"\0" * 8,
    "OL": b"\0" * 4, "OV": b"\0" * 8,
    # Long Code Value is for codes of more than 16 characters (PS3.3 8.1).
    "UC": b"REMOVED BY PROFILE",
    # The UUID of zeros (RFC 9562): a URN that names nothing.
    "UR": b"urn:uuid:00000000-0000-0000-0000-000000000000",
}  # fmt: skip


# Numbers that are large enough to hold an identifier, by VR: format of `struct`.
MOST_NUMBERS: Final = 64
NUMERIC: Final = {"UL": "I", "SL": "i", "UV": "Q", "SV": "q", "FL": "f", "FD": "d"}


def numbers_of(vr: str, value: bytes) -> list[str]:
    """The whole numbers of a binary numeric value as digits.

    Empty for values of other types, and for long lists: those are measurements.
    """
    code = NUMERIC.get(vr)
    if code is None:
        return []
    size = struct.calcsize("<" + code)
    if len(value) > MOST_NUMBERS * size:
        return []
    found = struct.unpack_from(f"<{len(value) // size}{code}", value)
    return [str(int(one)) for one in found if math.isfinite(one) and one == int(one)]


def is_instant(number: str) -> bool:
    """Tell whether a number can be seconds since 1970 between 1980 and 2050, or a day as digits."""
    digits = number.strip().partition(".")[0]
    if not digits.isdigit():
        return False
    seconds = len(digits) in (9, 10) and 315_532_800 <= int(digits) < 2_524_608_000
    return seconds or bool(_DAY.fullmatch(digits))


def stand_in(vr: str) -> bytes:
    """A valid value without meaning, for attributes that must not be empty."""
    return _STAND_INS.get(vr, STAND_IN.encode())


def shift_date(value: str, days: int) -> str | None:
    """Move a DA value by days; None when it is not a date (PS3.5 6.2, and the retired dots)."""
    match = _DATE.fullmatch(value.strip())
    return _moved(match[1], match[2], match[3], days) if match else None


def shift_datetime(value: str, days: int) -> str | None:
    """Move the date part of a DT value by days, keeping its precision, time and zone."""
    match = _DATETIME.fullmatch(value.strip())
    if not match:
        return None
    year, month, day, rest = match.groups()
    moved = _moved(year, month or "01", day or "01", days)
    if moved is None:
        return None
    return moved[: 4 + 2 * bool(month) + 2 * bool(day)] + rest


def _moved(year: str, month: str, day: str, days: int) -> str | None:
    try:
        moved = date(int(year), int(month), int(day)) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return f"{moved.year:04d}{moved.month:02d}{moved.day:02d}"


def is_time(value: str) -> bool:
    """Tell whether every value is a TM (PS3.5 6.2, and the retired colons)."""
    return all(_TIME.fullmatch(part.strip()) for part in value.split("\\") if part.strip())


def cap_age(value: str, years: int) -> str | None:
    """Return an AS value, no higher than `years`; None when it is not an age."""
    match = _AGE.fullmatch(value.strip())
    if not match:
        return None
    too_old = int(match[1]) / _PER_YEAR[match[2]] >= years
    return f"{years:03d}Y" if too_old else f"{int(match[1]):03d}{match[2]}"


def is_number(value: str) -> bool:
    """Tell whether a DS or IS value is made of digits, signs and separators only."""
    return bool(_NUMBERS.fullmatch(value.strip("\0 ")))


def is_plain_number(value: str) -> bool:
    """Tell whether a text is one number, not digits in groups such as `770-88-1234`."""
    return bool(_PLAIN_NUMBER.fullmatch(value))


def is_code(value: str) -> bool:
    """Tell whether a CS value keeps to the characters of PS3.5 6.2 and those that scanners add."""
    return bool(_CODE.fullmatch(value.strip("\0 ")))


def is_registered_uid(uid: str) -> bool:
    """Tell whether a UID is one that DICOM itself assigns (PS3.6)."""
    return uid in UID_dictionary
