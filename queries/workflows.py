"""States of a query. Overdue and escalated are derived from the clock, not states."""

from __future__ import annotations

from audit.states import Workflow, step
from queries import rules

QUERY = Workflow(
    "query",
    "open",
    ("open", "answered", "reopened", "closed", "cancelled"),
    (
        step("answer", ("open", "reopened"), "answered", "query.answer", "Answer query"),
        step("reopen", "answered", "reopened", "query.close", "Ask again", reason=True),
        step(
            "close",
            ("open", "answered", "reopened"),
            "closed",
            "query.close",
            "Close query",
            guards=(rules.every_action_is_done,),
        ),
        step(
            "cancel",
            ("open", "answered", "reopened"),
            "cancelled",
            "query.close",
            "Cancel query",
            reason=True,
        ),
    ),
)
