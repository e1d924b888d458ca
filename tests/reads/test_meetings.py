"""Meetings with readers: planned, held with minutes, paid once by the contract of the day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from audit import clock
from audit.errors import NotPermitted, RuleBroken
from reads.models import Reader, ReaderMeeting
from reads.services import fees, meetings
from studies.scoping import scope
from tests.reads.care_world import contracted, desk, make_care_study
from tests.reads.read_world import READERS, logged_in
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db

PAID = {"time_point": "120", "meeting": "75.50"}


def the_readers(world: StudyWorld) -> list[Reader]:
    return [Reader.objects.get(user=world.users[name]) for name in READERS]


def planned(world: StudyWorld, *, held_on: date | None = None) -> ReaderMeeting:
    return meetings.plan(
        world.study, the_readers(world), kind="calibration", title="New lesions",
        held_on=held_on or clock.today(), minutes=90, actor=desk(world),
    )  # fmt: skip


def test_a_meeting_is_held_with_its_minutes_and_those_who_took_part() -> None:
    world = make_care_study()
    with scope(world.study):
        first, second = the_readers(world)
        row = meetings.hold(
            planned(world), [first.pk], minutes="Two cases were discussed.", actor=desk(world)
        )
        assert row.state == "held"
        there = {place.reader: place.took_part for place in row.places.all()}
        assert there == {first: True, second: False}


def test_what_is_missing_is_refused_in_words() -> None:
    world = make_care_study()
    with scope(world.study):
        first, _ = the_readers(world)
        actor = desk(world)
        with pytest.raises(RuleBroken, match="its kind, its subject matter"):
            meetings.plan(
                world.study, [first], kind="party", title="x", held_on=clock.today(),
                minutes=60, actor=actor,
            )  # fmt: skip
        with pytest.raises(RuleBroken, match="at least one reader"):
            meetings.plan(
                world.study, [], kind="training", title="x", held_on=clock.today(),
                minutes=60, actor=actor,
            )  # fmt: skip
        later = planned(world, held_on=clock.today() + timedelta(days=3))
        with pytest.raises(RuleBroken, match="future"):
            meetings.hold(later, [first.pk], minutes="x", actor=actor)
        row = planned(world)
        with pytest.raises(RuleBroken, match="Write the minutes"):
            meetings.hold(row, [first.pk], minutes=" ", actor=actor)
        with pytest.raises(RuleBroken, match="Nobody of those invited"):
            meetings.hold(row, [], minutes="x", actor=actor)
        with pytest.raises(NotPermitted):
            meetings.cancel(row, actor=world.actor("project_manager"), reason="x")


def test_who_took_part_is_paid_once_by_the_contract_and_others_are_not() -> None:
    world = make_care_study()
    with scope(world.study):
        first, second = the_readers(world)
        contracted(world, first, rates=PAID, days=400)
        row = meetings.hold(planned(world), [first.pk], minutes="Done.", actor=desk(world))
        month = fees.first_of(clock.today(world.study.time_zone))
        works = fees.unpaid(world.study, first, month)
        assert [(one.kind, one.amount) for one in works] == [("meeting", Decimal("75.50"))]
        assert fees.unpaid(world.study, second, month) == []
        statement = fees.draw_up(world.study, first, month, actor=desk(world))
        assert statement.total == Decimal("75.50")
        assert fees.unpaid(world.study, first, month) == []
        with pytest.raises(RuleBroken, match="statement of fees holds"):
            meetings.cancel(row, actor=desk(world), reason="wrong day")
        fees.withdraw(statement, actor=desk(world), reason="wrong day")
        meetings.cancel(row, actor=desk(world), reason="wrong day")
        assert fees.unpaid(world.study, first, month) == []


def test_a_contract_without_a_rate_for_meetings_pays_none_and_hinders_no_statement() -> None:
    world = make_care_study()
    with scope(world.study):
        first, _ = the_readers(world)
        meetings.hold(planned(world), [first.pk], minutes="Done.", actor=desk(world))
        month = fees.first_of(clock.today(world.study.time_zone))
        assert fees.unpaid(world.study, first, month) == []


def test_the_pages_plan_hold_and_cancel_a_meeting() -> None:
    world = make_care_study()
    with scope(world.study):
        row = planned(world)
        first, _ = the_readers(world)
    client = logged_in(world, "reviewer_operations")
    url = reverse("meeting-list", args=["ALPHA"])
    assert "New lesions" in client.get(url).content.decode()
    said = {"kind": "training", "title": "Charter", "held_on": "no day", "minutes": "60"}
    refused = client.post(reverse("meeting-plan", args=["ALPHA"]), said, follow=True)
    assert "No meeting was planned" in refused.content.decode()
    act = reverse("meeting-act", args=["ALPHA", row.pk])
    held = {"act": "hold", "present": [str(first.pk)], "minutes": "Two cases."}
    page = client.post(act, held, follow=True).content.decode()
    assert "Two cases." in page
    assert "kept as held the meeting" in page
    page = client.post(act, {"act": "cancel", "reason": "wrong day"}, follow=True)
    assert "cancelled" in page.content.decode()
    looking = logged_in(world, "project_manager")
    assert looking.post(act, {"act": "cancel", "reason": "x"}).status_code == 403
    assert "Plan a meeting" not in looking.get(url).content.decode()
