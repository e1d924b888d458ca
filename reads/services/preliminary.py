"""Measurements that image operations prepare, and the reader's word on each.

Where the charter wants them, a time point is read only after its measurements are finished. The
reader sees values, places and slices, never the analyst; each value is approved, changed or not
used before the read is signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.models import User
from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, NotPermitted, ReasonRequired, RuleBroken
from audit.jobs import enqueue
from audit.models import record
from reads.design import ReadDesign
from reads.models import (
    PreliminaryAnalysis,
    PreliminaryMeasurement,
    PreliminaryReview,
    ReadSession,
)
from reads.services.qualifying import effective_design
from reads.visibility import held_by
from reads.workflows import PRELIMINARY_ANALYSIS
from studies.blindwords import unblinding
from studies.models import Study, TimePoint

#: millimetres in each unit that may be entered
UNITS = {"mm": Decimal(1), "cm": Decimal(10)}
LARGEST_MM = Decimal(1000)
WAITING = ("accepted", "ready")
DONE = ("finished",)
REASON_LENGTH = 200


def _person(actor: Actor) -> User:
    return User.objects.get(pk=actor.user_id or "")


def is_wanted(study: Study | object) -> bool:
    """Tell whether the charter asks for preliminary measurements."""
    try:
        _, design = effective_design(study)
    except RuleBroken:  # a study without a charter prepares nothing
        return False
    return design.sessions.preliminary_analysis


def waits_for_analysis(time_point: TimePoint, design: ReadDesign) -> bool:
    """Tell whether a time point cannot be read yet, because its measurements are not finished."""
    if not design.sessions.preliminary_analysis:
        return False
    return not time_point.preliminary_analyses.filter(state__in=DONE).exists()


def to_prepare(actor: Actor) -> Any:
    """Return time points whose images were accepted and whose measurements are not finished."""
    rows = TimePoint.objects.visible_to(actor)
    if not is_wanted(actor.study_id):
        return rows.none()
    finished = PreliminaryAnalysis.objects.in_study(actor.study_id).filter(
        time_point=OuterRef("pk"), state__in=DONE
    )
    return (
        rows.filter(state__in=WAITING)
        .exclude(Exists(finished))
        .select_related("subject")
        .order_by("assessment_date", "pk")
    )


def analysis_of(time_point: TimePoint) -> PreliminaryAnalysis | None:
    """Return the analysis of a time point that holds, if there is one."""
    rows = time_point.preliminary_analyses.exclude(state="discarded")
    found: PreliminaryAnalysis | None = rows.first()
    return found


@dataclass(frozen=True, slots=True)
class Value:
    """A measurement as the analyst enters it."""

    label: str
    location: str
    kind: str
    entered: str
    unit: str = "mm"
    slice_number: int | None = None


def put(time_point: TimePoint, value: Value, *, actor: Actor) -> PreliminaryMeasurement:
    """Enter or correct a value of a time point; the first one begins its analysis.

    Raises:
        RuleBroken: PM-001 the charter wants none; PM-002 the images are not accepted, or are read
            already; PM-003 no number, or none that a lesion can have; PM-004 the location names
            what readers must not see.
        Conflict: PM-005 the measurements are finished.
    """
    actor.require("preliminary.write")
    if not is_wanted(time_point.study_id):
        raise RuleBroken("The charter asks for no preliminary measurements.", rule="PM-001")
    if time_point.state not in WAITING:
        raise RuleBroken(
            "Measurements are prepared after the images are accepted and before they are read.",
            rule="PM-002",
        )
    number = in_mm(value.entered, value.unit)
    if not value.label.strip() or not value.location.strip():
        raise RuleBroken("Name the lesion and its location.", rule="PM-003")
    found = unblinding(
        f"{value.label} {value.location}", [(time_point.subject.code, "the subject")]
    )
    if found:
        raise RuleBroken(
            f"“{found[0].word}” ({found[0].why}) cannot stand where readers see it.", rule="PM-004"
        )
    with transaction.atomic(), acting(actor.acting_as("preliminary.write")):
        TimePoint.objects.in_study(time_point.study_id).select_for_update().get(pk=time_point.pk)
        analysis = analysis_of(time_point)
        if analysis is None:
            analysis = PreliminaryAnalysis(
                study_id=time_point.study_id,
                time_point=time_point,
                analyst=User.objects.get(pk=actor.user_id or ""),
            )
            analysis.save()
            record("preliminary.begin", analysis)
        _require_draft(analysis)
        row = analysis.measurements.filter(
            label=value.label.strip(), kind=value.kind, removed_reason=""
        ).first() or PreliminaryMeasurement(study_id=time_point.study_id, analysis=analysis)
        row.label, row.location, row.kind = value.label.strip(), value.location.strip(), value.kind
        row.entered, row.entered_unit, row.value = value.entered.strip(), value.unit, number
        row.slice_number = value.slice_number
        row.save()
        return row


def in_mm(entered: str, unit: str) -> Decimal:
    """Return a typed length in millimetres.

    Raises:
        RuleBroken: PM-003 it is no number, or no length of a lesion.
    """
    try:
        number = Decimal(entered.strip().replace(",", ".")) * UNITS[unit]
    except (InvalidOperation, KeyError):
        raise RuleBroken("Type the length as a number, such as 23.5.", rule="PM-003") from None
    if not number.is_finite() or not 0 <= number <= LARGEST_MM:
        raise RuleBroken(f"A length lies between 0 and {LARGEST_MM} mm.", rule="PM-003")
    return number


def remove(row: PreliminaryMeasurement, *, actor: Actor, reason: str) -> None:
    """Take a value out of a draft; it stays in the history with the reason.

    Raises:
        ReasonRequired: no reason. Conflict: PM-005 the measurements are finished.
    """
    actor.require("preliminary.write")
    if not reason.strip():
        raise ReasonRequired("Say why the value is taken out.", rule="preliminary.remove")
    with transaction.atomic(), acting(actor.acting_as("preliminary.write"), reason):
        _require_draft(row.analysis)
        row.removed_reason = reason[:REASON_LENGTH]
        row.save()


def _require_draft(analysis: PreliminaryAnalysis) -> None:
    if analysis.state != "draft":
        raise Conflict(
            "These measurements are finished. Discard them first to measure anew.", rule="PM-005"
        )


def finish(analysis: PreliminaryAnalysis, *, actor: Actor) -> PreliminaryAnalysis:
    """Finish the measurements of a time point: it can be read from here.

    An analysis without a value is finished as well: nothing measurable was found.
    """
    with transaction.atomic():
        done = PRELIMINARY_ANALYSIS.move(
            analysis, "finish", actor=actor, changes={"finished_at": clock.now()}
        )
        with acting(actor):
            enqueue(
                "reads.plan",
                key=f"reads.plan:{done.pk}:finished",
                row=done.time_point,
                subject_id=str(done.time_point.subject_id),
            )
        return done


def begin_empty(time_point: TimePoint, *, actor: Actor) -> PreliminaryAnalysis:
    """Begin an analysis that finds nothing to measure."""
    actor.require("preliminary.write")
    if not is_wanted(time_point.study_id) or time_point.state not in WAITING:
        raise RuleBroken("Nothing is to be prepared for this time point.", rule="PM-002")
    with transaction.atomic(), acting(actor.acting_as("preliminary.write")):
        held = analysis_of(time_point)
        if held is not None:
            return held
        made = PreliminaryAnalysis(
            study_id=time_point.study_id,
            time_point=time_point,
            analyst=User.objects.get(pk=actor.user_id or ""),
        )
        made.save()
        record("preliminary.begin", made)
        return made


def discard(analysis: PreliminaryAnalysis, *, actor: Actor, reason: str) -> PreliminaryAnalysis:
    """Discard measurements to measure anew, while nobody has begun to read.

    Raises:
        Conflict: PM-006 a reader has seen them.
    """
    sessions = ReadSession.objects.in_study(analysis.study_id).exclude(state="voided")
    if sessions.filter(task__time_point=analysis.time_point_id).exists():
        raise Conflict("A reader has begun this read with these measurements.", rule="PM-006")
    return PRELIMINARY_ANALYSIS.move(analysis, "discard", actor=actor, reason=reason)


def shown_to_reader(session: ReadSession) -> Sequence[PreliminaryMeasurement]:
    """Return the finished values of the session's time point; none in a re-read or training."""
    if session.task.time_point_id is None or session.task.stream.purpose != "efficacy":
        return ()
    rows = PreliminaryMeasurement.objects.in_study(session.study_id).filter(
        analysis__time_point=session.task.time_point_id,
        analysis__state__in=DONE,
        removed_reason="",
    )
    return list(rows)


