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
        step("roll_back", "signed", "assigned", SYSTEM, "Read again", reason=True),
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

VARIABILITY_PLAN = Workflow(
    "variabilityplan",
    "planned",
    ("planned", "drawn", "closed", "cancelled"),
    (
        step("draw", "planned", "drawn", "variability.manage", "Draw the sample"),
        step("close", "drawn", "closed", "variability.manage", "Close the study", reason=True),
        step(
            "cancel",
            ("planned", "drawn"),
            "cancelled",
            "variability.manage",
            "Cancel the study",
            reason=True,
        ),
    ),
)

READING_IMPORT = Workflow(
    "readingimport",
    "draft",
    ("draft", "imported", "discarded"),
    (
        step(
            "take_over", "draft", "imported", "readings.import", "Import readings", signature=True
        ),
        step("discard", "draft", "discarded", "readings.import", "Discard the file", reason=True),
    ),
)

READER_QUESTION = Workflow(
    "readerquestion",
    "asked",
    ("asked", "relayed", "held", "answered", "withdrawn"),
    (
        step("relay", "asked", "relayed", "question.handle", "Ask the site"),
        step("hold", ("asked", "relayed"), "held", "question.handle", "Hold the answer"),
        step("rewrite", "held", "asked", "question.handle", "Write the answer again", reason=True),
        step(
            "send_back",
            "held",
            "asked",
            "question.release",
            "Send the answer back to its writer",
            reason=True,
        ),
        step("answer", ("asked", "relayed"), "answered", "question.handle", "Answer the reader"),
        step("release", "held", "answered", "question.release", "Release the answer", reason=True),
        step(
            "withdraw",
            ("asked", "relayed", "held"),
            "withdrawn",
            "read.perform",
            "Withdraw the question",
            reason=True,
        ),
    ),
)

PRELIMINARY_ANALYSIS = Workflow(
    "preliminaryanalysis",
    "draft",
    ("draft", "finished", "discarded"),
    (
        step("finish", "draft", "finished", "preliminary.write", "Finish measurements"),
        step(
            "discard",
            ("draft", "finished"),
            "discarded",
            "preliminary.write",
            "Discard measurements",
            reason=True,
        ),
    ),
)

TRAINING_CASE = Workflow(
    "trainingcase",
    "draft",
    ("draft", "approved", "withdrawn"),
    (
        step(
            "approve", "draft", "approved", "training.key", "Approve the answer key", signature=True
        ),
        step(
            "withdraw",
            ("draft", "approved"),
            "withdrawn",
            "training.key",
            "Withdraw the case",
            reason=True,
        ),
    ),
)

TRAINING_ATTEMPT = Workflow(
    "trainingattempt",
    "open",
    ("open", "scored", "ended"),
    (
        step("score", "open", "scored", SYSTEM, "Score the attempt"),
        step("end", "open", "ended", SYSTEM, "End the attempt unscored", reason=True),
    ),
)

READER_COMMITMENT = Workflow(
    "readercommitment",
    "open",
    ("open", "signed", "replaced"),
    (
        step(
            "sign",
            "open",
            "signed",
            "read.perform",
            "Sign responsibilities and turnaround",
            signature=True,
        ),
        step("replace", "open", "replaced", SYSTEM, "Replace the text", reason=True),
    ),
)

REMEDIATION = Workflow(
    "remediation",
    "open",
    ("open", "completed", "cancelled"),
    (
        step("complete", "open", "completed", "reader.manage", "Complete the plan", reason=True),
        step("cancel", "open", "cancelled", "reader.manage", "Cancel the plan", reason=True),
    ),
)

ESCALATION = Workflow(
    "readerescalation",
    "open",
    ("open", "owned", "closed"),
    (
        step("take", "open", "owned", "reader.manage", "Take the escalation"),
        step("hand_over", "owned", "owned", "reader.manage", "Hand it over", reason=True),
        step("close", ("open", "owned"), "closed", "reader.manage", "Close it", reason=True),
    ),
)

MEETING = Workflow(
    "readermeeting",
    "planned",
    ("planned", "held", "cancelled"),
    (
        step("hold", "planned", "held", "reader.manage", "Keep it as held"),
        step("cancel", ("planned", "held"), "cancelled", "reader.manage", "Cancel it", reason=True),
    ),
)

FEE_STATEMENT = Workflow(
    "feestatement",
    "draft",
    ("draft", "approved", "withdrawn"),
    (
        step(
            "approve", "draft", "approved", "fee.approve", "Approve the statement", signature=True
        ),
        step(
            "withdraw",
            "draft",
            "withdrawn",
            "reader.manage",
            "Withdraw the statement",
            reason=True,
        ),
    ),
)

