"""Expedited confirmation of progression: the site asks, ordinary reads answer in hours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from audit import clock
from audit.errors import NotPermitted, ReasonRequired, RuleBroken
from reads.models import AdjudicationCase, ConfirmationRequest, ExpeditedDue, ReadTask
from reads.services import confirmation, settling
from studies.models import TimePoint
from studies.scoping import scope
from tests.reads.read_world import READERS, ready, run_jobs, task_of
from tests.reads.session_world import (
    PROGRESS,
    STABLE,
    images_of,
    make_session_study,
    read_course,
)
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db

ASKED: dict[str, Any] = {"sessions": {"confirmation_of_progression": True}}
SURE = (("50.0", "25.0"), PROGRESS)
CALM = (("38.0", "20.0"), STABLE)


def point_of(world: StudyWorld, number: int = 2) -> TimePoint:
    return world.time_points(world.subjects[0])[number - 1]


def ask(world: StudyWorld, number: int = 2) -> ConfirmationRequest:
    made = confirmation.ask(
        point_of(world, number),
        opinion="PD",
        why="New liver lesion, the next cycle is due",
        actor=world.actor("site_user"),
    )
    run_jobs()
    return made


def outcome(asked: ConfirmationRequest) -> tuple[str, str, str]:
    asked.refresh_from_db()
    return asked.state, asked.outcome, asked.basis


def test_asking_makes_the_open_reads_due_in_hours_and_keeps_when_they_were() -> None:
    world = make_session_study(**ASKED)
    with scope(world.study):
        images_of(world, 2)
        before = {name: task_of(world, name, 2).due_at for name in READERS}
        asked = ask(world)
        assert timedelta(hours=47) < asked.due_at - clock.now() <= timedelta(hours=48)
        for name in READERS:
            assert task_of(world, name, 2).due_at == asked.due_at
            assert task_of(world, name, 1).due_at == asked.due_at
        kept = ExpeditedDue.objects.get(task=task_of(world, READERS[0], 2))
        assert kept.due_before == before[READERS[0]]


def test_the_reads_stay_ordinary_reads() -> None:
    world = make_session_study(**ASKED)
    with scope(world.study):
        images_of(world, 2)
        ask(world)
        assert set(ReadTask.objects.values_list("kind", flat=True)) == {"time_point"}
        assert {t.stream.purpose for t in ReadTask.objects.all()} == {"efficacy"}


def test_two_readers_who_find_progression_confirm_it() -> None:
    world = make_session_study(**ASKED)
    with scope(world.study):
        images_of(world, 2)
        asked = ask(world)
        for name in READERS:
            read_course(world, name, SURE)
        run_jobs()
        assert outcome(asked) == ("answered", "confirmed", "agreement")


def test_readers_who_differ_are_adjudicated_first_in_the_time_of_the_answer() -> None:
    world = make_session_study(**ASKED)
    with scope(world.study):
        images_of(world, 2)
        asked = ask(world)
        read_course(world, READERS[0], SURE)
        read_course(world, READERS[1], CALM)
        run_jobs()
        assert outcome(asked)[0] == "asked"
        case = AdjudicationCase.objects.get()
        assert case.due_at == asked.due_at
        adjudicator = world.actor("adjudicator")
        case = settling.claim(case, actor=adjudicator)
        stable = next(
            letter
            for letter in "AB"
            if settling.session_shown_as(case, letter).task.stream.reader == world.users[READERS[1]]
        )
        settling.draft_choice(case, choice=stable, reason="No growth.", actor=adjudicator)
        settling.sign_case(
            case, actor=adjudicator, assent=world.assent("adjudicator", "adjudication")
        )
        run_jobs()
        assert outcome(asked) == ("answered", "not_confirmed", "adjudication")


def test_a_question_after_the_reads_is_answered_at_once() -> None:
    world = make_session_study(**ASKED)
    with scope(world.study):
        images_of(world, 2)
        for name in READERS:
            read_course(world, name, CALM)
        run_jobs()
        assert outcome(ask(world)) == ("answered", "not_confirmed", "agreement")


def test_where_the_subject_is_adjudicated_a_difference_still_makes_a_case_for_the_site() -> None:
    world = make_session_study(
        sessions={"confirmation_of_progression": True, "global_review": True},
        adjudication={"at": "subject", "variables": ["best_overall_response"]},
    )
    with scope(world.study):
        images_of(world, 2)
        ask(world)
        read_course(world, READERS[0], SURE)
        read_course(world, READERS[1], CALM)
        run_jobs()
        case = AdjudicationCase.objects.get()
        assert (case.level, case.time_point) == ("time_point", point_of(world))


def test_it_is_refused_in_plain_words() -> None:
    world = make_session_study(**ASKED)
    with scope(world.study):
        site = world.actor("site_user")
        baseline, follow_up = point_of(world, 1), point_of(world, 2)
        with pytest.raises(RuleBroken, match="Send the images of this visit first"):
            confirmation.ask(follow_up, opinion="PD", why="Growth", actor=site)
        images_of(world, 2)
        baseline.refresh_from_db()
        follow_up.refresh_from_db()
        with pytest.raises(RuleBroken, match="at baseline"):
            confirmation.ask(baseline, opinion="PD", why="Growth", actor=site)
        with pytest.raises(ReasonRequired):
            confirmation.ask(follow_up, opinion="PD", why=" ", actor=site)
        confirmation.ask(follow_up, opinion="PD", why="Growth", actor=site)
        with pytest.raises(RuleBroken, match="asked already"):
            confirmation.ask(follow_up, opinion="PD", why="Growth", actor=site)
        with pytest.raises(NotPermitted):
            confirmation.ask(follow_up, opinion="PD", why="x", actor=world.actor("sponsor"))


def test_a_charter_without_it_says_so() -> None:
    world = make_session_study()
    with scope(world.study):
        images_of(world, 2)
        with pytest.raises(RuleBroken, match="has no confirmation of progression"):
            confirmation.ask(
                point_of(world), opinion="PD", why="Growth", actor=world.actor("site_user")
            )


def test_a_subject_outside_the_sample_is_read_when_its_site_asks() -> None:
    # Of 1 % with this seed neither subject of the world is drawn; the question brings one in.
    world = make_session_study(**ASKED, sampling={"percent": 1, "seed": "none of them"})
    with scope(world.study):
        for time_point in world.time_points(world.subjects[0])[:2]:
            ready(world, time_point)
        run_jobs()
        drawn = ReadTask.objects.exists()
        ask(world)
        assert not drawn
        assert ReadTask.objects.filter(stream__subject=world.subjects[0]).count() == 2 * 2


def test_the_site_may_take_its_question_back_with_a_reason() -> None:
    world = make_session_study(**ASKED)
    with scope(world.study):
        images_of(world, 2)
        asked = ask(world)
        with pytest.raises(ReasonRequired):
            confirmation.withdraw(asked, actor=world.actor("site_user"), reason="")
        confirmation.withdraw(asked, actor=world.actor("site_user"), reason="Treatment goes on")
        assert outcome(asked)[0] == "withdrawn"
