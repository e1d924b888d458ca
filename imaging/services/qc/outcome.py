"""What a decision that counts does: release to the readers, or a repeated scan."""

from __future__ import annotations

from collections.abc import Sequence

from audit.actors import Actor, service
from imaging.models import QcReview, Submission
from imaging.services import late, package, second_level
from imaging.services.qc.findings import findings_of
from imaging.services.readers import reads
from imaging.services.submission import scan_date
from imaging.workflows import FINDING, SUBMISSION
from queries.models import Query, RequestedAction
from queries.services import Request, raise_query
from studies.models import TimePoint
from studies.workflows import TIME_POINT, may_be_ready

PASSING = ("pass", "pass_with_deviation")


def take_effect(review: QcReview, time_point: TimePoint, signer: Actor) -> None:
    """Do what the decision that counts says; a signature of a person stands behind it."""
    # Whoever signs last may lack the rights of the acts that follow from the decision.
    actor = signer if signer.may("qc.decide") else service("QC", study_id=review.study_id)
    if review.decision not in PASSING:
        _ask_again(review, time_point, actor)
        return
    if review.level == second_level.RESOLUTION:
        _explain_by_resolution(review)
    _release(review, time_point, actor)


def _explain_by_resolution(review: QcReview) -> None:
    system = service("QC", study_id=review.study_id)
    for finding in findings_of(review.time_point):
        if finding.blocks:
            words = f"resolution by {review.reviewer.printed_name}: {review.comment}"[:300]
            FINDING.move(
                finding, "explain", actor=system, reason=words, changes={"explanation": words}
            )


def submissions_in_qc(time_point: TimePoint) -> list[Submission]:
    """Return the submissions of a visit that wait for its decision, first one first."""
    rows = Submission.objects.in_study(time_point.study_id).filter(
        time_point=time_point, state="in_qc"
    )
    return list(rows.order_by("number"))


def _release(review: QcReview, time_point: TimePoint, actor: Actor) -> None:
    waiting = submissions_in_qc(time_point)
    for row in waiting:
        SUBMISSION.move(row, "release", actor=actor)
    if time_point.state != "in_qc":
        _release_late(review, time_point, waiting)
        return
    day = scan_date(review.submission) or time_point.assessment_date
    accepted = TIME_POINT.move(time_point, "accept", actor=actor, changes={"assessment_date": day})
    chosen = package.prepared(accepted) or package.build(accepted, actor=actor)
    package.release(chosen, actor=actor)
    definition = accepted.definition
    is_read = definition is None or definition.read_required
    # What waits for its dossier stays accepted; the dossier makes it ready when it is applied.
    if is_read and may_be_ready(accepted).ok:
        system = service("Read packages", study_id=review.study_id)
        TIME_POINT.move(accepted, "make_ready", actor=system)


def _release_late(review: QcReview, time_point: TimePoint, rows: Sequence[Submission]) -> None:
    """Images came after quality control: unread ones join the package, else science decides."""
    system = service("Read packages", study_id=review.study_id)
    if time_point.state in {"accepted", "ready"} and not reads().begun(time_point):
        chosen = package.prepared(time_point) or package.build(
            time_point, actor=system, note=f"with {review.submission}, received later"
        )
        package.release(chosen, actor=system)
        return
    for row in rows:
        late.open_record(row, actor=system)


def _ask_again(review: QcReview, time_point: TimePoint, actor: Actor) -> None:
    reason = review.comment
    submission = review.submission
    for row in submissions_in_qc(time_point):
        SUBMISSION.move(row, "reject", actor=actor, reason=reason)
    if time_point.state == "in_qc":
        TIME_POINT.move(time_point, "ask_again", actor=actor, reason=reason)
    raise_query(
        about=submission,
        study_site=submission.study_site,
        subject=submission.subject,
        time_point=time_point,
        cause=Query.Cause.QUALITY,
        title=f"Repeat the scan of {time_point.label}",
        text=reason,
        requests=[Request(RequestedAction.Kind.RESCAN.value, "Repeat the scan and upload it.")],
        actor=actor,
    )
