"""What is known of a series saves reading and decides nothing: every result is that without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imaging.pipeline.deidentify import DeidPlan, Subject, TrialValues, load_profile, merge_tokens
from imaging.pipeline.deidentify.cleaner import Cleaner
from imaging.pipeline.encoding import Malformed
from imaging.pipeline.scanning import Scanner
from imaging.pipeline.verifier import OutputVerifier, Verdict
from tests.imaging.pipeline.planted import PEOPLE, image, write
from tests.imaging.pipeline.test_verifier import BREAKS

PERSON = PEOPLE[0]
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
SLICES = 8


@dataclass
class Series:
    """Slices of one series, their outputs, and what has learnt from all but the last."""

    sources: list[Path]
    outputs: list[Path]
    plan: DeidPlan
    cleaner: Cleaner
    verifier: OutputVerifier

    @property
    def last(self) -> bytes:
        return self.sources[-1].read_bytes()


def make_series(folder: Path, syntax: str) -> Series:
    """Write, scan, clean and verify a series of PET slices with private elements and sequences."""
    folder.mkdir()
    sources = [folder / f"in{number}" for number in range(SLICES)]
    outputs = [folder / f"out{chr(97 + number)}" for number in range(SLICES)]
    for number, path in enumerate(sources):
        dataset = image(PERSON, number, modality="PT")
        # Free text with a name in another place of every slice would be another layout each time.
        dataset.InstanceNumber = number + 1
        write(dataset, path, PERSON, syntax=syntax, dirty=False)
    scan = Scanner(load_profile("trial"))
    tokens = merge_tokens([scan(path)[1] for path in sources])
    trial = TrialValues("SPONSOR", "PROTOCOL")
    plan = DeidPlan(b"k" * 32, load_profile("trial"), Subject("S-001"), trial, tokens)
    cleaner, verifier = Cleaner(plan), OutputVerifier(plan)
    for source, output in zip(sources, outputs, strict=True):
        cleaned_to(output, source, plan)
    for source, output in list(zip(sources, outputs, strict=True))[:-1]:
        cleaner.take(source.read_bytes())
        assert verifier.check(source, output).passed
    return Series(sources, outputs, plan, cleaner, verifier)


def cleaned_to(output: Path, source: Path, plan: DeidPlan) -> None:
    from imaging.pipeline.deidentify import Status, deidentify_file

    assert deidentify_file(source, output, plan=plan).status is Status.WRITTEN


@pytest.fixture(scope="module", params=[EXPLICIT, IMPLICIT], ids=["explicit", "implicit"])
def series(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Series:
    return make_series(tmp_path_factory.mktemp("layouts") / "series", request.param)


def result_of(cleaner: Cleaner, data: bytes) -> object:
    """Everything that decides about a file: its bytes and counts, or why there are none."""
    try:
        found = cleaner.take(data)
    except Malformed as problem:
        return problem.code
    if isinstance(found, str):
        return found
    pixels = bytes(found.pixels) if found.pixels is not None else None
    return (*found[:6], pixels)


def without_layouts(plan: DeidPlan) -> Cleaner:
    """A cleaner that has seen no file of the series."""
    return Cleaner(plan)


def test_the_last_slice_is_recognised_and_cleaned_as_the_first_would_be(series: Series) -> None:
    known = series.cleaner._layouts.recognise(series.last)
    assert known is not None
    assert known.layout.memory
    assert result_of(series.cleaner, series.last) == result_of(
        without_layouts(series.plan), series.last
    )


def edited(change: Callable[[pydicom.Dataset], None]) -> Callable[[bytes, Path], bytes]:
    def edit(data: bytes, place: Path) -> bytes:
        place.write_bytes(data)
        dataset = pydicom.dcmread(place)
        change(dataset)
        dataset.save_as(place, enforce_file_format=True)
        return place.read_bytes()

    return edit


def name_in_a_constant(dataset: pydicom.Dataset) -> None:
    dataset.StudyDescription = f"CT {PERSON.family}"


def another_patient(dataset: pydicom.Dataset) -> None:
    dataset.PatientID = "ANOTHER-1"


def another_character_set(dataset: pydicom.Dataset) -> None:
    dataset.SpecificCharacterSet = "ISO_IR 100"


def one_more_element(dataset: pydicom.Dataset) -> None:
    dataset.AcquisitionComments = f"seen by {PERSON.family}"


def one_less_element(dataset: pydicom.Dataset) -> None:
    del dataset.SliceThickness


def not_a_uid(dataset: pydicom.Dataset) -> None:
    dataset.SOPInstanceUID = "1.2.3"
    dataset["SOPInstanceUID"]._value = "1.2.x"


def declared_burned_in(dataset: pydicom.Dataset) -> None:
    dataset.BurnedInAnnotation = "YES"


def no_number(dataset: pydicom.Dataset) -> None:
    dataset["InstanceNumber"]._value = ""


def short_pixels(dataset: pydicom.Dataset) -> None:
    dataset.PixelData = dataset.PixelData[:100]


def long_pixels(dataset: pydicom.Dataset) -> None:
    dataset.PixelData += b"\0" * 64


ODD: dict[str, Callable[[bytes, Path], bytes]] = {
    "a name where all others have none": edited(name_in_a_constant),
    "another patient": edited(another_patient),
    "another character set": edited(another_character_set),
    "one more element": edited(one_more_element),
    "one less element": edited(one_less_element),
    "a UID that is none": edited(not_a_uid),
    "burned in": edited(declared_burned_in),
    "an empty number": edited(no_number),
    "pixels too short": edited(short_pixels),
    "pixels too long": edited(long_pixels),
    "bytes after the pixels": lambda data, _: data + b"Quirina!",
    "a name in the preamble": lambda data, _: b"Quirina!" + data[8:],
    "cut in the header": lambda data, _: data[:900],
    "cut in the pixels": lambda data, _: data[:-7],
    "without meta information": lambda data, _: data[data.index(b"\x08\0\x05\0", 132) :],
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_file_of_a_known_series_is_treated_as_if_it_came_alone(
    series: Series, name: str, tmp_path: Path
) -> None:
    data = ODD[name](series.last, tmp_path / "odd")
    assert data != series.last
    alone = result_of(without_layouts(series.plan), data)
    assert result_of(series.cleaner, data) == alone


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(place=st.integers(0, 2600), value=st.integers(0, 255))
def test_any_byte_of_a_header_may_change(series: Series, place: int, value: int) -> None:
    data = bytearray(series.last)
    data[place] = value
    alone = result_of(without_layouts(series.plan), bytes(data))
    assert result_of(series.cleaner, bytes(data)) == alone


def test_facts_and_tokens_of_a_known_series_are_those_of_files_that_came_alone(
    series: Series, tmp_path: Path
) -> None:
    odd = tmp_path / "odd"
    odd.write_bytes(ODD["a name where all others have none"](series.last, tmp_path / "x"))
    paths = [*series.sources, odd, *series.sources]
    profile = load_profile("trial")
    scan = Scanner(profile)
    together = [scan(path) for path in paths]
    alone = [Scanner(profile)(path) for path in paths]
    assert [facts for facts, _ in together] == [facts for facts, _ in alone]
    assert merge_tokens([found for _, found in together]) == merge_tokens(
        [found for _, found in alone]
    )


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_output_of_a_known_series_is_held(
    series: Series, name: str, tmp_path: Path
) -> None:
    change, code = BREAKS[name]
    source, output = series.sources[-1], tmp_path / "output"
    assert series.verifier._known.recognise(source.read_bytes(), series.outputs[-1].read_bytes())
    dataset = pydicom.dcmread(series.outputs[-1])
    change(dataset)
    dataset.save_as(output, enforce_file_format=True)
    assert series.verifier.check(source, output).code == code


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(place=st.integers(0, 2600), value=st.integers(0, 255), in_source=st.booleans())
def test_a_pair_with_any_byte_changed_gets_the_verdict_of_the_long_way(
    series: Series, place: int, value: int, in_source: bool
) -> None:
    source, output = bytearray(series.last), bytearray(series.outputs[-1].read_bytes())
    (source if in_source else output)[place] = value
    assert verdict(series, bytes(source), bytes(output), known=True) == verdict(
        series, bytes(source), bytes(output), known=False
    )


def verdict(series: Series, source: bytes, output: bytes, *, known: bool) -> Verdict:
    """The verdict of a verifier that has passed the other slices, with or without their layout."""
    verifier = OutputVerifier(series.plan)
    for one, other in list(zip(series.sources, series.outputs, strict=True))[:-1]:
        assert verifier.check(one, other).passed
    if not known:
        verifier._known._recent.clear()
    folder = series.sources[0].parent
    (folder / "source").write_bytes(source)
    (folder / "output").write_bytes(output)
    return verifier.check(folder / "source", folder / "output")
