"""What follows when readers have signed: agreement, adjudication, acceptance, lock."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.db import transaction

from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting
from audit.errors import NotPermitted, RuleBroken
from audit.jobs import enqueue
from audit.models import record
from reads.design import design_from
from reads.models import (
    Acceptance,
    AdjudicationCase,
    CriterionAssessment,
    ReaderStream,
    ReadSession,
)
from reads.services.clocks import plan_for
from reads.workflows import ADJUDICATION
from studies.models import TimePoint
from studies.workflows import TIME_POINT


@dataclass(frozen=True, slots=True)
class Difference:
    """One variable in which two readers differ."""

    criterion: str
    variable: str
    first: str
    second: str


def efficacy_sessions(time_point: TimePoint) -> list[ReadSession]:
    """Return the signed efficacy sessions of a time point, reader 1 first."""
    rows = ReadSession.objects.in_study(time_point.study_id).filter(
        task__time_point=time_point,
        task__stream__purpose=ReaderStream.Purpose.EFFICACY,
        task__stream__closed_reason="",
        state__in=("signed", "final"),
    )
    return list(rows.select_related("task__stream", "task__design").order_by("task__stream__role"))


def response_of(assessment: CriterionAssessment, variable: str) -> str:
    """Return the response that counts: the reader's own, which may override the derived one."""
    value = assessment.entered.get(variable) or assessment.derived.get(variable) or ""
    return str(value).replace("_", " ")


def differences(first: ReadSession, second: ReadSession) -> list[Difference]:
    """Compare two signed sessions by the design's variables; symmetric but for the order."""
    design = design_from(first.task.design.document)
    found = []
    for criterion in design.criteria:
        one = first.assessments.filter(criterion=criterion).first()
        two = second.assessments.filter(criterion=criterion).first()
        if one is None or two is None:
            continue
        for variable in design.adjudicate_on:
            a, b = response_of(one, variable), response_of(two, variable)
            if a != b:
                found.append(Difference(criterion, variable, a, b))
    return found


def settle(time_point: TimePoint, *, actor: Actor) -> None:
    """Finish a time point whose readers have all signed; safe to repeat."""
    with transaction.atomic(), acting(actor):
        locked = (
            TimePoint.objects.in_study(time_point.study_id)
            .select_for_update()
            .get(pk=time_point.pk)
        )
        sessions = efficacy_sessions(locked)
        if not sessions:
            return
        wanted = design_from(sessions[0].task.design.document).readers
        if len(sessions) < wanted:
            return
        if locked.state == "reading":
            locked = TIME_POINT.move(locked, "finish_reading", actor=actor)
        if locked.state != "read":
            return
        if wanted == 1:
            _accept(locked, sessions[0], "single", None, actor)
            return
        different = differences(sessions[0], sessions[1])
        if not different:
            _accept(locked, sessions[0], "agreement", None, actor)
            return
        _open_case(locked, sessions, different)


def _open_case(
    time_point: TimePoint, sessions: list[ReadSession], different: list[Difference]
) -> AdjudicationCase:
    existing = time_point.adjudications.exclude(state="voided").first()
    if existing is not None:
        return existing
    due = plan_for(time_point.study_id, sessions[0].task.design).due("adjudication", clock.now())
    case = AdjudicationCase(
        study_id=time_point.study_id,
        subject=time_point.subject,
        time_point=time_point,
        design=sessions[0].task.design,
        session_1=sessions[0],
        session_2=sessions[1],
        first_is_a=bool(secrets.randbits(1)),
        variables=[{"criterion": d.criterion, "variable": d.variable} for d in different],
        label=f"AD-{secrets.token_hex(3).upper()}",
        due_at=due.at,
        due_by=due.by,
    )
    case.save()
    record("adjudication.open", case, details={"variables": len(different)})
    return case


def _accept(
    time_point: TimePoint,
    session: ReadSession,
    basis: str,
    case: AdjudicationCase | None,
    actor: Actor,
) -> None:
    Acceptance.objects.create(
        study_id=time_point.study_id, time_point=time_point, session=session, basis=basis, case=case
    )
    for name in ("check", "lock"):
        TIME_POINT.move(time_point, name, actor=actor, details={"basis": basis})


