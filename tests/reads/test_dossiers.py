"""Opening a clinical dossier while reading: logged, and only when the charter allows it (issue 7).

The rule by itself is in ``design/test_dossier_rule.py``; here it holds for services, pages and API.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from audit import clock
from audit.errors import NotPermitted, RuleBroken
from audit.models import Event
from reads.models import DossierOpening, ReadTask
from reads.services import dossiers
from studies.models import TimePoint
from studies.scoping import scope
from tests.reads.dossier_world import apply_dossier, make_dossier_study, place
from tests.reads.read_world import (
    READERS,
    baseline_answers,
    fill,
    logged_in,
    read_baseline,
    reader,
    ready,
    run_jobs,
    sign,
    task_of,
)
from tests.reads.session_world import (
    PARTIAL,
    add_reader,
    begin,
    images_of,
    open_of_kind,
    read_course,
    register_oncologist,
)
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db

ONE, TWO = READERS


def first_read(world: StudyWorld) -> ReadTask:
    """Let the baseline be read with its dossier; return the first reader's task."""
    apply_dossier(world, 1)
    images_of(world, 1)
    return task_of(world, ONE)


def opened(world: StudyWorld, task: ReadTask, sequence: int = 1, name: str = ONE) -> Any:
    return dossiers.open_in_read(task, sequence, actor=reader(world, name))


def refusal(world: StudyWorld, task: ReadTask, sequence: int = 1, name: str = ONE) -> str:
    with pytest.raises(NotPermitted) as refused:
        opened(world, task, sequence, name)
    return refused.value.message


# --- the version that a read is made for ----------------------------------------------------------


def test_a_read_is_pinned_to_the_dossiers_of_its_own_and_earlier_time_points() -> None:
    world = make_dossier_study()
    with scope(world.study):
        for sequence in (1, 2):
            apply_dossier(world, sequence)
        apply_dossier(world, 2, "Chest, 60 Gy")
        images_of(world, 2)
        first, second = (task_of(world, ONE, sequence) for sequence in (1, 2))
        assert (first.dossier_version, first.other_dossiers) == (1, {})
        assert second.dossier_version == 2
        assert second.other_dossiers == {str(place(world, 1).pk): 1}


def test_a_charter_that_shows_no_dossier_pins_none() -> None:
    world = make_dossier_study("never")
    with scope(world.study):
        task = first_read(world)
        assert (task.dossier_version, task.other_dossiers) == (None, {})


def test_a_time_point_is_not_ready_before_its_dossier_is_applied_and_then_by_itself() -> None:
    world = make_dossier_study()
    with scope(world.study):
        point = place(world, 1)
        with pytest.raises(RuleBroken, match="The dossier is missing: The charter requires"):
            ready(world, point)
        point.refresh_from_db()
        assert point.state == "accepted"
        apply_dossier(world, 1)
        point.refresh_from_db()
        assert point.state == "ready"
        run_jobs()
        assert task_of(world, ONE).dossier_version == 1


def test_a_charter_that_shows_it_later_does_not_hold_the_time_points() -> None:
    world = make_dossier_study("global_review", sessions={"global_review": True})
    with scope(world.study):
        images_of(world, 1)
        assert task_of(world, ONE).dossier_version is None


# --- opening --------------------------------------------------------------------------------------


def test_an_opening_is_kept_with_who_what_when_and_the_answers_as_they_were() -> None:
    world = make_dossier_study()
    with scope(world.study):
        task = first_read(world)
        session = begin(world, ONE, task)
        fill(world, ONE, session, baseline_answers("40.0"))
        now = clock.now()
        found = opened(world, task)
        row = DossierOpening.objects.get()
        assert (row.reader, row.task, row.session) == (world.users[ONE], task, session)
        assert (row.time_point, row.sequence, row.version) == (place(world, 1), 1, 1)
        assert (row.answers_version, row.after_signature) == (session.form_record.version, False)
        assert now <= row.at <= clock.now()
        assert row.zone == reader(world, ONE).zone
        lines = {one.label: one for section in found.contents.sections for one in section.rows}
        assert lines["Prior radiotherapy"].value == "Chest, 50 Gy"
        assert (lines["Tumour marker"].value, lines["Tumour marker"].unit) == ("4.2", "ug/L")
        event = Event.objects.get(kind="dossier.open")
        assert event.details["version"] == 1 and event.object_id == str(task.pk)


