"""A charter that changes in the middle of a study, from a single read to double reads."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.permissions import Role
from accounts.signatures import signatures_of
from audit import clock
from audit.errors import Conflict, NotPermitted, ReasonRequired, RuleBroken
from audit.models import Event
from reads.models import Acceptance, AdjudicationCase, ReaderStream, ReadSession, ReadTask
from reads.services import amending, qualifying, reading
from reads.visibility import inbox, packages_of_reader
from studies.models import Configuration
from studies.scoping import scope
from studies.services import people, subjects
from tests.queries.query_world import logged_in
from tests.reads.read_world import (
    DESIGN,
    READERS,
    baseline_answers,
    fill,
    make_read_study,
    read_baseline,
    read_follow_up,
    reader,
    ready,
    run_jobs,
    sign,
    task_of,
)
from tests.world import BUILDER, StudyWorld, _configure, make_user

pytestmark = pytest.mark.django_db
SINGLE = {"readers_per_subject": 1, "adjudication": {"variables": []}}
WHY = "amendment 2: double reads with adjudication"


def desk(world: StudyWorld) -> Any:
    return world.actor("reviewer_operations")


def new_version(world: StudyWorld) -> Configuration:
    """Make double reads with adjudication effective."""
    return _configure(world, Configuration.Kind.READ_DESIGN, "design", "Read design", DESIGN)


def ten_more_readers(world: StudyWorld) -> list[str]:
    names = []
    for number in range(10):
        name = f"more_{number}"
        world.users[name] = make_user(name)
        people.grant_role(world.users[name], Role.CENTRAL_READER, study=world.study, actor=BUILDER)
        qualifying.qualify(world.users[name], world.study, actor=desk(world))
        names.append(name)
    return names


def pins() -> dict[object, tuple[object, ...]]:
    """Everything that a signed read is pinned to, and what its signature covers."""
    return {
        session.pk: (
            session.task.design_id,
            session.task.form_id,
            session.task.blinding_id,
            session.task.package_id,
            tuple(sorted(session.task.criteria.items())),
            session.signed_content()["answers"]["form"],
            tuple((s.signature.content_digest, s.valid) for s in signatures_of(session)),
        )
        for session in ReadSession.objects.filter(state__in=("signed", "final"))
    }


def test_twenty_single_reads_become_double_reads_and_nothing_signed_changes() -> None:
    world = make_read_study(**SINGLE)
    with scope(world.study):
        while len(world.subjects) < 20:
            world.subjects.append(another_subject(world))
        for subject in world.subjects:
            ready(world, world.time_points(subject)[0])
        run_jobs()
        for number in range(20):
            task = ReadTask.objects.get(stream__subject=world.subjects[number])
            name = next(n for n in READERS if world.users[n].pk == task.stream.reader_id)
            read_baseline(world, name, "40.0", "20.0", subject=number)
        run_jobs()
        before = pins()
        assert len(before) == 20

        second = new_version(world)
        ten_more_readers(world)
        for name in READERS:  # those who read so far are trained again
            qualifying.qualify(world.users[name], world.study, actor=desk(world))
        found = amending.impact(second)
        assert (found.signed, len(found.short), found.begun) == (20, 20, ())
        made, stayed = amending.complete_teams(world.study, actor=desk(world), reason=WHY)
        assert (made, stayed) == (20, [])
        assert amending.impact(second).short == ()
        for subject in world.subjects:
            ready(world, world.time_points(subject)[1])
        run_jobs()

        assert pins() == before
        new = ReadTask.objects.exclude(sessions__state__in=("signed", "final"))
        assert {task.design_id for task in new} == {second.pk}
        for subject in world.subjects:
            streams = ReaderStream.objects.filter(subject=subject, closed_reason="")
            assert len({s.reader_id for s in streams}) == 2
        # Twelve readers share the added work.
        assert len({t.stream.reader_id for t in new.filter(stream__role="reader_2")}) >= 10


def another_subject(world: StudyWorld) -> Any:
    made = subjects.register_subject(
        world.sites[0],
        code=f"{world.sites[0].number}-{900 + len(world.subjects)}",
        anchors={"enrolment": clock.today()},
        actor=BUILDER,
        source="site",
    )
    subjects.enrol(made, actor=BUILDER)
    return made


def test_a_subject_of_the_old_version_goes_on_with_two_readers_and_is_adjudicated() -> None:
    world = make_read_study(**SINGLE)
    with scope(world.study):
        ready(world, world.time_points(world.subjects[0])[0])
        run_jobs()
        first = ReadTask.objects.get()
        names = {world.users[name].pk: name for name in READERS}
        old = names[first.stream.reader_id]
        read_baseline(world, old, "40.0", "20.0")
        run_jobs()
        assert Acceptance.objects.get().basis == "single"
        new_version(world)
        for name in READERS:
            qualifying.qualify(world.users[name], world.study, actor=desk(world))
        added = amending.complete_team(world.subjects[0], actor=desk(world), reason=WHY)
        assert added is not None
        new = names[added.reader_id]
        assert new != old
        read_baseline(world, new, "40.0", "20.0")
        run_jobs()
        assert Acceptance.objects.get().basis == "single"  # what was accepted stays
        ready(world, world.time_points(world.subjects[0])[1])
        run_jobs()
        read_follow_up(world, old, 2, ("30.0", "15.0"), ("SD", "NON-CR/NON-PD", "SD"))
        read_follow_up(world, new, 2, ("25.0", "12.0"), ("PR", "NON-CR/NON-PD", "PR"))
        run_jobs()
        assert AdjudicationCase.objects.get().state == "pending"


def test_an_open_read_takes_over_the_new_version_only_by_a_reasoned_act() -> None:
    world = make_read_study()
    with scope(world.study):
        ready(world, world.time_points(world.subjects[0])[0])
        run_jobs()
        waiting, begun = task_of(world, READERS[0]), task_of(world, READERS[1])
        reading.open_session(begun, actor=reader(world, READERS[1]))
        first = waiting.design
        second = new_version(world)
        found = amending.impact(second)
        assert found.to_move == (waiting,)
        assert found.begun == (begun,)
        assert {one.pk for one in found.unqualified} == {world.users[n].pk for n in READERS}
        with pytest.raises(RuleBroken) as caught:
            amending.take_over(waiting, actor=desk(world), reason=WHY)
        assert caught.value.rule == "AM-002"
        for name in READERS:
            qualifying.qualify(world.users[name], world.study, actor=desk(world))
        with pytest.raises(ReasonRequired):
            amending.take_over(waiting, actor=desk(world), reason=" ")
        moved, stayed = amending.take_over_all([waiting, begun], actor=desk(world), reason=WHY)
        assert moved == 1
        assert stayed == [
            f"{begun.stream.label}: This read was begun; it ends with its own version."
        ]
        waiting.refresh_from_db()
        begun.refresh_from_db()
        assert (waiting.design, begun.design) == (second, first)
        kept = Event.objects.get(kind="readtask.amend")
        assert (kept.reason, kept.details["from"]) == (WHY, "Read design v1")
        with pytest.raises(Conflict):
            amending.take_over(begun, actor=desk(world), reason=WHY)


def test_who_is_not_qualified_has_an_empty_inbox_no_pictures_and_403_on_signing() -> None:
    world = make_read_study()
    with scope(world.study):
        ready(world, world.time_points(world.subjects[0])[0])
        run_jobs()
        name, actor = READERS[0], reader(world, READERS[0])
        task = task_of(world, name)
        session = reading.open_session(task, actor=actor)
        fill(world, name, session, baseline_answers("40.0", "20.0"))
        reading.review(session, actor=actor)
        qualifying.revoke_all(
            world.users[name], world.study, actor=desk(world), reason="new version, retraining"
        )
        assert list(inbox(actor)) == []
        assert list(packages_of_reader(actor)) == []
        with pytest.raises(NotPermitted) as caught:
            sign(world, name, session)
        assert (caught.value.status, caught.value.rule) == (403, "RD-003")
    client = logged_in(world, name)
    page = client.get("/reads/").content.decode()
    assert task.stream.label not in page
    assert "Not qualified" in page
    with scope(world.study):
        qualifying.qualify(world.users[name], world.study, actor=desk(world))
        assert [one.pk for one in inbox(actor)] == [task.pk]
        assert sign(world, name, session).state == "signed"
