"""The oncologist's review of the locked radiology read, with the dossier where there is one.

It opens after the accepted read of each later time point or, where the design has a global review,
once after the accepted global review. The radiology values are shown and cannot be changed. Two
oncologists are compared by a rule of their own; a difference is adjudicated.
"""

from __future__ import annotations

import hashlib
import json
import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.models import User
from audit.actors import Actor, acting
from audit.errors import RuleBroken
from audit.models import record
from reads.design import ReadDesign, design_from
from reads.models import (
    AdjudicationCase,
    CriterionAssessment,
    ReaderStream,
    ReadSession,
    ReadTask,
    ReviewAcceptance,
)
from reads.services import reading
from reads.services.accepting import (
    GLOBAL,
    ONCOLOGY,
    accept_review,
    accepted_reads,
    accepted_review,
    counted_value,
    reviews_of,
)
from reads.services.dossiers import review_waits
from reads.services.drawing import candidates, case_of, oncologists_among
from reads.services.kinds import KINDS
from reads.services.planning import add_stream, cancel_unsigned, make_task
from reads.services.qualifying import effective_design
from reads.services.settling import Difference, open_case
from reads.visibility import OVER
from studies.models import Configuration, Subject, TimePoint
from studies.services import forms

PURPOSE = ReaderStream.Purpose.ONCOLOGY
ROLES = (ReaderStream.Role.ONCOLOGIST, ReaderStream.Role.ONCOLOGIST_2)
#: the name under which a review's answers are kept beside the criteria
CRITERION = "ONCOLOGY"
GONE = "The radiology read that this review rests on does not count any more."


@dataclass(frozen=True, slots=True)
class Opening:
    """A review that may open: at which place, on which accepted radiology result."""

    sequence: int
    time_point: TimePoint | None


def openings(subject: Subject, design: ReadDesign) -> list[Opening]:
    """Return the reviews that the accepted radiology reads of a subject allow now."""
    reads = accepted_reads(subject)
    if design.sessions.global_review:
        review = accepted_review(subject, GLOBAL)
        return [] if review is None else [Opening(review.session.task.sequence, None)]
    return [
        Opening(row.session.task.sequence, row.time_point)
        for row in reads
        if row.session.task.sequence > 1 and row.time_point.state == "locked"
    ]


def _waits(one: Opening, subject: Subject, design: ReadDesign) -> bool:
    """Tell whether a review waits for a dossier of what it is shown."""
    shown = [
        row.time_point
        for row in accepted_reads(subject)
        if row.session.task.sequence <= one.sequence
    ]
    return bool(review_waits(design, ReadTask.Kind.ONCOLOGY, shown))


def plan(subject: Subject, *, actor: Actor) -> list[ReadTask]:
    """Open the reviews that are possible now; safe to repeat.

    Raises:
        RuleBroken: RD-026 too few oncologists may review the subject; no form is effective.
    """
    configuration, design = effective_design(subject.study_id)
    if not design.oncology_review.is_wanted:
        return []
    with transaction.atomic():
        Subject.objects.in_study(subject.study_id).select_for_update().get(pk=subject.pk)
        possible = openings(subject, design)
        _take_back(subject, possible, actor)
        if not possible:
            return []
        made = []
        for stream in _streams(subject, configuration, design, actor):
            for one in possible:
                held = stream.tasks.filter(
                    kind=ReadTask.Kind.ONCOLOGY, time_point=one.time_point
                ).exclude(state__in=OVER)
                if not held.exists() and not _waits(one, subject, design):
                    made.append(_task(stream, one, design, actor))
        return made