def undecided(session: ReadSession) -> int:
    """Count the values on which the reader has not said a word yet."""
    decided = {review.measurement_id for review in session.preliminary_reviews.all()}
    return sum(row.pk not in decided for row in shown_to_reader(session))


def decide(
    session: ReadSession,
    measurement: PreliminaryMeasurement,
    decision: str,
    *,
    actor: Actor,
    entered: str = "",
    reason: str = "",
) -> PreliminaryReview:
    """Approve, change or not use a prepared value in one's own open read.

    Raises:
        NotPermitted: PM-007 the read is not open to this reader, or shows no such value.
        Conflict: PM-008 the read is signed.
        ReasonRequired: a value that is not used needs a reason.
    """
    actor.require("read.perform")
    shown = {row.pk for row in shown_to_reader(session)}
    if not held_by(actor).filter(pk=session.task_id).exists() or measurement.pk not in shown:
        raise NotPermitted("This read is not open to you.", rule="PM-007")
    number: Decimal | None = None
    if decision == PreliminaryReview.Decision.APPROVED:
        number = measurement.value
    elif decision == PreliminaryReview.Decision.CHANGED:
        number = in_mm(entered, "mm")
    elif decision == PreliminaryReview.Decision.REJECTED:
        if not reason.strip():
            raise ReasonRequired("Say why the value is not used.", rule="preliminary.decide")
    else:
        raise RuleBroken("Approve the value, change it, or say why not.", rule="PM-009")
    with transaction.atomic(), acting(actor.acting_as("read.perform"), reason):
        locked = ReadSession.objects.in_study(session.study_id).select_for_update().get(
            pk=session.pk
        )  # fmt: skip
        if locked.state != "open":
            raise Conflict("This read is signed and cannot change.", rule="PM-008")
        row = session.preliminary_reviews.filter(measurement=measurement).first()
        row = row or PreliminaryReview(
            study_id=session.study_id, session=session, measurement=measurement
        )
        row.decision, row.value, row.reason = decision, number, reason[:REASON_LENGTH]
        row.save()
        return row


