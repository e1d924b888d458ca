"""What the charter decides happens: clocks, limits, stops, the sample, the presentation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from audit import clock
from audit.errors import Conflict
from reads.design import design_from
from reads.models import ReaderStream, ReadTask
from reads.services import reading
from reads.services.clocks import plan_for
from reads.services.stopping import is_drawn, is_in_sample, is_stopped
from reads.visibility import inbox, tasks_of_reader
from studies.scoping import scope
from tests.reads.read_world import (
    DESIGN,
    READERS,
    make_read_study,
    read_baseline,
    read_follow_up,
    reader,
    ready,
    run_jobs,
    task_of,
)
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db
PD = ("PD", "NON-CR/NON-PD", "PD")
FIRST = READERS[0]
#: the zone of the study
ZURICH = ZoneInfo("Europe/Zurich")


@contextmanager
def study(**design: Any) -> Iterator[StudyWorld]:
    world = make_read_study(**design)
    with scope(world.study):
        yield world


def get_ready(world: StudyWorld, *places: int, subject: int = 0) -> None:
    points = world.time_points(world.subjects[subject])
    for place in places:
        ready(world, points[place - 1])
    run_jobs()


def test_the_charter_sets_the_clock_of_a_read_and_is_named_with_it() -> None:
    with study(turnaround={"read_days": 3}) as world:
        get_ready(world, 1)
        task = task_of(world, FIRST)
        expected = plan_for(world.study).due("read", task.created_at)
        assert task.due_at == expected.at
        assert task.due_by == "Read design v1, calendar EU-2026"
        # Five business days of the plan hold for what the charter leaves open.
        by_plan = plan_for(world.study).due("adjudication", task.created_at)
        assert by_plan.by == "Project plan v1, calendar EU-2026"


def test_a_reader_signs_no_more_reads_a_day_than_the_charter_allows() -> None:
    with study(batches={"session_maximum": 1}) as world:
        get_ready(world, 1)
        get_ready(world, 1, subject=1)
        read_baseline(world, FIRST, "40.0", "20.0")
        second = task_of(world, FIRST, subject=1)
        with pytest.raises(Conflict, match="opens tomorrow") as caught:
            reading.open_session(second, actor=reader(world, FIRST))
        assert caught.value.rule == "RD-016"
        reading.open_session(
            task_of(world, READERS[1], subject=1), actor=reader(world, READERS[1])
        )  # the count is each reader's own
        with clock.shifted_to(clock.now() + timedelta(days=1)):
            assert reading.open_session(second, actor=reader(world, FIRST)).state == "open"


def test_a_read_that_was_begun_goes_on_beyond_the_limit() -> None:
    with study(batches={"session_maximum": 1}) as world:
        get_ready(world, 1)
        get_ready(world, 1, subject=1)
        second = task_of(world, FIRST, subject=1)
        begun = reading.open_session(second, actor=reader(world, FIRST))
        read_baseline(world, FIRST, "40.0", "20.0")
        assert reading.open_session(second, actor=reader(world, FIRST)).pk == begun.pk


def test_reads_open_batch_by_batch_in_the_readers_order() -> None:
    with study(batches={"size": 1}) as world:
        get_ready(world, 1)
        get_ready(world, 1, subject=1)
        first, second = inbox(reader(world, FIRST))
        with pytest.raises(Conflict, match="later batch") as caught:
            reading.open_session(second, actor=reader(world, FIRST))
        assert caught.value.rule == "RD-017"
        subject = world.subjects.index(first.stream.subject)
        read_baseline(world, FIRST, "40.0", "20.0", subject=subject)
        assert reading.open_session(second, actor=reader(world, FIRST)).state == "open"


@pytest.mark.parametrize(
    ("rule", "after_one", "after_two"),
    [("continue", True, True), ("stop_after_confirmed", True, False), ("stop", False, False)],
)
def test_time_points_after_progression_are_planned_by_the_stop_rule(
    rule: str, after_one: bool, after_two: bool
) -> None:
    with study(stop_rules={"after_progression": rule}, adjudication={"variables": []}) as world:
        get_ready(world, 1, 2)
        for name in READERS:
            read_baseline(world, name, "20.0", "20.0")
            read_follow_up(world, name, 2, ("40.0", "30.0"), PD)
        run_jobs()
        get_ready(world, 3)
        planned = ReadTask.objects.filter(sequence=3).count()
        assert planned == (2 if after_one else 0)
        if not after_one:
            return
        for name in READERS:
            read_follow_up(world, name, 3, ("60.0", "40.0"), PD)
        run_jobs()
        streams = ReaderStream.objects.filter(subject=world.subjects[0])
        stopped = {
            is_stopped(one, design_from(DESIGN | {"stop_rules": {"after_progression": rule}}))
            for one in streams
        }
        assert stopped == {not after_two}


def test_the_sample_follows_from_its_seed_and_has_about_the_wanted_size() -> None:
    def drawn(seed: str) -> list[bool]:
        design = design_from(DESIGN | {"sampling": {"percent": 30, "seed": seed}})
        return [is_drawn(Named(number), design) for number in range(2000)]  # type: ignore[arg-type]

    class Named:
        def __init__(self, number: int) -> None:
            self.pk = number

    assert drawn("a") == drawn("a")
    assert drawn("a") != drawn("b")
    # 2,000 draws at 30 %: 600 with a standard deviation of 20.5; five of them to each side.
    assert 497 < sum(drawn("a")) < 703


def test_a_subject_outside_the_sample_gets_no_readers() -> None:
    with study(sampling={"percent": 1, "seed": "never"}) as world:
        design = design_from(DESIGN | {"sampling": {"percent": 1, "seed": "never"}})
        outside = next(n for n, one in enumerate(world.subjects) if not is_in_sample(one, design))
        get_ready(world, 1, subject=outside)
        assert not ReaderStream.objects.filter(subject=world.subjects[outside]).exists()


def test_time_points_shown_together_exist_only_when_all_are_there() -> None:
    with study(presentation="simultaneous") as world:
        get_ready(world, 1, 2)
        actor = reader(world, FIRST)
        assert tasks_of_reader(actor).count() == 0
        get_ready(world, 3)
        assert sorted(t.sequence for t in tasks_of_reader(actor)) == [1, 2, 3]


def test_midnight_is_that_of_the_study() -> None:
    with study(batches={"session_maximum": 1}) as world:
        get_ready(world, 1)
        get_ready(world, 1, subject=1)
        # half an hour before the study's next day
        late = datetime.combine(clock.today() + timedelta(days=2), time(23, 30), ZURICH)
        with clock.shifted_to(late):
            read_baseline(world, FIRST, "40.0", "20.0")
        second = task_of(world, FIRST, subject=1)
        with clock.shifted_to(late + timedelta(minutes=40)):
            assert reading.open_session(second, actor=reader(world, FIRST)).state == "open"
