"""The verifier's own way through the bytes of a file.

It walks from element to element and keeps each as bytes.  Of a series whose files have passed, it
remembers which bytes the pairs of source and output share; of a later pair only the rest is looked
at, when every shared byte is there, in both files, up to their ends.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from collections import deque
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

from pydicom.filereader import read_sequence

_PIXELS: Final = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_LONG: Final = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_SHORT: Final = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_KNOWN_VRS: Final = _LONG | _SHORT
_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
_DEFLATED: Final = "1.2.840.10008.1.2.1.99"
_SERIES: Final = 0x0020000E
MAPPED_FROM: Final = 128 * 1024
# What is remembered: series, pairs that a new one is compared with, bytes of a header, and files
# of one series that may each teach something new.
MOST_SERIES: Final = 64
RECENT: Final = 4
LARGEST_HEADER: Final = 256 * 1024
MOST_LESSONS: Final = 64


class Piece(NamedTuple):
    """One element of a data set as bytes: `head` bytes of tag, VR and length, then the value."""

    tag: int
    vr: bytes
    raw: bytes
    value: bytes


class Seen:
    """What every file has, however it was cut; `encapsulated` pixels lie in fragments."""

    def __init__(self, *, explicit: bool, big_endian: bool) -> None:
        self.explicit = explicit
        self.big_endian = big_endian
        self.pixels: memoryview | None = None
        self.pixel_vr = b""
        self.encapsulated = False


class Opened(Seen):
    """A file cut into top-level elements; pixel data apart."""

    def __init__(self, data: bytes) -> None:
        pos, syntax = _after_meta(data)
        self.syntax = syntax
        self.tail = False
        self.pixel_tag = 0
        self.pixels_after = 0
        if syntax == _DEFLATED:
            data, pos = zlib.decompressobj(-15).decompress(data[pos:], 1 << 29), 0
        explicit = data[pos + 4 : pos + 6] in _KNOWN_VRS
        super().__init__(explicit=explicit, big_endian=syntax == _BIG_ENDIAN)
        self._data = data
        self.pieces = self._walk(pos)

    def _walk(self, pos: int) -> list[Piece]:
        data, size, order = self._data, len(self._data), ">" if self.big_endian else "<"
        short = struct.Struct(order + "HH2sH").unpack_from
        plain = struct.Struct(order + "HHI").unpack_from
        pieces: list[Piece] = []
        previous = 0
        explicit, make, keep = self.explicit, tuple.__new__, pieces.append
        while pos + 8 <= size:
            if explicit:
                group, number, vr, length = short(data, pos)
                start = pos + 8
                if vr in _SHORT and start + length <= size and (group or number):
                    tag, stop = group << 16 | number, start + length
                    raw = data[pos:stop]
                    keep(make(Piece, (tag, vr, raw, raw[8:])))
                    previous, pos = tag, stop
                    continue
                if vr in _LONG and pos + 12 <= size:
                    length = struct.unpack_from(order + "I", data, pos + 8)[0]
                    start = pos + 12
            else:
                group, number, length = plain(data, pos)
                vr, start = b"", pos + 8
            tag = group << 16 | number
            bad = tag == 0 or (self.explicit and vr not in _KNOWN_VRS)
            if length == 0xFFFFFFFF and not bad:
                end, stop = self._undefined(tag, vr, start)
            else:
                end = stop = start + length
            if bad or stop > size or (tag < previous and tag == 0):
                self.tail = True
                return pieces
            if tag in _PIXELS:
                self.pixels, self.pixel_vr = memoryview(data)[start:end], vr
                self.encapsulated = stop != end
                self.pixels_after = len(pieces)
                self.pixel_tag = tag
            else:
                pieces.append(Piece(tag, vr, data[pos:stop], data[start:end]))
            previous, pos = tag, stop
        self.tail = pos < size
        return pieces

    def _undefined(self, tag: int, vr: bytes, start: int) -> tuple[int, int]:
        """End of a value of undefined length: fragments by their lengths, items with pydicom."""
        data = self._data
        if tag in _PIXELS:
            return _fragments(data, start)
        stream = BytesIO(data[start:])
        implicit = not self.explicit or vr == b"UN"
        read_sequence(stream, implicit, not self.big_endian, 0xFFFFFFFF, ["utf8"])
        stop = start + stream.tell()
        return stop - 8, stop


def _fragments(data: bytes, pos: int) -> tuple[int, int]:
    """Where encapsulated pixel data end, without and with their delimiter."""
    while data[pos : pos + 4] == b"\xfe\xff\x00\xe0":
        pos += 8 + int(struct.unpack_from("<I", data, pos + 4)[0])
    return pos, pos + 8


def bytes_of(path: Path) -> bytes:
    """Return the bytes of a file; larger files are mapped."""
    handle = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(handle).st_size
        if size <= MAPPED_FROM:
            return os.read(handle, size)
        flags = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)
        return mmap.mmap(handle, 0, flags=flags, prot=mmap.PROT_READ)  # type: ignore[return-value]
    finally:
        os.close(handle)


def _after_meta(data: bytes) -> tuple[int, str]:
    pos = 132 if data[128:132] == b"DICM" else 0
    syntax = ""
    while data[pos : pos + 2] == b"\x02\x00":
        vr = data[pos + 4 : pos + 6]
        if vr in _LONG:
            start, length = pos + 12, struct.unpack_from("<I", data, pos + 8)[0]
        elif vr in _KNOWN_VRS:
            start, length = pos + 8, struct.unpack_from("<H", data, pos + 6)[0]
        else:
            start, length = pos + 8, struct.unpack_from("<I", data, pos + 4)[0]
        if data[pos : pos + 4] == b"\x02\x00\x10\x00":
            syntax = data[start : start + length].decode("latin-1").strip("\0 ")
        pos = start + length
    return pos, syntax


class Partly(Seen):
    """A file of which all but `varying` is known, by tag."""

    def __init__(self, *, explicit: bool) -> None:
        super().__init__(explicit=explicit, big_endian=False)
        self.varying: dict[int, Piece] = {}


class _Gap(NamedTuple):
    """An element that varies, after bytes that do not, its own tag and VR included."""

    before: bytes
    tag: int
    vr: bytes


class _Mould:
    """The elements that the files of a series share."""

    def __init__(self, opened: Opened) -> None:
        self._syntax = opened.syntax
        self._explicit = opened.explicit
        self._tags = [(piece.tag, piece.vr) for piece in opened.pieces]
        self._shared: list[Piece | None] = list(opened.pieces)
        if opened.pixels is not None:
            self._tags.insert(opened.pixels_after, (opened.pixel_tag, opened.pixel_vr))
            self._shared.insert(opened.pixels_after, None)
        self.tags = frozenset(piece.tag for piece in opened.pieces)
        self._cut()

    def narrow(self, opened: Opened) -> None:
        """Keep what one more file shares, whose elements have the same tags in the same order."""
        pieces = iter(opened.pieces)
        for number, (tag, _) in enumerate(self._tags):
            piece = None if tag in _PIXELS else next(pieces)
            shared = self._shared[number]
            if shared is not None and shared != piece:
                self._shared[number] = None
        self._cut()

    def shared(self) -> dict[int, Piece]:
        return {piece.tag: piece for piece in self._shared if piece is not None}

    def _cut(self) -> None:
        self._gaps: list[_Gap] = []
        run = b""
        for (tag, vr), piece in zip(self._tags, self._shared, strict=True):
            if piece is not None:
                run += piece.raw
                continue
            run += struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr
            self._gaps.append(_Gap(run, tag, vr))
            run = b""
        self._end = run

    def fit(self, data: bytes) -> Partly | None:
        """Return what varies in a file; None when any other byte is not the one shared."""
        pos, syntax = _after_meta(data)
        # Without VRs the first length decides how a file is read, so it must be a known one.
        if syntax != self._syntax or (self._shared[0] is None and not self._explicit):
            return None
        found = Partly(explicit=self._explicit)
        size, marks = len(data), 6 if self._explicit else 4
        for before, tag, vr in self._gaps:
            at = pos + len(before)
            if data[pos:at] != before or at + 6 > size:
                return None
            if vr in _SHORT:
                length, start = struct.unpack_from("<H", data, at)[0], at + 2
            elif vr:
                length, start = struct.unpack_from("<I", data, at + 2)[0], at + 6
            else:
                length, start = struct.unpack_from("<I", data, at)[0], at + 4
            end = stop = start + length
            if length == 0xFFFFFFFF:
                if tag not in _PIXELS:
                    return None
                end, stop = _fragments(data, start)
            if stop > size:
                return None
            if tag in _PIXELS:
                found.pixels, found.pixel_vr = memoryview(data)[start:end], vr
                found.encapsulated = stop != end
            else:
                found.varying[tag] = Piece(tag, vr, data[at - marks : stop], data[start:end])
            pos = stop
        return found if data[pos:] == self._end else None


class _Pair:
    """Source and output of a series."""

    def __init__(self, before: Opened, after: Opened) -> None:
        self.source = _Mould(before)
        self.output = _Mould(after)
        self._look()

    def narrow(self, before: Opened, after: Opened) -> None:
        self.source.narrow(before)
        self.output.narrow(after)
        self._look()

    def _look(self) -> None:
        self.of_source = self.source.shared()
        self.of_output = self.output.shared()


class Known(NamedTuple):
    """A pair of files of a known series: what varies in each, and what the series shares."""

    before: Partly
    after: Partly
    pair: _Pair

    def origin(self, tag: int) -> Piece | None:
        """The element of the source with this tag."""
        return self.before.varying.get(tag) or self.pair.of_source.get(tag)


class KnownPairs:
    """Series whose pairs have passed."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], _Pair] = {}
        self._lessons: dict[tuple[object, ...], int] = {}
        self._recent: deque[_Pair] = deque(maxlen=RECENT)

    def recognise(self, source: bytes, output: bytes) -> Known | None:
        """Return what varies in a pair of a known series; None when it is none."""
        for pair in self._recent:
            before = pair.source.fit(source)
            after = pair.output.fit(output) if before is not None else None
            if before is not None and after is not None:
                self._to_front(pair)
                return Known(before, after, pair)
        return None

    def learn(self, before: Opened, after: Opened) -> None:
        """Learn from a pair that was walked and has passed."""
        shapes = [_shape(before), _shape(after)]
        series = next((piece.raw for piece in before.pieces if piece.tag == _SERIES), b"")
        key = (series, *shapes)
        lessons = self._lessons[key] = self._lessons.get(key, 0) + 1
        if lessons == 1:  # a series of one file is never seen again
            if len(self._lessons) > MOST_SERIES:
                oldest = next(iter(self._lessons))
                del self._lessons[oldest]
                self._known.pop(oldest, None)
            return
        if None in shapes or lessons > MOST_LESSONS:
            return
        if key in self._known:
            self._known[key].narrow(before, after)
        else:
            self._known[key] = _Pair(before, after)
        self._to_front(self._known[key])

    def _to_front(self, pair: _Pair) -> None:
        if self._recent and self._recent[0] is pair:
            return
        if pair in self._recent:
            self._recent.remove(pair)
        self._recent.appendleft(pair)


def _shape(opened: Opened) -> tuple[object, ...] | None:
    """The order of a file's elements; None for a file that is not walked in its own bytes."""
    tags = [(piece.tag, piece.vr) for piece in opened.pieces]
    size = sum(len(piece.raw) for piece in opened.pieces)
    plain = not opened.big_endian and opened.syntax != _DEFLATED and not opened.tail
    if not plain or not tags or len(dict(tags)) != len(tags) or size > LARGEST_HEADER:
        return None
    return (opened.syntax, opened.explicit, opened.pixel_tag, opened.pixels_after, *tags)
