"""A phantom series is a conforming CT series with a known truth."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.phantom import (
    COURSES,
    LESION_SITES,
    Defects,
    LesionSpec,
    SeriesSpec,
    invented_identity,
    lesions_at,
    render,
    write_series,
)

# PS3.3 A.3: Type 1 attributes of the CT Image IOD's mandatory modules.
TYPE_1 = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality",
    "FrameOfReferenceUID", "PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient",
    "SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation", "PixelData", "ImageType",
    "RescaleIntercept", "RescaleSlope", "RescaleType",
)  # fmt: skip
# Type 2: must be there, may be empty.
TYPE_2 = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
    "ReferringPhysicianName", "StudyID", "AccessionNumber", "SeriesNumber", "Manufacturer",
    "PositionReferenceIndicator", "InstanceNumber", "SliceThickness", "KVP",
    "AcquisitionNumber", "ContrastBolusAgent", "PatientPosition",
)  # fmt: skip

SMALL = SeriesSpec(
    identity=invented_identity(4),
    study_date=date(2026, 3, 5),
    slices=5,
    matrix=64,
    seed=4,
)


def read(files: tuple[Path, ...]) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in files]


def test_every_slice_has_all_type_1_and_type_2_attributes_of_the_ct_image_iod(
    tmp_path: Path,
) -> None:
    for dataset in read(write_series(tmp_path, SMALL).files):
        assert [name for name in TYPE_1 if not str(dataset.get(name, ""))[:1]] == []
        assert [name for name in TYPE_2 if name not in dataset] == []
        assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
        assert len(dataset.PixelData) == 64 * 64 * 2
        assert all(len(str(dataset[name].value)) <= 64 for name in TYPE_1 if "UID" in name)


def test_values_fit_their_value_representations(tmp_path: Path) -> None:
    write_series(tmp_path, SMALL)
    with pydicom.config.disable_value_validation():
        raw = pydicom.dcmread(tmp_path / "IM00001")
    for element in raw.iterall():
        pydicom.dataelem.DataElement(
            element.tag,
            element.VR,
            element.value,
            validation_mode=pydicom.config.RAISE,
        )


def test_the_default_series_has_40_slices_of_512_by_512_with_16_bits(tmp_path: Path) -> None:
    written = write_series(
        tmp_path, SeriesSpec(identity=invented_identity(1), study_date=date(2026, 1, 5))
    )
    first = pydicom.dcmread(written.files[0])
    assert len(written.files) == 40
    assert (first.Rows, first.Columns, first.BitsAllocated) == (512, 512, 16)
    assert first.ImagePositionPatient[2] == 97.5
    assert pydicom.dcmread(written.files[39]).ImagePositionPatient[2] == -97.5


def test_the_same_spec_gives_the_same_bytes(tmp_path: Path) -> None:
    sums = []
    for name in ("one", "two"):
        written = write_series(tmp_path / name, SMALL)
        sums.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in written.files])
    assert sums[0] == sums[1]


def test_a_second_series_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path, SMALL)
    with pytest.raises(FileExistsError):
        write_series(tmp_path, SMALL)


def test_time_points_of_one_subject_differ_in_study_uid_and_share_the_anatomy() -> None:
    first = render(SMALL).astype(np.float64)
    second = render(replace(SMALL, study_date=date(2026, 5, 5))).astype(np.float64)
    other = render(replace(SMALL, seed=5)).astype(np.float64)
    assert not np.array_equal(first, second)
    # Two samples of noise with SD 11 HU each differ by about 15.6 HU, anatomy by far more.
    assert np.std(first - second) < 20
    assert np.std(first - other) > 60


@pytest.mark.parametrize(
    ("place", "column", "row", "expected", "tolerance"),
    [
        ("air outside the body", 10, 10, -1000, 8),
        ("liver", 165, 250, 112, 40),
        ("lung", 120, 230, -880, 60),
    ],
)
def test_tissues_have_their_ct_numbers(
    place: str, column: int, row: int, expected: float, tolerance: float
) -> None:
    spec = SeriesSpec(identity=invented_identity(1), study_date=date(2026, 1, 5))
    index = 4 if place == "lung" else 24
    patch = render(spec)[index, row - 4 : row + 5, column - 4 : column + 5]
    assert abs(float(np.median(patch)) - expected) <= tolerance


def test_a_painted_lesion_measures_its_true_diameters() -> None:
    lesion = LesionSpec("T1", "liver_segment_8", long_mm=40.0, short_mm=30.0, angle_deg=0.0)
    spec = SeriesSpec(identity=invented_identity(1), study_date=date(2026, 1, 5), lesions=(lesion,))
    # liver_segment_8 lies at z = -2.5 mm; the first slice at 97.5 mm: slice 20.
    changed = render(spec)[20].astype(int) - render(replace(spec, lesions=()))[20]
    rows, columns = np.nonzero(changed < -20)
    pixel = 400 / 512
    assert (columns.max() - columns.min() + 1) * pixel == pytest.approx(40.0, abs=1.6)
    assert (rows.max() - rows.min() + 1) * pixel == pytest.approx(30.0, abs=1.6)


def test_the_truth_names_slice_centre_and_axis_ends(tmp_path: Path) -> None:
    lesion = LesionSpec(
        "T1", "liver_segment_8", 40.0, 30.0, angle_deg=0.0, centre_mm=(-80.0, 10.0, 1.0)
    )
    spec = replace(SMALL, lesions=(lesion,))
    truth = write_series(tmp_path, spec).truth["T1"]
    # Slices lie at 10, 5, 0, -5, -10 mm: the centre moves to z = 0, the third slice.
    assert truth.slice_index == 2
    assert truth.centre_mm == (-80.0, 10.0, 0.0)
    # Pixel edge 6.25 mm, first pixel centre at -196.875 mm.
    assert truth.centre_px == (18.7, 33.1)
    assert truth.long_axis_px == ((15.5, 33.1), (21.9, 33.1))
    assert truth.short_axis_px == ((18.7, 30.7), (18.7, 35.5))
    dataset = pydicom.dcmread(tmp_path / "IM00003")
    assert truth.sop_instance_uid == dataset.SOPInstanceUID


@given(
    long_mm=st.floats(min_value=8, max_value=60),
    ratio=st.floats(min_value=0.3, max_value=1.0),
    angle=st.floats(min_value=-180, max_value=180),
)
@settings(max_examples=40, deadline=None)
def test_axis_end_points_are_as_far_apart_as_the_diameters(
    long_mm: float, ratio: float, angle: float
) -> None:
    from imaging.phantom.anatomy import build_of
    from imaging.phantom.lesions import place, truth_of

    lesion = LesionSpec("T1", "spleen", long_mm, long_mm * ratio, angle, centre_mm=(0, 0, 0))
    placed = place(lesion, series=SMALL, build=build_of(4))
    truth = truth_of(placed, series=SMALL, sop_instance_uid="1.2.3")
    for ends, length in (
        (truth.long_axis_px, long_mm),
        (truth.short_axis_px, long_mm * ratio),
    ):
        assert np.hypot(*np.subtract(*ends)) * 6.25 == pytest.approx(length, abs=0.02)


def test_a_vanished_lesion_is_listed_as_absent_and_paints_nothing(tmp_path: Path) -> None:
    gone = LesionSpec("T2", "spleen", 0.0, 0.0, centre_mm=(0.0, 0.0, 0.0))
    truth = write_series(tmp_path, replace(SMALL, lesions=(gone,))).truth["T2"]
    assert (truth.present, truth.sop_instance_uid) == (False, "")
    assert np.array_equal(render(SMALL), render(replace(SMALL, lesions=(gone,))))


def test_a_lesion_outside_the_scanned_heights_is_refused(tmp_path: Path) -> None:
    far = LesionSpec("T1", "lung_right_upper", 20.0, 15.0)
    with pytest.raises(ValueError, match="outside the scanned range"):
        write_series(tmp_path, replace(SMALL, lesions=(far,)))


def test_a_short_axis_longer_than_the_long_axis_is_refused() -> None:
    with pytest.raises(ValueError, match="short axis"):
        LesionSpec("T1", "spleen", 10.0, 12.0)


@pytest.mark.parametrize("site", sorted(LESION_SITES))
@pytest.mark.parametrize("seed", [1, 7])
def test_every_named_site_lies_in_its_organ(site: str, seed: int) -> None:
    from imaging.phantom.anatomy import base_volume, build_of
    from imaging.phantom.lesions import place

    spec = SeriesSpec(identity=invented_identity(1), study_date=date(2026, 1, 5), seed=seed)
    placed = place(LesionSpec("T", site, 10.0, 8.0), series=spec, build=build_of(seed))
    column, row = ((value + 200) * 512 / 400 for value in placed.centre[:2])
    base = base_volume(seed=seed, positions=spec.slice_positions(), matrix=512, thickness_mm=5.0)
    patch = base[placed.slice_index, int(row) - 3 : int(row) + 4, int(column) - 3 : int(column) + 4]
    lowest, highest = {
        "liver": (100, 175),
        "lung": (-900, 75),
        "spleen": (115, 130),
        "kidney": (140, 200),
        "bone": (195, 225),
        "lymph node": (-110, 60),
        "adrenal gland": (-110, 80),
    }[placed.organ]
    assert lowest <= float(np.median(patch)) <= highest


# --- identity -------------------------------------------------------------------------------


def test_the_name_is_planted_in_free_text_nested_sequences_and_the_private_block(
    tmp_path: Path,
) -> None:
    family = SMALL.identity.patient_name.split("^")[0]
    dataset = read(write_series(tmp_path, SMALL).files)[0]
    assert family in dataset.StudyDescription
    assert family in dataset.PatientComments
    assert family in dataset.RequestAttributesSequence[0].ScheduledProcedureStepDescription
    assert family in dataset.ContributingEquipmentSequence[0].ContributionDescription
    before = dataset.OriginalAttributesSequence[0].ModifiedAttributesSequence[0]
    assert family.upper() in str(before.PatientName)
    block = dataset.private_block(0x0029, "NORDLICHT CSA 1.0")
    assert family in str(block[0x01].value)
    inner = block[0x10].value[0].private_block(0x0029, "NORDLICHT CSA 1.0")
    assert family in str(inner[0x01].value)


def test_subjects_of_one_house_share_the_institution_but_not_the_person() -> None:
    one, two = invented_identity(1, house=2), invented_identity(2, house=2)
    assert one.institution == two.institution
    assert (one.patient_id, one.accession_number) != (two.patient_id, two.accession_number)


# --- defects --------------------------------------------------------------------------------


def test_missing_slices_are_not_written_and_their_positions_stay_empty(tmp_path: Path) -> None:
    written = write_series(tmp_path, replace(SMALL, defects=Defects(missing_slices=(1, 3))))
    heights = [float(d.ImagePositionPatient[2]) for d in read(written.files)]
    assert heights == [10.0, 0.0, -10.0]


def test_a_date_shift_moves_every_scan_date(tmp_path: Path) -> None:
    written = write_series(tmp_path, replace(SMALL, defects=Defects(date_shift_days=40)))
    dataset = read(written.files)[0]
    # 05 Mar 2026 plus 40 days.
    assert dataset.StudyDate == dataset.SeriesDate == dataset.AcquisitionDate == "20260414"
    assert written.study_date == date(2026, 4, 14)


def test_kernel_and_thickness_can_change_inside_the_series(tmp_path: Path) -> None:
    defects = Defects(kernel="B70f", thickness_mm=8.0, from_slice=3)
    datasets = read(write_series(tmp_path, replace(SMALL, defects=defects)).files)
    assert [d.ConvolutionKernel for d in datasets] == ["B30f"] * 3 + ["B70f"] * 2
    assert [float(d.SliceThickness) for d in datasets] == [5, 5, 5, 8, 8]


def test_a_second_patient_can_hide_in_the_series(tmp_path: Path) -> None:
    datasets = read(
        write_series(tmp_path, replace(SMALL, defects=Defects(second_patient_from=4))).files
    )
    assert len({d.PatientID for d in datasets[:4]}) == 1
    assert datasets[4].PatientID != datasets[0].PatientID
    assert datasets[4].SeriesInstanceUID == datasets[0].SeriesInstanceUID


def test_a_duplicate_position_is_written_twice_under_two_uids(tmp_path: Path) -> None:
    written = write_series(tmp_path, replace(SMALL, defects=Defects(duplicate_positions=(2,))))
    heights = [float(d.ImagePositionPatient[2]) for d in read(written.files)]
    assert heights == [10.0, 5.0, 0.0, 0.0, -5.0, -10.0]
    assert len(set(written.sop_instance_uids)) == 6


# --- courses --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("course", "time_point", "sum_mm"),
    [
        # Target sums by RECIST 1.1: long axes, short axes for lymph nodes.
        ("partial_response", 0, 42 + 26 + 19),
        ("partial_response", 2, 24 + 14 + 11),
        ("progression_by_size", 0, 28 + 16),
        ("progression_by_size", 3, 44 + 28),
        ("complete_response", 2, 0),
    ],
)
def test_courses_have_the_diameters_they_promise(
    course: str, time_point: int, sum_mm: float
) -> None:
    total = sum(
        lesion.short_mm if lesion.site.startswith("node") else lesion.long_mm
        for lesion in lesions_at(course, time_point)
    )
    assert total == sum_mm


def test_a_new_lesion_is_absent_before_it_appears() -> None:
    labels = [
        [lesion.label for lesion in lesions_at("progression_by_new_lesion", number)]
        for number in (0, 1, 2)
    ]
    assert labels == [["T1", "T2"], ["T1", "T2"], ["T1", "T2", "N1"]]


@pytest.mark.parametrize("course", COURSES)
def test_every_course_fits_into_the_default_series(course: str) -> None:
    from imaging.phantom.anatomy import build_of
    from imaging.phantom.lesions import place

    for number in range(5):
        spec = SeriesSpec(
            identity=invented_identity(1),
            study_date=date(2026, 1, 5),
            lesions=lesions_at(course, number),
        )
        for lesion in spec.lesions:
            assert 0 <= place(lesion, series=spec, build=build_of(1)).slice_index < 40
