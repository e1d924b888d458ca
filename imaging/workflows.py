"""States from upload to release. A machine never releases: one QC signature does."""

from __future__ import annotations

from audit.states import Workflow, step
from imaging import rules
from studies.workflows import SYSTEM

SUBMISSION = Workflow(
    "submission",
    "draft",
    (
        "draft",
        "uploading",
        "received",
        "deidentified",
        "in_qc",
        "released",
        "held",
        "rejected",
        "withdrawn",
    ),
    (
        step("begin_upload", "draft", "uploading", "submission.upload", "Begin upload"),
        step(
            "receive",
            "uploading",
            "received",
            "submission.upload",
            "Send",
            signature=True,
            guards=(rules.every_file_is_stored, rules.transmittal_form_is_complete),
        ),
        step("deidentify", "received", "deidentified", SYSTEM, "De-identify"),
        step("start_qc", "deidentified", "in_qc", SYSTEM, "Start QC"),
        step(
            "release",
            "in_qc",
            "released",
            "qc.decide",
            "Release",
            guards=(
                rules.qc_is_signed_and_passed,
                rules.no_blocking_finding,
                rules.no_open_query,
            ),
        ),
        step("hold", ("received", "deidentified", "in_qc"), "held", SYSTEM, "Hold", reason=True),
        step("resume", "held", "received", "submission.hold", "Resume", reason=True),
        step("reject", ("in_qc", "held"), "rejected", "submission.reject", "Reject", reason=True),
        step(
            "withdraw",
            ("draft", "uploading", "received", "deidentified", "in_qc", "held"),
            "withdrawn",
            "submission.withdraw",
            "Withdraw",
            reason=True,
        ),
        step("reset_qc", "released", "in_qc", "qc.reset", "Reset QC", reason=True),
    ),
)

QC_REVIEW = Workflow(
    "qcreview",
    "open",
    ("open", "signed", "voided"),
    (
        step(
            "sign",
            "open",
            "signed",
            "qc.decide",
            "Sign QC decision",
            signature=True,
            guards=(rules.checklist_is_complete, rules.decision_is_consistent),
        ),
        step("reset", ("open", "signed"), "voided", "qc.reset", "Reset QC", reason=True),
    ),
)

FINDING = Workflow(
    "finding",
    "open",
    ("open", "queried", "explained", "resolved"),
    (
        step("ask", "open", "queried", "query.raise", "Ask the site"),
        step(
            "explain", ("open", "queried"), "explained", "qc.decide", "Explain finding", reason=True
        ),
        step("take_back", "queried", "open", SYSTEM, "Take the question back", reason=True),
        step("resolve", ("open", "queried", "explained"), "resolved", SYSTEM, "Resolve finding"),
        step(
            "reopen", ("explained", "resolved"), "open", "qc.reset", "Reopen finding", reason=True
        ),
    ),
)

PACKAGE = Workflow(
    "package",
    "built",
    ("built", "released", "superseded"),
    (
        step("release", "built", "released", "qc.decide", "Release read package"),
        step(
            "supersede",
            ("built", "released"),
            "superseded",
            SYSTEM,
            "Supersede read package",
            reason=True,
        ),
    ),
)
