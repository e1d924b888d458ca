"""States and steps of the study as designed. Steps with the right ``SYSTEM`` are the platform's."""

from __future__ import annotations

from typing import Any

from audit.states import Guard, GuardResult, Workflow, step
from studies.validation import has_no_problems, is_in_twin

SYSTEM = "system"

STUDY = Workflow(
    "study",
    "startup",
    ("startup", "conduct", "locked", "closed"),
    (
        step("open", "startup", "conduct", "study.configure", "Open for images", reason=True),
        step("lock", "conduct", "locked", "cut.make", "Lock the database", signature=True),
        step("unlock", "locked", "conduct", "cut.make", "Unlock the database", reason=True),
        step("close", "locked", "closed", "study.configure", "Close the study", reason=True),
    ),
)

STUDY_SITE = Workflow(
    "studysite",
    "qualifying",
    ("qualifying", "active", "suspended", "closed"),
    (
        step("activate", ("qualifying", "suspended"), "active", "study.configure", "Activate site"),
        step("suspend", "active", "suspended", "study.configure", "Suspend site", reason=True),
        step(
            "close", ("active", "suspended"), "closed", "study.configure", "Close site", reason=True
        ),
    ),
)

#: what upper apps ask before a subject is enrolled (imaging's eligibility)
ENROLMENT_GUARDS: list[Guard] = []


def may_be_enrolled(subject: Any) -> GuardResult:
    """Guard: nothing that the study asks for before enrolment is open."""
    results = [guard(subject) for guard in ENROLMENT_GUARDS]
    refused = [result for result in results if not result.ok]
    return refused[0] if refused else GuardResult("SUB-006", True, "Enrolment is open.")


SUBJECT = Workflow(
    "subject",
    "screening",
    ("screening", "enrolled", "completed", "discontinued", "withdrawn", "screen_failed"),
    (
        step(
            "enrol",
            "screening",
            "enrolled",
            "subject.enrol",
            "Enrol subject",
            guards=(may_be_enrolled,),
        ),
        step(
            "fail_screening",
            "screening",
            "screen_failed",
            "subject.enrol",
            "Screen failure",
            reason=True,
        ),
        step("complete", "enrolled", "completed", "subject.enrol", "Subject completed"),
        step(
            "discontinue",
            "enrolled",
            "discontinued",
            "subject.enrol",
            "Subject discontinued",
            reason=True,
        ),
        step(
            "withdraw",
            ("screening", "enrolled", "completed", "discontinued"),
            "withdrawn",
            "subject.enrol",
            "Consent withdrawn",
            reason=True,
        ),
        # Only the documented correction of a withdrawal leads back.
        step(
            "restore_screening",
            "withdrawn",
            "screening",
            "consent.correct",
            "Withdrawal recorded in error",
            reason=True,
        ),
        step(
            "restore_enrolled",
            "withdrawn",
            "enrolled",
            "consent.correct",
            "Withdrawal recorded in error",
            reason=True,
        ),
    ),
)

#: what upper apps ask before a time point is ready to read (the dossier that the charter shows)
READY_GUARDS: list[Guard] = []


def may_be_ready(time_point: Any) -> GuardResult:
    """Guard: nothing that readers need besides images is missing (transition TR10)."""
    results = [guard(time_point) for guard in READY_GUARDS]
    refused = [result for result in results if not result.ok]
    return refused[0] if refused else GuardResult("TP-012", True, "Nothing else is missing.")


TIME_POINT = Workflow(
    "timepoint",
    "expected",
    (
        "expected",
        "received",
        "in_qc",
        "accepted",
        "ready",
        "reading",
        "read",
        "checked",
        "locked",
        "not_done",
    ),
    (
        step("receive", "expected", "received", "submission.upload", "Receive scans"),
        step("start_qc", "received", "in_qc", SYSTEM, "Start QC"),
        step("accept", "in_qc", "accepted", "qc.decide", "Accept in QC"),
        step(
            "ask_again",
            ("received", "in_qc"),
            "expected",
            "qc.decide",
            "Ask for scans again",
            reason=True,
        ),
        step("reset_qc", ("accepted", "ready"), "in_qc", "qc.reset", "Reset QC", reason=True),
        step(
            "images_moved",
            ("received", "in_qc", "accepted", "ready"),
            "expected",
            "submission.move",
            "Images moved elsewhere",
            reason=True,
        ),
        step(
            "make_ready",
            "accepted",
            "ready",
            SYSTEM,
            "Make ready to read",
            guards=(may_be_ready,),
        ),
        step("begin_reading", "ready", "reading", SYSTEM, "Begin reading"),
        step("finish_reading", "reading", "read", SYSTEM, "Finish reading"),
        step("check", "read", "checked", SYSTEM, "Check reads"),
        step("lock", "checked", "locked", SYSTEM, "Lock"),
        step(
            "reopen_reading",
            ("read", "checked", "locked"),
            "reading",
            SYSTEM,
            "Reopen reading",
            reason=True,
        ),
        step(
            "not_done",
            "expected",
            "not_done",
            "timepoint.not_done",
            "Declare not done",
            reason=True,
        ),
        step(
            "expect_again", "not_done", "expected", "timepoint.manage", "Expect again", reason=True
        ),
    ),
)

CONFIGURATION = Workflow(
    "configuration",
    "draft",
    ("draft", "in_review", "in_test", "approved", "effective", "superseded", "withdrawn"),
    (
        step(
            "send_to_review",
            "draft",
            "in_review",
            "configuration.edit",
            "Send to review",
            guards=(has_no_problems,),
        ),
        step(
            "send_to_test",
            "draft",
            "in_test",
            "configuration.edit",
            "Send to test",
            guards=(has_no_problems,),
        ),
        step(
            "return_to_draft",
            ("in_review", "in_test"),
            "draft",
            "configuration.edit",
            "Return to draft",
            reason=True,
        ),
        step(
            "approve",
            ("in_review", "in_test"),
            "approved",
            "configuration.sign",
            "Approve",
            signature=True,
        ),
        step("make_effective", "approved", "effective", "configuration.sign", "Make effective"),
        # A UAT twin tries what its study has written; nobody signs for it there.
        step(
            "take_over",
            "draft",
            "effective",
            SYSTEM,
            "Take over into the twin",
            reason=True,
            guards=(has_no_problems, is_in_twin),
        ),
        step(
            "supersede", "effective", "superseded", "configuration.sign", "Supersede", reason=True
        ),
        step(
            "withdraw",
            ("draft", "in_review", "in_test", "approved"),
            "withdrawn",
            "configuration.edit",
            "Withdraw",
            reason=True,
        ),
    ),
)

PROTOCOL_VERSION = Workflow(
    "protocolversion",
    "draft",
    ("draft", "in_review", "approved", "effective", "superseded", "withdrawn"),
    (
        step("send_to_review", "draft", "in_review", "study.configure", "Send to review"),
        step("approve", "in_review", "approved", "study.configure", "Approve", reason=True),
        step("make_effective", "approved", "effective", "study.configure", "Make effective"),
        step("supersede", "effective", "superseded", "study.configure", "Supersede", reason=True),
        step(
            "withdraw",
            ("draft", "in_review"),
            "withdrawn",
            "study.configure",
            "Withdraw",
            reason=True,
        ),
    ),
)
