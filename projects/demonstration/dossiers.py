"""Clinical dossiers of the demonstration: one holds, one waits, some are asked for, one is late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from accounts.permissions import Role
from audit import clock
from clinical.definition import Entered
from clinical.models import Dossier
from clinical.services import dossiers, entering
from clinical.services.standing import KIND
from projects.demonstration.cast import BUILDER
from projects.demonstration.player import Player
from studies.models import TimePoint
from studies.services import configuration

ITEMS: list[dict[str, Any]] = [
    {
        "code": "prior_therapy",
        "label": "Prior systemic therapy",
        "kind": "table",
        "required": True,
        "when": "baseline",
        "source": "cro",
        "columns": [
            {"code": "agent", "label": "Agent", "kind": "text", "required": True},
            {"code": "end", "label": "End", "kind": "date"},
            {
                "code": "response",
                "label": "Best response",
                "kind": "choice",
                "choices": [
                    {"value": "CR", "label": "Complete response"},
                    {"value": "PR", "label": "Partial response"},
                    {"value": "SD", "label": "Stable disease"},
                    {"value": "PD", "label": "Progressive disease"},
                ],
            },
        ],
    },
    {
        "code": "prior_radiotherapy",
        "label": "Prior radiotherapy",
        "kind": "table",
        "required": True,
        "when": "baseline",
        "source": "cro",
        "criterion": "RECIST 1.1",
        "help": "A lesion in an irradiated region is a target only when it grew since.",
        "columns": [
            {"code": "region", "label": "Irradiated region", "kind": "text", "required": True},
            {"code": "dose", "label": "Dose", "kind": "number", "unit": "Gy", "lowest": "0"},
            {"code": "end", "label": "End", "kind": "date"},
        ],
    },
    {
        "code": "cea",
        "label": "CEA",
        "kind": "number",
        "unit": "ng/mL",
        "lowest": "0",
        "required": True,
        "when": "every",
        "source": "edc",
    },
    {
        "code": "biopsy",
        "label": "Biopsy result",
        "kind": "text",
        "when": "baseline",
        "source": "site",
    },
    {
        "code": "pathology",
        "label": "Pathology report",
        "kind": "document",
        "when": "baseline",
        "source": "site",
    },
]


@dataclass(frozen=True, slots=True)
class Course:
    """How far the dossier of a subject's time point gets; days are counted from today."""

    subject: int
    code: str
    asked: int
    until: str
    cea: str = ""
    revised: str = ""


COURSES = (
    Course(1, "baseline", -40, "applied", "18.4", revised="12.6"),
    Course(2, "baseline", -38, "applied", "7.1"),
    Course(12, "baseline", -4, "reconciled", "31"),
    Course(13, "baseline", -3, "received", "4.8"),
    Course(14, "baseline", -2, "requested"),
    Course(15, "baseline", -20, "requested"),  # nobody answered: it is overdue
)
REVISED = "The laboratory corrected CEA: it was of another sample."
THERAPY: Mapping[str, str] = {"agent": "Carboplatin and pemetrexed", "response": "SD"}
RADIOTHERAPY: Mapping[str, str] = {"region": "Right hilum", "dose": "60"}


def deliver_dossiers(player: Player) -> None:
    """Define what the charter asks for, and let dossiers come to where the story has them."""
    _define(player)
    player.each("Clinical dossiers", COURSES, lambda course: _play(player, course))


def _define(player: Player) -> None:
    cast = player.cast
    scientist = cast.actor(Role.SCIENTIFIC)
    with clock.shifted_to(player.at_site(0, -45, 10)):
        made = configuration.draft(
            cast.study,
            kind=KIND,
            key="dossier",
            title="Dossier definition",
            document={"schema": "dossier-definition/1", "items": ITEMS},
            actor=scientist,
        )
        statement = "I approve this configuration for use in the study."
        assent = cast.sign(Role.SCIENTIFIC, "approval", statement, made)
        configuration.approve(made, actor=scientist, assent=assent)
        configuration.make_effective(made, actor=BUILDER)


def _play(player: Player, course: Course) -> None:
    point = player.subjects[course.subject].time_points.get(definition__code=course.code)
    _version(player, point, course)
    if course.revised:
        again = replace(course, asked=course.asked + 20, cea=course.revised)
        _version(player, point, again, reason=REVISED)


def _version(player: Player, point: TimePoint, course: Course, reason: str = "") -> None:
    cast, asked = player.cast, course.asked
    with clock.shifted_to(player.at_site(0, asked, 9)):
        row = dossiers.request(point, actor=cast.actor(Role.PROJECT_MANAGER), reason=reason)
    if course.until == "requested":
        return
    with clock.shifted_to(player.at_site(0, asked + 1, 15)):
        _enter(player, row, point, course.cea)
    if course.until == "received":
        return
    with clock.shifted_to(player.at_site(0, asked + 2, 10)):
        dossiers.reconcile(row, actor=cast.actor(Role.DATA_MANAGER))
    if course.until == "reconciled":
        return
    with clock.shifted_to(player.at_site(0, asked + 3, 11)):
        row = Dossier.objects.select_related("definition").get(pk=row.pk)
        assent = cast.sign(Role.SCIENTIFIC, dossiers.MEANING, dossiers.STATEMENT, row)
        dossiers.approve(row, actor=cast.actor(Role.SCIENTIFIC), assent=assent)
        dossiers.apply(row, actor=cast.actor(Role.PROJECT_MANAGER))


def _enter(player: Player, row: Dossier, point: TimePoint, cea: str) -> None:
    partner = player.cast.actor(Role.CLINICAL_DATA_PARTNER)
    day = point.assessment_date or player.today
    before = (day - timedelta(days=90)).isoformat()
    answers = {
        "prior_therapy": Entered(rows=({**THERAPY, "end": before[:7]},)),
        "prior_radiotherapy": Entered(rows=({**RADIOTHERAPY, "end": before},)),
        "cea": Entered(value=cea, unit="ng/mL", on=(day - timedelta(days=2)).isoformat()),
        "biopsy": Entered(value="Adenocarcinoma, moderately differentiated"),
    }
    for code, entered in answers.items():
        entering.enter(row, code, entered, actor=partner)
    dossiers.receive(row, actor=partner)
