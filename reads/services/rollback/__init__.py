"""Roll-back: requested with its impact, approved by two persons, carried out in one transaction.

Nothing is deleted and nothing is changed in place (decision 16): sessions and cases are voided and
read-only from then on, an acceptance is taken back by a row of its own, lesions of voided reads are
withdrawn, and the reader reads again in a new version of the session.
"""

from __future__ import annotations

from reads.services.rollback.approving import (
    MEANING,
    STATEMENT,
    TOLD_MEANING,
    TOLD_STATEMENT,
    Side,
    acknowledge,
    approve,
    lock_for_approval,
    sign_side,
)
from reads.services.rollback.carrying_out import carry_out
from reads.services.rollback.decided import for_dossier_change, for_late_images
from reads.services.rollback.requesting import (
    CARRIED_OUT,
    WAITING,
    candidates,
    is_current,
    next_number,
    refuse,
    reminder_of,
    renew,
    request,
    requested,
    settled_before,
    withdraw,
)

__all__ = [
    "CARRIED_OUT",
    "MEANING",
    "STATEMENT",
    "TOLD_MEANING",
    "TOLD_STATEMENT",
    "WAITING",
    "Side",
    "acknowledge",
    "approve",
    "candidates",
    "carry_out",
    "for_dossier_change",
    "for_late_images",
    "is_current",
    "lock_for_approval",
    "next_number",
    "refuse",
    "reminder_of",
    "renew",
    "request",
    "requested",
    "settled_before",
    "sign_side",
    "withdraw",
]
