"""Stored objects as they are sent: whole, with another header, or in frames.

Pixels are never decoded. A blinded or re-encoded object is a new header and the byte range of the
stored pixels (PS3.10 7.1).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from imaging.dicomweb.blinding import BlindedView, explicit_header
from imaging.dicomweb.values import Encoder
from imaging.models import InstanceIndex
from imaging.pipeline import encoding
from imaging.pipeline.verify import Header, read_header
from imaging.storage import research

IMPLEMENTATION_CLASS: Final = b"2.25.262341917413520916418471624851327046"
IMPLEMENTATION_NAME: Final = b"ICRO_DICOMWEB_1"
_META: Final = 0x00020000
_DELIMITER: Final = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


@dataclass(frozen=True, slots=True)
class Sent:
    """An object as it is sent: how many bytes, and the bytes."""

    size: int
    chunks: Iterator[bytes]


def pixels_of(row: InstanceIndex) -> tuple[int, str, int, int] | None:
    """Return tag, VR, offset and length of the stored pixel data, if there are any."""
    for path, vr, at, length in row.bulk:
        if "/" not in path and int(path, 16) in encoding.PIXEL_TAGS:
            return int(path, 16), vr, at, length
    return None


def sent_syntax(row: InstanceIndex) -> str:
    """Return the transfer syntax in which an object is sent: never implicit, never deflated."""
    native = row.transfer_syntax in encoding.NATIVE
    return encoding.EXPLICIT_LE if native else row.transfer_syntax


def whole(row: InstanceIndex, view: BlindedView | None) -> Sent:
    """Return an object to send: as stored where that is allowed, else under a new header."""
    if view is None and row.transfer_syntax == sent_syntax(row):
        return Sent(row.size, research().parts(row.sha256, 0, row.size))
    return _with_new_header(row, view)


def whole_header(row: InstanceIndex, view: BlindedView | None = None) -> tuple[bytes, bytes]:
    """Return file meta information and data set without pixels, as they are sent."""
    return _new_header(row, header_of(row), view)


def _new_header(
    row: InstanceIndex, header: Header, view: BlindedView | None
) -> tuple[bytes, bytes]:
    part10 = header.part10
    plain = explicit_header(part10.data, header.elements, explicit=part10.explicit, view=view)
    return _file_meta(row), plain


def _with_new_header(row: InstanceIndex, view: BlindedView | None) -> Sent:
    header = header_of(row)
    start = b"".join(_new_header(row, header, view))
    pixels = pixels_of(row)
    if row.transfer_syntax == encoding.DEFLATED_LE:
        body = _inflated_pixels(header)
        return Sent(len(start) + len(body), iter((start, body)))
    if pixels is None:
        return Sent(len(start), iter((start,)))
    tag, vr, at, length = pixels
    encapsulated = row.transfer_syntax not in encoding.NATIVE
    declared = encoding.UNDEFINED if encapsulated else length
    start += encoding.encode_header(tag, "OB" if encapsulated else vr, declared, True)
    end = _DELIMITER if encapsulated else b""

    def chunks() -> Iterator[bytes]:
        yield start
        yield from research().parts(row.sha256, at, length)
        yield end

    return Sent(len(start) + length + len(end), chunks())


def _inflated_pixels(header: Header) -> bytes:
    for element in header.elements:
        if element.tag in encoding.PIXEL_TAGS:
            raw = bytes(header.part10.data[element.value : element.value_end])
            return encoding.encode(element.tag, element.vr, raw, True)
    return b""


def _file_meta(row: InstanceIndex) -> bytes:
    values = (
        (0x00020001, "OB", b"\0\1"),
        (0x00020002, "UI", row.sop_class_uid.encode()),
        (0x00020003, "UI", row.sop_instance_uid.encode()),
        (0x00020010, "UI", sent_syntax(row).encode()),
        (0x00020012, "UI", IMPLEMENTATION_CLASS),
        (0x00020013, "SH", IMPLEMENTATION_NAME),
    )
    body = b"".join(encoding.encode(tag, vr, value, True) for tag, vr, value in values)
    length = encoding.encode(_META, "UL", struct.pack("<I", len(body)), True)
    return b"\0" * 128 + b"DICM" + length + body


def header_of(row: InstanceIndex) -> Header:
    """Read the header of a stored object; the pixels are read only from a deflated one."""
    store = research()
    if row.transfer_syntax == encoding.DEFLATED_LE:
        return read_header(store.read(row.sha256))
    pixels = pixels_of(row)
    data = store.part(row.sha256, 0, pixels[2] if pixels else row.size)
    part10 = encoding.open_part10(data)
    elements, end = encoding.index_file(part10, until=0x7FE00007)
    return Header(part10, tuple(elements), end)


def blinded_metadata(row: InstanceIndex, view: BlindedView, encoder: Encoder) -> str:
    """Return the DICOM JSON of an object as a blinded person gets it."""
    header = header_of(row)
    part10 = header.part10
    plain = explicit_header(part10.data, header.elements, explicit=part10.explicit, view=view)
    elements = encoding.index(plain, 0, len(plain), True)
    text, _ = encoder.encode(plain, elements, explicit=True, uid=row.sop_instance_uid)
    pixels = pixels_of(row)
    tag, vr = (f"{pixels[0]:08X}", pixels[1]) if pixels else ("7FE00010", "OW")
    address = f"@base@/instances/{row.sop_instance_uid}/bulkdata/{tag}"
    return f'{text[:-1]},"{tag}":{{"vr":"{vr}","BulkDataURI":"{address}"}}}}'


def frame(row: InstanceIndex, number: int) -> bytes:
    """Return one frame (counted from 1), as stored.

    Raises:
        LookupError: the object has no such frame, or its frames cannot be told apart.
    """
    if not 1 <= number <= row.frames:
        raise LookupError(number)
    store = research()
    if row.fragments is not None:
        pieces = row.fragments[number - 1]
        return b"".join(store.part(row.sha256, at, length) for at, length in pieces)
    if row.pixel_at is not None and row.frame_bytes:
        return store.part(
            row.sha256, row.pixel_at + (number - 1) * row.frame_bytes, row.frame_bytes
        )
    return _frame_by_reading(row, number)


def _frame_by_reading(row: InstanceIndex, number: int) -> bytes:
    """Return a frame of a deflated object, or one that does not begin at a byte (PS3.5 8.1.1)."""
    if row.transfer_syntax not in encoding.NATIVE:
        raise LookupError(number)
    header = read_header(research().read(row.sha256))
    pixels = next(e for e in header.elements if e.tag in encoding.PIXEL_TAGS)
    data = header.part10.data[pixels.value : pixels.value_end]
    bits = _frame_bits(header)
    first, last = (number - 1) * bits, number * bits
    if last > len(data) * 8:
        raise LookupError(number)
    if first % 8 == 0 and bits % 8 == 0:
        return bytes(data[first // 8 : last // 8])
    packed = np.frombuffer(data[first // 8 : -(-last // 8)], np.uint8)
    flat = np.unpackbits(packed, bitorder="little")[first % 8 : first % 8 + bits]
    return np.packbits(flat, bitorder="little").tobytes()


def _frame_bits(header: Header) -> int:
    def short(tag: int) -> int:
        return int.from_bytes(header.raw(tag)[:2], "little")

    samples = short(0x00280002) or 1
    return short(0x00280010) * short(0x00280011) * samples * short(0x00280100)
