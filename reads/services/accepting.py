"""Which review of a subject counts: the global review, the oncologist's, and what they take along.

What hangs on what, for whoever voids one of them: a time point's session carries its case and its
acceptance; the stream's later sessions and its global review rest on it; the global review carries
the subject's case and ``ReviewAcceptance``; the oncologist's review rests on the accepted read or,
where there is a global review, on the accepted one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from django.db import transaction

from audit.actors import Actor, acting
from audit.models import record
from reads.design import design_from
from reads.design.document import SUBJECT_VARIABLES
from reads.models import (
    Acceptance,
    AdjudicationCase,
    CriterionAssessment,
    ReaderStream,
    ReadSession,
    ReadTask,
    ReviewAcceptance,
)
from reads.services.settling import (
    Difference,
    accept_time_point,
    chosen_session,
    differences,
    open_case,
)
from studies.models import Subject, TimePoint

SIGNED = ("signed", "final")
#: basis of the row by which a roll-back takes an acceptance back
TAKEN_BACK = "rolled_back"
GLOBAL, ONCOLOGY = ReviewAcceptance.Kind.GLOBAL, ReviewAcceptance.Kind.ONCOLOGY


def reviews_of(
    subject: Subject, kind: str, time_point: TimePoint | None = None
) -> list[ReadSession]:
    """Return the signed reviews of a kind in the open streams of a subject, first role first."""
    rows = ReadSession.objects.in_study(subject.study_id).filter(
        task__stream__subject=subject,
        task__stream__closed_reason="",
        task__kind=kind,
        task__time_point=time_point,
        state__in=SIGNED,
    )
    return list(rows.select_related("task__stream", "task__design").order_by("task__stream__role"))


def accepted_review(
    subject: Subject, kind: str, time_point: TimePoint | None = None
) -> ReviewAcceptance | None:
    """Return the acceptance that holds, None after a roll-back."""
    rows = ReviewAcceptance.objects.filter(
        study_id=subject.study_id, subject=subject, kind=kind, time_point=time_point
    )
    return _holding(rows.select_related("session", "case").first())


Row = TypeVar("Row", Acceptance, ReviewAcceptance)


def is_holding(newest: Acceptance | ReviewAcceptance) -> bool:
    """Tell whether an acceptance holds: not taken back, its session not voided."""
    return newest.basis != TAKEN_BACK and newest.session.state != "voided"


def _holding(newest: Row | None) -> Row | None:
    return newest if newest is not None and is_holding(newest) else None


def accepted_read(time_point: TimePoint) -> Acceptance | None:
    """Return the acceptance of a time point that holds, None after a roll-back."""
    rows = Acceptance.objects.filter(study_id=time_point.study_id, time_point=time_point)
    return _holding(rows.select_related("session", "case").first())


def settle_subject(subject: Subject, *, actor: Actor) -> None:
    """Compare the global reviews of a subject and accept one or open a case; safe to repeat.

    Where the charter adjudicates at time points, each review stands: one is accepted only when
    both come to the same result.
    """
    with transaction.atomic(), acting(actor):
        Subject.objects.in_study(subject.study_id).select_for_update().get(pk=subject.pk)
        reviews = reviews_of(subject, ReadTask.Kind.GLOBAL)
        if not reviews or accepted_review(subject, GLOBAL) is not None:
            return
        design = design_from(reviews[0].task.design.document)
        if len(reviews) < design.readers:
            return
        if design.readers == 1:
            _accept_subject(subject, reviews[0], "single", None, actor)
            return
        over_subject = design.adjudication.at == "subject"
        variables = design.adjudicate_on if over_subject else SUBJECT_VARIABLES
        different = list(subject_differences(reviews[0], reviews[1], variables))
        if not different:
            _accept_subject(subject, reviews[0], "agreement", None, actor)
        elif over_subject:
            open_case(
                subject, reviews, different, level=AdjudicationCase.Level.SUBJECT, actor=actor
            )


def subject_differences(
    first: ReadSession, second: ReadSession, variables: tuple[str, ...]
) -> Iterator[Difference]:
    """Compare two global reviews by the charter's variables.

    Progression is compared by the time point at which it was found, responses as the reviews leave
    them, everything else as it was signed at each time point.
    """
    design = design_from(first.task.design.document)
    for criterion in design.criteria:
        one, two = (s.assessments.filter(criterion=criterion).first() for s in (first, second))
        if one is None or two is None:
            continue
        if "best_overall_response" in variables:
            yield from _compared(
                criterion, "best_overall_response", *(_best(row) for row in (one, two))
            )
        if "progression_date" in variables:
            points = (_progression_point(row) for row in (one, two))
            yield from _compared(criterion, "progression_date", *points)
        if "overall_response" in variables:
            yield from _responses(criterion, one, two)
    signed = tuple(v for v in variables if v not in (*SUBJECT_VARIABLES, "overall_response"))
    if signed:
        yield from _at_time_points(first, second, signed)


def _compared(
    criterion: str, variable: str, one: str, two: str, point: str = ""
) -> Iterator[Difference]:
    if one != two:
        yield Difference(criterion, variable, one, two, point)


def _best(row: CriterionAssessment) -> str:
    return str(row.derived.get("best_overall_response") or "")


def _progression_point(row: CriterionAssessment) -> str:
    """Return the time point of progression by its identity: readers may count differently."""
    name = str(row.derived.get("progression") or "")
    if not name:
        return ""
    stream = row.session.task.stream
    tasks = stream.tasks.filter(kind=ReadTask.Kind.TIME_POINT, state="signed")
    task = tasks.filter(sequence=int(name.removeprefix("TP"))).first()
    return str(task.time_point_id) if task else name


def _responses(
    criterion: str, one: CriterionAssessment, two: CriterionAssessment
) -> Iterator[Difference]:
    left, right = (row.entered.get("responses", {}) for row in (one, two))
    for point in sorted({*left, *right}):
        yield from _compared(
            criterion, "overall_response", left.get(point, ""), right.get(point, ""), point
        )


def _at_time_points(
    first: ReadSession, second: ReadSession, variables: tuple[str, ...]
) -> Iterator[Difference]:
    others = {s.task.time_point_id: s for s in _read_sessions(second.task.stream)}
    for session in _read_sessions(first.task.stream):
        other = others.get(session.task.time_point_id)
        if other is not None:
            yield from differences(session, other, variables, point=f"TP{session.task.sequence}")


def _read_sessions(stream: ReaderStream) -> list[ReadSession]:
    rows = ReadSession.objects.in_study(stream.study_id).filter(
        task__stream=stream, task__kind=ReadTask.Kind.TIME_POINT, state__in=SIGNED
    )
    return list(rows.select_related("task__time_point").order_by("task__sequence"))


def _accept_subject(
    subject: Subject, review: ReadSession, basis: str, case: AdjudicationCase | None, actor: Actor
) -> None:
    """Accept a review; time points that waited for it take the same reader's reads."""
    accept_review(subject, review, GLOBAL, basis=basis, case=case)
    for session in _read_sessions(review.task.stream):
        point = session.task.time_point
        if point is not None and point.state == "read":
            accept_time_point(point, session, basis, case, actor)


