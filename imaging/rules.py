"""Rules from upload to release, each with its id; guards answer in words."""

from __future__ import annotations

from typing import Any

from audit.states import GuardResult
from imaging.models import (
    ConsentWithdrawal,
    Finding,
    LateImages,
    PhantomScan,
    QcDraw,
    QcReview,
    ReceivedFile,
    Submission,
)
from imaging.storage import ArrivalStore


def _arrived(number: int) -> str:
    return "The file arrived whole." if number == 1 else f"All {number:,} files arrived whole."


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
        else _arrived(submission.file_count)
    )
    return GuardResult("IMG-001", missing == 0, text)


def transmittal_form_is_complete(submission: Submission) -> GuardResult:
    """IMG-002: the transmittal form was completed (no error is left in it)."""
    done = submission.form_record.completed_at is not None
    text = "The transmittal form is complete." if done else "The transmittal form is not complete."
    return GuardResult("IMG-002", done, text)


def consent_holds(submission: Submission) -> GuardResult:
    """CON-001: nothing is received for a subject whose consent was withdrawn."""
    withdrawn = ConsentWithdrawal.objects.in_study(submission.study_id).filter(
        subject=submission.subject_id, state="effective"
    )
    text = (
        "Consent was withdrawn: no images may be sent for this subject."
        if withdrawn.exists()
        else "Consent was not withdrawn."
    )
    return GuardResult("CON-001", not withdrawn.exists(), text)


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
    if review.level == QcReview.Rank.FIRST and QcDraw.objects.filter(review=review, drawn=True):
        return GuardResult("IMG-003", False, "QC waits for its second level.")
    if review.level == QcReview.Rank.SECOND and _differs_from_first(review):
        return GuardResult("IMG-003", False, "Two QC decisions differ; science settles it.")
    ok = review.decision in {"pass", "pass_with_deviation"}
    text = (
        f"QC passed, signed by {review.reviewer}."
        if ok
        else f"QC failed, signed by {review.reviewer}."
    )
    return GuardResult("IMG-003", ok, text)


def _differs_from_first(review: QcReview) -> bool:
    first = QcReview.objects.in_study(review.study_id).filter(
        submission=review.submission_id, level=QcReview.Rank.FIRST, state="signed"
    )
    return not first.filter(decision=review.decision).exists()


def no_blocking_finding(submission: Submission) -> GuardResult:
    """IMG-004: no finding of the visit that must be fixed is open."""
    of_the_visit = Finding.objects.in_study(submission.study_id).filter(
        submission__time_point=submission.time_point_id, level=Finding.Level.ERROR
    )
    judged = of_the_visit.exclude(submission__state__in=["rejected", "withdrawn"])
    blocking = [f.title for f in judged.filter(state__in=["open", "queried"]) if f.blocks]
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
    if review.form_record is None:
        return GuardResult("IMG-006", True, "A resolution has no checklist of its own.")
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
    if review.level == QcReview.Rank.RESOLUTION and not review.comment.strip():
        return GuardResult("IMG-007", False, "A resolution needs its reason.")
    if review.decision != "fail":
        for result in _passing(review):
            if not result.ok:
                return GuardResult("IMG-007", False, f"QC cannot pass. {result.text}")
    return GuardResult("IMG-007", True, "The decision is complete.")


def _passing(review: QcReview) -> list[GuardResult]:
    """Return what must hold for a pass at a level.

    The second level counts only what that person accepted and learns nothing of queries; a
    resolution explains what the two left open.
    """
    if review.level == QcReview.Rank.SECOND:
        return [_accepted_by_oneself(review)]
    checks = [no_open_query(review.submission)]
    if review.level == QcReview.Rank.FIRST:
        checks.insert(0, no_blocking_finding(review.submission))
    return checks


