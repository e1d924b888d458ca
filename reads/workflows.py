"""States of reads and adjudication."""

from __future__ import annotations

from audit.states import Workflow, step
from studies.workflows import SYSTEM

READ_TASK = Workflow(
    "readtask",
    "planned",
    (
        "planned",
        "assigned",
        "accepted",
        "in_progress",
        "signed",
        "on_hold",
        "declined",
        "reassigned",
        "cancelled",
    ),
    (
        step("assign", "planned", "assigned", "read.manage", "Assign read"),
        step("accept", "assigned", "accepted", "read.perform", "Accept read"),
        step("start", ("assigned", "accepted"), "in_progress", "read.perform", "Start read"),
        step("sign", "in_progress", "signed", "read.perform", "Sign read"),
        step(
            "hold",
            ("assigned", "accepted", "in_progress"),
            "on_hold",
            "read.manage",
            "Put on hold",
            reason=True,
        ),
        step("resume", "on_hold", "assigned", "read.manage", "Resume read", reason=True),
        step(
            "decline",
            ("assigned", "accepted", "in_progress"),
            "declined",
            "read.perform",
            "Decline read",
            reason=True,
        ),
        step(
            "reassign",
            ("planned", "assigned", "accepted", "in_progress", "on_hold"),
            "reassigned",
            "read.manage",
            "Reassign read",
            reason=True,
        ),
        step(
            "cancel",
            ("planned", "assigned", "accepted", "in_progress", "on_hold"),
            "cancelled",
            "read.manage",
            "Cancel read",
            reason=True,
        ),
    ),
)

READ_SESSION = Workflow(
    "readsession",
    "open",
    ("open", "signed", "final", "voided"),
    (
        step("sign", "open", "signed", "read.perform", "Sign time point", signature=True),
        step("finalise", "signed", "final", SYSTEM, "Make final"),
        step("void", ("open", "signed", "final"), "voided", SYSTEM, "Void", reason=True),
    ),
)

ADJUDICATION = Workflow(
    "adjudicationcase",
    "pending",
    ("pending", "claimed", "signed", "voided"),
    (
        step("claim", "pending", "claimed", "adjudication.perform", "Take the case"),
        step(
            "give_back",
            "claimed",
            "pending",
            "adjudication.perform",
            "Give the case back",
            reason=True,
        ),
        step(
            "sign", "claimed", "signed", "adjudication.perform", "Sign adjudication", signature=True
        ),
        step("void", ("pending", "claimed", "signed"), "voided", SYSTEM, "Void", reason=True),
    ),
)

READER = Workflow(
    "reader",
    "active",
    ("active", "suspended", "released"),
    (
        step("suspend", "active", "suspended", "reader.manage", "Suspend reader", reason=True),
        step("resume", "suspended", "active", "reader.manage", "Let the reader go on", reason=True),
        step(
            "release",
            ("active", "suspended"),
            "released",
            "reader.manage",
            "Release reader",
            reason=True,
        ),
    ),
)

READER_CONTRACT = Workflow(
    "readercontract",
    "draft",
    ("draft", "sent", "signed", "ended"),
    (
        step("send", "draft", "sent", "reader.manage", "Send contract"),
        step("recall", "sent", "draft", "reader.manage", "Take the contract back", reason=True),
        step("sign", "sent", "signed", "reader.manage", "Record the signed contract"),
        step(
            "end",
            ("draft", "sent", "signed"),
            "ended",
            "reader.manage",
            "End contract",
            reason=True,
        ),
    ),
)

ONBOARDING = Workflow(
    "onboarding",
    "cv",
    (
        "cv",
        "contract",
        "access",
        "workstation",
        "training",
        "test_cases",
        "qualified",
        "stopped",
    ),
    (
        step("accept_cv", "cv", "contract", "reader.manage", "Accept the CV"),
        step("contract_signed", "contract", "access", "reader.manage", "Contract is signed"),
        step("access_given", "access", "workstation", "reader.manage", "Access is given"),
        step(
            "workstation_checked",
            "workstation",
            "training",
            "reader.manage",
            "Workstation is checked",
        ),
        step("trained", "training", "test_cases", "reader.manage", "Training is done"),
        step("qualify", "test_cases", "qualified", "reader.manage", "Qualify reader"),
        step(
            "retrain",
            ("test_cases", "qualified"),
            "training",
            "reader.manage",
            "Train again",
            reason=True,
        ),
        step(
            "stop",
            (
                "cv",
                "contract",
                "access",
                "workstation",
                "training",
                "test_cases",
                "qualified",
            ),
            "stopped",
            "reader.manage",
            "Stop onboarding",
            reason=True,
        ),
    ),
)
