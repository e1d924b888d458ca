"""Text cleaning: a free text keeps words of the field, a technical text keeps itself.

A free text (a description, comment or label that a person may type) keeps only vocabulary words,
short numbers and known letter-number forms; what is not known to be harmless goes, so a name that
occurs nowhere else in the upload goes too.  A technical text (a kernel, sequence or model name that
a machine sets) is kept whole unless it holds a token of the upload or an address: version numbers
look like dates.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from imaging.pipeline.deidentify.profile import makers, meanings, vocabulary
from imaging.pipeline.deidentify.tokens import IdentityTokens
from imaging.pipeline.deidentify.values import is_registered_uid
from imaging.pipeline.text import CAMEL, CONTACTS, DATES, NUCLIDE, PHONES, TITLED, WORD, fold

_DECIMAL: Final = re.compile(r"(?<![\w.])\d{1,4}[.,]\d{1,6}(?![\w]|\.\d)")
_NUMBER_UNIT: Final = re.compile(r"(\d{1,4})([a-z]{1,6})")
_LETTER_NUMBER: Final = re.compile(r"([a-z]+)(\d{1,4})([a-z]{0,4})")
# Matrix, parallel imaging, cycle and day of a treatment, iterations and subsets.
_PRODUCT: Final = re.compile(
    r"\d{1,4}(?:x\d{1,4})+[a-z]{0,2}|\d{1,2}p\d{1,3}|c\d{1,2}d\d{1,2}|\d{1,2}i\d{1,3}s"
)
# The first follow-up: the word alone is a surname.
_FOLLOW_UP: Final = re.compile(r"(?<![^\W_])(?:FU|fu) ?\d{1,2}(?![^\W_])")
# A UID as text, which is longer than any version; no class or scheme of the standard.
_UID: Final = re.compile(r"(?<![\w.])[0-2](?:\.\d{1,39}){4,}(?![\w.])")
_DICOM_ROOT: Final = "1.2.840.10008."
_SHORTEST_UID: Final = 16
_YEAR: Final = re.compile(r"19\d{2}|20[0-3]\d")
# After these words a four-digit number is a value: JPEG 2000, b 2000, TR 2000.
_BEFORE_A_VALUE: Final = re.compile(r"(?:jpeg|jp|b|bval|bvalue|bvalues|tr|ti|hu|to)[\s=_:-]*$")
_CONTROL: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]"
)
# Signs without width, put between letters to split a word: closed up, not made into spaces.
_NO_WIDTH: Final = re.compile("[\xad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_WIDE: Final = re.compile("[\uff01-\uff5e]")
# A word letter by letter: S m y t h e, Z-O-E-Y, W_a_n_g.
_SPELLED: Final = re.compile(r"(?<![^\W_])(?:[^\W\d_][ ._-]){3,}[^\W\d_](?![^\W_])")
# An age of 90 and more, in words: of such people there are few.  90Y is a nuclide.
_OLD: Final = re.compile(
    r"(?<![\w.])(?:0?9\d|1[0-2]\d)[ -]?(?:y[/.]?o|yrs?|years?|jahre|ans)(?!\w)|(?<!\w)09\dY(?!\w)",
    re.IGNORECASE,
)
# Signs written as codes: %C3%A9, &#233;.
_WRITTEN_SIGNS: Final = re.compile(r"(?:%[0-9A-Fa-f]{2}){2,}|&(?:#\w{1,8}|[A-Za-z]{2,8});")
# Letters that no machine sets, units apart (also what a wrong character set makes of a name).
_FOREIGN: Final = re.compile(r"[^\W\d_\x00-\x7f\xb5\u03bc\u03a9]")
_EMPTY_PAIR: Final = re.compile(r"\(\W*\)|\[\W*\]|\{\W*\}|<\W*>|\"\s*\"|'\s*'")
# From the start of a run of signs to its last gap: a run is read once, however long it is.
_AROUND_GAPS: Final = re.compile(
    r"(?<![^\w\s()\[\]+*])[^\w\s()\[\]+*]*\ufffc(?:[^\w\s()\[\]+*]*\ufffc)*(?:'s\b)?"
)
_LOOSE: Final = re.compile(r"(?:(?<=\s)|^)[^\w\s()\[\]+*<>%]+(?=\s|$)")


class TextCleaner:
    """Cleans texts against the identity of one upload.

    In values of codes a number of four digits is a code, also where a person has it.
    """

    def __init__(self, tokens: IdentityTokens, *, of_codes: bool = False) -> None:
        self._tokens = tokens
        self._of_codes = of_codes
        self._vocabulary = vocabulary()
        self._makers = makers()

    def technical(self, text: str) -> str:
        """Return the text unchanged, or cleaned when it holds identity or control characters."""
        return self.without_identity(text) if self.suspicious(text) else text

    def without_identity(self, text: str) -> str:
        """Return a suspicious technical text cleaned; nothing where a whole identifier is in it.

        The ends of an identifier would stay otherwise: `CT-9981` of `SHG-CT-9981`.
        """
        if self._tokens.holds_whole(_NO_WIDTH.sub("", text)):
            return ""
        return self.free(text, also=self._makers)

    def suspicious(self, text: str) -> bool:
        """Tell whether a technical text holds what no machine sets."""
        return bool(
            _CONTROL.search(text)
            or _NO_WIDTH.search(text)
            or _FOREIGN.search(text)
            or "@" in text
            or "://" in text
            or TITLED.search(text)
            or PHONES.search(text)
            or any(map(_is_uid, _UID.findall(text)))
            or self._names(text)
        )

    def _names(self, text: str) -> bool:
        tokens = self._tokens
        told = tokens.hit(text) or tokens.named(text) or bool(tokens.disguised(text))
        return told or (not self._of_codes and tokens.numbered(text))

    def meaning(self, text: str) -> str:
        """Return the meaning of a code: whole when it is a standard one, else cleaned."""
        words = WORD.findall(fold(text))
        if " ".join(words) in meanings() and not self._names(text):
            return text
        return self.free(text)

    def free(self, text: str, also: frozenset[str] = frozenset()) -> str:
        """Return the text with every word removed that is not known to be harmless."""
        plain = _CONTROL.sub(" ", _NO_WIDTH.sub("", text))
        if _WIDE.search(plain):
            plain = unicodedata.normalize("NFKC", plain)
        plain = self._tokens.without_birth(plain, "\ufffc")
        for start, end in sorted(self._tokens.disguised(plain), reverse=True):
            plain = f"{plain[:start]}\ufffc{plain[end:]}"
        for pattern in (CONTACTS, PHONES, DATES, TITLED, _SPELLED, _OLD, _WRITTEN_SIGNS):
            plain = pattern.sub("\ufffc", plain)
        out: list[str] = []
        last = 0
        changed = plain != text
        kept = (_DECIMAL, NUCLIDE, _FOLLOW_UP)
        spans = [match.span() for pattern in kept for match in pattern.finditer(plain)]
        for match in WORD.finditer(plain):
            out.append(plain[last : match.start()])
            last = match.end()
            inside = any(start <= match.start() < end for start, end in spans)
            word = fold(match.group())
            if (
                inside
                or (self._known(word, also) and (len(word) > 1 or match.group().isascii()))
                or self._is_joined(match.group())
                or (word == "2000" and _BEFORE_A_VALUE.search(plain[: match.start()].lower()))
            ):
                out.append(match.group())
            else:
                changed = True
                out.append("\ufffc")
        out.append(plain[last:])
        if not changed:
            return "" if self._names(text) else text
        cleaned = _tidy("".join(out))
        return "" if self._names(cleaned) else cleaned

    def _known(self, word: str, also: frozenset[str]) -> bool:
        tokens = self._tokens
        if word in tokens.patient or word in tokens.people or word in tokens.station_words:
            return False
        if word.isdigit():
            short = len(word) <= 4 and word.isascii()
            return short and word not in tokens.numbers and not _YEAR.fullmatch(word)
        if word in self._vocabulary or word in also:
            return True
        if len(word) == 1:
            return word.isascii()
        return self._letter_number(word)

    def _is_joined(self, word: str) -> bool:
        """Tell whether a word is made of known words: OpticNerve, LungNodule01, ThorRoutine."""
        parts = CAMEL.findall(word)
        return (
            len(parts) > 1
            and word.isascii()
            and "".join(parts) == word
            and all(
                len(part) <= 4
                if part.isdigit()
                else (len(part) > 1 and self._known(part.lower(), frozenset()))
                for part in parts
            )
        )

    def _letter_number(self, word: str) -> bool:
        if match := _NUMBER_UNIT.fullmatch(word):
            return len(match[2]) == 1 or match[2] in self._vocabulary
        if match := _LETTER_NUMBER.fullmatch(word):
            letters, digits, suffix = match.groups()
            if letters in self._tokens.short:
                return False
            short = len(letters) <= 2 and len(digits) <= 2
            return (short or letters in self._vocabulary) and (
                len(suffix) <= 1 or suffix in self._vocabulary
            )
        return bool(_PRODUCT.fullmatch(word))


def _is_uid(text: str) -> bool:
    """Tell whether digits in groups are a UID that DICOM has not assigned."""
    long = len(text) >= _SHORTEST_UID
    return long and not text.startswith(_DICOM_ROOT) and not is_registered_uid(text)


def _tidy(text: str) -> str:
    """Close the gaps that removed words leave."""
    text = _AROUND_GAPS.sub("\ufffc", text)
    text = text.replace("\ufffc", " ")
    text = _EMPTY_PAIR.sub(" ", text)
    text = _LOOSE.sub(" ", text)
    text = re.sub(r"[^\S\n]+", " ", text)
    return text.strip(" ^,;:/\\-_=.&'\"\n\r")