def test_every_look_is_an_opening_of_its_own() -> None:
    world = make_dossier_study()
    with scope(world.study):
        task = first_read(world)
        begin(world, ONE, task)
        opened(world, task)
        opened(world, task)
        assert DossierOpening.objects.count() == 2
        shelf = dossiers.shelf(task_of(world, ONE), task.sessions.get(), actor=reader(world, ONE))
        assert [(look.sequence, look.opened, look.seen) for look in shelf.looks] == [(1, 2, 1)]


def test_nothing_opens_before_the_read_is_started() -> None:
    world = make_dossier_study()
    with scope(world.study):
        task = first_read(world)
        assert refusal(world, task) == "Start the read before you open its dossier."
        assert not DossierOpening.objects.exists()


def test_a_refused_attempt_is_kept_in_the_trail() -> None:
    world = make_dossier_study("never")
    with scope(world.study):
        task = first_read(world)
        begin(world, ONE, task)
        why = "The charter does not show the clinical dossier in this read."
        assert refusal(world, task) == why
        event = Event.objects.get(kind="access.denied")
        assert event.details == {"kind": "clinical.dossier", "place": 1, "why": why}


def test_a_later_time_point_is_refused_in_the_words_for_one_that_does_not_exist() -> None:
    world = make_dossier_study()
    with scope(world.study):
        apply_dossier(world, 1)
        apply_dossier(world, 2)
        images_of(world, 2)
        task = task_of(world, ONE)
        begin(world, ONE, task)
        there, nowhere = refusal(world, task, 2), refusal(world, task, 9)
        assert there == nowhere == "This read has no dossier of that time point."


def test_another_reader_opens_nothing_of_a_read() -> None:
    world = make_dossier_study()
    with scope(world.study):
        task = first_read(world)
        begin(world, ONE, task)
        assert refusal(world, task, name=TWO) == "This read is not open to you."


def test_a_read_on_hold_opens_nothing_until_it_goes_on() -> None:
    world = make_dossier_study()
    with scope(world.study):
        from reads.services import questions

        task = first_read(world)
        begin(world, ONE, task)
        questions.ask(task, "Is it the right patient’s?", kind="dossier", actor=reader(world, ONE))
        task.refresh_from_db()
        assert refusal(world, task).startswith("This read is on hold.")


def test_after_the_signature_only_what_was_seen_opens_again_and_is_kept_as_such() -> None:
    world = make_dossier_study()
    with scope(world.study):
        task = first_read(world)
        session = begin(world, ONE, task)
        opened(world, task)
        fill(world, ONE, session, baseline_answers("40.0"))
        sign(world, ONE, session)
        again = opened(world, task_of(world, ONE)).row
        assert (again.version, again.after_signature) == (1, True)
        # The other reader signed without a look: there is nothing to look at again.
        read_baseline(world, TWO, "40.0")
        assert refusal(world, task_of(world, TWO), name=TWO) == (
            "Start the read before you open its dossier."
        )


