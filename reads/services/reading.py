"""Reading: open, autosave, derive, review, sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import Conflict, NotPermitted, RuleBroken
from audit.jobs import enqueue
from imaging.models import Series
from reads.criteria.base import CriteriaError
from reads.design import design_from
from reads.ecrf import ENTERED, Derived, ReadPoint, derive, named_derivations
from reads.models import CriterionAssessment, ReadSession, ReadTask
from reads.services.lesions import keep_lesions
from reads.services.limits import require_room
from reads.services.qualifying import is_qualified
from reads.visibility import held_by
from reads.workflows import READ_SESSION, READ_TASK
from studies.forms.evaluation import Evaluation
from studies.forms.prefill import carried_forward
from studies.models import FormRecord
from studies.services import forms
from studies.workflows import TIME_POINT

SIGNED = ("signed", "final")
DECLINE_REASON_LENGTH = 200


def active_session(task: ReadTask) -> ReadSession | None:
    """Return the session of a task that is not voided."""
    return task.sessions.exclude(state="voided").select_related("form_record__form", "task").first()


def _require_open_to(task: ReadTask, actor: Actor) -> None:
    """Refuse whoever is not the reader, and what the sequential lock keeps closed.

    Raises:
        NotPermitted: RD-012 the read does not exist for this person now; RD-003 the reader is not
            qualified for the charter version of the read.
    """
    actor.require("read.perform")
    if not held_by(actor).filter(pk=task.pk).exists():
        raise NotPermitted("This read is not open to you.", rule="RD-012")
    if not is_qualified(actor.user_id, task.design):
        raise NotPermitted(
            "You are not qualified for this charter version. Complete the training first.",
            rule="RD-003",
        )


def open_session(task: ReadTask, *, actor: Actor) -> ReadSession:
    """Start or continue a read; lesions of the earlier time point are carried forward.

    Raises:
        NotPermitted: the read is not open to this reader, or the reader is not qualified for the
            pinned design.
        Conflict: RD-013 the read is on hold; RD-016 to RD-018 beyond the limits of the charter.
    """
    _require_open_to(task, actor)
    with transaction.atomic(), acting(actor.acting_as("read.perform")):
        locked = ReadTask.objects.in_study(task.study_id).select_for_update().get(pk=task.pk)
        if locked.state == "on_hold":
            raise Conflict("This read is on hold. What you typed is kept.", rule="RD-013")
        session = active_session(locked)
        if session is not None:
            if locked.state in {"assigned", "accepted"}:
                READ_TASK.move(locked, "start", actor=actor)
                task.refresh_from_db()
            return session
        require_room(locked, actor)
        earlier = points_before(locked)
        answers = (
            carried_forward(earlier[-1].evaluation.form, earlier[-1].answers) if earlier else {}
        )
        form_record = forms.start(locked.form, actor=actor, answers=answers)
        session = ReadSession(
            study_id=locked.study_id,
            task=locked,
            version=locked.sessions.count() + 1,
            form_record=form_record,
        )
        session.save()
        if locked.state in {"assigned", "accepted"}:
            READ_TASK.move(locked, "start", actor=actor)
        _time_point_is_being_read(locked)
        task.refresh_from_db()
        return session


def _time_point_is_being_read(task: ReadTask) -> None:
    if task.time_point is not None and task.time_point.state == "ready":
        TIME_POINT.move(task.time_point, "begin_reading", actor=service("Read desk"))


def points_before(task: ReadTask) -> list[ReadPoint]:
    """Return the signed time points of the stream before a task, baseline first."""
    sessions = (
        ReadSession.objects.in_study(task.study_id)
        .filter(task__stream=task.stream, task__sequence__lt=task.sequence, state__in=SIGNED)
        .select_related("form_record__form", "task__time_point")
        .order_by("task__sequence")
    )
    points: list[ReadPoint] = []
    for session in sessions:
        context = _context(session.task, points)
        evaluation = forms.evaluated(
            session.form_record,
            previous=points[-1].evaluation if points else None,
            context=context,
        )
        points.append(_point(session, evaluation, baseline=not points))
    return points


def _point(session: ReadSession, evaluation: Evaluation, *, baseline: bool) -> ReadPoint:
    return ReadPoint(
        id=f"TP{session.task.sequence}",
        day=_day(session.task),
        baseline=baseline,
        evaluation=evaluation,
        answers=session.form_record.answers,
    )


def _day(task: ReadTask) -> date:
    time_point = task.time_point
    day = time_point and (time_point.assessment_date or time_point.planned_date)
    if not isinstance(day, date):
        raise RuleBroken("The time point has no assessment date yet.", rule="RD-010")
    return day


def _context(task: ReadTask, earlier: list[ReadPoint]) -> dict[str, object]:
    context: dict[str, object] = {
        "time_point.kind": "follow_up" if earlier else "baseline",
        "time_point.date": _day(task).isoformat(),
    }
    thickness = _slice_thickness(task)
    if thickness is not None:
        context["series.slice_thickness_mm"] = str(thickness)
    if earlier:
        first = _slice_thickness(_first_task(task))
        if first is not None:
            context["baseline.slice_thickness_mm"] = str(first)
        context["baseline.date"] = earlier[0].day.isoformat()
        context["previous_time_point.date"] = earlier[-1].day.isoformat()
        sums = [_sum(point) for point in earlier]
        if sums[0] is not None:
            context["baseline.sum_mm"] = str(sums[0])
        known = [s for s in sums if s is not None]
        if known:
            context["nadir.sum_mm"] = str(min(known))
    return context


def _sum(point: ReadPoint) -> Decimal | None:
    value = point.evaluation.answer("target.sum").value
    return value if isinstance(value, Decimal) else None


def _first_task(task: ReadTask) -> ReadTask:
    rows = ReadTask.objects.in_study(task.study_id).filter(stream=task.stream, state="signed")
    return rows.order_by("sequence").first() or task


def _slice_thickness(task: ReadTask) -> object:
    if task.package is None:
        return None
    series = Series._base_manager.filter(package_entries__package=task.package).first()
    return series.facts.get("slice_thickness_mm") if series else None


@dataclass(frozen=True, slots=True)
class Reading:
    """A session as its page needs it."""

    session: ReadSession
    earlier: list[ReadPoint]
    evaluation: Evaluation
    context: Mapping[str, object]
    derived: Mapping[str, Derived]
    trouble: str = ""

    @property
    def point(self) -> ReadPoint:
        """This time point as the tables and engines take it."""
        return _point(self.session, self.evaluation, baseline=not self.earlier)

    @property
    def previous(self) -> Evaluation | None:
        """The evaluation of the time point before."""
        return self.earlier[-1].evaluation if self.earlier else None


def look(session: ReadSession, *, final: bool = False) -> Reading:
    """Evaluate a session: form, checks, and what every criterion of the design derives."""
    task = session.task
    earlier = points_before(task)
    context = _context(task, earlier)
    previous = earlier[-1].evaluation if earlier else None
    given: dict[str, Any] = {"previous": previous, "context": context, "final": final}
    typed = forms.evaluated(session.form_record, **given)
    make = named_derivations(earlier, lambda e: _point(session, e, baseline=not earlier))
    evaluation = forms.evaluated(session.form_record, derivations=make(typed), **given)
    derived: dict[str, Derived] = {}
    trouble = ""
    points = [*earlier, _point(session, evaluation, baseline=not earlier)]
    for key, parameters in design_from(task.design.document).criteria.items():
        try:
            derived[key] = derive(points, key, parameters)
        except CriteriaError as error:
            trouble = str(error)
    return Reading(session, earlier, evaluation, context, derived, trouble)


def save(
    session: ReadSession,
    answers: Mapping[str, Any],
    *,
    seen_version: int,
    actor: Actor,
    entered_at: datetime | None = None,
) -> ReadSession:
    """Autosave answers as typed.

    Raises:
        NotPermitted: the read is not open to this reader.
        Conflict: the session is signed, on hold, or was saved in another tab.
    """
    _require_open_to(session.task, actor)
    if session.task.state == "on_hold":
        raise Conflict("This read is on hold. What you typed is kept.", rule="RD-013")
    session.form_record = forms.save_answers(
        session.form_record,
        answers,
        seen_version=seen_version,
        actor=actor.acting_as("read.perform"),
        entered_at=entered_at,
    )
    return session


def review(session: ReadSession, *, actor: Actor) -> Reading:
    """Complete the form and keep what follows from it, so that one sees what is signed.

    Raises:
        RuleBroken: FRM-004 something is missing or wrong; RD-004 the facts cannot be assessed.
        Conflict: the read is signed, on hold, or was saved in another tab meanwhile.
    """
    _require_open_to(session.task, actor)
    reading = look(session, final=True)
    if reading.trouble:
        raise RuleBroken(f"The responses cannot be derived: {reading.trouble}.", rule="RD-004")
    with transaction.atomic(), acting(actor.acting_as("read.perform")):
        if _locked_record(session).locked:
            raise Conflict("This read is signed and cannot change.", rule="RD-011")
        session.form_record = forms.complete(session.form_record, reading.evaluation, actor=actor)
        for key, derived in reading.derived.items():
            _keep_assessment(session, key, derived, reading.evaluation)
    return look(session, final=True)


def _locked_record(session: ReadSession) -> FormRecord:
    """Return the form record, locked until the transaction ends: no save comes in between."""
    rows = FormRecord.objects.in_study(session.study_id).select_related("form")
    record: FormRecord = rows.select_for_update(of=("self",)).get(pk=session.form_record_id)
    return record


def _keep_assessment(
    session: ReadSession, key: str, derived: Derived, evaluation: Evaluation
) -> None:
    last = derived.last
    values = {
        "derived": {name: _json(value) for name, value in last.values.items()},
        "entered": {
            name: value
            for name, place in ENTERED.items()
            if isinstance(value := evaluation.answer(place).value, str)
        },
        "trace": [
            {
                "name": step.name,
                "rule": step.rule.key,
                "clause": step.rule.clause,
                "sentence": step.sentence,
                "value": _json(step.value),
            }
            for step in last.trace
        ],
        "engine_version": derived.criterion.version,
        "input_digest": derived.digest,
        "override_class": str(evaluation.answer("response.override_class").value or ""),
        "override_reason": str(evaluation.answer("response.override_reason").value or ""),
    }
    CriterionAssessment.objects.in_study(session.study_id).update_or_create(
        study_id=session.study_id, session=session, criterion=key, defaults=values
    )


def _json(value: object) -> object:
    return format(value, "f") if isinstance(value, Decimal) else value


def sign(session: ReadSession, *, actor: Actor, assent: Assent) -> ReadSession:
    """Sign a reviewed read: it is immutable from here, the next time point opens.

    Raises:
        Conflict: RD-005 the form is not in the state that was reviewed; RD-011 it is signed.
        NotPermitted: the reader is not qualified any more.
    """
    _require_open_to(session.task, actor)
    with transaction.atomic(), acting(actor.acting_as("read.perform")):
        task = (
            ReadTask.objects.in_study(session.study_id).select_for_update().get(pk=session.task_id)
        )
        fresh = active_session(task)
        if fresh is None or fresh.pk != session.pk or fresh.state != "open":
            raise Conflict("This read is signed already.", rule="RD-011")
        fresh.form_record = _locked_record(fresh)
        if fresh.form_record.completed_at is None:
            raise Conflict(
                "The form changed after the review. Review it again before you sign.", rule="RD-005"
            )
        reading = look(fresh, final=True)
        if not reading.evaluation.can_sign:
            raise Conflict("The form is not complete any more. Review it again.", rule="RD-005")
        keep_lesions(fresh, reading.evaluation)
        signed = READ_SESSION.move(
            fresh,
            "sign",
            actor=actor,
            assent=assent,
            changes={"signed_at": clock.now()},
        )
        forms.lock(fresh.form_record, actor=actor)
        READ_TASK.move(task, "sign", actor=actor)
        enqueue(
            "reads.settle",
            key=f"reads.settle:{signed.pk}",
            row=task.time_point,
            time_point_id=str(task.time_point_id),
        )
        return signed


def decline(task: ReadTask, *, actor: Actor, reason: str) -> ReadTask:
    """Decline a read with a reason; reviewer operations find another reader.

    Raises:
        NotPermitted: the read is not open to this reader.
        ReasonRequired: no reason.
    """
    _require_open_to(task, actor)
    return READ_TASK.move(
        task,
        "decline",
        actor=actor,
        reason=reason,
        changes={"decline_reason": reason[:DECLINE_REASON_LENGTH]},
    )
