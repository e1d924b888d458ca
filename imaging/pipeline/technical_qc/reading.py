"""Facts of series from DICOM files: headers only, pixel bytes where an identifier repeats."""

from __future__ import annotations

import hashlib
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

from imaging.pipeline.technical_qc.facts import SeriesFacts, SliceFacts, Value
from imaging.pipeline.technical_qc.file_facts import FileFacts, file_facts
from imaging.pipeline.technical_qc.opening import dataset_of, open_header
from imaging.pipeline.technical_qc.parameters import PARAMETERS, element, several
from imaging.pipeline.verify import Header


@dataclass(frozen=True)
class Facts:
    """Facts of all series of a submission, and the files that could not be read."""

    series: tuple[SeriesFacts, ...]
    refused: tuple[Path, ...]


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


def series_facts(members: Sequence[tuple[Path, Dataset]], *, key: bytes) -> SeriesFacts:
    """Facts of the files of one series. Raises ValueError when there are none."""
    if not members:
        message = "a series needs at least one file"
        raise ValueError(message)
    modality = str(element(members[0][1], "Modality") or "")
    files = [file_facts(dataset, key=key, modality=modality) for _, dataset in members]
    found = joined(files)
    return replace(found, slices=tuple(_with_digests(found.slices, members)))


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
