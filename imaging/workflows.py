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
            guards=(
                rules.every_file_is_stored,
                rules.transmittal_form_is_complete,
                rules.consent_holds,
            ),
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
        # The signature is on the move itself, which names both ends.
        step(
            "take_over",
            "draft",
            "received",
            "submission.move",
            "Take over from elsewhere",
            reason=True,
            guards=(rules.every_file_is_stored,),
        ),
        step(
            "move_away",
            ("received", "deidentified", "in_qc", "held", "released"),
            "withdrawn",
            "submission.move",
            "Move away",
            reason=True,
        ),
        step(
            "stop",
            ("draft", "uploading", "received", "deidentified", "in_qc", "held"),
            "withdrawn",
            SYSTEM,
            "Stop after withdrawal of consent",
            reason=True,
        ),
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
        step(
            "resolve",
            "open",
            "signed",
            "qc.resolve",
            "Sign resolution",
            signature=True,
            guards=(rules.decision_is_consistent,),
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

HOLD_DECISION = Workflow(
    "holddecision",
    "proposed",
    ("proposed", "effective", "refused", "superseded"),
    (
        step("take_effect", "proposed", "effective", "submission.hold", "Decide"),
        step("refuse", "proposed", "refused", "submission.hold", "Refuse decision", reason=True),
        step(
            "supersede",
            ("proposed", "effective"),
            "superseded",
            "submission.hold",
            "Supersede decision",
            reason=True,
        ),
    ),
)

ATTACHMENT = Workflow(
    "attachment",
    "held",
    ("held", "redacted", "released", "refused", "removed"),
    (
        step("remove", "held", "removed", "submission.upload", "Remove attachment"),
        step("redact", ("held", "redacted"), "redacted", "submission.hold", "Make redacted copy"),
        step(
            "release",
            "redacted",
            "released",
            "submission.hold",
            "Release attachment",
            signature=True,
        ),
        step(
            "refuse",
            ("held", "redacted"),
            "refused",
            "submission.hold",
            "Refuse attachment",
            reason=True,
        ),
        step(
            "take_back",
            ("released", "refused"),
            "held",
            "submission.hold",
            "Take attachment back",
            reason=True,
        ),
    ),
)

SITE_EXCEPTION = Workflow(
    "siteexception",
    "proposed",
    ("proposed", "approved", "ended", "declined"),
    (
        step(
            "approve",
            "proposed",
            "approved",
            "exception.approve",
            "Approve exception",
            signature=True,
        ),
        step(
            "decline",
            "proposed",
            "declined",
            "exception.approve",
            "Decline exception",
            reason=True,
        ),
        step("end", "approved", "ended", "exception.propose", "End exception", reason=True),
    ),
)

LATE_IMAGES = Workflow(
    "lateimages",
    "open",
    ("open", "decided", "carried_out"),
    (
        step(
            "decide",
            "open",
            "decided",
            "late.decide",
            "Decide on late images",
            signature=True,
            guards=(rules.late_decision_is_complete,),
        ),
        step(
            "carry_out",
            "decided",
            "carried_out",
            "late.carry_out",
            "Declare carried out",
            reason=True,
        ),
    ),
)

ARRIVAL = Workflow(
    "arrival",
    "open",
    ("open", "closed", "sorted"),
    (
        step("close", "open", "closed", SYSTEM, "Close arrival"),
        step("sort", "closed", "sorted", SYSTEM, "Sort arrival"),
    ),
)

ARRIVED_EXAMINATION = Workflow(
    "arrivedexamination",
    "unassigned",
    ("unassigned", "assigned", "delivered", "set_aside"),
    (
        step("assign", "unassigned", "assigned", "door.assign", "Assign to visit", reason=True),
        step("deliver", "assigned", "delivered", SYSTEM, "Put into the submission"),
        step("give_back", "assigned", "unassigned", SYSTEM, "Give back", reason=True),
        step("set_aside", "unassigned", "set_aside", "door.assign", "Set aside", reason=True),
        step("take_up", "set_aside", "unassigned", "door.assign", "Take up again", reason=True),
    ),
)

MOVE = Workflow(
    "move",
    "planned",
    ("planned", "carried_out", "cancelled"),
    (
        step(
            "carry_out",
            "planned",
            "carried_out",
            "submission.move",
            "Move images",
            reason=True,
            signature=True,
        ),
        step("cancel", "planned", "cancelled", "submission.move", "Give up the move"),
    ),
)

CONSENT_WITHDRAWAL = Workflow(
    "consentwithdrawal",
    "effective",
    ("effective", "corrected"),
    (
        step(
            "correct",
            "effective",
            "corrected",
            "consent.correct",
            "Correct the record",
            reason=True,
            signature=True,
        ),
    ),
)

PHANTOM_SCAN = Workflow(
    "phantomscan",
    "draft",
    ("draft", "received", "measured", "returned", "qualified", "failed", "withdrawn"),
    (
        step(
            "send",
            "draft",
            "received",
            "phantom.send",
            "Send phantom scan",
            guards=(rules.phantom_files_are_stored, rules.phantom_is_described),
        ),
        step("measure", "received", "measured", SYSTEM, "Measure phantom"),
        step("refuse", "received", "returned", SYSTEM, "Return to the site", reason=True),
        step(
            "qualify",
            "measured",
            "qualified",
            "phantom.decide",
            "Pass scanner",
            signature=True,
            guards=(rules.a_failed_figure_is_explained,),
        ),
        step(
            "fail",
            "measured",
            "failed",
            "phantom.decide",
            "Fail scanner",
            signature=True,
            guards=(rules.a_failure_is_explained,),
        ),
        step(
            "return_to_site",
            "measured",
            "returned",
            "phantom.decide",
            "Return to site",
            reason=True,
        ),
        step(
            "withdraw", ("draft", "received"), "withdrawn", "phantom.send", "Withdraw", reason=True
        ),
    ),
)
