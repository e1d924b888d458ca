"""A roll-back under global reviews, cases over the subject and the oncologist's review."""

from __future__ import annotations

import pytest

from reads.models import AdjudicationCase, ReadSession, ReadTask, ReviewAcceptance
from reads.services import accepting, rollback
from studies.scoping import scope
from tests.reads.oversight_world import sign_for
from tests.reads.read_world import READERS, read_follow_up, run_jobs, task_of
from tests.reads.session_world import (
    OVER_THE_SUBJECT,
    PARTIAL,
    PROGRESS,
    global_review,
    make_session_study,
)
from tests.reads.test_adjudication_over_subject import FLAT, UP, WORSE, reviewed, signed
from tests.reads.test_adjudication_over_subject import states as points
from tests.reads.test_oncology_review import AGREE, ONE, radiology, with_oncologists
from tests.reads.test_oncology_review import reviewed as reviewed_by_oncologist
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db


def roll_back(world: StudyWorld, sequence: int) -> rollback.RollBack:
    """Roll the first reader's read back from a time point on."""
    row = rollback.request(
        task_of(world, READERS[0], sequence),
        actor=world.actor("scientific"),
        reason="Another lesion was measured.",
    )
    sign_for(world, row, "science")
    sign_for(world, row, "project")
    row.refresh_from_db()
    return row


def test_review_case_and_everything_accepted_over_the_subject_fall_with_a_read() -> None:
    world = make_session_study(**OVER_THE_SUBJECT)
    with scope(world.study):
        reviewed(world, (UP, WORSE), (FLAT, WORSE))
        signed(world, AdjudicationCase.objects.get(), "A")
        assert points(world) == ["locked", "locked", "locked"]
        row = roll_back(world, 3)
        assert row.state == "carried_out"
        reviews = ReadSession.objects.filter(task__kind="global")
        held = {one.task.stream.reader: one.state for one in reviews}
        assert held == {
            world.users[READERS[0]]: "voided",
            world.users[READERS[1]]: "signed",
        }
        assert AdjudicationCase.objects.get().state == "voided"
        subject = world.subjects[0]
        assert accepting.accepted_review(subject, accepting.GLOBAL) is None
        assert accepting.accepted_reads(subject) == []
        assert not ReadTask.objects.filter(
            kind="global", stream__reader=world.users[READERS[0]], state="assigned"
        ).exists()
        run_jobs()
        # Nobody reads the first two again: they wait for the subject as before.
        assert points(world) == ["read", "read", "reading"]


def test_after_the_re_read_a_new_review_opens_and_the_subject_is_settled_again() -> None:
    world = make_session_study(**OVER_THE_SUBJECT)
    with scope(world.study):
        reviewed(world, (UP, WORSE), (FLAT, WORSE))
        signed(world, AdjudicationCase.objects.get(), "A")
        roll_back(world, 2)
        run_jobs()
        read_follow_up(world, READERS[0], 2, ("38.0", "20.0"), ("SD", "NON-CR/NON-PD", "SD"))
        read_follow_up(world, READERS[0], 3, ("60.0", "30.0"), PROGRESS)
        run_jobs()
        global_review(world, READERS[0])
        run_jobs()
        held = accepting.accepted_review(world.subjects[0], accepting.GLOBAL)
        assert held is not None
        assert held.basis == "agreement"
        assert points(world) == ["locked", "locked", "locked"]


def test_rolling_back_a_review_alone_leaves_the_time_points_signed() -> None:
    world = make_session_study(**OVER_THE_SUBJECT)
    with scope(world.study):
        reviewed(world, (UP, WORSE), (UP, WORSE))
        assert PARTIAL[2] == "PR"
        task = ReadTask.objects.get(kind="global", stream__reader=world.users[READERS[0]])
        row = rollback.request(
            task, actor=world.actor("scientific"), reason="The wrong time point was chosen."
        )
        kinds = {line["kind"] for line in row.impact}
        assert kinds == {"read", "accepted", "time_point"}
        sign_for(world, row, "project")
        sign_for(world, row, "science")
        mine = ReadSession.objects.filter(task__stream__reader=world.users[READERS[0]])
        assert dict(mine.values_list("task__sequence", "state")) == {
            1: "signed",
            2: "signed",
            3: "signed",
            4: "voided",
        }


def test_the_oncologists_review_of_a_rolled_back_read_is_listed_and_voided_with_it() -> None:
    world = make_session_study(**ONE)
    with scope(world.study):
        with_oncologists(world, "oncologist")
        radiology(world)
        reviewed_by_oncologist(world, "oncologist", AGREE)
        row = roll_back(world, 2)
        second = world.time_points(world.subjects[0])[1]
        listed = [(line["kind"], line["text"].partition(", R")[0]) for line in row.impact]
        assert ("read", f"Oncology review, {second}") in listed
        assert ("accepted", f"Accepted oncology review of {world.subjects[0]}") in listed
        task = ReadTask.objects.get(kind="oncology")
        assert (task.state, [one.state for one in task.sessions.all()]) == ("cancelled", ["voided"])
        assert [one.basis for one in ReviewAcceptance.objects.order_by("pk")] == [
            "single",
            "rolled_back",
        ]
        assert accepting.accepted_review(world.subjects[0], "oncology", second) is None
        run_jobs()
        # Read again and accepted, the time point is reviewed anew, in a task of its own.
        read_follow_up(world, READERS[0], 2, ("25.0", "12.0"), PARTIAL)
        run_jobs()
        fresh = ReadTask.objects.get(kind="oncology", state="assigned")
        assert (fresh.time_point, fresh.sessions.count()) == (second, 0)


def test_an_oncologists_review_that_nobody_has_begun_is_taken_back_too() -> None:
    world = make_session_study(**ONE)
    with scope(world.study):
        with_oncologists(world, "oncologist")
        radiology(world)
        assert ReadTask.objects.get(kind="oncology").state == "assigned"
        roll_back(world, 2)
        run_jobs()
        assert ReadTask.objects.get(kind="oncology").state == "cancelled"
