"""Sign dialogs of reads and adjudications: what is shown, what is proven."""

from __future__ import annotations

from typing import Any

from accounts import signing
from accounts.signatures import Assent
from accounts.signing import sign_request
from ui.records import SignRequest

READ_MEANING = "read"
READ_STATEMENT = "I have read these images by the charter and this is my assessment."
CASE_MEANING = "adjudication"
CASE_STATEMENT = "I have compared both reads by the charter and this is my decision."
KEY_MEANING = "approval of an answer key"
KEY_STATEMENT = "I approve these answers as what the charter asks for."
COMMITMENT_MEANING = "responsibilities and turnaround"
COMMITMENT_STATEMENT = "I have read these responsibilities and turnarounds and take them on."
FEE_MEANING = "approval of fees"
FEE_STATEMENT = "I approve these fees for payment."
VALIDATION_MEANING = "review of the validation"
VALIDATION_STATEMENT = (
    "I have reviewed this validation report; the design does what the charter says."
)
CHARTER_MEANING = "approval"
CHARTER_STATEMENT = "I have read this version and approve it for use in the study."
TRUTH_MEANING = "standard of truth"
TRUTH_STATEMENT = "This is the standard of truth, established as the charter says."
_MEANINGS = {
    VALIDATION_MEANING: VALIDATION_STATEMENT,
    CHARTER_MEANING: CHARTER_STATEMENT,
    TRUTH_MEANING: TRUTH_STATEMENT,
    READ_MEANING: READ_STATEMENT,
    CASE_MEANING: CASE_STATEMENT,
    KEY_MEANING: KEY_STATEMENT,
    COMMITMENT_MEANING: COMMITMENT_STATEMENT,
    FEE_MEANING: FEE_STATEMENT,
}
#: what a signature brings about, where it is not a read's
_CONSEQUENCES = {
    VALIDATION_MEANING: "The report cannot change. It lets exactly this content be released.",
    CHARTER_MEANING: "After signing, the charter cannot change; a change is a new version.",
    TRUTH_MEANING: "After signing it cannot change. No reader ever sees it.",
    KEY_MEANING: "After signing the key is given to readers and cannot change.",
    COMMITMENT_MEANING: "The signed text stays with your qualification.",
    FEE_MEANING: "After signing the statement cannot change and is paid as it stands.",
}
_CONSEQUENCE = "After signing it is locked. A change needs a roll-back."


def request_for(
    request: Any,
    row: Any,
    *,
    meaning: str,
    title: str,
    url: str,
    facts: tuple[tuple[str, str], ...],
    errors: tuple[str, ...] = (),
) -> SignRequest:
    """Return the sign dialog of a meaning of this module."""
    return sign_request(
        request,
        row,
        title=title,
        url=url,
        facts=facts,
        statement=_MEANINGS[meaning],
        consequence=_CONSEQUENCES.get(meaning, _CONSEQUENCE),
        errors=errors,
    )


def proven(request: Any, row: Any, *, meaning: str) -> Assent:
    """Recognise the signer of a meaning of this module; call outside any transaction.

    Raises:
        SignatureRefused: as ``accounts.signing.proven`` says.
    """
    return signing.proven(request, row, meaning=meaning, statement=_MEANINGS[meaning])
