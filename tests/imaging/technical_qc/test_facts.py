"""Facts hold what the checks need and no identity."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imaging.phantom import SeriesSpec, invented_identity, write_series
from imaging.pipeline.encoding import Malformed
from imaging.pipeline.previews import render_series
from imaging.pipeline.technical_qc import (
    SeriesFacts,
    check_submission,
    default_guideline,
    read_facts,
)
from imaging.pipeline.technical_qc.file_facts import file_facts, values_of
from imaging.pipeline.technical_qc.nuclides import name_of
from imaging.pipeline.technical_qc.opening import dataset_of, open_header
from imaging.pipeline.technical_qc.parameters import (
    b_values,
    clock_seconds,
    element,
    plane_of,
)
from imaging.pipeline.technical_qc.value_reader import ValueReader
from imaging.pipeline.verify import load, read_header

SPEC = SeriesSpec(identity=invented_identity(3), study_date=date(2026, 3, 5), slices=6, matrix=32)


@pytest.fixture
def phantom(tmp_path: Path) -> SeriesFacts:
    written = write_series(tmp_path, SPEC)
    (facts,) = read_facts(written.files, key=b"key").series
    return facts


def test_facts_of_a_phantom_series(phantom: SeriesFacts) -> None:
    assert phantom.modality == "CT"
    assert phantom.study_date == phantom.acquisition_date == date(2026, 3, 5)
    assert len(phantom.slices) == 6
    assert phantom.all_of("kvp") == (120.0,)
    assert phantom.all_of("kernel") == ("B30f",)
    assert phantom.all_of("slice_thickness_mm") == (5.0,)
    assert phantom.all_of("model") == ("Aurora 64",)
    assert phantom.all_of("plane") == ("axial",)
    assert phantom.all_of("contrast_agent") == ("given",)
    assert phantom.all_of("contrast_delay_s") == (70.0,)
    assert phantom.all_of("contrast_phase") == ("portal venous",)
    assert phantom.all_of("matrix") == (32.0,)
    assert phantom.slices[0].pixel_spacing == (12.5, 12.5)


def test_facts_contain_no_identity(phantom: SeriesFacts) -> None:
    text = json.dumps(phantom.to_document())
    who = SPEC.identity
    for value in (
        *who.patient_name.split("^"), who.patient_id, who.accession_number, who.institution,
        who.operator.split("^")[0], who.station, who.birth_date.strftime("%Y%m%d"),
    ):  # fmt: skip
        assert value not in text


def test_facts_survive_json(phantom: SeriesFacts) -> None:
    assert SeriesFacts.from_document(json.loads(json.dumps(phantom.to_document()))) == phantom


def test_the_same_subject_has_the_same_key_under_one_study_key_only(tmp_path: Path) -> None:
    written = write_series(tmp_path, SPEC)
    keys = [read_facts(written.files, key=key).series[0].subject_keys for key in (b"a", b"a", b"b")]
    assert keys[0] == keys[1] != keys[2]


def test_pixel_bytes_are_only_read_where_an_identifier_repeats(tmp_path: Path) -> None:
    written = write_series(tmp_path, SPEC)
    copy = tmp_path / "copy.dcm"
    copy.write_bytes(written.files[2].read_bytes())
    (facts,) = read_facts([*written.files, copy], key=b"key").series
    assert [bool(item.digest) for item in facts.slices] == [False, False, True, *[False] * 3, True]


@pytest.mark.parametrize(
    ("text", "nuclide"),
    [
        ("^18^Fluorine", "F-18"),
        ("Fluorine-18", "F-18"),
        ("18F-FDG", "F-18"),
        ("F18", "F-18"),
        ("^68^Gallium", "Ga-68"),
        ("Tc-99m MDP", "Tc-99m"),
        ("^99m^Technetium", "Tc-99m"),
        ("Fluorodeoxyglucose", ""),
        ("", ""),
    ],
)
def test_nuclides_are_recognised(text: str, nuclide: str) -> None:
    assert name_of(text) == nuclide


@pytest.mark.parametrize(
    ("orientation", "plane"),
    [
        ((1, 0, 0, 0, 1, 0), "axial"),
        ((1, 0, 0, 0, 0, -1), "coronal"),
        ((0, 1, 0, 0, 0, -1), "sagittal"),
        # Rows along x, columns tilted 40 degrees off the axial plane: cos 40° = 0.766.
        ((1, 0, 0, 0, 0.766, -0.643), "oblique axial"),
        ((1, 0, 0, 0, 0.966, -0.259), "axial"),
    ],
)
def test_planes_are_named_from_the_direction_cosines(
    orientation: tuple[float, ...], plane: str
) -> None:
    assert plane_of(orientation) == plane


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("101500", 36_900.0),
        ("1015", 36_900.0),
        ("10", 36_000.0),
        ("235959.5", 86_399.5),
        ("", None),
    ],
)
def test_dicom_times_may_be_short_or_have_fractions(text: str, seconds: float | None) -> None:
    assert clock_seconds(text) == seconds


def test_b_values_come_from_the_standard_or_the_vendor_element() -> None:
    standard, siemens, ge, stranger = (pydicom.Dataset() for _ in range(4))
    standard.DiffusionBValue = 800.0
    siemens.private_block(0x0019, "SIEMENS MR HEADER", create=True).add_new(0x0C, "IS", "600")
    ge.private_block(0x0043, "GEMS_PARM_01", create=True).add_new(0x39, "IS", ["1000000700", "8"])
    stranger.private_block(0x0019, "SOMEBODY ELSE", create=True).add_new(0x0C, "IS", "600")
    found = [list(b_values(dataset)) for dataset in (standard, siemens, ge, stranger)]
    assert found == [[800.0], [600.0], [700.0], []]


def test_frames_of_an_enhanced_object_are_slices(corpus: Path) -> None:
    (facts,) = read_facts([corpus / "series" / "ct_mf_seg_small" / "mf.dcm"], key=b"k").series
    heights = [item.position[2] for item in facts.slices if item.position]
    assert sorted(heights) == [-177.75, -175.25, -172.75]
    assert {item.pixel_spacing for item in facts.slices} == {(0.7, 0.7)}


def test_a_header_indexed_before_gives_the_facts_that_pydicom_reads(corpus: Path) -> None:
    compared = 0
    for folder in sorted(p for p in (corpus / "series").iterdir() if p.is_dir()):
        path = min(p for p in folder.rglob("*") if p.is_file())
        try:
            header = read_header(load(path))
        except Malformed:
            continue
        quick, own = dataset_of(header), open_header(path)
        if quick is not None and own is not None:
            assert file_facts(quick, key=b"k") == file_facts(own, key=b"k"), path
            compared += 1
    assert compared > 5


def test_values_remembered_over_a_series_are_those_of_each_file(tmp_path: Path) -> None:
    paths = write_series(tmp_path, SPEC).files
    changes = {
        paths[1]: {"WindowCenter": "51"},
        paths[2]: {"KVP": "100"},
        paths[3]: {"ConvolutionKernel": None},
        paths[4]: {"SpecificCharacterSet": "ISO_IR 100", "ContrastBolusAgent": "Gélatine"},
    }
    for path, values in changes.items():
        dataset = pydicom.dcmread(path)
        for keyword, value in values.items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)
    reader = ValueReader()
    for path in (*paths, *reversed(paths)):
        own = open_header(path)
        assert own is not None
        assert reader.read(read_header(load(path)), path) == values_of(own, "CT"), path.name
    same = [reader.read(read_header(load(path)), path) for path in (paths[0], paths[1], paths[5])]
    assert same[0] is same[1] is same[2]


def test_values_remembered_are_right_for_every_kind_of_the_corpus(corpus: Path) -> None:
    reader, compared = ValueReader(), 0
    for folder in sorted(p for p in (corpus / "series").iterdir() if p.is_dir()):
        for path in sorted(p for p in folder.rglob("*") if p.is_file())[:4]:
            try:
                header = read_header(load(path))
            except Malformed:
                continue
            own = open_header(path)
            if own is not None:
                expected = values_of(own, str(element(own, "Modality") or ""))
                assert reader.read(header, path) == expected, path
                compared += 1
    assert compared > 20


@given(
    flips=st.lists(
        st.tuples(st.integers(min_value=132, max_value=3500), st.integers(0, 255)),
        min_size=1,
        max_size=30,
    )
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damaged_headers_never_raise(flips: list[tuple[int, int]], tmp_path: Path) -> None:
    path = tmp_path / "IM00001"
    if not path.exists():
        write_series(tmp_path, SPEC)
        (tmp_path / "good").write_bytes(path.read_bytes())
    damaged = bytearray((tmp_path / "good").read_bytes())
    for place, value in flips:
        damaged[place] = value
    path.write_bytes(damaged)
    facts = read_facts([path], key=b"key")
    assert len(facts.series) + len(facts.refused) == 1
    check_submission(facts.series, guideline=default_guideline())
    shown = render_series([path])
    assert len(shown.previews) + len(shown.undecoded) >= 1
