"""What one file adds to the facts of its series, part by part."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from typing import Any, Final

from pydicom.dataset import Dataset

from imaging.pipeline.technical_qc.facts import SliceFacts, TracerFacts, Value, Vector
from imaging.pipeline.technical_qc.parameters import (
    PARAMETERS,
    Reader,
    day_of,
    dicom_datetime,
    element,
    number,
    several,
)
from imaging.pipeline.technical_qc.tracer_facts import tracer_of
from imaging.pipeline.travel import travels

_VOLUME_MARKS = (
    "TemporalPositionIdentifier", "AcquisitionNumber", "EchoNumbers", "EchoTime",
    "InversionTime", "TriggerTime", "DiffusionBValue", "ImageType", "ContentTime",
    "AcquisitionTime", "AcquisitionDateTime", "FrameReferenceTime",
)  # fmt: skip


def keyed(value: object, key: bytes) -> str:
    """HMAC-SHA256 of an identifier, hex, shortened to 32 characters; empty stays empty."""
    text = str(value or "").strip()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32] if text else ""


@travels
@dataclass(frozen=True, slots=True)
class FileFacts:
    """What one file adds to the facts of its series; no identity but keyed hashes."""

    series_key: str
    modality: str
    slices: tuple[SliceFacts, ...]
    values: Mapping[str, tuple[Value, ...]]
    image_type: tuple[str, ...]
    temporal_positions: int
    study_date: datetime | None
    acquired: datetime | None
    birth_date_after_study: bool
    traits_key: str
    tracer: TracerFacts | None

    @property
    def instance_key(self) -> str:
        """Keyed hash of the instance identifier."""
        return self.slices[0].instance_key if self.slices else ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a file: the key for hashes, its modality, the parameters wanted."""

    key: bytes
    modality: str
    only: frozenset[str] | None


Part = Callable[[Dataset, Question], Any]


def file_facts(
    dataset: Dataset,
    *,
    key: bytes,
    modality: str | None = None,
    only: frozenset[str] | None = None,
) -> FileFacts:
    """Facts of one file. ``modality`` is the series' own, where it is known."""
    if modality is None:
        modality = str(element(dataset, "Modality") or "")
    asked = Question(key, modality, only)
    read = {name: part(dataset, asked) for name, part in FILE_PARTS.items()}
    return FileFacts(modality=modality, slices=tuple(_slices(dataset, asked)), **read)


def _image_type(dataset: Dataset) -> tuple[str, ...]:
    return tuple(str(part) for part in several(element(dataset, "ImageType")))


def _traits(dataset: Dataset, key: bytes) -> str:
    birth, sex = element(dataset, "PatientBirthDate"), element(dataset, "PatientSex")
    return keyed(f"{birth}|{sex}", key) if birth and sex else ""


def _acquired_day(dataset: Dataset) -> datetime | None:
    return (
        day_of(dataset, "AcquisitionDate")
        or dicom_datetime(element(dataset, "AcquisitionDateTime"))
        or day_of(dataset, "SeriesDate")
    )


def values_of(
    dataset: Dataset, modality: str, only: frozenset[str] | None = None
) -> dict[str, tuple[Value, ...]]:
    """The distinct values of each parameter that a file of this modality has."""
    found: dict[str, tuple[Value, ...]] = {}
    sources = (dataset, *_shared_groups(dataset))
    for name, read in _readers(modality, only):
        seen = dict.fromkeys(value for source in sources for value in read(source))
        if seen:
            found[name] = tuple(seen)
    return found


@cache
def _readers(modality: str, only: frozenset[str] | None) -> tuple[tuple[str, Reader], ...]:
    """What is read of a file of one modality."""
    return tuple(
        (name, parameter.read)
        for name, parameter in PARAMETERS.items()
        if parameter.read is not None
        and parameter.modalities & {"*", modality}
        and (only is None or name in only)
    )


# --- slices ---------------------------------------------------------------------------------


def _shared_groups(dataset: Dataset) -> list[Dataset]:
    """Items of the shared functional groups of an enhanced object (PS3.3 C.7.6.16)."""
    shared = several(element(dataset, "SharedFunctionalGroupsSequence"))
    return [item for group in shared if isinstance(group, Dataset) for item in _items(group)]


