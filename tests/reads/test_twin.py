"""The UAT twin: made by one action, marked on every page, and nothing crosses."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from audit import clock, jobs
from audit.actors import acting
from audit.errors import NotPermitted, RuleBroken
from audit.models import Job
from exports.services import plan_cut
from reads.models import ReadTask
from reads.services import twinning
from studies.actors import actor_for
from studies.models import Configuration, Study, Subject, TimePoint
from studies.scoping import scope
from studies.services import people
from tests.queries.query_world import logged_in
from tests.reads.read_world import make_read_study
from tests.remembering import remembered
from tests.world import BUILDER, StudyWorld

pytestmark = pytest.mark.django_db


@remembered
def make_twins() -> tuple[StudyWorld, Study]:
    world = make_read_study("ALPHA")
    with scope(world.study):
        made = twinning.make_twin(world.study, actor=world.actor("scientific"))
    row = Job.objects.get(kind=twinning.JOB)
    assert jobs.run(str(row.pk)) == "done", row.error
    return world, made


@pytest.fixture
def both() -> tuple[StudyWorld, Study]:
    return make_twins()


@pytest.fixture
def world(both: tuple[StudyWorld, Study]) -> StudyWorld:
    return both[0]


@pytest.fixture
def twin(both: tuple[StudyWorld, Study]) -> Study:
    """The twin with its subjects."""
    return both[1]


def test_one_action_makes_a_study_with_the_same_design_and_invented_subjects(
    world: StudyWorld, twin: Study
) -> None:
    assert (twin.code, twin.uat_twin_of, twin.state) == ("ALPHA-UAT", world.study, "conduct")
    held = {}
    for study in (world.study, twin):
        with scope(study):
            rows = Configuration.objects.filter(state="effective")
            held[study.pk] = {(one.kind, one.key, one.digest) for one in rows}
    assert held[twin.pk] == held[world.study.pk]
    with scope(twin):
        assert sorted(Subject.objects.values_list("code", flat=True)) == ["901-001", "901-002"]
        assert set(TimePoint.objects.values_list("state", flat=True)) == {"ready"}
        assert ReadTask.objects.count() == 2 * 2 * 3


def test_a_reader_tries_a_read_of_an_invented_subject_with_pictures(
    world: StudyWorld, twin: Study
) -> None:
    client = logged_in(world, "central_reader")
    with scope(twin):
        task = ReadTask.objects.filter(
            stream__reader=world.users["central_reader"], sequence=1
        ).first()
        assert task is not None
    stacks = client.get(reverse("read-stacks", args=[twin.code, task.pk])).json()
    slices = stacks["panes"][0]["stack"]["windows"]["soft"]["slices"]
    assert len(slices) == twinning.SLICES
    assert client.get(slices[0])["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize("name", ["charter", "ecrf-list", "configuration-list", "subject-list"])
def test_every_page_of_the_twin_says_that_it_is_one(
    world: StudyWorld, twin: Study, name: str
) -> None:
    client = logged_in(world, "scientific")
    marked = client.get(reverse(name, args=[twin.code])).content.decode()
    assert "UAT twin ALPHA-UAT." in marked
    plain = client.get(reverse(name, args=["ALPHA"])).content.decode()
    assert "data-uat-twin" not in plain


def test_the_reading_room_of_the_twin_is_marked_as_well(world: StudyWorld, twin: Study) -> None:
    client = logged_in(world, "central_reader")
    with scope(twin):
        task = ReadTask.objects.filter(
            stream__reader=world.users["central_reader"], sequence=1
        ).first()
        assert task is not None
    page = client.get(reverse("read-page", args=[twin.code, task.pk])).content.decode()
    assert "UAT twin ALPHA-UAT." in page


def test_no_data_cut_is_planned_in_a_twin(world: StudyWorld, twin: Study) -> None:
    actor = actor_for(world.users["data_manager"], twin)
    assert actor is not None
    today = clock.today()
    with scope(twin), pytest.raises(RuleBroken, match="no data leave it"):
        plan_cut(twin, title="Cut", cut_off=today, planned_for=today + timedelta(days=1),
                 actor=actor)  # fmt: skip


def test_nobody_is_mailed_from_a_twin(world: StudyWorld, twin: Study) -> None:
    mail.outbox.clear()
    waiting = Job.objects.filter(study_id=twin.pk, kind="projects.notify")
    assert waiting.exists()
    for row in waiting:
        assert jobs.run(str(row.pk)) == "done"
    assert mail.outbox == []
    with scope(twin), pytest.raises(RuleBroken, match="nobody is invited here"):
        people.invite(
            email="a@example.org",
            printed_name="A",
            organisation="B",
            role="scientific",
            study=twin,
            actor=BUILDER,
        )


def test_the_database_lets_no_row_of_the_twin_hang_on_a_row_of_the_study(
    world: StudyWorld, twin: Study
) -> None:
    with scope(twin):
        point = TimePoint.objects.first()
        assert point is not None
    with pytest.raises(IntegrityError), transaction.atomic(), acting(BUILDER):
        point.subject = world.subjects[0]
        point.save()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_sponsor_and_sites_are_not_in_the_twin(world: StudyWorld, twin: Study) -> None:
    assert actor_for(world.users["sponsor"], twin) is None
    assert actor_for(world.users["site_user"], twin) is None
    page = logged_in(world, "sponsor").get(reverse("charter", args=[twin.code]))
    assert page.status_code == 404


def test_a_twin_follows_its_study_when_it_is_brought_up_to_date(
    world: StudyWorld, twin: Study
) -> None:
    from reads.services import charters
    from studies.services.configuration import revise

    actor = world.actor("scientific")
    with scope(world.study):
        held = Configuration.objects.get(kind="read_design", state="effective")
        draft = charters.start_from_version(held, actor=actor)
        changed = {**draft.document, "turnaround": {"read_days": 6}}
        draft = revise(draft, changed, seen_digest=draft.digest, actor=actor)
        in_twin = actor_for(world.users["scientific"], twin)
        assert in_twin is not None
        assert twinning.bring_up_to_date(twin, actor=in_twin) == 1
    with scope(twin):
        made = Configuration.objects.get(kind="read_design", state="effective")
        assert (made.version, made.digest) == (2, draft.digest)
    with scope(world.study):
        assert Configuration.objects.get(pk=held.pk).state == "effective"


def test_a_twin_that_is_furnished_twice_has_its_subjects_once(
    world: StudyWorld, twin: Study
) -> None:
    with scope(twin):
        before = (Subject.objects.count(), ReadTask.objects.count())
    assert twinning.furnish(twin) == 0
    with scope(twin):
        assert (Subject.objects.count(), ReadTask.objects.count()) == before


def test_a_second_twin_and_a_twin_of_a_twin_are_refused(world: StudyWorld, twin: Study) -> None:
    actor = world.actor("scientific")
    with scope(world.study), pytest.raises(RuleBroken, match="has a twin already"):
        twinning.make_twin(world.study, actor=actor)
    with scope(twin), pytest.raises(RuleBroken, match="no twin of its own"):
        twinning.make_twin(twin, actor=actor)
    with scope(world.study), pytest.raises(NotPermitted):
        twinning.make_twin(world.study, actor=world.actor("data_manager"))


def test_a_version_is_taken_over_unsigned_in_a_twin_only(world: StudyWorld) -> None:
    from audit.actors import service
    from reads.services import charters
    from studies.workflows import CONFIGURATION

    with scope(world.study):
        held = Configuration.objects.get(kind="read_design", state="effective")
        draft = charters.start_from_version(held, actor=world.actor("scientific"))
        with pytest.raises(RuleBroken, match="Only a UAT twin"):
            CONFIGURATION.move(draft, "take_over", actor=service("x"), reason="y")
