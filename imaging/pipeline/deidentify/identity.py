"""Identity of an upload as tokens, and the questions that a text or a number is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import pairwise
from typing import Final

from imaging.pipeline.deidentify.disguises import disguised
from imaging.pipeline.deidentify.profile import makers, vocabulary
from imaging.pipeline.text import CAMEL, NUCLIDE, WORD, fold, foldings, squash

SHORTEST_WORD: Final = 3
SHORTEST_CODE: Final = 4
SHORTEST_PART: Final = 6
SHORTEST_INSIDE: Final = 5
SHORTEST_STATION: Final = 6
SHORTEST_LONG: Final = 8
SHORTEST_CUT: Final = 5
SHORTEST_START: Final = 4
SHORTEST_TURNED: Final = 6
# Where a scanner ends a value: SH and CS, LO and PN (PS3.5 Table 6.2-1).
VALUE_ENDS: Final = frozenset({16, 64})
ROUND: Final = 50
LEAST_VALUE: Final = 1_000
MOST_VALUE: Final = 1e15
DIGITS: Final = re.compile(r"\d+")
LETTERS: Final = re.compile(r"[^\W\d_]+")
# Digits as people group them: 770-88-1234, 8 (495) 555 01 77, 505412/0087.
_GROUPED: Final = re.compile(r"\d(?:[ ./()_-]{0,2}\d)+")
# Four digits that are neither a part of a word nor of a number with a point.
_FOUR_DIGITS: Final = re.compile(r"(?<![A-Za-z0-9.,+])[0-9]{4}(?![A-Za-z0-9]|[.,][0-9])")
# Matrices, years, and a number that means none.
_VALUES_OF_FOUR: Final = re.compile(r"1024|2048|4096|8192|9999|19\d\d|20[0-3]\d")
# A day in three numbers, with or without zeros: 11.05.40, 5/11/1940, 1940-5-11.
_DAY: Final = re.compile(r"(?<!\d)(\d{4}|\d{1,2})[ ./_-](\d{1,2})[ ./_-](\d{4}|\d{1,2})(?!\d)")
# Two letters that the standard defines as values of codes: modalities, sequences, scan options.
CODES: Final = frozenset(
    "au dd dg dm ds ec gm hf io ip ko lp lr op ot pc rg rl sc sm ss xc".split()
)
# A station that is called by its modality (NILE-CT) bears no name of a product.
_BY_MODALITY: Final = re.compile(r"(?:ct|mri?|pet(?:ct)?)\D+|\D+(?:ct|mri?|pet|pt|nm)")


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
        """Phrases that no kept text contains, of maker and model either: stations named after a
        product are left out."""
        return tuple(sorted(self.phrases | (self.device - self._products - self.station_words)))

    @cached_property
    def _everywhere(self) -> tuple[str, ...]:
        """Phrases that no kept text contains, maker and model apart."""
        return tuple(sorted(self.phrases | (self.device - self.station_words)))

    @cached_property
    def station_words(self) -> frozenset[str]:
        """Stations that are one short word of a maker, looked for as a word: Vida, Sola."""
        return frozenset(d for d in self.device & makers() if len(d) < SHORTEST_STATION)

    @cached_property
    def beside_products(self) -> IdentityTokens:
        """Tokens for maker and model: less the stations that are named after a product."""
        return replace(self, device=self.device - self._products) if self._products else self

    @cached_property
    def _products(self) -> frozenset[str]:
        return frozenset(name for name in self.device if self._is_product(name))

    def _is_product(self, name: str) -> bool:
        """Tell whether a station bears the name of its model; a serial number has digits."""
        letters = LETTERS.match(name)
        if letters is not None and letters.group() in makers():
            return any(name in model for model in self.technical)
        named = name.isalpha() and not _BY_MODALITY.fullmatch(name)
        return named and any(model.startswith(name) for model in self.technical)

    def without(self, allowed: Iterable[str]) -> IdentityTokens:
        """Return the tokens less those that the trial's own values contain."""
        texts = [fold(text) for text in allowed if text]
        words = frozenset(
            word for text in texts for kind in (WORD, LETTERS) for word in kind.findall(text)
        )
        squashed = [squash(text) for text in texts]
        # A site may have typed the subject's code as Patient ID: "1001-004" is one number then.
        digits = ["".join(DIGITS.findall(text)) for text in texts]

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
        known = known_words()
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
        known = known_words()
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
        known = vocabulary() | makers() | CODES
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
        if not self.people.isdisjoint(words) or not self.station_words.isdisjoint(words):
            return True
        squashed = "".join(words)
        if any(phrase in squashed for phrase in self._everywhere):
            return True
        if any(part in squashed for part in self.parts):
            return True
        # Letters beside digits, and letters with signs between them.
        if not self.people.isdisjoint(LETTERS.findall(folded)):
            return True
        if not self.people.isdisjoint(LETTERS.findall(squashed)):
            return True
        return self.number_hit(folded)

    def named(self, text: str) -> bool:
        """Tell whether a text, not bytes, holds a name that is short, joined, taken apart or cut.

        `Li_T1` of Li, `VogelProto` and `CTKoh` of Vogel and Koh, `KO_H` and `Bo Ma` in two words.
        """
        if self.cut(text):
            return True
        plain = NUCLIDE.sub(" ", text)
        runs = LETTERS.findall(plain)
        if any(run[0].isupper() and fold(run) in self.short for run in runs if len(run) == 2):
            return True
        if not self.people.isdisjoint(
            piece.lower() for piece in CAMEL.findall(plain) if len(piece) >= SHORTEST_WORD
        ):
            return True
        folded = [fold(run) for run in runs]
        if not self.people.isdisjoint(one + other for one, other in pairwise(folded)):
            return True
        if self._is_inside(plain) or self._goes_on(plain):
            return True
        return any(map(self._is_birth, _DAY.finditer(plain)))

    def cut(self, text: str) -> bool:
        """Tell whether a text holds the beginning of a name, or a name turned round.

        Five letters of it anywhere; four as a word, or where the text is as long as its VR allows,
        because a scanner cuts what is longer: `PROTOCOL KONSTAN` of Konstantinopoulos.
        """
        runs = LETTERS.findall(text)
        for run in runs:
            if len(run) < SHORTEST_CUT:
                continue
            folded = fold(run)
            if folded in self.beginnings or (
                len(run) >= SHORTEST_TURNED and folded[::-1] in self.people
            ):
                return True
        four = (word for word in WORD.findall(text) if len(word) == SHORTEST_START)
        if any(fold(word) in self.beginnings for word in four):
            return True
        if len(text) not in VALUE_ENDS or not runs or not text.endswith(runs[-1]):
            return False
        return len(runs[-1]) >= SHORTEST_START and fold(runs[-1]) in self.beginnings

    @cached_property
    def beginnings(self) -> frozenset[str]:
        """Beginnings of names that lie in no word of the field, from four letters on."""
        known = known_words()
        starts = {
            word[:length]
            for word in self.people
            if word.isalpha()
            for length in range(SHORTEST_START, len(word))
        }
        return frozenset(start for start in starts if start not in known)

    def _is_birth(self, day: re.Match[str]) -> bool:
        digits = "".join(part.zfill(2) for part in day.groups())
        # Six digits of a day are a word, eight a number; other numbers have any length.
        return digits in self.people or (len(digits) == 8 and digits in self.numbers)

    def without_birth(self, text: str, gap: str) -> str:
        """Put a gap where a text states a birth date in three numbers."""
        return _DAY.sub(lambda day: gap if self._is_birth(day) else day.group(), text)

    def disguised(self, text: str) -> list[tuple[int, int]]:
        """Return the spans of a text that hold identity as base64, hexadecimal or written signs."""
        return disguised(text, lambda decoded: self.hit(decoded) or self._is_within(decoded))

    def _is_within(self, decoded: str) -> bool:
        """Tell whether a word of a decoded text holds a name of four letters and more."""
        folded = [fold(run) for run in LETTERS.findall(decoded)]
        return any(part in run for run in folded for part in self._within)

    @cached_property
    def _within(self) -> tuple[str, ...]:
        known = known_words()
        long = (word for word in self.people if len(word) >= SHORTEST_CODE and word.isalpha())
        return tuple(sorted(word for word in long if word not in known))

    def _is_inside(self, text: str) -> bool:
        """Tell whether a word of a text holds a name of five letters and more."""
        folded = [fold(run) for run in LETTERS.findall(text)]
        return any(part in run for run in folded for part in self.inside if len(run) > len(part))

    @cached_property
    def _stumps(self) -> tuple[str, ...]:
        """Names of the subject of four letters, which may be what a scanner left of longer ones."""
        known = known_words()
        own = self.people & self.patient
        return tuple(
            sorted(w for w in own if len(w) == SHORTEST_START and w.isalpha() and w not in known)
        )

    def _goes_on(self, text: str) -> bool:
        """Tell whether a word that is none of the field begins with a name of four letters.

        `Quirina` where the name came as `QUIR`.
        """
        if not self._stumps:
            return False
        folded = (fold(run) for run in LETTERS.findall(text) if len(run) >= SHORTEST_PART)
        return any(run.startswith(self._stumps) and run not in known_words() for run in folded)

    def holds_whole(self, text: str) -> bool:
        """Tell whether a text holds a whole identifier, station or name: nothing of it may stay."""
        squashed = [squash(folded) for folded in foldings(text)]
        return any(phrase in one for one in squashed for phrase in self._everywhere)

    def number_hit(self, text: str) -> bool:
        """Tell whether a text holds a number of the upload, however its digits are grouped."""
        if not self.numbers.isdisjoint(n for n in DIGITS.findall(text) if len(n) > 4):
            return True
        for run in _GROUPED.findall(text):
            digits = "".join(DIGITS.findall(run))
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
        if len(plain) < SHORTEST_LONG:
            return False
        within = any(len(n) >= SHORTEST_LONG and n in plain for n in self.long_numbers)
        return within or plain in self._all_numbers

    @cached_property
    def _values(self) -> frozenset[str]:
        """Numbers of four and more digits as values, less round ones of four: b 1000, TR 2500."""
        plain = {number.lstrip("0") for number in self.numbers if number.isdecimal()}
        return frozenset(n for n in plain if len(n) > 4 or (len(n) == 4 and int(n) % ROUND))

    @cached_property
    def _bare(self) -> frozenset[str]:
        """Identifiers of four digits that are no value of an acquisition, year or version here.

        Less round ones (b 1000, TR 2500), powers of two (a matrix), years, the largest number of
        four digits, and what maker, model or software say.
        """
        four = (n for n in self._values if len(n) == SHORTEST_CODE and not _VALUES_OF_FOUR.match(n))
        return frozenset(n for n in four if not any(n in name for name in self.technical))

    def numbered(self, text: str) -> bool:
        """Tell whether a text holds an identifier of four digits, alone: `scan 4711`, `T1_4711`."""
        return bool(self._bare) and not self._bare.isdisjoint(_FOUR_DIGITS.findall(text))

    def is_written_long(self, number: str) -> bool:
        """Tell whether digits are an identifier with its leading zeros, which no machine writes.

        `000.4711` of 0004711.
        """
        long = number[:1] == "0" and number[1:2].isdecimal()
        return long and number.replace(".", "") in self.numbers

    def is_value(self, number: str) -> bool:
        """Tell whether a number in a private element is an identifier: by value, or by its digits.

        `4711.0` of 4711; with a point in them five digits and more: `771.20` of 77120.
        """
        whole, _, rest = number.lstrip("+-0").partition(".")
        if whole and len(whole + rest) > SHORTEST_CODE and whole + rest in self._values:
            return True
        try:
            value = float(number)
        except ValueError:
            return False
        return (
            LEAST_VALUE <= value < MOST_VALUE
            and value.is_integer()
            and (str(int(value)) in self._values)
        )


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
def known_words() -> str:
    return " ".join(sorted(vocabulary() | makers()))
