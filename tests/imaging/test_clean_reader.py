"""What is kept of a clean file of a known series is what would be kept of one that came alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imaging.dicomweb.objects import Describer
from imaging.pipeline.encoding import Malformed
from imaging.services.clean_reader import CleanReader
from tests.imaging.pipeline.test_layouts import EXPLICIT, IMPLICIT, edited, make_series


@pytest.fixture(scope="module", params=[EXPLICIT, IMPLICIT], ids=["explicit", "implicit"])
def outputs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("kept") / "series"
    return make_series(folder, request.param).outputs


def read(by: CleanReader, data: bytes, place: Path) -> object:
    place.write_bytes(data)
    try:
        return by.read(data, place)
    except Malformed as problem:
        return problem.code


def trained(outputs: list[Path]) -> CleanReader:
    """A reader that has seen all files of the series but the last."""
    by = CleanReader()
    for path in outputs[:-1]:
        by.read(path.read_bytes(), path)
    return by


def test_the_last_slice_is_recognised_and_described_by_what_varies(outputs: list[Path]) -> None:
    by, data = trained(outputs), outputs[-1].read_bytes()
    known = by._layouts.recognise(data)
    assert known is not None
    assert known.layout.memory
    left = by.read(data, outputs[-1])
    dataset = pydicom.dcmread(outputs[-1])
    told = json.loads(left.described.metadata)
    assert left.described.sop_instance_uid == dataset.SOPInstanceUID
    assert left.described.number == dataset.InstanceNumber
    assert told["00200032"]["Value"] == [float(part) for part in dataset.ImagePositionPatient]
    assert told["7FE00010"]["BulkDataURI"].endswith(f"{dataset.SOPInstanceUID}/bulkdata/7FE00010")
    assert left.described.pixel_at is not None
    assert data[left.described.pixel_at :][: len(dataset.PixelData)] == dataset.PixelData


def long_private_value(dataset: pydicom.Dataset) -> None:
    dataset.add_new(0x00091001, "OB", bytes(2000))


def another_window(dataset: pydicom.Dataset) -> None:
    dataset.WindowCenter = "1234.5678"


def signed_pixels(dataset: pydicom.Dataset) -> None:
    dataset.PixelRepresentation = 1


def another_orientation(dataset: pydicom.Dataset) -> None:
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]


def no_position(dataset: pydicom.Dataset) -> None:
    del dataset.ImagePositionPatient


def another_thickness(dataset: pydicom.Dataset) -> None:
    dataset.SliceThickness = "2.25"


ODD: dict[str, Callable[[bytes, Path], bytes]] = {
    "a long value": edited(long_private_value),
    "another window": edited(another_window),
    "signed pixels": edited(signed_pixels),
    "another orientation": edited(another_orientation),
    "no position": edited(no_position),
    "another thickness": edited(another_thickness),
    "longer pixels": lambda data, _: data + bytes(2),
    "cut": lambda data, _: data[:-9],
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_file_is_read_as_if_it_came_alone(
    outputs: list[Path], name: str, tmp_path: Path
) -> None:
    data = ODD[name](outputs[-1].read_bytes(), tmp_path / "odd")
    by, place = trained(outputs), tmp_path / "file"
    for _ in range(3):
        assert read(by, data, place) == read(CleanReader(), data, place)
    for path in outputs:
        alone = read(CleanReader(), path.read_bytes(), place)
        assert read(by, path.read_bytes(), place) == alone


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(place=st.integers(0, 2600), value=st.integers(0, 255))
def test_any_byte_of_a_header_may_change(
    outputs: list[Path], tmp_path: Path, place: int, value: int
) -> None:
    data = bytearray(outputs[-1].read_bytes())
    data[place] = value
    by, where = trained(outputs), tmp_path / "file"
    assert read(by, bytes(data), where) == read(CleanReader(), bytes(data), where)


def test_a_description_is_that_of_the_archive(outputs: list[Path]) -> None:
    by = CleanReader()
    found = [by.read(path.read_bytes(), path).described for path in outputs]
    assert found == [Describer().describe(path) for path in outputs]
