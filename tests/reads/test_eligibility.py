"""Eligibility reads: measurable disease, answered in hours, before enrolment (product Q1)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from audit import clock
from audit.errors import ReasonRequired, RuleBroken
from reads.models import EligibilityAnswer, ReadTask
from reads.services import eligibility, planning, reading
from reads.visibility import tasks_of_reader
from studies.models import Subject
from studies.scoping import scope
from studies.services import subjects
from studies.workflows import SUBJECT
from tests.reads.read_world import READERS, lesion, reader, ready, run_jobs, sign
from tests.reads.session_world import begin, make_session_study, save
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db

ELIGIBILITY: dict[str, Any] = {"sessions": {"eligibility": True}, "readers_per_subject": 1,
                               "adjudication": {}}  # fmt: skip


def screened(world: StudyWorld, code: str = "101-099") -> Subject:
    """Register a subject in screening and make its baseline ready to read."""
    site = world.subjects[0].study_site
    subject = subjects.register_subject(
        site,
        code=code,
        anchors={"enrolment": date(2026, 11, 2)},
        actor=world.actor("site_user"),
        source="site",
    )
    ready(world, subject.time_points.order_by("planned_date").first())
    run_jobs()
    world.subjects.append(subject)
    return subject


def task_of(subject: Subject) -> ReadTask:
    return ReadTask.objects.get(
        stream__subject=subject, kind="eligibility", stream__closed_reason=""
    )


def reader_of(world: StudyWorld, task: ReadTask) -> str:
    return next(name for name in READERS if world.users[name].pk == task.stream.reader_id)


def measured(size: str = "24.0", answer: str = "YES", **more: Any) -> dict[str, Any]:
    row = lesion("T01", size, **more)
    row.pop("state")
    return {
        "quality": {"overall": "ADEQUATE"},
        "target": {"lesions": [row]},
        "answer": {"recist11": answer},
    }


def answered(world: StudyWorld, subject: Subject, answers: dict[str, Any]) -> EligibilityAnswer:
    task = task_of(subject)
    name = reader_of(world, task)
    session = begin(world, name, task)
    save(world, name, session, answers)
    sign(world, name, session)
    run_jobs()
    found = eligibility.current_answer(subject)
    assert found is not None
    return found


def test_baseline_images_of_a_subject_in_screening_open_one_read_due_in_hours() -> None:
    world = make_session_study(**ELIGIBILITY)
    with scope(world.study):
        task = task_of(screened(world))
        assert task.stream.purpose == "eligibility"
        assert timedelta(hours=47) < task.due_at - clock.now() <= timedelta(hours=48)
        assert not ReadTask.objects.filter(stream__purpose="efficacy").exists()


def test_a_subject_is_not_enrolled_before_imaging_says_yes() -> None:
    world = make_session_study(**ELIGIBILITY)
    with scope(world.study):
        subject = screened(world)
        with pytest.raises(RuleBroken, match="imaging has not answered yet"):
            subjects.enrol(subject, actor=world.actor("site_user"))
        assert answered(world, subject, measured()).answer == "eligible"
        subjects.enrol(subject, actor=world.actor("site_user"))
        run_jobs()
        assert ReadTask.objects.filter(stream__purpose="efficacy").exists()


def test_a_subject_without_images_is_refused_with_what_to_do() -> None:
    world = make_session_study(**ELIGIBILITY)
    with scope(world.study):
        subject = subjects.register_subject(
            world.subjects[0].study_site,
            code="101-098",
            anchors={"enrolment": date(2026, 11, 2)},
            actor=world.actor("site_user"),
            source="site",
        )
        with pytest.raises(RuleBroken, match="Send them first"):
            subjects.enrol(subject, actor=world.actor("site_user"))


def test_no_measurable_disease_is_the_answer_and_refuses_enrolment() -> None:
    world = make_session_study(**ELIGIBILITY)
    with scope(world.study):
        subject = screened(world)
        answer = answered(
            world,
            subject,
            {"quality": {"overall": "ADEQUATE"}, "answer": {"recist11": "NO"}},
        )
        assert (answer.answer, answer.criteria) == ("not_eligible", {"RECIST11": "NO"})
        with pytest.raises(RuleBroken, match="no measurable disease"):
            subjects.enrol(subject, actor=world.actor("site_user"))


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (lesion("T01", "9.9"), "a lesion below 10 mm"),
        (lesion("T01", "22.0", organ="LYMPH NODE", short_axis="14.9"), "a node below 15 mm"),
    ],
)
def test_a_yes_needs_a_lesion_that_is_large_enough(row: dict[str, Any], why: str) -> None:
    world = make_session_study(**ELIGIBILITY)
    with scope(world.study):
        task = task_of(screened(world))
        name = reader_of(world, task)
        session = begin(world, name, task)
        row = {key: value for key, value in row.items() if key != "state"}
        save(world, name, session, {**measured(), "target": {"lesions": [row]}})
        with pytest.raises(RuleBroken, match="no listed lesion has 10 mm"):
            reading.review(session, actor=reader(world, name))


def test_its_reader_does_not_read_the_subject_for_efficacy() -> None:
    world = make_session_study(**ELIGIBILITY)
    with scope(world.study):
        subject = screened(world)
        task = task_of(subject)
        answered(world, subject, measured())
        subjects.enrol(subject, actor=world.actor("site_user"))
        run_jobs()
        efficacy = subject.streams.get(purpose="efficacy")
        assert efficacy.reader_id != task.stream.reader_id
        with pytest.raises(RuleBroken, match="another reader for efficacy"):
            from reads.services.drawing import named_readers
            from reads.services.qualifying import effective_design

            named_readers(subject, [task.stream.reader], *effective_design(world.study), "seed")


def test_more_images_are_asked_for_and_read_again_with_a_reason() -> None:
    world = make_session_study(**ELIGIBILITY)
    with scope(world.study):
        subject = screened(world)
        first = answered(
            world,
            subject,
            {
                "quality": {"overall": "NOT READABLE", "reason": ["COVERAGE"]},
                "answer": {"recist11": "CANNOT BE SAID"},
            },
        )
        assert first.answer == "more_images"
        manager = world.actor("project_manager")
        with pytest.raises(ReasonRequired):
            eligibility.ask_again(subject, actor=manager, reason=" ")
        eligibility.ask_again(subject, actor=manager, reason="The liver was sent")
        assert eligibility.current_answer(subject) is None
        assert answered(world, subject, measured()).answer == "eligible"
        assert EligibilityAnswer.objects.filter(subject=subject).count() == 2


def test_the_efficacy_reader_never_sees_the_eligibility_read() -> None:
    world = make_session_study(**ELIGIBILITY)
    with scope(world.study):
        subject = screened(world)
        task = task_of(subject)
        other = next(name for name in READERS if name != reader_of(world, task))
        assert not tasks_of_reader(reader(world, other)).filter(pk=task.pk).exists()


def test_an_enrolled_subject_gets_no_eligibility_read() -> None:
    world = make_session_study(**ELIGIBILITY)
    with scope(world.study):
        ready(world, world.time_points(world.subjects[0])[0])
        run_jobs()
        assert not ReadTask.objects.filter(kind="eligibility").exists()
        assert planning.plan_reads(world.subjects[0], actor=world.actor("project_manager")) == []
        assert SUBJECT["enrol"].guards


def test_a_charter_that_shows_all_time_points_together_still_reads_eligibility_at_once() -> None:
    world = make_session_study(**ELIGIBILITY, presentation="simultaneous")
    with scope(world.study):
        task = task_of(screened(world))
        held = tasks_of_reader(reader(world, reader_of(world, task)))
        assert list(held) == [task]
