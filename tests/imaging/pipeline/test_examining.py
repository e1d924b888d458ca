"""The first look at a file of a known series tells what it would tell of a file that came alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imaging.pipeline.deidentify import load_profile, merge_tokens
from imaging.pipeline.encoding import Malformed
from imaging.pipeline.examining import Examiner, Opened
from tests.imaging.pipeline.test_layouts import (
    EXPLICIT,
    IMPLICIT,
    ODD,
    PERSON,
    SLICES,
    edited,
    image,
    write,
)

KEY = b"k" * 32


def write_series(folder: Path, modality: str, syntax: str) -> list[Path]:
    """Write slices that differ as a scanner's do: place, times, number, window, weight once."""
    folder.mkdir()
    paths = [folder / f"in{number}" for number in range(SLICES)]
    for number, path in enumerate(paths):
        dataset = image(PERSON, number, modality=modality)
        dataset.InstanceNumber = number + 1
        dataset.ImagePositionPatient = [1.5, -2.25, 3 * number]
        dataset.ContentTime = f"1015{number:02d}.25"
        dataset.AcquisitionTime = f"1014{number:02d}"
        dataset.WindowCenter = 40 + number
        dataset.SeriesTime = "101300"
        dataset.PatientWeight = 71
        dataset.StudyDate, dataset.PatientBirthDate = "20250301", "19560702"
        write(dataset, path, PERSON, syntax=syntax, dirty=False)
    return paths


@pytest.fixture(scope="module", params=[EXPLICIT, IMPLICIT], ids=["explicit", "implicit"])
def sources(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_series(tmp_path_factory.mktemp("examined") / "series", "PT", request.param)


def examiner() -> Examiner:
    return Examiner(load_profile("trial"), key=KEY, only=None)


def seen(by: Examiner, path: Path) -> Opened:
    return by.examine(path.read_bytes(), lambda: path)


def told(by: Examiner, data: bytes, place: Path) -> tuple[object, object]:
    """The verdict with sealed facts, and the facts for the checks; or the reason of a refusal."""
    place.write_bytes(data)
    try:
        verified, _, facts = by.examine(data, lambda: place)
    except Malformed as problem:
        return problem.code, None
    return verified, facts


def trained(sources: list[Path]) -> Examiner:
    """An examiner that has seen all files of the series but the last."""
    by = examiner()
    for path in sources[:-1]:
        seen(by, path)
    return by


def test_the_last_slice_is_recognised(sources: list[Path]) -> None:
    known = trained(sources)._layouts.recognise(sources[-1].read_bytes())
    assert known is not None
    assert known.layout.memory


def test_each_slice_has_its_own_place_times_and_number(sources: list[Path], tmp_path: Path) -> None:
    verified, tokens, facts = seen(trained(sources), sources[-1])
    assert facts is not None
    (found,) = facts.slices
    assert (found.number, found.position) == (SLICES, (1.5, -2.25, 3.0 * (SLICES - 1)))
    assert verified.sealed.acquisition_time == "101407"
    assert verified.sealed.weight_kg == "71.0"
    assert "101407" in found.volume.split("|")
    assert facts.tracer is not None
    assert facts.tracer.weight_kg == 71.0
    assert not merge_tokens([tokens]).people


def earlier_study(dataset: pydicom.Dataset) -> None:
    dataset.StudyDate = "19500101"


def other_dose(dataset: pydicom.Dataset) -> None:
    dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose = "1.5e8"


def other_scanner(dataset: pydicom.Dataset) -> None:
    dataset.DeviceSerialNumber, dataset.SoftwareVersions = "77001", ["VB20", "HF02"]


def a_time_that_is_none(dataset: pydicom.Dataset) -> None:
    dataset["AcquisitionTime"]._value = "9x"
    dataset["ImagePositionPatient"]._value = "1\\2\\three"


def date_and_time_in_one(dataset: pydicom.Dataset) -> None:
    del dataset.AcquisitionTime
    dataset.AcquisitionDateTime = "20250301235959.5"


DIFFERING: dict[str, Callable[[bytes, Path], bytes]] = ODD | {
    "born after the study": edited(earlier_study),
    "another dose": edited(other_dose),
    "another scanner": edited(other_scanner),
    "a time that is none": edited(a_time_that_is_none),
    "date and time in one": edited(date_and_time_in_one),
}


@pytest.mark.parametrize("name", DIFFERING)
def test_an_odd_file_of_a_known_series_is_told_as_if_it_came_alone(
    sources: list[Path], name: str, tmp_path: Path
) -> None:
    data = DIFFERING[name](sources[-1].read_bytes(), tmp_path / "odd")
    by, place = trained(sources), tmp_path / "file"
    # Twice: what was odd once may be what varies from then on.
    for _ in range(2):
        assert told(by, data, place) == told(examiner(), data, place)
    for path in sources:
        assert told(by, path.read_bytes(), place) == told(examiner(), path.read_bytes(), place)


@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(place=st.integers(0, 2600), value=st.integers(0, 255))
def test_any_byte_of_a_header_may_change(
    sources: list[Path], tmp_path: Path, place: int, value: int
) -> None:
    data = bytearray(sources[-1].read_bytes())
    data[place] = value
    by = trained(sources)
    where = tmp_path / "file"
    assert told(by, bytes(data), where) == told(examiner(), bytes(data), where)


def test_identity_of_a_series_is_that_of_its_files_alone(sources: list[Path]) -> None:
    by = examiner()
    together = merge_tokens([seen(by, path)[1] for path in sources])
    alone = merge_tokens([seen(examiner(), path)[1] for path in sources])
    assert together == alone
    assert together.people
