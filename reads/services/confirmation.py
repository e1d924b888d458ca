"""Expedited confirmation of progression: the site asks, the reads answer by the charter's rule.

Nothing tells a reader that a site asked: the reads of the time point are ordinary reads whose due
instant was brought forward. The site's opinion is kept for the comparison and shown to no reader.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from audit import clock
from audit.actors import Actor, acting
from audit.errors import NotPermitted, ReasonRequired, RuleBroken
from audit.jobs import enqueue
from audit.models import record
from reads.design import design_from
from reads.models import (
    Acceptance,
    ConfirmationRequest,
    ExpeditedDue,
    ReadSession,
    ReadTask,
)
from reads.services.accepting import accepted_read, counted_value
from reads.services.clocks import plan_for
from reads.services.planning import UNSIGNED, time_points_to_read
from reads.services.qualifying import effective_design
from reads.services.settling import efficacy_sessions
from reads.services.stopping import PROGRESSION
from reads.workflows import CONFIRMATION
from studies.models import TimePoint

Outcome = ConfirmationRequest.Outcome
#: what a site may say; its words, never shown to readers
OPINIONS: Mapping[str, str] = {
    "PD": "Progressive disease",
    "SD": "Stable disease",
    "PR": "Partial response",
    "CR": "Complete response",
    "NE": "Not evaluable",
}
_UNREADABLE = "NE"


def may_ask(time_point: TimePoint) -> str:
    """Return why confirmation cannot be asked for a time point, "" when it can."""
    try:
        _, design = effective_design(time_point.study_id)
    except RuleBroken:
        return "The study has no charter yet."
    if not design.sessions.confirmation_of_progression:
        return "The charter of this study has no confirmation of progression."
    if time_point.state in ("expected", "not_done"):
        return "Send the images of this visit first; then ask."
    points = time_points_to_read(time_point.subject)
    if not points or points[0].pk == time_point.pk:
        return "Progression cannot be asked for at baseline."
    if time_point not in points:
        return "The charter does not read this visit."
    if time_point.confirmation_requests.filter(state="asked").exists():
        return "You have asked already. The answer comes by the time shown."
    return ""


def ask(time_point: TimePoint, *, opinion: str, why: str, actor: Actor) -> ConfirmationRequest:
    """Ask for confirmation of progression; the reads that it needs are due in hours.

    Raises:
        RuleBroken: RD-025 it cannot be asked for now; the sentence says why.
        ReasonRequired: the site gives no opinion or no reason.
    """
    actor.require("confirmation.ask")
    if opinion not in OPINIONS or not why.strip():
        raise ReasonRequired(
            "Choose your own assessment and say why you ask.", rule="confirmation.ask"
        )
    refusal = may_ask(time_point)
    if refusal:
        raise RuleBroken(refusal, rule="RD-025")
    if actor.user_id is None:
        raise NotPermitted("A person of the site asks.", rule="confirmation.ask")
    configuration, _ = effective_design(time_point.study_id)
    with transaction.atomic(), acting(actor.acting_as("confirmation.ask")):
        row = TimePoint.objects.in_study(time_point.study_id).select_for_update().get(
            pk=time_point.pk
        )  # fmt: skip
        now = clock.now()
        due = plan_for(row.study_id, configuration).due("confirmation", now)
        asked = ConfirmationRequest(
            study_id=row.study_id,
            subject=row.subject,
            time_point=row,
            asked_by_id=actor.user_id,
            opinion=opinion,
            why=why.strip(),
            asked_at=now,
            due_at=due.at,
            due_by=due.by,
        )
        asked.save()
        record("confirmation.ask", asked)
        enqueue(
            "reads.confirm",
            key=f"reads.confirm:{asked.pk}",
            row=asked,
            request_id=str(asked.pk),
        )
        return asked


def withdraw(asked: ConfirmationRequest, *, actor: Actor, reason: str) -> ConfirmationRequest:
    """Take a question back; reads that were brought forward keep their earlier due instant."""
    return CONFIRMATION.move(asked, "withdraw", actor=actor, reason=reason)


def bring_forward(asked: ConfirmationRequest, *, actor: Actor) -> int:
    """Make the subject's open reads up to the asked time point due when the answer is.

    Each change is kept with the instant before. Safe to repeat.
    """
    points = time_points_to_read(asked.subject)
    wanted = [p.pk for p in points[: _place(points, asked.time_point)]]
    tasks = ReadTask.objects.in_study(asked.study_id).filter(
        time_point__in=wanted,
        kind=ReadTask.Kind.TIME_POINT,
        stream__purpose="efficacy",
        stream__closed_reason="",
        state__in=UNSIGNED,
        due_at__gt=asked.due_at,
    )
    moved = 0
    with transaction.atomic(), acting(actor):
        for task in tasks.select_for_update(of=("self",)):
            ExpeditedDue.objects.create(
                study_id=asked.study_id,
                request=asked,
                task=task,
                due_before=task.due_at,
                due_by_before=task.due_by,
            )
            # The clock is the read's own again: its source names the charter, not the question.
            task.due_at = asked.due_at
            task.save()
            moved += 1
    return moved


def _place(points: list[TimePoint], wanted: TimePoint) -> int:
    return next((n for n, p in enumerate(points, start=1) if p.pk == wanted.pk), 0)


def answer(asked: ConfirmationRequest, *, actor: Actor) -> ConfirmationRequest:
    """Answer a question as soon as the reads do; before that nothing happens. Safe to repeat.

    The first criterion of the charter decides. An accepted read answers; where reads are compared
    only over the subject, all readers have to agree, and a difference is adjudicated first.
    """
    with transaction.atomic():
        row = ConfirmationRequest.objects.in_study(asked.study_id).select_for_update().get(
            pk=asked.pk
        )  # fmt: skip
        if row.state != "asked":
            return row
        found = _responses(row.time_point)
        if found is None:
            return row
        responses, basis = found
        return CONFIRMATION.move(
            row,
            "answer",
            actor=actor,
            changes={
                "outcome": outcome_of(responses),
                "basis": basis,
                "answered_at": clock.now(),
            },
        )


def outcome_of(responses: list[str]) -> str:
    """Return the answer from the overall responses that count, one for each reader who counts."""
    if all(response in PROGRESSION for response in responses):
        return str(Outcome.CONFIRMED)
    if any(response == _UNREADABLE for response in responses):
        return str(Outcome.NOT_EVALUABLE)
    return str(Outcome.NOT_CONFIRMED)


def _responses(time_point: TimePoint) -> tuple[list[str], str] | None:
    accepted = accepted_read(time_point)
    if accepted is not None:
        return [_overall(accepted.session, accepted)], accepted.basis
    sessions = efficacy_sessions(time_point)
    if not sessions:
        return None
    design = design_from(sessions[0].task.design.document)
    if len(sessions) < design.readers:
        return None
    responses = [_overall(session, None) for session in sessions]
    if len(set(responses)) > 1 and design.adjudicate_on:
        return None  # its case comes first
    return responses, "agreement" if len(set(responses)) == 1 else "difference"


def _overall(session: ReadSession, accepted: Acceptance | None) -> str:
    criterion = next(iter(design_from(session.task.design.document).criteria))
    row = session.assessments.filter(criterion=criterion).first()
    case = accepted.case if accepted is not None else None
    return counted_value(row, "overall_response", case) if row is not None else ""
