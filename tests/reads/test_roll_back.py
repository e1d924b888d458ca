"""Roll-back: impact, two approvals, one transaction, what stays, what the re-reader sees (T43)."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.utils import InterfaceError, InternalError, ProgrammingError
from psycopg2.errors import InsufficientPrivilege

from audit.errors import Conflict, NotPermitted, ReasonRequired, RuleBroken, SignatureRefused
from audit.models import Event
from exports import services as cuts
from exports.corrections import corrected
from exports.models import DataCut
from reads.models import (
    Acceptance,
    AdjudicationCase,
    Lesion,
    ReaderStream,
    ReadSession,
    ReadTask,
    RollBack,
    TrainingReminder,
)
from reads.services import reading, reminders, rollback
from reads.services.impact import impact_of
from reads.services.rollback import carrying_out
from studies.scoping import scope
from tests.audit.test_jobs_twice import contents
from tests.exports.cut_world import generated, hashes, rows
from tests.reads.oversight_world import (
    RULE,
    WHY,
    exported_world,
    requested,
    rolled_back,
    sign_for,
    states,
)
from tests.reads.read_world import (
    READERS,
    fill,
    follow_up_answers,
    logged_in,
    reader,
    run_jobs,
    sign,
    task_of,
)
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db
Exported = tuple[StudyWorld, AdjudicationCase, DataCut]
STABLE = ("SD", "NON-CR/NON-PD", "SD")


@pytest.fixture
def exported() -> Iterator[Exported]:
    made = exported_world()
    with scope(made[0].study):
        yield made


def test_the_list_names_later_reads_the_case_what_counts_and_the_cut(exported: Exported) -> None:
    world, case, cut = exported
    row = requested(world)
    kinds = [line["kind"] for line in row.impact]
    assert kinds == ["read", "draft", "case", "accepted", "time_point", "cut"]
    texts = {line["kind"]: line["text"] for line in row.impact}
    second, third = world.time_points(world.subjects[0])[1:3]
    assert texts["read"].startswith(f"{second}, R-01, signed")
    assert texts["draft"] == f"{third}, R-01, not signed yet"
    assert texts["case"] == f"Adjudication {case.label} of {second}, signed"
    assert texts["accepted"] == f"What counts for {second}"
    assert texts["cut"].startswith(f"{cut}, cut-off")
    assert not any(world.users[name].printed_name in str(row.impact) for name in READERS)


def test_a_request_needs_a_reason_something_signed_and_is_made_once(exported: Exported) -> None:
    world, *_ = exported
    science = world.actor("scientific")
    with pytest.raises(ReasonRequired):
        rollback.request(task_of(world, READERS[0], 2), actor=science, reason=" ")
    with pytest.raises(RuleBroken, match="Nothing of this read is signed"):
        rollback.request(task_of(world, READERS[0], 3), actor=science, reason=WHY)
    with pytest.raises(NotPermitted):
        rollback.request(
            task_of(world, READERS[0], 2), actor=world.actor("image_operations"), reason=WHY
        )
    requested(world)
    with pytest.raises(RuleBroken, match="waits already"):
        requested(world)


def test_nothing_happens_before_the_second_approval_of_another_person(exported: Exported) -> None:
    world, *_ = exported
    row = requested(world)
    sign_for(world, row, "science")
    assert RollBack.objects.get(pk=row.pk).state == "science_approved"
    assert states(world, READERS[0]) == {1: "signed", 2: "signed", 3: "in_progress"}
    with pytest.raises(NotPermitted):
        rollback.approve(
            row,
            "project",
            actor=world.actor("scientific"),
            assent=world.assent("scientific", rollback.MEANING),
        )


def test_one_person_with_both_roles_never_approves_alone(exported: Exported) -> None:
    world, *_ = exported
    from studies.services import people
    from tests.world import BUILDER

    people.grant_role(
        world.users["scientific"], "project_manager", study=world.study, actor=BUILDER
    )
    row = requested(world)
    sign_for(world, row, "science")
    with pytest.raises(RuleBroken, match="another person"):
        rollback.approve(
            row,
            "project",
            actor=world.actor("scientific"),
            assent=world.assent("scientific", rollback.MEANING),
        )
    # What the service refuses, the database refuses as well.
    with (
        pytest.raises(IntegrityError, match="rollback_two_persons"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE reads_rollback SET project_by_id = science_by_id")


def test_the_second_approval_carries_everything_out_at_once(exported: Exported) -> None:
    world, case, _ = exported
    second, third = world.time_points(world.subjects[0])[1:3]
    row = rolled_back(world)
    assert row.state == "carried_out"
    assert states(world, READERS[0]) == {1: "signed", 2: "assigned", 3: "assigned"}
    assert states(world, READERS[1])[2] == "signed"
    mine = ReadSession.objects.filter(task__stream__reader=world.users[READERS[0]])
    assert dict(mine.values_list("task__sequence", "state")) == {
        1: "signed",
        2: "voided",
        3: "voided",
    }
    case.refresh_from_db()
    assert case.state == "voided"
    second.refresh_from_db()
    third.refresh_from_db()
    assert (second.state, third.state) == ("reading", "reading")
    newest = Acceptance.objects.filter(time_point=second).first()
    assert newest is not None
    assert newest.basis == "rolled_back"
    assert row.outcome[:4] == [
        "1 signed read was voided.",
        "1 unsigned read was voided.",
        "1 adjudication was voided.",
        "1 acceptance was taken back.",
    ]


def test_the_baseline_takes_its_lesions_with_it(exported: Exported) -> None:
    world, *_ = exported
    rolled_back(world, 1)
    mine = Lesion.objects.filter(stream__reader=world.users[READERS[0]])
    assert mine.count() == 3
    assert not mine.filter(withdrawn_reason="").exists()
    other = Lesion.objects.filter(stream__reader=world.users[READERS[1]], withdrawn_reason="")
    assert other.count() == 3
    assert {t.state for t in world.time_points(world.subjects[0])[:2]} == {"reading"}


def test_the_old_cut_is_unchanged_and_its_history_says_what_happened(exported: Exported) -> None:
    world, _, cut = exported
    before = (hashes(cut), list(cut.items.values_list("record_kind", "record_id", "history_id")))
    assert cuts.build(cut)[0].content
    row = rolled_back(world)
    fresh = DataCut.objects.select_related("study", "specification").get(pk=cut.pk)
    assert (
        hashes(fresh),
        list(fresh.items.values_list("record_kind", "record_id", "history_id")),
    ) == before
    again = {made.name: made.sha256 for made in cuts.build(fresh)}
    assert again == before[0]
    said = Event.objects.get(kind="datacut.affected", object_id=str(cut.pk))
    assert (
        said.reason == f"{row} rolled back reads that this cut holds. The cut itself is unchanged."
    )
    second = world.time_points(world.subjects[0])[1]
    assert set(corrected([fresh])[cut.pk]) >= {
        f"No read counts for {second} since a roll-back",
        f"Read of {second} was rolled back",
    }


def test_a_later_cut_holds_only_what_still_counts(exported: Exported) -> None:
    world, *_ = exported
    rolled_back(world)
    later = generated(world, "Safety cut 2")
    second = world.time_points(world.subjects[0])[1]
    told = [r for r in rows(later, "rs.csv") if r["RSDTC"] == str(second.assessment_date)]
    peer = ReaderStream.objects.get(reader=world.users[READERS[1]])
    assert {r["RSEVALID"] for r in told} == {f"RADIOLOGIST {peer.role[-1]}"}
    assert {r.get("RSACPTFL", "") for r in told} == {""}
    first = world.time_points(world.subjects[0])[0]
    assert {
        r["TREVALID"] for r in rows(later, "tr.csv") if r["TRDTC"] == str(first.assessment_date)
    } == {"RADIOLOGIST 1", "RADIOLOGIST 2"}


def test_killed_between_any_two_steps_nothing_has_happened(
    exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, *_ = exported
    row = requested(world)
    sign_for(world, row, "science")

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    manager, steps = world.actor("project_manager"), carrying_out.STEPS
    assent = world.assent("project_manager", rollback.MEANING)
    before = contents()
    for place in range(len(steps) + 1):
        monkeypatch.setattr(carrying_out, "STEPS", (*steps[:place], killed, *steps[place:]))
        with pytest.raises(KeyboardInterrupt):
            rollback.approve(row, "project", actor=manager, assent=assent)
        assert contents() == before, place


def test_a_voided_read_is_read_only_for_ever_also_for_a_writer_of_sql(exported: Exported) -> None:
    world, case, _ = exported
    rolled_back(world)
    gone = ReadSession.objects.filter(state="voided").first()
    assert gone is not None
    for sql in (
        f"UPDATE reads_readsession SET state = 'signed' WHERE id = '{gone.pk}'",
        f"UPDATE reads_readsession SET seconds_active = 9 WHERE id = '{gone.pk}'",
        f"UPDATE reads_adjudicationcase SET state = 'signed' WHERE id = '{case.pk}'",
        f"UPDATE studies_formrecord SET answers = '{{}}' WHERE id = '{gone.form_record_id}'",
    ):
        with (
            pytest.raises((InternalError, ProgrammingError, OperationalError)),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)


def test_the_parts_of_a_voided_read_are_frozen_with_it(exported: Exported) -> None:
    """Observations, measurements, marks and assessments: neither changed, nor added, nor moved."""
    world, *_ = exported
    row = requested(world, draft=None)
    sign_for(world, row, "science")
    sign_for(world, row, "project")
    gone = ReadSession.objects.get(state="voided", task__sequence=2)
    open_now = reading.open_session(task_of(world, READERS[0], 2), actor=reader(world, READERS[0]))
    seen = gone.observations.get(lesion__label="T01")
    of_seen = f"observation_id = '{seen.pk}'"
    of_gone = f"session_id = '{gone.pk}'"
    marks = f"measurement_id IN (SELECT id FROM reads_measurement WHERE {of_seen})"
    again = (
        "INSERT INTO reads_measurement SELECT (jsonb_populate_record(m, jsonb_build_object("
        f"'id', gen_random_uuid(), 'kind', 'volume'))).* FROM reads_measurement m WHERE {of_seen}"
    )
    for sql in (
        f"UPDATE reads_observation SET status = 'ABSENT' WHERE {of_gone}",
        f"UPDATE reads_observation SET session_id = '{open_now.pk}' WHERE id = '{seen.pk}'",
        f"UPDATE reads_measurement SET value = 1 WHERE {of_seen}",
        f"UPDATE reads_annotation SET frame = 9 WHERE {marks}",
        f"UPDATE reads_criterionassessment SET entered = '{{}}' WHERE {of_gone}",
        again,
    ):
        assert is_refused(sql), sql


def test_a_lesion_keeps_what_it_was_signed_as_and_a_withdrawn_one_changes_no_more(
    exported: Exported,
) -> None:
    world, *_ = exported
    one = "stream_id IN (SELECT id FROM reads_readerstream WHERE role = 'reader_1')"
    assert is_refused(f"UPDATE reads_lesion SET label = 'T09' WHERE {one} AND label = 'T01'")
    rolled_back(world, 1)
    gone = "withdrawn_reason <> ''"
    assert is_refused(f"UPDATE reads_lesion SET withdrawn_reason = '' WHERE {gone}")


def is_refused(sql: str) -> bool:
    """Tell whether the database refuses a statement that meets rows."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
            assert cursor.rowcount, "no row was met"
    except ProgrammingError as error:
        return isinstance(error.__cause__, InsufficientPrivilege)
    return False


