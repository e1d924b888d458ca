"""Which version of a dossier a read is made for: pinned, and changed only on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from audit.actors import Actor, acting
from audit.models import record
from clinical.models import Dossier
from clinical.models.dossiers import OPEN_STATES
from clinical.services import dossiers as clinical
from reads.design import ReadDesign, design_from
from reads.design import dossiers as rule
from reads.models import ReadTask
from reads.visibility import OVER
from studies.models import TimePoint


@dataclass(frozen=True, slots=True)
class Place:
    """A time point as a reader knows it, by its number, and the version pinned for the read."""

    sequence: int
    time_point: TimePoint
    version: int | None


def applied_version(time_point: TimePoint) -> int | None:
    """Return the version of a time point's dossier that holds now."""
    found = clinical.applied(time_point)
    return found.version if found is not None else None


def points_of(task: ReadTask) -> dict[int, TimePoint]:
    """Return the time points that a read may be about, by their places: its own and earlier ones.

    An oncologist's places are those of the accepted radiology reads.
    """
    if task.kind == ReadTask.Kind.ONCOLOGY:
        from reads.services.accepting import accepted_reads

        found = {
            row.session.task.sequence: row.time_point for row in accepted_reads(task.stream.subject)
        }
    else:
        rows = (
            ReadTask.objects.in_study(task.study_id)
            .filter(stream=task.stream, kind=ReadTask.Kind.TIME_POINT)
            .exclude(state__in=OVER)
            .select_related("time_point")
        )
        found = {row.sequence: row.time_point for row in rows}
        if task.time_point is not None:
            found[task.sequence] = task.time_point
    return {place: found[place] for place in sorted(found) if place <= task.sequence}


def places(task: ReadTask) -> list[Place]:
    """Return the time points whose dossiers a read shows, each with the version pinned for it."""
    design = design_from(task.design.document)
    points = points_of(task) if rule.is_shown(design, task.kind) else {}
    shown = rule.sequences_shown(design, task.kind, task.sequence, points)
    return [Place(n, points[n], pinned_version(task, points[n])) for n in shown]


def pinned_version(task: ReadTask, time_point: TimePoint) -> int | None:
    """Return the dossier version of a time point that a read is pinned to."""
    if task.time_point_id == time_point.pk:
        return task.dossier_version
    version = task.other_dossiers.get(str(time_point.pk))
    return int(version) if version is not None else None


def pin(task: ReadTask) -> bool:
    """Set the dossier versions that hold now on a read; tell whether any of them changed.

    The caller saves the read.
    """
    design = design_from(task.design.document)
    points = points_of(task) if rule.is_shown(design, task.kind) else {}
    held = {point.pk: applied_version(point) for point in points.values()}
    own = held.pop(task.time_point_id, None) if task.time_point_id is not None else None
    others = {str(pk): version for pk, version in held.items() if version is not None}
    if (own, others) == (task.dossier_version, task.other_dossiers):
        return False
    task.dossier_version, task.other_dossiers = own, others
    return True


def applied_versions(study: Any) -> dict[Any, int]:
    """Return time point -> version of the dossier that holds, for a whole study in one question."""
    rows = Dossier.objects.in_study(study).filter(state="applied")
    return dict(rows.values_list("time_point_id", "version"))


def under_way_in(study: Any) -> frozenset[Any]:
    """Return the time points whose dossier is asked for and not applied yet."""
    rows = Dossier.objects.in_study(study).filter(state__in=OPEN_STATES)
    return frozenset(rows.values_list("time_point_id", flat=True))


def pin_all(tasks: Sequence[ReadTask], design: ReadDesign) -> None:
    """Set the versions that hold now on new reads of time points; the caller saves them."""
    if not tasks or not rule.is_shown(design, rule.TIME_POINT):
        return
    held = applied_versions(tasks[0].study_id)
    before: dict[Any, dict[str, int]] = {}
    for task in sorted(tasks, key=lambda one: one.sequence):
        earlier = before.setdefault(task.stream_id, {})
        task.dossier_version = held.get(task.time_point_id)
        task.other_dossiers = dict(earlier)
        if task.dossier_version is not None:
            earlier[str(task.time_point_id)] = task.dossier_version


def repin(task: ReadTask, *, actor: Actor, reason: str) -> bool:
    """Pin a read that is not signed to the versions that hold now, with the change on record."""
    before = _versions(task)
    if task.state == "signed" or not pin(task):
        return False
    with acting(actor, reason):
        task.save()
        details = {"from": before, "to": _versions(task)}
        record("readtask.repin_dossier", task, reason=reason, details=details)
    return True


def _versions(task: ReadTask) -> dict[str, Any]:
    return {"own": task.dossier_version, **task.other_dossiers}
