"""Reading and writing the DICOM encoding without trusting any length in it (PS3.5, PS3.10).

The functions index a data set by position: they copy nothing and allocate nothing from a declared
size.  Every declared length is compared with the bytes that are really left, and sequences are
followed to a fixed depth.  Values are interpreted elsewhere.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final, NamedTuple

from pydicom._dicom_dict import DicomDictionary

MAX_DEPTH: Final = 32
MAX_INFLATED: Final = 512 * 1024 * 1024
UNDEFINED: Final = 0xFFFFFFFF
PIXEL_TAGS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})

IMPLICIT_LE: Final = "1.2.840.10008.1.2"
EXPLICIT_LE: Final = "1.2.840.10008.1.2.1"
DEFLATED_LE: Final = "1.2.840.10008.1.2.1.99"
EXPLICIT_BE: Final = "1.2.840.10008.1.2.2"
NATIVE: Final = frozenset({IMPLICIT_LE, EXPLICIT_LE, DEFLATED_LE, EXPLICIT_BE})

ITEM: Final = 0xFFFEE000
ITEM_END: Final = 0xFFFEE00D
SEQUENCE_END: Final = 0xFFFEE0DD

LONG_VRS: Final = frozenset("OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
SHORT_VRS: Final = frozenset(
    "AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split()
)
TEXT_VRS: Final = frozenset("LO SH ST LT UT UC PN".split())
_LONG: Final = frozenset(vr.encode() for vr in LONG_VRS)
_VR_NAMES: Final = {vr.encode(): vr for vr in LONG_VRS | SHORT_VRS}
_SHORT_NAMES: Final = {vr.encode(): vr for vr in SHORT_VRS}
_MAKE: Final = tuple.__new__
_UNIT: Final = {
    "US": 2, "SS": 2, "OW": 2, "AT": 2, "UL": 4, "SL": 4, "FL": 4, "OF": 4, "OL": 4,
    "FD": 8, "OD": 8, "OV": 8, "SV": 8, "UV": 8,
}  # fmt: skip

_EXPLICIT: Final = struct.Struct("<HH2sH").unpack_from
_IMPLICIT: Final = struct.Struct("<HHI").unpack_from
_UL: Final = struct.Struct("<I").unpack_from
_PACK_SHORT: Final = struct.Struct("<HH2sH").pack
_PACK_LONG: Final = struct.Struct("<HH2sHI").pack
_PACK_IMPLICIT: Final = struct.Struct("<HHI").pack


class Malformed(Exception):
    """The bytes are not a DICOM data set that can be judged; `code` names the reason."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Element(NamedTuple):
    """Where one data element lies: `start` is its tag, `value` its value, `end` the next element.

    `value_end` excludes the delimiter of an undefined-length value.
    """

    tag: int
    vr: str
    start: int
    value: int
    value_end: int
    end: int


@dataclass(frozen=True, slots=True)
class Part10:
    """An opened file: the buffer that holds the data set, where it starts, and what was odd."""

    data: bytes
    start: int
    transfer_syntax: str
    explicit: bool
    notes: tuple[str, ...]


def dictionary_vr(tag: int) -> str:
    """Return the VR of a public attribute as the data dictionary gives it, `UN` when unknown."""
    if tag & 0xFFFF == 0:
        return "UL"
    entry = DicomDictionary.get(tag)
    if entry is None:
        return "LO" if (tag >> 16) & 1 and 0x10 <= (tag & 0xFFFF) <= 0xFF else "UN"
    vr = entry[0]
    return _DICTIONARY_CHOICE.get(vr, vr) if len(vr) > 2 else vr


_DICTIONARY_CHOICE: Final = {
    "US or SS": "US", "OB or OW": "OW", "US or OW": "OW", "US or SS or OW": "OW", "NONE": "UN",
}  # fmt: skip


def read_element(data: bytes, pos: int, end: int, explicit: bool, depth: int) -> Element:
    """Locate the element at `pos`.

    Raises Malformed when the header is cut (`truncated_header`), the VR is not one of PS3.5
    (`bad_vr`), the declared length passes the end (`length_past_end`) or sequences are nested
    deeper than 32 (`too_deep`).
    """
    if pos + 8 > end:
        raise Malformed("truncated_header")
    if explicit:
        group, element, code, length = _EXPLICIT(data, pos)
        value = pos + 8
        if code in _LONG:
            if pos + 12 > end:
                raise Malformed("truncated_header")
            length = _UL(data, pos + 8)[0]
            value = pos + 12
        vr = _VR_NAMES.get(code)
        if vr is None:
            raise Malformed("bad_vr")
        tag = group << 16 | element
    else:
        group, element, length = _IMPLICIT(data, pos)
        tag = group << 16 | element
        vr = dictionary_vr(tag)
        value = pos + 8
    if length == UNDEFINED:
        if tag in PIXEL_TAGS:
            value_end, following = end_of_fragments(data, value, end)
            return Element(tag, "OB", pos, value, value_end, following)
        if vr not in ("SQ", "UN"):
            raise Malformed("undefined_length")
        nested_explicit = explicit and vr == "SQ"
        value_end, following = end_of_items(data, value, end, nested_explicit, depth + 1)
        return Element(tag, "SQ" if vr == "SQ" else vr, pos, value, value_end, following)
    if value + length > end:
        raise Malformed("pixel_data_cut" if tag in PIXEL_TAGS else "length_past_end")
    return Element(tag, vr, pos, value, value + length, value + length)


