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
from reads.catalogue import with_catalogues
from reads.design import design_from
from reads.design.response_items import entered_places, section_of
from reads.ecrf import Derived, ReadPoint, derive_all, named_derivations
from reads.models import CriterionAssessment, ReadSession, ReadTask
from reads.services.dossiers.steps import locked_form
from reads.services.kinds import KINDS
from reads.services.lesions import keep_lesions
from reads.services.limits import require_room
from reads.services.pace import active_seconds
from reads.services.preliminary import seal_reviews
from reads.services.qualifying import is_qualified
from reads.services.reminders import require_acknowledged
from reads.visibility import held_by
from reads.workflows import READ_SESSION, READ_TASK
from studies.forms.evaluation import Evaluation
from studies.forms.prefill import carried_forward
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
        require_acknowledged(locked)
        form_record = forms.start(locked.form, actor=actor, answers=_first_answers(locked))
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


def _first_answers(task: ReadTask) -> dict[str, Any]:
    kind = KINDS.get(task.kind)
    if kind is not None:
        return kind.first_answers(task)
    earlier = points_before(task)
    return carried_forward(earlier[-1].evaluation.form, earlier[-1].answers) if earlier else {}


def _time_point_is_being_read(task: ReadTask) -> None:
    if task.kind != ReadTask.Kind.TIME_POINT or task.time_point is None:
        return
    if task.time_point.state == "ready":
        TIME_POINT.move(task.time_point, "begin_reading", actor=service("Read desk"))


def points_before(task: ReadTask) -> list[ReadPoint]:
    """Return the signed time points of the stream before a task, baseline first."""
    sessions = (
        ReadSession.objects.in_study(task.study_id)
        .filter(task__stream=task.stream, task__sequence__lt=task.sequence, state__in=SIGNED)
        .filter(task__kind=ReadTask.Kind.TIME_POINT)
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
        context |= _course(earlier, "target.sum", _name_of_sum(earlier[0]))
        context |= _course(earlier, "target.volume_sum", "volume_ml")
    return context


def _name_of_sum(first: ReadPoint) -> str:
    """A sum of diameters and a sum of products are different facts of a form."""
    item = first.evaluation.form.items.get("target.sum")
    return "sum_mm" if item is None or item.unit == "mm" else "sum_mm2"


def _course(earlier: list[ReadPoint], place: str, name: str) -> dict[str, object]:
    """Return baseline and smallest value of a sum, as far as they are known."""
    values = [point.evaluation.answer(place).value for point in earlier]
    found: dict[str, object] = {}
    if isinstance(values[0], Decimal):
        found[f"baseline.{name}"] = str(values[0])
    known = [value for value in values if isinstance(value, Decimal)]
    if known:
        found[f"nadir.{name}"] = str(min(known))
    return found


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
    def points(self) -> list[ReadPoint]:
        """The time points to show: the earlier ones and, in a read of a time point, this one."""
        alone = self.session.task.kind in (ReadTask.Kind.GLOBAL, ReadTask.Kind.ONCOLOGY)
        return list(self.earlier) if alone else [*self.earlier, self.point]

    @property
    def previous(self) -> Evaluation | None:
        """The evaluation of the time point before."""
        return self.earlier[-1].evaluation if self.earlier else None


def look(session: ReadSession, *, final: bool = False, after: Reading | None = None) -> Reading:
    """Evaluate a session: form, checks, and what every criterion of the design derives.

    Args:
        after: an earlier look at the same session, whose signed time points need no second one.
    """
    task = session.task
    kind = KINDS.get(task.kind)
    if kind is not None:
        return kind.look(session, final=final)
    earlier = points_before(task) if after is None else after.earlier
    context = _context(task, earlier) if after is None else after.context
    previous = earlier[-1].evaluation if earlier else None
    given: dict[str, Any] = {"previous": previous, "context": context, "final": final}
    criteria = design_from(task.design.document).criteria
    typed = forms.evaluated(session.form_record, **given)
    points = [*earlier, _point(session, typed, baseline=not earlier)]
    outcomes = derive_all(points, criteria, typed.form)
    evaluation = with_catalogues(
        forms.evaluated(session.form_record, derivations=named_derivations(outcomes), **given),
        points,
        criteria,
        session.form_record.answers,
    )
    derived: dict[str, Derived] = {}
    troubles: list[str] = []
    for key in criteria:
        outcome = outcomes[key]
        if isinstance(outcome, Derived):
            derived[key] = outcome
        else:
            troubles.append(outcome)
    # Criteria of one family stumble over the same fact: it is said once.
    trouble = "; ".join(dict.fromkeys(troubles))
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
    kind = KINDS.get(session.task.kind)
    if kind is not None:
        answers = kind.kept(session, answers)
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
    # What is open or wrong in the form is told first: it is why nothing can be derived.
    if reading.trouble and reading.evaluation.can_sign:
        raise RuleBroken(f"The responses cannot be derived: {reading.trouble}.", rule="RD-004")
    with transaction.atomic(), acting(actor.acting_as("read.perform")):
        if locked_form(session).locked:
            raise Conflict("This read is signed and cannot change.", rule="RD-011")
        session.form_record = forms.complete(session.form_record, reading.evaluation, actor=actor)
        _keep_assessments(session, reading)
    return look(session, final=True)


def _keep_assessments(session: ReadSession, reading: Reading) -> None:
    kind = KINDS.get(session.task.kind)
    if kind is not None:
        rows = kind.assessments(session, reading)
    else:
        rows = {
            key: _assessment(key, derived, reading.evaluation)
            for key, derived in reading.derived.items()
        }
    for key, values in rows.items():
        CriterionAssessment.objects.in_study(session.study_id).update_or_create(
            study_id=session.study_id, session=session, criterion=key, defaults=values
        )


def _assessment(key: str, derived: Derived, evaluation: Evaluation) -> dict[str, Any]:
    last = derived.last
    section = section_of(key)
    return {
        "derived": {name: _json(value) for name, value in last.values.items()},
        "entered": {
            name: value
            for name, place in entered_places(key).items()
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
        "override_class": str(evaluation.answer(f"{section}.override_class").value or ""),
        "override_reason": str(evaluation.answer(f"{section}.override_reason").value or ""),
    }


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
        require_acknowledged(task)
        fresh.form_record = locked_form(fresh)
        if fresh.form_record.completed_at is None:
            raise Conflict(
                "The form changed after the review. Review it again before you sign.", rule="RD-005"
            )
        reading = look(fresh, final=True)
        if not reading.evaluation.can_sign:
            raise Conflict("The form is not complete any more. Review it again.", rule="RD-005")
        keep_lesions(fresh, reading.evaluation)
        now = clock.now()
        seal_reviews(fresh, now)
        signed = READ_SESSION.move(
            fresh,
            "sign",
            actor=actor,
            assent=assent,
            changes={"signed_at": now, "seconds_active": active_seconds(fresh, until=now)},
        )
        forms.lock(fresh.form_record, actor=actor)
        READ_TASK.move(task, "sign", actor=actor)
        _settle_later(task, signed)
        return signed


def _settle_later(task: ReadTask, signed: ReadSession) -> None:
    if task.kind in KINDS:
        enqueue(
            "reads.settle_review",
            key=f"reads.settle_review:{signed.pk}",
            row=task.stream.subject,
            session_id=str(signed.pk),
        )
        return
    enqueue(
        "reads.settle",
        key=f"reads.settle:{signed.pk}",
        row=task.time_point,
        time_point_id=str(task.time_point_id),
    )


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
