"""The proof of de-identification of a submission: one document, shown as page, PDF and JSON.

It is made of the report that was frozen with the de-identification, of the decisions on held files
and of the states of the attachments. Nothing in it comes from a header or a name of a file; a
reason that repeats identity of the upload is left out. Masks are given as rectangles.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from imaging.models import DeidReport, HoldDecision, Submission
from imaging.services.attachments import listed

FORMAT = "icro/de-identification-proof/1"
CLASSES = {
    "kept": "kept as they are",
    "removed": "removed",
    "emptied": "emptied",
    "dummy": "replaced by the trial's own value",
    "uid_replaced": "identifiers replaced",
    "date_shifted": "dates shifted",
    "text_cleaned": "texts cleaned",
    "private_kept": "private and known as safe, kept",
    "private_removed": "private, removed",
    "places_masked": "places in pictures, masked",
}
WITHHELD = "left out here: the words repeat identity"
REMOVED = ("removed", "emptied", "private_removed")
REPLACED = ("dummy", "uid_replaced", "date_shifted", "text_cleaned", "places_masked")


def newest(submission: Submission) -> DeidReport | None:
    """Return the report of the last time the submission was de-identified."""
    return DeidReport.objects.filter(study_id=submission.study_id, submission=submission).first()


def document(submission: Submission, report: DeidReport) -> dict[str, Any]:
    """Return the proof as one JSON document."""
    frozen = report.document
    effects = frozen["effects"]
    return {
        "format": FORMAT,
        "study": submission.study.code,
        "protocol": submission.study.protocol_number,
        "submission": str(submission),
        "subject": submission.subject.code,
        "time_point": submission.time_point.label,
        "site": submission.study_site.number,
        "manifest_sha256": submission.manifest_digest,
        "made_at": report.at.isoformat(),
        "profile": frozen["profile"] | {"configuration": str(submission.profile)},
        "engine": report.engine_version,
        "outcomes": frozen["outcomes"],
        "elements": {name: effects[name] for name in CLASSES if name in effects},
        "removed": sum(effects.get(name, 0) for name in REMOVED),
        "replaced": sum(effects.get(name, 0) for name in REPLACED),
        "kept": sum(effects.get(name, 0) for name in ("kept", "private_kept")),
        "verifier": _verifier(frozen),
        "set_aside": _set_aside(submission),
        "decisions": [decision_of(row, reason_of(row, report)) for row in decisions(submission)],
        "attachments": [_attachment(row) for row in listed(submission)],
        "files": frozen["files"],
    }


def decisions(submission: Submission) -> list[HoldDecision]:
    """Return every decision on held files, in order."""
    rows = submission.hold_decisions.select_related("decided_by", "second_by")
    return list(rows.order_by("decided_at"))


def _verifier(frozen: dict[str, Any]) -> dict[str, Any]:
    verified = frozen["verified"]
    return {
        "result": "passed",
        "files": verified["files"],
        "pixels_unchanged": verified["pixels_unchanged"],
        "pixels_masked": verified.get("pixels_masked", 0),
    }


def _set_aside(submission: Submission) -> list[dict[str, Any]]:
    rows = submission.files.filter(outcome__in=["held", "refused", "ignored"])
    counts = Counter(rows.values_list("outcome", "code", "reason"))
    return [
        {"outcome": outcome, "code": code, "reason": reason, "files": count}
        for (outcome, code, reason), count in sorted(counts.items())
    ]


def reason_of(row: HoldDecision, report: DeidReport) -> str:
    """Return why a person decided so, unless these words repeat identity of the upload."""
    withheld = str(row.pk) in report.document.get("withheld_reasons", ())
    return WITHHELD if withheld else row.reason


def decision_of(row: HoldDecision, reason: str) -> dict[str, Any]:
    """Return a decision on held files as the proof shows it."""
    return {
        "id": str(row.pk),
        "decision": row.verdict,
        "reach": row.reach,
        "holds": sorted(set(row.codes)),
        "files": row.files,
        "masks": row.masks,
        "boxes_found": len(row.proposed),
        "reason": reason,
        "by": row.decided_by.printed_name,
        "at": row.decided_at.isoformat(),
        "second_look_by": row.second_by.printed_name if row.second_by else "",
        "second_look_at": row.second_at.isoformat() if row.second_at else "",
        "engine": row.engine_version,
        "state": row.state,
    }


def _attachment(row: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "kind": row.kind,
        "state": row.state,
        "came_sha256": row.sha256,
        "copy_sha256": row.released_sha256,
        "pages": len(row.pages),
        "masks": len(row.masks),
        "risks": row.risks,
    }
