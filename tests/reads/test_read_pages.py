"""Pages of reading: who may, what is shown, what is refused; and the interface for machines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.models import Signature
from audit.models import Event
from reads.entry import merged
from reads.models import ReadTask
from reads.services import reading
from studies.models import Configuration
from studies.scoping import scope
from studies.services import forms
from tests.reads.read_world import (
    READERS,
    baseline_answers,
    disagreement,
    fill,
    logged_in,
    make_read_study,
    reader,
    ready,
    run_jobs,
    task_of,
)
from tests.world import PASSWORD, StudyWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Any:
    made = make_read_study()
    with scope(made.study):
        yield made


def opened(world: StudyWorld) -> ReadTask:
    """Start the first reader's baseline."""
    ready(world, world.time_points(world.subjects[0])[0])
    run_jobs()
    task = task_of(world, READERS[0])
    reading.open_session(task, actor=reader(world, READERS[0]))
    return task


def test_a_change_of_one_control_keeps_every_other_answer(world: StudyWorld) -> None:
    form = forms.form_of(Configuration.objects.get(key="ecrf_recist11"))
    stored = baseline_answers("40.0", "20.0")
    after = merged(form, stored, {"answers[target.lesions.1.long_axis]": "21.5"})
    assert after["target"]["lesions"][1]["long_axis"] == "21.5"
    after["target"]["lesions"][1]["long_axis"] = "20.0"
    assert after == stored
    more = merged(form, stored, {"add[target.lesions]": "1"})
    assert more["target"]["lesions"] == [*stored["target"]["lesions"], {}]
    less = merged(form, stored, {"remove[target.lesions.0]": "1"})
    assert less["target"]["lesions"] == stored["target"]["lesions"][1:]
    absent = merged(
        form,
        merged(form, stored, {"absence[target.lesions.0.long_axis]": "not_evaluable"}),
        {"because[target.lesions.0.long_axis]": "motion"},
    )
    assert absent["target"]["lesions"][0]["long_axis"] == {
        "status": "not_evaluable",
        "reason": "motion",
    }


def test_an_answer_that_nobody_gave_is_open_until_a_review_is_asked_for(
    world: StudyWorld,
) -> None:
    task = opened(world)
    address = f"/s/ALPHA/reads/{task.pk}/"
    client = logged_in(world, READERS[0])
    fresh = client.get(address).content.decode()
    assert 'class="ic-first" data-tone="idle" data-open-answer="form-quality-overall"' in fresh
    assert "answers are open" in fresh
    assert "must be fixed before signing" not in fresh
    assert 'class="ic-finding compact" data-tone="stop"' not in fresh
    asked = client.post(address, {"act": "review", "version": "1"})
    assert asked.status_code == 422
    page = asked.content.decode()
    assert 'class="ic-first" data-tone="stop"' in page
    assert "must be fixed before signing" in page
    assert "data-open-answer" not in page
    # The parts that follow a save go on saying so.
    assert f"{address}panel/?insists=1" in page
    panel = client.get(f"{address}panel/?insists=1").content.decode()
    assert "must be fixed before signing" in panel


def test_only_the_reader_opens_the_room_and_others_leave_a_trace(world: StudyWorld) -> None:
    task = opened(world)
    address = f"/s/ALPHA/reads/{task.pk}/"
    assert logged_in(world, READERS[0]).get(address).status_code == 200
    for name, code in {
        READERS[1]: 404,
        "adjudicator": 403,
        "project_manager": 403,
        "site_user": 403,
        "sponsor": 403,
    }.items():
        assert logged_in(world, name).get(address).status_code == code, name
    denied = Event.objects.filter(kind="access.denied", details__kind="reads.readtask")
    assert denied.filter(details__id=str(task.pk)).exists()


def test_the_reads_of_another_study_do_not_exist(world: StudyWorld) -> None:
    task = opened(world)
    other = make_read_study("BETA", "Calder")
    client = logged_in(other, READERS[0])
    for address in (
        f"/s/ALPHA/reads/{task.pk}/",
        f"/s/BETA/reads/{task.pk}/",
        f"/s/BETA/reads/{task.pk}/panel/",
        f"/api/v1/studies/BETA/reads/{task.pk}/",
        f"/api/v1/studies/ALPHA/reads/{task.pk}/",
    ):
        assert client.get(address).status_code == 404, address


def test_a_refused_password_signs_nothing_and_keeps_the_dialog(world: StudyWorld) -> None:
    task = opened(world)
    session = reading.active_session(task)
    assert session is not None
    fill(world, READERS[0], session, baseline_answers("40.0"))
    client = logged_in(world, READERS[0])
    room = f"/s/ALPHA/reads/{task.pk}/"
    assert client.post(room, {"act": "review"}).status_code == 302
    page = client.get(f"{room}review/")
    digest = dict(page.context["sign"].hidden)["digest"]
    refused = client.post(f"{room}sign/", {"password": "wrong", "digest": digest})
    assert refused.status_code == 422
    assert "The password is not right" in refused.content.decode()
    assert not Signature.objects.filter(record_id=str(session.pk)).exists()
    stale = client.post(f"{room}sign/", {"password": PASSWORD, "digest": "0" * 64})
    assert stale.status_code == 422
    assert "The content changed after you opened it" in stale.content.decode()
    signed = client.post(f"{room}sign/", {"password": PASSWORD, "digest": digest})
    assert signed["Location"] == f"{room}signed/"
    again = client.post(f"{room}sign/", {"password": PASSWORD, "digest": digest})
    assert again["Location"] == f"{room}signed/"
    assert Signature.objects.filter(record_id=str(session.pk)).count() == 1


