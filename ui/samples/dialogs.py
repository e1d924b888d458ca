"""What is signed, why a value changes, and a job under way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from ui.records import JobProgress, ReasonRequest, SignRequest, ValueChange
from ui.samples.times import ZONE

SIGN = SignRequest(
    dialog_id="sign",
    title="Sign time point 3 of case RD-4817",
    url="/style-guide/",
    facts=(
        ("You sign", "Form v5, 41 items, 5 lesion marks"),
        ("Result", "PD (RECIST 1.1), iUPD (iRECIST)"),
        ("Changed", "2 items since you last reviewed"),
    ),
    meaning="I have read these images by the charter and this is my assessment.",
    consequence="After signing, the read is locked. A change needs a roll-back.",
    printed_name="Dr Hanne Ostrowe",
    role="central reader",
    now=datetime(2026, 3, 16, 8, 58, 40, tzinfo=UTC),
    zone=ZONE,
    needs_second_factor=True,
    back_label="Back to the read",
)
REASON = ReasonRequest(
    dialog_id="reason",
    url="/style-guide/",
    changes=(ValueChange(field="Injection time", was="10:05", becomes="10:31"),),
    reasons=(("typing", "Typing mistake"), ("source", "Source was corrected")),
)
JOB = JobProgress(
    title="Safety cut 5, step 3 of 5: writing odm.xml",
    number="8817",
    state="running",
    done=25_740,
    total=41_377,
    unit="records",
    left="about 1 min 20 s left",
    cancel_url="/style-guide/",
)
# The same forms once more, shown in the page instead of a dialog.
SIGN_SHOWN = replace(SIGN, dialog_id="sign-shown")
REASON_SHOWN = replace(REASON, dialog_id="reason-shown")
