"""Reading: the sequential lock, carried lesions, derived responses, signatures, adjudication."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from accounts.signatures import signatures_of
from audit.errors import Conflict, IllegalStep, NotPermitted, ReasonRequired, RuleBroken
from reads.models import Acceptance, AdjudicationCase, Measurement, ReadTask
from reads.services import assigning, reading, settling
from reads.visibility import cases_of_adjudicator, inbox, packages_of_reader, tasks_of_reader
from studies.scoping import scope
from tests.reads.read_world import (
    READERS,
    baseline_answers,
    disagreement,
    fill,
    make_read_study,
    read_baseline,
    read_follow_up,
    reader,
    ready,
    run_jobs,
    sign,
    task_of,
)
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Any:
    made = make_read_study()
    with scope(made.study):
        yield made


def first_two_ready(world: StudyWorld) -> None:
    for time_point in world.time_points(world.subjects[0])[:2]:
        ready(world, time_point)
    run_jobs()


def test_a_ready_visit_gives_each_of_two_readers_one_read_due_by_the_plan(
    world: StudyWorld,
) -> None:
    ready(world, world.time_points(world.subjects[0])[0])
    assert run_jobs() == ["done"]
    tasks = list(ReadTask.objects.all())
    assert {t.stream.reader_id for t in tasks} == {world.users[name].pk for name in READERS}
    assert {t.state for t in tasks} == {"assigned"}
    assert {t.sequence for t in tasks} == {1}
    assert all(t.criteria == {"RECIST11": t.criteria["RECIST11"]} for t in tasks)
    assert len({t.stream.label for t in tasks}) == 2
    assert all(t.stream.order_seed for t in tasks)


def test_a_later_time_point_does_not_exist_until_the_earlier_one_is_signed(
    world: StudyWorld,
) -> None:
    first_two_ready(world)
    actor = reader(world, READERS[0])
    second = task_of(world, READERS[0], 2)
    assert [t.sequence for t in inbox(actor)] == [1]
    assert second.package_id not in packages_of_reader(actor).values_list("pk", flat=True)
    with pytest.raises(NotPermitted):
        reading.open_session(second, actor=actor)
    read_baseline(world, READERS[0], "40.0", "20.0")
    assert [t.sequence for t in inbox(actor)] == [2]
    assert second.package_id in packages_of_reader(actor).values_list("pk", flat=True)
    assert [t.sequence for t in inbox(reader(world, READERS[1]))] == [1]


def test_a_declined_earlier_read_still_keeps_the_later_one_closed(world: StudyWorld) -> None:
    first_two_ready(world)
    actor = reader(world, READERS[0])
    reading.decline(task_of(world, READERS[0]), actor=actor, reason="I know this person.")
    assert list(tasks_of_reader(actor)) == []


def test_declining_needs_a_reason(world: StudyWorld) -> None:
    first_two_ready(world)
    with pytest.raises(ReasonRequired):
        reading.decline(task_of(world, READERS[0]), actor=reader(world, READERS[0]), reason=" ")


def test_nobody_opens_another_readers_read(world: StudyWorld) -> None:
    first_two_ready(world)
    with pytest.raises(NotPermitted):
        reading.open_session(task_of(world, READERS[0]), actor=reader(world, READERS[1]))


def test_the_follow_up_carries_the_lesions_and_derives_the_responses(world: StudyWorld) -> None:
    first_two_ready(world)
    read_baseline(world, READERS[0], "40.0", "20.0")
    task = task_of(world, READERS[0], 2)
    session = reading.open_session(task, actor=reader(world, READERS[0]))
    carried = session.form_record.answers["target"]["lesions"]
    assert [row["label"] for row in carried] == ["T01", "T02"]
    assert all("long_axis" not in row and "state" not in row for row in carried)
    rows = [
        {**row, "state": "MEASURED", "slice": "5", "long_axis": size}
        for row, size in zip(carried, ("25.0", "12.0"), strict=True)
    ]
    others = [
        {**row, "state": "PRESENT"} for row in session.form_record.answers["non_target"]["lesions"]
    ]
    fill(
        world,
        READERS[0],
        session,
        {"target": {"lesions": rows}, "non_target": {"lesions": others}, "new": {"any": False}},
    )
    seen = reading.look(session)
    # 40 + 20 = 60 mm at baseline, 25 + 12 = 37 mm now: −38.3 %, at least −30 %: PR (§4.3.1)
    assert seen.evaluation.answer("target.sum").value == Decimal("37.0")
    assert seen.evaluation.answer("target.since_baseline").value == Decimal("-38.3")
    assert seen.evaluation.answer("response.derived_target").value == "PR"
    assert seen.evaluation.answer("response.derived_overall").value == "PR"
    because = seen.evaluation.answer("response.derived_target").because
    assert any("37 mm" in sentence and "60 mm" in sentence for sentence in because)


def test_an_entered_response_that_differs_blocks_unless_class_and_reason_are_given(
    world: StudyWorld,
) -> None:
    first_two_ready(world)
    read_baseline(world, READERS[0], "40.0", "20.0")
    with pytest.raises(RuleBroken, match="PR"):
        read_follow_up(world, READERS[0], 2, ("25.0", "12.0"), ("SD", "NON-CR/NON-PD", "SD"))


def test_a_signed_read_is_locked_and_its_lesions_are_rows(world: StudyWorld) -> None:
    first_two_ready(world)
    session = read_baseline(world, READERS[0], "40.0", "20.0")
    assert session.state == "signed"
    assert [s.valid for s in signatures_of(session)] == [True]
    with pytest.raises(Conflict):
        fill(world, READERS[0], session, {"target": {}})
    values = Measurement.objects.order_by("value").values_list("value", "entered", "unit")
    assert list(values) == [
        (Decimal("20.0000"), "20.0", "mm"),
        (Decimal("40.0000"), "40.0", "mm"),
    ]
    marks = [m.annotations.get().sop_instance_uid for m in Measurement.objects.all()]
    # Slice 4 as typed, counted from 1, is the fourth picture of the package's first series.
    assert all(uid.endswith(".1.3") for uid in marks)


def test_a_changed_form_must_be_reviewed_again_before_it_is_signed(world: StudyWorld) -> None:
    first_two_ready(world)
    session = reading.open_session(task_of(world, READERS[0]), actor=reader(world, READERS[0]))
    fill(world, READERS[0], session, baseline_answers("40.0"))
    reading.review(session, actor=reader(world, READERS[0]))
    fill(world, READERS[0], session, baseline_answers("41.0"))
    with pytest.raises(Conflict):
        reading.sign(
            session,
            actor=reader(world, READERS[0]),
            assent=world.assent("central_reader", "read", name=READERS[0]),
        )


def test_signing_twice_leaves_one_signature(world: StudyWorld) -> None:
    first_two_ready(world)
    session = read_baseline(world, READERS[0], "40.0")
    with pytest.raises(Conflict):
        reading.sign(
            session,
            actor=reader(world, READERS[0]),
            assent=world.assent("central_reader", "read", name=READERS[0]),
        )
    assert len(signatures_of(session)) == 1


def test_a_read_on_hold_takes_no_answers_and_goes_on_where_it_was(world: StudyWorld) -> None:
    first_two_ready(world)
    actor, manager = reader(world, READERS[0]), world.actor("reviewer_operations")
    task = task_of(world, READERS[0])
    session = reading.open_session(task, actor=actor)
    fill(world, READERS[0], session, {"quality": {"overall": "ADEQUATE"}})
    task = assigning.hold(task, actor=manager, reason="A question is out.")
    session.task.refresh_from_db()
    with pytest.raises(Conflict):
        fill(world, READERS[0], session, baseline_answers("40.0"))
    with pytest.raises(Conflict):
        reading.open_session(task, actor=actor)
    task = assigning.resume(task, actor=manager, reason="The question is answered.")
    again = reading.open_session(task, actor=actor)
    assert again.pk == session.pk
    assert again.form_record.answers == {"quality": {"overall": "ADEQUATE"}}
    again.task.refresh_from_db()
    fill(world, READERS[0], again, baseline_answers("40.0"))
    assert sign(world, READERS[0], again).state == "signed"


def test_a_replaced_reader_loses_the_subject_and_the_new_one_starts_at_baseline(
    world: StudyWorld,
) -> None:
    from tests.world import make_user

    first_two_ready(world)
    read_baseline(world, READERS[0], "40.0")
    third = make_user("third_reader")
    from audit.actors import acting
    from studies.services import people

    with acting(world.actor("project_manager")):
        people.grant_role(
            third, "central_reader", study=world.study, actor=world.actor("project_manager")
        )
    from reads.services.qualifying import qualify

    qualify(third, world.study, actor=world.actor("project_manager"))
    stream = task_of(world, READERS[0], 2).stream
    made = assigning.replace_reader(
        stream, third, actor=world.actor("reviewer_operations"), reason="On leave."
    )
    assert made.role == stream.role
    assert [t.sequence for t in made.tasks.order_by("sequence")] == [1, 2]
    assert list(tasks_of_reader(reader(world, READERS[0]))) == []
    with pytest.raises(RuleBroken):
        assigning.replace_reader(
            made,
            world.users[READERS[1]],
            actor=world.actor("reviewer_operations"),
            reason="A second time.",
        )


def test_readers_who_agree_lock_the_time_point(world: StudyWorld) -> None:
    first_two_ready(world)
    for name in READERS:
        read_baseline(world, name, "40.0", "20.0")
    run_jobs()
    first = world.time_points(world.subjects[0])[0]
    assert first.state == "locked"
    assert Acceptance.objects.get(time_point=first).basis == "agreement"


def test_readers_who_differ_open_one_case_and_the_adjudicators_choice_counts(
    world: StudyWorld,
) -> None:
    case = disagreement(world)
    assert case.variables == [{"criterion": "RECIST11", "variable": "overall_response"}]
    actor = world.actor("adjudicator")
    assert list(cases_of_adjudicator(actor)) == [case]
    with pytest.raises(NotPermitted):
        settling.draft_choice(case, choice="A", reason="x", actor=actor)
    case = settling.claim(case, actor=actor)
    with pytest.raises(IllegalStep):
        settling.claim(case, actor=actor)
    case = settling.draft_choice(case, choice="B", reason="Segment 7 shrank.", actor=actor)
    settling.sign_case(case, actor=actor, assent=world.assent("adjudicator", "adjudication"))
    run_jobs()
    second = world.time_points(world.subjects[0])[1]
    assert second.state == "locked"
    counted = Acceptance.objects.get(time_point=second)
    assert counted.basis == "adjudication"
    assert counted.session == settling.session_shown_as(case, "B")


def test_adjudication_is_symmetric(world: StudyWorld) -> None:
    case = disagreement(world)
    one = settling.differences(case.session_1, case.session_2)
    two = settling.differences(case.session_2, case.session_1)
    assert [(d.variable, d.first, d.second) for d in one] == [
        (d.variable, d.second, d.first) for d in two
    ]
    shown = {}
    for first_is_a in (True, False):
        case.first_is_a = first_is_a
        shown[first_is_a] = {
            settling.session_shown_as(case, "A"): "A",
            settling.session_shown_as(case, "B"): "B",
        }
        for letter in "AB":
            case.choice = letter
            assert settling.chosen_session(case) == settling.session_shown_as(case, letter)
    assert shown[True] == {s: "AB"[letter == "A"] for s, letter in shown[False].items()}


def test_who_read_the_subject_cannot_adjudicate_it(world: StudyWorld) -> None:
    case = disagreement(world)
    with pytest.raises(NotPermitted):
        settling.claim(case, actor=reader(world, READERS[0]))
    assert list(cases_of_adjudicator(reader(world, READERS[0]))) == []
    assert AdjudicationCase.objects.get(pk=case.pk).state == "pending"
