"""The decision on one element: what the profile says, applied to its value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from enum import IntEnum
from typing import Final, Protocol

from pydicom._dicom_dict import DicomDictionary

from imaging.pipeline.deidentify import values
from imaging.pipeline.deidentify.cleaning import TextCleaner
from imaging.pipeline.deidentify.identity import IdentityTokens
from imaging.pipeline.deidentify.plan import DeidPlan
from imaging.pipeline.encoding import TEXT_VRS, Element, dictionary_vr, encode, encode_items
from imaging.pipeline.text import decode_text

STRINGS: Final = TEXT_VRS | frozenset("AE AS CS DA DS DT IS TM UI UR".split())
MULTILINE: Final = frozenset({"ST", "LT", "UT"})
_LINES: Final = re.compile(r"[\r\n\t\f\v]+")
BINARY: Final = frozenset("OB OW OF OD OL OV US SS UL SL UV SV FL FD AT".split())
_UNIT: Final = {"US": 2, "SS": 2, "UL": 4, "SL": 4, "FL": 4, "FD": 8, "UV": 8, "SV": 8, "AT": 4}
_RAW_CONTROL: Final = re.compile(rb"[\x01-\x08\x0b\x0e-\x1f\x7f]")
_PRINTED: Final = re.compile(rb"[\x20-\x7e]{5,}")
_WIDE: Final = re.compile(rb"(?:[\x20-\x7e]\0){3,}|(?:\0[\x20-\x7e]){3,}")
_LONGEST_TEXT: Final = 64 * 1024
_ONE_NUMBER: Final = 8
_INSTANCE_NUMBER: Final = 0x00200013
_CODE_MEANING: Final = 0x00080104
_CODE_VALUE: Final = 0x00080100
_LONG_CODE_VALUE: Final = 0x00080119
_URN_CODE_VALUE: Final = 0x00080120
_LONG_CODE: Final = re.compile(r"[0-9.-]+")
_URN_CODE: Final = re.compile(r"urn:oid:[0-9.]+")
# Longer codes are Long Code Values (PS3.3 8.1).
_LONGEST_CODE: Final = 16
# Maker and model, which Retain Device Identity keeps also where a station has their name.
_PRODUCT_TAGS: Final = frozenset({0x00080070, 0x00081090})
_CODE_TAGS: Final = frozenset({_CODE_VALUE, _LONG_CODE_VALUE, _URN_CODE_VALUE})
_NUMERIC_VALUE: Final = 0x0040A30A
_SUBJECT_TAGS: Final = frozenset({0x00100010, 0x00100020})


class Effect(IntEnum):
    """What happened to an element; the names are those of the report."""

    KEPT = 0
    REMOVED = 1
    EMPTIED = 2
    DUMMY = 3
    UID_REPLACED = 4
    DATE_SHIFTED = 5
    TEXT_CLEANED = 6
    PRIVATE_KEPT = 7
    PRIVATE_REMOVED = 8


Decision = tuple[bytes | None, Effect]
REMOVE: Final[Decision] = (None, Effect.REMOVED)


class Context(Protocol):
    """How the data set around an element is encoded."""

    explicit_in: bool
    explicit_out: bool
    charsets: tuple[str, ...]


class ElementRules:
    """Decides on single elements under one plan."""

    def __init__(self, plan: DeidPlan) -> None:
        self._plan = plan
        self._actions = plan.profile.actions
        self._tokens = plan.safe_tokens
        self._cleaner = TextCleaner(self._tokens)
        self._product_cleaner = TextCleaner(self._tokens.beside_products)
        self._code_cleaner = TextCleaner(self._tokens, of_codes=True)
        self._days = plan.offset_days

    def is_sequence(self, element: Element) -> bool:
        """Tell whether the value is a list of items, also when it came as UN."""
        return element.vr == "SQ" or (element.vr == "UN" and dictionary_vr(element.tag) == "SQ")

    def sequence_treatment(self, tag: int) -> Callable[[bool], Decision] | None:
        """What to do with a sequence as a whole; None means: enter its items."""
        action = self._actions.get(tag)
        if action == "items" and dictionary_vr(tag) == "SQ":
            return None
        if action == "z":
            return lambda explicit: (encode_items(tag, [], explicit), Effect.EMPTIED)
        if action == "code":
            return lambda explicit: (_stand_in_code(tag, explicit), Effect.DUMMY)
        return lambda explicit: REMOVE

    def decide(self, data: bytes, element: Element, context: Context) -> Decision:
        """Return the encoded result of an element that is not a sequence, and its effect."""
        tag = element.tag
        action = self._actions.get(tag)
        vr = _usable_vr(tag, element.vr)
        if action is None or vr is None or action == "items":
            return REMOVE
        value = bytes(data[element.value : element.value_end])
        if action in ("z", "d"):
            return self._replace(tag, vr, action, context)
        if action == "pixels":  # a picture inside a sequence is a thumbnail
            return REMOVE
        if not value.strip(b"\0 "):
            return self._unchanged(data, element, vr, value, context)
        if action == "keep" or (action == "technical" and vr not in STRINGS):
            return self._keep(data, element, vr, value, context)
        text = decode_text(value, vr, context.charsets)
        if text is None:
            return self._replace(tag, vr, action[-1], context)
        text = text.rstrip("\0 ") if vr != "UI" else text.strip("\0 ")
        one_line = text if vr in MULTILINE else _LINES.sub(" ", text)
        new, effect = self._by_action(action, tag, vr, one_line)
        if new is None:
            return self._replace(tag, vr, action[-1], context)
        if new == text and value.isascii() and not _RAW_CONTROL.search(value):
            return self._unchanged(data, element, vr, value, context)
        if new == text:
            effect = Effect.KEPT
        return encode(tag, vr, new.encode(), context.explicit_out), effect

    def _by_action(self, action: str, tag: int, vr: str, text: str) -> tuple[str | None, Effect]:
        kind = action.partition("-")[0]
        if kind == "uid":
            return self.map_uids(text), Effect.UID_REPLACED
        if kind == "date":
            return self._dates(text, vr), Effect.DATE_SHIFTED
        if kind == "time":
            return (text if values.is_time(text) else None), Effect.KEPT
        if kind == "age":
            return values.cap_age(text, self._plan.profile.age_cap), Effect.TEXT_CLEANED
        if kind == "technical":
            if tag in _CODE_TAGS:
                return self._code_value(tag, vr, text), Effect.TEXT_CLEANED
            return self._technical(vr, text, of_product=tag in _PRODUCT_TAGS), Effect.TEXT_CLEANED
        clean = self._cleaner.meaning if tag == _CODE_MEANING else self._cleaner.free
        cleaned = "\\".join(clean(part) for part in _parts(vr, text))
        return (cleaned if cleaned.strip("\\ ") else None), Effect.TEXT_CLEANED

    def map_uids(self, text: str) -> str:
        """Replace every UID that DICOM itself has not assigned."""
        return "\\".join(
            uid if not uid or values.is_registered_uid(uid) else self._plan.new_uid(uid)
            for uid in (part.strip("\0 ") for part in text.split("\\"))
        )

    def _dates(self, text: str, vr: str) -> str | None:
        move = values.shift_date if vr == "DA" else values.shift_datetime
        moved = [move(part, self._days) if part.strip() else "" for part in text.split("\\")]
        return None if None in moved else "\\".join(part or "" for part in moved)

    def _code_value(self, tag: int, vr: str, text: str) -> str:
        """The value of a code without identity, valid for its attribute (PS3.3 8.1)."""
        typed = _is_typed_code(tag, text)
        clean = self._code_cleaner
        new = self._cleaner.free(text) if typed else _cleaned(vr, text, clean, self._tokens)
        short = tag != _CODE_VALUE and len(new) <= _LONGEST_CODE
        if new == text or (new and not short and tag != _URN_CODE_VALUE):
            return new
        return values.stand_in(vr).decode()

    def _technical(self, vr: str, text: str, *, of_product: bool = False) -> str:
        if vr == "CS":
            if values.is_code(text) and not self._cleaner.suspicious(text):
                return text
            codes = "\\".join(map(self._code, text.split("\\"))).rstrip("\\ ")
            known = "\\" in codes and self._tokens.hit(codes)
            return (self._cleaner.free(codes) if known else codes) or values.STAND_IN
        if of_product:
            return _cleaned(vr, text, self._product_cleaner, self._tokens.beside_products)
        return _cleaned(vr, text, self._cleaner, self._tokens)

    def _code(self, text: str) -> str:
        """One value of a coded text: as it is, or without identity."""
        if values.is_code(text) and not self._cleaner.suspicious(text):
            return text
        return self._cleaner.without_identity(text) if text else text

    def _keep(
        self, data: bytes, element: Element, vr: str, value: bytes, context: Context
    ) -> Decision:
        if vr in ("DS", "IS"):
            text = value.decode("latin-1").strip("\0 ")
            if not values.is_number(text):
                return encode(element.tag, vr, b"", context.explicit_out), Effect.EMPTIED
            if self._is_identity(element.tag, text.split("\\")):
                return _without_value(element.tag, vr, context)
        elif vr == "UI":
            return self._class_uid(data, element, vr, value, context)
        elif vr in STRINGS:
            text_or_none = decode_text(value, vr, context.charsets)
            if text_or_none is None or self._is_told_in(text_or_none):
                return REMOVE
        elif vr in values.NUMERIC:
            numbers = values.numbers_of(vr, value)
            if self._is_identity(element.tag, numbers) or self._is_spelled(value, context):
                return _without_value(element.tag, vr, context)
        elif self._names_somebody(value, context):
            return REMOVE
        return self._unchanged(data, element, vr, value, context)

    def _names_somebody(self, value: bytes, context: Context) -> bool:
        """Tell whether the bytes of a binary value spell a token."""
        return any(map(self._tells, texts_in(value, context.charsets)))

    def _is_told_in(self, text: str) -> bool:
        """Tell whether a value that is kept as it is tells somebody, whole or cut."""
        if self._tells(text):
            return True
        parts = [part.strip(" \0") for part in text.split("\\")]
        return any(self._tokens.cut(part) or self._tokens.numbered(part) for part in parts)

    def _tells(self, text: str) -> bool:
        return self._tokens.hit(text) or bool(self._tokens.disguised(text))

    def _is_spelled(self, value: bytes, context: Context) -> bool:
        """Tell whether numbers spell a token; one number of eight bytes can in plain letters."""
        may = len(value) > _ONE_NUMBER or value.isascii()
        return may and self._names_somebody(value, context)

    def _is_identity(self, tag: int, numbers: Iterable[str]) -> bool:
        """Tell whether a number is one of the upload's identifiers, or several written as one."""
        if tag == _INSTANCE_NUMBER:
            return False
        return any(self._is_identifier(number.strip()) for number in numbers)

    def _is_identifier(self, number: str) -> bool:
        if not values.is_plain_number(number):
            return self._tokens.number_hit(number)
        if self._tokens.is_written_long(number):
            return True
        digits, _, rest = number.partition(".")
        is_whole = len(digits) > 4 and not rest.strip("0")
        return is_whole and self._tokens.is_number(digits.lstrip("+-"))

    def _class_uid(
        self, data: bytes, element: Element, vr: str, value: bytes, context: Context
    ) -> Decision:
        """A UID of a class or scheme stays, unless it is made of a number of the upload."""
        if not re.fullmatch(rb"[0-9.\\\0 ]*", value):
            return REMOVE
        given = value.decode("ascii").strip("\0 ")
        new = "\\".join(
            self._plan.new_uid(uid)
            if uid and not values.is_registered_uid(uid) and self._tokens.number_hit(uid)
            else uid
            for uid in given.split("\\")
        )
        if new == given:
            return self._unchanged(data, element, vr, value, context)
        return encode(element.tag, vr, new.encode(), context.explicit_out), Effect.UID_REPLACED

    def _unchanged(
        self, data: bytes, element: Element, vr: str, value: bytes, context: Context
    ) -> Decision:
        same = context.explicit_in == context.explicit_out and element.vr == vr
        if same and not len(value) & 1 and element.end == element.value_end:
            return bytes(data[element.start : element.end]), Effect.KEPT
        return encode(element.tag, vr, value, context.explicit_out), Effect.KEPT

    def _replace(self, tag: int, vr: str, last: str, context: Context) -> Decision:
        if tag in _SUBJECT_TAGS:
            subject = self._plan.subject.subject_id.encode()
            return encode(tag, vr, subject, context.explicit_out), Effect.DUMMY
        if last == "z":
            return encode(tag, vr, b"", context.explicit_out), Effect.EMPTIED
        if last == "d":
            return encode(tag, vr, values.stand_in(vr), context.explicit_out), Effect.DUMMY
        return REMOVE

    def private(
        self, data: bytes, elements: Iterable[Element], context: Context, counts: list[int]
    ) -> list[tuple[int, bytes]]:
        """Keep private elements of the safe list under their creator; all others go.

        A creator that reserves two blocks of one group is ambiguous: both go.
        """
        elements = list(elements)
        out: dict[int, bytes] = {}
        kept = 0
        for element, name, safe in self.safe_private(data, elements):
            piece = self.private_value(data, element, safe, context)
            if piece is not None:
                creator = element.tag & 0xFFFF0000 | (element.tag & 0xFF00) >> 8
                out[creator] = encode(creator, "LO", name.encode("latin-1"), context.explicit_out)
                out[element.tag] = piece
                kept += 1
        counts[Effect.PRIVATE_KEPT] += kept
        counts[Effect.PRIVATE_REMOVED] += len(elements) - len(out)
        return sorted(out.items())

    def safe_private(
        self, data: bytes, elements: Iterable[Element]
    ) -> Iterator[tuple[Element, str, str]]:
        """Yield the private elements of the safe list, with their creator and VR there."""
        creators: dict[int, str] = {}
        reserved: dict[tuple[int, str], int] = {}
        others: list[Element] = []
        for element in elements:
            if is_creator(element.tag):
                raw = bytes(data[element.value : element.value_end])
                name = raw.decode("latin-1").strip("\0 ")
                where = (element.tag >> 16, name)
                reserved[where] = reserved.get(where, 0) + 1
                creators[(element.tag & 0xFFFF0000) | (element.tag & 0xFF) << 8] = name
            else:
                others.append(element)
        known = self._plan.profile.private_safe
        for element in others:
            name = creators.get(element.tag & 0xFFFFFF00, "")
            if not name or reserved[element.tag >> 16, name] > 1:
                continue
            safe = known.get((name, element.tag >> 16, element.tag & 0xFF))
            if safe:
                yield element, name, safe

    def private_value(
        self, data: bytes, element: Element, safe: str, context: Context
    ) -> bytes | None:
        """Return a private element of the safe list, encoded; None when its value may not stay."""
        value = bytes(data[element.value : element.value_end])
        given = element.vr
        as_text = safe in ("DT", "DA") and given in ("LO", "SH", "ST", "UT", "DA", "DT")
        if given not in (safe, "UN") and not as_text:
            return None
        vr = given if as_text else safe
        if safe in _UNIT:
            if len(value) % _UNIT[safe] or len(value) > 1024 or _PRINTED.search(value):
                return None
            numbers = values.numbers_of(safe, value)
            known = self._is_identity(element.tag, numbers) or self._is_spelled(value, context)
            if known or any(map(self._is_told, numbers)):
                return None
            return encode(element.tag, vr, value, context.explicit_out)
        text = value.decode("latin-1").strip("\0 ") if value.isascii() else None
        if text is None:
            return None
        new: str | None = text
        if safe in ("DS", "IS"):
            parts = text.split("\\")
            wrong = self._is_identity(element.tag, parts) or any(map(self._is_told, parts))
            wrong = wrong or not self._tokens.people.isdisjoint(part.strip() for part in parts)
            new = text if values.is_number(text) and not wrong else None
        elif safe in ("DA", "DT"):
            new = self._dates(text, safe)
        elif safe == "UI":
            new = self.map_uids(text)
        elif self._tokens.hit(text) or self._cleaner.technical(text) != text:
            new = None
        return None if new is None else encode(element.tag, vr, new.encode(), context.explicit_out)

    def _is_told(self, number: str) -> bool:
        """Tell whether a number of a private element is an instant or a number of the upload."""
        return values.is_instant(number) or self._tokens.is_value(number.strip())


