"""The global review: after its last time point a reader looks at the course as a whole.

Later responses may change with a class and a reason; the baseline and its lesions are not in the
form at all. Best overall response and progression follow from the responses that then count, so
nobody enters them (transition TR13).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from audit.actors import Actor
from reads.criteria import registry
from reads.criteria.base import CriteriaError
from reads.design import design_from
from reads.design.session_forms import GLOBAL_FORM, course_group
from reads.ecrf import ReadPoint
from reads.models import ReaderStream, ReadSession, ReadTask
from reads.reviewed import Counted, SubjectResult, result_of
from reads.services import reading
from reads.services.dossiers import review_waits
from reads.services.kinds import KINDS
from reads.services.planning import cancel_unsigned, make_task, time_points_to_read
from reads.services.qualifying import effective_design
from reads.services.stopping import course_is_over
from reads.visibility import OVER
from studies.forms.evaluation import Evaluation
from studies.models import Subject
from studies.services import forms

REOPENED = "The course goes on: another time point is read first."
Responses = Mapping[str, Mapping[str, str]]


def plan(subject: Subject, *, actor: Actor) -> list[ReadTask]:
    """Open the global review of every reader whose course is over; safe to repeat.

    A review that nobody signed is taken back when the course goes on after all.
    """
    _, design = effective_design(subject.study_id)
    if not design.sessions.global_review:
        return []
    points = time_points_to_read(subject)
    made = []
    with transaction.atomic():
        streams = subject.streams.filter(
            purpose=ReaderStream.Purpose.EFFICACY, closed_reason=""
        ).select_for_update()
        for stream in streams:
            live = stream.tasks.filter(kind=ReadTask.Kind.GLOBAL).exclude(state__in=OVER)
            over = course_is_over(stream, points, design) and _has_follow_up(stream)
            waits = review_waits(design, ReadTask.Kind.GLOBAL, points)
            if over and not live.exists() and not waits:
                made.append(_task(stream, actor))
            elif not over and live.exclude(state="signed").exists():
                cancel_unsigned(
                    subject, REOPENED, actor=actor, kind=ReadTask.Kind.GLOBAL, stream=stream
                )
    return made


def _has_follow_up(stream: ReaderStream) -> bool:
    tasks = stream.tasks.filter(kind=ReadTask.Kind.TIME_POINT, state="signed")
    return bool(tasks.filter(sequence__gt=1).exists())


def _task(stream: ReaderStream, actor: Actor) -> ReadTask:
    last = stream.tasks.filter(kind=ReadTask.Kind.TIME_POINT).order_by("-sequence").first()
    return make_task(
        stream,
        ReadTask.Kind.GLOBAL,
        form=GLOBAL_FORM,
        clock_name="global_review",
        sequence=(last.sequence if last else 0) + 1,
        actor=actor,
    )


def signed_responses(task: ReadTask) -> Responses:
    """Return what the signed time points say: criterion -> TP2, TP3 … -> overall response."""
    sessions = ReadSession.objects.in_study(task.study_id).filter(
        task__stream=task.stream,
        task__kind=ReadTask.Kind.TIME_POINT,
        task__sequence__lt=task.sequence,
        task__sequence__gt=1,
        state__in=reading.SIGNED,
    )
    found: dict[str, dict[str, str]] = {}
    for session in sessions.prefetch_related("assessments").order_by("task__sequence"):
        for row in session.assessments.all():
            value = row.entered.get("overall_response") or row.derived.get("overall_response") or ""
            name = f"TP{session.task.sequence}"
            found.setdefault(row.criterion, {})[name] = str(value).replace("_", " ")
    return found


class GlobalReview:
    """How a global review differs from a read of a time point."""

    def first_answers(self, task: ReadTask) -> dict[str, Any]:
        """Return every later time point as it was signed; nothing is changed."""
        answers: dict[str, Any] = {}
        for criterion, course in signed_responses(task).items():
            section, _, group = course_group(criterion).partition(".")
            answers[section] = {
                group: [
                    {"point": point, "signed": response, "response": response}
                    for point, response in course.items()
                ]
            }
        return answers

    def kept(self, session: ReadSession, answers: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answers with the time points and responses as they were signed."""
        found = dict(answers)
        for section, content in self.first_answers(session.task).items():
            given = {row.get("point"): row for row in _rows(answers, section)}
            rows = [{**given.get(row["point"], row), **_facts(row)} for row in content["rows"]]
            found[section] = {"rows": rows}
        return found

    def look(self, session: ReadSession, *, final: bool) -> reading.Reading:
        """Evaluate the form; what does not fit a criterion is said as trouble."""
        evaluation = forms.evaluated(session.form_record, final=final)
        points = reading.points_before(session.task)
        found = reading.Reading(session, points, evaluation, {}, {})
        try:
            results(found)
        except CriteriaError as error:
            return reading.Reading(session, points, evaluation, {}, {}, trouble=str(error))
        return found

    def assessments(
        self, session: ReadSession, seen: reading.Reading
    ) -> Mapping[str, dict[str, Any]]:
        """Return the subject's result by each criterion, and the responses that it rests on."""
        signed = signed_responses(session.task)
        found = {}
        for criterion, result in results(seen).items():
            now = reviewed_responses(seen.evaluation, criterion)
            found[criterion] = {
                "derived": {
                    "best_overall_response": result.best_overall_response,
                    "progression": result.progression,
                },
                "entered": {"responses": now},
                "trace": changes(seen.evaluation, criterion),
                "engine_version": registry.get(criterion).version,
                "input_digest": _digest({"signed": signed.get(criterion, {}), "now": now}),
                "override_class": "",
                "override_reason": "",
            }
        return found