def _accepted_by_oneself(review: QcReview) -> GuardResult:
    rows = Finding.objects.in_study(review.study_id).filter(
        submission__time_point=review.time_point_id, level=Finding.Level.ERROR, suppressed_by=""
    )
    judged = rows.exclude(submission__state__in=["rejected", "withdrawn"])
    left = [
        finding.title
        for finding in judged.exclude(state="resolved")
        if str(finding.pk) not in review.dispositions
    ]
    text = f"Must be judged: {'; '.join(left)}." if left else "Every finding is judged."
    return GuardResult("IMG-004", not left, text)


def late_decision_is_complete(late: LateImages) -> GuardResult:
    """IMG-008: what late images change is chosen, with the reason."""
    done = bool(late.decision) and bool(late.reason.strip())
    text = "The decision is complete." if done else "Choose what the late images change, and why."
    return GuardResult("IMG-008", done, text)


def phantom_files_are_stored(scan: PhantomScan) -> GuardResult:
    """PHM-001: a phantom scan is sent when every announced file has arrived."""
    arrivals = ArrivalStore(scan.pk)
    missing = sum(not arrivals.exists(entry["sha256"]) for entry in scan.files)
    if not scan.files:
        return GuardResult("PHM-001", False, "No files were added yet.")
    if missing:
        return GuardResult("PHM-001", False, f"{missing} files have not arrived yet.")
    return GuardResult("PHM-001", True, _arrived(len(scan.files)))


def phantom_is_described(scan: PhantomScan) -> GuardResult:
    """PHM-002: the scan has its date, and a phantom with activity its concentrations."""
    if scan.scan_date is None:
        return GuardResult("PHM-002", False, "The date of the scan is missing.")
    programmes = {row["key"]: row for row in scan.plan.document["programmes"]}
    filled = programmes.get(scan.programme, {}).get("phantom") == "nema_body"
    if filled and not (scan.background_kbq_ml and scan.sphere_kbq_ml):
        return GuardResult("PHM-002", False, "The activity in background and spheres is missing.")
    return GuardResult("PHM-002", True, "The scan is described.")


def _outside(scan: PhantomScan) -> list[str]:
    return [figure["label"] for figure in scan.figures if figure["passed"] is False]


def phantom_doubts(scan: PhantomScan) -> list[str]:
    """Return in words what in the headers contradicts the scanner and the day that the site named.

    Serial numbers are compared by their end, which is all that is kept of them.
    """
    header, scanner = scan.header, scan.scanner
    doubts = []
    came = " ".join(part for part in (header.get("manufacturer"), header.get("model")) if part)
    if came and came.casefold() != str(scanner).casefold():
        doubts.append(f"The images come from {came}, not from {scanner}.")
    serial = header.get("serial", "")
    if serial and serial != f"ends {scanner.serial_number[-4:]}":
        doubts.append(f"The serial number in the images {serial}, another than the scanner's.")
    day = header.get("scan_date", "")
    if day and scan.scan_date and day != f"{scan.scan_date:%Y%m%d}":
        doubts.append("The images were made on another day than the site stated.")
    return doubts


def a_failed_figure_is_explained(scan: PhantomScan) -> GuardResult:
    """PHM-003: a scanner passes with a figure outside its limits, or with images in doubt, only
    with a comment why."""
    outside = _outside(scan)
    explained = bool(scan.decision_comment.strip())
    if outside and not explained:
        text = f"Outside its limits: {', '.join(outside)}. Say why the scanner still passes."
        return GuardResult("PHM-003", False, text)
    doubts = phantom_doubts(scan)
    if doubts and not explained:
        return GuardResult("PHM-003", False, f"{' '.join(doubts)} Say why the scanner passes.")
    return GuardResult("PHM-003", True, "Every figure is inside its limits or explained.")


def a_failure_is_explained(scan: PhantomScan) -> GuardResult:
    """PHM-004: a failure tells the site why, in a comment."""
    if not scan.decision_comment.strip():
        return GuardResult("PHM-004", False, "A failure needs a comment for the site.")
    return GuardResult("PHM-004", True, "The failure is explained.")
