"""A study whose charter has sessions besides time points, with the forms that they need."""

from __future__ import annotations

from typing import Any

from audit.actors import acting
from reads.design import design_from
from reads.design.session_forms import forms_of
from reads.models import Reader, ReadSession, ReadTask
from reads.services import qualifying, reading
from studies.models import Configuration
from studies.scoping import scope
from studies.services import people
from studies.workflows import SUBJECT
from tests.reads.read_world import (
    DESIGN,
    make_read_study,
    read_baseline,
    read_follow_up,
    reader,
    ready,
    run_jobs,
    sign,
)
from tests.remembering import continued, remembered
from tests.world import BUILDER, StudyWorld, _configure, make_user

STABLE = ("SD", "NON-CR/NON-PD", "SD")
PARTIAL = ("PR", "NON-CR/NON-PD", "PR")
PROGRESS = ("PD", "NON-CR/NON-PD", "PD")


#: a charter whose global reviews are adjudicated over the subject, by a third result if need be
OVER_THE_SUBJECT: dict[str, Any] = {
    "sessions": {"global_review": True},
    "adjudication": {
        "at": "subject",
        "variables": ["best_overall_response", "progression_date"],
        "outcome": "choose_or_third",
    },
}


@remembered
def make_session_study(code: str = "ALPHA", sponsor: str = "Norvane", **design: Any) -> StudyWorld:
    """Return a study with an effective design and an effective form for each of its sessions."""
    world = make_read_study(code, sponsor, **design)
    document = DESIGN | design
    with scope(world.study):
        for key, form in forms_of(design_from(document)).items():
            _configure(world, Configuration.Kind.FORM, key, form["title"], form)
    return world


def add_reader(world: StudyWorld, name: str) -> None:
    """Give the study another central reader."""
    world.users[name] = make_user(f"{world.study.code}_{name}".lower())
    people.grant_role(
        world.users[name], "central_reader", study=world.study, sites=[], actor=BUILDER
    )


def register_oncologist(world: StudyWorld, name: str) -> None:
    """Enter a reader in the register as an oncologist."""
    qualifying.qualify(world.users[name], world.study, actor=world.actor("project_manager"))
    with acting(BUILDER):
        Reader(user=world.users[name], specialty="Medical oncology", per_week=40).save()


@continued
def read_course(
    world: StudyWorld,
    name: str,
    *course: tuple[tuple[str, ...], tuple[str, str, str]],
    baseline: tuple[str, ...] = ("40.0", "20.0"),
) -> list[ReadSession]:
    """Read and sign a baseline of 40 mm and 20 mm and the given follow-ups."""
    done = [read_baseline(world, name, *baseline)]
    for sequence, (sizes, response) in enumerate(course, start=2):
        done.append(read_follow_up(world, name, sequence, sizes, response))
    return done


@continued
def images_of(world: StudyWorld, count: int, subject: int = 0) -> None:
    """Make the first visits of a subject ready to read and plan their reads."""
    for time_point in world.time_points(world.subjects[subject])[:count]:
        ready(world, time_point)
    run_jobs()


def end_course(world: StudyWorld, subject: int = 0) -> None:
    """End a subject's participation: visits still expected will not come."""
    row = world.subjects[subject]
    row.refresh_from_db()
    if row.state == "screening":
        row = SUBJECT.move(row, "enrol", actor=world.actor("site_user"))
    SUBJECT.move(row, "complete", actor=world.actor("site_user"))
    run_jobs()


def open_of_kind(world: StudyWorld, name: str, kind: str, subject: int = 0) -> ReadTask:
    """Return a reader's live task of a kind."""
    return ReadTask.objects.exclude(state__in=["reassigned", "cancelled"]).get(
        stream__reader=world.users[name], stream__subject=world.subjects[subject], kind=kind
    )


def begin(world: StudyWorld, name: str, task: ReadTask) -> ReadSession:
    """Open a task as its reader."""
    return reading.open_session(task, actor=reader(world, name))


def save(world: StudyWorld, name: str, session: ReadSession, answers: dict[str, Any]) -> None:
    """Save a whole form as its reader."""
    reading.save(
        session, answers, seen_version=session.form_record.version, actor=reader(world, name)
    )


def global_review(
    world: StudyWorld, name: str, *changes: tuple[str, str], criterion: str = "recist11"
) -> ReadSession:
    """Sign a global review in which the named time points get another response."""
    session = begin(world, name, open_of_kind(world, name, "global"))
    answers = dict(session.form_record.answers)
    changed = dict(changes)
    rows = [
        {
            **row,
            "response": changed[row["point"]],
            "change_class": "LATER IMAGES",
            "change_reason": "The later images show it more clearly.",
        }
        if row["point"] in changed
        else row
        for row in answers[f"course_{criterion}"]["rows"]
    ]
    save(world, name, session, {**answers, f"course_{criterion}": {"rows": rows}})
    return sign(world, name, session)