def test_a_list_that_is_overtaken_is_not_approved_but_renewed(exported: Exported) -> None:
    world, *_ = exported
    row = requested(world)
    sign_for(world, row, "science")
    generated(world, "Safety cut 2")
    with pytest.raises(Conflict, match="has changed"):
        sign_for(world, row, "project")
    made = rollback.renew(row, actor=world.actor("scientific"))
    assert (made.state, len(made.impact)) == ("requested", len(row.impact) + 1)
    assert made.reminder == row.reminder
    assert RollBack.objects.get(pk=row.pk).state == "withdrawn"
    sign_for(world, made, "project")
    sign_for(world, made, "science")
    assert RollBack.objects.get(pk=made.pk).state == "carried_out"


def test_a_refused_request_leaves_the_reads_and_takes_its_reminder_back(exported: Exported) -> None:
    world, *_ = exported
    row = requested(world)
    rollback.refuse(row, actor=world.actor("project_manager"), reason="The charter allows it.")
    assert states(world, READERS[0])[2] == "signed"
    assert TrainingReminder.objects.get().state == "withdrawn"


def test_the_re_read_begins_after_the_reminder_and_shows_nothing_of_before(
    exported: Exported,
) -> None:
    world, *_ = exported
    rolled_back(world)
    task = task_of(world, READERS[0], 2)
    with pytest.raises(Conflict, match="TPR-0001"):
        reading.open_session(task, actor=reader(world, READERS[0]))
    reminder = TrainingReminder.objects.get()
    page = logged_in(world, READERS[0]).get(f"/s/{world.study.code}/reads/{task.pk}/")
    assert RULE.rule in page.content.decode()
    reminders.acknowledge(
        reminder,
        actor=reader(world, READERS[0]),
        assent=world.assent("central_reader", reminders.MEANING, name=READERS[0]),
    )
    session = reading.open_session(task, actor=reader(world, READERS[0]))
    assert session.version == 2
    carried = session.form_record.answers["target"]["lesions"]
    assert [row.get("long_axis") for row in carried] == [None, None]
    text = logged_in(world, READERS[0]).get(f"/s/{world.study.code}/reads/{task.pk}/")
    assert "30.0" not in text.content.decode()
    assert str(RollBack.objects.get()) not in text.content.decode()


