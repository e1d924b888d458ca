"""Verify: read the identified header once, refuse what cannot be judged, keep sealed facts.

Nothing of the pixel data is decoded and nothing is allocated from a declared size.  What the
rules need later (true dates and times, weight, scanner, keyed hashes of the original identity)
is kept in `SealedFacts`; the identity itself leaves this stage only inside `Identity`, which the
worker uses for grouping and never stores.
"""

from __future__ import annotations

import hashlib
import hmac
import mmap
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from pydicom._uid_dict import UID_dictionary

from imaging.pipeline import encoding
from imaging.pipeline.encoding import Element, Malformed, Part10
from imaging.pipeline.reasons import sentence
from imaging.pipeline.text import charsets_of, text_of, unknown_charsets
from imaging.pipeline.travel import travels

MAX_HEADER: Final = 64 * 1024 * 1024
MAX_PIXELS: Final = 4 * 1024**3
MAPPED_FROM: Final = 128 * 1024
# Mapping every page at once is cheaper than one fault after another, up to a size.
POPULATED_TO: Final = 64 * 1024 * 1024
_POPULATE: Final = getattr(mmap, "MAP_POPULATE", 0)
_UID: Final = re.compile(r"[0-9.]{1,64}")
_MARKED: Final = frozenset(
    f"1.2.840.10008.1.2.4.{number}"
    for number in (50, 51, 57, 70, 80, 81, 90, 91, 92, 93, 201, 202, 203)
)


@travels
@dataclass(frozen=True, slots=True)
class Identity:
    """Who and what the file says it is, in clear.  Never stored, never logged."""

    patient_id: str
    patient_name: str
    birth_date: str
    sex: str
    study_uid: str
    series_uid: str
    sop_uid: str


@travels
@dataclass(frozen=True, slots=True)
class SealedFacts:
    """Facts that rules may read and people may not: true dates (DICOM text), weight (kg), hashes.

    Hashes are HMAC-SHA256 under the study's key, in hex.
    """

    study_date: str
    study_time: str
    series_date: str
    series_time: str
    acquisition_date: str
    acquisition_time: str
    weight_kg: str
    patient_hash: str
    demographics_hash: str
    study_uid_hash: str
    series_uid_hash: str
    sop_uid_hash: str
    manufacturer: str
    model: str
    serial_hash: str
    software: str


@travels
@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What decides how the file is treated; no identity."""

    sop_class: str
    modality: str
    transfer_syntax: str
    image_type: tuple[str, ...]
    burned_in: str
    rows: int
    columns: int
    frames: int
    instance_number: str
    has_pixels: bool
    pixel_offset: int
    pixel_length: int
    overlay_in_bits: bool


class Judged(NamedTuple):
    """A file that may be cleaned: what it says it is, and what was odd about it."""

    identity: Identity
    image: ImageFacts
    warnings: tuple[str, ...]


@travels
@dataclass(frozen=True, slots=True)
class Verified:
    """A file that can be judged."""

    identity: Identity
    sealed: SealedFacts
    image: ImageFacts
    warnings: tuple[str, ...]


@travels
@dataclass(frozen=True, slots=True)
class Refused:
    """A file that cannot be judged, with the code and the plain sentence of the reason."""

    code: str

    @property
    def sentence(self) -> str:
        return sentence(self.code)


@dataclass(frozen=True, slots=True)
class Header:
    """An opened file and its top-level elements."""

    part10: Part10
    elements: tuple[Element, ...]
    end: int

    def raw(self, tag: int) -> bytes:
        for element in self.elements:
            if element.tag == tag:
                return bytes(self.part10.data[element.value : element.value_end])
        return b""


class TextOf(Protocol):
    """Text of a top-level attribute by tag, empty when absent."""

    def __call__(self, tag: int) -> str: ...


def load(path: Path | str, *, whole: bool = True) -> bytes:
    """Return the bytes of a file; larger files are mapped, not read, so that a header costs a few
    pages.  `whole` says that the pixels will be read too."""
    handle = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(handle).st_size
        if size <= MAPPED_FROM:
            return os.read(handle, size)
        flags = mmap.MAP_SHARED | (_POPULATE if whole and size <= POPULATED_TO else 0)
        return mmap.mmap(handle, 0, flags=flags, prot=mmap.PROT_READ)  # type: ignore[return-value]
    finally:
        os.close(handle)


def read_header(data: bytes) -> Header:
    """Index the file.  Raises Malformed with a reason code."""
    if not data:
        raise Malformed("empty_file")
    if data[128:132] == b"DICM" and len(data) <= 140:
        raise Malformed("truncated_header")
    part10 = encoding.open_part10(data)
    elements, end = encoding.index_file(part10)
    if not elements:
        raise Malformed("truncated_header")
    header_bytes = next((e.start for e in elements if e.tag in encoding.PIXEL_TAGS), end)
    if header_bytes - part10.start > MAX_HEADER and elements[-1].tag in encoding.PIXEL_TAGS:
        raise Malformed("header_too_large")
    return Header(part10, tuple(elements), end)


def verify_file(path: Path, *, key: bytes) -> Verified | Refused:
    """Verify one file (header only).  `key` is the study's key for hashes of identity."""
    try:
        header = read_header(load(path, whole=False))
        check_nesting(header)
        return verify_header(header, key=key)
    except Malformed as problem:
        return Refused(problem.code)
    except RecursionError:
        return Refused("too_deep")


