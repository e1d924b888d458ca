"""The global review: after the last time point the course as a whole (TR13; charter, sessions)."""

from __future__ import annotations

from datetime import date

import pytest

from audit.errors import RuleBroken
from reads.models import ReadTask, ReviewAcceptance
from reads.oversight.running import run
from reads.reviewed import Counted, result_of
from reads.services import accepting, globalreview, reading
from reads.streamfacts import watched_streams
from reads.visibility import tasks_of_reader
from studies.scoping import scope
from studies.services import subjects as subject_services
from tests.reads.read_world import READERS, read_baseline, reader, ready, run_jobs
from tests.reads.session_world import (
    PARTIAL,
    PROGRESS,
    STABLE,
    begin,
    end_course,
    global_review,
    images_of,
    make_session_study,
    open_of_kind,
    read_course,
    save,
)
from tests.remembering import continued
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db

GLOBAL = {"sessions": {"global_review": True}}


@continued
def course_read(world: StudyWorld) -> None:
    """Both readers read baseline and two follow-ups: partial response, then progression."""
    images_of(world, 3)
    for name in READERS:
        read_course(world, name, (("25.0", "12.0"), PARTIAL), (("45.0", "25.0"), PROGRESS))
    run_jobs()


def kinds(world: StudyWorld, name: str) -> list[str]:
    rows = tasks_of_reader(reader(world, name)).exclude(state="signed")
    return [task.kind for task in rows]


# --- when it opens --------------------------------------------------------------------------------


def test_no_global_review_opens_while_a_visit_is_still_expected() -> None:
    world = make_session_study(**GLOBAL)
    with scope(world.study):
        images_of(world, 2)
        for name in READERS:
            read_course(world, name, (("25.0", "12.0"), PARTIAL))
        run_jobs()
        assert not ReadTask.objects.filter(kind="global").exists()


def test_the_last_planned_visit_ends_the_course() -> None:
    world = make_session_study(**GLOBAL)
    with scope(world.study):
        course_read(world)
        assert open_of_kind(world, READERS[0], "global").state == "assigned"


def test_it_opens_for_each_reader_once_the_subject_has_completed() -> None:
    world = make_session_study(**GLOBAL)
    with scope(world.study):
        course_read(world)
        end_course(world)
        for name in READERS:
            task = open_of_kind(world, name, "global")
            assert (task.state, task.sequence, task.time_point) == ("assigned", 4, None)
            assert kinds(world, name) == ["global"]
            assert task.form.key == "global_review"
            assert "Usual turnaround" in task.due_by


def test_the_reader_who_has_not_finished_does_not_see_one() -> None:
    world = make_session_study(**GLOBAL)
    with scope(world.study):
        images_of(world, 2)
        read_course(world, READERS[0], (("25.0", "12.0"), PARTIAL))
        read_baseline(world, READERS[1], "40.0", "20.0")
        end_course(world)
        assert kinds(world, READERS[0]) == ["global"]
        assert kinds(world, READERS[1]) == ["time_point"]


def test_the_charters_stop_at_progression_opens_it_though_visits_follow() -> None:
    world = make_session_study(**GLOBAL, stop_rules={"after_progression": "stop"})
    with scope(world.study):
        images_of(world, 2)
        for name in READERS:
            read_course(world, name, (("50.0", "25.0"), PROGRESS))
        run_jobs()
        assert open_of_kind(world, READERS[0], "global").state == "assigned"


def test_a_visit_that_is_added_takes_an_unsigned_review_back() -> None:
    world = make_session_study(**GLOBAL)
    with scope(world.study):
        course_read(world)
        end_course(world)
        task = open_of_kind(world, READERS[0], "global")
        begin(world, READERS[0], task)
        late = subject_services.add_unscheduled(
            world.subjects[0],
            label="Late visit",
            day=date(2027, 6, 1),
            reason="Symptoms",
            actor=world.actor("site_user"),
        )
        ready(world, late)
        run_jobs()
        task.refresh_from_db()
        assert task.state == "cancelled"
        assert task.sessions.get().state == "voided"
        assert kinds(world, READERS[0]) == ["time_point"]


# --- what may change ------------------------------------------------------------------------------


def test_it_begins_with_the_later_responses_as_signed_and_no_baseline() -> None:
    world = make_session_study(**GLOBAL)
    with scope(world.study):
        course_read(world)
        end_course(world)
        session = begin(world, READERS[0], open_of_kind(world, READERS[0], "global"))
        assert session.form_record.answers == {
            "course_recist11": {
                "rows": [
                    {"point": "TP2", "signed": "PR", "response": "PR"},
                    {"point": "TP3", "signed": "PD", "response": "PD"},
                ]
            }
        }
        seen = reading.look(session)
        assert [point.id for point in seen.points] == ["TP1", "TP2", "TP3"]


def test_a_change_needs_its_class_and_reason() -> None:
    world = make_session_study(**GLOBAL)
    with scope(world.study):
        course_read(world)
        end_course(world)
        session = begin(world, READERS[0], open_of_kind(world, READERS[0], "global"))
        rows = session.form_record.answers["course_recist11"]["rows"]
        rows = [{**rows[0], "response": "SD"}, rows[1]]
        save(world, READERS[0], session, {"course_recist11": {"rows": rows}})
        with pytest.raises(RuleBroken, match="2 answers are missing"):
            reading.review(session, actor=reader(world, READERS[0]))


