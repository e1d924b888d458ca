"""Care of readers: reminders by the plan, escalation, correspondence, remediation, suspension."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.core import mail
from django.urls import reverse

from accounts.models import Notice
from accounts.permissions import Role
from audit import clock, jobs
from audit.errors import Conflict, NotPermitted, ReasonRequired, RuleBroken
from audit.jobs import enqueue
from audit.models import Job
from reads.models import Reader, ReaderMessage, ReadTask, Remediation
from reads.services import assigning, care, qualifying, reading, transferring
from reads.tasks import ask_for_reminders
from studies.scoping import scope
from studies.services import people
from tests.reads.care_world import desk, entered, make_care_study
from tests.reads.read_world import (
    READERS,
    logged_in,
    read_baseline,
    reader,
    ready,
    run_jobs,
    task_of,
)
from tests.world import BUILDER, StudyWorld, make_user

pytestmark = pytest.mark.django_db


def due_of(world: StudyWorld) -> datetime:
    return task_of(world, READERS[0]).due_at


def at(instant: datetime) -> object:
    """Shift the clock so that it is this instant now."""
    return clock.shifted_by(instant - clock.now())


def remind(world: StudyWorld) -> list[tuple[str, str]]:
    """Run the reminders and return kind and reader of what was written."""
    made = care.remind(world.study, actor=desk(world))
    return sorted((one.kind, str(one.reader)) for one in made)


# --- reminders ------------------------------------------------------------------------------------


def test_each_reader_is_reminded_before_due_told_when_late_and_escalated_once() -> None:
    world = make_care_study()
    names = [f"Alpha {name.replace('_', ' ').title()}" for name in READERS]
    with scope(world.study):
        due = due_of(world)
        assert remind(world) == []
        with at(due - timedelta(hours=30)):
            assert remind(world) == [("reminder", name) for name in names]
            assert remind(world) == []  # once
        with at(due + timedelta(hours=1)):
            assert remind(world) == [("overdue", name) for name in names]
            assert care.escalated(world.study) == []
        with at(due + timedelta(days=8)):  # more than three business days
            assert remind(world) == [("escalation", name) for name in names]
            assert len(care.escalated(world.study)) == 2
            assert remind(world) == []


def test_a_read_on_hold_or_signed_is_not_reminded_of() -> None:
    world = make_care_study()
    with scope(world.study):
        due = due_of(world)
        read_baseline(world, READERS[0], "40.0", "20.0")
        assigning.hold(task_of(world, READERS[1]), actor=desk(world), reason="images are checked")
        with at(due + timedelta(days=30)):
            assert remind(world) == []


def test_messages_are_mailed_without_subject_data_and_escalation_goes_to_operations() -> None:
    world = make_care_study()
    with scope(world.study), at(due_of(world) + timedelta(days=8)):
        enqueue("reads.remind", key="now", row=world.study, study_id=world.study.pk,
                of_study=str(world.study.pk))  # fmt: skip
        mail.outbox.clear()
        run_jobs()
        for row in Job.objects.filter(kind="projects.notify", state="pending"):
            jobs.run(str(row.pk))
    told = {n.kind: n.user.email for n in Notice.objects.filter(kind__startswith="readermessage")}
    assert told["readermessage.overdue"] in {world.users[name].email for name in READERS}
    assert told["readermessage.escalation"] == world.users["reviewer_operations"].email
    subject = world.subjects[0].code
    assert mail.outbox
    assert all(subject not in one.subject + one.body for one in mail.outbox)


def test_the_hour_asks_for_the_reminders_of_each_study_once() -> None:
    world = make_care_study()
    assert ask_for_reminders() == 1
    ask_for_reminders()
    rows = Job.objects.filter(kind="reads.remind")
    assert rows.count() == 1
    with scope(world.study):
        assert jobs.run(str(rows.get().pk)) == "done"


def test_reminders_that_run_twice_write_nothing_new() -> None:
    world = make_care_study()
    with scope(world.study), at(due_of(world) + timedelta(days=8)):
        ask_for_reminders()
        row = Job.objects.get(kind="reads.remind")
        assert jobs.run(str(row.pk)) == "done"
        written = ReaderMessage.objects.count()
        assert written == 4  # overdue and escalation, for two readers
        Job.objects.filter(pk=row.pk).update(state="pending", attempts=0, finished_at=None)
        assert jobs.run(str(row.pk)) == "done"
        assert ReaderMessage.objects.count() == written


# --- correspondence and remediation ---------------------------------------------------------------


def test_the_log_keeps_what_people_said_and_refuses_what_the_platform_says() -> None:
    world = make_care_study()
    with scope(world.study):
        one = Reader.objects.get(user=world.users[READERS[0]])
        care.log(world.study, one, "call", "Will read on Friday.", actor=desk(world),
                 is_from_reader=True)  # fmt: skip
        for kind, text in (("reminder", "x"), ("call", " ")):
            with pytest.raises(RuleBroken):
                care.log(world.study, one, kind, text, actor=desk(world))
        with pytest.raises(NotPermitted):
            care.log(world.study, one, "call", "x", actor=world.actor("project_manager"))
        assert [m.text for m in ReaderMessage.objects.all()] == ["Will read on Friday."]


STEP = {"text": "Read five cases with the scientist", "owner": "Science", "due": "2030-01-10"}


def plan_for_reader(world: StudyWorld) -> Remediation:
    one = Reader.objects.get(user=world.users[READERS[0]])
    return care.open_remediation(
        world.study, one, issue="Nodes measured in the long axis", steps=[STEP],
        due_on=clock.today() + timedelta(days=30), actor=desk(world),
    )  # fmt: skip


def test_a_remediation_plan_changes_with_a_reason_and_ends_when_its_steps_are_done() -> None:
    world = make_care_study()
    with scope(world.study):
        plan = plan_for_reader(world)
        with pytest.raises(RuleBroken, match="steps are not done"):
            care.close_remediation(plan, "complete", actor=desk(world), reason="fine")
        done = [STEP | {"done_on": "2030-01-08"}]
        with pytest.raises(ReasonRequired):
            change(world, plan, done, "")
        plan = change(world, plan, done, "done early")
        plan = care.close_remediation(plan, "complete", actor=desk(world), reason="ICC is 0.9")
        assert (plan.state, plan.outcome) == ("completed", "ICC is 0.9")
        assert plan.history.count() == 3
        with pytest.raises(Conflict):
            change(world, plan, done, "late")


def change(
    world: StudyWorld, plan: Remediation, steps: list[dict[str, str]], reason: str
) -> Remediation:
    return care.change_remediation(
        plan, steps=steps, due_on=plan.due_on, actor=desk(world), reason=reason
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"issue": " "},
        {"steps": []},
        {"steps": [STEP | {"owner": ""}]},
        {"steps": [STEP | {"due": "soon"}]},
        {"due_on": date(2020, 1, 1)},
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(changed: dict[str, object]) -> None:
    world = make_care_study()
    usual: dict[str, object] = {
        "issue": "Late", "steps": [STEP], "due_on": clock.today() + timedelta(days=9),
    }  # fmt: skip
    with scope(world.study):
        one = Reader.objects.get(user=world.users[READERS[0]])
        with pytest.raises(RuleBroken):
            care.open_remediation(world.study, one, actor=desk(world), **(usual | changed))  # type: ignore[arg-type]
        assert not Remediation.objects.exists()


# --- suspension and transfer ----------------------------------------------------------------------


def test_a_suspension_holds_the_open_reads_and_resuming_lets_only_those_go_on() -> None:
    world = make_care_study()
    with scope(world.study):
        ready(world, world.time_points(world.subjects[1])[0])
        run_jobs()
        held_before = task_of(world, READERS[0], 1, 1)
        assigning.hold(held_before, actor=desk(world), reason="images are checked")
        reading.open_session(task_of(world, READERS[0]), actor=reader(world, READERS[0]))
        one = Reader.objects.get(user=world.users[READERS[0]])
        assert care.suspend(one, actor=desk(world), reason="late for weeks") == 1
        assert task_of(world, READERS[0]).state == "on_hold"
        assert care.resume(one, actor=desk(world), reason="plan is done") == 1
        assert task_of(world, READERS[0]).state == "assigned"
        assert task_of(world, READERS[0]).sessions.count() == 1  # what was typed is kept
        assert ReadTask.objects.get(pk=held_before.pk).state == "on_hold"


def third_reader(world: StudyWorld) -> object:
    user = make_user("third_reader")
    people.grant_role(user, Role.CENTRAL_READER, study=world.study, actor=BUILDER)
    world.users["third"] = user
    qualifying.qualify(user, world.study, actor=desk(world))
    entered(world, "third")
    return user


def test_finish_subject_leaves_begun_subjects_and_from_baseline_takes_all() -> None:
    world = make_care_study()
    with scope(world.study):
        third_reader(world)
        for point in (world.time_points(world.subjects[0])[1],):
            ready(world, point)
        ready(world, world.time_points(world.subjects[1])[0])
        run_jobs()
        read_baseline(world, READERS[0], "40.0", "20.0")
        leaving = world.users[READERS[0]]
        begun = world.subjects[0].streams.get(reader=leaving)
        others = transferring.plan_transfer(world.study, leaving, "finish_subject")
        assert [s.pk for s in others.keeps] == [begun.pk]
        with pytest.raises(ReasonRequired):
            transferring.transfer(
                world.study, leaving, "finish_subject", actor=desk(world), reason=" "
            )
        transferring.transfer(
            world.study, leaving, "finish_subject", actor=desk(world), reason="leaves"
        )
        begun.refresh_from_db()
        assert begun.closed_reason == ""
        moved, stayed = transferring.transfer(
            world.study, leaving, "from_baseline", actor=desk(world), reason="left"
        )
        assert (moved, stayed) == (1, [])
        begun.refresh_from_db()
        assert begun.closed_reason == "left"
        anew = world.subjects[0].streams.get(reader=world.users["third"])
        assert [t.sequence for t in anew.tasks.order_by("sequence")] == [1, 2]
        assert begun.tasks.filter(state="signed").count() == 1  # what was signed stays
        with pytest.raises(RuleBroken, match="Choose the rule"):
            transferring.plan_transfer(world.study, leaving, "somehow")


# --- pages ----------------------------------------------------------------------------------------


def test_reviewer_operations_log_plan_and_close_on_the_page() -> None:
    world = make_care_study()
    one = Reader.objects.get(user=world.users[READERS[0]])
    client = logged_in(world, "reviewer_operations")
    act = reverse("reader-care-act", args=["ALPHA", one.pk])
    client.post(act, {"act": "log", "kind": "call", "text": "Said Friday."})
    day = (clock.today() + timedelta(days=9)).isoformat()
    steps = {"step.text": ["Read again", ""], "step.owner": ["Science", ""],
             "step.due": [day, ""], "step.done_on": ["", ""]}  # fmt: skip
    client.post(act, {"act": "open", "issue": "Late", "due_on": day, **steps})
    page = client.get(reverse("reader-care", args=["ALPHA", one.pk])).content.decode()
    assert "Said Friday." in page
    assert "Read again" in page
    with scope(world.study):
        plan = Remediation.objects.get()
    client.post(act, {"act": "close", "row": plan.pk, "step": "cancel", "reason": "by mistake"})
    with scope(world.study):
        assert Remediation.objects.get().state == "cancelled"
    listed = client.get(reverse("care-list", args=["ALPHA"])).content.decode()
    assert "No read is late" in listed
    manager = logged_in(world, "project_manager")
    assert manager.post(act, {"act": "log", "kind": "call", "text": "x"}).status_code == 403
