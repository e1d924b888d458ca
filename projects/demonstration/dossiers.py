"""Clinical dossiers of the demonstration: those of what is read hold, others are on their way.

What is asked for is defined once the images are checked, and comes before the first read, so that
readers open it while they read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from accounts.permissions import Role
from audit import clock
from clinical.definition import Entered
from clinical.models import Dossier
from clinical.services import dossiers, entering, imports
from clinical.services.standing import KIND
from projects.demonstration.cast import BUILDER
from projects.demonstration.player import Player
from projects.demonstration.story import LIVES
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


#: what the laboratory found at the baseline of each subject that is read, ng/mL
CEA: Mapping[int, str] = {
    1: "18.4", 2: "7.1", 3: "25", 4: "3.9", 5: "44.2", 6: "9.6", 7: "12.5", 8: "5.3", 9: "61",
    10: "8.8", 11: "15.7", 12: "31", 13: "4.8", 14: "22.3", 15: "6.4", 16: "11.9",
}  # fmt: skip
#: these came in one file of the clinical CRO, the others were entered one by one
IN_FILE = range(12, 17)
FILE_DAY = -11
#: days from the enrolment to the request: the dossier is there before the first reader begins
ASKED = -5
COURSES = (
    Course(17, "baseline", -3, "reconciled", "31"),
    Course(18, "baseline", -3, "received", "4.8"),
    Course(19, "baseline", -2, "requested"),
    Course(29, "baseline", -20, "requested"),  # nobody answered: it is overdue
)
REVISION = Course(1, "baseline", -20, "applied", "12.6")
REVISED = "The laboratory corrected CEA: it was of another sample."
BROUGHT = "Baselines of the last three weeks"
THERAPY: Mapping[str, str] = {"agent": "Carboplatin and pemetrexed", "response": "SD"}
RADIOTHERAPY: Mapping[str, str] = {"region": "Right hilum", "dose": "60"}


def deliver_dossiers(player: Player) -> None:
    """Define what the charter asks for, and let the dossiers come of everything that is read."""
    _define(player)
    alone = [
        Course(n, "baseline", _enrolled(n) + ASKED, "applied", cea)
        for n, cea in CEA.items()
        if n not in IN_FILE
    ]
    player.each("Clinical dossiers", alone, lambda course: _play(player, course))
    _import(player)
    player.wait("clinical dossiers")


def continue_dossiers(player: Player) -> None:
    """Revise one dossier that was read with, and let others come as far as the story has them."""
    player.each("Dossiers on their way", COURSES, lambda course: _play(player, course))
    point = player.subjects[REVISION.subject].time_points.get(definition__code=REVISION.code)
    _version(player, point, REVISION, reason=REVISED)
    player.wait("the revised dossier")


def _enrolled(subject: int) -> int:
    return next(life.enrolled for life in LIVES if life.number == subject)


def _import(player: Player) -> None:
    """Import the file of the clinical CRO, and take its dossiers through their steps."""
    cast = player.cast
    partner = cast.actor(Role.CLINICAL_DATA_PARTNER)
    with clock.shifted_to(player.at_site(0, FILE_DAY, 10)):
        row = imports.read_in(
            cast.study,
            "\n".join(",".join(line) for line in _sheet(player)).encode(),
            name="baselines.csv",
            reason=BROUGHT,
            actor=partner,
        )
        imports.take_over(row, actor=partner)
    for dossier in Dossier.objects.in_study(cast.study).filter(items__batch=row).distinct():
        _finish(player, dossier, FILE_DAY, until="applied")


def _sheet(player: Player) -> Iterator[list[str]]:
    yield ["Subject", "Time point", "Item", "Row", "Value", "Unit", "Date"]
    for number in IN_FILE:
        subject = player.subjects[number]
        point = subject.time_points.get(definition__code="baseline")
        day = point.assessment_date or player.today
        head = [subject.code, point.label]
        before = (day - timedelta(days=90)).isoformat()
        for column, value in {**THERAPY, "end": before[:7]}.items():
            yield [*head, f"prior_therapy.{column}", "1", value, "", ""]
        for column, value in {**RADIOTHERAPY, "end": before}.items():
            yield [*head, f"prior_radiotherapy.{column}", "1", value, "", ""]
        drawn = (day - timedelta(days=2)).isoformat()
        yield [*head, "cea", "", CEA[number], "ng/mL", drawn]


def _define(player: Player) -> None:
    cast = player.cast
    scientist = cast.actor(Role.SCIENTIFIC)
    with clock.shifted_to(player.at_site(0, -165, 10)):
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


def _version(player: Player, point: TimePoint, course: Course, reason: str = "") -> None:
    cast, asked = player.cast, course.asked
    with clock.shifted_to(player.at_site(0, asked, 9)):
        row = dossiers.request(point, actor=cast.actor(Role.PROJECT_MANAGER), reason=reason)
    if course.until == "requested":
        return
    with clock.shifted_to(player.at_site(0, asked + 1, 15)):
        _enter(player, row, point, course.cea)
    if course.until != "received":
        _finish(player, row, asked, until=course.until)


def _finish(player: Player, row: Dossier, asked: int, *, until: str) -> None:
    """Take a received dossier through reconciliation, signature and application."""
    cast = player.cast
    with clock.shifted_to(player.at_site(0, asked + 2, 10)):
        dossiers.reconcile(row, actor=cast.actor(Role.DATA_MANAGER))
    if until == "reconciled":
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
