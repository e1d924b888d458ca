"""What follows when readers have signed: agreement, adjudication, acceptance, lock."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
    ConfirmationRequest,
    CriterionAssessment,
    ReaderStream,
    ReadSession,
    ReadTask,
)
from reads.services.clocks import plan_for
from reads.workflows import ADJUDICATION
from studies.calendars import Due
from studies.models import Subject, TimePoint
from studies.workflows import TIME_POINT


@dataclass(frozen=True, slots=True)
class Difference:
    """One variable in which two readers differ; over a subject, at which time point (TP3)."""

    criterion: str
    variable: str
    first: str
    second: str
    point: str = ""


def efficacy_sessions(time_point: TimePoint) -> list[ReadSession]:
    """Return the signed efficacy sessions of a time point, reader 1 first."""
    rows = ReadSession.objects.in_study(time_point.study_id).filter(
        task__time_point=time_point,
        task__kind=ReadTask.Kind.TIME_POINT,
        task__stream__purpose=ReaderStream.Purpose.EFFICACY,
        task__stream__closed_reason="",
        state__in=("signed", "final"),
    )
    return list(rows.select_related("task__stream", "task__design").order_by("task__stream__role"))


def response_of(assessment: CriterionAssessment, variable: str) -> str:
    """Return the response that counts: the reader's own, which may override the derived one."""
    value = assessment.entered.get(variable) or assessment.derived.get(variable) or ""
    return str(value).replace("_", " ")


def differences(
    first: ReadSession, second: ReadSession, variables: tuple[str, ...] = (), *, point: str = ""
) -> list[Difference]:
    """Compare two signed sessions; symmetric but for the order.

    Args:
        variables: what to compare; without them the design's variables.
        point: the time point to name, where a whole subject is compared.
    """
    design = design_from(first.task.design.document)
    variables = variables or design.adjudicate_on
    found = []
    for criterion in design.criteria:
        one = first.assessments.filter(criterion=criterion).first()
        two = second.assessments.filter(criterion=criterion).first()
        if one is None or two is None:
            continue
        for variable in variables:
            a, b = response_of(one, variable), response_of(two, variable)
            if a != b:
                found.append(Difference(criterion, variable, a, b, point))
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
        design = design_from(sessions[0].task.design.document)
        wanted = design.readers
        if len(sessions) < wanted:
            return
        if locked.state == "reading":
            locked = TIME_POINT.move(locked, "finish_reading", actor=actor)
        if locked.state != "read":
            return
        if wanted == 1:
            accept_time_point(locked, sessions[0], "single", None, actor)
            return
        asked = asked_to_confirm(locked)
        if design.adjudication.at == "subject" and asked is None:
            return  # both global reviews are compared, after the last time point
        variables = ("overall_response",) if design.adjudication.at == "subject" else ()
        different = differences(sessions[0], sessions[1], variables) if design.adjudicate_on else []
        if not different:
            if design.adjudication.at != "subject":
                accept_time_point(locked, sessions[0], "agreement", None, actor)
            return
        open_case(locked.subject, sessions, different, time_point=locked, asked=asked, actor=actor)


def asked_to_confirm(time_point: TimePoint) -> ConfirmationRequest | None:
    """Return the open request of a site to confirm progression at a time point."""
    found: ConfirmationRequest | None = time_point.confirmation_requests.filter(
        state="asked"
    ).first()
    return found


