"""A dossier is revised: unsigned reads take it, science decides on signed ones (TR22)."""

from __future__ import annotations

import pytest
from django.urls import reverse

from audit.errors import RuleBroken
from audit.models import Event
from clinical.services import dossiers as clinical
from reads.models import DossierChange, ReadSession, ReadTask, RollBack
from reads.services import dossierchanges, dossiers
from studies.scoping import scope
from tests.reads.dossier_world import apply_dossier, make_dossier_study, place
from tests.reads.oversight_world import sign_for
from tests.reads.read_world import (
    READERS,
    logged_in,
    read_baseline,
    reader,
    ready,
    run_jobs,
    task_of,
)
from tests.reads.session_world import PARTIAL, begin, images_of, read_course
from tests.world import PASSWORD, StudyWorld

pytestmark = pytest.mark.django_db

ONE, TWO = READERS


def read_by_the_first(world: StudyWorld) -> DossierChange:
    """Let the first reader sign the baseline with version 1 and the second begin; revise it."""
    apply_dossier(world, 1)
    images_of(world, 1)
    begin(world, ONE, task_of(world, ONE))
    dossiers.open_in_read(task_of(world, ONE), 1, actor=reader(world, ONE))
    read_baseline(world, ONE, "40.0", "20.0")
    begin(world, TWO, task_of(world, TWO))
    apply_dossier(world, 1, "Chest, 60 Gy")
    return DossierChange.objects.get()


def decided(world: StudyWorld, row: DossierChange, decision: str) -> DossierChange:
    science = world.actor("scientific")
    row = dossierchanges.draft(row, decision=decision, reason="Another dose.", actor=science)
    return dossierchanges.decide(
        row, actor=science, assent=world.assent("scientific", dossierchanges.MEANING)
    )


def test_unsigned_reads_take_the_new_version_each_with_its_own_event() -> None:
    world = make_dossier_study()
    with scope(world.study):
        read_by_the_first(world)
        assert task_of(world, ONE).dossier_version == 1
        second = task_of(world, TWO)
        assert (second.dossier_version, second.state) == (2, "in_progress")
        event = Event.objects.get(kind="readtask.repin_dossier")
        assert event.object_id == str(second.pk)
        assert (event.details["from"], event.details["to"]) == ({"own": 1}, {"own": 2})
        assert "dossier version 2" in event.reason


def test_a_reader_who_saw_the_earlier_version_is_told_that_a_newer_one_holds() -> None:
    world = make_dossier_study()
    with scope(world.study):
        apply_dossier(world, 1)
        images_of(world, 1)
        task = task_of(world, ONE)
        begin(world, ONE, task)
        dossiers.open_in_read(task, 1, actor=reader(world, ONE))
        apply_dossier(world, 1, "Chest, 60 Gy")
        assert not DossierChange.objects.exists()
    client = logged_in(world, ONE)
    page = client.get(reverse("read-page", args=["ALPHA", task.pk])).content.decode()
    assert "Newer than the version that you opened" in page
    told = client.post(reverse("read-dossier", args=["ALPHA", task.pk]), {"place": 1})
    assert "Chest, 60 Gy" in told.content.decode()


def test_signed_reads_are_listed_with_the_version_and_how_often_it_was_opened() -> None:
    world = make_dossier_study()
    with scope(world.study):
        row = read_by_the_first(world)
        assert (row.from_version, row.to_version, row.state) == (1, 2, "open")
        (line,) = row.affected
        assert line["task"] == str(task_of(world, ONE).pk)
        # Which role a reader has is drawn by chance; the code is not.
        assert line["text"].startswith("Baseline, reader ") and line["text"].endswith(" R-01")
        assert (line["version"], line["openings"]) == (1, 1)


def test_before_a_version_is_applied_the_desk_is_told_what_rests_on_the_one_before() -> None:
    world = make_dossier_study()
    with scope(world.study):
        apply_dossier(world, 1)
        images_of(world, 1)
        read_baseline(world, ONE, "40.0", "20.0")
        told = [effect.text for effect in clinical.effects_of(place(world, 1))]
        assert told == [
            (
                "1 read signed with this dossier; a scientist decides by signature what the next "
                "version changes"
            ),
            "1 unsigned read takes the next version",
        ]