def _items(group: Dataset) -> list[Dataset]:
    """The items of all standard sequences in a functional group item."""
    found: list[Dataset] = []
    for tag in group.keys():  # noqa: SIM118 - iterating a data set converts its elements
        value = None if tag.is_private else element(group, tag)
        found += [item for item in several(value) if isinstance(item, Dataset)]
    return found


def _slices(dataset: Dataset, asked: Question) -> list[SliceFacts]:
    frames = several(element(dataset, "PerFrameFunctionalGroupsSequence"))
    if not frames:
        return [SliceFacts(**{name: part(dataset, asked) for name, part in SLICE_PARTS.items()})]
    base = SliceFacts(**{name: part(dataset, asked) for name, part in _IMAGE_PARTS.items()})
    shared = _shared_groups(dataset)
    return [
        _placed(replace(base, frame=index), [*_items(frame), *shared, dataset])
        for index, frame in enumerate(frames, start=1)
        if isinstance(frame, Dataset)
    ]


def _placed(base: SliceFacts, sources: Sequence[Dataset]) -> SliceFacts:
    """A slice with the geometry found first among its functional groups and data set."""

    def first(keyword: str) -> object:
        found = (element(source, keyword) for source in sources)
        return next((value for value in found if value is not None), None)

    return replace(base, **{name: read(first) for name, read in _PLACE_PARTS.items()})


First = Callable[[str], object]


def _volume(first: First) -> str:
    return "|".join(str(value) for value in map(first, _VOLUME_MARKS) if value is not None)


def _whole(value: object) -> int | None:
    found = number(value) if value is not None else None
    return None if found is None else int(found)


def _vector(value: object) -> Vector | None:
    parts = [number(part) for part in several(value)]
    return (
        tuple(part for part in parts if part is not None) if parts and None not in parts else None
    )


# --- parts ----------------------------------------------------------------------------------
# Each is read by itself: of files that are nearly alike, only what differs is read again.


def _keyed_of(keyword: str) -> Part:
    return lambda dataset, asked: keyed(element(dataset, keyword), asked.key)


def _whole_of(keyword: str) -> Part:
    return lambda dataset, _: _whole(element(dataset, keyword)) or 0


def _born_later(dataset: Dataset, _: Question) -> bool:
    study, birth = day_of(dataset, "StudyDate"), day_of(dataset, "PatientBirthDate")
    return bool(birth and study and birth > study)


FILE_PARTS: Final[Mapping[str, Part]] = {
    "series_key": _keyed_of("SeriesInstanceUID"),
    "values": lambda dataset, asked: values_of(dataset, asked.modality, asked.only),
    "image_type": lambda dataset, _: _image_type(dataset),
    "temporal_positions": lambda dataset, _: int(
        number(element(dataset, "NumberOfTemporalPositions")) or 0
    ),
    "study_date": lambda dataset, _: day_of(dataset, "StudyDate"),
    "acquired": lambda dataset, _: _acquired_day(dataset),
    "birth_date_after_study": _born_later,
    "traits_key": lambda dataset, asked: _traits(dataset, asked.key),
    "tracer": lambda dataset, asked: tracer_of(dataset, asked.modality),
}
_IMAGE_PARTS: Final[Mapping[str, Part]] = {
    "instance_key": _keyed_of("SOPInstanceUID"),
    "subject_key": lambda dataset, asked: keyed(
        element(dataset, "PatientID") or element(dataset, "PatientName"), asked.key
    ),
    "study_key": _keyed_of("StudyInstanceUID"),
    "number": lambda dataset, _: _whole(element(dataset, "InstanceNumber")),
    "rows": _whole_of("Rows"),
    "columns": _whole_of("Columns"),
    "kernel": lambda dataset, _: "\\".join(
        str(part) for part in several(element(dataset, "ConvolutionKernel"))
    ),
}
_PLACE_PARTS: Final[Mapping[str, Callable[[First], Any]]] = {
    "position": lambda first: _vector(first("ImagePositionPatient")),
    "orientation": lambda first: _vector(first("ImageOrientationPatient")),
    "pixel_spacing": lambda first: _vector(first("PixelSpacing")),
    "thickness": lambda first: number(first("SliceThickness")),
    "volume": _volume,
}


def _of_image(read: Callable[[First], Any]) -> Part:
    return lambda dataset, _: read(partial(element, dataset))


#: The parts of an image with one frame.
SLICE_PARTS: Final[Mapping[str, Part]] = {**_IMAGE_PARTS} | {
    name: _of_image(read) for name, read in _PLACE_PARTS.items()
}