def seal_reviews(session: ReadSession, at: datetime) -> None:
    """Lock the reader's words with the read; call inside the transaction that signs it.

    Raises:
        Conflict: PM-010 a value has no word of the reader yet.
    """
    left = undecided(session)
    if left:
        raise Conflict(
            f"{left} prepared {'value' if left == 1 else 'values'} still need your decision.",
            rule="PM-010",
        )
    for row in session.preliminary_reviews.filter(signed_at=None):
        row.signed_at = at
        row.save()


@dataclass(frozen=True, slots=True)
class Compared:
    """An analyst's value beside what one reader made of it."""

    measurement: PreliminaryMeasurement
    review: PreliminaryReview | None
    reader_id: Any
    role: str

    @property
    def delta(self) -> Decimal | None:
        """The reader's value less the analyst's, mm."""
        if self.review is None or self.review.value is None:
            return None
        return self.review.value - self.measurement.value


def compared(study: Study, time_point: TimePoint | None = None) -> list[Compared]:
    """Return every value with each reader's word on it; one row without a word yet."""
    rows = PreliminaryMeasurement.objects.in_study(study).filter(
        analysis__state__in=("draft", "finished"), removed_reason=""
    )
    if time_point is not None:
        rows = rows.filter(analysis__time_point=time_point)
    rows = rows.select_related("analysis__time_point__subject").order_by(
        "analysis__time_point__subject__code",
        "analysis__time_point__assessment_date",
        "label",
        "kind",
    )
    words: dict[Any, list[PreliminaryReview]] = {}
    reviews = PreliminaryReview.objects.in_study(study).filter(
        session__state__in=("signed", "final")
    )
    for review in reviews.select_related("session__task__stream"):
        words.setdefault(review.measurement_id, []).append(review)
    found = []
    for row in rows:
        own = sorted(words.get(row.pk, []), key=lambda r: r.session.task.stream.role)
        found += [
            Compared(row, r, r.session.task.stream.reader_id, r.session.task.stream.role)
            for r in own
        ] or [Compared(row, None, None, "")]
    return found