def accept_review(
    subject: Subject,
    session: ReadSession,
    kind: str,
    *,
    basis: str,
    case: AdjudicationCase | None = None,
) -> ReviewAcceptance:
    """Keep which review counts; call inside a transaction with an actor."""
    row = ReviewAcceptance.objects.create(
        study_id=subject.study_id,
        subject=subject,
        time_point=session.task.time_point,
        kind=kind,
        session=session,
        basis=basis,
        case=case,
    )
    record("subject.accept_review", subject, details={"kind": kind, "basis": basis})
    return row


def accept_case(case: AdjudicationCase, *, actor: Actor) -> None:
    """Accept the review that an adjudicator chose over a subject or of oncology; safe to repeat."""
    with transaction.atomic(), acting(actor):
        subject = Subject.objects.in_study(case.study_id).select_for_update().get(
            pk=case.subject_id
        )  # fmt: skip
        if case.state != "signed":
            return
        session = chosen_session(case)
        kind = GLOBAL if case.level == AdjudicationCase.Level.SUBJECT else ONCOLOGY
        if accepted_review(subject, kind, case.time_point) is not None:
            return
        if kind == GLOBAL:
            _accept_subject(subject, session, "adjudication", case, actor)
        else:
            accept_review(subject, session, ONCOLOGY, basis="adjudication", case=case)


def counted_value(
    assessment: CriterionAssessment, variable: str, case: AdjudicationCase | None
) -> str:
    """Return the value that counts: the adjudicator's third result, else the accepted read's."""
    third = case.third.get(assessment.criterion, {}).get(variable) if case is not None else None
    value = third or assessment.entered.get(variable) or assessment.derived.get(variable) or ""
    return str(value).replace("_", " ")


def accepted_reads(subject: Subject) -> list[Acceptance]:
    """Return the acceptance that holds for each time point of a subject, by date."""
    rows = Acceptance.objects.filter(study_id=subject.study_id, time_point__subject=subject)
    newest: dict[object, Acceptance] = {}
    for row in rows.select_related("session__task__stream", "time_point", "case"):
        newest.setdefault(row.time_point_id, row)
    held = [row for row in newest.values() if is_holding(row)]
    return sorted(held, key=lambda row: row.session.task.sequence)
