"""Searches (QIDO-RS, PS3.18 10.6): from the index where it can answer, else attribute by attribute.

Every count in an answer is taken over the series that the asker may see.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject

from imaging.dicomweb import levels
from imaging.dicomweb.indexing import only
from imaging.dicomweb.matching import MORE, Attributes, Key, Query, matches
from imaging.dicomweb.metadata import blinded_attributes, metadata_of
from imaging.dicomweb.prepared import Statement, composed
from imaging.dicomweb.scopes import MARKS, Scope, of_anybody
from imaging.models import InstanceIndex, SeriesIndex, StudyIndex

STUDY_DATE: Final = "00080020"
STUDY_UID: Final = "0020000D"
SERIES_UID: Final = "0020000E"
SOP_UID: Final = "00080018"
PATIENT_ID: Final = "00100020"
MODALITY: Final = "00080060"
MODALITIES: Final = levels.COUNTED["ModalitiesInStudy"]
CHUNK: Final = 500
# What a search for instances can tell without reading metadata.
_OF_INSTANCE: Final = frozenset(levels.INSTANCE) - {"00080201"}


@dataclass(frozen=True, slots=True)
class Found:
    """The results of one search, in order, and whether there are more."""

    results: list[dict[str, Any]]
    warnings: list[str]


def _page(rows: Iterable[dict[str, Any]], query: Query) -> Found:
    """Keep the asked part of matching results; one more is looked at to know of more."""
    found = list(islice(rows, query.offset, query.offset + query.limit + 1))
    more = [MORE] if len(found) > query.limit else []
    return Found(found[: query.limit], [*query.warnings, *more])


def _asked(attributes: Attributes, basic: Iterable[str], query: Query) -> dict[str, Any]:
    if query.include_all:
        return dict(attributes)
    return only(
        dict(attributes), sorted({*basic, *query.include, *(k.path[0] for k in query.keys)})
    )


def _text(vr: str, *values: Any) -> dict[str, Any]:
    return {"vr": vr, "Value": list(values)}


def _sql(rows: QuerySet[Any], keys: Sequence[Key], columns: Mapping[str, str]) -> Any:
    """Narrow rows by the keys that columns can answer exactly; return the other keys as well."""
    left: list[Key] = []
    for key in keys:
        column = columns.get(key.path[0]) if len(key.path) == 1 else None
        if column is None:
            left.append(key)
        elif key.vr == "UI":
            rows = rows.filter(**{f"{column}__in": key.value.replace("\\", ",").split(",")})
        elif key.vr == "DA":
            low, dash, high = key.value.partition("-")
            rows = rows.exclude(**{column: ""})
            if not dash:
                rows = rows.filter(**{column: low})
            elif low:
                rows = rows.filter(**{f"{column}__gte": low})
            if high:
                rows = rows.filter(**{f"{column}__lte": high})
        elif "*" in key.value or "?" in key.value:
            left.append(key)
        else:
            rows = rows.filter(**{column: key.value})
    return rows, left


# --- studies --------------------------------------------------------------------------------------


def studies(scope: Scope, query: Query, base: str) -> Found:
    """Search studies."""
    if scope.blinded:
        return _page(_blinded_studies(scope, query, base), query)
    quick = _quick_studies(scope, query, base) if scope.whole else None
    if quick is not None:
        return quick
    columns = {STUDY_DATE: "study_date", STUDY_UID: "uid", PATIENT_ID: "patient_id"}
    rows, left = _sql(scope.studies(), query.keys, columns)
    rows = rows.order_by("study_date", "uid")
    if left:
        shown = (row for row in _counted_studies(scope, _all_of(rows), base) if matches(row, left))
        return _page((_asked(row, _STUDY_BASIC, query) for row in shown), query)
    part = list(rows[query.offset : query.offset + query.limit + 1])
    results = [
        _asked(row, _STUDY_BASIC, query)
        for row in _counted_studies(scope, [part[: query.limit]], base)
    ]
    return Found(results, [*query.warnings, *([MORE] if len(part) > query.limit else [])])


def _quick_studies(scope: Scope, query: Query, base: str) -> Found | None:
    """Search by at most one date, range of dates or exact value: what viewers' lists ask for."""
    shape = _shape_of(query.keys)
    if shape is None:
        return None
    kind, values = shape
    rows = _studies_statement(kind, query.offset, query.limit).rows(study=scope.study_id, **values)
    results = []
    for _, uid, attributes, members in rows[: query.limit]:
        counted = [(one["uid"], one["modality"], one["count"]) for one in _loaded(members)]
        results.append(_asked(_study(_loaded(attributes), uid, counted, base), _STUDY_BASIC, query))
    return Found(results, [*query.warnings, *([MORE] if len(rows) > query.limit else [])])