def test_no_effect_leaves_the_reads_with_the_version_that_they_were_signed_with() -> None:
    world = make_dossier_study()
    with scope(world.study):
        row = decided(world, read_by_the_first(world), "no_effect")
        assert row.state == "carried_out"
        assert task_of(world, ONE).dossier_version == 1
        assert not RollBack.objects.exists()


@pytest.mark.parametrize("decision", ["re_read", "rollback"])
def test_a_re_read_is_a_roll_back_that_science_has_signed_and_project_management_signs(
    decision: str,
) -> None:
    world = make_dossier_study()
    with scope(world.study):
        row = decided(world, read_by_the_first(world), decision)
        asked = RollBack.objects.get()
        assert (row.state, asked.state) == ("decided", "science_approved")
        assert asked.science_by == world.users["scientific"]
        assert not ReadSession.objects.filter(state="voided").exists()
        sign_for(world, asked, "project")
        row.refresh_from_db()
        assert row.state == "carried_out" and row.outcome[-1] == f"Rolled back: {asked}."
        task = task_of(world, ONE)
        assert (task.state, task.dossier_version) == ("assigned", 2)


def test_a_later_read_that_showed_the_earlier_version_is_concerned_as_well() -> None:
    world = make_dossier_study()
    with scope(world.study):
        for sequence in (1, 2):
            apply_dossier(world, sequence)
        images_of(world, 2)
        read_course(world, ONE, (("25.0", "12.0"), PARTIAL))
        apply_dossier(world, 1, "Chest, 60 Gy")
        row = DossierChange.objects.get()
        assert {line["task"] for line in row.affected} == {
            str(task_of(world, ONE, sequence).pk) for sequence in (1, 2)
        }
        # The later read falls with the earlier one; it is not rolled back twice.
        decided(world, row, "rollback")
        assert [one.task for one in RollBack.objects.all()] == [task_of(world, ONE, 1)]


def test_a_newer_version_overtakes_a_decision_that_waits() -> None:
    world = make_dossier_study()
    with scope(world.study):
        first = read_by_the_first(world)
        apply_dossier(world, 1, "Chest, 66 Gy")
        first.refresh_from_db()
        second = DossierChange.objects.get(to_version=3)
        assert (first.state, second.state) == ("overtaken", "open")
        assert [line["version"] for line in second.affected] == [1]


def test_a_time_point_that_waited_for_its_dossier_is_planned_when_it_comes() -> None:
    world = make_dossier_study()
    with scope(world.study):
        apply_dossier(world, 1)
        images_of(world, 1)
        assert ReadTask.objects.filter(stream__subject=world.subjects[0]).count() == 2
        with pytest.raises(RuleBroken, match="The dossier is missing"):
            ready(world, place(world, 2))
        apply_dossier(world, 2)
        run_jobs()
        assert ReadTask.objects.filter(stream__subject=world.subjects[0]).count() == 4


def test_a_scientist_decides_on_the_page_by_signature_and_others_only_look() -> None:
    world = make_dossier_study()
    with scope(world.study):
        row = read_by_the_first(world)
    pages = {
        name: reverse(name, args=["ALPHA", row.pk])
        for name in ("dossier-change", "dossier-change-choose", "dossier-change-sign")
    }
    auditor = logged_in(world, "inspector")
    assert "What does the new version change?" not in (
        auditor.get(pages["dossier-change"]).content.decode()
    )
    assert auditor.post(pages["dossier-change-choose"]).status_code == 403
    client = logged_in(world, "scientific")
    listed = client.get(reverse("dossier-change-list", args=["ALPHA"])).content.decode()
    assert str(row.time_point) in listed
    assert str(row.time_point) in client.get("/").content.decode()
    refused = client.post(pages["dossier-change-choose"], {"decision": "no_effect"})
    assert refused.status_code == 422
    chosen = client.post(
        pages["dossier-change-choose"], {"decision": "no_effect", "reason": "Same dose class."}
    )
    digest = chosen.context["sign"].hidden[0][1]
    done = client.post(pages["dossier-change-sign"], {"digest": digest, "password": PASSWORD})
    assert done.status_code == 302
    row.refresh_from_db()
    assert (row.state, row.decision) == ("carried_out", "no_effect")
    shown = client.get(pages["dossier-change"]).content.decode()
    assert "The reads stay as they are" in shown and "Same dose class." in shown