def accept_adjudicated(case: AdjudicationCase, *, actor: Actor) -> None:
    """Accept the chosen session of a signed case; safe to repeat."""
    with transaction.atomic(), acting(actor):
        rows = TimePoint.objects.in_study(case.study_id).select_for_update()
        time_point = rows.get(pk=case.time_point_id)
        if time_point.state == "read" and case.state == "signed":
            _accept(time_point, chosen_session(case), "adjudication", case, actor)


def chosen_session(case: AdjudicationCase) -> ReadSession:
    """Return the session behind A or B."""
    return case.session_1 if (case.choice == "A") == case.first_is_a else case.session_2


def session_shown_as(case: AdjudicationCase, letter: str) -> ReadSession:
    """Return the session that the adjudicator sees under a letter."""
    return case.session_1 if (letter == "A") == case.first_is_a else case.session_2


def claim(case: AdjudicationCase, *, actor: Actor) -> AdjudicationCase:
    """Take a case; of two adjudicators one gets it.

    Raises:
        NotPermitted: RD-006 the adjudicator has read this subject.
    """
    if case.subject.streams.filter(reader_id=actor.user_id).exists():
        raise NotPermitted("You have read this subject and cannot adjudicate it.", rule="RD-006")
    return ADJUDICATION.move(case, "claim", actor=actor, changes={"adjudicator_id": actor.user_id})


def give_back(case: AdjudicationCase, *, actor: Actor, reason: str) -> AdjudicationCase:
    """Give a case back to all adjudicators; what was chosen so far is dropped.

    Raises:
        NotPermitted: somebody else has the case.
        ReasonRequired: no reason.
    """
    with transaction.atomic():
        row = AdjudicationCase.objects.in_study(case.study_id).select_for_update().get(pk=case.pk)
        _own(row, actor)
        return ADJUDICATION.move(
            case,
            "give_back",
            actor=actor,
            reason=reason,
            changes={"adjudicator_id": None, "choice": "", "reason": ""},
        )


def draft_choice(
    case: AdjudicationCase, *, choice: str, reason: str, actor: Actor
) -> AdjudicationCase:
    """Keep what the adjudicator chose so far.

    Raises:
        NotPermitted: somebody else took the case.
        RuleBroken: RD-007 the case is signed.
    """
    actor.require("adjudication.perform")
    with transaction.atomic(), acting(actor.acting_as("adjudication.perform")):
        row = AdjudicationCase.objects.in_study(case.study_id).select_for_update().get(pk=case.pk)
        _own(row, actor)
        if row.state != "claimed":
            raise RuleBroken("This case is not open for a choice.", rule="RD-007")
        row.choice = choice if choice in {"A", "B"} else ""
        row.reason = reason
        row.save()
        return row


def sign_case(case: AdjudicationCase, *, actor: Actor, assent: Assent) -> AdjudicationCase:
    """Sign the decision; the chosen read counts.

    Raises:
        RuleBroken: RD-008 no choice or no reason.
    """
    actor.require("adjudication.perform")
    with transaction.atomic():
        row = AdjudicationCase.objects.in_study(case.study_id).select_for_update().get(pk=case.pk)
        _own(row, actor)
        if not row.choice or not row.reason.strip():
            raise RuleBroken("Choose A or B and give your reason before you sign.", rule="RD-008")
        signed = ADJUDICATION.move(
            case, "sign", actor=actor, assent=assent, changes={"decided_at": clock.now()}
        )
        with acting(actor):
            enqueue(
                "reads.accept",
                key=f"reads.accept:{signed.pk}",
                row=signed.time_point,
                case_id=str(signed.pk),
            )
        return signed


def _own(case: AdjudicationCase, actor: Actor) -> None:
    if case.adjudicator_id != actor.user_id:
        raise NotPermitted("Another adjudicator has taken this case.", rule="RD-009")
