"""Pages of queries: who sees what, what each may do, and what comes back when it is refused."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.urls import reverse

from accounts.models import Notice
from audit import clock, jobs
from audit.models import Event, Job
from queries import services
from queries.models import Query
from studies.scoping import scope
from tests.counting import counted
from tests.queries.query_world import CONFIRM, SEND, ask, logged_in, study_since
from tests.world import StudyWorld, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> StudyWorld:
    return study_since(60)


def raised(world: StudyWorld, **how: Any) -> Query:
    with scope(world.study):
        return ask(world, **how)


def page_of(query: Query, name: str = "query-page") -> str:
    return reverse(name, args=["ALPHA", query.pk])


def test_the_site_sees_its_queries_and_those_of_another_site_do_not_exist(
    world: StudyWorld,
) -> None:
    own, foreign = raised(world, subject=0), raised(world, subject=1)
    client = logged_in(world, "site_user")
    listed = client.get(reverse("query-list", args=["ALPHA"])).content.decode()
    assert str(own) in listed
    assert str(foreign) not in listed
    assert client.get(page_of(own)).status_code == 200
    assert client.get(page_of(foreign)).status_code == 404
    for name in ("query-answer", "query-say"):
        assert client.post(page_of(foreign, name), {"words": "x"}).status_code == 404
    assert Event.objects.filter(kind="access.denied").count() == 3
    exported = client.get(reverse("query-list-csv", args=["ALPHA"])).content.decode()
    assert str(foreign) not in exported


@pytest.mark.parametrize("role", ["sponsor", "data_recipient", "central_reader", "adjudicator"])
def test_sponsors_and_blinded_people_have_no_queries(world: StudyWorld, role: str) -> None:
    query = raised(world)
    client = logged_in(world, role)
    assert client.get(reverse("query-list", args=["ALPHA"])).status_code == 403
    assert client.get(page_of(query)).status_code == 403


def test_people_of_another_study_find_nothing(world: StudyWorld) -> None:
    query = raised(world)
    other = make_study("BETA", sponsor="Otherco")
    client = logged_in(other, "image_operations")
    assert client.get(page_of(query)).status_code == 404
    assert client.get(reverse("query-page", args=["BETA", query.pk])).status_code == 404


def test_the_site_reads_what_is_asked_and_answers_in_words(world: StudyWorld) -> None:
    query = raised(world)
    client = logged_in(world, "site_user")
    page = client.get(page_of(query)).content.decode()
    assert "Send slices 88 to 98 of the abdomen" in page
    assert reverse("upload-start", args=["ALPHA", query.time_point_id]) in page
    assert 'name="query" value="' + str(query.pk) in page
    assert "Project plan" in page
    assert "EU-2026" in page
    assert page_of(query, "query-close") not in page
    answered = client.post(page_of(query, "query-answer"), {"words": "Nothing else is cut."})
    assert answered.status_code == 302
    query.refresh_from_db()
    assert query.state == "answered"
    assert "Nothing else is cut." in client.get(page_of(query)).content.decode()


def test_an_empty_answer_comes_back_with_what_to_do(world: StudyWorld) -> None:
    query = raised(world)
    refused = logged_in(world, "site_user").post(page_of(query, "query-answer"), {"words": " "})
    assert refused.status_code == 422
    assert "Write what you found before you send the answer." in refused.content.decode()


def test_closing_stays_shut_until_every_action_is_done_and_says_why(world: StudyWorld) -> None:
    query = raised(world)
    client = logged_in(world, "image_operations")
    page = client.get(page_of(query)).content.decode()
    assert "Still to do: Send slices 88 to 98 of the abdomen" in page
    assert page_of(query, "query-close") not in page
    assert client.post(page_of(query, "query-close")).status_code == 422
    with scope(world.study):
        services.answer(query, text="Lost.", actor=world.actor("site_user"), cannot_be_done=True)
    assert page_of(query, "query-close") in client.get(page_of(query)).content.decode()
    assert client.post(page_of(query, "query-close"), {"words": ""}).status_code == 302
    query.refresh_from_db()
    assert query.state == "closed"


def test_asking_again_and_cancelling_keep_the_reason_in_the_history(world: StudyWorld) -> None:
    query = raised(world, requests=[CONFIRM])
    with scope(world.study):
        services.answer(query, text="Nothing.", actor=world.actor("site_user"))
    client = logged_in(world, "image_operations")
    assert client.post(page_of(query, "query-ask-again"), {"words": ""}).status_code == 422
    client.post(page_of(query, "query-ask-again"), {"words": "Series 4 stops early."})
    client.post(page_of(query, "query-cancel"), {"words": "The visit was withdrawn."})
    page = client.get(page_of(query)).content.decode()
    assert "<q>Series 4 stops early.</q>" in page
    assert "<q>The visit was withdrawn.</q>" in page
    query.refresh_from_db()
    assert query.state == "cancelled"


def test_a_query_is_raised_by_hand_about_a_time_point(world: StudyWorld) -> None:
    with scope(world.study):
        time_point = world.time_points(world.subjects[1])[0]
    client = logged_in(world, "data_manager")
    address = reverse("query-new", args=["ALPHA"])
    assert str(time_point.pk) in client.get(address).content.decode()
    posted = {
        "time_point": str(time_point.pk),
        "cause": "missing_data",
        "title": "Weight is missing",
        "text": "The form gives no weight.",
        "blocking": "on",
        "action0-kind": "correct_form",
        "action0-text": "Enter the weight on the form",
        "action1-kind": "confirm",
        "action1-text": "",
        "action2-kind": "confirm",
        "action2-text": "",
    }
    refused = client.post(address, {**posted, "action0-text": ""})
    assert refused.status_code == 422
    assert "Ask for at least one thing." in refused.content.decode()
    assert client.post(address, posted).status_code == 302
    with scope(world.study):
        query = Query.objects.get()
        assert query.study_site == world.sites[1]
        assert [a.text for a in query.actions.all()] == ["Enter the weight on the form"]
    page = client.get(page_of(query)).content.decode()
    assert reverse("time-point", args=["ALPHA", time_point.pk]) in page
    assert logged_in(world, "site_user").get(address).status_code == 403


def test_the_list_filters_by_state_site_cause_age_and_lateness(world: StudyWorld) -> None:
    with clock.shifted_by(timedelta(days=-40)):
        old = raised(world, subject=0, cause="quality")
    fresh = raised(world, subject=1)
    client = logged_in(world, "image_operations")

    def listed(**filters: str) -> set[str]:
        page = client.get(reverse("query-list", args=["ALPHA"]), filters)
        return {str(line.row) for line in page.context["lines"]}

    assert listed() == {str(old), str(fresh)}
    assert listed(site="101") == {str(old)}
    assert listed(cause="quality") == {str(old)}
    assert listed(age="10-") == {str(old)}
    assert listed(age="0-2") == {str(fresh)}
    assert listed(late="1") == {str(old)}
    assert listed(state="closed") == set()
    page = client.get(reverse("query-list", args=["ALPHA"]))
    assert [count for _, _, count in page.context["buckets"]] == [1, 0, 0, 1]
    assert page.context["late"] == 1


def test_the_file_of_the_list_holds_exactly_the_rows_that_are_seen(world: StudyWorld) -> None:
    raised(world, subject=0, title="=cmd|' /C calc'!A0")
    raised(world, subject=1, cause="quality")
    client = logged_in(world, "image_operations")
    answer = client.get(reverse("query-list-csv", args=["ALPHA"]), {"site": "101"})
    assert answer["X-Content-Type-Options"] == "nosniff"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))
    assert [(row["QUERY"], row["SITE"], row["LATE"]) for row in rows] == [("Q-0001", "101", "N")]
    assert rows[0]["QUESTION"] == "'=cmd|' /C calc'!A0"


def test_the_list_asks_the_database_the_same_number_of_questions_for_any_length(
    world: StudyWorld,
) -> None:
    client = logged_in(world, "image_operations")
    address = reverse("query-list", args=["ALPHA"])

    def asked() -> int:
        with counted() as captured:
            client.get(address)
        return len(captured)

    raised(world, subject=0)
    raised(world, subject=1)
    asked()
    before = asked()
    for _ in range(4):
        raised(world, subject=0)
        raised(world, subject=1)
    assert asked() == before


def test_the_site_is_told_without_subject_data_and_image_operations_of_the_answer(
    world: StudyWorld,
) -> None:
    query = raised(world, requests=[CONFIRM, SEND])

    def deliver() -> None:
        for row in Job.objects.filter(kind="projects.notify", state="pending"):
            assert jobs.run(str(row.pk)) == "done"

    deliver()
    told = Notice.objects.get(kind="query.raise")
    assert told.user == world.users["site_user"]
    assert told.url == page_of(query)
    with scope(world.study):
        services.answer(query, text="Nothing else.", actor=world.actor("site_user"))
    deliver()
    assert Notice.objects.get(kind="query.answer").user == world.users["image_operations"]
    assert [m.to for m in mail.outbox] == [
        [world.users["site_user"].email],
        [world.users["image_operations"].email],
    ]
    for message in mail.outbox:
        written = message.subject + message.body
        for secret in ("101-001", "Baseline", "Slices", "Nothing else", "Lisbon"):
            assert secret not in written
