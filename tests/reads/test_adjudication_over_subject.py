"""Adjudication over the subject: best response and progression, compared after both reviews."""

from __future__ import annotations

from typing import Any

import pytest

from audit.errors import RuleBroken
from reads.models import Acceptance, AdjudicationCase
from reads.services import accepting, settling
from studies.models import Configuration, TimePoint
from studies.scoping import scope
from tests.exports.cut_world import generated, rows
from tests.reads.read_world import READERS, disagreement, run_jobs
from tests.reads.session_world import (
    OVER_THE_SUBJECT,
    PARTIAL,
    PROGRESS,
    STABLE,
    end_course,
    global_review,
    images_of,
    make_session_study,
    read_course,
)
from tests.remembering import continued
from tests.world import StudyWorld, _configure

pytestmark = pytest.mark.django_db

UP = (("25.0", "12.0"), PARTIAL)
FLAT = (("38.0", "20.0"), STABLE)
WORSE = (("60.0", "30.0"), PROGRESS)


@continued
def reviewed(world: StudyWorld, *courses: Any) -> None:
    """Read a course with each reader and sign both global reviews."""
    images_of(world, 3)
    for name, course in zip(READERS, courses, strict=True):
        read_course(world, name, *course)
    run_jobs()
    end_course(world)
    for name in READERS:
        global_review(world, name)
    run_jobs()


def states(world: StudyWorld) -> list[str]:
    rows = TimePoint.objects.filter(subject=world.subjects[0]).order_by("planned_date")
    return [row.state for row in rows]


def signed(world: StudyWorld, case: AdjudicationCase, choice: str, **third: Any) -> None:
    actor = world.actor("adjudicator")
    case = settling.claim(case, actor=actor)
    settling.draft_choice(case, choice=choice, reason="By the later images.", actor=actor, **third)
    settling.sign_case(case, actor=actor, assent=world.assent("adjudicator", "adjudication"))
    run_jobs()


def test_time_points_wait_for_the_subject_and_are_then_accepted_from_one_reader() -> None:
    world = make_session_study(**OVER_THE_SUBJECT)
    with scope(world.study):
        images_of(world, 3)
        for name in READERS:
            read_course(world, name, UP, WORSE)
        run_jobs()
        assert states(world) == ["read", "read", "read"]
        assert not Acceptance.objects.exists()
        end_course(world)
        for name in READERS:
            global_review(world, name)
        run_jobs()
        assert states(world) == ["locked", "locked", "locked"]
        assert {a.basis for a in Acceptance.objects.all()} == {"agreement"}


def test_readers_who_differ_at_a_time_point_only_make_no_case() -> None:
    """Both: PR at TP2 is best response; progression at TP3. At TP2 targets differ, result not."""
    world = make_session_study(**OVER_THE_SUBJECT)
    with scope(world.study):
        reviewed(world, (UP, WORSE), ((("24.0", "11.0"), PARTIAL), WORSE))
        assert not AdjudicationCase.objects.exists()


def test_a_different_result_makes_one_case_of_the_variables_that_differ() -> None:
    world = make_session_study(**OVER_THE_SUBJECT)
    with scope(world.study):
        reviewed(world, (UP, WORSE), (FLAT, WORSE))
        case = AdjudicationCase.objects.get()
        assert (case.level, case.time_point) == ("subject", None)
        assert case.variables == [{"criterion": "RECIST11", "variable": "best_overall_response"}]


def test_the_chosen_review_takes_its_readers_time_points_along() -> None:
    world = make_session_study(**OVER_THE_SUBJECT)
    with scope(world.study):
        reviewed(world, (UP, WORSE), (UP, UP))
        case = AdjudicationCase.objects.get()
        assert [v["variable"] for v in case.variables] == ["progression_date"]
        second = "A" if case.first_is_a is False else "B"
        signed(world, case, second)
        accepted = accepting.accepted_review(world.subjects[0], "global")
        assert accepted is not None
        assert (accepted.basis, accepted.session) == ("adjudication", case.session_2)
        assert {a.session.task.stream.reader for a in Acceptance.objects.all()} == {
            case.session_2.task.stream.reader
        }
        assert states(world) == ["locked", "locked", "locked"]


def test_a_third_result_counts_where_the_charter_allows_one() -> None:
    world = make_session_study(**OVER_THE_SUBJECT)
    with scope(world.study):
        reviewed(world, (UP, WORSE), (FLAT, WORSE))
        case = AdjudicationCase.objects.get()
        signed(world, case, "A", third={"RECIST11": {"best_overall_response": "NE"}})
        case.refresh_from_db()
        row = settling.chosen_session(case).assessments.get()
        assert accepting.counted_value(row, "best_overall_response", case) == "NE"
        assert case.signed_content()["third"] == {"RECIST11": {"best_overall_response": "NE"}}


def test_a_third_result_is_refused_where_the_charter_wants_a_choice() -> None:
    world = make_session_study()
    with scope(world.study):
        case = disagreement(world)
        actor = world.actor("adjudicator")
        settling.claim(case, actor=actor)
        with pytest.raises(RuleBroken, match="not give a third result"):
            settling.draft_choice(
                case,
                choice="A",
                reason="x",
                actor=actor,
                third={"RECIST11": {"overall_response": "NE"}},
            )


def test_a_third_result_answers_only_what_differs() -> None:
    world = make_session_study(adjudication={"variables": ["overall_response"],
                                             "outcome": "choose_or_third"})  # fmt: skip
    with scope(world.study):
        case = disagreement(world)
        actor = world.actor("adjudicator")
        case = settling.claim(case, actor=actor)
        with pytest.raises(RuleBroken, match="do not differ in what you changed"):
            settling.draft_choice(
                case,
                choice="A",
                reason="x",
                actor=actor,
                third={"RECIST11": {"target_response": "NE"}},
            )
        kept = settling.draft_choice(
            case,
            choice="A",
            reason="x",
            actor=actor,
            third={"RECIST11": {"overall_response": "NE"}},
        )
        assert kept.third == {"RECIST11": {"overall_response": "NE"}}


def test_the_data_cut_flags_the_third_result_as_the_accepted_response() -> None:
    world = make_session_study(
        adjudication={"variables": ["overall_response"], "outcome": "choose_or_third"}
    )
    with scope(world.study):
        _configure(world, Configuration.Kind.TRANSFER, "transfer", "Transfer", {"datasets": ["rs"]})
        case = disagreement(world)
        signed(world, case, "A", third={"RECIST11": {"overall_response": "NE"}})
        table = rows(generated(world), "rs.csv")
        label = TimePoint.objects.get(pk=case.time_point_id).label
        accepted = [
            (row["RSORRES"], row["RSEVALID"])
            for row in table
            if row["VISIT"] == label and row["RSTESTCD"] == "OVRLRESP" and row["RSACPTFL"] == "Y"
        ]
        assert accepted == [("NE", "ADJUDICATOR")]
