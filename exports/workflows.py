"""States of a data cut."""

from __future__ import annotations

from audit.states import Workflow, step
from studies.workflows import SYSTEM

DATA_CUT = Workflow(
    "datacut",
    "planned",
    ("planned", "cleaning", "frozen", "generated", "released", "acknowledged", "superseded"),
    (
        step("start_cleaning", "planned", "cleaning", "cut.make", "Start cleaning"),
        step("freeze", "cleaning", "frozen", "cut.make", "Freeze"),
        step("generate", "frozen", "generated", SYSTEM, "Generate files"),
        step("release", "generated", "released", "cut.make", "Release cut", signature=True),
        step(
            "acknowledge",
            "released",
            "acknowledged",
            "cut.acknowledge",
            "Confirm receipt",
            signature=True,
        ),
        step(
            "supersede",
            ("generated", "released", "acknowledged"),
            "superseded",
            "cut.make",
            "Supersede cut",
            reason=True,
        ),
    ),
)