def check_nesting(header: Header) -> None:
    """Follow every sequence to its end.  Raises Malformed when one is cut or nested too deep."""
    part10 = header.part10
    waiting = [(element, part10.explicit, 1) for element in header.elements if element.vr == "SQ"]
    while waiting:
        element, explicit, depth = waiting.pop()
        for start, end in encoding.items(part10.data, element, explicit, depth):
            inner = encoding.index(part10.data, start, end, explicit, depth)
            waiting += [(one, explicit, depth + 1) for one in inner if one.vr == "SQ"]


def verify_header(header: Header, *, key: bytes) -> Verified:
    """Judge an indexed file and seal its facts.  Raises Malformed with a reason code."""
    identity, image, warnings, text = _judge(header)
    return Verified(identity, _sealed(identity, text, key), image, warnings)


def judge_header(header: Header) -> Judged:
    """Judge an indexed file without sealing facts.  Raises Malformed with a reason code."""
    return Judged(*_judge(header)[:3])


def is_uid(text: str) -> bool:
    """Tell whether a text has the signs and the length of a UID (PS3.5 9.1)."""
    return bool(_UID.fullmatch(text))


def _judge(header: Header) -> tuple[Identity, ImageFacts, tuple[str, ...], TextOf]:
    values = {element.tag: element for element in header.elements}
    data = header.part10.data
    raw_charset = header.raw(0x00080005)
    charsets = charsets_of(raw_charset)

    def text(tag: int) -> str:
        element = values.get(tag)
        if element is None:
            return ""
        value = bytes(data[element.value : element.value_end])
        return text_of(value, element.vr, charsets)

    uids = [text(tag).strip() for tag in (0x00080016, 0x00080018, 0x0020000D, 0x0020000E)]
    if not all(uids):
        raise Malformed("missing_uid")
    if UID_dictionary.get(header.part10.transfer_syntax, ("", ""))[1] != "Transfer Syntax":
        raise Malformed("unknown_syntax")
    if len([None for element in header.elements if element[0] in encoding.PIXEL_TAGS]) > 1:
        raise Malformed("pixel_data_twice")
    image = _image_facts(header, values, text)
    _check_pixels(header, values, image)
    warnings = list(header.part10.notes)
    warnings += [f"charset:{name}" for name in unknown_charsets(raw_charset)]
    warnings += ["uid_not_valid"] * (not all(map(is_uid, uids)))
    warnings += ["trailing_bytes"] * (header.end < len(header.part10.data))
    identity = Identity(
        patient_id=text(0x00100020),
        patient_name=text(0x00100010),
        birth_date=text(0x00100030),
        sex=text(0x00100040),
        study_uid=uids[2],
        series_uid=uids[3],
        sop_uid=uids[1],
    )
    return identity, image, tuple(warnings), text