def _take_back(subject: Subject, possible: list[Opening], actor: Actor) -> None:
    """Cancel reviews that nobody signed and whose radiology read counts no more."""
    allowed = {one.time_point.pk if one.time_point else None for one in possible}
    for stream in subject.streams.filter(purpose=PURPOSE, closed_reason=""):
        tasks = stream.tasks.filter(kind=ReadTask.Kind.ONCOLOGY).exclude(
            state__in=(*OVER, "signed")
        )
        if any(task.time_point_id not in allowed for task in tasks):
            cancel_unsigned(subject, GONE, actor=actor, kind=ReadTask.Kind.ONCOLOGY, stream=stream)


def _task(stream: ReaderStream, one: Opening, design: ReadDesign, actor: Actor) -> ReadTask:
    return make_task(
        stream,
        ReadTask.Kind.ONCOLOGY,
        form=design.oncology_review.form,
        clock_name="oncology_review",
        sequence=one.sequence,
        actor=actor,
        time_point=one.time_point,
    )


def _streams(
    subject: Subject, configuration: Configuration, design: ReadDesign, actor: Actor
) -> list[ReaderStream]:
    found = list(subject.streams.filter(purpose=PURPOSE, closed_reason="").order_by("role"))
    missing = [role for role in ROLES[: design.oncology_review.readers] if role not in
               {stream.role for stream in found}]  # fmt: skip
    if not missing:
        return found
    seed = secrets.token_hex(8)
    with acting(actor):
        people = _draw(subject, configuration, design, seed, len(missing))
        for role, reader in zip(missing, people, strict=True):
            found.append(add_stream(subject, reader, role, seed, purpose=PURPOSE))
        record("subject.assign_oncologists", subject, details={"seed": seed})
    return found


def _draw(
    subject: Subject, configuration: Configuration, design: ReadDesign, seed: str, wanted: int
) -> list[User]:
    """Draw oncologists of the register, by a stored seed; nobody who has a role on the subject."""
    found, users = candidates(subject.study, configuration)
    case = case_of(subject, design)
    oncologists = oncologists_among(users)
    free = [
        user
        for one, user in zip(found, users, strict=True)
        if user.pk in oncologists
        and one.room > 0
        and one.key not in case.barred
        and case.site not in one.conflicts
    ]
    if len(free) < wanted:
        raise RuleBroken(
            f"The oncology review needs {wanted} qualified oncologists who have not read the "
            f"subject; there are {len(free)}.",
            rule="RD-026",
        )
    drawn = random.Random(seed)  # noqa: S311 - an order to be reproduced, not a secret
    return drawn.sample(sorted(free, key=lambda u: str(u.pk)), k=wanted)


