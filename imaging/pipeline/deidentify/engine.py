"""The engine: one walk over the header, one decision per element, pixel bytes copied as they are.

Order of decision (PS3.15 E.1, `imaging.md` 7): an attribute that the profile does not name is
removed; then the action of the profile applies; then texts that are kept are cleaned.  Every
sequence is entered, whether the table names it or not.

A decision depends only on the encoded element, its character set and the plan, so it is
remembered by the element's bytes: slices of one series share nearly all of them, and the plan of
the series compiles itself while the first slice is read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from imaging.pipeline import encoding
from imaging.pipeline.deidentify.elements import Effect, ElementRules
from imaging.pipeline.deidentify.holds import hold_reason
from imaging.pipeline.deidentify.masking import Mask, apply_masks
from imaging.pipeline.deidentify.plan import DeidPlan
from imaging.pipeline.deidentify.trial_modules import trial_elements, written_tags
from imaging.pipeline.durable import write_parts
from imaging.pipeline.encoding import Element, Malformed
from imaging.pipeline.reasons import sentence
from imaging.pipeline.text import charsets_of
from imaging.pipeline.verify import (
    Header,
    Identity,
    ImageFacts,
    expected_pixel_bytes,
    judge_header,
    load,
    read_header,
)

# Registered under the UUID arc (PS3.5 B.2); names this software in file meta information.
IMPLEMENTATION_UID: Final = "2.25.214893716650229746528317960517733451822"
IMPLEMENTATION_NAME: Final = "ICRO_DEID_1"
REMEMBERED: Final = 4096
MEMO_ENTRIES: Final = 20_000


class Status(StrEnum):
    """What became of a file."""

    WRITTEN = "written"
    HELD = "held"
    REFUSED = "refused"


class Judged(NamedTuple):
    """A file that may be cleaned: what it says it is, and what was odd about it."""

    identity: Identity
    image: ImageFacts
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeidOutcome:
    """What became of one file.  Digests are SHA-256, hex; `counts` are elements per effect."""

    status: Status
    code: str = ""
    counts: tuple[tuple[str, int], ...] = ()
    sha256_before: str = ""
    sha256_after: str = ""
    pixel_sha256: str = ""
    study_uid: str = ""
    series_uid: str = ""
    sop_uid: str = ""
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        return sentence(self.code) if self.code else ""


def deidentify_file(
    src: Path,
    dst: Path,
    *,
    plan: DeidPlan,
    accepted: frozenset[str] = frozenset(),
    sha256_before: str = "",
    masks: tuple[Mask, ...] = (),
    durable: bool = True,
) -> DeidOutcome:
    """Clean one file into `dst`, fsynced, or say why it was not written.

    `accepted` holds the reason codes of holds that a person has looked at and lifted.
    `sha256_before` is the digest of the receipt, when known; else it is made here.  `masks` are
    blanked in the pixels before anything else, and the file then says so.  With `durable=False`
    the caller syncs (`SyncGroup`), so that many files wait for the disk at once.  The caller
    renames `dst` into place and syncs the folder.  The same input and plan give the same bytes.
    """
    data = load(src)
    before = sha256_before
    received = data
    try:
        if masks:
            data = apply_masks(data, masks)
        header = read_header(data)
        verified = Judged(*judge_header(header))
        code = hold_reason(verified.image, accepted=accepted)
        if code:
            return DeidOutcome(Status.HELD, code, sha256_before=before or _digest([received]))
        return _write(header, verified, dst, plan, before or received, durable=durable)
    except Malformed as problem:
        before = before or _digest([received])
        return DeidOutcome(Status.REFUSED, problem.code, sha256_before=before)


def _write(
    header: Header,
    verified: Judged,
    dst: Path,
    plan: DeidPlan,
    before: str | bytes,
    *,
    durable: bool,
) -> DeidOutcome:
    cleaner = cleaner_for(plan)
    cleaned = cleaner.clean(header, verified)
    pixels = _pixel_view(header, verified)
    uids = [
        plan.new_uid(uid.strip("\0 "))
        for uid in (
            verified.identity.study_uid,
            verified.identity.series_uid,
            verified.identity.sop_uid,
        )
    ]
    syntax = header.part10.transfer_syntax
    meta = file_meta(verified.image.sop_class, uids[2], syntax)
    notes = list(verified.warnings)
    if verified.image.has_pixels and len(pixels) < verified.image.pixel_length:
        notes.append("pixel_padding_dropped")
    body: list[bytes | memoryview] = [cleaned.head]
    if verified.image.has_pixels:
        body += [*_pixel_parts(header, verified, pixels, cleaner.explicit_out(header))]
    body.append(cleaned.tail)
    if syntax == encoding.DEFLATED_LE:
        body = [encoding.deflate(b"".join(body))]
    parts = [meta, *body]
    handle = write_parts(dst, parts)
    try:
        after = _digest(parts)
        pixel_hash = _digest([pixels]) if verified.image.has_pixels else ""
        received = before if isinstance(before, str) else _digest([before])
        if durable:
            os.fsync(handle)
    finally:
        os.close(handle)
    return DeidOutcome(
        Status.WRITTEN,
        "",
        cleaned.counts,
        received,
        after,
        pixel_hash,
        uids[0],
        uids[1],
        uids[2],
        tuple(notes),
    )


def _pixel_view(header: Header, verified: Judged) -> memoryview:
    """The bytes of the pixel data value; native data without what follows the last frame."""
    image = verified.image
    length = image.pixel_length
    if image.has_pixels and image.transfer_syntax in encoding.NATIVE:
        values = {element.tag: element for element in header.elements}
        expected = expected_pixel_bytes(header, values, image)
        expected += expected & 1
        if 0 < expected < length and length % expected:
            length = expected
    return memoryview(header.part10.data)[image.pixel_offset : image.pixel_offset + length]


def _pixel_parts(
    header: Header, verified: Judged, pixels: memoryview, explicit_out: bool
) -> Iterable[bytes | memoryview]:
    element = next(e for e in header.elements if e.tag in encoding.PIXEL_TAGS)
    encapsulated = element.value_end != element.end
    if encapsulated:
        yield encoding.encode_header(element.tag, "OB", encoding.UNDEFINED, explicit_out)
        yield pixels
        yield b"\xfe\xff\xdd\xe0\0\0\0\0"
        return
    padded = len(pixels) + (len(pixels) & 1)
    vr = element.vr if element.vr != "UN" else "OW"
    yield encoding.encode_header(element.tag, vr, padded, explicit_out)
    yield pixels
    if padded != len(pixels):
        yield b"\0"


def file_meta(sop_class: str, sop_uid: str, syntax: str) -> bytes:
    """A new preamble of zeros and new meta information: nothing of the received one is kept."""
    parts = [
        encoding.encode(0x00020001, "OB", b"\0\1", True),
        encoding.encode(0x00020002, "UI", sop_class.encode(), True),
        encoding.encode(0x00020003, "UI", sop_uid.encode(), True),
        encoding.encode(0x00020010, "UI", syntax.encode(), True),
        encoding.encode(0x00020012, "UI", IMPLEMENTATION_UID.encode(), True),
        encoding.encode(0x00020013, "SH", IMPLEMENTATION_NAME.encode(), True),
    ]
    group = b"".join(parts)
    length = encoding.encode(0x00020000, "UL", len(group).to_bytes(4, "little"), True)
    return b"\0" * 128 + b"DICM" + length + group


def _digest(parts: Iterable[bytes | memoryview]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Encoded elements before and after the pixel data, and counts per effect."""

    head: bytes
    tail: bytes
    counts: tuple[tuple[str, int], ...]


