"""Measurements prepared by image operations: before the read, decided by the reader, compared."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from audit.errors import Conflict, NotPermitted, ReasonRequired, RuleBroken
from reads.models import PreliminaryReview, ReadTask
from reads.services import preliminary, reading
from reads.services.preliminary import Value
from studies.scoping import scope
from tests.reads.read_world import (
    READERS,
    baseline_answers,
    fill,
    logged_in,
    make_read_study,
    reader,
    ready,
    run_jobs,
    sign,
    task_of,
)
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db

LIVER = Value("T01", "Liver segment 7", "long_axis", "4,05", "cm", 4)
LUNG = Value("T02", "Lung", "long_axis", "20.0", "mm", 6)


def accepted() -> tuple[StudyWorld, object]:
    """Return a study that wants prepared values, with images accepted and nothing measured."""
    world = make_read_study(sessions={"preliminary_analysis": True})
    with scope(world.study):
        point = world.time_points(world.subjects[0])[0]
        ready(world, point)
        run_jobs()
        point.refresh_from_db()
    return world, point


def prepared() -> StudyWorld:
    """Return the same with two values finished, and the reads made."""
    world, point = accepted()
    ops = world.actor("image_operations")
    with scope(world.study):
        for value in (LIVER, LUNG):
            preliminary.put(point, value, actor=ops)
        preliminary.finish(preliminary.analysis_of(point), actor=ops)
        run_jobs()
    return world


def opened(world: StudyWorld):
    return reading.open_session(task_of(world, READERS[0]), actor=reader(world, READERS[0]))


def test_a_time_point_is_read_only_after_its_measurements_are_finished() -> None:
    world, point = accepted()
    ops = world.actor("image_operations")
    with scope(world.study):
        assert ReadTask.objects.count() == 0
        assert list(preliminary.to_prepare(ops)) == [point]
        row = preliminary.put(point, LIVER, actor=ops)
        assert (row.entered, row.entered_unit, row.value) == ("4,05", "cm", Decimal("40.50"))
        corrected = preliminary.put(
            point, Value("T01", "Liver segment 7", "long_axis", "41", "mm", 4), actor=ops
        )
        assert (corrected.pk, corrected.value) == (row.pk, Decimal("41"))
        preliminary.finish(preliminary.analysis_of(point), actor=ops)
        run_jobs()
        assert ReadTask.objects.count() == 2
        assert list(preliminary.to_prepare(ops)) == []
        with pytest.raises(Conflict):
            preliminary.put(point, LUNG, actor=ops)


def test_what_cannot_be_a_length_or_would_unblind_is_refused() -> None:
    world, point = accepted()
    ops = world.actor("image_operations")
    subject = world.subjects[0].code
    with scope(world.study):
        for entered in ("wide", "-3", "100000", "nan", ""):
            with pytest.raises(RuleBroken):
                preliminary.put(point, Value("T01", "Liver", "long_axis", entered), actor=ops)
        with pytest.raises(RuleBroken, match="cannot stand where readers see it"):
            preliminary.put(point, Value("T01", f"Liver {subject}", "long_axis", "9"), actor=ops)
        with pytest.raises(NotPermitted):
            preliminary.put(point, LIVER, actor=reader(world, READERS[0]))
    plain = make_read_study("BETA", "Calder")
    with scope(plain.study):
        point = plain.time_points(plain.subjects[0])[0]
        with pytest.raises(RuleBroken, match="asks for no preliminary"):
            preliminary.put(point, LIVER, actor=plain.actor("image_operations"))


def test_a_read_is_signed_only_when_every_value_has_the_readers_word() -> None:
    world = prepared()
    me = reader(world, READERS[0])
    with scope(world.study):
        session = opened(world)
        one, two = preliminary.shown_to_reader(session)
        fill(world, READERS[0], session, baseline_answers("42.0", "20.0"))
        with pytest.raises(Conflict, match="2 prepared values still need your decision"):
            sign(world, READERS[0], session)
        preliminary.decide(session, one, "changed", actor=me, entered="42")
        with pytest.raises(ReasonRequired):
            preliminary.decide(session, two, "rejected", actor=me)
        preliminary.decide(session, two, "approved", actor=me)
        with pytest.raises(NotPermitted):
            preliminary.decide(session, two, "approved", actor=reader(world, READERS[1]))
        sign(world, READERS[0], session)
        with pytest.raises(Conflict):
            preliminary.decide(session, two, "rejected", actor=me, reason="changed my mind")
        review = PreliminaryReview.objects.get(measurement=one)
        assert review.signed_at is not None
        with (
            pytest.raises(DatabaseError, match="immutable"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "UPDATE reads_preliminaryreview SET value = 1 WHERE id = %s", [review.pk]
            )


def test_analyst_change_and_approval_stand_side_by_side_and_are_exported() -> None:
    world = prepared()
    me = reader(world, READERS[0])
    with scope(world.study):
        session = opened(world)
        one, two = preliminary.shown_to_reader(session)
        preliminary.decide(session, one, "changed", actor=me, entered="42")
        preliminary.decide(session, two, "approved", actor=me)
        # Nothing of an unsigned read is told.
        assert all(row.review is None for row in preliminary.compared(world.study))
        fill(world, READERS[0], session, baseline_answers("42.0", "20.0"))
        sign(world, READERS[0], session)
        first, second = preliminary.compared(world.study)
        assert (first.measurement.label, first.delta) == ("T01", Decimal("1.50"))
        assert (second.review.decision, second.delta) == ("approved", Decimal("0"))
    rows = logged_in(world, "data_manager").get("/s/ALPHA/prepared/?format=csv")
    lines = rows.content.decode().splitlines()
    assert lines[1].startswith(
        "101-001,Baseline,T01,Liver segment 7,long_axis,4,40.5,R-01,changed,42,1.5,"
    )
    # Image operations prepares values and sees no reader's result.
    ops = logged_in(world, "image_operations").get("/s/ALPHA/prepared/?format=csv")
    assert "changed" not in ops.content.decode()


def test_the_reader_decides_in_the_room_and_learns_nobodys_name() -> None:
    world = prepared()
    with scope(world.study):
        session = opened(world)
        task = session.task
        one, _ = preliminary.shown_to_reader(session)
    client = logged_in(world, READERS[0])
    room = f"/s/ALPHA/reads/{task.pk}/"
    page = client.get(room).content.decode()
    assert "2 prepared values to decide" in page
    assert world.users["image_operations"].printed_name not in page
    client.post(f"{room}prepared/", {"value": str(one.pk), "decision": "approved"})
    assert "1 prepared value to decide" in client.get(room).content.decode()
    other = logged_in(world, READERS[1])
    assert (
        other.post(f"{room}prepared/", {"value": str(one.pk), "decision": "approved"}).status_code
        == 404
    )


def test_values_that_a_reader_has_seen_are_not_discarded() -> None:
    world = prepared()
    ops = world.actor("image_operations")
    with scope(world.study):
        point = world.time_points(world.subjects[0])[0]
        opened(world)
        with pytest.raises(Conflict, match="has begun"):
            preliminary.discard(preliminary.analysis_of(point), actor=ops, reason="measure anew")


def test_the_page_of_a_time_point_takes_values_out_with_a_reason_and_finishes() -> None:
    world, point = accepted()
    client = logged_in(world, "image_operations")
    page = f"/s/ALPHA/prepared/{point.pk}/"
    typed = {
        "act": "put", "label": "T01", "location": "Liver", "kind": "long_axis",
        "entered": "23.5", "unit": "mm", "slice_number": "4",
    }  # fmt: skip
    assert client.post(f"{page}act/", typed).status_code == 302
    ((row, _),) = client.get(page).context["rows"]
    assert (
        client.post(
            f"{page}act/", {"act": "remove", "value": str(row.measurement.pk), "reason": ""}
        ).status_code
        == 422
    )
    client.post(
        f"{page}act/", {"act": "remove", "value": str(row.measurement.pk), "reason": "a cyst"}
    )
    assert client.get(page).context["rows"] == []
    assert client.post(f"{page}act/", {"act": "finish"}).status_code == 302
    assert client.get("/s/ALPHA/prepared/").context["waiting"].count() == 0
