"""From signed sessions to the facts that the check library takes: the one adapter.

It reads what signatures locked (lesion rows, measurements, assessments, answers), so a run needs no
form to be evaluated, and its number of queries does not grow with the number of reads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from reads.criteria.base import CriteriaError
from reads.design import design_from
from reads.models import CriterionAssessment, Observation, ReaderStream, ReadSession, ReadTask
from reads.oversight.facts import (
    CourseFacts,
    LesionFact,
    PointFacts,
    ResponseFact,
    StreamFacts,
)
from reads.reviewed import Counted, result_of
from studies.models import Study

SIGNED = ("signed", "final")
SECONDS = 60
_GROUPS = {"target": "target", "non_target": "non_target", "new": "new"}
_VARIABLES = ("target_response", "non_target_response", "overall_response")
_BEST = "best_overall_response"


@dataclass(frozen=True, slots=True)
class Watched:
    """One stream with its signed sessions, baseline first, and their facts."""

    stream: ReaderStream
    sessions: tuple[ReadSession, ...]
    facts: StreamFacts


def watched_streams(study: Study, *, stream: ReaderStream | None = None) -> Iterator[Watched]:
    """Yield every stream of a study that has signed reads; closed and training ones left out."""
    sessions = (
        ReadSession.objects.in_study(study)
        .filter(state__in=SIGNED, task__stream__closed_reason="")
        .exclude(task__stream__purpose=ReaderStream.Purpose.TRAINING)
        .select_related("task__stream__subject", "task__time_point", "task__design", "form_record")
        .order_by("task__stream__label", "task__sequence")
    )
    if stream is not None:
        sessions = sessions.filter(task__stream=stream)
    observations: dict[Any, list[Observation]] = defaultdict(list)
    for one in (
        Observation.objects.in_study(study)
        .filter(session__in=sessions)
        .select_related("lesion")
        .prefetch_related("measurements")
        .order_by("lesion__label")
    ):
        observations[one.session_id].append(one)
    assessments: dict[Any, list[CriterionAssessment]] = defaultdict(list)
    for assessment in (
        CriterionAssessment.objects.in_study(study)
        .filter(session__in=sessions)
        .order_by("criterion")
    ):
        assessments[assessment.session_id].append(assessment)
    grouped: dict[Any, list[ReadSession]] = defaultdict(list)
    for session in sessions:
        grouped[session.task.stream].append(session)
    for held, rows in grouped.items():
        read = [one for one in rows if one.task.kind == ReadTask.Kind.TIME_POINT]
        if read:
            points = _points(read, observations, assessments)
            courses = tuple(_courses(rows, assessments))
            yield Watched(held, tuple(read), StreamFacts(points=points, courses=courses))


def _points(
    sessions: Sequence[ReadSession],
    observations: Mapping[Any, list[Observation]],
    assessments: Mapping[Any, list[CriterionAssessment]],
) -> tuple[PointFacts, ...]:
    days = [_date(session) for session in sessions]
    first = next((day for day in days if day is not None), None)
    return tuple(
        PointFacts(
            number=number,
            day=(day - first).days if day and first else 0,
            quality=str(_section(session, "quality").get("overall") or ""),
            minutes_active=_minutes(session),
            lesions=tuple(
                _lesion(one, _typed(session, one.lesion.category, one.lesion.label))
                for one in observations.get(session.pk, ())
            ),
            responses=tuple(_response(one) for one in assessments.get(session.pk, ())),
        )
        for number, (session, day) in enumerate(zip(sessions, days, strict=True), start=1)
    )


def _date(session: ReadSession) -> Any:
    point = session.task.time_point
    return point and (point.assessment_date or point.planned_date)


def _minutes(session: ReadSession) -> Decimal | None:
    if not session.seconds_active:
        return None
    return (Decimal(session.seconds_active) / SECONDS).quantize(Decimal("0.1"))


def _section(session: ReadSession, name: str) -> Mapping[str, Any]:
    found = session.form_record.answers.get(name)
    return found if isinstance(found, Mapping) else {}


def _typed(session: ReadSession, category: str, label: str) -> Mapping[str, Any]:
    """Return what was typed in the row of a lesion: facts that are no columns of their own."""
    rows = _section(session, _GROUPS.get(category, "")).get("lesions")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and row.get("label") == label:
            return row
    return {}


def _lesion(observation: Observation, typed: Mapping[str, Any]) -> LesionFact:
    lesion = observation.lesion
    sizes = {one.kind: one.value.normalize() for one in observation.measurements.all()}
    state = observation.status.replace("_", " ")
    size = sizes.get("short_axis") if lesion.is_nodal else sizes.get("long_axis")
    if state == "SPLIT" and "pieces" in sizes:
        size = sizes["pieces"]
    return LesionFact(
        label=lesion.label,
        category=lesion.category,
        organ=lesion.location.partition(",")[0],
        nodal=lesion.is_nodal,
        state=state,
        size=size,
        long_axis=sizes.get("long_axis"),
        short_axis=sizes.get("short_axis"),
        method=_text(typed.get("method")),
        slice=_number(typed.get("slice")),
        reason=observation.reason,
        irradiated=_flag(typed.get("irradiated")),
        grown_since=_flag(typed.get("grown_since")),
        soft_tissue=_flag(typed.get("soft_tissue")),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value)) if value not in (None, "") else None
    except InvalidOperation:
        return None


def _response(row: CriterionAssessment) -> ResponseFact:
    return ResponseFact(
        criterion=row.criterion,
        derived={name: str(row.derived.get(name) or "") for name in _VARIABLES},
        entered={name: str(row.entered.get(name) or "") for name in _VARIABLES},
        override_class=row.override_class,
        override_reason=row.override_reason,
    )


def _courses(
    sessions: Sequence[ReadSession], assessments: Mapping[Any, list[CriterionAssessment]]
) -> Iterator[CourseFacts]:
    read = [one for one in sessions if one.task.kind == ReadTask.Kind.TIME_POINT]
    for session in sessions:
        if session.task.kind != ReadTask.Kind.GLOBAL:
            continue
        earlier = [one for one in read if one.task.sequence < session.task.sequence]
        for row in assessments.get(session.pk, ()):
            yield CourseFacts(
                criterion=row.criterion,
                derived_best=_signed_best(session, row.criterion, earlier, assessments),
                entered_best=str(row.derived.get(_BEST) or ""),
            )


def _signed_best(
    review: ReadSession,
    criterion: str,
    earlier: Sequence[ReadSession],
    assessments: Mapping[Any, list[CriterionAssessment]],
) -> str:
    """Return the best response that follows from what was signed at the time points."""
    days = [_date(one) for one in earlier]
    first = next((day for day in days if day is not None), None)
    course = [
        Counted(f"TP{one.task.sequence}", (day - first).days if day and first else 0, word)
        for one, day in zip(earlier, days, strict=True)
        for row in assessments.get(one.pk, ())
        if row.criterion == criterion
        and one.task.sequence > 1
        and (word := _response(row).counts("overall_response"))
    ]
    parameters = design_from(review.task.design.document).criteria.get(criterion)
    try:
        return result_of(criterion, course, parameters).best_overall_response
    except CriteriaError:
        return ""
