"""States of clinical dossiers: from the request to what readers see, and back with a reason."""

from __future__ import annotations

from audit.states import Workflow, step
from clinical import rules
from studies.workflows import SYSTEM

DOSSIER = Workflow(
    "dossier",
    "requested",
    ("requested", "received", "reconciled", "approved", "applied", "superseded", "cancelled"),
    (
        step(
            "receive",
            "requested",
            "received",
            "dossier.enter",
            "Declare received",
            guards=(rules.every_required_item_is_there,),
        ),
        step(
            "reconcile",
            "received",
            "reconciled",
            "dossier.reconcile",
            "Declare reconciled",
            guards=(
                rules.every_required_item_is_there,
                rules.items_agree_with_the_definition,
                rules.texts_tell_nothing,
                rules.documents_are_released,
                rules.no_query_holds_it_up,
            ),
        ),
        step(
            "approve",
            "reconciled",
            "approved",
            "dossier.approve",
            "Approve dossier",
            signature=True,
            guards=(
                rules.items_agree_with_the_definition,
                rules.texts_tell_nothing,
                rules.documents_are_released,
                rules.no_query_holds_it_up,
            ),
        ),
        step(
            "apply",
            "approved",
            "applied",
            "dossier.apply",
            "Apply to the time point",
            guards=(rules.documents_are_released, rules.no_query_holds_it_up),
        ),
        step(
            "refuse",
            ("received", "reconciled", "approved"),
            "requested",
            "dossier.refuse",
            "Send back",
            reason=True,
        ),
        step("supersede", "applied", "superseded", SYSTEM, "Supersede dossier", reason=True),
        step(
            "cancel",
            ("requested", "received", "reconciled"),
            "cancelled",
            "dossier.request",
            "Cancel request",
            reason=True,
        ),
    ),
)

RECONCILIATION = Workflow(
    "reconciliation",
    "draft",
    ("draft", "compared", "closed", "discarded"),
    (
        step("compare", "draft", "compared", "reconciliation.manage", "List differences"),
        step("discard", "draft", "discarded", "reconciliation.manage", "Discard file", reason=True),
        step(
            "close",
            "compared",
            "closed",
            "reconciliation.manage",
            "Close reconciliation",
            guards=(rules.every_difference_is_settled,),
        ),
        step("supersede", "compared", "closed", SYSTEM, "End by a newer one", reason=True),
        step("reopen", "closed", "compared", "reconciliation.manage", "Open again", reason=True),
    ),
)

DISCREPANCY = Workflow(
    "discrepancy",
    "open",
    ("open", "asked", "settled"),
    (
        step("ask", "open", "asked", "reconciliation.manage", "Ask about difference"),
        step(
            "settle",
            ("open", "asked"),
            "settled",
            "reconciliation.manage",
            "Dispose of difference",
            reason=True,
        ),
        step("repeat", "open", "settled", SYSTEM, "Take disposition over", reason=True),
        step("vanish", ("open", "asked"), "settled", SYSTEM, "End as gone", reason=True),
        step(
            "take_back",
            "settled",
            "open",
            "reconciliation.manage",
            "Open difference again",
            reason=True,
            guards=(rules.no_newer_comparison,),
        ),
    ),
)

DOSSIER_DOCUMENT = Workflow(
    "dossierdocument",
    "held",
    ("held", "redacted", "released", "refused", "removed"),
    (
        step("remove", "held", "removed", "dossier.enter", "Remove document"),
        step("redact", ("held", "redacted"), "redacted", "submission.hold", "Make redacted copy"),
        step(
            "release",
            "redacted",
            "released",
            "submission.hold",
            "Release document",
            signature=True,
        ),
        step(
            "refuse",
            ("held", "redacted"),
            "refused",
            "submission.hold",
            "Refuse document",
            reason=True,
        ),
        step(
            "take_back",
            ("released", "refused"),
            "held",
            "submission.hold",
            "Take document back",
            reason=True,
        ),
    ),
)

DOSSIER_IMPORT = Workflow(
    "dossierimport",
    "draft",
    ("draft", "importing", "imported", "discarded"),
    (
        step("begin", "draft", "importing", "dossier.enter", "Begin to import"),
        step("take_over", ("draft", "importing"), "imported", "dossier.enter", "Import items"),
        step("leave", "importing", "draft", SYSTEM, "Leave rows out", reason=True),
        step("discard", "draft", "discarded", "dossier.enter", "Discard file", reason=True),
    ),
)