TRUTH = Workflow(
    "truthrecord",
    "open",
    ("open", "signed", "voided"),
    (
        step("sign", "open", "signed", "truth.record", "Sign standard of truth", signature=True),
        step("void", ("open", "signed"), "voided", "truth.record", "Void", reason=True),
    ),
)

CHECK_FINDING = Workflow(
    "checkfinding",
    "open",
    ("open", "disposed", "gone"),
    (
        step("dispose", "open", "disposed", "check.dispose", "Decide on the finding", reason=True),
        step("pass_by", "open", "gone", SYSTEM, "Fires no more", reason=True),
    ),
)

TRAINING_REMINDER = Workflow(
    "trainingreminder",
    "draft",
    ("draft", "issued", "acknowledged", "withdrawn"),
    (
        step("issue", "draft", "issued", "reminder.issue", "Issue the reminder"),
        step(
            "acknowledge",
            "issued",
            "acknowledged",
            "reminder.acknowledge",
            "Acknowledge the reminder",
            signature=True,
        ),
        step(
            "withdraw",
            ("draft", "issued"),
            "withdrawn",
            "reminder.issue",
            "Withdraw the reminder",
            reason=True,
        ),
    ),
)

_WAITING = ("requested", "science_approved", "project_approved")
_TWO_SIGNATURES = (
    step(
        "approve_science",
        "requested",
        "science_approved",
        "rollback.approve_science",
        "Approve for science",
        signature=True,
    ),
    step(
        "approve_project",
        "requested",
        "project_approved",
        "rollback.approve_project",
        "Approve for project management",
        signature=True,
    ),
    step(
        "complete_science",
        "project_approved",
        "approved",
        "rollback.approve_science",
        "Approve for science",
        signature=True,
    ),
    step(
        "complete_project",
        "science_approved",
        "approved",
        "rollback.approve_project",
        "Approve for project management",
        signature=True,
    ),
    # What was approved elsewhere: a decision on late images, a recall.
    step(
        "decided_before",
        "requested",
        "science_approved",
        SYSTEM,
        "Science has signed before",
        reason=True,
    ),
    step("recalled", "requested", "approved", SYSTEM, "Approved with the recall", reason=True),
    step("carry_out", "approved", "carried_out", SYSTEM, "Carry out"),
    step("refuse", _WAITING, "refused", "rollback.refuse", "Refuse", reason=True),
    step("withdraw", _WAITING, "withdrawn", "rollback.request", "Withdraw", reason=True),
    step(
        "acknowledge",
        "carried_out",
        "acknowledged",
        "rollback.acknowledge",
        "Acknowledge",
        signature=True,
    ),
)
_TWO_SIGNATURES_STATES = (
    "requested",
    "science_approved",
    "project_approved",
    "approved",
    "carried_out",
    "acknowledged",
    "refused",
    "withdrawn",
)

ROLL_BACK = Workflow("rollback", "requested", _TWO_SIGNATURES_STATES, _TWO_SIGNATURES)
RECALL = Workflow("recall", "requested", _TWO_SIGNATURES_STATES, _TWO_SIGNATURES)

RETRAINING = Workflow(
    "retraining",
    "open",
    ("open", "closed"),
    (step("close", "open", "closed", "retraining.order", "Close the retraining", reason=True),),
)

RETRAINING_PLACE = Workflow(
    "retrainingplace",
    "held",
    ("held", "released"),
    (step("release", "held", "released", "retraining.order", "Let the reader read", reason=True),),
)

DOSSIER_CHANGE = Workflow(
    "dossierchange",
    "open",
    ("open", "decided", "carried_out", "overtaken"),
    (
        step(
            "decide",
            "open",
            "decided",
            "dossier.decide",
            "Decide on the revised dossier",
            signature=True,
        ),
        step(
            "carry_out",
            "decided",
            "carried_out",
            "dossier.decide",
            "Declare carried out",
            reason=True,
        ),
        step("overtake", "open", "overtaken", SYSTEM, "Overtaken by a newer version", reason=True),
    ),
)

CONFIRMATION = Workflow(
    "confirmationrequest",
    "asked",
    ("asked", "answered", "withdrawn"),
    (
        step("answer", "asked", "answered", SYSTEM, "Answer the site"),
        step(
            "withdraw", "asked", "withdrawn", "confirmation.ask", "Withdraw question", reason=True
        ),
    ),
)
