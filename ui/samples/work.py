"""The list of what a person has to do."""

from __future__ import annotations

INBOX = (
    (
        "stop",
        "gavel",
        "Assign an adjudicator",
        "ONC-2041",
        "101-009 · Week 16 · readers differ on overall response",
        "Adjudication",
        -2,
    ),
    (
        "stop",
        "arrow-up-right",
        "Call the investigator: 3 queries unanswered",
        "ONC-2041",
        "Site ES-305 · escalation level 2 of 4",
        "Escalation",
        0,
    ),
    (
        "wait",
        "arrow-back-up",
        "Second approval for roll-back RB-007",
        "ONC-2041",
        "412-003 · Week 24 · touches 1 later read, no data cut",
        "Correction",
        0,
    ),
    (
        "work",
        "eye-plus",
        "Assign 6 time points that are ready to read",
        "ONC-2041",
        "Pair balance and continuity proposed, one click to accept",
        "Assignment",
        1,
    ),
    (
        "wait",
        "writing-sign",
        "Sign Project plan v3.1 as project manager",
        "HEM-3302",
        "2 of 3 signatures done · effective 23 Mar 2026",
        "Document",
        2,
    ),
    (
        "read",
        "user-check",
        "Reader capacity gap opens in week 19",
        "ONC-2041",
        "Forecast 64 reads a week against 52",
        "Forecast",
        5,
    ),
)