def end_of_fragments(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """Return where the encapsulated fragments end, without and with the delimiter (PS3.5 A.4)."""
    while pos + 8 <= end:
        group, element, length = _IMPLICIT(data, pos)
        tag = group << 16 | element
        if tag == SEQUENCE_END:
            return pos, pos + 8
        if tag != ITEM or pos + 8 + length > end:
            raise Malformed("pixel_data_cut")
        pos += 8 + length
    raise Malformed("pixel_data_cut")


def end_of_items(data: bytes, pos: int, end: int, explicit: bool, depth: int) -> tuple[int, int]:
    """Return where an undefined-length sequence ends, without and with its delimiter."""
    if depth > MAX_DEPTH:
        raise Malformed("too_deep")
    while pos + 8 <= end:
        group, element, length = _IMPLICIT(data, pos)
        tag = group << 16 | element
        if tag == SEQUENCE_END:
            return pos, pos + 8
        if tag != ITEM:
            raise Malformed("bad_item")
        pos = _end_of_item(data, pos + 8, end, length, explicit=explicit, depth=depth)[1]
    raise Malformed("truncated_sequence")


def _end_of_item(
    data: bytes, pos: int, end: int, length: int, *, explicit: bool, depth: int
) -> tuple[int, int]:
    if length != UNDEFINED:
        if pos + length > end:
            raise Malformed("length_past_end")
        return pos + length, pos + length
    while pos + 8 <= end:
        group, element, _ = _IMPLICIT(data, pos)
        if group << 16 | element == ITEM_END:
            return pos, pos + 8
        pos = read_element(data, pos, end, explicit, depth).end
    raise Malformed("truncated_sequence")


def items(data: bytes, element: Element, explicit: bool, depth: int) -> list[tuple[int, int]]:
    """Return the (start, end) of the data set of every item of a sequence element.

    A `UN` value that holds a sequence is implicit VR (PS3.5 6.2.2): pass `explicit=False`.
    """
    if depth > MAX_DEPTH:
        raise Malformed("too_deep")
    found: list[tuple[int, int]] = []
    pos, end = element.value, element.value_end
    while pos + 8 <= end:
        group, number, length = _IMPLICIT(data, pos)
        tag = group << 16 | number
        if tag == SEQUENCE_END:
            break
        if tag != ITEM:
            raise Malformed("bad_item")
        inner_end, following = _end_of_item(
            data, pos + 8, end, length, explicit=explicit, depth=depth
        )
        found.append((pos + 8, inner_end))
        pos = following
    return found


def index(data: bytes, start: int, end: int, explicit: bool, depth: int = 0) -> list[Element]:
    """Return every element of one data set or item, in file order.  Raises Malformed."""
    found: list[Element] = []
    pos = start
    while pos < end:
        element = _quick(data, pos, end) if explicit else None
        element = element or read_element(data, pos, end, explicit, depth)
        found.append(element)
        pos = element.end
    return found


def _quick(data: bytes, pos: int, end: int) -> Element | None:
    """The common case, in one step: a short explicit element that fits; else None."""
    if pos + 8 > end:
        return None
    group, number, code, length = _EXPLICIT(data, pos)
    vr = _SHORT_NAMES.get(code)
    stop = pos + 8 + length
    if vr is None or stop > end:
        return None
    return _MAKE(Element, (group << 16 | number, vr, pos, pos + 8, stop, stop))


def index_file(part10: Part10, *, until: int = 0xFFFFFFFF) -> tuple[list[Element], int]:
    """Index the top level of a file; return the elements and where the data set ends.

    Bytes after the last element that cannot continue the data set (a tag that goes back, an
    unknown tag or VR) are trailing bytes, not an error: the returned end excludes them.  An
    element that could continue it but is cut is an error.  Indexing stops at a tag over `until`.
    """
    data, pos, end, explicit = part10.data, part10.start, len(part10.data), part10.explicit
    found: list[Element] = []
    last = 0
    unpack, names, keep = _EXPLICIT, _SHORT_NAMES, found.append
    while pos < end:
        if explicit and pos + 8 <= end:  # the common case, in place: a short element that fits
            group, number, code, length = unpack(data, pos)
            vr = names.get(code)
            tag = group << 16 | number
            stop = pos + 8 + length
            if vr is not None and stop <= end and last < tag <= until:
                keep(_MAKE(Element, (tag, vr, pos, pos + 8, stop, stop)))
                last, pos = tag, stop
                continue
        tag = _peek(data, pos, end)
        if tag > until:
            break
        try:
            element = read_element(data, pos, end, explicit, 0)
        except Malformed as problem:
            header = data[pos : pos + 8]
            if found and _is_trailing(tag, last, problem.code, is_text=0 not in header):
                break
            raise
        if tag <= last and found and tag not in DicomDictionary and not (tag >> 16) & 1:
            break
        if tag == 0 and found:
            break
        found.append(element)
        last = max(last, tag)
        pos = element.end
    return found, pos


def _peek(data: bytes, pos: int, end: int) -> int:
    if pos + 4 > end:
        return 0
    group, element = struct.unpack_from("<HH", data, pos)
    return int(group << 16 | element)


def _is_trailing(tag: int, last: int, code: str, *, is_text: bool) -> bool:
    """Tell whether bytes that cannot be read follow the data set, or are a part of it cut short.

    Eight bytes without a zero are no header: the element would be 16 MB or longer.
    """
    if last >= 0x7FE00008 or tag <= last or tag == 0:
        return True
    known = tag in DicomDictionary
    if is_text and code == "length_past_end" and not known:
        return True
    return (
        code in ("bad_vr", "truncated_header", "length_past_end")
        and not known
        and not ((tag >> 16) & 1 and code != "bad_vr")
    )


def encode(tag: int, vr: str, value: bytes, explicit: bool) -> bytes:
    """Encode one element with a defined length; odd values are padded as PS3.5 6.2 says."""
    if len(value) & 1:
        value += b"\0" if vr in ("UI", "OB", "UN") else b" "
    group, element, size = tag >> 16, tag & 0xFFFF, len(value)
    if not explicit:
        return _PACK_IMPLICIT(group, element, size) + value
    if vr in LONG_VRS:
        return _PACK_LONG(group, element, vr.encode(), 0, size) + value
    if size > 0xFFFF:
        return _PACK_LONG(group, element, b"UN", 0, size) + value
    return _PACK_SHORT(group, element, vr.encode(), size) + value


def encode_header(tag: int, vr: str, length: int, explicit: bool) -> bytes:
    """Encode the tag, VR and length of an element whose value is written elsewhere."""
    group, element = tag >> 16, tag & 0xFFFF
    if not explicit:
        return _PACK_IMPLICIT(group, element, length)
    return _PACK_LONG(group, element, vr.encode(), 0, length)


def encode_items(tag: int, contents: list[bytes], explicit: bool) -> bytes:
    """Encode a sequence with defined lengths from the bytes of its items."""
    value = b"".join(_PACK_IMPLICIT(0xFFFE, 0xE000, len(item)) + item for item in contents)
    return encode(tag, "SQ", value, explicit)


def open_part10(data: bytes) -> Part10:
    """Find the data set in the bytes of a file.

    Preamble content is never judged by its bytes.  A file without meta information is accepted
    when the first element can be read in one way only.  Big endian is rewritten as little
    endian and deflated data is inflated under a cap.  Raises Malformed.
    """
    notes: list[str] = []
    if data[128:132] == b"DICM":
        if any(data[:128]):
            notes.append("preamble_not_empty")
        pos = 132
    else:
        notes.append("no_preamble")
        pos = 0
    syntax, pos = _read_meta(data, pos, notes)
    if not syntax:
        explicit = _probe(data, pos)
        syntax = EXPLICIT_LE if explicit else IMPLICIT_LE
        notes.append("no_transfer_syntax")
    if syntax == DEFLATED_LE:
        return Part10(_inflate(data, pos), 0, syntax, True, tuple(notes))
    if syntax == EXPLICIT_BE:
        notes.append("big_endian_rewritten")
        return Part10(_swap(data, pos, len(data), 0), 0, EXPLICIT_LE, True, tuple(notes))
    explicit = syntax != IMPLICIT_LE
    if pos + 8 <= len(data) and _looks_explicit(data, pos) != explicit:
        explicit = _probe(data, pos)
        notes.append("transfer_syntax_contradicts_data")
        if syntax in (IMPLICIT_LE, EXPLICIT_LE):
            syntax = EXPLICIT_LE if explicit else IMPLICIT_LE
    return Part10(data, pos, syntax, explicit, tuple(notes))


def meta_elements(data: bytes, pos: int) -> list[Element]:
    """Return the elements of the file meta information that starts at `pos`.  Raises Malformed."""
    found: list[Element] = []
    size = len(data)
    while pos + 8 <= size and data[pos : pos + 2] == b"\2\0":
        found.append(read_element(data, pos, size, _looks_explicit(data, pos), 0))
        pos = found[-1].end
    return found


def _read_meta(data: bytes, pos: int, notes: list[str]) -> tuple[str, int]:
    syntax = ""
    elements = meta_elements(data, pos)
    for element in elements:
        if element.tag == 0x00020010:
            raw = data[element.value : element.value_end]
            syntax = raw.decode("ascii", "replace").strip("\0 ")
    if not elements:
        notes.append("no_file_meta")
    return syntax, elements[-1].end if elements else pos


def _looks_explicit(data: bytes, pos: int) -> bool:
    return data[pos + 4 : pos + 6] in _VR_NAMES


def _probe(data: bytes, pos: int) -> bool:
    if pos + 8 > len(data):
        raise Malformed("not_dicom")
    tag = _peek(data, pos, len(data))
    if tag >> 16 not in (0x0008, 0x0010) or (tag not in DicomDictionary and tag & 0xFFFF):
        raise Malformed("not_dicom")
    return _looks_explicit(data, pos)


def _inflate(data: bytes, pos: int) -> bytes:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plain = stream.decompress(data[pos:], MAX_INFLATED)
    except zlib.error as problem:
        raise Malformed("bad_deflate") from problem
    if stream.unconsumed_tail:
        raise Malformed("inflates_too_far")
    return plain


def deflate(plain: bytes) -> bytes:
    """Deflate a data set for PS3.5 A.5; the same input gives the same bytes."""
    stream = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = stream.compress(plain) + stream.flush()
    return packed + b"\0" if len(packed) & 1 else packed


def _swap(data: bytes, pos: int, end: int, depth: int) -> bytes:
    """Rewrite explicit big endian elements as explicit little endian, values included."""
    if depth > MAX_DEPTH:
        raise Malformed("too_deep")
    out: list[bytes] = []
    while pos + 8 <= end:
        group, number, code, length = struct.unpack_from(">HH2sH", data, pos)
        tag = group << 16 | number
        if tag == ITEM_END:
            break
        vr, value = _VR_NAMES.get(code), pos + 8
        if vr is None:
            if out and depth == 0:
                break
            raise Malformed("bad_vr")
        if code in _LONG:
            if pos + 12 > end:
                raise Malformed("truncated_header")
            length, value = struct.unpack_from(">I", data, pos + 8)[0], pos + 12
        if vr == "SQ":
            limit = end if length == UNDEFINED else value + length
            contents, pos = _swap_items(data, value, limit, end, depth + 1)
            out.append(encode_items(tag, contents, True))
            continue
        if length == UNDEFINED or value + length > end:
            raise Malformed("length_past_end")
        out.append(encode(tag, vr, _swapped(data[value : value + length], _UNIT.get(vr, 1)), True))
        pos = value + length
    return b"".join(out)


def _swap_items(data: bytes, pos: int, limit: int, end: int, depth: int) -> tuple[list[bytes], int]:
    if limit > end:
        raise Malformed("length_past_end")
    found: list[bytes] = []
    while pos + 8 <= limit:
        group, number, length = struct.unpack_from(">HHI", data, pos)
        tag = group << 16 | number
        if tag == SEQUENCE_END:
            return found, pos + 8
        if tag != ITEM:
            raise Malformed("bad_item")
        if length == UNDEFINED:
            inner_end = _big_endian_item_end(data, pos + 8, limit, depth)
            found.append(_swap(data, pos + 8, inner_end, depth))
            pos = inner_end + 8
        else:
            if pos + 8 + length > limit:
                raise Malformed("length_past_end")
            found.append(_swap(data, pos + 8, pos + 8 + length, depth))
            pos += 8 + length
    return found, pos


def _big_endian_item_end(data: bytes, pos: int, end: int, depth: int) -> int:
    while pos + 8 <= end:
        group, number, code, length = struct.unpack_from(">HH2sH", data, pos)
        if group << 16 | number == ITEM_END:
            return pos
        value = pos + 8
        if code in _LONG:
            length, value = struct.unpack_from(">I", data, pos + 8)[0], pos + 12
        if length == UNDEFINED:
            pos = _swap_items(data, value, end, end, depth + 1)[1]
        else:
            pos = value + length
    raise Malformed("truncated_sequence")


def _swapped(value: bytes, unit: int) -> bytes:
    if unit == 1 or len(value) % unit:
        return value
    out = bytearray(len(value))
    for offset in range(unit):
        out[offset::unit] = value[unit - 1 - offset :: unit]
    return bytes(out)