def test_after_the_re_read_both_are_compared_again_and_the_time_point_is_locked(
    exported: Exported,
) -> None:
    world, *_ = exported
    rolled_back(world)
    reminders.acknowledge(
        TrainingReminder.objects.get(),
        actor=reader(world, READERS[0]),
        assent=world.assent("central_reader", reminders.MEANING, name=READERS[0]),
    )
    task = task_of(world, READERS[0], 2)
    session = reading.open_session(task, actor=reader(world, READERS[0]))
    answers = follow_up_answers(
        session.form_record.answers, ("25.0", "12.0"), ("PR", "NON-CR/NON-PD", "PR")
    )
    fill(world, READERS[0], session, answers)
    sign(world, READERS[0], session)
    run_jobs()
    second = world.time_points(world.subjects[0])[1]
    assert second.state == "locked"
    newest = Acceptance.objects.filter(time_point=second).first()
    assert newest is not None
    assert newest.basis == "agreement"
    assert newest.session.task.stream.role == "reader_1"
    assert newest.session.assessments.get().entered["overall_response"] == "PR"
    versions = ReadSession.objects.filter(task=task).order_by("version")
    assert [one.state for one in versions] == ["voided", "signed"]


def test_the_other_readers_course_is_not_touched(exported: Exported) -> None:
    world, *_ = exported
    before = list(
        ReadTask.objects.filter(stream__reader=world.users[READERS[1]]).values_list("pk", "state")
    )
    rolled_back(world)
    assert before == list(
        ReadTask.objects.filter(stream__reader=world.users[READERS[1]]).values_list("pk", "state")
    )


