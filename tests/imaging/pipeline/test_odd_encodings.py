"""Identity where only the encoding hides it: written byte by byte, because no writer makes it."""

from __future__ import annotations

import struct
from pathlib import Path

import pydicom
import pytest

from imaging.pipeline.deidentify import (
    DeidPlan,
    Status,
    Subject,
    TrialValues,
    collect_tokens,
    deidentify_file,
    load_profile,
)
from imaging.pipeline.verifier import OutputVerifier
from imaging.pipeline.verify import load, read_header

NAME = b"Kwiatkowska^Honorata"
LONG = ("OB", "OW", "UN", "SQ", "UT", "UC", "UR", "OF")
CT = b"1.2.840.10008.5.1.4.1.1.2\0"
REGISTRATION = b"1.2.840.10008.5.1.4.1.1.66.1"
EXPLICIT, JPEG = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.4.50"
END = b"\xfe\xff\xdd\xe0\0\0\0\0"
FRAME = b"\1\0" * 256


def element(tag: int, vr: str, value: bytes) -> bytes:
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    if vr in LONG:
        return head + struct.pack("<HI", 0, len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def implicit(tag: int, value: bytes) -> bytes:
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value


def item(value: bytes, *, open_end: bool = False) -> bytes:
    length = 0xFFFFFFFF if open_end else len(value)
    end = b"\xfe\xff\x0d\xe0\0\0\0\0" if open_end else b""
    return struct.pack("<HHI", 0xFFFE, 0xE000, length) + value + end


def open_sequence(tag: int, vr: str, *items: bytes) -> bytes:
    head = struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr.encode(), 0, 0xFFFFFFFF)
    return head + b"".join(items) + END


def file_of(*extra: bytes, charset: bytes = b"ISO_IR 100") -> bytes:
    return whole(extra, REGISTRATION, b"REG ", EXPLICIT, charset)


def image_of(pixels: bytes, syntax: bytes = EXPLICIT) -> bytes:
    numbers = {0x00280002: 1, 0x00280010: 16, 0x00280011: 16, 0x00280100: 16, 0x00280101: 16,
               0x00280102: 15, 0x00280103: 0}  # fmt: skip
    extra = [element(tag, "US", struct.pack("<H", value)) for tag, value in numbers.items()]
    extra.append(element(0x00280004, "CS", b"MONOCHROME2 "))
    return whole(extra, CT, b"CT", syntax, b"ISO_IR 100") + pixels


def whole(
    extra: tuple[bytes, ...] | list[bytes],
    sop_class: bytes,
    modality: bytes,
    syntax: bytes,
    charset: bytes,
) -> bytes:
    elements = [
        element(0x00080005, "CS", charset), element(0x00080016, "UI", sop_class),
        element(0x00080018, "UI", b"1.2.3\0"), element(0x00080060, "CS", modality),
        element(0x00100010, "PN", NAME), element(0x00100020, "LO", b"MRN77812034 "),
        element(0x0020000D, "UI", b"1.2.30"), element(0x0020000E, "UI", b"1.2.31"), *extra,
    ]  # fmt: skip
    elements.sort(key=lambda raw: struct.unpack("<HH", raw[:4]))
    return b"\0" * 128 + b"DICM" + element(0x00020010, "UI", syntax) + b"".join(elements)


def fragments(offsets: bytes, stream: bytes) -> bytes:
    return open_sequence(0x7FE00010, "OB", item(offsets), item(stream))


def comment(text: bytes) -> bytes:
    return b"\xff\xd8\xff\xfe" + struct.pack(">H", len(text) + 2) + text + b"\xff\xda\0\0ab\xff\xd9"


def clean(folder: Path, data: bytes) -> tuple[str, bytes]:
    """The code of the verifier (or of a refusal) and the bytes written."""
    source, output = folder / "in", folder / "out"
    source.write_bytes(data)
    profile = load_profile("trial")
    tokens = collect_tokens(read_header(load(source)), profile)
    plan = DeidPlan(b"k" * 32, profile, Subject("S-001"), TrialValues("SP", "PR"), tokens)
    outcome = deidentify_file(source, output, plan=plan)
    if outcome.status is not Status.WRITTEN:
        return outcome.code, b""
    return OutputVerifier(plan).check(source, output).code, output.read_bytes()


