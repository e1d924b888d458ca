"""Reads of a study whose charter shows clinical dossiers: a definition, and dossiers applied."""

from __future__ import annotations

from typing import Any

from clinical.definition import Entered
from clinical.models import Dossier
from clinical.services import dossiers as clinical
from clinical.services import entering
from studies.models import Configuration, TimePoint
from studies.scoping import scope
from tests.reads.session_world import make_session_study
from tests.remembering import continued, remembered
from tests.world import StudyWorld, _configure

DEFINITION: dict[str, Any] = {
    "schema": "dossier-definition/1",
    "items": [
        {
            "code": "therapy",
            "label": "Prior radiotherapy",
            "kind": "text",
            "required": True,
            "when": "every",
            "source": "cro",
        },
        {
            "code": "psa",
            "label": "Tumour marker",
            "kind": "number",
            "unit": "ug/L",
            "when": "every",
            "source": "cro",
        },
    ],
}


@remembered
def make_dossier_study(shown: str = "time_point", **design: Any) -> StudyWorld:
    """Return a study whose charter shows dossiers, with a definition that asks for two items."""
    world = make_session_study(dossiers=shown, **design)
    with scope(world.study):
        _configure(world, Configuration.Kind.DOSSIER, "dossier", "Dossier", DEFINITION)
    return world


def place(world: StudyWorld, sequence: int, subject: int = 0) -> TimePoint:
    """Return a subject's time point by its place."""
    return world.time_points(world.subjects[subject])[sequence - 1]


@continued
def apply_dossier(
    world: StudyWorld,
    sequence: int,
    therapy: str = "Chest, 50 Gy",
    marker: str = "4.2",
    *,
    subject: int = 0,
) -> Dossier:
    """Ask for, enter, check, approve and apply the next version of a time point's dossier."""
    desk, science = world.actor("data_manager"), world.actor("scientific")
    row = clinical.request(
        place(world, sequence, subject),
        actor=world.actor("project_manager"),
        reason="The clinical CRO sent data.",
    )
    entering.enter(row, "therapy", Entered(value=therapy), actor=desk)
    entering.enter(row, "psa", Entered(value=marker, unit="ug/L"), actor=desk)
    row = clinical.receive(row, actor=desk)
    row = clinical.reconcile(row, actor=desk)
    row = clinical.approve(row, actor=science, assent=world.assent("scientific", clinical.MEANING))
    return clinical.apply(row, actor=world.actor("project_manager"))
