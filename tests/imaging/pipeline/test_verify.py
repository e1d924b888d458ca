"""Refusal of what cannot be judged, and the facts that are kept."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from imaging.pipeline.verify import Refused, Verified, group_files, verify_file
from tests.imaging.pipeline.planted import PEOPLE, image, write

KEY = b"k" * 32

# From corpus/qc_cases/expected.json and imaging.md section 9.
REFUSALS = {
    "empty.dcm": "empty_file",
    "text_named.dcm": "not_dicom",
    "png_as.dcm": "not_dicom",
    "preamble_only.dcm": "truncated_header",
    "truncated_in_header.dcm": "truncated_header",
    "truncated_in_pixels.dcm": "pixel_data_cut",
    "length_field_4GB.dcm": "pixel_data_cut",
    "deep_400.dcm": "too_deep",
}


@pytest.mark.parametrize(("name", "code"), REFUSALS.items())
def test_each_broken_file_of_the_corpus_is_refused_for_its_own_reason(
    corpus: Path, name: str, code: str
) -> None:
    verdict = verify_file(corpus / "odd/made" / name, key=KEY)
    assert isinstance(verdict, Refused)
    assert verdict.code == code
    assert verdict.sentence.endswith(".")


@pytest.mark.parametrize(
    ("name", "warning"),
    [("elf_preamble.dcm", "preamble_not_empty"), ("garbage_tail.dcm", "trailing_bytes")],
)
def test_odd_but_readable_files_are_accepted_with_a_warning(
    corpus: Path, name: str, warning: str
) -> None:
    verdict = verify_file(corpus / "odd/made" / name, key=KEY)
    assert isinstance(verdict, Verified)
    assert warning in verdict.warnings


@pytest.fixture
def slice_file(tmp_path: Path) -> Path:
    path = tmp_path / "slice.dcm"
    write(image(PEOPLE[0], 1), path, PEOPLE[0], syntax="1.2.840.10008.1.2.1", dirty=False)
    return path


def test_true_dates_weight_and_keyed_hashes_are_sealed(slice_file: Path) -> None:
    verdict = verify_file(slice_file, key=KEY)
    assert isinstance(verdict, Verified)
    facts = verdict.sealed
    assert (facts.study_date, facts.study_time, facts.weight_kg) == ("20240311", "101500", "71.5")
    assert (facts.acquisition_date, facts.acquisition_time[:6]) == ("20240311", "101530")
    assert facts.model == "Ingenuity TF"
    assert len(facts.patient_hash) == 64
    assert "PQX" not in repr(facts) and "Vandersloot" not in repr(facts)
    other = verify_file(slice_file, key=b"j" * 32)
    assert isinstance(other, Verified) and other.sealed.patient_hash != facts.patient_hash


@pytest.mark.parametrize("cut", [1, 100, 4096])
def test_a_file_cut_in_its_pixels_is_refused(slice_file: Path, cut: int) -> None:
    data = slice_file.read_bytes()
    slice_file.write_bytes(data[:-cut])
    verdict = verify_file(slice_file, key=KEY)
    assert isinstance(verdict, Refused) and verdict.code == "pixel_data_cut"


def test_a_file_cut_anywhere_never_raises(slice_file: Path) -> None:
    data = slice_file.read_bytes()
    for end in range(0, len(data), 37):
        slice_file.write_bytes(data[:end])
        verdict = verify_file(slice_file, key=KEY)
        assert isinstance(verdict, Refused) or end >= len(data)


def test_a_stated_size_of_65535_squared_with_little_data_is_refused(slice_file: Path) -> None:
    data = slice_file.read_bytes()
    for tag in (b"\x28\0\x10\0US\x02\0", b"\x28\0\x11\0US\x02\0"):
        at = data.index(tag)
        data = data[: at + 8] + struct.pack("<H", 65535) + data[at + 10 :]
    slice_file.write_bytes(data)
    verdict = verify_file(slice_file, key=KEY)
    assert isinstance(verdict, Refused)
    assert verdict.code in ("pixel_size_impossible", "pixel_data_short")


def test_a_missing_series_uid_is_refused(tmp_path: Path) -> None:
    dataset = image(PEOPLE[0], 1)
    del dataset.SeriesInstanceUID
    write(dataset, tmp_path / "a", PEOPLE[0], syntax="1.2.840.10008.1.2.1", dirty=False)
    verdict = verify_file(tmp_path / "a", key=KEY)
    assert verdict == Refused("missing_uid")


def test_an_unknown_character_set_is_a_warning(tmp_path: Path) -> None:
    dataset = image(PEOPLE[0], 1)
    write(dataset, tmp_path / "a", PEOPLE[0], syntax="1.2.840.10008.1.2.1", dirty=False)
    data = (tmp_path / "a").read_bytes().replace(b"ISO_IR 192", b"ISO_IR 999", 1)
    (tmp_path / "a").write_bytes(data)
    verdict = verify_file(tmp_path / "a", key=KEY)
    assert isinstance(verdict, Verified)
    assert "charset:ISO_IR 999" in verdict.warnings


def test_files_are_grouped_by_person_study_and_series(corpus: Path) -> None:
    files = sorted((corpus / "qc_cases/ct_mixed_patient").glob("*.dcm"))
    verdicts = [verify_file(path, key=KEY) for path in files]
    groups = group_files(
        (number, verdict.sealed)
        for number, verdict in enumerate(verdicts)
        if isinstance(verdict, Verified)
    )
    assert len(groups) == 2
    assert sum(len(group.files) for group in groups) == len(files)
