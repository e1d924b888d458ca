"""A whole upload with planted identities goes through the production run: nothing survives."""

from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from imaging.pipeline.deidentify import Subject, load_profile
from imaging.pipeline.folder_run import FolderReport, FolderRun, run_folder
from tests.imaging.pipeline.planted import PEOPLE, Upload, make_upload

KEY = b"a study key of thirty-two bytes!"


def quiet(step: str, done: int, total: int) -> None:
    """No progress in tests."""


@pytest.fixture(scope="module")
def upload(tmp_path_factory: pytest.TempPathFactory) -> Upload:
    return make_upload(tmp_path_factory.mktemp("source"))


def run(upload: Upload, destination: Path, *, jobs: int = 2) -> FolderReport:
    subjects = {
        person.patient_id: Subject(f"S-{number:03d}", "01", "V1")
        for number, person in enumerate(PEOPLE)
    }
    return run_folder(
        FolderRun(upload.folder, destination, subjects, load_profile("trial"), KEY, jobs), quiet
    )


@pytest.fixture(scope="module")
def cleaned(
    upload: Upload, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, FolderReport, list[tuple[Dataset, Dataset, Path]]]:
    destination = tmp_path_factory.mktemp("cleaned")
    report = run(upload, destination)
    pairs = []
    for record in report.records:
        if record.state == "written":
            source = pydicom.dcmread(upload.folder / record.shown_name)
            output = destination / record.output
            pairs.append((source, pydicom.dcmread(output), output))
    return destination, report, pairs


def test_every_file_of_the_upload_is_written(cleaned, upload: Upload) -> None:
    _, report, pairs = cleaned
    assert [(r.shown_name, r.code, r.where) for r in report.records if r.state != "written"] == []
    assert len(pairs) == len(upload.files) == 95


def spellings(secret: str) -> set[str]:
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", secret) if not unicodedata.combining(c)
    )
    return {s.casefold() for s in (secret, plain, secret.replace(" ", ""))}


def all_texts(dataset: Dataset) -> list[tuple[str, str]]:
    found = []
    for element in dataset.iterall():
        if element.VR == "SQ" or element.VR in ("DA", "DT", "UI"):
            continue
        value = element.value
        if isinstance(value, bytes):
            found.append((str(element.tag), value.decode("latin-1")))
        else:
            found.append((str(element.tag), str(value)))
    return found


# Names that are also words of the field cannot be told from them outside free text.
FIELD_WORDS = {"head", "young", "long", "rose", "daisy", "brook"}


def test_no_planted_value_survives_in_any_element_of_any_output(cleaned) -> None:
    _, _, pairs = cleaned
    secrets = {s for person in PEOPLE for secret in person.secrets() for s in spellings(secret)}
    secrets |= {"hargreaves", "smythe", "zebrowski", "mater"}
    leaks = []
    for _, output, _ in pairs:
        for tag, text in all_texts(output):
            low = text.casefold()
            leaks += [
                (output.Modality, tag, secret, text[:60])
                for secret in secrets - FIELD_WORDS
                if len(secret) > 2 and secret in low
            ]
    assert leaks == []


def test_no_planted_value_survives_in_any_byte_or_name_of_any_output(cleaned) -> None:
    _, _, pairs = cleaned
    needles = {
        secret.encode(codec)
        for person in PEOPLE
        for secret in person.secrets()
        for codec in ("utf-8", "utf-16-le", "utf-16-be")
        if len(secret) > 5
    }
    for source, _, path in pairs:
        data = path.read_bytes()
        assert not [n for n in needles if n in data], path
        for uid in (source.SOPInstanceUID, source.StudyInstanceUID, source.FrameOfReferenceUID):
            assert uid.encode() not in data
        assert not any(person.patient_id in str(path) for person in PEOPLE)


def test_patient_names_that_are_field_words_do_not_survive_in_descriptions(cleaned) -> None:
    _, _, pairs = cleaned
    for _, output, _ in pairs:
        if output.PatientID == "S-002":
            for name in ("StudyDescription", "SeriesDescription", "ProtocolName", "ImageComments"):
                words = str(output.get(name, "")).casefold().split()
                assert "head" not in words and "young" not in words


def test_words_of_the_field_survive_in_descriptions(cleaned) -> None:
    _, _, pairs = cleaned
    by_instance = {
        (output.PatientID, output.Modality, output.InstanceNumber): output for _, output, _ in pairs
    }
    assert by_instance["S-000", "CT", 12].StudyDescription == "CT THORAX"
    assert by_instance["S-000", "CT", 1].StudyDescription == "CHEST 1.25 mm"
    assert by_instance["S-000", "CT", 2].StudyDescription == "ABDOMEN PORTAL VENOUS"
    assert by_instance["S-000", "CT", 9].StudyDescription == "t1_mprage"