CYRILLIC = "Квятковска"
INSIDE = {
    "a sequence as UN, implicit inside":
        file_of(element(0x00081032, "UN", item(implicit(0x00080104, NAME)))),
    "a sequence as UN, explicit inside":
        file_of(element(0x00081032, "UN", item(element(0x00080104, "LO", NAME)))),
    "a sequence as UN of undefined length":
        file_of(open_sequence(0x00081032, "UN", item(implicit(0x00080104, NAME), open_end=True))),
    "a private sequence of undefined length":
        file_of(element(0x00190010, "LO", b"ACME"),
                open_sequence(0x00191001, "SQ", item(element(0x00100010, "PN", NAME)))),
    "an odd length": file_of(element(0x0008103E, "LO", b"CT Kwiatkowska1")),
    "one attribute twice": file_of(element(0x0008103E, "LO", b"CHEST "),
                                   element(0x0008103E, "LO", b"Kwiatkowska ")),
    "a character set of its own in an item":
        file_of(element(0x00081032, "SQ", item(
            element(0x00080005, "CS", b"ISO_IR 144")
            + element(0x00080104, "LO", CYRILLIC.encode("iso8859_5"))))),
    "a character set that is not declared":
        file_of(element(0x00181210, "SH", CYRILLIC.encode("cp1251")),
                element(0x0008103E, "LO", CYRILLIC.encode("cp1251")), charset=b""),
    "the wrong declared character set":
        file_of(element(0x00181210, "SH", CYRILLIC.encode("iso8859_5"))),
    "a text under a binary VR": file_of(element(0x00181030, "OB", NAME)),
    "a text as UN": file_of(element(0x0008103E, "UN", b"CT " + NAME + b" ")),
    "two values of one attribute": file_of(element(0x00181020, "LO", b"Kwiat\\kowska ")),
    "a longer word": file_of(element(0x00181020, "LO", b"sw_KwiatkowskaH_3 ")),
    "a code string": file_of(element(0x00180015, "CS", b"KWIATKOWSKA ")),
    "a class UID": file_of(element(0x00081150, "UI", b"1.2.77812034")),
    "a time": file_of(element(0x00080030, "TM", b"Kwiatkowska ")),
    "a signature": file_of(element(0xFFFAFFFA, "SQ", item(element(0x04000115, "OB", NAME)))),
    "bytes after the last frame":
        image_of(element(0x7FE00010, "OW", FRAME + NAME.ljust(64))),
}  # fmt: skip


@pytest.mark.parametrize("place", INSIDE)
def test_nothing_survives_and_the_file_goes_on(tmp_path: Path, place: str) -> None:
    code, output = clean(tmp_path, INSIDE[place])
    assert code == ""
    low = output.lower()
    for needle in (b"kwiat", b"kowska", b"honorata", b"77812034", CYRILLIC[:5].lower().encode(),
                   CYRILLIC[:5].encode("cp1251"), CYRILLIC[:5].encode("iso8859_5")):  # fmt: skip
        assert needle.lower() not in low
    assert pydicom.dcmread(tmp_path / "out").PatientID == "S-001"


HELD = {
    "a name in a frame": image_of(element(0x7FE00010, "OW", NAME + FRAME[len(NAME) :])),
    "a name in a second frame that the header does not state":
        image_of(element(0x7FE00010, "OW", FRAME + NAME.ljust(512))),
    "a name in a comment of the codec": image_of(fragments(b"", comment(NAME)), JPEG),
    "an unknown name in a comment of the codec":
        image_of(fragments(b"", comment(b"Hargreaves-Smythe J.")), JPEG),
    "a name in the offset table":
        image_of(fragments(NAME, b"\xff\xd8\xff\xda\0\0ab\xff\xd9"), JPEG),
    "a name after the end of the stream":
        image_of(fragments(b"", b"\xff\xd8\xff\xda\0\0ab\xff\xd9" + NAME), JPEG),
}  # fmt: skip


@pytest.mark.parametrize("place", HELD)
def test_identity_inside_pixel_bytes_holds_the_file(tmp_path: Path, place: str) -> None:
    assert clean(tmp_path, HELD[place])[0] == "identity_left"


def test_a_comment_that_encoders_write_does_not_hold(tmp_path: Path) -> None:
    text = b"LEAD Technologies Inc. V1.01"
    assert clean(tmp_path, image_of(fragments(b"", comment(text)), JPEG))[0] == ""
