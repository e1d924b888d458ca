"""Identity of an upload as tokens: what must not be found in any output.

Collected before anything is cleaned, over every file, at every depth, in every component group of
a name and in every folding, because a name in one file is identity in the free text of another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise
from typing import Final

from imaging.pipeline import encoding
from imaging.pipeline.deidentify.profile import Profile, makers, names, vocabulary
from imaging.pipeline.encoding import Malformed
from imaging.pipeline.layout import Recognised
from imaging.pipeline.text import (
    CAMEL,
    NUCLIDE,
    WORD,
    charsets_of,
    decode_text,
    fold,
    foldings,
    squash,
)
from imaging.pipeline.verify import Header

SEEN_ENTRIES: Final = 20_000
SHORTEST_WORD: Final = 3
SHORTEST_PHRASE: Final = 5
SHORTEST_CODE: Final = 4
SHORTEST_PART: Final = 6
SHORTEST_INSIDE: Final = 5
SHORTEST_STATION: Final = 6
SHORTEST_CUT: Final = 8
LONGEST: Final = 128
_DIGITS: Final = re.compile(r"\d+")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
# Digits as people group them: 770-88-1234, 8 (495) 555 01 77, 505412/0087.
_GROUPED: Final = re.compile(r"\d(?:[ ./()_-]{0,2}\d)+")
_DAY_MONTH_YEAR: Final = re.compile(r"(?<!\d)(\d{2})[ ./_-](\d{2})[ ./_-](\d{2})(?!\d)")
_JOINED: Final = re.compile(r"[^\s_-]\S*[_-]\S*[^\s_-]")
_LATIN: Final = re.compile(r"[A-Za-z]+")
_MONTHS: Final = (
    "jan january januar", "feb february februar", "mar march", "apr april", "may mai",
    "jun june juni", "jul july juli", "aug august", "sep sept september", "oct okt october",
    "nov november", "dec dez december",
)  # fmt: skip
# Two letters that the standard defines as values of codes: modalities, sequences, scan options.
_CODES: Final = frozenset(
    "au dd dg dm ds ec gm hf io ip ko lp lr op ot pc rg rl sc sm ss xc".split()
)


# Maker, model and software: what a station may be named after.
_PRODUCT_TAGS: Final = frozenset({0x00080070, 0x00081090, 0x00181020})


@dataclass(frozen=True)
class IdentityTokens:
    """Tokens of an upload, folded.

    `people`: words of names that are not words of the field; `patient`: words of the subject's own
    name, and of other names in its files, that are also words of the field; `phrases`: whole
    values, squashed; `numbers`: digit values; `device`: phrases of stations and serial numbers.
    """

    people: frozenset[str] = frozenset()
    patient: frozenset[str] = frozenset()
    phrases: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    device: frozenset[str] = frozenset()
    technical: frozenset[str] = frozenset()

    @cached_property
    def whole(self) -> tuple[str, ...]:
        """Phrases that a kept text must not contain, station names that are models left out."""
        return tuple(sorted(self.phrases | {d for d in self.device if not self._is_product(d)}))

    def _is_product(self, name: str) -> bool:
        """Tell whether a station bears the name of its model; a serial number has digits."""
        letters = _LETTERS.match(name)
        named = name.isalpha() or (letters is not None and letters.group() in makers())
        return named and any(model.startswith(name) for model in self.technical)

    def without(self, allowed: Iterable[str]) -> IdentityTokens:
        """Return the tokens less those that the trial's own values contain."""
        texts = [fold(text) for text in allowed if text]
        words = frozenset(
            word for text in texts for kind in (WORD, _LETTERS) for word in kind.findall(text)
        )
        squashed = [squash(text) for text in texts]
        # A site may have typed the subject's code as Patient ID: "1001-004" is one number then.
        digits = ["".join(_DIGITS.findall(text)) for text in texts]

        def left(names: frozenset[str]) -> frozenset[str]:
            """Names less the trial's words, and less a code that was typed as a name."""
            joined = (n for n in names if len(n) >= SHORTEST_PART)
            return names - words - {n for n in joined if any(n in text for text in squashed)}

        return IdentityTokens(
            left(self.people),
            left(self.patient),
            frozenset(p for p in self.phrases if not any(p in text for text in squashed)),
            frozenset(n for n in self.numbers if not any(n in run for run in digits)),
            frozenset(p for p in self.device if not any(p in text for text in squashed)),
            self.technical,
        )

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """Words of names that a text must not contain even inside another word.

        Long ones that lie in no word of the field; in scripts without spaces also short ones.
        """
        known = _known_words()
        return tuple(
            sorted(
                word
                for word in self.people
                if (len(word) >= SHORTEST_PART and word not in known and not word.isdigit())
                or (len(word) > 1 and not word.isascii())
            )
        )

    @cached_property
    def long_numbers(self) -> frozenset[str]:
        """Numbers of six and more digits, also without their leading zeros (then five)."""
        long = {number for number in self.numbers if len(number) >= SHORTEST_PART}
        plain = {number.lstrip("0") for number in long}
        return frozenset(long | {number for number in plain if len(number) >= SHORTEST_PART - 1})

    @cached_property
    def inside(self) -> tuple[str, ...]:
        """Names of five letters, which no single word may contain; longer ones are `parts`."""
        known = _known_words()
        return tuple(
            sorted(
                word
                for word in self.people
                if len(word) == SHORTEST_INSIDE and word.isalpha() and word not in known
            )
        )

    @cached_property
    def short(self) -> frozenset[str]:
        """Names of two letters that are no words of the field and no codes of the standard."""
        known = vocabulary() | makers() | _CODES
        return frozenset(
            word
            for word in self.patient
            if len(word) == 2 and word.isascii() and word.isalpha() and word not in known
        )

    @cached_property
    def _all_numbers(self) -> str:
        return " ".join(sorted(self.long_numbers))

    def hit(self, text: str) -> bool:
        """Tell whether a text that would be kept as it is holds identity of the upload."""
        return any(self._hit(folded) for folded in foldings(text))

    def _hit(self, folded: str) -> bool:
        words = WORD.findall(folded)
        if not self.people.isdisjoint(words):
            return True
        squashed = "".join(words)
        if any(phrase in squashed for phrase in self.whole):
            return True
        if any(part in squashed for part in self.parts):
            return True
        # Letters beside digits, and letters with signs between them.
        if not self.people.isdisjoint(_LETTERS.findall(folded)):
            return True
        if not self.people.isdisjoint(_LETTERS.findall(squashed)):
            return True
        return self.number_hit(folded)

    def named(self, text: str) -> bool:
        """Tell whether a text, not bytes, holds a name that is short, joined or taken apart.

        `Li_T1` of Li, `VogelProto` and `CTKoh` of Vogel and Koh, `KO_H` and `Bo Ma` in two words.
        """
        plain = NUCLIDE.sub(" ", text)
        runs = _LETTERS.findall(plain)
        if any(run[0].isupper() and fold(run) in self.short for run in runs if len(run) == 2):
            return True
        if not self.people.isdisjoint(
            piece.lower() for piece in CAMEL.findall(plain) if len(piece) >= SHORTEST_WORD
        ):
            return True
        folded = [fold(run) for run in runs]
        if not self.people.isdisjoint(one + other for one, other in pairwise(folded)):
            return True
        if any(part in run for run in folded for part in self.inside if len(run) > len(part)):
            return True
        return any("".join(day) in self.people for day in _DAY_MONTH_YEAR.findall(plain))

    def holds_whole(self, text: str) -> bool:
        """Tell whether a text holds a whole identifier, station or name: nothing of it may stay."""
        squashed = [squash(folded) for folded in foldings(text)]
        return any(phrase in one for one in squashed for phrase in self.whole)

    def number_hit(self, text: str) -> bool:
        """Tell whether a text holds a number of the upload, however its digits are grouped."""
        if not self.numbers.isdisjoint(n for n in _DIGITS.findall(text) if len(n) > 4):
            return True
        for run in _GROUPED.findall(text):
            digits = "".join(_DIGITS.findall(run))
            if len(digits) < SHORTEST_PART:
                continue
            if any(number in digits for number in self.long_numbers):
                return True
            if len(digits) > SHORTEST_PART and digits in self._all_numbers:
                return True
        return False

    def is_number(self, digits: str) -> bool:
        """Tell whether the digits of a numeric value are a number of the upload, or near it.

        Near is much of it, or all of a long one with digits around.

        Nine digits are what fits into an integer of 32 bits: a longer identifier is cut there.
        """
        plain = digits.lstrip("0")
        if plain in self.long_numbers or (len(digits) > 4 and digits in self.numbers):
            return True
        if len(plain) < SHORTEST_CUT:
            return False
        within = any(len(n) >= SHORTEST_CUT and n in plain for n in self.long_numbers)
        return within or plain in self._all_numbers


