"""What is still read after withdrawal and death, and when a sample becomes full review."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from audit.errors import ReasonRequired
from reads.design import design_from
from reads.models import ReadTask, SampleEscalation
from reads.services import planning, qualifying, reading, sampling, stopping
from studies.models import Subject
from studies.scoping import scope
from studies.services import subjects
from studies.workflows import SUBJECT
from tests.imaging.upload_world import make_imaging_study
from tests.reads.read_world import (
    BLINDING,
    DESIGN,
    READERS,
    logged_in,
    make_read_study,
    reader,
    run_jobs,
    task_of,
)
from tests.reads.session_world import PARTIAL, images_of, read_course
from tests.world import StudyWorld, _configure

pytestmark = pytest.mark.django_db

SINGLE: dict[str, Any] = {"readers_per_subject": 1, "adjudication": {}}
HALF: dict[str, Any] = {"percent": 50, "escalate_above_percent": 40}


def live(world: StudyWorld) -> set[str]:
    rows = ReadTask.objects.filter(stream__subject=world.subjects[0])
    return set(rows.values_list("state", flat=True))


def withdraw(world: StudyWorld) -> None:
    row = Subject.objects.get(pk=world.subjects[0].pk)
    SUBJECT.move(row, "withdraw", actor=world.actor("site_user"), reason="Consent withdrawn")
    run_jobs()


def die(world: StudyWorld) -> None:
    subjects.record_death(
        Subject.objects.get(pk=world.subjects[0].pk),
        day=date(2026, 11, 20),
        actor=world.actor("site_user"),
        reason="Reported by the family",
    )
    run_jobs()


@pytest.mark.parametrize("event", ["withdrawal", "death"])
def test_a_charter_that_stops_cancels_what_is_not_signed(event: str) -> None:
    world = make_read_study(stop_rules={f"after_{event}": "stop"})
    with scope(world.study):
        images_of(world, 1)
        reading.open_session(task_of(world, READERS[0]), actor=reader(world, READERS[0]))
        (withdraw if event == "withdrawal" else die)(world)
        assert live(world) == {"cancelled"}
        for session in ReadTask.objects.get(stream__reader=world.users[READERS[0]]).sessions.all():
            assert session.state == "voided"
        subject = Subject.objects.get(pk=world.subjects[0].pk)
        assert planning.plan_reads(subject, actor=world.actor("project_manager")) == []


@pytest.mark.parametrize("event", ["withdrawal", "death"])
def test_a_charter_that_reads_what_was_received_goes_on(event: str) -> None:
    world = make_read_study()
    with scope(world.study):
        images_of(world, 1)
        (withdraw if event == "withdrawal" else die)(world)
        assert live(world) == {"assigned"}


def test_a_death_is_recorded_once_with_its_reason() -> None:
    world = make_read_study()
    with scope(world.study):
        with pytest.raises(ReasonRequired):
            subjects.record_death(
                world.subjects[0], day=date(2026, 11, 20), actor=world.actor("site_user"), reason=""
            )
        die(world)
        assert stopping.has_died(world.subjects[0])


def halved() -> StudyWorld:
    """Return a study whose sample of 50 % holds the first subject and not the second."""
    world = make_imaging_study()
    with scope(world.study):
        for seed in map(str, range(1000)):
            document = DESIGN | SINGLE | {"sampling": {**HALF, "seed": seed}}
            drawn = [stopping.is_drawn(s, design_from(document)) for s in world.subjects[:2]]
            if drawn == [True, False]:
                break
        _configure(world, "blinding", "blinding", "Blinding B-1", BLINDING)
        _configure(world, "read_design", "design", "Read design", document)
        for name in READERS:
            qualifying.qualify(world.users[name], world.study, actor=world.actor("project_manager"))
    return world


def the_reader(world: StudyWorld) -> str:
    """Return the one who was drawn for the first subject."""
    task = ReadTask.objects.filter(stream__subject=world.subjects[0]).first()
    return next(name for name in READERS if world.users[name].pk == task.stream.reader_id)


def test_more_differences_than_the_charter_allows_turn_the_sample_into_full_review() -> None:
    """One subject in the sample and it differs: 100 % is more than 40 %."""
    world = halved()
    with scope(world.study):
        images_of(world, 2)
        read_course(world, the_reader(world), (("25.0", "12.0"), PARTIAL))
        run_jobs()
        images_of(world, 1, subject=1)
        assert not ReadTask.objects.filter(stream__subject=world.subjects[1]).exists()
        point = world.time_points(world.subjects[0])[1]
        sampling.record_local(point, "PD", actor=world.actor("site_user"))
        run_jobs()
        made = SampleEscalation.objects.get()
        assert (made.sample, made.different, made.above_percent) == (1, 1, 40)
        assert ReadTask.objects.filter(stream__subject=world.subjects[1]).exists()
    page = logged_in(world, "project_manager").get(reverse("site-answers", args=[world.study.code]))
    assert "Every subject is reviewed" in page.content.decode()


def test_the_same_result_keeps_the_sample() -> None:
    world = halved()
    with scope(world.study):
        images_of(world, 2)
        read_course(world, the_reader(world), (("25.0", "12.0"), PARTIAL))
        point = world.time_points(world.subjects[0])[1]
        sampling.record_local(point, "PR", actor=world.actor("site_user"))
        run_jobs()
        assert not SampleEscalation.objects.exists()


def test_a_site_corrects_its_result_with_a_reason_and_the_newest_counts() -> None:
    world = make_read_study()
    with scope(world.study):
        point = world.time_points(world.subjects[0])[1]
        site = world.actor("site_user")
        sampling.record_local(point, "PD", actor=site)
        with pytest.raises(ReasonRequired):
            sampling.record_local(point, "SD", actor=site)
        sampling.record_local(point, "SD", actor=site, reason="Typed in the wrong visit")
        found = sampling.local_result(point)
        assert found is not None and found.response == "SD"


@pytest.mark.parametrize(
    ("sample", "different", "percent", "exceeds"),
    [(10, 1, 10, False), (10, 2, 10, True), (0, 0, 1, False), (3, 1, 33, True)],
)
def test_more_than_a_percentage_of_the_sample_is_more_than_it(
    sample: int, different: int, percent: int, exceeds: bool
) -> None:
    assert sampling.Comparison(sample, different, different).exceeds(percent) is exceeds
