"""What the charter no longer reads: subjects outside the sample, time points after the stop."""

from __future__ import annotations

import hashlib

from reads.design import ReadDesign
from reads.design.document import EVERYBODY
from reads.models import CriterionAssessment, ReaderStream
from studies.models import Subject

#: confirmed progression by its own name, and two progressions in a row, which confirm each other
CONFIRMED = "iCPD"
PROGRESSION = frozenset({"PD", "iUPD", CONFIRMED})
SIGNED = ("signed", "final")
_TO_CONFIRM = 2


def is_in_sample(subject: Subject, design: ReadDesign) -> bool:
    """Tell whether a subject is reviewed centrally; the same seed draws the same subjects."""
    if design.sampling.percent >= EVERYBODY:
        return True
    text = f"{design.sampling.seed}|{subject.pk}"
    drawn = int(hashlib.sha256(text.encode()).hexdigest(), 16) % (EVERYBODY * EVERYBODY)
    return drawn < design.sampling.percent * EVERYBODY


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


def _course(stream: ReaderStream, criterion: str) -> list[str]:
    rows = (
        CriterionAssessment.objects.in_study(stream.study_id)
        .filter(criterion=criterion, session__task__stream=stream, session__state__in=SIGNED)
        .order_by("session__task__sequence")
    )
    return [
        str(row.entered.get("overall_response") or row.derived.get("overall_response") or "")
        for row in rows
    ]
