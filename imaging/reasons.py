"""The acts of these pages that ask why in a dialog, with their coded reasons."""

from __future__ import annotations

from accounts.reasons import OTHER, Act

WITHDRAW = Act(
    "withdraw",
    "Why is this submission withdrawn?",
    (
        ("subject", "Images of another subject"),
        ("visit", "Images of another visit"),
        ("images", "Wrong or incomplete images"),
        ("twice", "Sent twice"),
        OTHER,
    ),
    label="Withdraw submission",
)
REJECT = Act(
    "reject",
    "Why is this submission rejected?",
    (
        ("unusable", "The images cannot be used"),
        ("subject", "The images are of another subject"),
        ("visit", "The images are of another visit"),
        ("identity", "Identity cannot be removed from the images"),
        OTHER,
    ),
    label="Reject submission",
)
WITHDRAW_PHANTOM = Act(
    "withdraw",
    "Why is this phantom scan withdrawn?",
    (
        ("scanner", "Another scanner"),
        ("images", "Wrong or incomplete images"),
        ("twice", "Sent twice"),
        OTHER,
    ),
    label="Withdraw phantom scan",
)
