"""The report of a de-identification: what is frozen with it, as the proof shows it later."""

from __future__ import annotations

from collections import Counter
from typing import Any

from imaging.models import Instance, Submission
from imaging.pipeline.deidentify import DeidPlan
from imaging.pipeline.verifier import TokenSearch


def report_document(submission: Submission, plan: DeidPlan) -> dict[str, Any]:
    """Return the proof of de-identification: profile, counts, digests before and after.

    Nothing in it comes from a header; what people wrote as reasons stands with their decisions.
    """
    effects: Counter[str] = Counter()
    files = []
    seen = _seen_before(submission)
    rows = Instance.objects.filter(series__submission=submission).order_by("id")
    columns = ("series__uid", "source_sha256", "sha256", "pixel_sha256", "effects")
    for uid, before, after, pixels, counted in rows.values_list(*columns):
        effects.update(counted)
        masked = counted.get("places_masked", 0)
        files.append(
            {
                "series": uid,
                "before": before,
                "after": after,
                "pixels_before": seen.get(before, "") if masked else pixels,
                "pixels": pixels,
                "masked": masked,
            }
        )
    outcomes = Counter(submission.files.values_list("outcome", flat=True))
    with_pixels = [f for f in files if f["pixels"]]
    masked_files = [f for f in with_pixels if f["masked"]]
    return {
        "profile": {
            "name": plan.profile.name,
            "version": plan.profile.version,
            "digest": plan.profile.digest,
            "methods": [{"code": code, "meaning": text} for code, text in plan.profile.methods],
        },
        "outcomes": dict(outcomes),
        "effects": dict(effects),
        "withheld_reasons": _telling_reasons(submission, plan),
        "verified": {
            "files": len(files),
            "pixels_unchanged": len(with_pixels) - len(masked_files),
            "pixels_masked": len(masked_files),
        },
        "files": files,
    }


def _telling_reasons(submission: Submission, plan: DeidPlan) -> list[str]:
    """Return the decisions whose reason repeats identity of the upload: the proof leaves it out.

    Only while the files are worked on is it known what identifies.
    """
    search = TokenSearch(plan.safe_tokens)
    return [
        str(row.pk)
        for row in submission.hold_decisions.all()
        if search.in_text(row.reason) or search.in_text(row.second_reason)
    ]


def _seen_before(submission: Submission) -> dict[str, str]:
    """Return the pixel digest of every file as it came that a person was shown."""
    shown = submission.files.exclude(screening=None)
    return dict(shown.values_list("sha256", "screening__pixel_sha256"))
