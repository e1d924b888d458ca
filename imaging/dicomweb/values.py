"""DICOM JSON (PS3.18 annex F) of encoded data elements, without building a data set.

Slices of a series share most of their values, so the JSON of an element is remembered by its bytes.
"""

from __future__ import annotations

import base64
import json
import math
import re
import struct
from collections.abc import Callable
from typing import Any, Final

from imaging.pipeline import encoding
from imaging.pipeline.encoding import Element
from imaging.pipeline.text import charsets_of, decode_text

INLINE_MOST: Final = 1024
MOST_REMEMBERED: Final = 20_000
LONGEST_REMEMBERED: Final = 2048
BASE: Final = "@base@"
BINARY: Final = frozenset("OB OD OF OL OV OW UN".split())
_MANY: Final = frozenset("AE AS CS DA DT LO SH TM UI UC".split())
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_WHOLE: Final = re.compile(r"[+-]?\d{1,12}")
_PACKED: Final = {
    "US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q", "FL": "f", "FD": "d",
}  # fmt: skip
# Attributes whose VR in an implicit data set depends on Pixel Representation (PS3.6).
_SIGNED: Final = frozenset(
    {0x00280106, 0x00280107, 0x00280108, 0x00280109, 0x00280120, 0x00280121, 0x00281101}
)
_DATA_SET: Final = 0x00040000
CHARACTER_SET: Final = 0x00080005
PIXEL_REPRESENTATION: Final = 0x00280103

Json = dict[str, Any]
Bulk = tuple[str, str, int, int]


class Encoder:
    """Encodes elements of many objects; remembers what it encoded."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str, bytes, bytes], str] = {}

    def encode(
        self, data: bytes, elements: list[Element], *, explicit: bool, uid: str
    ) -> tuple[str, list[Bulk]]:
        """Return the JSON object of a data set, and the places of its large values.

        Args:
            uid: SOP Instance UID, which the addresses of large values contain.
        """
        charset = b""
        signed = False
        for element in elements:
            if element.tag == CHARACTER_SET:
                charset = bytes(data[element.value : element.value_end])
            elif element.tag == PIXEL_REPRESENTATION:
                signed = data[element.value : element.value + 1] == b"\x01"
        walk = Walk(data, charset, uid=uid, signed=signed and not explicit)
        parts = [self.member(walk, one, explicit) for one in elements if is_shown(one)]
        return "{" + ",".join(parts) + "}", walk.bulk

    def member(self, walk: Walk, element: Element, explicit: bool) -> str:
        """Return one member of the JSON object of a data set."""
        length = element.value_end - element.value
        if length > LONGEST_REMEMBERED or element.tag in encoding.PIXEL_TAGS:
            return walk.member(element, explicit, "", 0)
        # The signed reading is part of the key through the VR.
        vr = walk.vr_of(element)
        raw = bytes(walk.data[element.value : element.value_end])
        key = (element.tag, vr, walk.charset, raw)
        found = self._known.get(key)
        if found is None:
            before = len(walk.bulk)
            found = walk.member(element, explicit, "", 0)
            if len(walk.bulk) == before:
                if len(self._known) > MOST_REMEMBERED:
                    self._known.clear()
                self._known[key] = found
        return found


def is_shown(element: Element) -> bool:
    """Tell whether an element of the top level is a member of the JSON object."""
    return element.tag >= _DATA_SET and element.tag & 0xFFFF != 0


class Walk:
    """One object: its character set and where its large values lie."""

    def __init__(self, data: bytes, charset: bytes, *, uid: str, signed: bool) -> None:
        self.data = data
        self.charset = charset
        self.charsets = charsets_of(charset)
        self.uid = uid
        self.signed = signed
        self.bulk: list[Bulk] = []

    def vr_of(self, element: Element) -> str:
        return "SS" if self.signed and element.tag in _SIGNED else element.vr

    def member(self, element: Element, explicit: bool, path: str, depth: int) -> str:
        tag = f"{element.tag:08X}"
        vr = self.vr_of(element)
        head = f'"{tag}":{{"vr":"{vr}"'
        if element.tag == CHARACTER_SET:
            return head + ',"Value":["ISO_IR 192"]}'
        length = element.value_end - element.value
        if element.tag in encoding.PIXEL_TAGS or (vr in BINARY and length > INLINE_MOST):
            place = f"{path}{tag}"
            self.bulk.append((place, vr, element.value, length))
            return f'{head},"BulkDataURI":"{BASE}/instances/{self.uid}/bulkdata/{place}"}}'
        if not length:
            return head + "}"
        if vr == "SQ":
            return f'{head},"Value":[{self._items(element, explicit, path + tag, depth)}]}}'
        raw = bytes(self.data[element.value : element.value_end])
        if vr in BINARY:
            return f'{head},"InlineBinary":"{base64.b64encode(raw).decode()}"}}'
        shown = self._values(vr, raw)
        return f'{head},"Value":[{shown}]}}' if shown else head + "}"

    def _items(self, element: Element, explicit: bool, path: str, depth: int) -> str:
        found = []
        for number, (start, end) in enumerate(
            encoding.items(self.data, element, explicit, depth + 1)
        ):
            members = [
                self.member(inner, explicit, f"{path}/{number}/", depth + 1)
                for inner in encoding.index(self.data, start, end, explicit, depth + 1)
                if inner.tag & 0xFFFF
            ]
            found.append("{" + ",".join(members) + "}")
        return ",".join(found)

    def _values(self, vr: str, raw: bytes) -> str:
        packed = _PACKED.get(vr)
        if packed:
            return _numbers(packed, raw)
        if vr == "AT":
            pairs = struct.unpack(f"<{len(raw) // 4 * 2}H", raw[: len(raw) // 4 * 4])
            tags = zip(pairs[::2], pairs[1::2], strict=True)
            return ",".join(f'"{group:04X}{number:04X}"' for group, number in tags)
        text = decode_text(raw, vr, self.charsets) or ""
        if vr in {"DS", "IS"}:
            return _decimals(text, _WHOLE if vr == "IS" else _NUMBER)
        if vr == "PN":
            return _names(text)
        if vr in _MANY:
            return _listed(text, lambda part: json.dumps(part, ensure_ascii=False))
        whole = text.rstrip("\0 ")
        return json.dumps(whole, ensure_ascii=False) if whole else ""


def _listed(text: str, shown: Callable[[str], str]) -> str:
    parts = [part.strip("\0 ") for part in text.split("\\")]
    if not any(parts):
        return ""
    return ",".join(shown(part) if part else "null" for part in parts)


def _decimals(text: str, form: re.Pattern[str]) -> str:
    def shown(part: str) -> str:
        if not form.fullmatch(part):
            return "null"
        number = int(part) if form is _WHOLE else float(part)
        return repr(number) if math.isfinite(number) else "null"

    return _listed(text, shown)


def _numbers(packed: str, raw: bytes) -> str:
    size = struct.calcsize(packed)
    count = len(raw) // size
    values = struct.unpack(f"<{count}{packed}", raw[: count * size])
    return ",".join(repr(v) if math.isfinite(v) else "null" for v in values)


def _names(text: str) -> str:
    groups = ("Alphabetic", "Ideographic", "Phonetic")

    def shown(part: str) -> str:
        named = {
            group: value.rstrip("^ ")
            for group, value in zip(groups, part.split("=", 2), strict=False)
            if value.rstrip("^ ")
        }
        return json.dumps(named, ensure_ascii=False) if named else "null"

    shown_parts = _listed(text, shown)
    return "" if set(shown_parts.split(",")) == {"null"} else shown_parts
