"""What makes a submission wait for a person: doubt about whose images these are, held files.

A visit is judged as a whole, so the files of one submission go on together: while one of them is
held, none is shown to quality control. Files that are refused or no images hold nothing up.
"""

from __future__ import annotations

from collections import Counter

from imaging.models import Submission
from imaging.pipeline.reasons import sentence
from imaging.services import identity

# Found after cleaning: the file is not released, and neither is the rest before a person looked.
AFTER_CLEANING = frozenset(
    {
        "mask_not_applied",
        "identity_left",
        "pixels_changed",
        "uid_map_broken",
        "dates_inconsistent",
        "acquisition_changed",
        "not_readable_after",
    }
)
# A person who saw the picture answers all of these at once.
ANSWERED_BY_LOOKING = frozenset(
    {
        "always_looked_at",
        "screen_capture",
        "declared_burned_in",
        "text_in_pixels",
        "overlay_in_pixel_bits",
    }
)
LEFT_OUT = "left_out_by_person"
# Found over the whole upload: whose images these are is in doubt.
SUBMISSION_CODES = identity.CODES


def after_cleaning(submission: Submission) -> str:
    """Return why a cleaned submission must wait, or nothing."""
    held = Counter(submission.files.filter(outcome="held").values_list("code", flat=True))
    for code in sorted(AFTER_CLEANING & set(held)):
        return f"{sentence(code)} ({held[code]} of {submission.file_count} files)"
    if held:
        return waiting_in_words(held.total())
    if submission.file_count and not submission.files.filter(outcome="cleaned").exists():
        return "No file could be cleaned. A person must look."
    return ""


def liftable(submission: Submission) -> list[str]:
    """Return the reason codes that a person may lift for the whole submission.

    A doubt about whose images these are, and files that nobody can look at. What a picture answers
    is decided picture by picture; what the verifier found is never lifted.
    """
    if submission.state != "held":
        return []
    codes = set(submission.files.filter(outcome="held").values_list("code", flat=True))
    if not codes:
        return identity.open_codes(submission)
    return sorted(codes - ANSWERED_BY_LOOKING - AFTER_CLEANING)


def waiting_in_words(count: int) -> str:
    """Return how many files wait for a person, in words."""
    if count == 1:
        return "One file may show identity and waits for a decision."
    return f"{count:,} files may show identity and wait for a decision."