def _rows(answers: Mapping[str, Any], section: str) -> list[Mapping[str, Any]]:
    content = answers.get(section)
    rows = content.get("rows") if isinstance(content, Mapping) else None
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"point": row["point"], "signed": row["signed"]}


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def reviewed_responses(evaluation: Evaluation, criterion: str) -> dict[str, str]:
    """Return the responses as the review leaves them: TP2, TP3 … -> overall response."""
    group = course_group(criterion)
    found = {}
    for number, point in enumerate(evaluation.rows.get(group, ())):
        value = evaluation.answer(f"{group}.{number}.response").value
        found[str(point)] = value if isinstance(value, str) else ""
    return found


def changes(evaluation: Evaluation, criterion: str) -> list[dict[str, str]]:
    """Return what the review changes, each with its class and reason."""
    group = course_group(criterion)
    found = []
    for number, point in enumerate(evaluation.rows.get(group, ())):
        row = {
            name: str(evaluation.answer(f"{group}.{number}.{name}").value or "")
            for name in ("signed", "response", "change_class", "change_reason")
        }
        if row["response"] != row["signed"]:
            found.append({"point": str(point), **row})
    return found


def results(seen: reading.Reading) -> dict[str, SubjectResult]:
    """Return the subject's result by each criterion, from the responses as they stand.

    Raises:
        CriteriaError: a response is missing or unknown to its criterion.
    """
    days = _days(seen.earlier)
    found = {}
    for criterion, parameters in design_from(seen.session.task.design.document).criteria.items():
        now = reviewed_responses(seen.evaluation, criterion)
        course = [
            Counted(point, days.get(point, 0), response)
            for point, response in now.items()
            if response
        ]
        found[criterion] = result_of(criterion, course, parameters)
    return found


def _days(points: list[ReadPoint]) -> dict[str, int]:
    """Days from the baseline: what the rules on duration need; no reader is shown a date."""
    if not points:
        return {}
    return {point.id: (point.day - points[0].day).days for point in points}


KINDS[ReadTask.Kind.GLOBAL] = GlobalReview()