@dataclass(frozen=True, slots=True)
class RadiologyRow:
    """What radiology says of a time point: criterion -> overall response that counts."""

    point: str
    responses: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Radiology:
    """The locked radiology result as the oncologist sees it, without names or dates."""

    rows: tuple[RadiologyRow, ...]
    best: Mapping[str, str]
    progression: Mapping[str, str]

    @property
    def digest(self) -> str:
        """SHA-256 of what was shown, kept with the review."""
        content = {
            "rows": [[row.point, dict(row.responses)] for row in self.rows],
            "best": dict(self.best),
            "progression": dict(self.progression),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def radiology_of(task: ReadTask) -> Radiology:
    """Return the accepted radiology values up to the reviewed time point."""
    subject = task.stream.subject
    criteria = design_from(task.design.document).criteria
    review = accepted_review(subject, GLOBAL)
    reviewed = _reviewed(review)
    rows = []
    for accepted in accepted_reads(subject):
        sequence = accepted.session.task.sequence
        if sequence > task.sequence or sequence == 1:
            continue
        values = {row.criterion: row for row in accepted.session.assessments.all()}
        rows.append(
            RadiologyRow(
                f"TP{sequence}",
                {
                    key: reviewed.get(key, {}).get(f"TP{sequence}")
                    or counted_value(values[key], "overall_response", accepted.case)
                    for key in criteria
                    if key in values
                },
            )
        )
    return Radiology(
        tuple(rows), _over(review, "best_overall_response"), _over(review, "progression")
    )


def _reviewed(review: ReviewAcceptance | None) -> dict[str, Mapping[str, str]]:
    if review is None:
        return {}
    return {
        row.criterion: row.entered.get("responses", {}) for row in review.session.assessments.all()
    }


_THIRD = {"best_overall_response": "best_overall_response", "progression": "progression_date"}


def _over(review: ReviewAcceptance | None, name: str) -> dict[str, str]:
    if review is None:
        return {}
    found = {}
    for row in review.session.assessments.all():
        third = review.case.third.get(row.criterion, {}) if review.case is not None else {}
        found[row.criterion] = str(third.get(_THIRD[name]) or row.derived.get(name) or "")
    return found


class OncologyReview:
    """How an oncologist's review differs from a read of a time point."""

    def first_answers(self, task: ReadTask) -> dict[str, Any]:
        """Begin empty."""
        return {}

    def kept(self, session: ReadSession, answers: Mapping[str, Any]) -> dict[str, Any]:
        """Keep everything that was typed."""
        return dict(answers)

    def look(self, session: ReadSession, *, final: bool) -> reading.Reading:
        """Evaluate the form."""
        evaluation = forms.evaluated(session.form_record, final=final)
        return reading.Reading(session, [], evaluation, {}, {})

    def assessments(
        self, session: ReadSession, seen: reading.Reading
    ) -> Mapping[str, dict[str, Any]]:
        """Return the oncologist's answers beside the radiology values that were shown."""
        shown = radiology_of(session.task)
        answers = {
            place.rpartition(".")[2]: _plain(answer.value)
            for place, answer in seen.evaluation.answers.items()
            if answer.value is not None and place in seen.evaluation.visible
        }
        return {
            CRITERION: {
                "derived": {row.point: dict(row.responses) for row in shown.rows},
                "entered": answers,
                "trace": [],
                "engine_version": str(session.form_record.form.version),
                "input_digest": shown.digest,
                "override_class": "",
                "override_reason": "",
            }
        }


def _plain(value: object) -> object:
    if isinstance(value, bool):
        return "YES" if value else "NO"
    return [str(each) for each in value] if isinstance(value, list | tuple) else str(value)


def settle(session: ReadSession, *, actor: Actor) -> None:
    """Accept a signed review, or compare two; safe to repeat."""
    task = session.task
    subject, point = task.stream.subject, task.time_point
    with transaction.atomic(), acting(actor):
        Subject.objects.in_study(subject.study_id).select_for_update().get(pk=subject.pk)
        if accepted_review(subject, ONCOLOGY, point) is not None:
            return
        rule = design_from(task.design.document).oncology_review
        reviews = reviews_of(subject, ReadTask.Kind.ONCOLOGY, point)
        if len(reviews) < rule.readers:
            return
        if rule.readers == 1:
            accept_review(subject, reviews[0], ONCOLOGY, basis="single")
            return
        different = _differences(reviews[0], reviews[1], rule.adjudicate_on)
        if not different:
            accept_review(subject, reviews[0], ONCOLOGY, basis="agreement")
            return
        open_case(
            subject,
            reviews,
            different,
            level=AdjudicationCase.Level.ONCOLOGY,
            time_point=point,
            actor=actor,
        )


def _differences(
    first: ReadSession, second: ReadSession, variables: tuple[str, ...]
) -> list[Difference]:
    one, two = (_entered(session) for session in (first, second))
    return [
        Difference(CRITERION, name, one.get(name, ""), two.get(name, ""))
        for name in variables
        if one.get(name, "") != two.get(name, "")
    ]


def _entered(session: ReadSession) -> dict[str, str]:
    row: CriterionAssessment | None = session.assessments.filter(criterion=CRITERION).first()
    return {name: str(value) for name, value in row.entered.items()} if row else {}


KINDS[ReadTask.Kind.ONCOLOGY] = OncologyReview()
