"""Files that attack a receiver: one per line of trust §2B and of imaging §9, made here by hand."""

from __future__ import annotations

import functools
import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Final

from pydicom import dcmread
from pydicom.uid import generate_uid

EXPLICIT: Final = "1.2.840.10008.1.2.1"


def _part10(body: bytes, syntax: str = EXPLICIT) -> bytes:
    """File meta of a CT image, then any bytes."""
    meta = b""
    for element, value in ((0x0002, "1.2.840.10008.5.1.4.1.1.2"), (0x0010, syntax)):
        text = value.encode() + b"\0" * (len(value) % 2)
        meta += struct.pack("<HH2sH", 2, element, b"UI", len(text)) + text
    length = struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(meta))
    return bytes(128) + b"DICM" + length + meta + body


def _element(group: int, element: int, vr: str, value: bytes) -> bytes:
    value += b"\0" * (len(value) % 2)
    if vr in {"OB", "OW", "SQ", "UN", "UT"}:
        head = struct.pack("<HH2sHI", group, element, vr.encode(), 0, len(value))
    else:
        head = struct.pack("<HH2sH", group, element, vr.encode(), len(value))
    return head + value


def identifiers(series: str = "1.2.3.4") -> bytes:
    """The identifiers that every object has."""
    return (
        _element(8, 0x16, "UI", b"1.2.840.10008.5.1.4.1.1.2")
        + _element(8, 0x18, "UI", generate_uid().encode())
        + _element(0x20, 0x0D, "UI", b"1.2.3")
        + _element(0x20, 0x0E, "UI", series.encode())
    )


def _nested(depth: int) -> bytes:
    opened = struct.pack("<HH2sHI", 0x40, 0xA730, b"SQ", 0, 0xFFFFFFFF)
    opened += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    closed = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return opened * depth + closed * depth


def _deflated_bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    packed = packer.compress(identifiers())
    block = bytes(1024 * 1024)
    head = struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, 900 * len(block))
    packed += packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    # After a full flush nothing refers back: the same megabyte is the same bytes each time.
    packed += 900 * (packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH))
    return packed + packer.flush()


@functools.cache
def make(good: Path) -> dict[str, bytes]:
    """Return the attacks by name, with the reason code that each must get.

    Args:
        good: a whole image; some attacks are made of it.

    Names read ``<number>-<what>=<code>``; a code of ``*`` is any reason.
    """
    whole = good.read_bytes()
    huge = dcmread(good)
    huge.Rows = huge.Columns = 65535
    wide = io.BytesIO()
    huge.save_as(wide)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.dcm", bytes(64 * 1024 * 1024))
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("inner.zip", bomb.getvalue())
    bad_vr = _part10(identifiers() + struct.pack("<HH2sH", 0x28, 0x10, b"ZZ", 4) + b"abcd")
    long_field = identifiers() + struct.pack("<HH2sHI", 0x21, 0x1010, b"OB", 0, 0xFFFFFFF0) + b"xx"
    return {
        "empty=empty_file": b"",
        "text=not_dicom": b"this is no image at all\r\n" * 20,
        "png=not_dicom": b"\x89PNG\r\n\x1a\n" + bytes(2000),
        "markup=not_dicom": b"<html><script>alert(1)</script></html>" * 40,
        "preamble-only=*": bytes(128) + b"DICM",
        "length-of-4-GiB=length_past_end": _part10(long_field),
        "truncated-in-header=*": whole[:700],
        "truncated-in-pixels=*": whole[: len(whole) - 500],
        "rows-times-columns=*": wide.getvalue(),
        "nested-2000-deep=too_deep": _part10(identifiers() + _nested(2000)),
        "nested-300000-deep=*": _part10(identifiers() + _nested(150_000)),
        "deflated-bomb=*": _part10(_deflated_bomb(), "1.2.840.10008.1.2.1.99"),
        "wrong-vr=bad_vr": bad_vr,
        "no-identifiers=missing_uid": _part10(_element(0x10, 0x10, "PN", b"A^B")),
    }


def harmless(good: Path) -> dict[str, bytes]:
    """Return files that look hostile and hold an image: they are taken, and made harmless."""
    whole = bytearray(good.read_bytes())
    executable = bytes(b"MZ" + b"\x90" * 126) + bytes(whole[128:])
    trailing = bytes(whole) + b"PK\x03\x04" + b"smuggled" * 20
    path = dcmread(good)
    path.SOPInstanceUID = path.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    path.PatientName = "A\x00B\x1b[31m\r\nSet-Cookie: x=<script>alert(1)</script>"
    path.PatientID = "../../../../../tmp/pwned"
    control = io.BytesIO()
    path.save_as(control)
    return {"executable": executable, "trailing": trailing, "control": control.getvalue()}


@functools.cache
def zip_attacks() -> dict[str, bytes]:
    """Return archives by name and reason code."""
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.dcm", bytes(256 * 1024 * 1024))
    within = io.BytesIO()
    with zipfile.ZipFile(within, "w") as archive:
        archive.writestr("inner.zip", bomb.getvalue()[:100_000])
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(10_001):
            archive.writestr(str(number), b"")
    lying = bytearray(bomb.getvalue())
    return {
        "bomb=archive_ratio": bomb.getvalue(),
        "in-zip=archive_in_archive": within.getvalue(),
        "many=too_many_files": many.getvalue(),
        "broken=archive_broken": bytes(lying[: len(lying) // 2]),
    }


def escaping_zip(image: bytes) -> bytes:
    """Return an archive whose names leave the folder, one of them a link; the images are whole."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("../../../../tmp/pwned-by-zip", image)
        link = zipfile.ZipInfo("link.dcm")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return made.getvalue()
