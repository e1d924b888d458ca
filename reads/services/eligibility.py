"""Eligibility reads: is there measurable disease, answered in hours, before a subject is enrolled.

The reader is not one of the subject's efficacy readers unless the charter says otherwise. The site
gets the answer and nothing else of the read.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.models import User
from audit.actors import Actor, acting
from audit.errors import ReasonRequired, RuleBroken
from audit.models import record
from audit.states import GuardResult
from reads.design import ReadDesign, design_from
from reads.design.session_forms import ELIGIBILITY_FORM, NO, YES, measurable_place
from reads.models import EligibilityAnswer, ReaderStream, ReadSession, ReadTask
from reads.services import reading
from reads.services.drawing import candidates, case_of, without_oncologists
from reads.services.kinds import KINDS
from reads.services.planning import add_stream, make_task, time_points_to_read
from reads.services.qualifying import effective_design
from reads.visibility import BEFORE_READY, OVER
from studies.models import Configuration, Subject, TimePoint
from studies.services import forms

ELIGIBILITY = ReaderStream.Purpose.ELIGIBILITY
REASON_LENGTH = 200
Answer = EligibilityAnswer.Answer


def baseline_of(subject: Subject) -> TimePoint | None:
    """Return the first time point that the charter reads."""
    return next(iter(time_points_to_read(subject)), None)


def plan(subject: Subject, *, actor: Actor) -> ReadTask | None:
    """Open the eligibility read of a subject in screening once images are ready; safe to repeat.

    Raises:
        RuleBroken: RD-001 nobody may read it; no form of eligibility is effective.
    """
    configuration, design = effective_design(subject.study_id)
    point = baseline_of(subject)
    if not design.sessions.eligibility or subject.state != "screening" or point is None:
        return None
    package = point.packages.filter(state="released").first()
    if point.state in BEFORE_READY or package is None:
        return None
    with transaction.atomic(), acting(actor):
        Subject.objects.in_study(subject.study_id).select_for_update().get(pk=subject.pk)
        stream = subject.streams.filter(purpose=ELIGIBILITY, closed_reason="").first()
        if stream is None:
            reader, seed = _draw(subject, configuration, design)
            stream = add_stream(
                subject, reader, ReaderStream.Role.READER_1, seed, purpose=ELIGIBILITY
            )
            record("subject.assign_readers", subject, details={"seed": seed})
        if stream.tasks.filter(kind=ReadTask.Kind.ELIGIBILITY).exclude(state__in=OVER).exists():
            return None
        return make_task(
            stream,
            ReadTask.Kind.ELIGIBILITY,
            form=ELIGIBILITY_FORM,
            clock_name="eligibility",
            sequence=1,
            actor=actor,
            time_point=point,
            package=package,
        )


def _draw(subject: Subject, configuration: Configuration, design: ReadDesign) -> tuple[User, str]:
    """Draw the reader by a stored seed among those with the least open reads."""
    found, users = without_oncologists(*candidates(subject.study, configuration), design)
    case = case_of(subject, design)
    free = [
        (one, user)
        for one, user in zip(found, users, strict=True)
        if one.room > 0 and one.key not in case.barred and case.site not in one.conflicts
    ]
    if not free:
        raise RuleBroken(
            "Nobody may read the eligibility of this subject: every qualified reader is full, has "
            "a conflict with the site, or reads the subject for efficacy.",
            rule="RD-001",
        )
    least = min(one.load for one, _ in free)
    seed = secrets.token_hex(8)
    among = sorted((user for one, user in free if one.load == least), key=lambda u: str(u.pk))
    drawn = random.Random(seed)  # noqa: S311 - an order to be reproduced, not a secret
    return drawn.choice(among), seed


def ask_again(subject: Subject, *, actor: Actor, reason: str) -> ReaderStream:
    """Have eligibility read again, for example after more images; the earlier answer stays filed.

    Raises:
        ReasonRequired: no reason.
        RuleBroken: RD-022 nothing was answered yet, or the subject is not in screening any more.
    """
    actor.require("read.manage")
    if not reason.strip():
        raise ReasonRequired("Say why eligibility is read again.", rule="eligibility.again")
    stream = subject.streams.filter(purpose=ELIGIBILITY, closed_reason="").first()
    if stream is None or current_answer(subject) is None or subject.state != "screening":
        raise RuleBroken(
            "Eligibility is read again after an answer, while the subject is in screening.",
            rule="RD-022",
        )
    with transaction.atomic(), acting(actor.acting_as("read.manage"), reason):
        stream.closed_reason = reason[:REASON_LENGTH]
        stream.save()
        record("subject.eligibility_again", subject, reason=reason)
        made = add_stream(
            subject,
            stream.reader,
            ReaderStream.Role.READER_1,
            secrets.token_hex(8),
            purpose=ELIGIBILITY,
        )
        plan(subject, actor=actor)
        return made


def current_answer(subject: Subject) -> EligibilityAnswer | None:
    """Return the answer that holds: of the newest eligibility read, while it is not voided."""
    rows = EligibilityAnswer.objects.filter(
        study_id=subject.study_id,
        subject=subject,
        session__task__stream__purpose=ELIGIBILITY,
        session__task__stream__closed_reason="",
    )
    return rows.exclude(session__state="voided").first()


def settle(session: ReadSession, *, actor: Actor) -> EligibilityAnswer:
    """Turn a signed eligibility read into the answer for the site; safe to repeat."""
    subject = session.task.stream.subject
    with transaction.atomic(), acting(actor):
        Subject.objects.in_study(subject.study_id).select_for_update().get(pk=subject.pk)
        known = EligibilityAnswer.objects.filter(session=session).first()
        if known is not None:
            return known
        said = {row.criterion: row.entered["measurable"] for row in session.assessments.all()}
        answer = EligibilityAnswer.objects.create(
            study_id=session.study_id,
            subject=subject,
            session=session,
            answer=_answer(said),
            criteria=said,
            asked_at=session.task.created_at,
            due_at=session.task.due_at,
            due_by=session.task.due_by,
        )
        record("subject.eligibility", subject, details={"answer": answer.answer})
        return answer


def _answer(said: Mapping[str, str]) -> str:
    """Every criterion of the charter must be measurable; one open question asks for images."""
    if any(value == NO for value in said.values()):
        return str(Answer.NOT_ELIGIBLE)
    if said and all(value == YES for value in said.values()):
        return str(Answer.ELIGIBLE)
    return str(Answer.MORE_IMAGES)


def may_enrol(subject: Subject) -> GuardResult:
    """Guard of enrolment: in a study with eligibility reads, imaging has to say yes first."""
    found = _why_not(subject)
    return GuardResult("RD-023", not found, found or "Imaging allows enrolment.")


def _why_not(subject: Subject) -> str:
    try:
        _, design = effective_design(subject.study_id)
    except RuleBroken:  # a study without a charter has no eligibility reads
        return ""
    if not design.sessions.eligibility:
        return ""
    answer = current_answer(subject)
    if answer is not None and answer.answer == Answer.ELIGIBLE:
        return ""
    if answer is not None and answer.answer == Answer.NOT_ELIGIBLE:
        return "Not enrolled: imaging found no measurable disease."
    if answer is not None:
        return "Not enrolled: imaging needs more images before it can say that disease is there."
    task = open_task(subject)
    if task is not None:
        return (
            "Not enrolled: imaging has not answered yet. The answer is due "
            f"{task.due_at:%d %b %Y %H:%M} UTC."
        )
    return "Not enrolled: imaging has no baseline images that it can read yet. Send them first."


def open_task(subject: Subject) -> ReadTask | None:
    """Return the eligibility read that is under way."""
    rows = ReadTask.objects.in_study(subject.study_id).filter(
        stream__subject=subject, kind=ReadTask.Kind.ELIGIBILITY
    )
    found: ReadTask | None = rows.exclude(state__in=(*OVER, "signed")).first()
    return found


class EligibilityRead:
    """How an eligibility read differs from a read of a time point."""

    def first_answers(self, task: ReadTask) -> dict[str, Any]:
        """Begin empty."""
        return {}

    def kept(self, session: ReadSession, answers: Mapping[str, Any]) -> dict[str, Any]:
        """Keep everything that was typed."""
        return dict(answers)

    def look(self, session: ReadSession, *, final: bool) -> reading.Reading:
        """Evaluate the form at its one time point."""
        context: dict[str, object] = {"time_point.kind": "baseline"}
        evaluation = forms.evaluated(session.form_record, context=context, final=final)
        return reading.Reading(session, [], evaluation, context, {})

    def assessments(
        self, session: ReadSession, seen: reading.Reading
    ) -> Mapping[str, dict[str, Any]]:
        """Return for each criterion whether disease is measurable."""
        criteria = design_from(session.task.design.document).criteria
        return {
            key: {
                "derived": {},
                "entered": {
                    "measurable": str(seen.evaluation.answer(measurable_place(key)).value or "")
                },
                "trace": [],
                "engine_version": session.task.criteria.get(key, ""),
                "input_digest": session.form_record.form.digest,
                "override_class": "",
                "override_reason": "",
            }
            for key in criteria
        }


KINDS[ReadTask.Kind.ELIGIBILITY] = EligibilityRead()
