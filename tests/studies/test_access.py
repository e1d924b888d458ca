"""What a person may not see does not exist for them (trust T10, T11; P04, P08)."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.http import Http404
from django.test import Client, RequestFactory

from audit.actors import Actor
from audit.errors import NotPermitted, Unscoped
from audit.models import Event
from queries.models import Query
from reads.models import ReaderStream
from studies.access import fetch, person_view, study_view
from studies.actors import home_actor
from studies.models import FormRecord, StudySite, Subject, TimePoint
from studies.scoping import across_studies, scope, scoped_study_id
from tests.world import (
    BUILDER,
    StudyWorld,
    logged_in,
    make_study,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def worlds() -> tuple[StudyWorld, StudyWorld]:
    return make_study("ALPHA", sponsor="Norvane"), make_study("BETA", sponsor="Calder")


def test_rows_are_fenced_by_study_site_and_blinding(worlds: tuple[StudyWorld, StudyWorld]) -> None:
    alpha, beta = worlds

    def seen(actor: Actor, model: Any = Subject) -> set[str]:
        with across_studies("test"):
            return {str(row) for row in model.objects.visible_to(actor)}

    # Subjects alternate between the two sites: 101-001 and 201-002.
    assert seen(alpha.actor("project_manager")) == {"101-001", "201-002"}
    assert seen(alpha.actor("site_user")) == {"101-001"}
    assert seen(alpha.actor("site_user", "site_user_2")) == {"201-002"}
    assert {p.split()[0] for p in seen(alpha.actor("site_user"), TimePoint)} == {"101-001"}
    assert seen(alpha.actor("site_user"), StudySite) == {"101 Lisbon"}
    # A model that does not say how it belongs to a site shows sites nothing.
    assert seen(alpha.actor("site_user"), FormRecord) == set()
    assert seen(alpha.actor("site_user"), ReaderStream) == set()
    # Blinded people see what is theirs, and there is no path from a reader to a subject.
    for role in ("central_reader", "adjudicator"):
        assert seen(alpha.actor(role)) == seen(alpha.actor(role), TimePoint) == set()
        assert seen(alpha.actor(role), Query) == set()
    # Nobody in no study, and nobody without a role, sees a row.
    assert seen(home_actor(alpha.users["project_manager"])) == set()
    assert seen(Actor(name="Nobody", study_id=alpha.study.pk)) == set()
    administrator = Actor(name="Admin", roles=frozenset({"administrator"}))
    assert seen(administrator) == set()
    # The platform's own services work over everything they are pointed at.
    assert len(seen(BUILDER)) == 2
    with across_studies("test"):
        assert Subject.objects.visible_to(BUILDER).count() == 4
    assert seen(beta.actor("project_manager")) == {"101-001", "201-002"}


def test_every_model_of_a_study_is_asked_for_inside_a_study(
    worlds: tuple[StudyWorld, StudyWorld],
) -> None:
    alpha, beta = worlds
    with pytest.raises(Unscoped):
        Subject.objects.first()
    with pytest.raises(Unscoped):
        Subject.objects.filter(code="101-001")
    with scope(alpha.study):
        assert scoped_study_id() == alpha.study.pk
        assert Subject.objects.count() == 2
        with scope(beta.study):
            assert {s.study_id for s in Subject.objects.all()} == {beta.study.pk}
        assert {s.study_id for s in Subject.objects.all()} == {alpha.study.pk}
    with across_studies("a count of everything"):
        assert Subject.objects.count() == 4
        assert scoped_study_id() is None
    assert Subject.objects.in_study(beta.study).count() == 2
    with pytest.raises(Unscoped):
        Subject.objects.all()


def denied() -> list[dict[str, Any]]:
    return [event.details for event in Event.objects.filter(kind="access.denied").order_by("id")]


def test_fetching_what_may_not_be_seen_is_a_404_and_is_kept(
    worlds: tuple[StudyWorld, StudyWorld],
) -> None:
    alpha, beta = worlds
    nurse = alpha.actor("site_user")
    with scope(alpha.study):
        mine = Subject.objects.get(code="101-001")
        other_site = Subject.objects.get(code="201-002")
        other_study = beta.subjects[0]
        assert fetch(Subject, nurse, mine.pk) == mine
        assert fetch(Subject.objects.select_related("study_site"), nurse, str(mine.pk)) == mine
        assert denied() == []
        for foreign in (other_site, other_study):
            with pytest.raises(Http404):
                fetch(Subject, nurse, foreign.pk)
        with pytest.raises(Http404):
            fetch(Subject, alpha.actor("project_manager"), other_study.pk)
    assert denied() == [
        {"kind": "studies.subject", "id": str(other_site.pk)},
        {"kind": "studies.subject", "id": str(other_study.pk)},
        {"kind": "studies.subject", "id": str(other_study.pk)},
    ]
    event = Event.objects.filter(kind="access.denied").earliest("id")
    assert (event.actor_name, event.study_id) == (nurse.name, alpha.study.pk)


def test_fetching_what_is_not_there_is_the_same_404_and_is_not_kept(
    worlds: tuple[StudyWorld, StudyWorld],
) -> None:
    alpha, _ = worlds
    nurse = alpha.actor("site_user")
    with scope(alpha.study):
        for pk in (uuid4(), "not an id", "1", "' OR 1=1 --", ""):
            with pytest.raises(Http404):
                fetch(Subject, nurse, pk)
        mine = Subject.objects.get(code="101-001")
        with pytest.raises(Http404):  # seen, but not as the page asks for it
            fetch(Subject, nurse, mine.pk, state="withdrawn")
    assert denied() == []


# --- pages ----------------------------------------------------------------------------------------


def test_a_study_page_opens_for_members_with_the_right_only(
    worlds: tuple[StudyWorld, StudyWorld],
) -> None:
    alpha, beta = worlds
    from django.http import HttpResponse

    @study_view("subject.enrol", methods=("GET", "POST"))
    def page(request: Any, pk: str = "") -> HttpResponse:
        assert scoped_study_id() == request.study.pk == alpha.study.pk
        return HttpResponse(request.actor.role)

    def ask(world: StudyWorld, name: str, method: str = "get", code: str = "ALPHA") -> Any:
        request = getattr(RequestFactory(), method)("/")
        request.user = world.users[name]
        return page(request, study_code=code)

    assert ask(alpha, "site_user").content == b"site_user"
    assert ask(alpha, "project_manager", "post").content == b"project_manager"
    assert ask(alpha, "project_manager", "head").status_code == 200
    assert ask(alpha, "project_manager", "delete").status_code == 405
    with pytest.raises(NotPermitted):
        ask(alpha, "data_manager")
    for stranger, code in ((beta, "ALPHA"), (alpha, "BETA"), (alpha, "NOWHERE")):
        with pytest.raises(Http404):
            ask(stranger, "project_manager", code=code)
    assert scoped_study_id() is None


def test_a_page_names_a_right_of_the_table() -> None:
    with pytest.raises(KeyError):
        study_view("subject.enroll")
    with pytest.raises(KeyError):
        person_view("nothing")


# --- the interface for machines -------------------------------------------------------------------

LISTS = {"subjects": "subject.view", "time-points": "timepoint.view"}
#: Who may list subjects and time points, drawn by hand.
SEES_SUBJECTS = {
    "project_manager": 200,
    "portfolio_manager": 200,
    "image_operations": 200,
    "scientific": 200,
    "reviewer_operations": 200,
    "data_manager": 200,
    "quality_auditor": 200,
    "inspector": 200,
    "site_user": 200,
    "central_reader": 403,
    "adjudicator": 403,
    "sponsor": 403,
    "clinical_data_partner": 403,
    "data_recipient": 403,
}


def test_the_interface_answers_by_membership_right_and_fence(
    worlds: tuple[StudyWorld, StudyWorld],
) -> None:
    alpha, _ = worlds
    base = "/api/v1/studies/ALPHA"
    for role, status in SEES_SUBJECTS.items():
        client = logged_in(alpha, role)
        for name in LISTS:
            answer = client.get(f"{base}/{name}/")
            assert answer.status_code == status, (role, name)
            if status == 403:
                assert answer.headers["Content-Type"] == "application/problem+json"
        assert client.get("/api/v1/studies/BETA/subjects/").status_code == 404
    assert Client().get(f"{base}/subjects/").status_code == 401
    assert Client().post(f"{base}/subjects/").status_code in {401, 403}
    manager, nurse = logged_in(alpha, "project_manager"), logged_in(alpha, "site_user")
    assert [s["code"] for s in manager.get("/api/v1/studies/").json()["results"]] == ["ALPHA"]
    assert [s["code"] for s in nurse.get(f"{base}/subjects/").json()["results"]] == ["101-001"]
    rows = nurse.get(f"{base}/time-points/").json()["results"]
    assert {row["subject"] for row in rows} == {"101-001"}
    assert [row["label"] for row in rows] == ["Baseline", "Week 8", "Week 16"]
    filtered = manager.get(f"{base}/time-points/?subject=201-002").json()["results"]
    assert {row["subject"] for row in filtered} == {"201-002"}
    assert nurse.get(f"{base}/time-points/?subject=201-002").json()["results"] == []


def test_the_interface_answers_one_row_or_a_404_that_is_kept(
    worlds: tuple[StudyWorld, StudyWorld],
) -> None:
    alpha, beta = worlds
    base = "/api/v1/studies/ALPHA/subjects"
    nurse = logged_in(alpha, "site_user")
    mine, other, foreign = alpha.subjects[0], alpha.subjects[1], beta.subjects[0]
    assert nurse.get(f"{base}/{mine.pk}/").json() == {
        "id": str(mine.pk),
        "code": "101-001",
        "site": "101",
        "state": "enrolled",
    }
    absent: UUID = uuid4()
    bodies = set()
    for pk in (other.pk, foreign.pk, absent, "nonsense"):
        answer = nurse.get(f"{base}/{pk}/")
        assert answer.status_code == 404
        body = answer.json()
        body.pop("instance")
        bodies.add(str(body))
    assert len(bodies) == 1
    assert [d["id"] for d in denied()] == [str(other.pk), str(foreign.pk)]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_what_the_interface_does_not_do_is_405_and_changes_nothing(method: str) -> None:
    world = make_study("ALPHA", sponsor="Norvane", subject_count=1)
    client = logged_in(world, "project_manager")
    for path in ("subjects/", f"subjects/{world.subjects[0].pk}/", "time-points/"):
        answer = getattr(client, method)(f"/api/v1/studies/ALPHA/{path}")
        assert answer.status_code == 405, path
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert Subject.objects.in_study(world.study).count() == 1
