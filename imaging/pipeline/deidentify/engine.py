"""The engine: one file cleaned and written, pixel bytes copied as they are."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from imaging.pipeline import encoding
from imaging.pipeline.deidentify.cleaner import Cleaned, Cleaner, cleaner_for
from imaging.pipeline.deidentify.masking import Mask, apply_masks
from imaging.pipeline.deidentify.plan import DeidPlan
from imaging.pipeline.durable import write_parts
from imaging.pipeline.encoding import Element, Malformed
from imaging.pipeline.reasons import sentence
from imaging.pipeline.travel import travels
from imaging.pipeline.verify import load

# Registered under the UUID arc (PS3.5 B.2); names this software in file meta information.
IMPLEMENTATION_UID: Final = "2.25.214893716650229746528317960517733451822"
IMPLEMENTATION_NAME: Final = "ICRO_DEID_1"

Bytes = bytes | memoryview


class Status(StrEnum):
    """What became of a file."""

    WRITTEN = "written"
    HELD = "held"
    REFUSED = "refused"


@travels
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
    digests: bool = True,
    durable: bool = True,
) -> DeidOutcome:
    """Clean one file into `dst`, fsynced, or say why it was not written.

    `accepted` holds the reason codes of holds that a person has looked at and lifted.
    `sha256_before` is the digest of the receipt, when known; else it is made here.  `masks` are
    blanked in the pixels before anything else, and the file then says so.  With `digests=False`
    the outcome of a written file has none, for callers that keep no proof.  With `durable=False`
    the caller syncs (`SyncGroup`), so that many files wait for the disk at once.  The caller
    renames `dst` into place and syncs the folder.  The same input and plan give the same bytes.
    """
    return deidentify_bytes(
        load(src),
        dst,
        plan=plan,
        accepted=accepted,
        sha256_before=sha256_before,
        masks=masks,
        digests=digests,
        durable=durable,
    )


def deidentify_bytes(
    data: bytes,
    dst: Path,
    *,
    plan: DeidPlan,
    accepted: frozenset[str] = frozenset(),
    sha256_before: str = "",
    masks: tuple[Mask, ...] = (),
    digests: bool = True,
    durable: bool = True,
) -> DeidOutcome:
    """Clean the bytes of one file into `dst`, as `deidentify_file` does."""
    before = sha256_before
    received = data
    cleaner = cleaner_for(plan)
    try:
        if masks:
            data = apply_masks(data, masks)
        found = cleaner.take(data, accepted=accepted)
        if isinstance(found, str):
            return DeidOutcome(Status.HELD, found, sha256_before=before or _digest([received]))
    except Malformed as problem:
        before = before or _digest([received])
        return DeidOutcome(Status.REFUSED, problem.code, sha256_before=before)
    before = before or (_digest([received]) if digests else "")
    return _write(found, cleaner, dst, before, digests=digests, durable=durable)


def _write(
    found: Cleaned, cleaner: Cleaner, dst: Path, before: str, *, digests: bool, durable: bool
) -> DeidOutcome:
    identity, image, warnings = found.judged
    pixels = found.pixels
    uids = [
        cleaner.new_uid(uid) for uid in (identity.study_uid, identity.series_uid, identity.sop_uid)
    ]
    syntax = found.syntax
    notes = list(warnings)
    body: list[Bytes] = [found.head]
    if pixels is not None and found.pixel_element is not None:
        if len(pixels) < image.pixel_length:
            notes.append("pixel_padding_dropped")
        body += _pixel_parts(found, found.pixel_element, pixels)
    body.append(found.tail)
    if syntax == encoding.DEFLATED_LE:
        body = [encoding.deflate(b"".join(body))]
    parts = [file_meta(image.sop_class, uids[2], syntax), *body]
    handle = write_parts(dst, parts)
    try:
        after = _digest(parts) if digests else ""
        pixel_hash = _digest([pixels]) if digests and pixels is not None else ""
        if durable:
            os.fsync(handle)
    finally:
        os.close(handle)
    return DeidOutcome(
        Status.WRITTEN,
        "",
        found.counts,
        before,
        after,
        pixel_hash,
        uids[0],
        uids[1],
        uids[2],
        tuple(notes),
    )


def _pixel_parts(found: Cleaned, element: Element, pixels: memoryview) -> list[Bytes]:
    """The element of the pixel data, encoded; its value as it came."""
    if element.value_end != element.end:
        head = encoding.encode_header(element.tag, "OB", encoding.UNDEFINED, found.explicit_out)
        return [head, pixels, b"\xfe\xff\xdd\xe0\0\0\0\0"]
    padding = b"\0" * (len(pixels) & 1)
    vr = element.vr if element.vr != "UN" else "OW"
    length = len(pixels) + len(padding)
    return [encoding.encode_header(element.tag, vr, length, found.explicit_out), pixels, padding]


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


def _digest(parts: Iterable[Bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