_SERIAL: Final = 0x00181000
# The texts that are sealed: the attributes they come from, and how.
_TEXTS: Final[Mapping[str, tuple[tuple[int, ...], Callable[[TextOf], str]]]] = {
    "study_date": ((0x00080020,), lambda text: text(0x00080020)),
    "study_time": ((0x00080030,), lambda text: text(0x00080030)),
    "series_date": ((0x00080021,), lambda text: text(0x00080021)),
    "series_time": ((0x00080031,), lambda text: text(0x00080031)),
    "acquisition_date": (
        (0x00080022, 0x0008002A),
        lambda text: text(0x00080022) or text(0x0008002A)[:8],
    ),
    "acquisition_time": (
        (0x00080032, 0x0008002A),
        lambda text: text(0x00080032) or text(0x0008002A)[8:],
    ),
    "weight_kg": ((0x00101030,), lambda text: text(0x00101030)),
    "manufacturer": ((0x00080070,), lambda text: text(0x00080070)),
    "model": ((0x00081090,), lambda text: text(0x00081090)),
    "software": ((0x00181020,), lambda text: text(0x00181020)),
}


def _sealed(identity: Identity, text: TextOf, key: bytes) -> SealedFacts:
    return SealedFacts(
        patient_hash=keyed_hash(key, "patient", identity.patient_id),
        demographics_hash=keyed_hash(key, "person", identity.birth_date, identity.sex),
        study_uid_hash=keyed_hash(key, "uid", identity.study_uid),
        series_uid_hash=keyed_hash(key, "uid", identity.series_uid),
        sop_uid_hash=keyed_hash(key, "uid", identity.sop_uid),
        serial_hash=keyed_hash(key, "serial", text(_SERIAL)),
        **{name: read(text) for name, (_, read) in _TEXTS.items()},
    )


def sealed_like(
    like: SealedFacts, identity: Identity, text: TextOf, differ: Collection[int], *, key: bytes
) -> SealedFacts:
    """Seal the facts of a file that has the patient and the series of another.

    `differ` has the tags of the attributes that may be others than in that file; `text` reads the
    attributes of this one.
    """
    again = {
        name: read(text)
        for name, (tags, read) in _TEXTS.items()
        if any(tag in differ for tag in tags)
    }
    if _SERIAL in differ:
        again["serial_hash"] = keyed_hash(key, "serial", text(_SERIAL))
    again["sop_uid_hash"] = keyed_hash(key, "uid", identity.sop_uid)
    return replace(like, **again)


def keyed_hash(key: bytes, purpose: str, *parts: str) -> str:
    """HMAC-SHA256 of the parts for one purpose, hex; empty when every part is empty."""
    if not any(parts):
        return ""
    message = "\x1f".join((purpose, *parts)).encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def _image_facts(header: Header, values: dict[int, Element], text: TextOf) -> ImageFacts:
    pixels = next((values[tag] for tag in sorted(encoding.PIXEL_TAGS) if tag in values), None)
    frames = text(0x00280008)
    return ImageFacts(
        sop_class=text(0x00080016),
        modality=text(0x00080060).upper(),
        transfer_syntax=header.part10.transfer_syntax,
        image_type=tuple(part.strip().upper() for part in text(0x00080008).split("\\") if part),
        burned_in=text(0x00280301).upper(),
        rows=_number(header, values, 0x00280010),
        columns=_number(header, values, 0x00280011),
        frames=_frames(frames),
        instance_number=text(0x00200013),
        has_pixels=pixels is not None,
        pixel_offset=pixels.value if pixels else 0,
        pixel_length=pixels.value_end - pixels.value if pixels else 0,
        overlay_in_bits=_overlay_in_bits(header, values),
    )


