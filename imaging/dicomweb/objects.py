"""What the archive keeps of one stored object: attributes, and where frames and large values lie.

Runs in a child process over a clean file; nothing of the pixel data is read but the lengths of
fragments.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from imaging.dicomweb.values import (
    CHARACTER_SET,
    PIXEL_REPRESENTATION,
    Bulk,
    Encoder,
    Walk,
    is_shown,
)
from imaging.pipeline import encoding
from imaging.pipeline.encoding import Element, Part10
from imaging.pipeline.layout import Recognised
from imaging.pipeline.travel import travels
from imaging.pipeline.verify import Header, load, read_header

FILE_META: Final = 0x00020010
OFFSET_TABLE: Final = 0x7FE00001
SOP_INSTANCE: Final = 0x00080018
INSTANCE_NUMBER: Final = 0x00200013
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
        uid = text(SOP_INSTANCE)
        metadata, bulk = self._encoder.encode(
            part10.data, elements, explicit=part10.explicit, uid=uid
        )
        number = text(INSTANCE_NUMBER)
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
            number=_whole(number),
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

    def form(self, known: Recognised, header: Header, like: Described) -> DescribedForm | None:
        """Return what describes files of a layout by what varies; None where that is not all.

        Args:
            known: a file of the layout, with its whole ``header``, as it was described.
        """
        layout, data, explicit = known.layout, known.data, header.part10.explicit
        in_place = layout.syntax in encoding.NATIVE and layout.syntax != encoding.DEFLATED_LE
        if not in_place or not layout.varying.isdisjoint((CHARACTER_SET, PIXEL_REPRESENTATION)):
            return None
        signed = header.raw(PIXEL_REPRESENTATION)[:1] == b"\x01" and not explicit
        charset = header.raw(CHARACTER_SET)
        walk = Walk(data, charset, uid=like.sop_instance_uid, signed=signed)
        shown = [one for one in header.elements if is_shown(one)]
        members = [
            "" if one.tag in layout.varying else self._encoder.member(walk, one, explicit)
            for one in shown
        ]
        if walk.bulk:  # it lies elsewhere where something before it is longer
            return None
        places = [(at, one.tag) for at, one in enumerate(shown) if one.tag in layout.varying]
        return DescribedForm(self._encoder, like, members, places, charset, signed, explicit)


@dataclass(frozen=True, slots=True)
class DescribedForm:
    """What the files of one layout share: their members, and where those that vary stand."""

    encoder: Encoder
    like: Described
    members: list[str]
    places: list[tuple[int, int]]
    charset: bytes
    signed: bool
    explicit: bool

    def describe(self, known: Recognised) -> Described:
        """Describe another file of the layout."""
        like, varying = self.like, known.varying
        uid = _first_of(known.data, varying.get(SOP_INSTANCE), like.sop_instance_uid)
        number = like.number
        if INSTANCE_NUMBER in varying:
            number = _whole(_first_of(known.data, varying[INSTANCE_NUMBER], ""))
        walk = Walk(known.data, self.charset, uid=uid, signed=self.signed)
        members = self.members.copy()
        for at, tag in self.places:
            members[at] = self.encoder.member(walk, varying[tag], self.explicit)
        pixels = next((varying[tag] for tag in encoding.PIXEL_TAGS if tag in varying), None)
        return Described(
            like.sop_class_uid, uid, like.transfer_syntax, number, like.rows, like.columns,
            like.frames, like.bits_allocated,
            pixels.value if pixels is not None and like.pixel_at is not None else None,
            like.frame_bytes, None, "{" + ",".join(members) + "}", walk.bulk,
        )  # fmt: skip


def _text_of(header: Header) -> Any:
    values = {e.tag: e for e in header.elements}
    return lambda tag: _first_of(header.part10.data, values.get(tag), "")


def _first_of(data: bytes, element: Element | None, absent: str) -> str:
    """Return the first value of an element as text."""
    if element is None:
        return absent
    raw = bytes(data[element.value : element.value_end])
    return raw.decode("latin-1").split("\\", maxsplit=1)[0].strip("\0 ")


def _whole(number: str) -> int | None:
    return int(number) if number.lstrip("-").isdigit() and len(number) < 10 else None  # noqa: PLR2004 - the column's range


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
