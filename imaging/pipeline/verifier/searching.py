"""Search of texts and numbers for the tokens of an upload, with a folding of its own."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Final

from pydicom._uid_dict import UID_dictionary

from imaging.pipeline.deidentify.identity import known_words
from imaging.pipeline.deidentify.tokens import IdentityTokens
from imaging.pipeline.verifier.disguises import decoded
from imaging.pipeline.verifier.pictures import (
    SHORTEST_NEEDLE,
    header_texts,
    holds_printed,
    names_somebody,
)

_WORDS: Final = re.compile(r"[^\W_]+")
_LETTER_RUNS: Final = re.compile(r"[^\W\d_]+")
_GROUPS: Final = re.compile(r"\d(?:[ ./()-]{0,2}\d){5,}")
# Where a word that is written as several begins anew: Vogel|Proto, CT|Koh.
_HUMPS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SHORT_DAY: Final = re.compile(r"\b(\d\d)[-./ ](\d\d)[-./ ](\d\d)\b")
# Signs of nuclides before or after their mass, which are surnames too.
_NUCLIDES: Final = re.compile(
    r"(?i)(?<![a-z0-9])(?:\d{2,3}[ -]{0,2}(?:Lu|Tl|Rb)|(?:Lu|Tl|Rb)[ -]{0,2}\d{2,3})(?![a-z0-9])"
)
_FOUR: Final = re.compile(r"(?<![a-z0-9.,+])\d{4}(?![a-z0-9]|[.,]\d)", re.ASCII | re.IGNORECASE)
_MATRICES: Final = frozenset({1024, 2048, 4096, 8192})
_YEARS: Final = range(1900, 2040)
_NO_NUMBER: Final = 9999
_UID_AS_TEXT: Final = re.compile(r"(?<![\w.])[012](?:\.[0-9]+){4,}(?![\w.])")


class TokenSearch:
    """Searches texts and pixel bytes for tokens, with a folding of its own."""

    def __init__(self, tokens: IdentityTokens) -> None:
        self._people = tokens.people
        self._phrases = (*tokens.whole, *tokens.parts)
        self._numbers = frozenset(number for number in tokens.numbers if len(number) > 4)
        self._long_numbers = frozenset(
            number.lstrip("0") for number in tokens.numbers if len(number) > 5
        )
        self._stations = tokens.device - frozenset(tokens.whole) - tokens.station_words
        self._values = frozenset(n for n in (d.lstrip("0") for d in tokens.numbers) if len(n) > 3)
        self._bare = frozenset(
            n for n in self._values
            if len(n) == 4 and _identifies(int(n)) and not any(n in t for t in tokens.technical)
        )  # fmt: skip
        self._stumps = tuple(
            name for name in tokens.people & tokens.patient
            if len(name) == 4 and name.isalpha() and name not in known_words()
        )  # fmt: skip
        self._short = tokens.short
        self._inside = tokens.inside
        self._heads = tokens.beginnings
        plain = [*self._phrases, *self._people]
        self._needles = [
            word.encode() for word in plain if word.isascii() and len(word) >= SHORTEST_NEEDLE
        ]

    def in_text(self, text: str) -> bool:
        """Tell whether a text holds a token in any spelling."""
        folded = _plain(text)
        words = _WORDS.findall(folded)
        if not self._people.isdisjoint(words):
            return True
        if not self._numbers.isdisjoint(re.findall(r"\d+", folded)):
            return True
        joined = "".join(words)
        if any(phrase in joined for phrase in self._phrases):
            return True
        if not self._people.isdisjoint(_LETTER_RUNS.findall(joined)):
            return True
        return any(self.is_number(re.sub(r"\D", "", run)) for run in _GROUPS.findall(folded))

    def in_station(self, text: str) -> bool:
        """Tell whether a text holds a station that is named after its model."""
        joined = "".join(_WORDS.findall(text.casefold()))
        return any(station in joined for station in self._stations)

    def in_disguise(self, text: str) -> bool:
        """Tell whether a text holds a token as base64, hexadecimal or decimal digits or signs."""
        return any(map(self.in_text, decoded(text)))

    def in_private_number(self, number: str) -> bool:
        """Tell whether a private number is an identifier by value; round ones of four are not."""
        try:
            value = Decimal(number)
        except InvalidOperation:
            return False
        # Its size first: as a whole number, 1E+999999 has a million digits.
        if not value.is_finite() or not 999 < value < 10**15 or value != int(value):
            return False
        return str(int(value)) in self._values and (value > 9999 or value % 50 != 0)

    def _is_cut(self, text: str, runs: list[str]) -> bool:
        """Tell whether a text holds the beginning of a name, or a name turned round."""
        plain = [_plain(run) for run in runs if len(run) > 4]
        if any(len(run) > 5 and run[::-1] in self._people for run in plain):
            return True
        if not self._heads.isdisjoint(plain):
            return True
        if any(len(word) == 4 and _plain(word) in self._heads for word in _WORDS.findall(text)):
            return True
        # A scanner cuts what is longer than 16 or 64 signs.
        if len(text) not in (16, 64) or not runs or not text.endswith(runs[-1]):
            return False
        return len(runs[-1]) > 3 and _plain(runs[-1]) in self._heads

    def _goes_on(self, run: str) -> bool:
        """Tell whether a word of six letters begins with a name of four that came cut."""
        word = _plain(run)
        return len(run) > 5 and word.startswith(self._stumps) and word not in known_words()

    def in_speech(self, text: str) -> bool:
        """Tell whether a text holds a short or joined name, a short birth date or a UID.

        Not asked of bytes: two or three printed letters occur in them by chance.
        """
        if any(_is_own_uid(found) for found in _UID_AS_TEXT.findall(text)):
            return True
        if any("".join(parts) in self._people for parts in _SHORT_DAY.findall(text)):
            return True
        runs = _LETTER_RUNS.findall(_NUCLIDES.sub(" ", text))
        for run in runs:
            if len(run) == 2 and not run[0].islower() and run.casefold() in self._short:
                return True
            if any(hump.casefold() in self._people for hump in _HUMPS.split(run) if len(hump) > 2):
                return True
            if len(run) > 5 and any(name in run.casefold() for name in self._inside):
                return True
        if self._is_cut(text, runs) or any(map(self._goes_on, runs)):
            return True
        low = [run.casefold() for run in runs]
        return any(low[n] + low[n + 1] in self._people for n in range(len(low) - 1))

    def in_four_digits(self, text: str) -> bool:
        """Tell whether a text holds an identifier of four digits that stands alone.

        Not asked of values of codes, which have four digits themselves.
        """
        return bool(self._bare) and not self._bare.isdisjoint(_FOUR.findall(text))

    def is_number(self, digits: str) -> bool:
        """Tell whether digits are a long number of the upload, leading zeros apart."""
        plain = digits.lstrip("0")
        return len(plain) > 4 and plain in self._long_numbers

    def in_number(self, digits: str) -> bool:
        """Tell whether a numeric value is a number of the upload, or a long one with digits around.

        Not asked of UIDs: forty keyed digits hold any eight by chance.
        """
        around = digits.isdigit() and any(len(n) > 7 and n in digits for n in self._long_numbers)
        return around or self.is_number(digits)

    def in_uid(self, uid: str) -> bool:
        """Tell whether a component of a UID is a number of the upload."""
        return any(self.is_number(component) for component in uid.split("."))

    def in_comments(self, pixels: memoryview) -> bool:
        """Tell whether the head of a JPEG-family stream, or what follows it, holds a token."""
        data = bytes(pixels)
        return any(map(self.in_text, header_texts(data))) or names_somebody(data)

    def in_pixels(self, pixels: memoryview) -> bool:
        """Tell whether printed text of a token lies in the bytes of the pixel data."""
        if not self._needles or len(pixels) < SHORTEST_NEEDLE:
            return False
        return holds_printed(pixels, self._needles)


def _plain(text: str) -> str:
    """A text in small letters without marks."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    parts = unicodedata.normalize("NFKD", folded)
    return "".join(sign for sign in parts if unicodedata.category(sign)[0] != "M")


def _identifies(number: int) -> bool:
    """Tell whether four digits are more likely a person than a setting, a matrix or a year."""
    setting = number % 50 == 0 or number in _MATRICES or number == _NO_NUMBER
    return not setting and number not in _YEARS


def _is_own_uid(uid: str) -> bool:
    """Tell whether digits in groups are a UID, longer than a version, that no standard assigned."""
    standard = uid.startswith("1.2.840.10008.") or uid in UID_dictionary
    return len(uid) >= 16 and not standard
