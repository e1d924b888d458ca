"""Acts that ask why: their coded reasons, their dialogs, and what came back."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from audit.errors import ReasonRequired
from ui.records import ReasonRequest, ValueChange

LEAST_CHARACTERS = 10
OTHER = ("other", "Another reason")


@dataclass(frozen=True, slots=True)
class Act:
    """An act that needs a reason: key, title of its dialog, coded reasons, words of its button."""

    key: str
    title: str
    reasons: tuple[tuple[str, str], ...]
    label: str = ""


NOT_DONE = Act(
    "not-done",
    "Why was this visit not done?",
    (
        ("missed", "Subject missed the visit"),
        ("condition", "Subject's condition did not allow a scan"),
        ("equipment", "Scanner was not available"),
        ("off_study", "Subject left the study"),
        OTHER,
    ),
    label="Declare not done",
)
EXPECT = Act(
    "expect-again",
    "Why is this visit expected again?",
    (("mistake", "It was declared by mistake"), ("found", "Scans exist after all"), OTHER),
    label="Expect again",
)
CORRECT_DATE = Act(
    "anchor",
    "Why does this date change?",
    (("typing", "Typing mistake"), ("source", "The source was corrected"), OTHER),
)
LEAVE = Act(
    "leave",
    "Why?",
    (
        ("progression", "Progression of disease"),
        ("adverse_event", "Adverse event"),
        ("consent", "Consent was withdrawn"),
        ("criteria", "Entry criteria are not met"),
        ("lost", "Lost to follow-up"),
        OTHER,
    ),
)
END_ROLE = Act(
    "end-role",
    "Why does this role end?",
    (("left", "Person left the study"), ("duty", "Duty changed"), OTHER),
    label="End role",
)
ACCOUNT = Act(
    "account",
    "Why does this account change?",
    (("left", "Person left the organisation"), ("security", "Security"), OTHER),
)
SECOND_FACTOR = Act(
    "second-factor",
    "Why is the second factor reset?",
    (
        ("lost", "The person lost the device and the recovery codes"),
        ("unreadable", "It cannot be read on this installation any more"),
        ("security", "It may be known to others"),
        OTHER,
    ),
    label="Reset second factor",
)
CONFIGURATION = Act(
    "configuration",
    "Why?",
    (("content", "The content must change"), ("mistake", "It was made by mistake"), OTHER),
)
TOKEN = Act(
    "token",
    "Why is this key revoked?",
    (("unused", "It is not needed any more"), ("lost", "It may be known to others"), OTHER),
    label="Revoke key",
)


def reason_request(
    act: Act,
    url: str,
    *,
    dialog: str = "",
    title: str = "",
    changes: tuple[ValueChange, ...] = (),
    hidden: tuple[tuple[str, str], ...] = (),
    label: str = "",
) -> ReasonRequest:
    """Return the dialog of an act."""
    return ReasonRequest(
        dialog_id=dialog or act.key,
        url=url,
        title=title or act.title,
        changes=changes,
        reasons=act.reasons,
        hidden=hidden,
        least_characters=LEAST_CHARACTERS,
        label=label or act.label,
    )


def reason_of(request: HttpRequest, act: Act) -> str:
    """Return the reason that came with a form: the coded one with the person's own words.

    Raises:
        ReasonRequired: no reason was chosen, or fewer than ten characters were written.
    """
    label = dict(act.reasons).get(request.POST.get("reason_code", ""))
    words = " ".join(request.POST.get("reason", "").split())
    if label is None or len(words) < LEAST_CHARACTERS:
        raise ReasonRequired(
            f"Choose a reason and write at least {LEAST_CHARACTERS} characters.", rule="reason"
        )
    return words if label == OTHER[1] else f"{label}: {words}"
