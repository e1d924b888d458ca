"""The acts of these pages that ask why, with their coded reasons."""

from __future__ import annotations

from accounts.reasons import OTHER, Act

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
