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
