"""Identity in every attribute, script, syntax and object kind goes through the production run.

What is searched is known from the people of the upload, with a folding written here.
"""

from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from imaging.pipeline.deidentify import Subject, load_profile
from imaging.pipeline.folder_run import FolderReport, FolderRun, run_folder
from tests.imaging.pipeline import hostile
from tests.imaging.pipeline.hostile import PEOPLE, Person, digits, secrets_of

KEY = b"another study key of 32 bytes !!"
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
CODECS = (
    "utf-8", "utf-16-le", "utf-16-be", "latin-1", "iso8859_2", "iso8859_5", "iso8859_6",
    "iso8859_7", "iso8859_8", "gb18030", "euc_jp", "euc_kr",
)  # fmt: skip
Cleaned = tuple[Path, FolderReport, list[tuple[Dataset, Dataset, Path]]]


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> Cleaned:
    source, destination = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("cleaned")
    hostile.make_upload(source)
    subjects = {person.mrn: Subject(f"S-{n:03d}") for n, person in enumerate(PEOPLE)}
    run = FolderRun(source, destination, subjects, load_profile("trial"), KEY, 2)
    report = run_folder(run, lambda step, done, total: None)
    pairs = [
        (pydicom.dcmread(source / r.shown_name), pydicom.dcmread(destination / r.output),
         destination / r.output)
        for r in report.records
        if r.state == "written"
    ]  # fmt: skip
    return destination, report, pairs


def fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if c.isalnum() and not unicodedata.combining(c))


def test_thousands_of_identities_are_planted(tmp_path: Path) -> None:
    maker = hostile.make_upload(tmp_path, people=PEOPLE[:1])
    assert maker.planted > 5_000


def test_documents_are_held_and_every_other_file_is_written(cleaned: Cleaned) -> None:
    _, report, pairs = cleaned
    held = [(record.code, record.where) for record in report.records if record.state != "written"]
    assert held == [("encapsulated_document", "")] * len(PEOPLE)
    assert len(pairs) == len(PEOPLE) * 34


def test_no_identity_survives_in_any_decoded_element(cleaned: Cleaned) -> None:
    found = {folded for person in PEOPLE for secret in secrets_of(person)
             for folded in (fold(secret), fold(secret.casefold().translate(UMLAUTS)))}  # fmt: skip
    secrets = {s for s in found if len(s) >= 6 or (not s.isascii() and len(s) >= 2)}
    leaks = []
    for _, output, _ in cleaned[2]:
        for element in output.iterall():
            if element.VR in ("SQ", "UI"):
                continue
            value = element.value
            text = fold(value.decode("latin-1") if isinstance(value, bytes) else str(value))
            leaks += [(str(element.tag), element.VR, s, text[:60]) for s in secrets if s in text]
    assert leaks == []


def needles() -> dict[bytes, str]:
    found = {}
    for person in PEOPLE:
        for secret in secrets_of(person) - {person.birth}:  # a day of the calendar occurs by chance
            for spelled in (secret, secret.upper(), secret.lower()):
                for codec in CODECS:
                    try:
                        raw = spelled.encode(codec)
                    except UnicodeEncodeError:
                        continue
                    if len(raw) >= 6:
                        found[raw] = secret
    return {raw: secret for raw, secret in found.items() if not raw.isdigit() or len(raw) >= 9}


def test_no_identity_survives_in_any_byte_or_name(cleaned: Cleaned) -> None:
    destination, _, _ = cleaned
    searched = needles()
    assert len(searched) > 500
    for path in destination.rglob("*"):
        shown = str(path.relative_to(destination)).encode()
        data = path.read_bytes() if path.is_file() else b""
        assert not [s for raw, s in searched.items() if raw in data or raw in shown], path


def person_of(output: Dataset) -> Person:
    return PEOPLE[int(output.PatientID.removeprefix("S-"))]


def test_no_uid_of_the_source_survives(cleaned: Cleaned) -> None:
    for source, output, path in cleaned[2]:
        data = path.read_bytes()
        for name in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
            assert source[name].value.encode() not in data
        number = digits(person_of(output).mrn).lstrip("0")
        assert f"1.2.826.0.1.{number}".encode() not in data


GEOMETRY = (
    "ImagePositionPatient ImageOrientationPatient PixelSpacing SliceThickness Rows Columns "
    "BitsAllocated BitsStored RescaleSlope RescaleIntercept KVP XRayTubeCurrent ConvolutionKernel "
    "EchoTime RepetitionTime FlipAngle SequenceName ScanningSequence PatientWeight PatientSex "
    "Manufacturer ManufacturerModelName SoftwareVersions Units DecayCorrection CorrectedImage "
    "InstanceNumber SeriesNumber Modality ImageType StudyTime AcquisitionTime NumberOfFrames"
).split()


def test_geometry_acquisition_and_suv_attributes_are_all_kept(cleaned: Cleaned) -> None:
    checked = 0
    for source, output, _ in cleaned[2]:
        if source.Modality == "REG":  # its attributes hold identity by design
            continue
        for name in GEOMETRY:
            if name in source:
                assert output[name].value == source[name].value, (name, source.Modality)
                checked += 1
        for drug in output.get("RadiopharmaceuticalInformationSequence", ()):
            assert drug.RadionuclideTotalDose == 348000000
            assert drug.RadionuclideHalfLife == pytest.approx(6586.2)
            assert drug.RadiopharmaceuticalStartTime == "101000"
            assert drug.RadiopharmaceuticalStartDateTime[8:] == "101000"
    assert checked > 3_000


def test_a_number_of_a_known_private_block_stays_and_its_text_goes(cleaned: Cleaned) -> None:
    kept = [output for _, output, _ in cleaned[2] if (0x0019, 0x100C) in output]
    assert len(kept) == len(PEOPLE) * 12
    assert all((0x0019, 0x100F) not in output for output in kept)


def test_pixels_are_the_same(cleaned: Cleaned) -> None:
    for source, output, _ in cleaned[2]:
        if "PixelData" in source and source.Modality != "REG":
            if source.is_little_endian:
                assert output.PixelData == source.PixelData
            assert (output.pixel_array == source.pixel_array).all()


def day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def test_each_subject_has_one_offset_for_all_dates(cleaned: Cleaned) -> None:
    offsets: dict[str, set[int]] = {}
    for source, output, _ in cleaned[2]:
        seen = offsets.setdefault(output.PatientID, set())
        for name in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
            seen.add((day(output[name].value) - day(source[name].value)).days)
    assert {len(days) for days in offsets.values()} == {1}


def test_every_reference_points_to_an_object_of_the_output(cleaned: Cleaned) -> None:
    pairs = [pair for pair in cleaned[2] if pair[0].Modality != "REG"]
    instances = {output.SOPInstanceUID for _, output, _ in pairs}
    references = [
        element.value
        for _, output, _ in pairs
        for element in output.iterall()
        if element.keyword in ("ReferencedSOPInstanceUID", "UID")
    ]
    # images 12, frames 8, RTSTRUCT 1, RTPLAN 1, SR 2, PR 1, KO 3 of each person
    assert len(references) == 28 * len(PEOPLE)
    assert instances.issuperset(references)
