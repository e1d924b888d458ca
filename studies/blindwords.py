"""Words that would tell a blinded reader whose images these are, when they were made, or by whom.

The check helps a person, it does not replace one: what it finds holds an answer for a second
person, and what it cannot know (a nickname, a hint) is why only image operations writes to readers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

#: shorter words are parts of ordinary sentences
SHORTEST = 3
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("a date", r"\b\d{4}-\d{1,2}-\d{1,2}\b"),
    ("a date", r"\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b"),
    ("a date", rf"\b\d{{1,2}}\.?\s*(?:{_MONTHS})[a-z]*\.?\s*(?:\d{{4}}|\d{{2}})?\b"),
    ("a date", rf"\b(?:{_MONTHS})[a-z]*\.?\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s*\d{{4}})?\b"),
    ("a visit", r"\b(?:week|month|cycle|visit|day)\s*\d+\b"),
    ("a visit", r"\b(?:c\d+d\d+|screening|end of treatment|eot)\b"),
    ("treatment", r"\b(?:placebo|dose|arm\s+[a-z0-9]|randomi[sz]ed|study drug|treatment)\b"),
    ("treatment", r"\b\d+\s*mg\b"),
    ("the person", r"\b(?:\d{1,3}[- ]year[- ]old|male|female|born|initials)\b"),
    ("the site's opinion", r"\b(?:investigator|local (?:read|radiologist|report))\b"),
    ("the site's opinion", r"\bprogress(?:ed|ion)\b"),
    ("another reader", r"\b(?:reader [12ab]|other reader|adjudicat\w*)\b"),
    ("an address", r"[\w.+-]+@[\w-]+\.\w+|https?://\S+"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A word that could unblind, and why."""

    word: str
    why: str


#: letters that a search without regard to case takes for an i, and their marks
_AS_I = {0x131: "i", 0x307: None}


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    return text.casefold().translate(_AS_I)


def unblinding(
    text: str,
    known: Iterable[tuple[str, str]],
    *,
    common: frozenset[str] = frozenset(),
    patterns: frozenset[str] | None = None,
) -> list[Found]:
    """Return every word of a text that could unblind, once each, in the order of the text.

    Args:
        known: words of this subject's life with what they are: codes, names, places, labels. Of a
            name of several words each part counts.
        common: words in small letters that do not count as a part of a name ("hospital").
        patterns: which kinds of pattern count ("a date"); all of them when not given.
    """
    found: dict[tuple[int, str], Found] = {}
    folded = _folded(text)
    for word, why in known:
        for part in {word.strip(), *re.split(r"[\s,;]+", word.strip())}:
            if len(part) < SHORTEST or (part != word.strip() and part.lower() in common):
                continue
            # A study knows hundreds of words; few of them stand in any one text.
            if _folded(part) not in folded:
                continue
            for match in re.finditer(rf"(?<!\w){re.escape(part)}(?!\w)", text, re.IGNORECASE):
                found.setdefault((match.start(), match[0].lower()), Found(match[0], why))
    for why, pattern in _PATTERNS:
        if patterns is not None and why not in patterns:
            continue
        for match in re.finditer(pattern, text, re.IGNORECASE):
            found.setdefault((match.start(), match[0].lower()), Found(match[0], why))
    seen: dict[str, Found] = {}
    for _, one in sorted(found.items(), key=lambda item: item[0]):
        seen.setdefault(one.word.lower(), one)
    return list(seen.values())