def _shape_of(keys: Sequence[Key]) -> tuple[str, dict[str, str]] | None:
    """Return what kind of search it is, and its values; ``None`` for what is composed each time."""
    if not keys:
        return "all", {}
    key = keys[0]
    plain = not set(key.value) & set("*?\\,")
    if len(keys) > 1 or len(key.path) > 1 or not plain:
        return None
    if key.path[0] == PATIENT_ID:
        return "patient", {"value": key.value}
    if key.path[0] != STUDY_DATE:
        return None
    low, dash, high = key.value.partition("-")
    if not dash:
        return "day", {"value": low}
    return "days", {"low": low, "high": high or "99999999"}


@lru_cache(maxsize=256)
def _studies_statement(kind: str, offset: int, limit: int) -> Statement:
    anybody = of_anybody()
    narrowed: dict[str, dict[str, str]] = {
        "all": {},
        "patient": {"patient_id": "?value"},
        "day": {"study_date": "?value"},
        "days": {"study_date__gte": "?low", "study_date__lte": "?high"},
    }
    members = anybody.series().filter(imaging_study_id=OuterRef("imaging_study_id"))
    counted = JSONObject(uid="uid", modality="modality", count="instance_count")
    rows = anybody.studies().filter(**narrowed[kind])
    if kind in ("day", "days"):
        rows = rows.exclude(study_date="")
    return composed(
        rows.order_by("study_date", "uid").values_list(
            "imaging_study_id", "uid", "attributes", ArraySubquery(members.values(one=counted))
        )[offset : offset + limit + 1],
        MARKS,
    )


def _loaded(value: Any) -> Any:
    """Return JSON that came as text, where no field converts it; members of an array as well."""
    if isinstance(value, list):
        return [_loaded(one) for one in value]
    return json.loads(value) if isinstance(value, str) else value


_STUDY_BASIC: Final = (
    *levels.STUDY,
    levels.AVAILABILITY,
    levels.RETRIEVE_URL,
    MODALITIES,
    levels.COUNTED["NumberOfStudyRelatedSeries"],
    levels.COUNTED["NumberOfStudyRelatedInstances"],
)


def _all_of(rows: QuerySet[StudyIndex]) -> Iterator[list[StudyIndex]]:
    waiting = rows.iterator(chunk_size=CHUNK)
    while chunk := list(islice(waiting, CHUNK)):
        yield chunk


def _counted_studies(
    scope: Scope, chunks: Iterable[list[StudyIndex]], base: str
) -> Iterator[dict[str, Any]]:
    for chunk in chunks:
        ids = [row.pk for row in chunk]
        members: dict[UUID, list[tuple[str, str, int]]] = defaultdict(list)
        series = scope.series().filter(imaging_study_id__in=ids)
        for study_id, uid, modality, count in series.values_list(
            "imaging_study_id", "uid", "modality", "instance_count"
        ):
            members[study_id].append((uid, modality, count))
        for row in chunk:
            yield _study(row.attributes, row.uid, members[row.pk], base)


def _study(
    attributes: Attributes, uid: str, members: Sequence[tuple[str, str, int]], base: str
) -> dict[str, Any]:
    single = {series_uid: (modality, count) for series_uid, modality, count in members}
    modalities = sorted({modality for modality, _ in single.values()})
    made = {
        **attributes,
        levels.AVAILABILITY: levels.ONLINE,
        MODALITIES: _text("CS", *modalities),
        levels.RETRIEVE_URL: _text("UR", f"{base}/studies/{uid}"),
        levels.COUNTED["NumberOfStudyRelatedSeries"]: _text("IS", len(single)),
        levels.COUNTED["NumberOfStudyRelatedInstances"]: _text(
            "IS", sum(count for _, count in single.values())
        ),
    }
    return {tag: made[tag] for tag in sorted(made)}


