"""What the charter no longer reads: outside the sample, after the stop, after the course ended."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from reads.design import ReadDesign
from reads.design.document import EVERYBODY
from reads.models import CriterionAssessment, ReaderStream, ReadTask, SampleEscalation
from reads.visibility import BEFORE_READY
from studies.models import Anchor, Subject, TimePoint
from studies.services.subjects import DEATH

#: confirmed progression by its own name, and two progressions in a row, which confirm each other
CONFIRMED = "iCPD"
PROGRESSION = frozenset({"PD", "iUPD", CONFIRMED})
SIGNED = ("signed", "final")
#: states of a subject after which no visit is expected any more
ENDED = ("completed", "discontinued", "withdrawn", "screen_failed")
_TO_CONFIRM = 2


def is_in_sample(subject: Subject, design: ReadDesign) -> bool:
    """Tell whether a subject is reviewed centrally.

    The same seed draws the same subjects. Everybody is reviewed once the sample was escalated, and
    so is a subject for whom a site asked to confirm progression.
    """
    if is_drawn(subject, design):
        return True
    if SampleEscalation.objects.filter(study_id=subject.study_id).exists():
        return True
    return subject.confirmation_requests.exclude(state="withdrawn").exists()


def is_drawn(subject: Subject, design: ReadDesign) -> bool:
    """Tell whether chance put a subject into the sample."""
    if design.sampling.percent >= EVERYBODY:
        return True
    text = f"{design.sampling.seed}|{subject.pk}"
    drawn = int(hashlib.sha256(text.encode()).hexdigest(), 16) % (EVERYBODY * EVERYBODY)
    return drawn < design.sampling.percent * EVERYBODY


def waits_for_enrolment(subject: Subject, design: ReadDesign) -> bool:
    """Tell whether efficacy reads wait because eligibility gates enrolment in this design."""
    return design.sessions.eligibility and subject.state in ("screening", "screen_failed")


def has_died(subject: Subject) -> bool:
    """Tell whether a date of death is recorded."""
    return Anchor.objects.in_study(subject.study_id).filter(subject=subject, kind=DEATH).exists()


def why_reading_stopped(subject: Subject, design: ReadDesign) -> str:
    """Return in words why nothing more is read of a subject, "" while reading goes on."""
    rules = design.stop_rules
    if subject.state == "withdrawn" and rules.after_withdrawal == "stop":
        return "The charter reads no further image after withdrawal."
    if rules.after_death == "stop" and has_died(subject):
        return "The charter reads no further image after death."
    return ""


def is_stopped(stream: ReaderStream, design: ReadDesign) -> bool:
    """Tell whether the signed reads of a stream end it by the charter's rule on progression.

    The first criterion of the design decides. The response is the one that counts: the reader's
    own where it was overridden.
    """
    rule = design.stop_rules.after_progression
    if rule == "continue" or not design.criteria:
        return False
    course = _course(stream, next(iter(design.criteria)))
    if rule == "stop":
        return any(response in PROGRESSION for response in course)
    in_a_row = 0
    for response in course:
        in_a_row = in_a_row + 1 if response in PROGRESSION else 0
        if response == CONFIRMED or (response == "PD" and in_a_row >= _TO_CONFIRM):
            return True
    return False


def course_is_over(
    stream: ReaderStream, time_points: Sequence[TimePoint], design: ReadDesign
) -> bool:
    """Tell whether every time point that this reader will ever read is signed.

    That is so when each one is signed, or will not come: the charter stopped the reads, or the
    subject's course ended before the visit.

    Args:
        time_points: those that the charter reads, by date.
    """
    tasks = ReadTask.objects.in_study(stream.study_id).filter(
        stream=stream, kind=ReadTask.Kind.TIME_POINT
    )
    signed = set(tasks.filter(state="signed").values_list("time_point_id", flat=True))
    if not signed or tasks.filter(state__in=("assigned", "accepted", "in_progress")).exists():
        return False
    subject = stream.subject
    stopped = bool(why_reading_stopped(subject, design)) or is_stopped(stream, design)
    if stopped and not tasks.filter(state="on_hold").exists():
        return True
    ended = subject.state in ENDED or has_died(subject)
    return all(point.pk in signed or (ended and _never_came(point)) for point in time_points)


def _never_came(time_point: TimePoint) -> bool:
    return time_point.state == BEFORE_READY[0]


def _course(stream: ReaderStream, criterion: str) -> list[str]:
    rows = (
        CriterionAssessment.objects.in_study(stream.study_id)
        .filter(
            criterion=criterion,
            session__task__stream=stream,
            session__task__kind=ReadTask.Kind.TIME_POINT,
            session__state__in=SIGNED,
        )
        .order_by("session__task__sequence")
    )
    return [
        str(row.entered.get("overall_response") or row.derived.get("overall_response") or "")
        for row in rows
    ]