def _frames(text: str) -> int:
    """Number of Frames; 1 when absent, 0 when it is not a number (then no size is expected)."""
    text = text.split("\\", maxsplit=1)[0].strip()
    if not text:
        return 1
    return int(text) if text.isdigit() and len(text) < 9 else 0


def _number(header: Header, values: dict[int, Element], tag: int) -> int:
    element = values.get(tag)
    if element is None or element.value_end - element.value < 2:
        return 0
    return int.from_bytes(header.part10.data[element.value : element.value + 2], "little")


def _overlay_in_bits(header: Header, values: dict[int, Element]) -> bool:
    """An overlay plane without data of its own lies in unused bits of the pixels (PS3.5 8.1.2)."""
    groups = {tag >> 16 for tag in values if tag >> 24 == 0x60 and not (tag >> 16) & 1}
    return any(
        group << 16 | 0x3000 not in values
        and (group << 16 | 0x0010 in values or group << 16 | 0x0100 in values)
        for group in groups
    )


def expected_pixel_bytes(header: Header, values: dict[int, Element], image: ImageFacts) -> int:
    """Bytes of native pixel data by PS3.3 C.7.6.3 and PS3.5 8.1; 0 when the header cannot tell."""
    tag = next((tag for tag in encoding.PIXEL_TAGS if tag in values), 0)
    bits = {0x7FE00008: 32, 0x7FE00009: 64}.get(tag) or _number(header, values, 0x00280100)
    samples = _number(header, values, 0x00280002) or 1
    photometric = header.raw(0x00280004).strip(b"\0 ")
    count = image.rows * image.columns * image.frames * samples
    if photometric == b"YBR_FULL_422" and samples == 3:
        count = image.rows * image.columns * image.frames * 2
    return (count * bits + 7) // 8


def _check_pixels(header: Header, values: dict[int, Element], image: ImageFacts) -> None:
    if not image.has_pixels:
        if "Image Storage" in UID_dictionary.get(image.sop_class, ("",))[0]:
            raise Malformed("pixel_data_cut")
        return
    check_pixel_bytes(header.part10.data, image, expected_pixel_bytes(header, values, image))


def check_pixel_bytes(data: bytes, image: ImageFacts, expected: int) -> None:
    """Compare the pixel data with the length that the header states.  Raises Malformed."""
    if expected > MAX_PIXELS:
        raise Malformed("pixel_size_impossible")
    if image.transfer_syntax in encoding.NATIVE:
        if image.pixel_length < expected:
            raise Malformed("pixel_data_short")
    elif image.transfer_syntax in _MARKED and not _ends_with_marker(data, image):
        raise Malformed("codestream_cut")


def _ends_with_marker(data: bytes, image: ImageFacts) -> bool:
    """JPEG, JPEG-LS and JPEG 2000 streams end with FF D9; padding may follow."""
    end = image.pixel_offset + image.pixel_length
    tail = bytes(data[max(image.pixel_offset, end - 64) : end])
    return b"\xff\xd9" in tail


@dataclass(frozen=True, slots=True)
class Group:
    """Files of one series: the study and series by keyed hash, and the numbers of the files."""

    patient_hash: str
    study_uid_hash: str
    series_uid_hash: str
    files: tuple[int, ...]


def group_files(verified: Iterable[tuple[int, SealedFacts]]) -> tuple[Group, ...]:
    """Group file numbers by patient, study and series (keyed hashes), in order of first file."""
    found: dict[tuple[str, str, str], list[int]] = {}
    for number, facts in verified:
        where = (facts.patient_hash, facts.study_uid_hash, facts.series_uid_hash)
        found.setdefault(where, []).append(number)
    return tuple(Group(*where, tuple(files)) for where, files in found.items())