def _blinded_studies(scope: Scope, query: Query, base: str) -> Iterator[dict[str, Any]]:
    members: dict[str, list[SeriesIndex]] = defaultdict(list)
    for row in _visible(scope):
        members[row.study_uid].append(row)
    views = scope.views()
    shown = []
    for uid, rows in members.items():
        attributes = only(blinded_attributes(rows[0], views[rows[0].series_id]), levels.STUDY)
        counted = [(row.uid, row.modality, row.instance_count) for row in rows]
        shown.append(_study(attributes, uid, counted, base))
    for one in sorted(shown, key=lambda one: str(one.get(STUDY_UID))):
        if matches(one, query.keys):
            yield _asked(one, _STUDY_BASIC, query)


# --- series ---------------------------------------------------------------------------------------


def _visible(scope: Scope, series_uid: str = "") -> list[SeriesIndex]:
    """Return the visible series, of equal ones (sent for two visits) the newest."""
    rows = scope.series(series_uid).order_by("number", "uid", "-indexed_at")
    single: dict[str, SeriesIndex] = {}
    for row in rows:
        single.setdefault(row.uid, row)
    return list(single.values())


_SERIES_BASIC: Final = (
    *levels.SERIES,
    levels.RETRIEVE_URL,
    STUDY_UID,
    levels.COUNTED["NumberOfSeriesRelatedInstances"],
)


def series(scope: Scope, query: Query, base: str, study_uid: str = "") -> Found:
    """Search series, of one study or of all."""
    if scope.whole and study_uid and not query.keys:
        known = _series_statement().rows(study=scope.study_id, study_uid=study_uid)
        return _page(
            (_asked(row, _SERIES_BASIC, query) for row in _quick_series(known, base)), query
        )
    columns = {STUDY_UID: "study_uid", SERIES_UID: "uid"}
    if not scope.blinded:
        columns[MODALITY] = "modality"
    rows, left = _sql(scope.series(), query.keys, columns)
    if study_uid:
        rows = rows.filter(study_uid=study_uid)
    basic: tuple[str, ...] = _SERIES_BASIC
    if not study_uid:
        basic += tuple(levels.STUDY)
    shown = (row for row in _series_attributes(scope, rows, base) if matches(row, left))
    return _page((_asked(row, basic, query) for row in shown), query)


@cache
def _series_statement() -> Statement:
    rows = of_anybody().series().filter(study_uid="?study")
    return composed(
        rows.order_by("number", "uid", "-indexed_at").values_list(
            "study_uid", "uid", "instance_count", "attributes", "imaging_study__index__attributes"
        ),
        MARKS,
    )


def _quick_series(rows: Iterable[tuple[Any, ...]], base: str) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for study_uid, uid, count, own, above in rows:
        if uid not in seen:
            seen.add(uid)
            attributes = {**(_loaded(above) or {}), **_loaded(own)}
            yield _shown_series(attributes, study_uid, uid, count, base)


def _shown_series(
    attributes: Attributes, study_uid: str, uid: str, count: int, base: str
) -> dict[str, Any]:
    made = {
        **only(dict(attributes), (*levels.STUDY, *levels.SERIES)),
        levels.RETRIEVE_URL: _text("UR", f"{base}/studies/{study_uid}/series/{uid}"),
        levels.COUNTED["NumberOfSeriesRelatedInstances"]: _text("IS", count),
    }
    return {tag: made[tag] for tag in sorted(made)}


