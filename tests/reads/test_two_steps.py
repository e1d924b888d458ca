"""RANO is read in two steps: the images are judged and fixed, then the clinical data are opened.

Sources: Wen 2010, table 4 and Wen 2023 (steroids and clinical status are weighed with the images);
criteria notes, section 9 rule 4 (they are added in a separate step).
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from audit.errors import Conflict, NotPermitted, ReasonRequired, RuleBroken
from audit.models import Event
from reads.design.standard_form import standard_form
from reads.models import DossierOpening, ReadSession, ReadTask
from reads.services import dossiers, questions, reading
from studies.models import FormRecord
from studies.scoping import scope
from tests.reads.dossier_world import apply_dossier, make_dossier_study
from tests.reads.read_world import READERS, fill, logged_in, reader, sign, task_of
from tests.reads.session_world import begin, images_of
from tests.remembering import remembered
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db

ONE = READERS[0]
NOTHING = {"none": True}
IMAGES = {"quality": {"overall": "ADEQUATE"}, "target": NOTHING, "non_target": NOTHING}
FIRST = ["quality", "target", "non_target"]
STEP_TWO = {"clinical": {"dexamethasone": "0"}}


@remembered
def brain_world() -> StudyWorld:
    """A study read by RANO whose first time point waits for reader one, with its dossier."""
    world = make_dossier_study(
        criteria=[{"key": "RANO_HGG_2010", "parameters": {}}],
        own_form=standard_form({"RANO_HGG_2010": {}}, key="ecrf_brain", title="Brain"),
    )
    with scope(world.study):
        apply_dossier(world, 1)
        images_of(world, 1)
    return world


def judged(world: StudyWorld) -> ReadSession:
    """Start the read and judge its images."""
    session = begin(world, ONE, task_of(world, ONE))
    fill(world, ONE, session, IMAGES)
    return session


def opened(world: StudyWorld, *, seen_version: int | None = None) -> Any:
    task = task_of(world, ONE)
    return dossiers.open_in_read(task, 1, actor=reader(world, ONE), seen_version=seen_version)


def begin_anew(world: StudyWorld, reason: str = "The diameter was typed wrongly.") -> None:
    dossiers.begin_anew(task_of(world, ONE), actor=world.actor("scientific"), reason=reason)


def sql(statement: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_the_dossier_opens_when_the_images_are_judged() -> None:
    world = brain_world()
    with scope(world.study):
        session = begin(world, ONE, task_of(world, ONE))
        with pytest.raises(NotPermitted, match=r"^Judge the images first"):
            opened(world)
        fill(world, ONE, session, IMAGES)
        assert opened(world).row.version == 1


def test_it_does_not_open_while_a_check_of_the_images_is_open() -> None:
    world = brain_world()
    with scope(world.study):
        session = judged(world)
        # More slices than a number: everything is answered, and one answer cannot be read.
        small = {
            "lesions": [
                {
                    "label": "T01",
                    "location": "FRONTAL LOBE",
                    "laterality": "LEFT",
                    "method": "MRI",
                    "state": "PRESENT",
                    "long_axis": "four",
                    "short_axis": "12",
                }
            ]
        }
        fill(world, ONE, session, {**IMAGES, "target": small})
        with pytest.raises(NotPermitted, match="no check of them is open"):
            opened(world)
        assert FormRecord.objects.get(pk=session.form_record_id).fixed == []


def test_the_first_opening_fixes_the_answers_about_the_images_and_no_others() -> None:
    world = brain_world()
    with scope(world.study):
        session = judged(world)
        opened(world)
        record = FormRecord.objects.get(pk=session.form_record_id)
        assert record.fixed == [*FIRST, *record.fixed[3:]] and "clinical" not in record.fixed
        assert not [key for key in record.fixed if key.startswith("response")]
        event = Event.objects.get(kind="readsession.fix_images")
        assert event.details == {"sections": record.fixed} and event.object_id == str(session.pk)
        fresh = ReadSession.objects.get(pk=session.pk)
        with pytest.raises(Conflict, match="fixed and cannot change") as refused:
            fill(world, ONE, fresh, {**IMAGES, "quality": {"overall": "INADEQUATE"}})
        assert refused.value.rule == "FRM-005"
        fill(world, ONE, fresh, {**IMAGES, **STEP_TWO})
        kept = FormRecord.objects.get(pk=session.form_record_id).answers
        assert kept["quality"] == IMAGES["quality"] and kept["clinical"] == STEP_TWO["clinical"]


def test_the_database_refuses_a_change_of_what_is_fixed_and_frees_nothing() -> None:
    world = brain_world()
    with scope(world.study):
        session = judged(world)
        change = "UPDATE studies_formrecord SET answers = jsonb_set(answers, '{quality}', %s)"
        opened(world)
        where = " WHERE id = %s"
        for statement, values in (
            (change + where, ['{"overall": "INADEQUATE"}']),
            ("UPDATE studies_formrecord SET answers = answers - 'target'" + where, []),
            ("UPDATE studies_formrecord SET fixed = '[]'" + where, []),
            ("UPDATE studies_formrecord SET fixed = fixed - 'target'" + where, []),
            (
                "UPDATE studies_formrecord SET fixed = '[]', answers = '{}'" + where,
                [],
            ),
        ):
            with pytest.raises(DatabaseError, match="this part of the form is fixed"):
                sql(statement, *values, session.form_record_id)
        sql(
            "UPDATE studies_formrecord SET answers = jsonb_set(answers, '{clinical}', '{}')"
            + where,
            session.form_record_id,
        )


def test_another_tab_that_changed_the_images_meanwhile_stops_the_opening() -> None:
    world = brain_world()
    with scope(world.study):
        session = judged(world)
        shown = session.form_record.version
        fill(world, ONE, session, {**IMAGES, "remarks": {"comment": "Motion"}})
        with pytest.raises(Conflict, match="changed in another tab"):
            opened(world, seen_version=shown)
        assert not DossierOpening.objects.exists()
        record = FormRecord.objects.get(pk=session.form_record_id)
        assert record.fixed == []
        opened(world, seen_version=record.version)


def test_looking_again_fixes_nothing_more_and_asks_for_nothing() -> None:
    world = brain_world()
    with scope(world.study):
        judged(world)
        opened(world)
        opened(world, seen_version=0)
        assert Event.objects.filter(kind="readsession.fix_images").count() == 1
        assert DossierOpening.objects.count() == 2


def test_a_criterion_without_clinical_data_fixes_nothing() -> None:
    world = make_dossier_study()
    with scope(world.study):
        apply_dossier(world, 1)
        images_of(world, 1)
        session = begin(world, ONE, task_of(world, ONE))
        opened(world)
        fill(world, ONE, session, {"quality": {"overall": "ADEQUATE"}})
        assert FormRecord.objects.get(pk=session.form_record_id).fixed == []


def test_a_read_in_two_steps_can_be_signed() -> None:
    world = brain_world()
    with scope(world.study):
        session = judged(world)
        opened(world)
        fresh = ReadSession.objects.get(pk=session.pk)
        fill(world, ONE, fresh, {**IMAGES, **STEP_TWO})
        asked = reading.look(fresh, final=True).evaluation
        fill(world, ONE, fresh, {**IMAGES, **STEP_TWO, **answers_to(asked)})
        sign(world, ONE, fresh)
        assert task_of(world, ONE).state == "signed"


def answers_to(asked: Any) -> dict[str, dict[str, str]]:
    """Enter for each needed answer of the last sections what is derived: no disease at baseline."""
    found: dict[str, dict[str, str]] = {}
    for place in asked.missing:
        section, _, key = place.partition(".")
        found.setdefault(section, {})[key] = "NE"
    return found


# --- beginning anew -------------------------------------------------------------------------------


def test_science_lets_the_images_be_judged_again_and_nothing_is_changed_in_place() -> None:
    world = brain_world()
    with scope(world.study):
        session = judged(world)
        opened(world)
        begin_anew(world)
        session.refresh_from_db()
        old = FormRecord.objects.get(pk=session.form_record_id)
        assert (session.state, old.locked, old.answers["quality"]) == (
            "voided",
            True,
            IMAGES["quality"],
        )
        task = task_of(world, ONE)
        assert task.state == "assigned" and dossiers.was_begun_anew(task)
        event = Event.objects.get(kind="readtask.begin_anew")
        assert event.reason == "The diameter was typed wrongly."
        again = begin(world, ONE, task)
        assert (again.version, again.form_record.answers, again.form_record.fixed) == (2, {}, [])
        # What was seen in the voided version opens nothing before the images are judged again.
        with pytest.raises(NotPermitted, match=r"^Judge the images first"):
            opened(world)
        fill(world, ONE, again, IMAGES)
        opened(world)
        assert DossierOpening.objects.count() == 2


def test_a_read_begins_anew_only_with_a_reason_and_while_its_images_are_fixed() -> None:
    world = brain_world()
    with scope(world.study):
        judged(world)
        with pytest.raises(RuleBroken, match="whose images are fixed"):
            begin_anew(world)
        opened(world)
        with pytest.raises(ReasonRequired):
            begin_anew(world, "  ")
        questions.ask(task_of(world, ONE), "Which side?", kind="images", actor=reader(world, ONE))
        with pytest.raises(RuleBroken, match="Answer an open question"):
            begin_anew(world)


def test_the_reader_cannot_begin_anew() -> None:
    world = brain_world()
    with scope(world.study):
        judged(world)
        opened(world)
        with pytest.raises(NotPermitted):
            dossiers.begin_anew(task_of(world, ONE), actor=reader(world, ONE), reason="I erred.")


def test_science_does_it_beside_the_opening_and_the_reader_is_told_without_the_reason() -> None:
    world = brain_world()
    with scope(world.study):
        judged(world)
        opened(world)
        task = task_of(world, ONE)
    science = logged_in(world, "scientific")
    openings = reverse("dossier-openings", args=["ALPHA"])
    assert "Begin read anew" in science.get(openings).content.decode()
    assert "Begin read anew" not in logged_in(world, "data_manager").get(openings).content.decode()
    url = reverse("read-begin-anew", args=["ALPHA", task.pk])
    why = {"reason_code": "entered_wrongly", "reason": "Left and right were confused."}
    science.post(url, {**why, "reason": "no"})
    assert ReadTask._base_manager.get(pk=task.pk).state == "in_progress"
    science.post(url, why)
    page = logged_in(world, ONE).get(reverse("read-page", args=["ALPHA", task.pk]))
    words = page.content.decode()
    assert "This read begins anew." in words and "confused" not in words


# --- the room -------------------------------------------------------------------------------------


def test_the_room_says_what_opening_does_and_then_shows_the_images_as_fixed() -> None:
    world = brain_world()
    with scope(world.study):
        session = judged(world)
        task = task_of(world, ONE)
    client = logged_in(world, ONE)
    room = reverse("read-page", args=["ALPHA", task.pk])
    before = client.get(room).content.decode()
    assert "Opening the dossier fixes your answers about the images." in before
    assert "Fix images and open dossier" in before and 'name="answers[quality.overall]"' in before
    answer = client.post(
        reverse("read-dossier", args=["ALPHA", task.pk]),
        {"place": 1, "version": session.form_record.version},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200 and "Chest, 50 Gy" in answer.content.decode()
    for url in (room, reverse("read-panel", args=["ALPHA", task.pk])):
        after = client.get(url).content.decode()
        assert 'name="answers[quality.overall]"' not in after and "add[" not in after
        assert 'name="answers[clinical.dexamethasone]"' in after


def test_a_stale_tab_gets_both_contents_and_only_what_is_stored_can_be_taken() -> None:
    world = brain_world()
    with scope(world.study):
        session = judged(world)
        opened(world)
        task = task_of(world, ONE)
    answer = logged_in(world, ONE).post(
        reverse("read-save", args=["ALPHA", task.pk]),
        json.dumps({"values": {"answers[quality.overall]": "INADEQUATE"}}),
        content_type="application/json",
        headers={"If-Match": f'"{session.form_record.version}"'},
    )
    assert answer.status_code == 409
    assert answer.json()["fixed"] is True
    assert answer.json()["values"] == {"answers[quality.overall]": "ADEQUATE"}