def test_an_opening_is_never_changed_or_deleted() -> None:
    from django.db import DatabaseError, transaction

    world = make_dossier_study()
    with scope(world.study):
        task = first_read(world)
        begin(world, ONE, task)
        row = opened(world, task).row
        for act in (
            lambda: DossierOpening.objects.filter(pk=row.pk).update(version=7),
            lambda: DossierOpening.objects.filter(pk=row.pk).delete(),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                act()


# --- global review, oncologist, adjudicator -------------------------------------------------------


def test_a_global_review_shows_the_dossiers_of_the_whole_course() -> None:
    from tests.reads.session_world import end_course

    world = make_dossier_study("global_review", sessions={"global_review": True})
    with scope(world.study):
        images_of(world, 2)
        read_course(world, ONE, (("25.0", "12.0"), PARTIAL))
        end_course(world)
        waiting = ReadTask.objects.filter(kind="global")
        assert not waiting.exists()
        apply_dossier(world, 1)
        assert not waiting.exists()
        for sequence in range(2, len(world.time_points(world.subjects[0])) + 1):
            apply_dossier(world, sequence)
        run_jobs()
        task = open_of_kind(world, ONE, "global")
        begin(world, ONE, task)
        assert [one.sequence for one in dossiers.places(task)] == [1, 2]
        assert opened(world, task, 2).row.time_point == place(world, 2)
        assert refusal(world, task_of(world, ONE, 2)) == (
            "The charter does not show the clinical dossier in this read."
        )


def oncologist_reads(world: StudyWorld) -> ReadTask:
    """Let both readers sign two time points and an oncologist begin the review of the second."""
    add_reader(world, "oncologist")
    register_oncologist(world, "oncologist")
    images_of(world, 2)
    for name in READERS:
        read_course(world, name, (("25.0", "12.0"), PARTIAL))
    run_jobs()
    for sequence in (1, 2):
        apply_dossier(world, sequence)
    run_jobs()
    task = open_of_kind(world, "oncologist", "oncology")
    begin(world, "oncologist", task)
    return task


def test_the_oncologist_opens_the_dossier_in_the_review_and_readers_never_do() -> None:
    world = make_dossier_study(
        "oncology_review", oncology_review={"form": "oncology", "readers": 1}
    )
    with scope(world.study):
        task = oncologist_reads(world)
        assert task.dossier_version == 1
        assert refusal(world, task_of(world, ONE, 2)) == (
            "The charter does not show the clinical dossier in this read."
        )
    client = logged_in(world, "oncologist")
    room = client.get(reverse("read-page", args=["ALPHA", task.pk])).content.decode()
    assert "No clinical dossier is here" not in room and "Open dossier" in room
    assert "Chest, 50 Gy" not in room
    answer = client.post(reverse("read-dossier", args=["ALPHA", task.pk]), {"place": 2})
    assert answer.status_code == 200 and "Chest, 50 Gy" in answer.content.decode()
    assert DossierOpening.objects.get().task == task


def test_an_adjudicator_opens_what_the_readers_were_shown_where_the_charter_says_so() -> None:
    from reads.models import AdjudicationCase
    from reads.services import settling

    world = make_dossier_study(
        adjudication={"variables": ["overall_response"], "sees": ["images", "answers", "dossier"]}
    )
    with scope(world.study):
        for sequence in (1, 2):
            apply_dossier(world, sequence)
        images_of(world, 2)
        read_course(world, ONE, (("25.0", "12.0"), PARTIAL))
        read_course(world, TWO, (("30.0", "15.0"), ("SD", "NON-CR/NON-PD", "SD")))
        run_jobs()
        case = AdjudicationCase.objects.get()
        actor = world.actor("adjudicator")
        with pytest.raises(NotPermitted, match="Take the case"):
            dossiers.open_in_case(case, 2, actor=actor)
        settling.claim(case, actor=actor)
        case.refresh_from_db()
        row = dossiers.open_in_case(case, 2, actor=actor).row
        assert (row.case, row.task, row.version) == (case, None, 1)
    client = logged_in(world, "adjudicator")
    page = client.get(reverse("adjudication-case", args=["ALPHA", case.pk])).content.decode()
    assert "Clinical dossier" in page and "Chest, 50 Gy" not in page
    answer = client.post(reverse("case-dossier", args=["ALPHA", case.pk]), {"place": 1})
    assert "Chest, 50 Gy" in answer.content.decode()
    assert DossierOpening.objects.filter(case=case).count() == 2


# --- pages and API --------------------------------------------------------------------------------


def test_the_start_check_tells_the_dossier_and_its_version() -> None:
    world = make_dossier_study()
    with scope(world.study):
        task = first_read(world)
    page = logged_in(world, ONE).get(reverse("read-page", args=["ALPHA", task.pk]))
    assert "time point 1, version 1" in page.content.decode()


def test_the_start_check_says_that_the_charter_shows_none() -> None:
    world = make_dossier_study("never")
    with scope(world.study):
        task = first_read(world)
    page = logged_in(world, ONE).get(reverse("read-page", args=["ALPHA", task.pk]))
    assert "Not shown in this read, by the charter" in page.content.decode()


def test_the_room_shows_contents_only_after_the_act_and_says_how_often_it_was_opened() -> None:
    world = make_dossier_study()
    with scope(world.study):
        task = first_read(world)
        begin(world, ONE, task)
    client = logged_in(world, ONE)
    room, act = (reverse(name, args=["ALPHA", task.pk]) for name in ("read-page", "read-dossier"))
    page = client.get(room).content.decode()
    assert 'id="tab-dossier"' in page and "Open dossier" in page and "Chest, 50 Gy" not in page
    assert "Chest, 50 Gy" not in client.get(act).content.decode()
    assert not DossierOpening.objects.exists()
    answer = client.post(act, {"place": 1}, HTTP_HX_REQUEST="true")
    part = answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    assert "Chest, 50 Gy" in part and "<html" not in part and "opened once" in part
    page = client.get(room).content.decode()
    assert "opened once" in page and "Open again" in page and "Chest, 50 Gy" not in page


def test_a_read_without_dossiers_has_no_panel_and_its_address_refuses() -> None:
    world = make_dossier_study("never")
    with scope(world.study):
        task = first_read(world)
        begin(world, ONE, task)
    client = logged_in(world, ONE)
    room, act = (reverse(name, args=["ALPHA", task.pk]) for name in ("read-page", "read-dossier"))
    assert 'id="tab-dossier"' not in client.get(room).content.decode()
    for headers, status in (({}, 403), ({"HTTP_HX_REQUEST": "true"}, 422)):
        answer = client.post(act, {"place": 1}, **headers)
        assert answer.status_code == status
        assert "does not show the clinical dossier" in answer.content.decode()
        assert "Chest, 50 Gy" not in answer.content.decode()


def test_the_api_opens_by_the_same_rule_and_keeps_it() -> None:
    world = make_dossier_study()
    with scope(world.study):
        task = first_read(world)
    client = logged_in(world, ONE)
    url = f"/api/v1/studies/ALPHA/reads/{task.pk}/dossier/"
    refused = client.post(url, {"time_point": 1}, content_type="application/json")
    assert refused.status_code == 403
    assert "Start the read before you open its dossier." in refused.content.decode()
    with scope(world.study):
        begin(world, ONE, task)
    told = client.post(url, {"time_point": 1}, content_type="application/json").json()
    row = DossierOpening.objects.get()
    assert (told["opening"], told["time_point"], told["version"]) == (str(row.public_id), 1, 1)
    lines = [(one["label"], one["value"]) for one in told["sections"][0]["lines"]]
    assert ("Prior radiotherapy", "Chest, 50 Gy") in lines
    assert client.get(url).status_code == 405


def test_pages_of_documents_are_served_to_whoever_opened_them_and_not_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from clinical.services import contents

    world = make_dossier_study()
    with scope(world.study):
        task = first_read(world)
        begin(world, ONE, task)
        row = opened(world, task).row
    monkeypatch.setattr(contents, "page", lambda dossier, sha256: b"png of " + sha256.encode())
    address = reverse("dossier-page", args=["ALPHA", row.public_id, "ab" * 32])
    own = logged_in(world, ONE).get(address)
    assert own.content == b"png of " + b"ab" * 32 and "no-store" in own["Cache-Control"]
    assert logged_in(world, TWO).get(address).status_code == 404
    assert logged_in(world, "project_manager").get(address).status_code == 403
    later = clock.now() + timedelta(hours=13)
    monkeypatch.setattr("reads.services.dossiers.pages.clock.now", lambda: later)
    assert logged_in(world, ONE).get(address).status_code in {302, 404}


@pytest.mark.parametrize("role", ["project_manager", "scientific", "data_manager", "inspector"])
def test_staff_and_oversight_see_every_opening_and_take_it_away_as_csv(role: str) -> None:
    world = make_dossier_study()
    with scope(world.study):
        task = first_read(world)
        begin(world, ONE, task)
        opened(world, task)
        subject = world.subjects[0].code
    client = logged_in(world, role)
    address = reverse("dossier-openings", args=["ALPHA"])
    page = client.get(address).content.decode()
    assert str(TimePoint._base_manager.get(pk=task.time_point_id)) in page and "R-01" in page
    lines = client.get(f"{address}?format=csv").content.decode().splitlines()
    assert lines[0].startswith("subject,time_point,dossier_version,read,role,reader")
    assert len(lines) == 2 and lines[1].startswith(subject)
    assert logged_in(world, ONE).get(address).status_code == 403
