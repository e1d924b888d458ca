"""Keeping the index: once per series, when its clean files are stored, and again on request.

Indexing the same files again changes nothing. A worker lost on the way leaves at most a metadata
file without a row; the next run makes the same file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from django.db import transaction

from audit import clock
from imaging.dicomweb import levels
from imaging.dicomweb.objects import Described, Describer
from imaging.models import (
    Instance,
    InstanceIndex,
    Series,
    SeriesDocument,
    SeriesIndex,
    StudyIndex,
)
from imaging.pipeline.sandbox import Sandbox, SandboxLimits
from imaging.storage import metadata_documents, research

LIMITS = SandboxLimits()
BATCH = 500
Tick = Callable[[int, str], None]
Pair = tuple[Instance, Described]
Known = Mapping[str, Described]


def members_digest(instances: Iterable[Instance]) -> str:
    """Return SHA-256 (hex) over the objects of a series, in any order."""
    lines = sorted(f"{one.pk} {one.sha256}" for one in instances)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def index_series(row: Series, known: Known = MappingProxyType({})) -> bool:
    """Index a series; tell whether anything had changed since it was indexed last.

    Args:
        known: what was read of clean files before, by SHA-256; other files are read now.
    """
    instances = list(row.instances.order_by("id"))
    members = members_digest(instances)
    if not instances or SeriesIndex.objects.filter(series=row, members=members).exists():
        return False
    unread = [one for one in instances if one.sha256 not in known]
    pairs = [(one, known[one.sha256]) for one in instances if one.sha256 in known]
    pairs = sorted([*pairs, *(_described(row, unread) if unread else ())], key=_order)
    if not pairs:
        return False
    document, places = _document([described.metadata for _, described in pairs])
    sha256 = metadata_documents().put_bytes(document)
    first = json.loads(pairs[0][1].metadata)
    with transaction.atomic():
        _write_study(row, first)
        _write_series(row, first, members, count=len(pairs))
        _write_instances(row, pairs, places)
        keep_document(row, members, sha256, size=len(document))
    return True


def index_all(rows: Iterable[Series], tick: Tick, known: Known = MappingProxyType({})) -> int:
    """Index several series (see ``index_series``); return how many had changed."""
    changed = 0
    for row in rows:
        changed += index_series(row, known)
        tick(0, "Indexing the images")
    return changed


def keep_document(
    row: Series, members: str, sha256: str, *, size: int, view: str = ""
) -> SeriesDocument:
    """Write down where the metadata of a series are stored."""
    found, _ = SeriesDocument.objects.get_or_create(
        series=row,
        view=view,
        members=members,
        sha256=sha256,
        defaults={"study_id": row.study_id, "size": size},
    )
    return found


def _described(row: Series, instances: Sequence[Instance]) -> list[Pair]:
    store, place = research(), f"index-{row.pk.hex}"
    paths = [str(store.path_of(one.sha256, place=place)) for one in instances]
    found: list[Pair] = []
    with Sandbox(_describer, processes=2, limits=LIMITS) as sandbox:
        for position, described in sandbox.map(paths):
            if isinstance(described, Described):
                found.append((instances[position], described))
    if store.root is None:
        store.clear_workspace(place)
    return found


def _describer() -> Callable[[str], Described]:
    describer = Describer()
    return lambda path: describer.describe(Path(path))


def _order(pair: Pair) -> tuple[Any, ...]:
    instance, described = pair
    number = described.number
    return (number is None, number or 0, instance.position_mm or 0.0, described.sop_instance_uid)


def _document(parts: Sequence[str]) -> tuple[bytes, list[tuple[int, int]]]:
    """Return the series' metadata as one file, and where each instance lies in it."""
    encoded = [part.encode() for part in parts]
    places, at = [], 1
    for part in encoded:
        places.append((at, len(part)))
        at += len(part) + 2
    return b"[" + b",\n".join(encoded) + b"]", places


def only(metadata: dict[str, Any], tags: Sequence[str]) -> dict[str, Any]:
    """Return the members of a DICOM JSON object with these tags."""
    return {tag: metadata[tag] for tag in tags if tag in metadata}


def first_text(metadata: dict[str, Any], tag: str) -> str:
    """Return the first value of an attribute as text, empty when absent."""
    values = metadata.get(tag, {}).get("Value") or [""]
    return "" if values[0] is None else str(values[0])


def _write_study(row: Series, first: dict[str, Any]) -> None:
    study = row.imaging_study
    StudyIndex.objects.bulk_create(
        [
            StudyIndex(
                imaging_study=study,
                study_id=row.study_id,
                uid=study.uid,
                study_date=first_text(first, "00080020")[:8],
                patient_id=first_text(first, "00100020")[:64],
                attributes=only(first, levels.STUDY),
            )
        ],
        update_conflicts=True,
        unique_fields=["imaging_study"],
        update_fields=["study_date", "patient_id", "attributes"],
    )


def _write_series(row: Series, first: dict[str, Any], members: str, *, count: int) -> None:
    number = first_text(first, "00200011")
    SeriesIndex.objects.bulk_create(
        [
            SeriesIndex(
                series=row,
                study_id=row.study_id,
                imaging_study_id=row.imaging_study_id,
                study_uid=row.imaging_study.uid,
                uid=row.uid,
                modality=row.modality,
                number=int(number) if number.lstrip("-").isdigit() else None,
                instance_count=count,
                attributes=only(first, levels.SERIES),
                members=members,
                indexed_at=clock.now(),
            )
        ],
        update_conflicts=True,
        unique_fields=["series"],
        update_fields=[
            "modality",
            "number",
            "instance_count",
            "attributes",
            "members",
            "indexed_at",
        ],
    )


def _write_instances(row: Series, pairs: Sequence[Pair], places: Sequence[tuple[int, int]]) -> None:
    InstanceIndex.objects.bulk_create(
        list(_instance_rows(row, pairs, places)),
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["instance"],
        update_fields=[
            "transfer_syntax",
            "number",
            "rows",
            "columns",
            "frames",
            "bits_allocated",
            "pixel_at",
            "frame_bytes",
            "fragments",
            "bulk",
            "document_at",
            "document_bytes",
        ],
    )


def _instance_rows(
    row: Series, pairs: Sequence[Pair], places: Sequence[tuple[int, int]]
) -> Iterator[InstanceIndex]:
    for (instance, described), (at, length) in zip(pairs, places, strict=True):
        yield InstanceIndex(
            instance=instance,
            study_id=row.study_id,
            series=row,
            sop_instance_uid=described.sop_instance_uid,
            sop_class_uid=described.sop_class_uid,
            transfer_syntax=described.transfer_syntax,
            number=described.number,
            rows=described.rows,
            columns=described.columns,
            frames=described.frames,
            bits_allocated=described.bits_allocated,
            sha256=instance.sha256,
            size=instance.size,
            pixel_at=described.pixel_at,
            frame_bytes=described.frame_bytes,
            fragments=described.fragments,
            bulk=described.bulk,
            document_at=at,
            document_bytes=length,
        )
