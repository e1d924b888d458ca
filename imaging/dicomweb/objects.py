"""What the archive keeps of one stored object: attributes, and where frames and large values lie.

Runs in a child process over a clean file; nothing of the pixel data is read but the lengths of
fragments.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from imaging.dicomweb.values import Bulk, Encoder
from imaging.pipeline import encoding
from imaging.pipeline.encoding import Element, Part10
from imaging.pipeline.travel import travels
from imaging.pipeline.verify import Header, load, read_header

FILE_META: Final = 0x00020010
OFFSET_TABLE: Final = 0x7FE00001
_ITEM_HEAD: Final = struct.Struct("<HHI")
# A fragment that begins a codestream: JPEG and JPEG-LS (FF D8), JPEG 2000 (FF 4F), its boxes.
_BEGINNINGS: Final = (b"\xff\xd8", b"\xff\x4f", b"\x00\x00\x00\x0cjP")

Fragment = tuple[int, int]


@travels
@dataclass(frozen=True, slots=True)
class Described:
    """One object. ``pixel_at`` is ``None`` where frames cannot be served as byte ranges."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax: str
    number: int | None
    rows: int
    columns: int
    frames: int
    bits_allocated: int
    pixel_at: int | None
    frame_bytes: int
    fragments: list[list[Fragment]] | None
    metadata: str
    bulk: list[Bulk] = field(default_factory=list)


class Describer:
    """Describes many objects of one series; remembers what they share."""

    def __init__(self) -> None:
        self._encoder = Encoder()

    def describe(self, path: Path) -> Described:
        """Describe a clean file.

        Raises:
            Malformed: it cannot be read as DICOM.
        """
        return self.describe_header(read_header(load(path, whole=False)))

    def describe_header(self, header: Header) -> Described:
        """Describe an opened file."""
        part10, elements = header.part10, list(header.elements)
        text = _text_of(header)
        uid = text(0x00080018)
        metadata, bulk = self._encoder.encode(
            part10.data, elements, explicit=part10.explicit, uid=uid
        )
        number = text(0x00200013)
        in_place = part10.transfer_syntax != encoding.DEFLATED_LE
        pixels = next((e for e in elements if e.tag in encoding.PIXEL_TAGS), None)
        frames = _frames(text(0x00280008)) if pixels else 0
        at, size, fragments = (
            _places(header, pixels, frames) if pixels and in_place else (None, 0, None)
        )
        return Described(
            sop_class_uid=text(0x00080016),
            sop_instance_uid=uid,
            transfer_syntax=part10.transfer_syntax,
            number=int(number) if number.lstrip("-").isdigit() and len(number) < 10 else None,  # noqa: PLR2004 - the column's range
            rows=_short(header, 0x00280010),
            columns=_short(header, 0x00280011),
            frames=frames,
            bits_allocated=_short(header, 0x00280100),
            pixel_at=at,
            frame_bytes=size,
            fragments=fragments,
            metadata=metadata,
            bulk=bulk if in_place else [],
        )


def _text_of(header: Header) -> Any:
    values = {e.tag: e for e in header.elements}

    def text(tag: int) -> str:
        element = values.get(tag)
        if element is None:
            return ""
        raw = bytes(header.part10.data[element.value : element.value_end])
        return raw.decode("latin-1").split("\\", maxsplit=1)[0].strip("\0 ")

    return text


def _short(header: Header, tag: int) -> int:
    return int.from_bytes(header.raw(tag)[:2], "little")


def _frames(text: str) -> int:
    return int(text) if text.isdigit() and 0 < len(text) < 9 and int(text) else 1  # noqa: PLR2004


def _places(
    header: Header, pixels: Element, frames: int
) -> tuple[int | None, int, list[list[Fragment]] | None]:
    """Return where the frames lie: the first and the size of each, or fragments of each."""
    if header.part10.transfer_syntax not in encoding.NATIVE:
        found = frames_of(header.part10, pixels, frames, header.raw(OFFSET_TABLE))
        return (pixels.value, 0, found) if found else (None, 0, None)
    bits = _bits_per_frame(header, pixels.tag)
    if not bits or bits % 8 or bits // 8 * frames > pixels.value_end - pixels.value:
        return None, 0, None
    return pixels.value, bits // 8, None


def _bits_per_frame(header: Header, tag: int) -> int:
    """Bits of one native frame (PS3.5 8.1, PS3.3 C.7.6.3)."""
    bits = {0x7FE00008: 32, 0x7FE00009: 64}.get(tag) or _short(header, 0x00280100)
    samples = _short(header, 0x00280002) or 1
    if header.raw(0x00280004).strip(b"\0 ") == b"YBR_FULL_422" and samples == 3:  # noqa: PLR2004
        samples = 2
    return _short(header, 0x00280010) * _short(header, 0x00280011) * samples * bits


def frames_of(
    part10: Part10, pixels: Element, frames: int, extended: bytes
) -> list[list[Fragment]] | None:
    """Return the fragments of each encapsulated frame, or ``None`` when they cannot be told apart.

    By the offset tables (PS3.5 A.4, PS3.3 C.7.6.3.1.8) or, without them, one fragment per frame or
    by the beginnings of codestreams.
    """
    pieces = _fragments(part10.data, pixels)
    if not pieces:
        return None
    table, pieces = pieces[0], pieces[1:]
    if frames == 1:
        return [pieces] if pieces else None
    if len(pieces) == frames:
        return [[piece] for piece in pieces]
    first = pieces[0][0] - 8 if pieces else 0
    starts: list[int] = []
    if len(extended) == 8 * frames:
        starts = [first + offset for offset in struct.unpack(f"<{frames}Q", extended)]
    elif table[1] == 4 * frames:
        raw = part10.data[table[0] : table[0] + table[1]]
        starts = [first + offset for offset in struct.unpack(f"<{frames}I", raw)]
    else:
        starts = [at - 8 for at, _ in pieces if part10.data[at : at + 8].startswith(_BEGINNINGS)]
    return _grouped(pieces, starts) if len(starts) == frames else None


def _fragments(data: bytes, pixels: Element) -> list[Fragment]:
    found, pos = [], pixels.value
    while pos + 8 <= pixels.value_end:
        _, _, length = _ITEM_HEAD.unpack_from(data, pos)
        found.append((pos + 8, length))
        pos += 8 + length
    return found


def _grouped(pieces: list[Fragment], starts: list[int]) -> list[list[Fragment]] | None:
    grouped: list[list[Fragment]] = []
    known = set(starts)
    for piece in pieces:
        if piece[0] - 8 in known:
            grouped.append([piece])
        elif grouped:
            grouped[-1].append(piece)
        else:
            return None
    return grouped if len(grouped) == len(starts) else None