def _series_attributes(scope: Scope, rows: Any, base: str) -> Iterator[dict[str, Any]]:
    views = scope.views() if scope.blinded else {}
    seen: set[str] = set()
    ordered = rows.order_by("study_uid", "number", "uid", "-indexed_at")
    studies_of: dict[UUID, Attributes] = {}
    for row in ordered:
        if row.uid in seen:
            continue
        seen.add(row.uid)
        if scope.blinded:
            attributes = blinded_attributes(row, views[row.series_id])
        else:
            if row.imaging_study_id not in studies_of:
                found = StudyIndex.objects.filter(pk=row.imaging_study_id).first()
                studies_of[row.imaging_study_id] = found.attributes if found else {}
            attributes = {**studies_of[row.imaging_study_id], **row.attributes}
        yield _shown_series(attributes, row.study_uid, row.uid, row.instance_count, base)


# --- instances ------------------------------------------------------------------------------------

_INSTANCE_COLUMNS: Final = {SOP_UID: "sop_instance_uid", "00080016": "sop_class_uid"}
_INSTANCE_BASIC: Final = (
    *_OF_INSTANCE,
    levels.AVAILABILITY,
    levels.RETRIEVE_URL,
    STUDY_UID,
    SERIES_UID,
)


def instances(
    scope: Scope, query: Query, base: str, study_uid: str = "", series_uid: str = ""
) -> Found:
    """Search instances, of a series, a study or all."""
    parents = scope.series(series_uid)
    if study_uid:
        parents = parents.filter(study_uid=study_uid)
    above = {STUDY_UID: "study_uid", SERIES_UID: "uid"}
    if not scope.blinded:
        above[MODALITY] = "modality"
    parents, keys = _sql(parents, query.keys, above)
    single: dict[str, SeriesIndex] = {}
    for row in parents.order_by("study_uid", "number", "uid", "-indexed_at"):
        single.setdefault(row.uid, row)
    by_id = {row.series_id: row for row in single.values()}
    rows, left = _sql(
        InstanceIndex.objects.filter(series_id__in=list(by_id)), keys, _INSTANCE_COLUMNS
    )
    if scope.blinded:
        rows = rows.filter(frames__gt=0)
    rows = rows.order_by("series_id", "number", "instance_id")
    needs_more = query.include_all or any(
        tag not in _INSTANCE_BASIC for tag in (*query.include, *(k.path[0] for k in left))
    )
    views = scope.views(series_uid) if scope.blinded else {}
    if not left:
        part = list(rows[query.offset : query.offset + query.limit + 1])
        more = [MORE] if len(part) > query.limit else []
        shown = (_instance(row, by_id, base, views, full=needs_more) for row in part[: query.limit])
        return Found(
            [_asked(one, _INSTANCE_BASIC, query) for one in shown], [*query.warnings, *more]
        )
    all_of = (
        _instance(row, by_id, base, views, full=needs_more)
        for row in rows.iterator(chunk_size=CHUNK)
    )
    matching = (one for one in all_of if matches(one, left))
    return _page((_asked(one, _INSTANCE_BASIC, query) for one in matching), query)


def _instance(
    row: InstanceIndex,
    parents: Mapping[UUID, SeriesIndex],
    base: str,
    views: Mapping[UUID, Any],
    *,
    full: bool,
) -> dict[str, Any]:
    parent = parents[row.series_id]
    address = f"{base}/studies/{parent.study_uid}/series/{parent.uid}"
    made: dict[str, Any] = {}
    if full:
        text = metadata_of(row, parent, views.get(row.series_id))
        made = json.loads(text.replace('"@base@', f'"{address}'))
    made |= {
        "00080005": _text("CS", "ISO_IR 192"),
        "00080016": _text("UI", row.sop_class_uid),
        SOP_UID: _text("UI", row.sop_instance_uid),
        levels.AVAILABILITY: levels.ONLINE,
        levels.RETRIEVE_URL: _text("UR", f"{address}/instances/{row.sop_instance_uid}"),
        "00083002": _text("UI", row.transfer_syntax),
        STUDY_UID: _text("UI", parent.study_uid),
        SERIES_UID: _text("UI", parent.uid),
    }
    if row.number is not None:
        made["00200013"] = _text("IS", row.number)
    if row.frames:
        made |= {
            "00280010": _text("US", row.rows),
            "00280011": _text("US", row.columns),
            "00280100": _text("US", row.bits_allocated),
        }
    if row.frames > 1:
        made["00280008"] = _text("IS", row.frames)
    return {tag: made[tag] for tag in sorted(made)}
