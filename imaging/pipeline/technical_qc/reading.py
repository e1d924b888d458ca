"""Extraction of facts from DICOM files: headers only, pixel bytes where an identifier repeats."""

from __future__ import annotations

import hashlib
import hmac
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import pydicom
from pydicom.charset import convert_encodings, default_encoding
from pydicom.dataelem import DataElement, RawDataElement, convert_raw_data_element
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import BaseTag
from pydicom.uid import UID

from imaging.pipeline.encoding import Element
from imaging.pipeline.technical_qc.facts import (
    SeriesFacts,
    SliceFacts,
    TracerFacts,
    Value,
    Vector,
)
from imaging.pipeline.technical_qc.nuclides import nuclide_of
from imaging.pipeline.technical_qc.parameters import (
    PARAMETERS,
    Reader,
    clock_seconds,
    dicom_datetime,
    element,
    interned,
    number,
    several,
)
from imaging.pipeline.travel import travels
from imaging.pipeline.verify import Header

_HALF_A_DAY = timedelta(hours=12)
_VOLUME_MARKS = (
    "TemporalPositionIdentifier", "AcquisitionNumber", "EchoNumbers", "EchoTime",
    "InversionTime", "TriggerTime", "DiffusionBValue", "ImageType", "ContentTime",
    "AcquisitionTime", "AcquisitionDateTime", "FrameReferenceTime",
)  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """Facts of all series of a submission, and the files that could not be read."""

    series: tuple[SeriesFacts, ...]
    refused: tuple[Path, ...]


def keyed(value: object, key: bytes) -> str:
    """HMAC-SHA256 of an identifier, hex, shortened to 32 characters; empty stays empty."""
    text = str(value or "").strip()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32] if text else ""


def read_facts(paths: Iterable[Path], *, key: bytes) -> Facts:
    """Facts of every series among the files, in order of first appearance.

    ``key`` is the study's key for hashes of identifiers. Files that are no readable DICOM are
    listed, not raised: the verify stage says why.
    """
    grouped: dict[str, list[tuple[Path, Dataset]]] = defaultdict(list)
    refused = []
    with warnings.catch_warnings():
        # Values that break their representation are judged by the checks, not by warnings.
        warnings.simplefilter("ignore")
        for path in paths:
            dataset = open_header(path)
            series = None if dataset is None else element(dataset, "SeriesInstanceUID")
            if dataset is None or series is None:
                refused.append(path)
            else:
                grouped[str(series)].append((path, dataset))
        found = tuple(series_facts(members, key=key) for members in grouped.values())
    return Facts(series=found, refused=tuple(refused))


def open_header(path: Path) -> Dataset | None:
    """The header of a file, or None when it cannot be read; pixels are not touched."""
    try:
        return pydicom.dcmread(path, stop_before_pixels=True, force=_lacks_preamble(path))
    except Exception:  # untrusted bytes may raise anything
        return None


def dataset_of(header: Header, holds: type[dict[BaseTag, Any]] = dict) -> Dataset | None:
    """The header of a file that was indexed before, without reading it again.

    ``holds`` is what keeps the elements. None where the file is odd (no meta information, another
    encoding than it says, a sequence that calls itself unknown): pydicom reads such a file in its
    own way.
    """
    part10 = header.part10
    if not _ODD.isdisjoint(part10.notes):
        return None
    if any(e.vr == "UN" and e.value_end != e.end for e in header.elements):
        return None
    data, implicit = part10.data, not part10.explicit
    # How pydicom itself holds what it has read: elements that are converted when they are asked.
    raw: dict[BaseTag, DataElement | RawDataElement] = holds(
        (interned(one.tag), raw_of(one, data, implicit=implicit))
        for one in header.elements
        if one.tag < PIXELS_FROM
    )
    dataset = Dataset(raw)
    charset = raw.get(_CHARACTER_SET)
    encodings: Any = default_encoding
    if isinstance(charset, RawDataElement):
        encodings = convert_encodings(convert_raw_data_element(charset).value)
    dataset.set_original_encoding(implicit, True, encodings)
    dataset.file_meta = _meta_of(part10.transfer_syntax)
    return dataset


def raw_of(found: Element, data: bytes, *, implicit: bool) -> RawDataElement:
    """An indexed element as pydicom holds what it has read and not yet converted."""
    tag, vr, _, value, value_end, _ = found
    content = bytes(data[value:value_end])
    shown = None if implicit else vr
    return RawDataElement(interned(tag), shown, value_end - value, content, value, implicit, True)


@cache
def _meta_of(transfer_syntax: str) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = UID(transfer_syntax)
    return meta


_ODD: Final = frozenset(
    {
        "no_preamble",
        "no_file_meta",
        "no_transfer_syntax",
        "big_endian_rewritten",
        "transfer_syntax_contradicts_data",
    }
)
PIXELS_FROM: Final = 0x7FE00001
_CHARACTER_SET: Final = interned(0x00080005)