def test_a_wrong_password_leaves_the_attempt_and_nothing_else(exported: Exported) -> None:
    from accounts.signatures import prove

    world, *_ = exported
    requested(world)
    with pytest.raises(SignatureRefused):
        prove(
            world.users["scientific"],
            world.actor("scientific"),
            password="wrong",
            meaning=rollback.MEANING,
            statement=rollback.STATEMENT,
        )
    assert Event.objects.filter(kind="signature.refused").exists()
    assert impact_of(task_of(world, READERS[0], 2)).signed


@pytest.mark.django_db(transaction=True)
def test_a_connection_killed_in_the_middle_leaves_everything_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, *_ = exported_world()
    with scope(world.study):
        row = requested(world)
        sign_for(world, row, "science")

        def kill_the_connection(*_: Any) -> None:
            line = socket.socket(fileno=os.dup(connection.connection.fileno()))
            line.shutdown(socket.SHUT_RDWR)
            line.close()

        half = len(carrying_out.STEPS) // 2
        steps = (*carrying_out.STEPS[:half], kill_the_connection, *carrying_out.STEPS[half:])
        assent = world.assent("project_manager", rollback.MEANING)
        before = contents()
        with monkeypatch.context() as patched:
            patched.setattr(carrying_out, "STEPS", steps)
            with pytest.raises((OperationalError, InterfaceError)):
                rollback.approve(
                    row, "project", actor=world.actor("project_manager"), assent=assent
                )
        connection.close()
        assert contents() == before
        row = RollBack.objects.get(pk=row.pk)
        assert row.state == "science_approved"
        assert sign_for(world, row, "project").state == "carried_out"
