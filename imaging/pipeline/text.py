"""Text of DICOM values: character sets, folding, and the patterns that betray identity.

Folding makes spellings comparable: compatibility forms, accents and case fall away, so that
`MÜLLER`, `Müller` and `muller` are one word.  German umlauts have a second folding (`mueller`).
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from functools import lru_cache
from typing import Final

from pydicom.charset import convert_encodings, decode_bytes, python_encoding
from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS

from imaging.pipeline.encoding import TEXT_VRS

WORD: Final = re.compile(r"[^\W_]+")
CAMEL: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# A nuclide with its mass, whose sign can be a surname too: 177Lu, Lu-177, 201Tl, 18F-FET.
NUCLIDE: Final = re.compile(
    r"(?<![^\W_])(?:(?:177|176) ?-?Lu|Lu ?-?17[67]|20[14] ?-?Tl|Tl ?-?20[14]|82 ?-?Rb|Rb ?-?82"
    r"|18F-?FET|F-?18-?FET)(?![^\W_])",
    re.IGNORECASE,
)
_LETTERS: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_MONTH: Final = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|mai|okt|dez|"
    r"january|february|march|april|june|july|august|september|october|november|december)"
)
_DAY: Final = r"(?:0?[1-9]|[12]\d|3[01])"
_MONTH_NUMBER: Final = r"(?:0?[1-9]|1[0-2])"
_YEAR: Final = r"(?:19|20)\d{2}"
DATES: Final = re.compile(
    rf"(?<![\d.])(?:{_DAY}(?P<a>[./-]){_MONTH_NUMBER}(?P=a)(?:{_YEAR}|\d{{2}})"
    rf"|{_MONTH_NUMBER}(?P<b>[./-]){_DAY}(?P=b)(?:{_YEAR}|\d{{2}})"
    rf"|{_YEAR}(?P<c>[./-]?)(?:0[1-9]|1[0-2])(?P=c)(?:0[1-9]|[12]\d|3[01])(?:\d{{4,6}})?"
    rf"|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2]){_YEAR})(?![\d]|\.\d)"
    rf"|(?<!\w)\d{{1,2}}(?:st|nd|rd|th)?[ ./-]?{_MONTH}[ .,/-]*(?:(?:19|20)?\d{{2}})?(?!\w)"
    rf"|(?<!\w){_MONTH}[ .-]*\d{{1,2}}(?:st|nd|rd|th)?[ ,]+(?:19|20)\d{{2}}(?!\w)"
    rf"|(?<!\w){_MONTH}[ .,-]+(?:19|20)\d{{2}}(?!\w)",
    re.IGNORECASE,
)
CONTACTS: Final = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)*|(?:https?|ftp|mailto|file|dicom)s?:\S+|www\.\S+"
    r"|(?<!\w)\+\d[\d ()./-]{5,}\d|\(\d{2,5}\)[ /-]?\d[\d -]{3,}\d"
    r"|(?<![\w.])\d{3}[-. /]\d{3}[-. ]\d{3,4}(?![\w.])|(?<![\w.])\d{3}-\d{2}-\d{4}(?!\w)"
    r"|(?<![\w.])\d{3}-\d{4}(?!\w)|(?<![\w.])0\d{1,4}[-/ ]\d{3,}[\d -]*\d(?!\w)"
    r"|(?<![\w.])0\d{1,4}(?:[ ./-]\d{2,4}){3,4}(?![\w.])"
    r"|(?<![\w.])\d{2}(?:[ .-]\d{2}){4}(?![\w.])|(?<![\w.])\d{2}(?: \d{2}){3}(?![\w.])"
    r"|(?<![\w.])[5-9]\d{2} \d{4}(?![\w.])"
    r"|(?<!\d)\d+(?:\.\d+){3,}"
)
# Telephone numbers that no version, kernel or sequence name looks like.
PHONES: Final = re.compile(
    r"(?<!\w)\+\d{1,3}[ ()/-]{1,2}\d[\d ()/-]{5,}\d|\(\d{2,5}\)[ /-]?\d[\d -]{3,}\d"
    r"|(?<![\w.-])\d{3}-\d{3}-\d{4}(?![\w.-])"
    r"|(?<!\w)(?:tel|phone|fon|fax|mobile?)[.: ]+\+?\d[\d ()/.-]{4,}\d",
    re.IGNORECASE,
)
TITLED: Final = re.compile(
    r"(?<!\w)(?:[Dd]r|DR(?=\.)|[Mm]rs?|MRS?(?=\.)|[Mm]iss|[Pp]rof|PROF|[Pp]rofessor|[Dd]octor"
    r"|[Hh]errn?|HERR|[Ff]rau|FRAU|Mme|Dott|Drs)(?!\w)"
    r"\.?[ ^]+[^\W\d_]+\.?(?:[ ^]+[^\W\d_a-z][a-zà-ÿ]+\.?)?"
)


def unknown_charsets(raw: bytes) -> tuple[str, ...]:
    """Return the values of Specific Character Set that DICOM does not define."""
    names = [name.strip(" \0") for name in raw.decode("latin-1").split("\\")]
    return tuple(name[:16] for name in names if name not in python_encoding)


@lru_cache(maxsize=64)
def charsets_of(raw: bytes) -> tuple[str, ...]:
    """Return the Python encodings of a Specific Character Set value; empty for plain ASCII.

    An unknown name gives the single pseudo encoding `unknown`.
    """
    names = [name.strip(" \0") for name in raw.decode("latin-1").split("\\")]
    if names in ([""], ["ISO_IR 6"]):
        return ()
    if any(name not in python_encoding for name in names):
        return ("unknown",)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(convert_encodings(names))


def decode_text(value: bytes, vr: str, charsets: tuple[str, ...]) -> str | None:
    """Decode a value; None when its character set cannot be known.

    Without a declared set, bytes beyond ASCII are read as UTF-8 when they are, else as Latin-1.
    """
    if value.isascii() and (b"\x1b" not in value or not charsets):
        return value.decode("ascii")
    if vr not in TEXT_VRS:
        return value.decode("latin-1")
    if charsets == ("unknown",):
        return None
    if not charsets:
        return _guessed(value)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            delimiters = set(PN_DELIMS if vr == "PN" else TEXT_VR_DELIMS)
            return decode_bytes(value, list(charsets), delimiters)
    except (UnicodeError, UserWarning, LookupError, ValueError):
        return None


def text_of(value: bytes, vr: str, charsets: tuple[str, ...]) -> str:
    """Decode a value without its padding; empty when its character set cannot be known."""
    return (decode_text(value, vr, charsets) or "").strip("\0 ")


def _guessed(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def fold(text: str) -> str:
    """Fold case, accents and compatibility forms."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()


def foldings(text: str) -> tuple[str, ...]:
    """Every folding of a text: the plain one, and the one that writes umlauts with an e."""
    first = fold(text)
    if text.isascii():
        return (first,)
    second = fold(unicodedata.normalize("NFC", text).casefold().translate(_UMLAUTS))
    return (first,) if first == second else (first, second)


def squash(folded: str) -> str:
    """Letters and digits only, so that separators do not hide a value."""
    return "".join(WORD.findall(folded))