def is_creator(tag: int) -> bool:
    """Tell whether a private element names the creator of a block (PS3.5 7.8.1)."""
    return bool(tag & 0x10000) and 0x10 <= tag & 0xFFFF <= 0xFF


def _is_typed_code(tag: int, text: str) -> bool:
    """Tell whether the value of a code is words: a code has none, longer ones are digits."""
    if tag == _CODE_VALUE:
        return " " in text
    return not (_LONG_CODE if tag == _LONG_CODE_VALUE else _URN_CODE).fullmatch(text)


def _usable_vr(tag: int, given: str) -> str | None:
    """The VR to judge and write by: the file's where the dictionary allows it, else None."""
    entry = DicomDictionary.get(tag)
    if entry is None:
        return None
    allowed = entry[0].split(" or ")
    if given in allowed:
        return given
    if given == "UN" or (given in STRINGS and allowed[0] in STRINGS):
        return dictionary_vr(tag)
    return given if given in BINARY and allowed[0] in BINARY else None


def texts_in(value: bytes, charsets: tuple[str, ...] = ()) -> Iterator[str]:
    """Texts that the bytes of a binary value may hold: printed runs, wide runs, other scripts."""
    for run in _PRINTED.findall(value):
        yield run.decode("ascii")
    for run in _WIDE.findall(value):
        yield run.replace(b"\0", b"").decode("ascii")
    if len(value) > _LONGEST_TEXT or value.isascii():
        return
    yield value.decode("utf-8", "replace")
    for codec in charsets:
        with suppress(LookupError):
            yield value.decode(codec, "replace")
    for codec in ("utf-16-le", "utf-16-be"):
        yield value.decode(codec, "ignore")


