"""The oncologist's review of the locked radiology read (charter, oncology review)."""

from __future__ import annotations

from typing import Any

import pytest

from audit.errors import RuleBroken
from reads.models import AdjudicationCase, ReadTask, ReviewAcceptance
from reads.services import accepting, oncology
from reads.visibility import tasks_of_reader
from studies.scoping import scope
from tests.reads.read_world import READERS, reader, run_jobs, sign
from tests.reads.session_world import (
    PARTIAL,
    add_reader,
    begin,
    end_course,
    global_review,
    images_of,
    make_session_study,
    open_of_kind,
    read_course,
    register_oncologist,
    save,
)
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db

ONE: dict[str, Any] = {"oncology_review": {"form": "oncology", "readers": 1}}
TWO: dict[str, Any] = {
    "oncology_review": {
        "form": "oncology",
        "readers": 2,
        "adjudicate_on": ["overall_response"],
    }
}
AGREE: dict[str, Any] = {
    "oncology": {
        "agrees": True,
        "overall_response": "PR",
        "clinical_progression": False,
        "basis": ["RADIOLOGY"],
    }
}
WORSE: dict[str, Any] = {
    "oncology": {
        "agrees": False,
        "overall_response": "PD",
        "clinical_progression": True,
        "basis": ["SYMPTOMS"],
        "reason": "Pain and weight loss.",
    }
}


def with_oncologists(world: StudyWorld, *names: str) -> None:
    for name in names:
        add_reader(world, name)
        register_oncologist(world, name)


def radiology(world: StudyWorld) -> None:
    images_of(world, 2)
    for name in READERS:
        read_course(world, name, (("25.0", "12.0"), PARTIAL))
    run_jobs()


def reviewed(world: StudyWorld, name: str, answers: dict[str, Any]) -> None:
    session = begin(world, name, open_of_kind(world, name, "oncology"))
    save(world, name, session, answers)
    sign(world, name, session)
    run_jobs()


def test_it_opens_after_the_radiology_read_is_locked_for_an_oncologist_of_the_register() -> None:
    world = make_session_study(**ONE)
    with scope(world.study):
        with_oncologists(world, "oncologist")
        images_of(world, 2)
        read_course(world, READERS[0], (("25.0", "12.0"), PARTIAL))
        run_jobs()
        assert not ReadTask.objects.filter(kind="oncology").exists()
        read_course(world, READERS[1], (("25.0", "12.0"), PARTIAL))
        run_jobs()
        task = open_of_kind(world, "oncologist", "oncology")
        assert (task.sequence, task.form.key, task.stream.role) == (2, "oncology", "oncologist")
        assert tasks_of_reader(reader(world, "oncologist")).get() == task


def test_the_radiology_values_are_shown_and_kept_with_the_review() -> None:
    world = make_session_study(**ONE)
    with scope(world.study):
        with_oncologists(world, "oncologist")
        radiology(world)
        task = open_of_kind(world, "oncologist", "oncology")
        shown = oncology.radiology_of(task)
        assert [(row.point, dict(row.responses)) for row in shown.rows] == [
            ("TP2", {"RECIST11": "PR"})
        ]
        reviewed(world, "oncologist", AGREE)
        row = task.sessions.get().assessments.get()
        assert row.criterion == "ONCOLOGY"
        assert row.derived == {"TP2": {"RECIST11": "PR"}}
        assert row.entered["overall_response"] == "PR"
        assert row.input_digest == shown.digest


def test_one_review_counts_as_it_is() -> None:
    world = make_session_study(**ONE)
    with scope(world.study):
        with_oncologists(world, "oncologist")
        radiology(world)
        reviewed(world, "oncologist", AGREE)
        assert [(a.kind, a.basis) for a in ReviewAcceptance.objects.all()] == [
            ("oncology", "single")
        ]


def test_two_oncologists_are_compared_by_their_own_rule() -> None:
    world = make_session_study(**TWO)
    with scope(world.study):
        with_oncologists(world, "oncologist", "oncologist_2")
        radiology(world)
        reviewed(world, "oncologist", AGREE)
        reviewed(world, "oncologist_2", WORSE)
        case = AdjudicationCase.objects.get()
        assert case.level == "oncology"
        assert case.variables == [{"criterion": "ONCOLOGY", "variable": "overall_response"}]
        assert accepting.accepted_review(world.subjects[0], "oncology", case.time_point) is None


def test_after_a_global_review_the_subject_is_reviewed_once() -> None:
    world = make_session_study(**ONE, sessions={"global_review": True})
    with scope(world.study):
        with_oncologists(world, "oncologist")
        radiology(world)
        assert not ReadTask.objects.filter(kind="oncology").exists()
        end_course(world)
        for name in READERS:
            global_review(world, name)
        run_jobs()
        task = open_of_kind(world, "oncologist", "oncology")
        assert task.time_point is None
        shown = oncology.radiology_of(task)
        assert shown.best == {"RECIST11": "PR"}


def test_a_reader_of_the_subject_is_never_its_oncologist() -> None:
    world = make_session_study(**ONE)
    with scope(world.study):
        radiology(world)
        for name in READERS:
            register_oncologist(world, name)
        with pytest.raises(RuleBroken, match="there are 0"):
            oncology.plan(world.subjects[0], actor=world.actor("project_manager"))
