"""Printed signs in binary data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

RUNS: Final = re.compile(rb"[\x20-\x7e]{5,}")
_WIDE: Final = re.compile(rb"(?:[\x20-\x7e]\0){5,}")
_WIDE_SWAPPED: Final = re.compile(rb"(?:\0[\x20-\x7e]){5,}")
_LONGEST: Final = 128 * 1024


def printed(value: bytes) -> list[str]:
    """Runs of printed signs in binary data, and the whole as UTF-8 where it goes beyond ASCII."""
    found = [run.decode() for run in RUNS.findall(value)]
    if len(value) <= _LONGEST and not value.isascii():
        found.append(value.decode("utf-8", "replace"))
    return found


def wide(value: bytes) -> Iterator[str]:
    """Runs of printed signs of two bytes each."""
    for pattern, codec in ((_WIDE, "utf-16-le"), (_WIDE_SWAPPED, "utf-16-be")):
        yield from (run.decode(codec) for run in pattern.findall(value))