_NONE: Final = IdentityTokens()


def merge_tokens(parts: Iterable[IdentityTokens]) -> IdentityTokens:
    """Return the union of tokens."""
    sets: list[set[str]] = [set() for _ in range(6)]
    for part in parts:
        sets[0].update(part.people)
        sets[1].update(part.patient)
        sets[2].update(part.phrases)
        sets[3].update(part.numbers)
        sets[4].update(part.device)
        sets[5].update(part.technical)
    return IdentityTokens(*(frozenset(total) for total in sets))


@cache
def _known_words() -> str:
    return " ".join(sorted(vocabulary() | makers()))


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
    return word not in _known_words()


def _add_birth_date(found: _Found, folded: str) -> None:
    """Add a date in the three usual orders of digits, long and short, and with the month's name.

    Six digits are no number of the upload, which would be searched inside other numbers: they are
    looked for as a word.
    """
    digits = "".join(_DIGITS.findall(folded))
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
    digits = _DIGITS.findall(folded)
    found.numbers.update(run for run in digits if len(run) >= 5)
    if kind == "id" and len(squashed) >= 4 and digits:
        found.people.add(squashed)
    if kind in ("id", "device") and len("".join(digits)) >= SHORTEST_PART:
        found.numbers.add("".join(digits))


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
    found.patient.update(w for w in meaningful if len(w) == 2 and w.isalpha() and w not in _CODES)
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
