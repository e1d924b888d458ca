"""Layouts: what the headers of one series have in common is read once.

Slices of a series differ in a dozen elements.  A layout is learnt from files that were indexed and
judged element by element.  A later file is recognised when every byte outside the elements that
vary is the layout's byte, to the end of the file; then only the elements that vary are read, as
`imaging.pipeline.encoding` reads them.  A file that differs in any other way is not recognised and
goes the long way: a layout saves time and decides nothing.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from imaging.pipeline import encoding
from imaging.pipeline.encoding import PIXEL_TAGS, SHORT_VRS, Element, Malformed
from imaging.pipeline.text import charsets_of, text_of
from imaging.pipeline.verify import (
    MAX_HEADER,
    Header,
    Identity,
    ImageFacts,
    Judged,
    check_pixel_bytes,
    expected_pixel_bytes,
    is_uid,
)

LARGEST_HEADER: Final = 256 * 1024
MOST_LAYOUTS: Final = 64
# Layouts that a file is compared with; series lie in folders, so the last one nearly always fits.
RECENT: Final = 4
# A series whose files have ever other elements is not worth learning.
MOST_LESSONS: Final = 64
_META: Final = 132
_SYNTAX: Final = 0x00020010
_SOP: Final = 0x00080018
_NUMBER: Final = 0x00200013
_CHARSET: Final = 0x00080005
# What a file is judged by, apart from its own UID and number and its pixels: never varies.
_JUDGED_BY: Final = frozenset(
    {0x00080005, 0x00080008, 0x00080016, 0x00080060, 0x00100010, 0x00100020, 0x00100030}
    | {0x00100040, 0x0020000D, 0x0020000E, 0x00280002, 0x00280004, 0x00280008, 0x00280010}
    | {0x00280011, 0x00280100, 0x00280301}
)
_LENGTH: Final = struct.Struct("<H").unpack_from
_MAKE: Final = tuple.__new__


class _Lesson(NamedTuple):
    """One file cut into elements: what all files of a layout share, and the bytes of each."""

    shape: tuple[object, ...]
    elements: tuple[Element, ...]
    values: list[bytes | None]


class _Step(NamedTuple):
    """Bytes that never vary, up to and with the marks (tag, VR) of an element that does."""

    run: bytes
    marks: int
    tag: int
    vr: str
    explicit: bool
    short: bool


@dataclass(frozen=True, slots=True)
class Recognised:
    """A file of a known layout: the elements that vary, by tag, and what the file was judged."""

    layout: Layout
    data: bytes
    varying: dict[int, Element]
    judged: Judged

    def text(self, tag: int) -> str:
        """Text of a top-level attribute, empty when absent."""
        element = self.varying.get(tag)
        if element is None:
            value, vr = self.layout.constant(tag), encoding.dictionary_vr(tag)
        else:
            value, vr = bytes(self.data[element.value : element.value_end]), element.vr
        return text_of(value, vr, charsets_of(self.layout.constant(_CHARSET)))


class Layout:
    """The header of one series.

    `expected` is the length of native pixels by the header, in bytes.  `memory` belongs to the
    user of the layout and is empty again when the layout has changed.
    """

    def __init__(self, header: Header, judged: Judged, lesson: _Lesson) -> None:
        values = {element.tag: element for element in header.elements}
        self.syntax = header.part10.transfer_syntax
        self.expected = expected_pixel_bytes(header, values, judged.image)
        self.memory: Any = None
        self.explicit = header.part10.explicit
        self._judged = judged
        self._shape = lesson.shape
        self._first = header.elements[0].tag
        self._lead = bytes(header.part10.data[: lesson.elements[0].start])
        self._elements = lesson.elements
        self._values = lesson.values
        self._steps, self._tail = self._compiled()

    @property
    def varying(self) -> frozenset[int]:
        """Tags of the elements that vary."""
        return frozenset(step.tag for step in self._steps)

    def constant(self, tag: int) -> bytes:
        """The value of an element that never varies; empty when the layout has none."""
        for element, raw in zip(self._elements, self._values, strict=True):
            if element.tag == tag and raw is not None:
                return raw[element.value - element.start : element.value_end - element.start]
        return b""

    def learn(self, lesson: _Lesson) -> bool:
        """Learn from one more file what varies; tell whether it was a file of this layout."""
        if lesson.shape != self._shape:
            return False
        pairs = zip(self._values, lesson.values, strict=True)
        values = [one if one == other else None for one, other in pairs]
        if values != self._values:
            self._values, self.memory = values, None
            self._steps, self._tail = self._compiled()
        return True

    def is_usable(self) -> bool:
        """Tell whether a file can be recognised by what does not vary alone."""
        # The length of an implicit element can look like a VR.
        first = frozenset() if self.explicit else frozenset({self._first})
        return self.varying.isdisjoint(_JUDGED_BY | first | {_SYNTAX})

    def _compiled(self) -> tuple[tuple[_Step, ...], bytes]:
        steps: list[_Step] = []
        run = self._lead
        for element, value in zip(self._elements, self._values, strict=True):
            if value is not None:
                run += value
                continue
            explicit = self.explicit or element.tag >> 16 == 2
            marks = 4
            run += struct.pack("<HH", element.tag >> 16, element.tag & 0xFFFF)
            if explicit:
                # A sequence of undefined length that came as UN keeps that VR.
                run += element.vr.encode()
                marks = 6
            short = explicit and element.vr in SHORT_VRS
            steps.append(_Step(run, marks, element.tag, element.vr, explicit, short))
            run = b""
        return tuple(steps), run

    def find(self, data: bytes) -> dict[int, Element] | None:
        """Return the elements of a file that vary, or None for a file of another layout."""
        size = len(data)
        found: dict[int, Element] = {}
        pos = 0
        for run, marks, tag, vr, explicit, short in self._steps:
            stop = pos + len(run)
            if data[pos:stop] != run:
                return None
            if short:
                if stop + 2 > size:
                    return None
                pos = stop + 2 + _LENGTH(data, stop)[0]
                if pos > size:
                    return None
                found[tag] = _MAKE(Element, (tag, vr, stop - 6, stop + 2, pos, pos))
                continue
            try:
                element = encoding.read_element(data, stop - marks, size, explicit, 0)
            except Malformed:
                return None
            if element.vr != vr or element.start > MAX_HEADER:
                return None
            found[tag] = element
            pos = element.end
        if size - pos != len(self._tail) or data[pos:] != self._tail:
            return None
        return found

    def judge(self, data: bytes, varying: dict[int, Element]) -> Judged | None:
        """Judge a file of this layout; None when it must be judged element by element."""
        identity, image, warnings = self._judged
        sop, number = identity.sop_uid, image.instance_number
        element = varying.get(_SOP)
        if element is not None:
            sop = _plain(data, element)
            if not is_uid(sop):
                return None
        element = varying.get(_NUMBER)
        if element is not None:
            number = _plain(data, element)
            if not number.isascii() or "\x1b" in number:
                return None
        pixels = next((varying[tag] for tag in PIXEL_TAGS if tag in varying), None)
        judged = Judged(
            Identity(
                identity.patient_id, identity.patient_name, identity.birth_date, identity.sex,
                identity.study_uid, identity.series_uid, sop,
            ),
            ImageFacts(
                image.sop_class, image.modality, image.transfer_syntax, image.image_type,
                image.burned_in, image.rows, image.columns, image.frames, number,
                image.has_pixels, pixels.value if pixels else 0,
                pixels.value_end - pixels.value if pixels else 0, image.overlay_in_bits,
            ),
            warnings,
        )  # fmt: skip
        if pixels is not None:
            try:
                check_pixel_bytes(data, judged.image, self.expected)
            except Malformed:
                return None
        return judged


def _plain(data: bytes, element: Element) -> str:
    return data[element.value : element.value_end].decode("latin-1").strip("\0 ")


class Layouts:
    """The layouts that one process has learnt."""

    def __init__(self) -> None:
        self._known: dict[bytes, Layout] = {}
        self._lessons: dict[bytes, int] = {}
        self._recent: deque[Layout] = deque(maxlen=RECENT)

    def recognise(self, data: bytes) -> Recognised | None:
        """Return what is to be known of a file whose layout was learnt, else None."""
        for layout in self._recent:
            varying = layout.find(data)
            if varying is None:
                continue
            judged = layout.judge(data, varying)
            if judged is None:
                return None
            if layout is not self._recent[0]:
                self._leave(layout)
                self._recent.appendleft(layout)
            return Recognised(layout, data, varying, judged)
        return None

    def learn(self, header: Header, judged: Judged) -> None:
        """Learn the layout of a file that was read and judged element by element."""
        key = _key(header)
        lessons = self._lessons[key] = self._lessons.get(key, 0) + 1
        if lessons == 1 or lessons > MOST_LESSONS:  # a series of one file needs no layout
            self._forget_some()
            return
        lesson = _lesson(header, judged)
        if lesson is None:
            self._lessons[key] = MOST_LESSONS
            return
        layout = self._known.get(key)
        if layout is None or not layout.learn(lesson):
            if layout is not None:
                self._leave(layout)
            self._known[key] = layout = Layout(header, judged, lesson)
        self._leave(layout)
        if layout.is_usable():
            self._recent.appendleft(layout)

    def _leave(self, layout: Layout) -> None:
        if layout in self._recent:
            self._recent.remove(layout)

    def _forget_some(self) -> None:
        if len(self._lessons) > MOST_LAYOUTS:
            oldest = next(iter(self._lessons))
            del self._lessons[oldest]
            self._known.pop(oldest, None)


def _key(header: Header) -> bytes:
    """What one series is judged by, as bytes."""
    data = header.part10.data
    return b"".join([bytes(data[e.start : e.end]) for e in header.elements if e[0] in _JUDGED_BY])


def _lesson(header: Header, judged: Judged) -> _Lesson | None:
    """Cut a file into elements; None when it is not its elements alone, or not plain."""
    part10, data = header.part10, header.part10.data
    if part10.start < _META or data[128:_META] != b"DICM" or header.end != len(data):
        return None
    meta = encoding.meta_elements(data, _META)
    elements = (*meta, *header.elements)
    tags = [element.tag for element in elements]
    explicit = all(data[e.start + 4 : e.start + 6] == e.vr.encode() for e in meta)
    once = len(set(tags)) == len(tags)
    if not meta or not explicit or not once or "uid_not_valid" in judged.warnings:
        return None
    pixels = judged.image.pixel_length if judged.image.has_pixels else 0
    if len(data) - pixels > LARGEST_HEADER:
        return None
    values = [
        None if element.tag in PIXEL_TAGS else bytes(data[element.start : element.end])
        for element in elements
    ]
    known = (part10.transfer_syntax, part10.explicit, part10.notes, judged.warnings)
    shape = (*known, bytes(data[:_META]), *((element.tag, element.vr) for element in elements))
    return _Lesson(shape, elements, values)
