"""A decision that is taken back, with what follows from it for the reads."""

from __future__ import annotations

from django.db import transaction

from audit.actors import Actor, acting
from imaging.models import Submission
from imaging.services import package
from imaging.services.readers import Consequence, reads
from imaging.workflows import QC_REVIEW, SUBMISSION
from studies.models import TimePoint
from studies.workflows import TIME_POINT


def reset_consequences(submission: Submission) -> list[Consequence]:
    """Return what a reset of a visit's quality control would do, before it is confirmed."""
    time_point = submission.time_point
    reviews = [
        review
        for row in time_point.submissions.filter(state__in=["released", "in_qc"])
        for review in row.reviews.filter(state="signed").select_related("reviewer")
    ]
    found = [
        Consequence(
            f"The signed decision “{review.get_decision_display()}” of "
            f"{review.reviewer.printed_name} no longer stands; it stays in the history."
        )
        for review in reviews
    ]
    if time_point.state not in {"accepted", "ready", "in_qc"}:
        found.append(
            Consequence(
                "Readers have begun: quality control cannot be opened again. Late or corrected "
                "images go to science as a decision on late images.",
                tone="stop",
                prevents=True,
            )
        )
        return found
    released = package.released(time_point)
    if released is not None:
        found.append(Consequence(f"{released} stays as it is until the next decision replaces it."))
    return [*found, *reads().of_reset(time_point)]


def reset(submission: Submission, *, actor: Actor, reason: str) -> Submission:
    """Open a released visit to QC again, with its reason; its decision no longer stands.

    A decision that is signed and waits for its second level is reset the same way. Reads that wait
    are held until the next decision.

    Raises:
        IllegalStep: readers have begun; that takes a roll-back of the reads.
    """
    with transaction.atomic():
        visits = TimePoint.objects.in_study(submission.study_id).select_for_update()
        time_point = visits.get(pk=submission.time_point_id)
        if time_point.state != "in_qc":
            TIME_POINT.move(time_point, "reset_qc", actor=actor, reason=reason)
            with acting(actor, reason):
                reads().reset(time_point, actor=actor, reason=reason)
        rows = Submission.objects.in_study(submission.study_id).filter(
            time_point=time_point, state__in=["released", "in_qc"]
        )
        for row in rows:
            if row.state == "released":
                SUBMISSION.move(row, "reset_qc", actor=actor, reason=reason)
            for review in row.reviews.exclude(state="voided"):
                QC_REVIEW.move(review, "reset", actor=actor, reason=reason)
        submission.refresh_from_db()
        return submission