def test_an_incomplete_read_comes_back_with_what_is_missing(world: StudyWorld) -> None:
    task = opened(world)
    answer = logged_in(world, READERS[0]).post(f"/s/ALPHA/reads/{task.pk}/", {"act": "review"})
    assert answer.status_code == 422
    assert "answers are missing" in answer.content.decode()


def test_the_review_lists_what_changed_after_the_first_review(world: StudyWorld) -> None:
    task = opened(world)
    session = reading.active_session(task)
    assert session is not None
    fill(world, READERS[0], session, baseline_answers("40.0"))
    reading.review(session, actor=reader(world, READERS[0]))
    fill(world, READERS[0], session, baseline_answers("41.5"))
    reading.review(session, actor=reader(world, READERS[0]))
    page = logged_in(world, READERS[0]).get(f"/s/ALPHA/reads/{task.pk}/review/")
    changes = {c.label: (c.old, c.new) for c, _ in page.context["changes"]}
    assert changes["T01, Longest diameter"] == ("40.0 mm", "41.5 mm")


def test_staff_see_codes_of_readers_and_only_managers_see_names(world: StudyWorld) -> None:
    opened(world)
    name = world.users[READERS[0]].printed_name
    seen = logged_in(world, "data_manager").get("/s/ALPHA/reads/").content.decode()
    assert "R-01" in seen
    assert name not in seen
    managed = logged_in(world, "reviewer_operations").get("/s/ALPHA/reads/").content.decode()
    assert name in managed
    refused = logged_in(world, "data_manager").post("/s/ALPHA/reads/manage/", {"act": "hold"})
    assert refused.status_code == 403


def test_holding_and_resuming_by_hand(world: StudyWorld) -> None:
    task = opened(world)
    client = logged_in(world, "reviewer_operations")
    client.post(
        "/s/ALPHA/reads/manage/", {"act": "hold", "task": str(task.pk), "reason": "Question"}
    )
    task.refresh_from_db()
    assert task.state == "on_hold"
    held = logged_in(world, READERS[0]).post(
        f"/s/ALPHA/reads/{task.pk}/save/",
        json.dumps({"values": {"answers[remarks.comment]": "x"}}),
        content_type="application/json",
        headers={"If-Match": '"0"'},
    )
    assert held.status_code == 423
    client.post(
        "/s/ALPHA/reads/manage/", {"act": "resume", "task": str(task.pk), "reason": "Answered"}
    )
    task.refresh_from_db()
    assert task.state == "assigned"


def test_a_case_shows_its_reads_only_to_whoever_took_it(world: StudyWorld) -> None:
    case = disagreement(world)
    address = f"/s/ALPHA/adjudication/{case.pk}/"
    client = logged_in(world, "adjudicator")
    assert client.get(f"{address}stacks/").status_code == 404
    assert "Take the case" in client.get(address).content.decode()
    client.post(address, {"act": "claim"})
    page = client.get(address)
    assert {page.context["a"].overall, page.context["b"].overall} == {"SD", "PR"}
    assert len(client.get(f"{address}stacks/").json()["panes"]) == 2
    for name in (READERS[0], "project_manager"):
        assert logged_in(world, name).get(address).status_code == 403


def test_a_read_goes_the_whole_way_through_the_interface_for_machines(world: StudyWorld) -> None:
    ready(world, world.time_points(world.subjects[0])[0])
    run_jobs()
    task = task_of(world, READERS[0])
    client = logged_in(world, READERS[0])
    address = f"/api/v1/studies/ALPHA/reads/{task.pk}/"
    assert client.get(f"{address}answers/").status_code == 409
    version = client.post(f"{address}start/").json()["version"]
    body = {"version": version, "answers": baseline_answers("40.0")}
    kept = client.put(f"{address}answers/", body, content_type="application/json")
    assert kept.json()["version"] == version + 1
    lost = client.put(f"{address}answers/", body, content_type="application/json")
    assert lost.status_code == 409
    assert lost.json()["details"]["version"] == version + 1
    digest = client.post(f"{address}review/").json()["digest"]
    signature = {"password": PASSWORD, "digest": digest}
    signed = client.post(f"{address}sign/", signature, content_type="application/json")
    assert signed.json()["state"] == "signed"
    again = client.post(f"{address}sign/", signature, content_type="application/json")
    assert again.status_code == 409
    foreign = logged_in(world, READERS[1]).get(address)
    assert foreign.status_code == 404
