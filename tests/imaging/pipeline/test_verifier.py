"""The verifier finds what an engine could miss: each test breaks a good output in one way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence

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
from tests.imaging.pipeline.planted import PEOPLE, image, write

PERSON = PEOPLE[0]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path, OutputVerifier]:
    source, output = tmp_path / "source", tmp_path / "output"
    write(
        image(PERSON, 1, modality="PT"), source, PERSON, syntax="1.2.840.10008.1.2.1", dirty=False
    )
    profile = load_profile("trial")
    tokens = collect_tokens(read_header(load(source)), profile)
    plan = DeidPlan(b"k" * 32, profile, Subject("S-001"), TrialValues("SP", "PR"), tokens)
    assert deidentify_file(source, output, plan=plan).status is Status.WRITTEN
    return source, output, OutputVerifier(plan)


def test_a_good_output_passes(pair: tuple[Path, Path, OutputVerifier]) -> None:
    source, output, verifier = pair
    assert verifier.check(source, output).passed


def put(**values: object) -> Callable[[Dataset], None]:
    def change(ds: Dataset) -> None:
        for name, value in values.items():
            setattr(ds, name, value)

    return change


def nest(ds: Dataset) -> None:
    inner = Dataset()
    inner.PatientComments = "seen: vandersloot"
    ds.AnatomicRegionSequence = Sequence([inner])


def wide(ds: Dataset) -> None:
    ds.add_new(0x00420011, "OB", PERSON.family.encode("utf-16-le"))


def old_uid(ds: Dataset) -> None:
    source = image(PERSON, 1, modality="PT")
    ds.FrameOfReferenceUID = source.FrameOfReferenceUID


BREAKS: dict[str, tuple[Callable[[Dataset], None], str]] = {
    "a name in a description": (put(StudyDescription="CT VANDERSLOOT"), "identity_left"),
    "a folded name": (put(StudyDescription="Vändersloot"), "identity_left"),
    "names joined": (put(StudyDescription="VanderslootQuirina"), "identity_left"),
    "an identifier with other signs": (put(StudyID="PQX 77120934"), "identity_left"),
    "a name as base64": (put(SeriesDescription="VmFuZGVyc2xvb3Q="), "identity_left"),
    "a name as base64 of base64": (
        put(SeriesDescription="Vm1GdVpHVnljMnh2YjNRPQ=="),
        "identity_left",
    ),
    "a name in signs written twice": (put(SeriesDescription="Vander%2573loot"), "identity_left"),
    "a first name that was cut to four letters": (put(SequenceName="VAND"), "identity_left"),
    "a name as hexadecimal digits": (
        put(SeriesDescription="56 61 6e 64 65 72 73 6c 6f 6f 74"),
        "identity_left",
    ),
    "a name in written signs": (put(SeriesDescription="Vander%73loot"), "identity_left"),
    "a name that its scanner cut": (put(ProtocolName="PROTOCOL VANDERS"), "identity_left"),
    "a name turned round": (put(SeriesDescription="toolsrednav"), "identity_left"),
    "a name as decimal codes": (
        put(SeriesDescription="86 97 110 100 101 114 115 108 111 111 116"),
        "identity_left",
    ),
    "a name deep in a sequence": (nest, "identity_left"),
    "a name in wide letters": (wide, "identity_left"),
    "a birth date with its month": (put(StudyDescription="v17Feb48"), "identity_left"),
    "a birth date in two digits each": (put(SeriesDescription="17.02.48"), "identity_left"),
    "a birth date in six digits": (put(SeriesDescription="T1 480217"), "identity_left"),
    "a name taken apart": (put(SeriesDescription="QUIR_INA"), "identity_left"),
    "a UID as text": (put(SeriesDescription="1.2.246.4711.4.75736893"), "identity_left"),
    "a UID that was not replaced": (old_uid, "uid_map_broken"),
    "a date that moved differently": (put(StudyDate="20200101"), "dates_inconsistent"),
    "a changed slope": (put(RescaleSlope="2"), "acquisition_changed"),
    "a changed position": (put(ImagePositionPatient=["0", "0", "0"]), "acquisition_changed"),
    "a changed weight": (put(PatientWeight="72"), "acquisition_changed"),
    "changed pixels": (put(PixelData=b"\1" * 8192), "pixels_changed"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_output_is_held(pair: tuple[Path, Path, OutputVerifier], name: str) -> None:
    source, output, verifier = pair
    change, code = BREAKS[name]
    dataset = pydicom.dcmread(output)
    change(dataset)
    dataset.save_as(output, enforce_file_format=True)
    assert verifier.check(source, output).code == code


def test_a_removed_dose_is_found(pair: tuple[Path, Path, OutputVerifier]) -> None:
    source, output, verifier = pair
    dataset = pydicom.dcmread(output)
    dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose = "1"
    dataset.save_as(output, enforce_file_format=True)
    assert verifier.check(source, output).code == "acquisition_changed"


@pytest.mark.parametrize("where", ["preamble", "tail"])
def test_bytes_around_the_data_set_are_searched(
    pair: tuple[Path, Path, OutputVerifier], where: str
) -> None:
    source, output, verifier = pair
    data = output.read_bytes()
    output.write_bytes(b"X" + data[1:] if where == "preamble" else data + b"Quirina!")
    assert verifier.check(source, output).code == "identity_left"


def test_a_comment_inside_a_compressed_picture_is_found(
    pair: tuple[Path, Path, OutputVerifier],
) -> None:
    source, output, verifier = pair
    name = PERSON.name.encode()
    comment = b"\xff\xfe" + (len(name) + 2).to_bytes(2, "big") + name
    stream = b"\xff\xd8" + comment + b"\xff\xda\0\0coded\xff\xd9"
    for path in (source, output):
        dataset = pydicom.dcmread(path)
        for tag in [tag for tag in dataset.keys() if tag > 0x7FE00010]:  # noqa: SIM118
            del dataset[tag]
        dataset.PixelData = encapsulate([stream])
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
        dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.50"
        if path == output:
            dataset.preamble = b"\0" * 128
        dataset.save_as(path, implicit_vr=False, little_endian=True, enforce_file_format=True)
    assert verifier.check(source, output).code == "identity_left"
