"""Identity of an upload as tokens: what must not be found in any output.

Collected before anything is cleaned, over every file, at every depth, in every component group of
a name and in every folding, because a name in one file is identity in the free text of another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from imaging.pipeline import encoding
from imaging.pipeline.deidentify.disguises import rewritten
from imaging.pipeline.deidentify.identity import (
    CODES,
    DIGITS,
    SHORTEST_CODE,
    SHORTEST_PART,
    SHORTEST_STATION,
    SHORTEST_WORD,
    IdentityTokens,
    known_words,
    merge_tokens,
)
from imaging.pipeline.deidentify.profile import Profile, makers, names, vocabulary
from imaging.pipeline.encoding import Malformed
from imaging.pipeline.layout import Recognised
from imaging.pipeline.text import WORD, charsets_of, decode_text, foldings, squash
from imaging.pipeline.verify import Header

__all__ = ["IdentityTokens", "TokenCollector", "collect_tokens", "merge_tokens"]

SEEN_ENTRIES: Final = 20_000
SHORTEST_PHRASE: Final = 5
LONGEST: Final = 128
_JOINED: Final = re.compile(r"[^\s_-]\S*[_-]\S*[^\s_-]")
_LATIN: Final = re.compile(r"[A-Za-z]+")
_MONTHS: Final = (
    "jan january januar", "feb february februar", "mar march", "apr april", "may mai",
    "jun june juni", "jul july juli", "aug august", "sep sept september", "oct okt october",
    "nov november", "dec dez december",
)  # fmt: skip
# Station Name, and those of the scheduled and the performed step: what people call a scanner.
_STATION_TAGS: Final = frozenset({0x00081010, 0x00400010, 0x00400242})
# Maker, model and software: what a station may be named after.
_PRODUCT_TAGS: Final = frozenset({0x00080070, 0x00081090, 0x00181020})
_NONE: Final = IdentityTokens()


@dataclass
class _Found:
    people: set[str] = field(default_factory=set)
    patient: set[str] = field(default_factory=set)
    phrases: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    device: set[str] = field(default_factory=set)
    technical: set[str] = field(default_factory=set)

    def frozen(self) -> IdentityTokens:
        return IdentityTokens(
            *(
                frozenset(part)
                for part in (
                    self.people,
                    self.patient,
                    self.phrases,
                    self.numbers,
                    self.device,
                    self.technical,
                )
            )
        )


class TokenCollector:
    """Collects tokens over files; values seen before cost one look-up."""

    def __init__(self, profile: Profile) -> None:
        self._kinds = profile.identity
        self._seen: set[tuple[bytes, bytes]] = set()
        self._owner = b""

    def add(self, header: Header) -> IdentityTokens:
        """Return the tokens of one file that no earlier file of the same patient gave."""
        found = _Found()
        self._owner = header.raw(0x00100020)
        data, explicit = header.part10.data, header.part10.explicit
        charsets = charsets_of(header.raw(0x00080005))
        if len(self._seen) > SEEN_ENTRIES:
            self._seen.clear()
        self._data_set(data, header.elements, explicit, charsets, depth=0, found=found)
        return found.frozen()

    def add_varying(self, known: Recognised) -> IdentityTokens:
        """Return what `add` would for a file of a layout that was learnt from files it was given.

        What does not vary was collected from those files.
        """
        telling = [e for e in known.varying.values() if self._may_tell(e)]
        if not telling:
            return _NONE
        found = _Found()
        self._owner = known.layout.constant(0x00100020)
        charsets = charsets_of(known.layout.constant(0x00080005))
        if len(self._seen) > SEEN_ENTRIES:
            self._seen.clear()
        self._data_set(known.data, telling, known.layout.explicit, charsets, depth=0, found=found)
        return found.frozen()

    def _may_tell(self, element: encoding.Element) -> bool:
        """Tell whether an element of the top level can hold identity, by its tag and VR."""
        return (
            element.tag in self._kinds
            or element.vr in ("PN", "SQ", "UN")
            or element.tag in _PRODUCT_TAGS
        )

    def _data_set(
        self,
        data: bytes,
        elements: Iterable[encoding.Element],
        explicit: bool,
        charsets: tuple[str, ...],
        *,
        depth: int,
        found: _Found,
    ) -> None:
        for element in elements:
            if element.end - element.start > 65_536 and element.vr != "SQ":
                continue
            if element.end - element.start <= 65_536:
                raw = bytes(data[element.start : element.end])
                if (self._owner, raw) in self._seen:
                    continue
                self._seen.add((self._owner, raw))
            if element.vr == "SQ" or (
                element.vr == "UN" and encoding.dictionary_vr(element.tag) == "SQ"
            ):
                self._sequence(data, element, explicit, charsets, depth=depth, found=found)
                continue
            kind = self._kinds.get(element.tag) or ("person" if element.vr == "PN" else None)
            if kind is None and element.tag not in _PRODUCT_TAGS:
                continue
            vr = encoding.dictionary_vr(element.tag) if element.vr == "UN" else element.vr
            value = bytes(data[element.value : element.value_end])
            text = decode_text(value, vr, charsets) or value.decode("latin-1")
            _add_text(found, kind or "technical", text)
            if element.tag in _STATION_TAGS:
                _add_product(found, text)

    def _sequence(
        self,
        data: bytes,
        element: encoding.Element,
        explicit: bool,
        charsets: tuple[str, ...],
        *,
        depth: int,
        found: _Found,
    ) -> None:
        inner_explicit = explicit and element.vr == "SQ"
        try:
            for start, end in encoding.items(data, element, inner_explicit, depth + 1):
                inner = encoding.index(data, start, end, inner_explicit, depth + 1)
                own = next((e for e in inner if e.tag == 0x00080005), None)
                nested = charsets_of(bytes(data[own.value : own.value_end])) if own else charsets
                self._data_set(data, inner, inner_explicit, nested, depth=depth + 1, found=found)
        except Malformed:
            if element.vr == "SQ":
                raise


def collect_tokens(header: Header, profile: Profile) -> IdentityTokens:
    """Return the identity tokens of one file."""
    return TokenCollector(profile).add(header)


def _add_text(found: _Found, kind: str, text: str) -> None:
    for part in re.split(r"[\\=\r\n]", text):
        value = part.strip(" \0\t^")
        if not value or len(value) > LONGEST:
            continue
        _add_reading(found, kind, value)
        if kind in ("patient", "person"):
            # A name may have been encoded once too often, and stand elsewhere as it is.
            for reading in rewritten(value):
                if "\ufffd" not in reading and "?" not in reading:
                    _add_reading(found, kind, reading)


def _add_reading(found: _Found, kind: str, value: str) -> None:
    for folded in foldings(value):
        if kind == "technical":
            found.technical.add(squash(folded))
        elif kind == "date":
            _add_birth_date(found, folded)
        else:
            _add_value(found, kind, folded)
    if kind in ("patient", "person") and not value.isascii():
        _add_cut_name(found, value)


def _add_cut_name(found: _Found, value: str) -> None:
    """Add what is left of a name where a sign beyond ASCII was lost: GR_NEWALD, Grnewald."""
    for word in WORD.findall(unicodedata.normalize("NFC", value)):
        pieces = [piece.lower() for piece in _LATIN.findall(word)]
        if word.isascii() or not pieces:
            continue
        found.people.update(p for p in pieces if len(p) >= SHORTEST_PHRASE and _is_no_word(p))
        cut = "".join(pieces)
        if len(cut) >= SHORTEST_PHRASE and _is_no_word(cut):
            found.people.add(cut)


def _is_no_word(word: str) -> bool:
    return word not in known_words()


def _add_birth_date(found: _Found, folded: str) -> None:
    """Add a date in the three usual orders of digits, long and short, and with the month's name.

    Six digits are no number of the upload, which would be searched inside other numbers: they are
    looked for as a word.
    """
    digits = "".join(DIGITS.findall(folded))
    if len(digits) == 8:
        year, month, day = digits[:4], digits[4:6], digits[6:]
        orders = (digits, day + month + year, month + day + year)
        found.numbers.update(orders)
        found.phrases.update(orders)
        short = year[2:]
        found.people.update((short + month + day, day + month + short, month + day + short))
        if 1 <= int(month) <= len(_MONTHS):
            for name in _MONTHS[int(month) - 1].split():
                for number in {day, day.lstrip("0") or day}:
                    found.phrases.update((number + name + year, name + number + year))
                    if number == day:
                        found.phrases.update((number + name + short, name + number + short))


def _add_value(found: _Found, kind: str, folded: str) -> None:
    words = WORD.findall(folded)
    squashed = "".join(words)
    known = vocabulary() | makers()
    if squashed.isdigit():
        if len(squashed) >= 4:
            found.numbers.add(squashed)
        return
    meaningful = [word for word in words if word not in known]
    sender, at, _ = folded.partition("@")
    if at and len(squash(sender)) >= SHORTEST_PHRASE and _is_no_word(squash(sender)):
        found.people.add(squash(sender))
    # A station of words of the field is told from a text of the same words by how it is written.
    is_joined = bool(_JOINED.fullmatch(folded)) and not makers().issuperset(words)
    if kind == "device" and not meaningful and is_joined and len(squashed) >= SHORTEST_STATION:
        found.device.add(squashed)
    shortest = SHORTEST_CODE if kind in ("id", "device") else SHORTEST_PHRASE
    long_enough = len(squashed) >= shortest or not squashed.isascii()
    if long_enough and meaningful and len(squashed) > 1:
        (found.device if kind == "device" else found.phrases).add(squashed)
    if kind in ("person", "patient"):
        _add_name(found, kind, words, meaningful)
        return
    if kind == "place":
        found.people.update(w for w in meaningful if w.isalpha() and _is_long(w))
    digits = DIGITS.findall(folded)
    found.numbers.update(run for run in digits if len(run) >= 5)
    if kind == "id" and len(squashed) >= 4 and digits:
        found.people.add(squashed)
    if kind in ("id", "device") and len("".join(digits)) >= SHORTEST_PART:
        found.numbers.add("".join(digits))


def _add_product(found: _Found, text: str) -> None:
    """Add a station that is called by words of makers alone: Prisma, Magnetom-Vida."""
    for folded in foldings(text):
        words = WORD.findall(folded)
        squashed = "".join(words)
        named = makers().issuperset(words) and not vocabulary().issuperset(words)
        if named and len(squashed) >= SHORTEST_CODE:
            found.device.add(squashed)


def _is_long(word: str) -> bool:
    """Tell whether a word of a place is long enough to be looked for by itself."""
    return len(word) >= SHORTEST_PART or (len(word) > 1 and not word.isascii())


def _add_name(found: _Found, kind: str, words: list[str], meaningful: list[str]) -> None:
    usable = [w for w in words if len(w) >= SHORTEST_WORD or not w.isascii()]
    found.people.update(w for w in usable if w in meaningful and not w.isdigit())
    if kind == "patient":
        found.patient.update(w for w in words if len(w) > 1 and not w.isdigit())
    else:
        found.patient.update(w for w in usable if w in names())
    found.patient.update(w for w in meaningful if len(w) == 2 and w.isalpha() and w not in CODES)
    for shortest in (SHORTEST_WORD, 2):
        first = [w for w in words if len(w) >= shortest or not w.isascii()]
        first = [word for word in first if not word.isdigit()][:2]
        if len(first) < 2:
            continue
        both = (first[1] + first[0], first[0] + first[1])
        if len(both[0]) < SHORTEST_PHRASE and both[0].isascii():
            # Four letters are looked for as a word, or as two words side by side.
            found.people.update(name for name in both if _is_no_word(name))
        elif any(word in meaningful for word in first):
            found.phrases.update(both)
