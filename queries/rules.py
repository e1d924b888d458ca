"""Rules of queries, each with its id."""

from __future__ import annotations

from audit.states import GuardResult
from queries.models import Query


def every_action_is_done(query: Query) -> GuardResult:
    """QRY-001: a query closes when every requested action is done (product I2, TR18)."""
    waiting = [a.text for a in query.actions.filter(done_at=None)]
    text = f"Still to do: {'; '.join(waiting)}." if waiting else "Every requested action is done."
    return GuardResult("QRY-001", not waiting, text)