def open_case(
    subject: Subject,
    sessions: Sequence[ReadSession],
    different: Sequence[Difference],
    *,
    actor: Actor,
    level: str = AdjudicationCase.Level.TIME_POINT,
    time_point: TimePoint | None = None,
    asked: ConfirmationRequest | None = None,
) -> AdjudicationCase:
    """Open the case of two sessions that differ, once; A and B are drawn.

    A case that a site waits for is due when its answer is.
    """
    existing = (
        AdjudicationCase.objects.in_study(subject.study_id)
        .filter(subject=subject, level=level, time_point=time_point)
        .exclude(state="voided")
        .first()
    )
    if existing is not None:
        return existing
    due: Any = plan_for(subject.study_id, sessions[0].task.design).due("adjudication", clock.now())
    if asked is not None and asked.due_at < due.at:
        due = Due(at=asked.due_at, by=asked.due_by)
    case = AdjudicationCase(
        study_id=subject.study_id,
        subject=subject,
        level=level,
        time_point=time_point,
        design=sessions[0].task.design,
        session_1=sessions[0],
        session_2=sessions[1],
        first_is_a=bool(secrets.randbits(1)),
        variables=[
            {"criterion": d.criterion, "variable": d.variable}
            | ({"point": d.point} if d.point else {})
            for d in different
        ],
        label=f"AD-{secrets.token_hex(3).upper()}",
        due_at=due.at,
        due_by=due.by,
    )
    case.save()
    record("adjudication.open", case, details={"variables": len(different)})
    return case


def accept_time_point(
    time_point: TimePoint,
    session: ReadSession,
    basis: str,
    case: AdjudicationCase | None,
    actor: Actor,
) -> None:
    """Keep which read counts for a time point, and lock it; call inside a transaction."""
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
            accept_time_point(time_point, chosen_session(case), "adjudication", case, actor)


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
            changes={"adjudicator_id": None, "choice": "", "reason": "", "third": {}},
        )


def draft_choice(
    case: AdjudicationCase,
    *,
    choice: str,
    reason: str,
    actor: Actor,
    third: Mapping[str, Mapping[str, str]] | None = None,
) -> AdjudicationCase:
    """Keep what the adjudicator chose so far.

    Args:
        third: the adjudicator's own result, criterion -> variable -> value, where the charter
            allows one; the chosen read is then the one whose measurements stay on record.

    Raises:
        NotPermitted: somebody else took the case.
        RuleBroken: RD-007 the case is signed; RD-021 the charter allows no third result, or it is
            one that the case does not ask for.
    """
    actor.require("adjudication.perform")
    with transaction.atomic(), acting(actor.acting_as("adjudication.perform")):
        row = AdjudicationCase.objects.in_study(case.study_id).select_for_update().get(pk=case.pk)
        _own(row, actor)
        if row.state != "claimed":
            raise RuleBroken("This case is not open for a choice.", rule="RD-007")
        row.choice = choice if choice in {"A", "B"} else ""
        row.reason = reason
        row.third = _third(row, third or {})
        row.save()
        return row


def may_give_third(case: AdjudicationCase) -> bool:
    """Tell whether the charter lets the adjudicator give a result of their own."""
    rule = design_from(case.design.document).adjudication
    return rule.outcome == "choose_or_third" and case.level != AdjudicationCase.Level.ONCOLOGY


def asked_name(entry: Mapping[str, str]) -> str:
    """Return the name under which a case asks for a variable: "overall_response TP3"."""
    return " ".join(part for part in (entry["variable"], entry.get("point", "")) if part)


def _third(
    case: AdjudicationCase, given: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    found = {c: {v: text for v, text in row.items() if text} for c, row in given.items()}
    found = {criterion: row for criterion, row in found.items() if row}
    if not found:
        return {}
    if not may_give_third(case):
        raise RuleBroken(
            "The charter lets you choose one of the two reads, not give a third result.",
            rule="RD-021",
        )
    asked = {(entry["criterion"], asked_name(entry)) for entry in case.variables}
    if any((c, variable) not in asked for c, row in found.items() for variable in row):
        raise RuleBroken("The reads do not differ in what you changed.", rule="RD-021")
    return found


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
                row=signed.time_point or signed.subject,
                case_id=str(signed.pk),
            )
        return signed


def _own(case: AdjudicationCase, actor: Actor) -> None:
    if case.adjudicator_id != actor.user_id:
        raise NotPermitted("Another adjudicator has taken this case.", rule="RD-009")