def test_nobody_can_add_leave_out_or_rewrite_what_was_signed() -> None:
    world = make_session_study(**GLOBAL)
    with scope(world.study):
        course_read(world)
        end_course(world)
        session = begin(world, READERS[0], open_of_kind(world, READERS[0], "global"))
        forged = [
            {"point": "TP1", "signed": "SD", "response": "CR"},
            {"point": "TP3", "signed": "CR", "response": "CR"},
        ]
        save(world, READERS[0], session, {"course_recist11": {"rows": forged}})
        session.refresh_from_db()
        assert session.form_record.answers["course_recist11"]["rows"] == [
            {"point": "TP2", "signed": "PR", "response": "PR"},
            {"point": "TP3", "signed": "PD", "response": "CR"},
        ]


def test_the_result_follows_from_the_responses_that_then_count() -> None:
    """Table: PR then PD gives best response PR; with the PR changed to SD on day 56, SD."""
    world = make_session_study(**GLOBAL)
    with scope(world.study):
        course_read(world)
        end_course(world)
        first = global_review(world, READERS[0]).assessments.get()
        assert first.derived == {"best_overall_response": "PR", "progression": "TP3"}
        second = global_review(world, READERS[1], ("TP2", "SD"), ("TP3", "SD")).assessments.get()
        assert second.derived == {"best_overall_response": "SD", "progression": ""}
        assert second.entered == {"responses": {"TP2": "SD", "TP3": "SD"}}
        assert [
            (c["point"], c["signed"], c["response"], c["change_class"]) for c in second.trace
        ] == [("TP2", "PR", "SD", "LATER IMAGES"), ("TP3", "PD", "SD", "LATER IMAGES")]
        # what was signed at the time points stays as it was signed
        signed = reading.points_before(open_of_kind(world, READERS[1], "global"))
        assert [p.answers.get("response", {}).get("overall") for p in signed] == [None, "PR", "PD"]


def test_progression_of_irecist_dates_from_the_unconfirmed_one_that_was_confirmed() -> None:
    course = [
        Counted("TP2", 56, "iSD"),
        Counted("TP3", 112, "iUPD"),
        Counted("TP4", 147, "iCPD"),
    ]
    assert result_of("iRECIST", course).progression == "TP3"
    assert result_of("iRECIST", course).best_overall_response == "iSD"


# --- what counts ----------------------------------------------------------------------------------


def test_reviews_that_agree_are_accepted_for_the_subject() -> None:
    world = make_session_study(**GLOBAL)
    with scope(world.study):
        course_read(world)
        end_course(world)
        sessions = [global_review(world, name) for name in READERS]
        run_jobs()
        accepted = accepting.accepted_review(world.subjects[0], "global")
        assert accepted is not None
        assert accepted.session in sessions
        assert (accepted.session.task.stream.role, accepted.basis) == ("reader_1", "agreement")


def test_reviews_that_differ_stand_alone_where_the_charter_adjudicates_time_points() -> None:
    world = make_session_study(**GLOBAL)
    with scope(world.study):
        course_read(world)
        end_course(world)
        global_review(world, READERS[0])
        global_review(world, READERS[1], ("TP2", "SD"))
        run_jobs()
        assert not ReviewAcceptance.objects.exists()


def test_planning_twice_makes_one_review_for_each_reader() -> None:
    world = make_session_study(**GLOBAL)
    with scope(world.study):
        course_read(world)
        end_course(world)
        world.subjects[0].refresh_from_db()
        assert globalreview.plan(world.subjects[0], actor=world.actor("project_manager")) == []
        assert ReadTask.objects.filter(kind="global").count() == 2


def test_a_stable_course_has_no_progression() -> None:
    world = make_session_study(**GLOBAL)
    with scope(world.study):
        images_of(world, 2)
        for name in READERS:
            read_course(world, name, (("38.0", "20.0"), STABLE))
        run_jobs()
        end_course(world)
        result = global_review(world, READERS[0]).assessments.get()
        assert result.derived["progression"] == ""


def test_an_acceptance_that_a_roll_back_took_back_holds_nothing() -> None:
    world = make_session_study(**GLOBAL)
    with scope(world.study):
        course_read(world)
        for name in READERS:
            global_review(world, name)
        run_jobs()
        subject = world.subjects[0]
        held = accepting.accepted_review(subject, "global")
        assert held is not None
        ReviewAcceptance.objects.create(
            study=world.study,
            subject=subject,
            kind="global",
            session=held.session,
            basis="rolled_back",
        )
        assert accepting.accepted_review(subject, "global") is None


# --- watched --------------------------------------------------------------------------------------


def fired(world: StudyWorld) -> list[tuple[str, str]]:
    """Run every check over the first reader's stream; return what the global one says."""
    return [
        (found.check.id, found.message)
        for watched in watched_streams(world.study)
        if watched.stream.reader == world.users[READERS[0]]
        for found in run(watched.facts)
        if found.check.id == "GLOBAL_BEST_DIFFERS"
    ]


def test_a_check_finds_the_review_that_changed_the_best_response_and_no_other() -> None:
    """PR and PD were signed: best response PR. With TP2 as SD at day 28 the best becomes SD."""
    world = make_session_study(**GLOBAL)
    with scope(world.study):
        course_read(world)
        for name in READERS:
            changes = [("TP2", "SD")] if name == READERS[0] else []
            global_review(world, name, *changes)
        said = "RECIST11: best response SD in the global review, PR by the responses signed at the"
        assert fired(world) == [("GLOBAL_BEST_DIFFERS", f"{said} time points.")]
        assert "GLOBAL_BEST_DIFFERS" not in {
            found.check.id
            for watched in watched_streams(world.study)
            if watched.stream.reader == world.users[READERS[1]]
            for found in run(watched.facts)
        }
