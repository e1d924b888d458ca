"""A profile tried on stored sample headers before it is released.

The samples are headers of the usual kinds of objects with an invented identity in many places.
Each is cleaned under the profile by the production engine and judged by the production verifier;
beside the profile that holds, every element whose fate changed is named.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from imaging.pipeline.deidentify.difference import attribute
from imaging.pipeline.deidentify.engine import Status, deidentify_file
from imaging.pipeline.deidentify.plan import DeidPlan, Subject, TrialValues
from imaging.pipeline.deidentify.profile import PROFILES, Profile
from imaging.pipeline.deidentify.tokens import collect_tokens
from imaging.pipeline.reasons import sentence
from imaging.pipeline.text import fold
from imaging.pipeline.verifier import OutputVerifier
from imaging.pipeline.verify import load, read_header

KEY: Final = b"key of the regression run, 32 byte"
SUBJECT: Final = Subject("S-001", "01", "V1")
TRIAL: Final = TrialValues("SPONSOR", "PROTOCOL")


@dataclass(frozen=True, slots=True)
class Sample:
    """A stored header: its name, the identity in it, and the header as DICOM JSON (PS3.18 F)."""

    name: str
    identity: tuple[str, ...]
    header: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fate:
    """An element of a sample whose treatment differs between two profiles."""

    sample: str
    place: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A sample on which the profile must not be released, with the reason in words."""

    sample: str
    code: str
    where: str
    reason: str

    @property
    def sentence(self) -> str:
        where = f" at {self.where}" if self.where else ""
        return f"{self.sample}: {self.reason}{where}"


@dataclass(frozen=True, slots=True)
class Regression:
    """Result of a run: failures block a release, changed fates are for the eyes of a person."""

    samples: int
    elements: int
    failures: tuple[Failure, ...]
    changes: tuple[Fate, ...]

    @property
    def passed(self) -> bool:
        return not self.failures


@cache
def samples() -> tuple[Sample, ...]:
    """Return the stored samples in the order of their file names."""
    found = []
    for path in sorted((PROFILES / "samples").glob("*.json")):
        document = json.loads(path.read_text("utf-8"))
        found.append(Sample(document["name"], tuple(document["identity"]), document["header"]))
    return tuple(found)


def regression(new: Profile, old: Profile | None = None) -> Regression:
    """Clean every sample under `new`, and under `old` when given, and compare element by element.

    Raises OSError when there is no room for temporary files.
    """
    failures: list[Failure] = []
    changes: list[Fate] = []
    elements = 0
    with TemporaryDirectory(prefix="regression-") as folder:
        for sample in samples():
            source = Path(folder, "source.dcm")
            _write(sample, source)
            fates = _fates(sample, source, new, failures)
            elements += len(fates)
            if old is not None:
                before = _fates(sample, source, old, [])
                changes += [
                    Fate(sample.name, place, before.get(place, ""), fate)
                    for place, fate in fates.items()
                    if before.get(place, "") != fate
                ]
    return Regression(len(samples()), elements, tuple(failures), tuple(changes))


def _write(sample: Sample, path: Path) -> None:
    dataset = Dataset.from_json(dict(sample.header))
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(path, enforce_file_format=True)


def _fates(
    sample: Sample, source: Path, profile: Profile, failures: list[Failure]
) -> dict[str, str]:
    """What became of each element of the sample, by place; failures are added to the list."""
    output = source.with_name("output.dcm")
    tokens = collect_tokens(read_header(load(source)), profile)
    plan = DeidPlan(KEY, profile, SUBJECT, TRIAL, tokens)
    outcome = deidentify_file(source, output, plan=plan, durable=False)
    if outcome.status is not Status.WRITTEN:
        failures.append(_failure(sample, outcome.code))
        return {}
    verdict = OutputVerifier(plan).check(source, output)
    if not verdict.passed:
        failures.append(_failure(sample, verdict.code, verdict.where))
    cleaned = pydicom.dcmread(output)
    failures += _left(sample, cleaned)
    return dict(_compared(pydicom.dcmread(source), cleaned, ""))


def _failure(sample: Sample, code: str, where: str = "") -> Failure:
    return Failure(sample.name, code, where, sentence(code).rstrip("."))


def _left(sample: Sample, cleaned: Dataset) -> Iterator[Failure]:
    """Identity of the sample in the decoded output, known from the sample and not from tokens."""
    secrets = [fold(text) for text in sample.identity]
    for element in cleaned.iterall():
        text = "" if element.VR == "SQ" else fold(str(element.value))
        if any(secret in text for secret in secrets):
            yield _failure(sample, "identity_left", attribute(int(element.tag)))


def _compared(before: Dataset, after: Dataset, path: str) -> Iterator[tuple[str, str]]:
    for element in before:
        if element.tag.element == 0 or element.tag == 0x00080005:
            continue
        place = path + attribute(int(element.tag))
        if element.tag not in after:
            yield place, "removed"
            continue
        found = after[element.tag]
        if element.VR == "SQ" and found.VR == "SQ":
            yield from _sequences(element.value, found.value, place)
        elif found.value == element.value:
            yield place, "kept"
        elif found.value in (None, "", b""):
            yield place, "emptied"
        else:
            yield place, "replaced"


def _sequences(before: Any, after: Any, place: str) -> Iterator[tuple[str, str]]:
    yield place, "entered" if len(after) == len(before) else "replaced"
    for number, (one, other) in enumerate(zip(before, after, strict=False), start=1):
        yield from _compared(one, other, f"{place} › {number} › ")