def _lacks_preamble(path: Path) -> bool:
    """Whether a file starts with a DICOM group instead of a preamble (group 2 or 8)."""
    with path.open("rb") as stream:
        start = stream.read(132)
    groups = {b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08"}
    return start[128:] != b"DICM" and start[:2] in groups


def series_facts(members: Sequence[tuple[Path, Dataset]], *, key: bytes) -> SeriesFacts:
    """Facts of the files of one series. Raises ValueError when there are none."""
    if not members:
        message = "a series needs at least one file"
        raise ValueError(message)
    modality = str(element(members[0][1], "Modality") or "")
    files = [file_facts(dataset, key=key, modality=modality) for _, dataset in members]
    found = joined(files)
    return replace(found, slices=tuple(_with_digests(found.slices, members)))


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


def facts_of_file(
    header: Header,
    file: Callable[[], Path],
    *,
    key: bytes,
    only: frozenset[str] | None = None,
) -> FileFacts | None:
    """Facts of a file whose header was indexed before; None when it cannot be read for them.

    ``file`` is asked for where the header is odd. ``only`` names the parameters that are wanted;
    all without it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = dataset_of(header) or open_header(file())
            if dataset is None or element(dataset, "SeriesInstanceUID") is None:
                return None
            facts = file_facts(dataset, key=key, only=only)
    except Exception:  # untrusted bytes may raise anything
        return None
    return replace(facts, values=same_values(facts.values))


_last: list[Mapping[str, tuple[Value, ...]]] = [{}]


def same_values(values: Mapping[str, tuple[Value, ...]]) -> Mapping[str, tuple[Value, ...]]:
    """The values of the file before, where they are equal: one object travels once."""
    if values != _last[0]:
        _last[0] = values
    return _last[0]


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


def joined(files: Sequence[FileFacts]) -> SeriesFacts:
    """Join the facts of the files of one series, in their order. Raises IndexError for none."""
    first = files[0]
    acquired = [one.acquired for one in files if one.acquired is not None]
    starts = [t.acquisition_start for t in (one.tracer for one in files) if t]
    tracer = first.tracer and replace(
        first.tracer, acquisition_start=min((start for start in starts if start), default=None)
    )
    return SeriesFacts(
        series_key=first.series_key,
        modality=first.modality,
        slices=tuple(item for one in files for item in one.slices),
        values=joined_values([one.values for one in files]),
        image_types=tuple(dict.fromkeys(one.image_type for one in files)),
        temporal_positions=first.temporal_positions,
        study_date=None if first.study_date is None else first.study_date.date(),
        acquisition_date=min(acquired).date() if acquired else None,
        birth_date_after_study=first.birth_date_after_study,
        traits_key=first.traits_key,
        tracer=tracer,
    )


def joined_values(found: Iterable[Mapping[str, tuple[Value, ...]]]) -> dict[str, tuple[Value, ...]]:
    """The distinct values of each parameter over files, in their order."""
    seen: dict[str, dict[Value, None]] = defaultdict(dict)
    last: Mapping[str, tuple[Value, ...]] = {}
    for values in found:
        if values != last:
            for name, several_of in values.items():
                seen[name].update(dict.fromkeys(several_of))
            last = values
    return {name: tuple(seen[name]) for name in PARAMETERS if name in seen}


def _image_type(dataset: Dataset) -> tuple[str, ...]:
    return tuple(str(part) for part in several(element(dataset, "ImageType")))


def _traits(dataset: Dataset, key: bytes) -> str:
    birth, sex = element(dataset, "PatientBirthDate"), element(dataset, "PatientSex")
    return keyed(f"{birth}|{sex}", key) if birth and sex else ""


def _day(dataset: Dataset, keyword: str) -> datetime | None:
    try:
        return datetime.strptime(str(element(dataset, keyword))[:8], "%Y%m%d")  # noqa: DTZ007
    except ValueError:
        return None


def _acquired_day(dataset: Dataset) -> datetime | None:
    return (
        _day(dataset, "AcquisitionDate")
        or dicom_datetime(element(dataset, "AcquisitionDateTime"))
        or _day(dataset, "SeriesDate")
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


def _with_digests(
    slices: Sequence[SliceFacts], members: Sequence[tuple[Path, Dataset]]
) -> list[SliceFacts]:
    """Add the pixel digest to slices whose instance identifier occurs in more than one file."""
    paths: dict[str, list[Path]] = defaultdict(list)
    owners: list[tuple[str, Path]] = []
    for path, dataset in members:
        uid = str(element(dataset, "SOPInstanceUID"))
        paths[uid].append(path)
        frames = len(several(element(dataset, "PerFrameFunctionalGroupsSequence"))) or 1
        owners += [(uid, path)] * frames
    return [
        replace(item, digest=pixel_digest(path)) if len(paths[uid]) > 1 else item
        for item, (uid, path) in zip(slices, owners, strict=True)
    ]


def pixel_digest(path: Path) -> str:
    """SHA-256 of everything from the pixel data element to the end of the file."""
    with path.open("rb") as stream:
        pydicom.dcmread(stream, stop_before_pixels=True, force=True)
        return hashlib.file_digest(stream, "sha256").hexdigest()


# --- tracer ---------------------------------------------------------------------------------


def _tracer(first: Dataset, modality: str) -> TracerFacts | None:
    if modality not in {"PT", "NM"}:
        return None
    items = several(element(first, "RadiopharmaceuticalInformationSequence"))
    drug = items[0] if items and isinstance(items[0], Dataset) else Dataset()
    dated = dicom_datetime(element(drug, "RadiopharmaceuticalStartDateTime"))
    series_start = _instant(first, "SeriesDate", "SeriesTime") or _instant(
        first, "StudyDate", "SeriesTime"
    )
    undated = _time_on(series_start, element(drug, "RadiopharmaceuticalStartTime"))
    return TracerFacts(
        units=str(element(first, "Units") or ""),
        decay_correction=str(element(first, "DecayCorrection") or ""),
        corrections=tuple(str(part) for part in several(element(first, "CorrectedImage"))),
        weight_kg=number(element(first, "PatientWeight")),
        dose_bq=number(element(drug, "RadionuclideTotalDose")),
        half_life_s=number(element(drug, "RadionuclideHalfLife")),
        nuclide=nuclide_of(drug),
        tracer=str(element(drug, "Radiopharmaceutical") or ""),
        injection=dated or undated,
        injection_has_date=dated is not None,
        series_start=series_start,
        acquisition_start=_acquisition(first),
        acquisition_has_date=element(first, "AcquisitionDate") is not None,
        frame_reference_ms=number(element(first, "FrameReferenceTime")),
        frame_duration_ms=number(element(first, "ActualFrameDuration")),
        philips_suv_factor=_private(first, 0x7053, "Philips PET Private Group", 0x00),
        philips_activity_factor=_private(first, 0x7053, "Philips PET Private Group", 0x09),
        ge_scan_start=_ge_scan_start(first),
    )


def _acquisition(dataset: Dataset) -> datetime | None:
    """When an image was acquired; a time without a date may lie after midnight of the series."""
    dated = dicom_datetime(element(dataset, "AcquisitionDateTime")) or _instant(
        dataset, "AcquisitionDate", "AcquisitionTime"
    )
    if dated is not None:
        return dated
    undated = _instant(dataset, "SeriesDate", "AcquisitionTime")
    start = _instant(dataset, "SeriesDate", "SeriesTime")
    if undated is None or start is None:
        return undated
    return undated + timedelta(days=1) if start - undated > _HALF_A_DAY else undated


def _instant(dataset: Dataset, day_keyword: str, time_keyword: str) -> datetime | None:
    return _time_on(_day(dataset, day_keyword), element(dataset, time_keyword))


def _time_on(day: datetime | None, clock: object) -> datetime | None:
    seconds = clock_seconds(clock)
    if day is None or seconds is None or seconds >= 86_400:
        return None
    whole = int(seconds)
    return day.replace(
        hour=whole // 3600,
        minute=whole // 60 % 60,
        second=whole % 60,
        microsecond=round((seconds - whole) * 1_000_000) % 1_000_000,
    )


def _private(dataset: Dataset, group: int, creator: str, offset: int) -> float | None:
    try:
        return number(dataset.private_block(group, creator)[offset].value)
    except KeyError:
        return None


def _ge_scan_start(dataset: Dataset) -> datetime | None:
    try:
        return dicom_datetime(dataset.private_block(0x0009, "GEMS_PETD_01")[0x0D].value)
    except KeyError:
        return None


# --- parts ----------------------------------------------------------------------------------
# Each is read by itself: of files that are nearly alike, only what differs is read again.


def _keyed_of(keyword: str) -> Part:
    return lambda dataset, asked: keyed(element(dataset, keyword), asked.key)


def _whole_of(keyword: str) -> Part:
    return lambda dataset, _: _whole(element(dataset, keyword)) or 0


def _born_later(dataset: Dataset, _: Question) -> bool:
    study, birth = _day(dataset, "StudyDate"), _day(dataset, "PatientBirthDate")
    return bool(birth and study and birth > study)


FILE_PARTS: Final[Mapping[str, Part]] = {
    "series_key": _keyed_of("SeriesInstanceUID"),
    "values": lambda dataset, asked: values_of(dataset, asked.modality, asked.only),
    "image_type": lambda dataset, _: _image_type(dataset),
    "temporal_positions": lambda dataset, _: int(
        number(element(dataset, "NumberOfTemporalPositions")) or 0
    ),
    "study_date": lambda dataset, _: _day(dataset, "StudyDate"),
    "acquired": lambda dataset, _: _acquired_day(dataset),
    "birth_date_after_study": _born_later,
    "traits_key": lambda dataset, asked: _traits(dataset, asked.key),
    "tracer": lambda dataset, asked: _tracer(dataset, asked.modality),
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