KEPT = (
    "ImagePositionPatient ImageOrientationPatient PixelSpacing SliceThickness SliceLocation Rows "
    "Columns BitsAllocated RescaleSlope RescaleIntercept KVP ConvolutionKernel PatientWeight "
    "PatientSize PatientSex Manufacturer ManufacturerModelName SoftwareVersions Modality "
    "SeriesNumber InstanceNumber BodyPartExamined ImageType StudyTime SeriesTime AcquisitionTime "
    "Units DecayCorrection CorrectedImage SOPClassUID"
).split()


def test_geometry_acquisition_and_suv_attributes_are_all_kept(cleaned) -> None:
    _, _, pairs = cleaned
    for source, output, _ in pairs:
        for name in KEPT:
            if name in source:
                assert output[name].value == source[name].value, (name, output.Modality)
        if source.Modality == "PT":
            old = source.RadiopharmaceuticalInformationSequence[0]
            new = output.RadiopharmaceuticalInformationSequence[0]
            for name in ("RadionuclideTotalDose", "RadionuclideHalfLife", "Radiopharmaceutical"):
                assert new[name].value == old[name].value
            assert new.RadiopharmaceuticalStartTime == "091500"
            assert output[0x70531000].value == 0.000553
            assert output[0x70531009].value == 1.234


def test_pixel_bytes_are_the_same(cleaned) -> None:
    _, _, pairs = cleaned
    for source, output, _ in pairs:
        assert output.get("PixelData") == source.get("PixelData")


def test_ages_over_89_are_capped(cleaned) -> None:
    assert {output.PatientAge for _, output, _ in cleaned[2]} == {"090Y"}


def day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def test_each_subject_has_one_offset_for_all_its_dates(cleaned) -> None:
    offsets: dict[str, set[int]] = {}
    for source, output, _ in cleaned[2]:
        seen = offsets.setdefault(output.PatientID, set())
        for name in ("StudyDate", "SeriesDate", "ContentDate", "AcquisitionDateTime"):
            seen.add((day(output[name].value) - day(source[name].value)).days)
        if source.Modality == "SR":
            seen.add((day(output.ContentSequence[2].Date) - date(2024, 3, 11)).days)
            assert output.ContentSequence[3].DateTime[8:] == "101500"
        if source.Modality == "SEG":
            frame = output.PerFrameFunctionalGroupsSequence[0].FrameContentSequence[0]
            seen.add((day(frame.FrameAcquisitionDateTime) - date(2024, 3, 11)).days)
    assert all(len(days) == 1 for days in offsets.values())
    assert all(-3650 <= min(days) <= -366 for days in offsets.values())


def test_references_between_objects_point_to_objects_of_the_same_output(cleaned) -> None:
    _, _, pairs = cleaned
    instances = {output.SOPInstanceUID for _, output, _ in pairs}
    checked = 0
    for _, output, _ in pairs:
        if output.Modality not in ("RTSTRUCT", "SEG", "PR", "SR"):
            continue
        for element in output.iterall():
            if element.keyword in ("ReferencedSOPInstanceUID", "UID"):
                assert element.value in instances
                checked += 1
    assert checked == 5 * 5  # RTSTRUCT 1, SEG 1, PR 1, SR 2 of each person


def test_the_trials_identity_and_the_method_are_written(cleaned) -> None:
    for _, output, _ in cleaned[2]:
        assert output.PatientName == output.PatientID == output.ClinicalTrialSubjectID
        assert output.ClinicalTrialSiteID == "01" and output.ClinicalTrialTimePointID == "V1"
        assert output.PatientIdentityRemoved == "YES"
        assert output.LongitudinalTemporalInformationModified == "MODIFIED"
        codes = [item.CodeValue for item in output.DeidentificationMethodCodeSequence]
        assert codes == [
            "113100", "113101", "113103", "113104", "113105", "113107", "113108", "113109",
            "113111",
        ]  # fmt: skip
        assert output.SpecificCharacterSet == "ISO_IR 192"
        assert output.preamble == b"\0" * 128
        assert "SourceApplicationEntityTitle" not in output.file_meta


def test_overlays_curves_unsafe_private_elements_and_trailing_bytes_are_gone(cleaned) -> None:
    for _, output, _ in cleaned[2]:
        groups = {element.tag.group for element in output if element.tag.group != 0x5200}
        assert not any(group >> 8 in (0x50, 0x60) for group in groups)
        assert {group for group in groups if group & 1} <= {0x7053}
        assert (0xFFFC, 0xFFFC) not in output


def test_a_second_run_gives_the_same_bytes_in_the_same_places(
    cleaned, upload: Upload, tmp_path: Path
) -> None:
    first, _, _ = cleaned
    run(upload, tmp_path, jobs=1)

    def listing(folder: Path) -> dict[str, bytes]:
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*.dcm"))
        }

    assert listing(first) == listing(tmp_path)
    assert not list(tmp_path.glob(".incoming*"))
