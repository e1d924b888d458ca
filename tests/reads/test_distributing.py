"""Automatic assignment of many subjects: the rules hold in the rows that were written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Notice
from accounts.permissions import Role
from audit import bulk, clock, jobs
from audit.actors import acting, service
from audit.errors import IllegalStep, NoActor, NotPermitted, RuleBroken, UntrackedWrite
from audit.models import Event, Job
from audit.states import DirectStateWrite
from reads.models import Reader, ReaderStream, ReadTask
from reads.services import distributing, qualifying, register
from reads.workflows import READ_SESSION, READ_TASK
from studies.models import Organisation
from studies.scoping import scope
from studies.services import people, subjects
from tests.reads.read_world import READERS, logged_in, make_read_study, ready, run_jobs
from tests.rolled_back import rolled_back
from tests.world import BUILDER, StudyWorld, make_user

NAMES = (*READERS, "reader_3", "reader_4")
VALUES = {"specialty": "Radiology", "country": "se", "per_day": 1}


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[StudyWorld]:
    """Six subjects of two sites with two time points each to read, four qualified readers."""
    with django_db_blocker.unblock(), rolled_back():
        made = make_read_study()
        with scope(made.study):
            for name in NAMES[2:]:
                user = made.users[name] = make_user(f"alpha_{name}")
                people.grant_role(user, Role.CENTRAL_READER, study=made.study, actor=BUILDER)
                qualifying.qualify(user, made.study, actor=desk(made))
            for number in range(3, 7):
                site = made.sites[number % 2]
                row = subjects.register_subject(
                    site,
                    code=f"{site.number}-{number:03d}",
                    anchors={"enrolment": clock.today()},
                    actor=BUILDER,
                    source="site",
                )
                subjects.enrol(row, actor=BUILDER)
                made.subjects.append(row)
            for subject in made.subjects:
                for point in made.time_points(subject)[:2]:
                    ready(made, point)
            yield made


def desk(world: StudyWorld) -> Any:
    return world.actor("reviewer_operations")


def enter(world: StudyWorld, name: str, per_week: int, sites: frozenset[int] = frozenset()) -> None:
    one = register.enter(world.users[name], VALUES | {"per_week": per_week}, actor=desk(world))
    for place in sites:
        register.declare_conflict(
            one, "investigator", site=world.sites[place].site, actor=desk(world)
        )


def rows_of(world: StudyWorld) -> list[tuple[str, str, str, int]]:
    """Return subject, role, reader and number of reads of every stream."""
    return sorted(
        (s.subject.code, s.role, s.reader.email, s.tasks.count())
        for s in ReaderStream.objects.select_related("subject", "reader")
    )


# --- what must never happen, in the rows ----------------------------------------------------------


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.tuples(*[st.integers(1, 6)] * len(NAMES)),
    st.tuples(*[st.frozensets(st.integers(0, 1), max_size=1)] * len(NAMES)),
    st.text("abcdef0123456789", min_size=1, max_size=8),
)
def test_no_conflict_no_double_role_and_no_more_than_the_capacity_is_ever_written(
    world: StudyWorld, per_week: tuple[int, ...], conflicts: tuple[frozenset[int], ...], seed: str
) -> None:
    """Room is two weeks' reads: the plan gives seven business days."""
    with rolled_back(), scope(world.study):
        for name, number, sites in zip(NAMES, per_week, conflicts, strict=True):
            enter(world, name, number, sites)
        made = distributing.assign_all(world.study, actor=desk(world), seed=seed)
        written = rows_of(world)
        assert made.subjects + len(made.refused) == 6
        assert made.reads == sum(row[3] for row in written) == ReadTask.objects.count()
        by_subject: dict[str, list[str]] = {}
        load: Counter[str] = Counter()
        for code, _, reader, reads in written:
            by_subject.setdefault(code, []).append(reader)
            load[reader] += reads
        assert all(len(team) == len(set(team)) == 2 for team in by_subject.values())
        for name, number, sites in zip(NAMES, per_week, conflicts, strict=True):
            email = world.users[name].email
            assert load[email] <= number * 2
            barred = {world.sites[place].number for place in sites}
            assert not [r for r in written if r[2] == email and r[0].split("-")[0] in barred]


def test_the_same_seed_writes_the_same_rows_and_is_kept_with_each(world: StudyWorld) -> None:
    found = []
    for _ in range(2):
        with rolled_back(), scope(world.study):
            distributing.assign_all(world.study, actor=desk(world), seed="s1")
            assert set(ReaderStream.objects.values_list("order_seed", flat=True)) == {"s1"}
            labels = sorted(ReaderStream.objects.values_list("label", "order_index"))
            found.append((rows_of(world), labels))
    assert found[0] == found[1]


def test_rows_written_together_have_the_history_and_events_of_rows_written_alone(
    world: StudyWorld,
) -> None:
    with rolled_back(), scope(world.study):
        made = distributing.assign_all(world.study, actor=desk(world), seed="s1")
        assert (made.subjects, made.reads, dict(made.refused)) == (6, 24, {})
        task = ReadTask.objects.select_related("stream").first()
        assert task is not None
        versions = task.history.order_by("history_id")
        assert [(v.history_type, v.state) for v in versions] == [
            ("+", "planned"),
            ("~", "assigned"),
        ]
        assert {v.history_actor for v in versions} == {"Alpha Reviewer Operations"}
        assert {v.history_role for v in versions} == {"reviewer_operations"}
        event = Event.objects.get(kind="readtask.assign", object_id=str(task.pk))
        assert event.details == {"from": "planned", "to": "assigned"}
        assert event.object_label == str(task)
        assert event.actor_login == world.users["reviewer_operations"].email
        assert Event.objects.filter(kind="readtask.assign").count() == 24
        assert Event.objects.filter(kind="subject.assign_readers").count() == 6
        assert (
            task.due_by == "Read design v1, calendar EU-2026" or "calendar EU-2026" in task.due_by
        )
        # The next act on such a row goes through the gateway as on any other.
        READ_TASK.move(task, "hold", actor=desk(world), reason="images are checked")
        assert distributing.assign_all(world.study, actor=desk(world)).subjects == 0


