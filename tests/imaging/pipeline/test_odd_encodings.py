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
from imaging.pipeline.encoding import Malformed
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
    "letters as floating point numbers":
        file_of(element(0x00189322, "FD", b"Kwiatkowska Honorata    ")),
    "letters as whole numbers": file_of(element(0x00189220, "FL", b"Kwiatkowska "),
                                        element(0x00281101, "US", b"Kwiatkowska ")),
    "digits in groups as a decimal": file_of(element(0x00181047, "DS", b"778-120-34")),
    "a number with its zeros": file_of(element(0x00200012, "IS", b"077812034 ")),
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
                   b"778-120-34", CYRILLIC[:5].encode("cp1251"),
                   CYRILLIC[:5].encode("iso8859_5")):  # fmt: skip
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


def named_otherwise(name: str, charset: bytes, codec: str, *extra: bytes) -> bytes:
    """A file of another bearer; the number is too long for an integer of 32 bits."""
    written = file_of(*extra, charset=charset)
    bearer = element(0x00100010, "PN", name.encode(codec).ljust(20))
    written = written.replace(element(0x00100010, "PN", NAME), bearer)
    number = element(0x00100020, "LO", b"17054512345 ")
    return written.replace(element(0x00100020, "LO", b"MRN77812034 "), number)


@pytest.mark.parametrize(
    ("charset", "codec", "written"),
    [(b"ISO_IR 192", "utf-8", "utf-8"), (b"ISO_IR 144", "iso8859_5", "iso8859_5"),
     (b"ISO_IR 144", "iso8859_5", "utf-8"), (b"ISO_IR 144", "iso8859_5", "utf-16-le")],
)  # fmt: skip
def test_a_name_of_another_script_in_a_palette_goes_also_when_it_is_cut(
    tmp_path: Path, charset: bytes, codec: str, written: str
) -> None:
    palette = CYRILLIC.encode(written) + b"\xd0\x1f"[: 2 - len(CYRILLIC.encode(written)) % 2]
    source = named_otherwise(CYRILLIC, charset, codec, element(0x00281201, "OW", palette))
    assert clean(tmp_path, source)[0] == ""
    assert 0x00281201 not in pydicom.dcmread(tmp_path / "out")


def test_nine_digits_of_a_longer_number_are_that_number(tmp_path: Path) -> None:
    source = named_otherwise(
        "Квятковска", b"ISO_IR 192", "utf-8", element(0x00200012, "IS", b"170545123 "),
        element(0x00181150, "IS", b"170545"),
        element(0x00189073, "FD", struct.pack("<d", 170545123)),
    )  # fmt: skip
    assert clean(tmp_path, source)[0] == ""
    output = pydicom.dcmread(tmp_path / "out")
    assert output.AcquisitionNumber is None
    assert output.AcquisitionDuration is None
    assert output.ExposureTime == 170545  # six digits are no identifier by themselves


def test_a_measured_value_that_is_the_patients_number_becomes_zero_as_one_must_stand(
    tmp_path: Path,
) -> None:
    measured = item(
        element(0x0040A30A, "DS", b"77812034")
        + element(0x0040A161, "FD", struct.pack("<d", 77812034))
    )
    other = item(element(0x0040A30A, "DS", b"41.5"))
    source = file_of(element(0x0040A300, "SQ", measured + other))
    assert clean(tmp_path, source)[0] == ""
    first, second = pydicom.dcmread(tmp_path / "out").MeasuredValueSequence
    assert (first.NumericValue, second.NumericValue) == (0, 41.5)
    assert not first.get("FloatingPointValue")


@pytest.mark.parametrize("after", [b"MACANDREW-FOTHERINGHAY", b"Li^Wei and others", b"\0\0MAC1"])
def test_text_after_an_implicit_data_set_is_dropped_whatever_tag_it_looks_like(
    tmp_path: Path, after: bytes
) -> None:
    elements = [
        implicit(0x00080016, REGISTRATION), implicit(0x00080018, b"1.2.3\0"),
        implicit(0x00080060, b"REG "), implicit(0x00100010, NAME), implicit(0x00100020, b"M1"),
        implicit(0x0020000D, b"1.2.30"), implicit(0x0020000E, b"1.2.31"),
    ]  # fmt: skip
    meta = element(0x00020010, "UI", b"1.2.840.10008.1.2\0")
    source = b"\0" * 128 + b"DICM" + meta + b"".join(elements) + after
    code, output = clean(tmp_path, source)
    assert code == ""
    assert after.strip(b"\0")[:6] not in output


def test_a_private_element_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    cut = struct.pack("<HHI", 0x4141, 0x1001, 400) + b"only this"
    elements = [
        implicit(0x00080016, REGISTRATION), implicit(0x00080018, b"1.2.3\0"),
        implicit(0x00100020, b"M1"), implicit(0x0020000D, b"1.2.30"),
        implicit(0x0020000E, b"1.2.31"),
    ]  # fmt: skip
    meta = element(0x00020010, "UI", b"1.2.840.10008.1.2\0")
    source = b"\0" * 128 + b"DICM" + meta + b"".join(elements) + cut
    assert clean_code(tmp_path, source) == "length_past_end"


def clean_code(folder: Path, data: bytes) -> str:
    """The code of a file that is refused when its header is read."""
    (folder / "in").write_bytes(data)
    with pytest.raises(Malformed) as refused:
        read_header(load(folder / "in"))
    return refused.value.code
