"""Escalations as records: opened by the rule, owned, spoken about, closed with an outcome."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.utils import DatabaseError
from django.urls import reverse

from accounts.permissions import Role
from audit import clock
from audit.actors import acting
from audit.errors import NotPermitted, ReasonRequired, RuleBroken
from audit.models import Event
from reads.models import ReaderEscalation, ReaderMessage
from reads.services import care, escalating
from studies.scoping import scope
from studies.services import people
from tests.reads.care_world import desk, make_care_study
from tests.reads.read_world import READERS, logged_in, ready, run_jobs, task_of
from tests.world import BUILDER, StudyWorld, make_user

pytestmark = pytest.mark.django_db


def remind_late(world: StudyWorld, days: int = 8) -> list[ReaderMessage]:
    """Remind that many days after the first read was due; three business days escalate."""
    late = task_of(world, READERS[0]).due_at + timedelta(days=days)
    with clock.shifted_by(late - clock.now()):
        return care.remind(world.study, actor=desk(world))


def raised(world: StudyWorld) -> ReaderEscalation:
    remind_late(world)
    return ReaderEscalation.objects.get(reader__user=world.users[READERS[0]])


def test_the_rule_opens_one_record_with_its_reads_and_the_message_belongs_to_it() -> None:
    world = make_care_study()
    with scope(world.study):
        row = raised(world)
        assert (row.state, row.owner) == ("open", None)
        assert row.tasks == [str(task_of(world, READERS[0]).pk)]
        assert row.rule == "The plan's time for escalation after the due date has passed."
        assert [one.kind for one in row.messages.all()] == ["escalation"]
        assert Event.objects.filter(kind="escalation.open").count() == 2  # one for each reader
        remind_late(world, days=9)
        assert ReaderEscalation.objects.count() == 2


def test_reads_that_cross_later_join_the_live_record_and_after_its_end_open_another() -> None:
    world = make_care_study()
    with scope(world.study):
        row = raised(world)
        ready(world, world.time_points(world.subjects[1])[0])
        run_jobs()
        remind_late(world, days=30)
        row.refresh_from_db()
        assert len(row.tasks) == 2
        assert Event.objects.filter(kind="escalation.extend").exists()
        escalating.close(row, actor=desk(world), outcome="The reads were given to others.")
        ready(world, world.time_points(world.subjects[0])[1])
        run_jobs()
        remind_late(world, days=60)
        rows = ReaderEscalation.objects.filter(reader=row.reader).order_by("opened_at")
        assert [one.state for one in rows] == ["closed", "open"]


def test_it_is_taken_handed_over_with_a_reason_and_closed_with_its_outcome() -> None:
    world = make_care_study()
    other = make_user("alpha_operations_2")
    people.grant_role(other, Role.REVIEWER_OPERATIONS, study=world.study, actor=BUILDER)
    with scope(world.study):
        row = escalating.take(raised(world), actor=desk(world))
        assert row.owner == world.users["reviewer_operations"]
        with pytest.raises(ReasonRequired):
            escalating.hand_over(row, other, actor=desk(world), reason=" ")
        with pytest.raises(RuleBroken, match="does not look after readers"):
            escalating.hand_over(row, world.users["scientific"], actor=desk(world), reason="away")
        row = escalating.hand_over(row, other, actor=desk(world), reason="Leave until Monday.")
        assert row.owner == other
        said = care.log(
            world.study, row.reader, "call", "Ill, back on Friday.", actor=desk(world),
            is_from_reader=True, escalation=row,
        )  # fmt: skip
        assert said.escalation == row
        with pytest.raises(ReasonRequired):
            escalating.close(row, actor=desk(world), outcome="")
        row = escalating.close(row, actor=desk(world), outcome="Read on Friday.")
        assert (row.state, row.outcome) == ("closed", "Read on Friday.")
        with pytest.raises(RuleBroken, match="closed"):
            care.log(world.study, row.reader, "mail", "x", actor=desk(world), escalation=row)


def test_a_closed_escalation_is_immutable_for_the_database() -> None:
    world = make_care_study()
    with scope(world.study):
        row = escalating.close(raised(world), actor=desk(world), outcome="Done.")
        row.outcome = "Other."
        with pytest.raises(DatabaseError), transaction.atomic(), acting(BUILDER):
            row.save()


def test_only_reviewer_operations_act_and_others_look() -> None:
    world = make_care_study()
    with scope(world.study):
        row = raised(world)
        with pytest.raises(NotPermitted):
            escalating.take(row, actor=world.actor("project_manager"))
    client = logged_in(world, "project_manager")
    page = client.get(reverse("escalation-page", args=["ALPHA", row.pk])).content.decode()
    assert "Take the escalation" not in page
    act = reverse("escalation-act", args=["ALPHA", row.pk])
    assert client.post(act, {"act": "take"}).status_code == 403


def test_the_pages_show_who_looks_after_it_and_its_history() -> None:
    world = make_care_study()
    with scope(world.study):
        row = raised(world)
    client = logged_in(world, "reviewer_operations")
    listed = client.get(reverse("care-list", args=["ALPHA"])).content.decode()
    assert "Open escalations" in listed
    assert "nobody yet" in listed
    act = reverse("escalation-act", args=["ALPHA", row.pk])
    client.post(act, {"act": "take"})
    client.post(act, {"act": "log", "kind": "call", "text": "Reads tonight."})
    page = client.get(reverse("escalation-page", args=["ALPHA", row.pk])).content.decode()
    name = world.users["reviewer_operations"].printed_name
    assert f"Looked after by {name}" in page
    assert "Reads tonight." in page
    assert "took the" in page
    client.post(act, {"act": "close", "reason": "Read in the night."})
    closed = client.get(reverse("escalation-page", args=["ALPHA", row.pk])).content.decode()
    assert "Read in the night." in closed
    assert "Close escalation" not in closed
    care_page = reverse("reader-care", args=["ALPHA", row.reader_id])
    assert "closed" in client.get(care_page).content.decode()
