"""Which cuts a later correction affects: derived from the versions, never stored.

A cut holds one version of each record. It is affected when a record has a newer version in which a
delivered value differs, when a read that it counts was rolled back, or when another read counts for
a time point now. A mere step of state is no correction: time points and reads go on after a cut.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Max

from exports.models import CutItem, DataCut
from exports.snapshot import COUNTED_SESSIONS
from reads.models import (
    Acceptance,
    CriterionAssessment,
    Lesion,
    Measurement,
    Observation,
    ReadSession,
)
from studies.models import Subject, TimePoint

#: records whose delivered values a correction would change
DELIVERED: Mapping[type[models.Model], tuple[str, ...]] = {
    Subject: ("code", "study_site_id"),
    TimePoint: ("label", "assessment_date", "planned_date", "window_from", "window_to"),
    Lesion: ("label", "category", "location", "laterality"),
    Observation: ("status", "reason"),
    Measurement: ("entered", "entered_unit", "value", "unit"),
    CriterionAssessment: ("entered", "derived", "override_reason"),
}

Listed = Sequence[tuple[UUID, str, int]]


def corrected(cuts: Iterable[DataCut]) -> dict[UUID, list[str]]:
    """Return, for each cut with files, the records corrected since, in words.

    The number of database queries does not grow with the number of cuts.
    """
    made = [cut.pk for cut in cuts if cut.manifest_digest]
    if not made:
        return {}
    watched: list[type[models.Model]] = [*DELIVERED, ReadSession, Acceptance]
    kinds = {model._meta.label_lower: model for model in watched}
    listed: dict[str, list[tuple[UUID, str, int]]] = defaultdict(list)
    rows = CutItem.objects.filter(cut__in=made, record_kind__in=kinds)
    for cut_id, kind, pk, version in rows.values_list(
        "cut_id", "record_kind", "record_id", "history_id"
    ):
        listed[kind].append((cut_id, pk, version))
    found: dict[UUID, list[str]] = defaultdict(list)
    for kind, items in sorted(listed.items()):
        model = kinds[kind]
        if model is Acceptance:
            pairs = _accepted_anew(items)
        elif model is ReadSession:
            pairs = _rolled_back(items)
        else:
            pairs = _edited(model, items)
        for cut_id, words in pairs:
            found[cut_id].append(words)
    return found


def _edited(model: Any, items: Listed) -> list[tuple[UUID, str]]:
    newest = dict(
        model.history.filter(id__in={pk for _, pk, _ in items})
        .values_list("id")
        .annotate(Max("history_id"))
    )
    later = [(cut, v, newest[UUID(pk)]) for cut, pk, v in items if newest[UUID(pk)] > v]
    versions = {
        version.history_id: version
        for version in model.history.filter(
            history_id__in={one for _, *both in later for one in both}
        )
    }
    return [
        (cut, f"{model._meta.verbose_name.capitalize()} {_name(versions[new])}")
        for cut, old, new in later
        if any(getattr(versions[old], f) != getattr(versions[new], f) for f in DELIVERED[model])
    ]


def _name(version: Any) -> str:
    label = getattr(version, "label", "") or getattr(version, "code", "")
    return str(label or getattr(version, "criterion", "") or getattr(version, "kind", ""))


def _rolled_back(items: Listed) -> list[tuple[UUID, str]]:
    left = (
        ReadSession._base_manager.filter(pk__in={pk for _, pk, _ in items})
        .exclude(state__in=COUNTED_SESSIONS)
        .select_related("task__time_point__subject", "task__stream__subject")
    )
    gone = {str(session.pk): session for session in left}
    return [
        (cut, f"Read of {gone[pk].task.time_point or _whole(gone[pk])} was rolled back")
        for cut, pk, _ in items
        if pk in gone
    ]


def _whole(session: ReadSession) -> str:
    """Return what a read of no single time point spans."""
    task = session.task
    return f"{task.stream.subject} ({task.get_kind_display().lower()})"


def _accepted_anew(items: Listed) -> list[tuple[UUID, str]]:
    held = {a.pk: a for a in Acceptance.objects.filter(pk__in={v for _, _, v in items})}
    points = {a.time_point_id for a in held.values()}
    newest = {
        a.time_point_id: a
        for a in Acceptance.objects.filter(time_point__in=points)
        .order_by("pk")
        .select_related("time_point__subject")
    }
    found = set()
    best: dict[tuple[UUID, Any], int] = {}
    for cut, _, version in items:
        key = (cut, held[version].time_point_id)
        best[key] = max(best.get(key, 0), version)
    for (cut, point), version in best.items():
        latest = newest[point]
        if latest.pk > version and latest.basis == "rolled_back":
            found.add((cut, f"No read counts for {latest.time_point} since a roll-back"))
        elif latest.pk > version and latest.session_id != held[version].session_id:
            found.add((cut, f"Another read counts for {latest.time_point}"))
    return sorted(found, key=str)
