"""One act makes the training study: documents, cases with a proposed key, readers who wait."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from accounts.signatures import prove
from audit import clock
from audit.actors import service
from audit.errors import NotPermitted, RuleBroken
from audit.models import Event
from exports import services as exports
from imaging.models import Preview
from reads import pictures
from reads.models import TrainingAttempt, TrainingCase, TrainingStudy
from reads.services import planning, schooling, training
from reads.services.schooling import Chosen
from studies.actors import actor_for
from studies.models import Configuration, Membership, Study, Subject, TimePoint
from studies.scoping import scope
from tests.reads.read_world import (
    READERS,
    logged_in,
    make_read_study,
    read_baseline,
    read_follow_up,
    ready,
    run_jobs,
)
from tests.reads.training_world import TRAINED, on_the_way
from tests.world import PASSWORD, StudyWorld

pytestmark = pytest.mark.django_db

STABLE = ("SD", "NON-CR/NON-PD", "SD")


def world_with_images(*, is_read: bool = False) -> StudyWorld:
    """A study with two visits of the first subject ready, read by both readers where wanted."""
    world = make_read_study(**TRAINED)
    with scope(world.study):
        for point in world.time_points(world.subjects[0])[:2]:
            ready(world, point)
        if is_read:
            run_jobs()
            for name in READERS:
                read_baseline(world, name, "40.0", "20.0")
                read_follow_up(world, name, 2, ("30.0", "15.0"), STABLE)
            run_jobs()
    return world


def visits(world: StudyWorld, count: int = 2) -> list[TimePoint]:
    return planning.time_points_to_read(world.subjects[0])[:count]


def made(world: StudyWorld, title: str = "Liver and lung") -> TrainingStudy:
    with scope(world.study):
        return schooling.make_training_study(
            world.study, [Chosen(title, visits(world))], actor=world.actor("scientific")
        )


def test_one_act_makes_a_study_with_the_same_documents_and_a_case() -> None:
    world = world_with_images()
    school = made(world)
    with scope(world.study):
        assert [one.is_same for one in training.matches(world.study, school.held_in)] == [True] * 3
        assert training.training_study_of(world.study) == school.held_in
        event = Event.objects.get(kind="training.make_study")
        assert event.details["cases"] == 1
    with scope(school.held_in):
        assert school.held_in.code == "ALPHA-TRAIN"
        case = TrainingCase.objects.get()
        assert (case.state, case.title) == ("draft", "Liver and lung")
        points = planning.time_points_to_read(case.subject)
        assert [point.state for point in points] == ["ready", "ready"]
    roles = set(Membership.objects.filter(study=school.held_in).values_list("role", flat=True))
    assert "scientific" in roles
    assert not roles & {"sponsor", "site_user", "central_reader", "adjudicator"}


def test_a_case_shows_the_pictures_of_the_visits_and_nothing_that_names_them() -> None:
    world = world_with_images()
    origin = visits(world)
    school = made(world)
    with scope(school.held_in):
        case = TrainingCase.objects.get()
        points = planning.time_points_to_read(case.subject)
        assert case.made_from["time_points"] == [str(point.pk) for point in origin]
        for old, new in zip(origin, points, strict=True):
            package = new.packages.get(state="released")
            shown = pictures.series_of(package)
            assert len(shown) == 1
            series = shown[0].entry.series
            assert series.description == ""
            assert set(series.facts) <= {"slice_thickness_mm"}
            rows = Preview.objects.order_by("window")
            before = list(rows.filter(series__package_entries__package__time_point=old))
            after = list(rows.filter(series=series))
            assert [(p.window, p.objects_sha256) for p in after] == [
                (p.window, p.objects_sha256) for p in before
            ]
            known = {str(one[0]) for shown in before for one in shown.slices}
            assert known
            assert not known & {str(one[0]) for shown in after for one in shown.slices}
        between = [(b.order_date - a.order_date).days for a, b in (origin, points)]
        assert between[0] == between[1]
        assert case.subject.code == "CASE-01"


def test_the_key_is_proposed_from_the_accepted_read_and_waits_for_a_signature() -> None:
    world = world_with_images(is_read=True)
    school = made(world)
    with scope(school.held_in):
        case = TrainingCase.objects.get()
        first = {item["place"]: item for item in case.key["1"]}
        second = {item["place"]: item for item in case.key["2"]}
        assert first["target.lesions#"]["value"] == "2"
        assert (first["target.sum"]["value"], first["target.sum"]["tolerance"]) == ("60.0", "6.0")
        assert second["RECIST11:overall_response"]["value"] == "SD"
        assert all(item["clause"] for item in (*first.values(), *second.values()))
    with scope(world.study):
        assert training.cases_for(world.study) == []


def test_readers_at_their_test_cases_get_the_case_once_the_key_is_approved() -> None:
    world = world_with_images(is_read=True)
    on_the_way(world)
    school = made(world)
    user = world.users["scientific"]
    with scope(school.held_in):
        assert not TrainingAttempt.objects.exists()
        actor = actor_for(user, school.held_in)
        assert actor is not None
        case = training.approve_case(
            TrainingCase.objects.get(),
            actor=actor,
            assent=prove(
                user, actor, password=PASSWORD, meaning="approval", statement="I sign: approval."
            ),
        )
        assert schooling.give_to_waiting(case) == 1
        attempt = TrainingAttempt.objects.get()
        assert attempt.reader == world.users[READERS[0]]
        assert attempt.stream.tasks.count() == 2
        assert schooling.give_to_waiting(case) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: [], "at least one case"),
        (lambda w: [Chosen("", visits(w))], "needs a title"),
        (lambda w: [Chosen("Late", visits(w)[1:])], "begin at baseline"),
        (lambda w: [Chosen("All", visits(w, 3))], "has no released images"),
    ],
)
def test_what_cannot_be_a_case_is_refused_and_nothing_is_made(change: Any, words: str) -> None:
    world = world_with_images()
    with scope(world.study), pytest.raises(RuleBroken, match=words):
        schooling.make_training_study(world.study, change(world), actor=world.actor("scientific"))
    assert not Study.objects.filter(code="ALPHA-TRAIN").exists()


def test_there_is_one_training_study_and_only_a_scientist_makes_it() -> None:
    world = world_with_images()
    with scope(world.study), pytest.raises(NotPermitted):
        schooling.make_training_study(
            world.study, [Chosen("x", visits(world))], actor=world.actor("reviewer_operations")
        )
    made(world)
    with pytest.raises(RuleBroken, match="has its training study"):
        made(world, "again")


def test_the_page_offers_subjects_with_images_and_makes_the_study() -> None:
    world = world_with_images()
    client = logged_in(world, "scientific")
    url = reverse("training-make", args=["ALPHA"])
    page = client.get(url).content.decode()
    subject = Subject._base_manager.get(pk=world.subjects[0].pk)
    assert subject.code in page
    assert world.subjects[1].code not in page  # it has no released images
    pk = str(subject.pk)
    # Who looks for another subject keeps what was ticked.
    ticked = {"subject": [pk], f"title.{pk}": "Liver", f"visits.{pk}": "2"}
    (row,) = client.post(url, {**ticked, "q": "no such code", "find": "1"}).context["rows"]
    assert (row["subject"], row["is_ticked"], row["title"]) == (subject, True, "Liver")
    refused = client.post(url, {"subject": [pk], f"title.{pk}": "", f"visits.{pk}": "2"})
    assert refused.status_code == 422
    assert "Each case needs a title" in refused.content.decode()
    done = client.post(url, {"subject": [pk], f"title.{pk}": "Liver", f"visits.{pk}": "2"})
    assert done["Location"] == reverse("training", args=["ALPHA-TRAIN"])
    assert "ALPHA-TRAIN" in client.get(url).content.decode()
    assert "Liver" in client.get(done["Location"]).content.decode()


def test_no_data_cut_is_planned_in_a_training_study() -> None:
    world = world_with_images()
    school = made(world)
    with scope(school.held_in), pytest.raises(RuleBroken, match="Readers are trained"):
        exports.plan_cut(
            school.held_in, title="Cut", cut_off=clock.today(), planned_for=clock.today(),
            actor=service("test", study_id=school.held_in.pk),
        )  # fmt: skip


def test_a_document_is_taken_over_only_where_it_is_signed_elsewhere() -> None:
    world = world_with_images()
    school = made(world)
    with scope(school.held_in):
        held = Configuration.objects.get(kind="read_design", state="effective")
        assert held.title
    with scope(world.study):
        origin = Configuration.objects.get(kind="read_design", state="effective")
        assert origin.digest == held.digest
