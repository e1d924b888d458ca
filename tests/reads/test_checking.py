"""Running the checks over signed reads, deciding on findings, reminders, recall and retraining."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import Notice
from accounts.signatures import signatures_of
from audit import clock, jobs
from audit.errors import Conflict, NotPermitted, ReasonRequired, RuleBroken
from audit.models import Job
from queries.models import Query
from reads.models import (
    CheckFinding,
    CheckRun,
    ReaderQualification,
    ReadSession,
    ReadTask,
    Recall,
    RollBack,
    TrainingReminder,
)
from reads.oversight.masking import telling
from reads.services import checking, qualifying, reading, recalling, reminders, retraining, rollback
from reads.services.reminders import Draft, pictures_of
from reads.services.rollback import carrying_out
from reads.streamfacts import watched_streams
from studies.scoping import scope
from tests.exports.cut_world import make_cut_study
from tests.reads.oversight_world import RULE, rolled_back
from tests.reads.read_world import (
    READERS,
    logged_in,
    read_baseline,
    read_follow_up,
    reader,
    ready,
    run_jobs,
    task_of,
)
from tests.remembering import remembered
from tests.world import PASSWORD, StudyWorld

pytestmark = pytest.mark.django_db


@remembered
def make_read_course() -> StudyWorld:
    made = make_cut_study(reads=False)
    with scope(made.study):
        for point in made.time_points(made.subjects[0])[:2]:
            ready(made, point)
        run_jobs()
        for name in READERS:
            read_baseline(made, name, "40.0", "20.0")
        read_follow_up(made, READERS[0], 2, ("61.0", "15.0"), ("PD", "NON-CR/NON-PD", "PD"))
    return made


@pytest.fixture
def world() -> Iterator[StudyWorld]:
    """Both readers read baseline (40 + 20 mm); reader 1 then finds 61.0 + 15 mm: +52.5 %."""
    made = make_read_course()
    with scope(made.study):
        yield made


def run_now(world: StudyWorld) -> CheckRun:
    job = checking.ask(world.study, actor=world.actor("scientific"))
    assert jobs.run(str(job.pk)) == "done"
    found = CheckRun.objects.filter(work=job.key).first()
    assert found is not None
    return found


def large_change(world: StudyWorld) -> CheckFinding:
    run_now(world)
    return CheckFinding.objects.get(check_id="LARGE_CHANGE")


# --- facts and runs -------------------------------------------------------------------------------


def test_the_facts_of_a_stream_are_what_was_signed(world: StudyWorld) -> None:
    mine = next(
        one for one in watched_streams(world.study)
        if one.stream.reader == world.users[READERS[0]]
    )  # fmt: skip
    first, second = mine.facts.points
    assert (first.number, first.day, first.baseline) == (1, 0, True)
    target = second.lesion("T01")
    assert target is not None
    assert (str(target.size), target.state, target.organ) == ("61", "MEASURED", "LIVER")
    assert second.responses[0].counts("overall_response") == "PD"
    assert second.quality == "ADEQUATE"


def test_a_run_keeps_each_finding_once_however_often_it_runs(world: StudyWorld) -> None:
    first = run_now(world)
    assert (first.streams, first.sessions) == (2, 3)
    found = CheckFinding.objects.get(check_id="LARGE_CHANGE")
    assert found.text == ("T01: 40 mm before, 61 mm now (52.5 %). Is it the same lesion?")
    assert (found.level, found.place, found.scope) == ("warning", "T01", "time_point")
    count = CheckFinding.objects.count()
    with clock.shifted_by(timedelta(minutes=2)):
        second = run_now(world)
    assert (second.opened, CheckFinding.objects.count()) == (0, count)


def test_the_nightly_job_runs_once_a_day_for_studies_in_conduct(world: StudyWorld) -> None:
    asked = checking.ask_for_night()
    assert [one.study_id for one in asked] == [world.study.pk]
    again = checking.ask_for_night()
    assert [one.pk for one in again] == [one.pk for one in asked]
    assert jobs.run(str(asked[0].pk)) == "done"
    Job.objects.filter(pk=asked[0].pk).update(state="pending", attempts=0, finished_at=None)
    assert jobs.run(str(asked[0].pk)) == "done"
    assert CheckRun.objects.count() == 1


def test_a_run_costs_the_same_queries_for_one_read_and_for_many(
    world: StudyWorld, django_assert_max_num_queries: object
) -> None:
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        assert len(list(watched_streams(world.study))) == 2


# --- decisions ------------------------------------------------------------------------------------


def test_no_action_needs_a_reason_and_is_decided_once(world: StudyWorld) -> None:
    row = large_change(world)
    science = world.actor("scientific")
    with pytest.raises(ReasonRequired):
        checking.no_action(row, actor=science, reason="")
    checking.no_action(row, actor=science, reason="The liver lesion truly grew.")
    row.refresh_from_db()
    assert (row.state, row.disposition, row.disposed_by) == (
        "disposed",
        "no_action",
        world.users["scientific"],
    )
    with pytest.raises(Exception, match="not possible"):
        checking.no_action(row, actor=science, reason="Again.")
    with clock.shifted_by(timedelta(minutes=2)):
        run_now(world)
    assert CheckFinding.objects.filter(check_id="LARGE_CHANGE").count() == 1


@pytest.mark.parametrize("role", ["central_reader", "adjudicator", "sponsor", "site_user"])
def test_readers_sponsors_and_sites_decide_nothing(world: StudyWorld, role: str) -> None:
    row = large_change(world)
    with pytest.raises(NotPermitted):
        checking.no_action(row, actor=world.actor(role), reason="x")
    with pytest.raises(NotPermitted):
        checking.ask(world.study, actor=world.actor(role))
    assert not CheckFinding.objects.visible_to(world.actor("central_reader")).exists()


def test_a_query_asks_the_site_and_does_not_block_the_visit(world: StudyWorld) -> None:
    row = large_change(world)
    checking.ask_site(
        row, actor=world.actor("image_operations"), text="Were all slices of the liver sent?"
    )
    row.refresh_from_db()
    query = Query.objects.get()
    assert (row.disposition, row.query, query.blocking) == ("query", query, False)
    assert query.time_point == row.session.task.time_point


def test_a_finding_of_a_voided_read_is_closed_by_the_next_run(world: StudyWorld) -> None:
    row = large_change(world)
    rolled_back(world)
    with clock.shifted_by(timedelta(minutes=2)):
        run = run_now(world)
    row.refresh_from_db()
    assert row.state == "gone"
    assert run.gone >= 1


# --- reminders ------------------------------------------------------------------------------------


def issued(world: StudyWorld, draft: Draft = RULE) -> TrainingReminder:
    row = reminders.write(
        world.users[READERS[0]], world.study, draft, actor=world.actor("scientific")
    )
    return reminders.issue(row, actor=world.actor("scientific"))


def test_a_reminder_is_due_by_the_plan_and_tells_its_reader(world: StudyWorld) -> None:
    row = issued(world)
    assert row.due_by.startswith("Project plan v1")
    assert row.due_at is not None
    for job in Job.objects.filter(kind="projects.notify", state="pending"):
        jobs.run(str(job.pk))
    notice = Notice.objects.get(user=world.users[READERS[0]], kind="trainingreminder.issue")
    assert notice.text == "A training point reminder waits for your acknowledgement in study ALPHA."


@pytest.mark.parametrize(
    "text",
    [
        "Look at subject {subject} again.",
        "The scan of 2026-03-05 was misread.",
        "The scan of 5 Mar 2026 was misread.",
        "As {peer} did it.",
        "At {site} the table moves.",
    ],
)
def test_a_reminder_that_would_tell_what_is_blinded_is_refused(
    world: StudyWorld, text: str
) -> None:
    filled = text.format(
        subject=world.subjects[0].code,
        peer=world.users[READERS[1]].printed_name,
        site=world.sites[0].site.name,
    )
    with pytest.raises(RuleBroken, match="must not see"):
        issued(world, Draft(rule="Rule", clause="§1", text=filled))
    assert not TrainingReminder.objects.exists()


def test_ordinary_words_are_not_taken_for_names() -> None:
    assert telling("Measure at most 5 targets, 2 per organ.", ["01", "EU", "101-001"]) == []
    assert telling("In 101-001 the liver.", ["101-001"]) == ["101-001"]


def test_a_picture_comes_only_from_the_readers_own_package(world: StudyWorld) -> None:
    session = ReadSession.objects.get(task=task_of(world, READERS[0], 2))
    series, _, _, sha256 = next(iter(pictures_of(session)))
    good = Draft(rule="R", clause="§1", text="t", session=session, picture=(series, sha256))
    assert issued(world, good).picture_sha256 == sha256
    other = Draft(rule="R", clause="§1", text="t", session=session, picture=(series, "0" * 64))
    with pytest.raises(RuleBroken, match="not of the reader"):
        issued(world, other)
    peers = ReadSession.objects.get(task=task_of(world, READERS[1], 1))
    with pytest.raises(RuleBroken, match="another reader"):
        issued(world, Draft(rule="R", clause="§1", text="t", session=peers))


def test_a_reminder_that_holds_reads_lets_nothing_start_or_be_signed(world: StudyWorld) -> None:
    second = task_of(world, READERS[1], 2)
    actor = reader(world, READERS[1])
    row = reminders.write(
        world.users[READERS[1]], world.study, RULE, actor=world.actor("scientific")
    )
    reminders.issue(row, actor=world.actor("scientific"))
    with pytest.raises(Conflict, match="Acknowledge the training point reminder first: TPR-0001"):
        reading.open_session(second, actor=actor)
    assent = world.assent("central_reader", reminders.MEANING, name=READERS[1])
    reminders.acknowledge(row, actor=actor, assent=assent)
    assert [one.valid for one in signatures_of(row)] == [True]
    reading.open_session(second, actor=actor)


def test_nobody_acknowledges_for_another(world: StudyWorld) -> None:
    row = issued(world)
    with pytest.raises(Conflict, match="another reader"):
        reminders.acknowledge(
            row,
            actor=reader(world, READERS[1]),
            assent=world.assent("central_reader", reminders.MEANING, name=READERS[1]),
        )


# --- recall and retraining ------------------------------------------------------------------------


def recalled(world: StudyWorld) -> Recall:
    row = recalling.request(
        world.users[READERS[0]],
        world.study,
        actor=world.actor("scientific"),
        reason="The reader's screen was out of calibration.",
    )
    for side, role in (("science", "scientific"), ("project", "project_manager")):
        recalling.approve(
            row,
            side,  # type: ignore[arg-type]
            actor=world.actor(role),
            assent=world.assent(role, rollback.MEANING),
        )
    return row


def test_a_recall_rolls_back_every_stream_of_the_reader_by_a_job(world: StudyWorld) -> None:
    row = recalled(world)
    job = Job.objects.get(kind="reads.recall")
    assert job.total_units == 1
    assert ReadSession.objects.filter(state="voided").count() == 0
    assert jobs.run(str(job.pk)) == "done"
    row.refresh_from_db()
    assert row.state == "carried_out"
    mine = ReadSession.objects.filter(task__stream__reader=world.users[READERS[0]])
    assert set(mine.values_list("state", flat=True)) == {"voided"}
    tasks = ReadTask.objects.filter(stream__reader=world.users[READERS[0]])
    assert set(tasks.values_list("state", flat=True)) == {"on_hold"}
    assert [one.state for one in RollBack.objects.all()] == ["carried_out"]
    other = ReadSession.objects.filter(task__stream__reader=world.users[READERS[1]])
    assert set(other.values_list("state", flat=True)) == {"signed"}


def test_a_recall_run_twice_does_nothing_twice(world: StudyWorld) -> None:
    from tests.audit.test_jobs_twice import contents

    recalled(world)
    job = Job.objects.get(kind="reads.recall")
    jobs.run(str(job.pk))
    before = contents()
    Job.objects.filter(pk=job.pk).update(state="pending", attempts=0, finished_at=None)
    assert jobs.run(str(job.pk)) == "done"
    assert contents() == before


def test_a_recall_that_was_stopped_goes_on_where_it_stopped(
    world: StudyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    for point in world.time_points(world.subjects[1])[:1]:
        ready(world, point)
    run_jobs()
    read_baseline(world, READERS[0], "30.0", subject=1)
    row = recalled(world)
    steps = carrying_out.STEPS
    seen: list[int] = []

    def fails_the_second_time(*_: object) -> None:
        seen.append(1)
        if len(seen) == 2:
            raise ConnectionError("the worker was lost")

    monkeypatch.setattr(carrying_out, "STEPS", (*steps, fails_the_second_time))
    with pytest.raises(ConnectionError):
        recalling.carry_out(Recall.objects.get(pk=row.pk))
    assert RollBack.objects.filter(state="carried_out").count() == 1
    monkeypatch.setattr(carrying_out, "STEPS", steps)
    recalling.carry_out(Recall.objects.get(pk=row.pk))
    assert RollBack.objects.filter(state="carried_out").count() == 2
    assert not RollBack.objects.exclude(state="carried_out").exists()


def test_retraining_holds_the_reads_and_ends_the_qualification_until_it_is_passed(
    world: StudyWorld,
) -> None:
    science = world.actor("scientific")
    row = retraining.order(
        world.study,
        [world.users[READERS[1]]],
        actor=science,
        reason="Node short axis is measured as long axis.",
    )
    task = task_of(world, READERS[1], 2)
    assert task.state == "on_hold"
    held = ReaderQualification.objects.filter(reader=world.users[READERS[1]], revoked_reason="")
    assert not held.exists()
    (place,) = row.places.all()
    with pytest.raises(RuleBroken, match="has not passed yet"):
        retraining.release(place, actor=science)
    with pytest.raises(Conflict, match="still wait"):
        retraining.close(row, actor=science, minutes="Held by video.")
    qualifying.qualify(world.users[READERS[1]], world.study, actor=world.actor("project_manager"))
    retraining.release(place, actor=science)
    task.refresh_from_db()
    assert task.state == "assigned"
    retraining.close(row, actor=science, minutes="Held by video.")
    row.refresh_from_db()
    assert (row.state, row.minutes) == ("closed", "Held by video.")


def test_all_readers_can_be_sent_to_training_at_once(world: StudyWorld) -> None:
    row = retraining.order(
        world.study, [], actor=world.actor("scientific"), reason="Consensus.", all_readers=True
    )
    assert row.places.count() >= 2
    with pytest.raises(RuleBroken, match="already"):
        retraining.order(
            world.study,
            [world.users[READERS[0]]],
            actor=world.actor("scientific"),
            reason="Once more.",
        )


# --- pages ----------------------------------------------------------------------------------------


def test_the_list_filters_and_exports_findings(world: StudyWorld) -> None:
    large_change(world)
    client = logged_in(world, "scientific")
    address = reverse("check-findings", args=[world.study.code])
    text = client.get(address).content.decode()
    assert "Lesion changed by more than half" in text
    assert world.users[READERS[0]].printed_name not in text
    assert (
        "Lesion changed by more than half"
        not in client.get(address, {"level": "error"}).content.decode()
    )
    assert (
        "Lesion changed by more than half"
        in client.get(
            address, {"reader": "R-01", "check": "LARGE_CHANGE", "sort": "-found"}
        ).content.decode()
    )
    answer = client.get(address, {"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert {"LARGE_CHANGE"} <= {row["check"] for row in rows}
    assert {row["reader"] for row in rows} <= {"R-01", "R-02"}
    for name in ("check-library", "check-readers"):
        assert client.get(reverse(name, args=[world.study.code])).status_code == 200


def test_a_finding_is_decided_on_its_page(world: StudyWorld) -> None:
    row = large_change(world)
    client = logged_in(world, "scientific")
    page = reverse("check-finding", args=[world.study.code, row.pk])
    assert "61.0" in client.get(page).content.decode()
    decide = reverse("check-finding-decide", args=[world.study.code, row.pk])
    assert client.post(decide, {"act": "no_action", "reason": ""}).status_code == 422
    assert client.post(decide, {"act": "no_action", "reason": "It grew."}).status_code == 302
    text = client.get(page).content.decode()
    assert "No action" in text
    assert "It grew." in text


def test_image_operations_see_findings_but_not_the_readers_answers(world: StudyWorld) -> None:
    row = large_change(world)
    page = logged_in(world, "image_operations").get(
        reverse("check-finding", args=[world.study.code, row.pk])
    )
    assert page.status_code == 200
    assert "Your role does not include the answers of readers." in page.content.decode()


def test_a_reminder_is_written_from_a_finding_and_acknowledged_by_its_reader(
    world: StudyWorld,
) -> None:
    row = large_change(world)
    client = logged_in(world, "scientific")
    new = reverse("reminder-new", args=[world.study.code])
    form = client.get(new, {"finding": row.pk}).content.decode()
    assert "Masked picture" in form
    series, _, _, sha256 = next(iter(pictures_of(row.session)))
    given = {
        "act": "issue",
        "finding": str(row.pk),
        "rule": "Measure the same lesion",
        "clause": "RECIST 1.1 §4.3",
        "text": "Compare with the baseline.",
        "picture": f"{series}:{sha256}",
        "gates": "yes",
    }
    refused = client.post(new, {**given, "text": f"See {world.subjects[0].code}."})
    assert refused.status_code == 422
    assert client.post(new, given).status_code == 302
    made = TrainingReminder.objects.get()
    row.refresh_from_db()
    assert (row.disposition, row.reminder) == ("reminder", made)
    mine = logged_in(world, READERS[0])
    assert "Measure the same lesion" in mine.get(reverse("read-inbox")).content.decode()
    page = reverse("my-reminder", args=[world.study.code, made.pk])
    assert mine.get(page).status_code == 200
    picture = reverse("reminder-picture", args=[world.study.code, made.pk])
    assert mine.get(picture)["Content-Type"] == "image/jpeg"
    other = logged_in(world, READERS[1])
    assert other.get(page).status_code == 404
    assert other.get(picture).status_code == 404
    assert made.rule not in other.get(reverse("read-inbox")).content.decode()
    sign = reverse("my-reminder-sign", args=[world.study.code, made.pk])
    assert mine.post(sign, {"password": PASSWORD}).status_code == 422
    text = mine.get(page).content.decode()
    digest = text.partition('name="digest" value="')[2][:64]
    mine.post(sign, {"password": PASSWORD, "digest": digest})
    made.refresh_from_db()
    assert made.state == "acknowledged"
    listing = reverse("reminder-list", args=[world.study.code])
    shown = client.get(listing, {"state": "acknowledged"}).content.decode()
    assert str(made) in shown
    lines = client.get(listing, {"format": "csv"}).content.decode().splitlines()
    assert lines[1].startswith("TPR-0001,R-01,Measure the same lesion")


def test_a_roll_back_goes_over_its_pages_to_the_sponsors_acknowledgement(
    world: StudyWorld,
) -> None:
    row = large_change(world)
    science, manager = logged_in(world, "scientific"), logged_in(world, "project_manager")
    code = world.study.code
    new = reverse("rollback-new", args=[code])
    choosing = science.get(new, {"q": row.session.task.stream.subject.code})
    assert len(choosing.context["signed"]) >= 1
    assert "No signed read of such a subject" in science.get(new, {"q": "999-"}).content.decode()
    text = science.get(new, {"finding": row.pk}).content.decode()
    assert "What it touches" in text
    empty = science.post(new, {"finding": row.pk, "task": row.session.task_id, "reason": ""})
    assert empty.status_code == 422
    given = {
        "finding": row.pk,
        "task": row.session.task_id,
        "reason": "Another lesion was measured.",
        "clause": "RECIST 1.1 §4.3",
        "rule": "Measure the same lesion",
        "text": "Compare with the baseline.",
        "gates": "yes",
    }
    assert science.post(new, given).status_code == 302
    made = RollBack.objects.get()
    page = reverse("rollback-page", args=[code, made.pk])
    approve = reverse("rollback-approve", args=[code, made.pk])
    for client, side in ((science, "science"), (manager, "project")):
        shown = client.get(page).content.decode()
        digest = shown.partition('name="digest" value="')[2][:64]
        wrong = client.post(approve, {"password": "no", "digest": digest, "side": side})
        assert wrong.status_code == 422
        client.post(approve, {"password": PASSWORD, "digest": digest, "side": side})
    made.refresh_from_db()
    assert made.state == "carried_out"
    for job in Job.objects.filter(kind="projects.notify", state="pending"):
        jobs.run(str(job.pk))
    sponsor = logged_in(world, "sponsor")
    assert Notice.objects.filter(user=world.users["sponsor"], kind="rollback.carry_out").exists()
    assert "RB-0001" in sponsor.get(reverse("correction-list", args=[code])).content.decode()
    note = reverse("correction-page", args=[code, "rollback", made.pk])
    shown = sponsor.get(note).content.decode()
    assert "Another lesion was measured." in shown
    assert "R-01" in shown
    assert world.users[READERS[0]].printed_name not in shown
    digest = shown.partition('name="digest" value="')[2][:64]
    sponsor.post(
        reverse("correction-acknowledge", args=[code, "rollback", made.pk]),
        {"password": PASSWORD, "digest": digest},
    )
    made.refresh_from_db()
    assert (made.state, made.acknowledged_by) == ("acknowledged", world.users["sponsor"])


def test_the_pages_of_retraining_and_recall_lead_through(world: StudyWorld) -> None:
    science = logged_in(world, "scientific")
    code = world.study.code
    listing = reverse("retraining-list", args=[code])
    assert science.get(listing).status_code == 200
    answer = science.post(
        reverse("retraining-order", args=[code]),
        {"reader": [str(world.users[READERS[1]].pk)], "reason": "Consensus."},
    )
    assert answer.status_code == 302
    assert "Not yet" in science.get(answer["Location"]).content.decode()
    banner = logged_in(world, READERS[1]).get(reverse("read-inbox")).content.decode()
    assert "You are in training again" in banner
    new = reverse("recall-new", args=[code])
    assert science.get(new).status_code == 200
    chosen = science.get(new, {"reader": str(world.users[READERS[0]].pk)}).content.decode()
    assert "Signed reads, voided" in chosen
    answer = science.post(
        new, {"reader": str(world.users[READERS[0]].pk), "reason": "Screen out of calibration."}
    )
    page = science.get(answer["Location"]).content.decode()
    assert "RC-0001" in page
    assert "RC-0001" in science.get(reverse("rollback-list", args=[code])).content.decode()
