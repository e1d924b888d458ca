"""Invented people, sites and figures for the style guide, which exists in development and tests."""

from __future__ import annotations

from ui.samples.charts import (
    AGE_PARTS,
    AGES,
    CAUSES,
    FUNNEL,
    PROGRESS,
    PROGRESS_PARTS,
    SITES,
    SUM_LIMITS,
    SUMS,
    TURNAROUND,
)
from ui.samples.dialogs import JOB, REASON, REASON_SHOWN, SIGN, SIGN_SHOWN
from ui.samples.frame import shell
from ui.samples.matrix import MATRIX
from ui.samples.query import ASKS, THREAD
from ui.samples.time_point import GUARDS, HISTORY, LIFE
from ui.samples.times import NOW, ZONE
from ui.samples.upload import ERRORS, PASSED, STEPS, UPLOAD, WARNINGS
from ui.samples.work import INBOX

__all__ = [
    "AGES",
    "AGE_PARTS",
    "ASKS",
    "CAUSES",
    "ERRORS",
    "FUNNEL",
    "GUARDS",
    "HISTORY",
    "INBOX",
    "JOB",
    "LIFE",
    "MATRIX",
    "NOW",
    "PASSED",
    "PROGRESS",
    "PROGRESS_PARTS",
    "REASON",
    "REASON_SHOWN",
    "SIGN",
    "SIGN_SHOWN",
    "SITES",
    "STEPS",
    "SUMS",
    "SUM_LIMITS",
    "THREAD",
    "TURNAROUND",
    "UPLOAD",
    "WARNINGS",
    "ZONE",
    "shell",
]
