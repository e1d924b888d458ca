"""Rules from upload to release, each with its id; guards answer in words."""

from __future__ import annotations

from typing import Any

from audit.states import GuardResult
from imaging.models import Finding, QcReview, ReceivedFile, Submission


def every_file_is_stored(submission: Submission) -> GuardResult:
    """IMG-001: a receipt is given for a submission whose every announced file is stored."""
    missing = submission.files.filter(outcome=ReceivedFile.Outcome.ANNOUNCED).count()
    if submission.file_count == 0 and submission.corrects_id is not None:
        return GuardResult("IMG-001", True, "Only the form is corrected; no files are sent.")
    if submission.file_count == 0:
        return GuardResult("IMG-001", False, "No files were added yet.")
    text = (
        f"{missing} of {submission.file_count} files have not arrived yet."
        if missing
        else f"All {submission.file_count} files arrived whole."
    )
    return GuardResult("IMG-001", missing == 0, text)


def transmittal_form_is_complete(submission: Submission) -> GuardResult:
    """IMG-002: the transmittal form was completed (no error is left in it)."""
    done = submission.form_record.completed_at is not None
    text = "The transmittal form is complete." if done else "The transmittal form is not complete."
    return GuardResult("IMG-002", done, text)


def _signed_review(submission: Submission) -> Any:
    # One decision is about the visit: a correction and what it corrects are released together.
    signed = QcReview.objects.in_study(submission.study_id).filter(
        time_point=submission.time_point_id, state="signed"
    )
    return signed.order_by("-decided_at", "-level").first()


def qc_is_signed_and_passed(submission: Submission) -> GuardResult:
    """IMG-003: one signed QC decision that passes releases; a machine never does."""
    review = _signed_review(submission)
    if review is None:
        return GuardResult("IMG-003", False, "QC has not been signed yet.")
    ok = review.decision in {"pass", "pass_with_deviation"}
    text = (
        f"QC passed, signed by {review.reviewer}."
        if ok
        else f"QC failed, signed by {review.reviewer}."
    )
    return GuardResult("IMG-003", ok, text)


def no_blocking_finding(submission: Submission) -> GuardResult:
    """IMG-004: no finding of the visit that must be fixed is open."""
    of_the_visit = Finding.objects.in_study(submission.study_id).filter(
        submission__time_point=submission.time_point_id, level=Finding.Level.ERROR
    )
    judged = of_the_visit.exclude(submission__state__in=["rejected", "withdrawn"])
    blocking = [f.title for f in judged.filter(state__in=["open", "queried"])]
    text = f"Must be fixed: {'; '.join(blocking)}." if blocking else "No finding blocks."
    return GuardResult("IMG-004", not blocking, text)


def no_open_query(submission: Submission) -> GuardResult:
    """IMG-005: no blocking query is open on the time point (product TR9)."""
    waiting = list(
        submission.time_point.queries.filter(
            blocking=True, state__in=["open", "answered", "reopened"]
        )
    )
    text = (
        f"{', '.join(str(q) for q in waiting)} is open: the site must answer first."
        if waiting
        else "No query is open."
    )
    return GuardResult("IMG-005", not waiting, text)


def checklist_is_complete(review: QcReview) -> GuardResult:
    """IMG-006: the QC checklist was completed."""
    done = review.form_record.completed_at is not None
    text = "The checklist is complete." if done else "The checklist is not complete."
    return GuardResult("IMG-006", done, text)


def decision_is_consistent(review: QcReview) -> GuardResult:
    """IMG-007: a decision is made; a deviation has a cause, a failure a comment."""
    if not review.decision:
        return GuardResult("IMG-007", False, "Choose pass, pass with deviation, or fail.")
    if review.decision == "pass_with_deviation" and not review.deviation_cause:
        return GuardResult("IMG-007", False, "A deviation needs its cause.")
    if review.decision == "fail" and not review.comment.strip():
        return GuardResult("IMG-007", False, "A failure needs a comment for the site.")
    if review.decision != "fail":
        for check in (no_blocking_finding, no_open_query):
            result = check(review.submission)
            if not result.ok:
                return GuardResult("IMG-007", False, f"QC cannot pass. {result.text}")
    return GuardResult("IMG-007", True, "The decision is complete.")
