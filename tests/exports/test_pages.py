"""Pages of data cuts: from the plan to the receipt, and what recipients may not see."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.permissions import PERMISSIONS
from audit import clock, jobs
from audit.models import Event, Job
from exports.models import DataCut
from studies.scoping import scope
from tests.counting import counted
from tests.exports.cut_world import (
    FILES,
    REASON,
    cleaned,
    content,
    generated,
    make_cut_study,
    released,
)
from tests.queries.query_world import CONFIRM, ask, logged_in
from tests.world import PASSWORD, StudyWorld, make_study

pytestmark = pytest.mark.django_db
LIST = "/s/ALPHA/cuts/"


@pytest.fixture
def world() -> StudyWorld:
    return make_cut_study(reads=False)


def of(cut: DataCut, name: str = "cut-page", *more: str) -> str:
    return reverse(name, args=["ALPHA", cut.pk, *more])


def made(world: StudyWorld, how: Any, *title: str) -> DataCut:
    with scope(world.study):
        return how(world, *title)


def test_data_management_takes_a_cut_from_plan_to_release(world: StudyWorld) -> None:
    with scope(world.study):
        query = ask(world, requests=[CONFIRM])
    client = logged_in(world, "data_manager")
    day = clock.today(world.study.time_zone)
    form = {"title": "Safety cut 1", "cut_off": day.isoformat(), "planned_for": "soon"}
    refused = client.post(reverse("cut-plan", args=["ALPHA"]), form)
    assert refused.status_code == 422
    assert "Give the date of the delivery" in refused.content.decode()
    form["planned_for"] = (day - timedelta(days=1)).isoformat()
    refused = client.post(reverse("cut-plan", args=["ALPHA"]), form)
    assert "The delivery cannot lie before the cut-off date." in refused.content.decode()
    form["planned_for"] = (day + timedelta(days=7)).isoformat()
    planned = client.post(reverse("cut-plan", args=["ALPHA"]), form)
    with scope(world.study):
        cut = DataCut.objects.get()
    assert planned["Location"] == of(cut)
    assert client.post(of(cut, "cut-cleaning")).status_code == 302
    page = client.get(of(cut)).content.decode()
    assert reverse("query-page", args=["ALPHA", query.pk]) in page

    refused = client.post(of(cut, "cut-freeze"), {"words": ""})
    assert refused.status_code == 422
    assert "1 open item. Say why" in refused.content.decode()
    assert client.post(of(cut, "cut-freeze"), {"words": REASON}).status_code == 302
    assert "making the files" in client.get(of(cut)).content.decode()
    assert client.get(of(cut, "cut-job")).status_code == 200
    assert jobs.run(str(Job.objects.get(kind="exports.generate").pk)) == "done"
    assert client.get(of(cut, "cut-job"))["HX-Refresh"] == "true"

    page = client.get(of(cut))
    assert {file["row"].name for file in page.context["files"]} == FILES
    hidden = dict(page.context["sign"].hidden)
    refused = client.post(of(cut, "cut-release"), {**hidden, "password": "wrong"})
    assert refused.status_code == 422
    assert "The password is not right." in refused.content.decode()
    client.post(of(cut, "cut-release"), {**hidden, "password": PASSWORD})
    cut.refresh_from_db()
    assert cut.state == "released"
    page = client.get(of(cut)).content.decode()
    assert "I release this data cut for delivery." in page
    client.post(of(cut, "cut-verify"))
    assert "Made again, bytes identical" in client.get(of(cut)).content.decode()


def test_the_sponsor_sees_dates_only_until_the_release_then_takes_and_signs(
    world: StudyWorld,
) -> None:
    with scope(world.study):
        ask(world, requests=[CONFIRM])
    cut = made(world, generated)
    sponsor = logged_in(world, "sponsor")
    page = sponsor.get(of(cut)).content.decode()
    assert "You can take them once data management has released the cut" in page
    for secret in ("tu.csv", "101-001", "Q-0001", cut.manifest_digest):
        assert secret not in page
    assert sponsor.get(of(cut, "cut-file", "tu.csv")).status_code == 403
    for name in ("cut-freeze", "cut-release", "cut-cleaning", "cut-verify"):
        assert sponsor.post(of(cut, name), {"password": PASSWORD}).status_code == 403
    assert not Event.objects.filter(kind="datacut.download").exists()

    with scope(world.study):
        from exports.services import release

        release(
            cut,
            actor=world.actor("data_manager"),
            assent=world.assent("data_manager", "release"),
        )
    page = sponsor.get(of(cut))
    assert "manifest.json" in page.content.decode()
    for name in ("central_reader", "central_reader_2", "adjudicator"):
        assert world.users[name].printed_name not in page.content.decode()
    taken = sponsor.get(of(cut, "cut-file", "manifest.json"))
    sent = b"".join(taken.streaming_content)
    assert hashlib.sha256(sent).hexdigest() == cut.manifest_digest
    assert taken["Content-Disposition"] == 'attachment; filename="manifest.json"'
    assert taken["X-Content-Type-Options"] == "nosniff"
    assert taken["Cache-Control"] == "private, no-store"
    assert int(taken["Content-Length"]) == len(sent)
    assert sponsor.get(of(cut, "cut-file", "no-such.csv")).status_code == 404
    event = Event.objects.get(kind="datacut.download")
    assert (event.actor_role, event.details["file"]) == ("sponsor", "manifest.json")
    hidden = dict(page.context["sign"].hidden)
    sponsor.post(of(cut, "cut-acknowledge"), {**hidden, "password": PASSWORD})
    cut.refresh_from_db()
    assert cut.state == "acknowledged"


def test_a_role_without_the_right_and_people_of_other_studies_are_turned_away(
    world: StudyWorld,
) -> None:
    cut = made(world, released)
    for role in ("site_user", "central_reader", "adjudicator", "image_operations"):
        assert role not in PERMISSIONS["cut.view"]
        client = logged_in(world, role)
        assert client.get(LIST).status_code == 403
        assert client.get(of(cut)).status_code == 403
        assert client.get(of(cut, "cut-file", "tu.csv")).status_code == 403
    manager = logged_in(world, "project_manager")
    assert manager.get(of(cut)).status_code == 200
    assert manager.get(of(cut, "cut-file", "tu.csv")).status_code == 403
    other = make_study("BETA", sponsor="Otherco")
    stranger = logged_in(other, "data_manager")
    assert stranger.get(LIST).status_code == 404
    assert stranger.get(of(cut)).status_code == 404
    assert stranger.get(reverse("cut-page", args=["BETA", cut.pk])).status_code == 404


def test_the_second_cut_shows_what_changed_since_the_first(world: StudyWorld) -> None:
    with scope(world.study):
        made_first = released(world)
        ask(world, requests=[CONFIRM])
        second = generated(world, "Safety cut 2")
    client = logged_in(world, "data_manager")
    page = client.get(of(second))
    found = {d.name: (d.added, d.changed, d.removed) for d in page.context["differences"]}
    assert found["queries"] == (1, 0, 0)
    assert found["subjects"] == (0, 0, 0)
    assert "Q-0001" in client.get(of(second, "cut-difference")).content.decode()
    first = client.get(of(made_first, "cut-difference")).content.decode()
    assert "There is no earlier cut" in first
    assert logged_in(world, "sponsor").get(of(second, "cut-difference")).status_code == 403
    assert content(second, "queries.csv") != content(made_first, "queries.csv")


def test_the_list_asks_the_database_the_same_number_of_questions_for_any_length(
    world: StudyWorld,
) -> None:
    made(world, generated, "Cut 1")
    made(world, cleaned, "Cut 2")
    client = logged_in(world, "data_manager")

    def asked() -> int:
        with counted() as captured:
            assert client.get(LIST).status_code == 200
        return len(captured)

    asked()
    before = asked()
    made(world, generated, "Cut 3")
    made(world, cleaned, "Cut 4")
    assert asked() == before
