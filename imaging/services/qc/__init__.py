"""Quality control by people: claim, judge findings, ask the site, checklist, signed decision."""

from imaging.services.qc.checklist import (
    checklist_context,
    complete_checklist,
    save_checklist,
)
from imaging.services.qc.claims import (
    CHECKLIST,
    claim,
    current_review,
    release_claim,
    review_of,
)
from imaging.services.qc.decisions import (
    MEANING,
    STATEMENT,
    decide,
    sign,
)
from imaging.services.qc.findings import (
    ask_site,
    explain,
    findings_of,
    left_of,
    on_query_closed,
)
from imaging.services.qc.outcome import (
    PASSING,
    submissions_in_qc,
)
from imaging.services.qc.resetting import (
    reset,
    reset_consequences,
)

__all__ = [
    "CHECKLIST",
    "MEANING",
    "PASSING",
    "STATEMENT",
    "ask_site",
    "checklist_context",
    "claim",
    "complete_checklist",
    "current_review",
    "decide",
    "explain",
    "findings_of",
    "left_of",
    "on_query_closed",
    "release_claim",
    "reset",
    "reset_consequences",
    "review_of",
    "save_checklist",
    "sign",
    "submissions_in_qc",
]