Decision = tuple[bytes | None, Effect | tuple[int, ...]]


@dataclass
class _Context:
    """Encoding of the data set being walked, and its memory of decisions."""

    explicit_in: bool
    explicit_out: bool
    charsets: tuple[str, ...]
    memo: dict[bytes, Decision] = field(default_factory=dict)


class Cleaner:
    """Applies one plan; keeps decisions for files that follow."""

    def __init__(self, plan: DeidPlan) -> None:
        self._plan = plan
        self._rules = ElementRules(plan)
        self._contexts: dict[tuple[bool, bool, tuple[str, ...]], _Context] = {}
        self._written = written_tags(plan)
        self._trial = {
            explicit: trial_elements(plan, explicit=explicit) for explicit in (False, True)
        }

    def explicit_out(self, header: Header) -> bool:
        return header.part10.transfer_syntax != encoding.IMPLICIT_LE

    def clean(self, header: Header, verified: Judged) -> Cleaned:
        """Clean the elements of one file.  Raises Malformed."""
        explicit_out = self.explicit_out(header)
        charsets = charsets_of(header.raw(0x00080005))
        context = self._context(header.part10.explicit, explicit_out, charsets)
        counts = [0] * len(Effect)
        top = [
            element
            for element in header.elements
            if element.tag not in self._written and element.tag not in encoding.PIXEL_TAGS
        ]
        counts[Effect.DUMMY] += len(header.elements) - len(top) - verified.image.has_pixels
        found = self._data_set(header.part10.data, top, context, 0, counts)
        found += self._trial[explicit_out]
        found.sort(key=lambda pair: pair[0])
        head = b"".join([piece for tag, piece in found if tag < 0x7FE00008])
        tail = b"".join([piece for tag, piece in found if tag > 0x7FE00010])
        named = tuple((effect.name.lower(), counts[effect]) for effect in Effect if counts[effect])
        return Cleaned(head, tail, named)

    def _context(
        self, explicit_in: bool, explicit_out: bool, charsets: tuple[str, ...]
    ) -> _Context:
        key = (explicit_in, explicit_out, charsets)
        context = self._contexts.get(key)
        if context is None:
            context = self._contexts[key] = _Context(explicit_in, explicit_out, charsets)
        if len(context.memo) > MEMO_ENTRIES:
            context.memo.clear()
        return context

    def _data_set(
        self,
        data: bytes,
        elements: Sequence[Element],
        context: _Context,
        depth: int,
        counts: list[int],
    ) -> list[tuple[int, bytes]]:
        out: list[tuple[int, bytes]] = []
        private: list[Element] = []
        memo = context.memo
        once = {element.tag: element for element in reversed(elements)}
        counts[Effect.REMOVED] += len(elements) - len(once)  # a second value could hide identity
        for element in elements if len(once) == len(elements) else list(once.values())[::-1]:
            if element.tag & 0x10000:
                private.append(element)
                continue
            short = element.end - element.start <= REMEMBERED
            raw = data[element.start : element.end] if short else b""
            decision = memo.get(raw) if short else None
            if decision is None:
                decision = self._decide(data, element, context, depth)
                if short:
                    memo[raw] = decision
            piece, effect = decision
            if type(effect) is tuple:
                for number, amount in enumerate(effect):
                    counts[number] += amount
            else:
                counts[effect] += 1  # type: ignore[index]
            if piece is not None:
                out.append((element.tag, piece))
        if private:
            out += self._rules.private(data, private, context, counts)
        return out

    def _decide(self, data: bytes, element: Element, context: _Context, depth: int) -> Decision:
        if not self._rules.is_sequence(element):
            return self._rules.decide(data, element, context)
        inner = [0] * len(Effect)
        piece = self._sequence(data, element, context, depth, inner)
        return piece, tuple(inner)

    def _sequence(
        self, data: bytes, element: Element, context: _Context, depth: int, counts: list[int]
    ) -> bytes | None:
        treatment = self._rules.sequence_treatment(element.tag)
        if treatment is not None:
            piece, effect = treatment(context.explicit_out)
            counts[effect] += 1
            return piece
        explicit_in = context.explicit_in and element.vr == "SQ"
        inner = [0] * len(Effect)
        try:
            spans = encoding.items(data, element, explicit_in, depth + 1)
            contents = [
                self._item(
                    data, span, context, explicit_in=explicit_in, depth=depth + 1, counts=inner
                )
                for span in spans
            ]
        except Malformed:
            if element.vr == "SQ":
                raise
            counts[Effect.REMOVED] += 1
            return None
        for number, amount in enumerate(inner):
            counts[number] += amount
        if any(end > start for start, end in spans) and not any(contents):
            counts[Effect.REMOVED] += 1
            return None
        return encoding.encode_items(element.tag, contents, context.explicit_out)

    def _item(
        self,
        data: bytes,
        span: tuple[int, int],
        context: _Context,
        *,
        explicit_in: bool,
        depth: int,
        counts: list[int],
    ) -> bytes:
        """Clean one item of a sequence.  Raises Malformed."""
        elements = encoding.index(data, span[0], span[1], explicit_in, depth)
        own = next((e for e in elements if e.tag == 0x00080005), None)
        charsets = context.charsets
        if own is not None:
            charsets = charsets_of(bytes(data[own.value : own.value_end]))
            elements.remove(own)
        nested = self._context(explicit_in, context.explicit_out, charsets)
        pieces = self._data_set(data, elements, nested, depth, counts)
        pieces.sort(key=lambda pair: pair[0])
        return b"".join([piece for _, piece in pieces])


_CLEANERS: dict[str, Cleaner] = {}


def cleaner_for(plan: DeidPlan) -> Cleaner:
    """Return the cleaner of a plan, with what it has learnt in this process."""
    cleaner = _CLEANERS.get(plan.digest)
    if cleaner is None:
        if len(_CLEANERS) >= 16:
            _CLEANERS.pop(next(iter(_CLEANERS)))
        cleaner = _CLEANERS[plan.digest] = Cleaner(plan)
    return cleaner
