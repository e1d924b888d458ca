"""What makes a whole submission wait for a person: doubt about whose images these are."""

from __future__ import annotations

from collections import Counter, defaultdict

from imaging.models import ImagingStudy, Submission
from imaging.pipeline.deidentify import DeidPlan
from imaging.pipeline.reasons import sentence
from imaging.services.intake import Intake

# Found after cleaning: the file is not released, and neither is the rest before a person looked.
AFTER_CLEANING = frozenset(
    {
        "identity_left",
        "pixels_changed",
        "uid_map_broken",
        "dates_inconsistent",
        "acquisition_changed",
        "not_readable_after",
    }
)
# Found over the whole upload: whose images these are is in doubt.
SUBMISSION_CODES = frozenset({"two_subjects", "same_uid_other_content", "other_subjects_study"})


def reason_to_hold(submission: Submission, intake: Intake, plan: DeidPlan) -> tuple[str, str]:
    """Return code and sentence of the first doubt that no person has lifted, or empty texts."""
    for code, text in _doubts(submission, intake, plan):
        if code not in submission.lifted_holds:
            return code, text
    return "", ""


def _doubts(submission: Submission, intake: Intake, plan: DeidPlan) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    patients = {item.verified.sealed.patient_hash for item in intake.examined}
    if len(patients) > 1:
        found.append(("two_subjects", sentence("two_subjects")))
    if _shared_identifiers(intake):
        found.append(("same_uid_other_content", sentence("same_uid_other_content")))
    uids = {plan.new_uid(item.verified.identity.study_uid) for item in intake.examined}
    elsewhere = (
        ImagingStudy.objects.in_study(submission.study_id)
        .filter(uid__in=uids)
        .exclude(subject_id=submission.subject_id)
    )
    if elsewhere.exists():
        found.append(
            (
                "other_subjects_study",
                "This examination was received before for another subject. A person must look.",
            )
        )
    return found


def _shared_identifiers(intake: Intake) -> list[str]:
    contents: dict[str, set[str]] = defaultdict(set)
    for item in intake.examined:
        contents[item.verified.identity.sop_uid].add(item.row.sha256)
    return [uid for uid, digests in contents.items() if len(digests) > 1]


def after_cleaning(submission: Submission) -> str:
    """Return why a cleaned submission must wait, or nothing."""
    held = Counter(submission.files.filter(outcome="held").values_list("code", flat=True))
    for code in sorted(AFTER_CLEANING & set(held)):
        return f"{sentence(code)} ({held[code]} of {submission.file_count} files)"
    if submission.file_count and not submission.files.filter(outcome="cleaned").exists():
        return "No file could be cleaned. A person must look."
    return ""