def test_only_readers_of_the_area_are_drawn_where_one_is_asked_for(world: StudyWorld) -> None:
    with rolled_back(), scope(world.study):
        for name in NAMES:
            areas = ["oncology"] if name in NAMES[:2] else ["neurology"]
            register.enter(
                world.users[name],
                VALUES | {"per_week": 50, "therapeutic_areas": areas},
                actor=desk(world),
            )
        made = distributing.assign_all(world.study, actor=desk(world), seed="s", area="Oncology")
        assert made.subjects == 6
        drawn = {row[2] for row in rows_of(world)}
        assert drawn == {world.users[name].email for name in NAMES[:2]}


def test_each_reader_gets_one_message_however_many_reads(world: StudyWorld) -> None:
    with rolled_back(), scope(world.study):
        distributing.assign_all(world.study, actor=desk(world), seed="s1")
        mail.outbox.clear()
        for row in Job.objects.filter(kind="projects.notify", state="pending"):
            jobs.run(str(row.pk))
        told = Notice.objects.filter(kind="readtask.assign").values_list("user__email", flat=True)
        assert sorted(told) == sorted(world.users[name].email for name in NAMES)
        assert len(mail.outbox) == len(NAMES)


def test_pairs_are_balanced_over_the_rows(world: StudyWorld) -> None:
    with rolled_back(), scope(world.study):
        distributing.assign_all(world.study, actor=desk(world), seed="s1")
        teams: dict[Any, set[Any]] = {}
        for stream in ReaderStream.objects.all():
            teams.setdefault(stream.subject_id, set()).add(stream.reader_id)
        pairs = Counter(frozenset(team) for team in teams.values())
        assert max(pairs.values()) <= 2  # six subjects over six possible pairs


def test_only_who_manages_reads_assigns_and_never_in_a_study_without_readers(
    world: StudyWorld,
) -> None:
    with rolled_back(), scope(world.study):
        with pytest.raises(NotPermitted):
            distributing.assign_all(world.study, actor=world.actor("image_operations"))
        for name in NAMES[1:]:
            qualifying.revoke_all(
                world.users[name], world.study, actor=desk(world), reason="retraining"
            )
        with pytest.raises(RuleBroken, match="needs 2 qualified readers; there are 1"):
            distributing.assign_all(world.study, actor=desk(world))


def test_the_page_shows_who_waits_draws_and_shows_the_pairs(world: StudyWorld) -> None:
    with rolled_back():
        client = logged_in(world, "reviewer_operations")
        here = reverse("reader-assignment", args=["ALPHA"])
        page = client.get(here).content.decode()
        assert world.subjects[0].code in page
        assert "not in the register" in page
        answer = client.post(
            reverse("reader-assign-all", args=["ALPHA"]), {"seed": "s1"}, follow=True
        ).content.decode()
        assert "6 subjects have their readers, with 24 reads. Seed of the draw: s1." in answer
        assert "No subject waits for readers" in answer
        assert "Alpha Central Reader + " in answer


# --- the bulk door of tracked rows ----------------------------------------------------------------


def new_organisation(name: str = "Norvane Two") -> Organisation:
    return Organisation(name=name, kind="sponsor")


def test_the_bulk_door_asks_who_acts_and_takes_new_rows_of_one_kind_only(
    world: StudyWorld,
) -> None:
    with rolled_back(), scope(world.study):
        with pytest.raises(NoActor):
            bulk.insert([new_organisation()])
        with acting(BUILDER):
            row = new_organisation()
            row.save()
            with pytest.raises(UntrackedWrite):
                bulk.insert([row])
            with pytest.raises(UntrackedWrite):
                bulk.insert([new_organisation("A"), Reader(user=world.users[NAMES[0]])])
            task = ReadTask(study=world.study)
            task.state = "signed"
            with pytest.raises(DirectStateWrite):
                bulk.insert([task])
            made = [new_organisation("B"), new_organisation("C")]
            bulk.insert(made)
        assert [row.history.get().name for row in made] == ["B", "C"]


def test_the_first_step_of_many_is_taken_by_its_right_and_only_from_the_beginning(
    world: StudyWorld,
) -> None:
    with rolled_back(), scope(world.study):
        tasks = [ReadTask(study=world.study)]
        with pytest.raises(IllegalStep):
            bulk.insert_and_move(READ_TASK, tasks, "accept", actor=service("Read desk"))
        with pytest.raises(UntrackedWrite, match="one by one"):
            bulk.insert_and_move(READ_TASK, tasks, "hold", actor=desk(world))
        with pytest.raises(UntrackedWrite, match="one by one"):
            bulk.insert_and_move(READ_SESSION, tasks, "sign", actor=desk(world))
        operations = world.actor("image_operations")
        with pytest.raises(NotPermitted):
            bulk.insert_and_move(READ_TASK, tasks, "assign", actor=operations)
        elsewhere = replace(desk(world), study_id=uuid4())
        with pytest.raises(NotPermitted):
            bulk.insert_and_move(READ_TASK, tasks, "assign", actor=elsewhere)


def test_single_subjects_are_planned_as_before(world: StudyWorld) -> None:
    with rolled_back(), scope(world.study):
        run_jobs()
        assert ReadTask.objects.count() == 24
