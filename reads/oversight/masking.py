"""What a text for a blinded reader must not hold: dates, and the names that its study gives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATES = re.compile(
    rf"""\b(?:
        \d{{4}}-\d{{2}}(?:-\d{{2}})?
        |\d{{8}}
        |\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}
        |\d{{1,2}}\.?\ (?:{_MONTHS})[a-z]*\.?(?:\ \d{{2,4}})?
        |(?:{_MONTHS})[a-z]*\ \d{{1,2}},\ \d{{4}}
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
SHORTEST = 3


def telling(text: str, names: Iterable[str]) -> list[str]:
    """Return what of a text would tell a reader who, where or when; empty when it tells nothing.

    Args:
        names: subject codes, names of sites and people, labels of visits. Shorter than three
            characters they stand in ordinary words, and are left out.
    """
    return list(dict.fromkeys((*_dates(text), *_named(text, names))))


def _dates(text: str) -> Iterator[str]:
    yield from (found[0] for found in _DATES.finditer(text))


def _named(text: str, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        word = name.strip()
        if len(word) < SHORTEST:
            continue
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE):
            yield word