def _cleaned(vr: str, text: str, cleaner: TextCleaner, tokens: IdentityTokens) -> str:
    """The values of a technical text without identity, also where it is spread over them."""
    parts = _parts(vr, text)
    split = len(parts) > 1 and tokens.hit("".join(parts))
    clean = cleaner.free if split else cleaner.technical
    cleaned = "\\".join(clean(part) for part in parts)
    return cleaned if cleaned.strip("\\ ") else values.STAND_IN


def _parts(vr: str, text: str) -> list[str]:
    return [text] if vr in MULTILINE else text.split("\\")


def _without_value(tag: int, vr: str, context: Context) -> Decision:
    """A number of somebody goes; where one must stand (PS3.3 C.18.1) zero takes its place."""
    if tag == _NUMERIC_VALUE:
        return encode(tag, vr, values.stand_in(vr), context.explicit_out), Effect.DUMMY
    return encode(tag, vr, b"", context.explicit_out), Effect.EMPTIED


def _stand_in_code(tag: int, explicit: bool) -> bytes:
    item = (
        encode(0x00080100, "SH", b"REMOVED", explicit)
        + encode(0x00080102, "SH", b"99ICRO", explicit)
        + encode(0x00080104, "LO", b"REMOVED", explicit)
    )
    return encode_items(tag, [item], explicit)
