"""What follows for a subject when something of it was signed, accepted, or ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from audit.actors import Actor
from audit.errors import RuleBroken
from audit.jobs import enqueue
from reads.design import ReadDesign
from reads.models import ConfirmationRequest, ReadSession, ReadTask
from reads.services import (
    accepting,
    confirmation,
    eligibility,
    globalreview,
    oncology,
    planning,
    sampling,
    settling,
)
from reads.services.qualifying import effective_design, trains_readers
from studies.models import Subject

KIND = "reads.sessions"


def wants_sessions(design: ReadDesign) -> bool:
    """Tell whether a design has anything besides time points that could follow."""
    sessions = design.sessions
    return (
        sessions.global_review
        or sessions.eligibility
        or sessions.confirmation_of_progression
        or design.oncology_review.is_wanted
        or design.sampling.escalate_above_percent is not None
    )


def is_concerned(study_id: Any) -> bool:
    """Tell whether enrolment, the end of a course or a death changes what is read in a study."""
    try:
        _, design = effective_design(study_id)
    except RuleBroken:  # a study without a charter reads nothing
        return False
    rules = design.stop_rules
    return wants_sessions(design) or "stop" in (rules.after_withdrawal, rules.after_death)


def ask(subject: Subject, cause: str) -> None:
    """Ask for what follows, once for each cause; a study without such sessions asks for nothing."""
    try:
        _, design = effective_design(subject.study_id)
    except RuleBroken:  # a study without a charter has no sessions
        return
    if wants_sessions(design):
        enqueue(KIND, key=f"{KIND}:{subject.pk}:{cause}", row=subject, subject_id=str(subject.pk))


def follow(subject: Subject, *, actor: Actor) -> None:
    """Open and answer everything that can be now; safe to repeat.

    One session that cannot open keeps no other from opening.

    Raises:
        RuleBroken: what could not open, after everything else was tried.
    """
    if trains_readers(subject.study_id):
        return
    steps: tuple[Callable[[], object], ...] = (
        lambda: eligibility.plan(subject, actor=actor),
        lambda: globalreview.plan(subject, actor=actor),
        lambda: oncology.plan(subject, actor=actor),
        lambda: answer_site(subject, actor=actor),
        lambda: sampling.escalate(subject.study, actor=actor),
    )
    refused: list[RuleBroken] = []
    for step in steps:
        try:
            step()
        except RuleBroken as error:
            refused.append(error)
    if refused:
        raise refused[0]


def answer_site(subject: Subject, *, actor: Actor) -> None:
    """Answer the open questions of a site that its subject's reads answer by now."""
    for asked in ConfirmationRequest.objects.in_study(subject.study_id).filter(
        subject=subject, state="asked"
    ):
        confirmation.answer(asked, actor=actor)


def confirm(asked: ConfirmationRequest, *, actor: Actor) -> None:
    """Get the reads of a question under way, and answer it if they are there already."""
    planning.plan_reads(asked.subject, actor=actor)
    confirmation.bring_forward(asked, actor=actor)
    settling.settle(asked.time_point, actor=actor)
    confirmation.answer(asked, actor=actor)


def settle_review(session: ReadSession, *, actor: Actor) -> None:
    """Settle a signed session besides time points, by its kind."""
    subject = session.task.stream.subject
    if session.task.kind == ReadTask.Kind.GLOBAL:
        accepting.settle_subject(subject, actor=actor)
    elif session.task.kind == ReadTask.Kind.ELIGIBILITY:
        eligibility.settle(session, actor=actor)
    elif session.task.kind == ReadTask.Kind.ONCOLOGY:
        oncology.settle(session, actor=actor)
