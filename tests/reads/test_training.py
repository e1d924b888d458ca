"""Training cases with a key, the commitment, and the gate they open: trust of issue 6, readers."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.permissions import Role
from accounts.signatures import content_digest
from audit import clock, jobs
from audit.errors import Conflict, NotPermitted, RuleBroken
from audit.models import Job
from reads.models import (
    ReaderCommitment,
    ReaderQualification,
    ReaderStream,
    ReadTask,
    TrainingAttempt,
    TrainingCase,
)
from reads.services import attempts, committing, onboarding, qualifying, reading, register, training
from reads.staffing.scoring import KeyItem
from studies.models import Configuration
from studies.scoping import across_studies, scope
from studies.services import people
from tests.reads.read_world import (
    DESIGN,
    READERS,
    logged_in,
    make_read_study,
    reader,
    ready,
    run_jobs,
    task_of,
)
from tests.reads.training_world import (
    BASELINE_KEY,
    FOLLOW_UP_KEY,
    TRAINED,
    commit,
    desk,
    make_case,
    make_trained_study,
    on_the_way,
    read_case,
)
from tests.world import BUILDER, PASSWORD, StudyWorld, _configure

pytestmark = pytest.mark.django_db


def case_world() -> tuple[StudyWorld, StudyWorld]:
    live, school = make_trained_study()
    make_case(school)
    return live, school


# --- the study that holds the cases ---------------------------------------------------------------


def test_a_training_study_holds_the_same_charter_form_and_blinding() -> None:
    live = make_read_study(**TRAINED)
    other = make_read_study("OTHER", "Other", **TRAINED)
    with scope(live.study):
        actor = desk(live)
        with pytest.raises(RuleBroken, match="no other study"):
            training.name_training_study(live.study, "NOWHERE", actor=actor)
        with pytest.raises(NotPermitted):
            training.name_training_study(live.study, other.study.code, actor=actor)


def test_a_study_that_is_read_for_its_endpoints_trains_nobody() -> None:
    live = make_read_study(**TRAINED)
    other = make_read_study("OTHER", "Other", **TRAINED)
    people.grant_role(
        live.users["reviewer_operations"], Role.REVIEWER_OPERATIONS, study=other.study,
        actor=BUILDER,
    )  # fmt: skip
    with scope(live.study), pytest.raises(RuleBroken) as caught:
        training.name_training_study(live.study, "OTHER", actor=desk(live))
    assert caught.value.rule == "TR-003"


def test_another_charter_is_named_when_the_documents_differ() -> None:
    live, school = make_trained_study()
    with scope(school.study):
        _configure(
            school, Configuration.Kind.READ_DESIGN, "design", "Read design",
            DESIGN | {"training": {"cases": 2, "pass_mark_percent": 75}},
        )  # fmt: skip
    found = training.matches(live.study, school.study)
    assert [one.is_same for one in found] == [False, True, True]


def test_nobody_is_drawn_for_efficacy_in_a_training_study() -> None:
    _, school = case_world()
    with scope(school.study):
        assert not ReaderStream.objects.exists()


# --- the key --------------------------------------------------------------------------------------


def test_a_key_names_its_clauses_and_is_signed_by_a_scientist() -> None:
    _, school = make_trained_study()
    with scope(school.study):
        scientist = school.actor("scientific")
        case = training.add_case(school.subjects[0], "Liver", actor=scientist)
        bad = [KeyItem(place="target.sum", label="Sum", value="60", tolerance="x")]
        with pytest.raises(RuleBroken, match=r"tolerance is no number.*name the clause"):
            training.keep_key(case, 1, bad, actor=scientist)
        with pytest.raises(RuleBroken, match="Write the key of time point 1, 2, 3"):
            training.approve_case(
                case, actor=scientist, assent=school.assent("scientific", "approval")
            )
        with pytest.raises(NotPermitted):
            training.add_case(school.subjects[1], "Lung", actor=desk(school))


def test_an_approved_key_does_not_change() -> None:
    _, school = case_world()
    with scope(school.study):
        case = TrainingCase.objects.get()
        with pytest.raises(Conflict):
            training.keep_key(case, 1, [], actor=school.actor("scientific"))


# --- reading, marks, result -----------------------------------------------------------------------


def test_a_reader_reads_the_case_and_every_item_is_marked_with_its_clause() -> None:
    live, school = case_world()
    row = on_the_way(live)
    read_case(live, school, "30.0", "15.5")
    with scope(school.study):
        attempt = TrainingAttempt.objects.get()
        (_, first), (_, second) = attempts.marks_of(attempt)
    assert [(m.label, m.given, m.is_right) for m in first] == [
        ("Target lesions", "2", True),
        ("Sum", "60.0", True),
    ]
    assert [(m.label, m.is_right, m.clause) for m in second] == [
        ("Sum", True, "6.3"),  # 45.5 mm, within 2 mm of 45
        ("Overall response", True, "6.5"),
    ]
    with scope(live.study):
        found = attempts.result_of(row)
        assert found is not None
        assert (found.right, found.total, found.is_passed) == (4, 4, True)


def test_the_signature_on_responsibilities_and_turnaround_is_part_of_the_gate() -> None:
    live, school = case_world()
    row = on_the_way(live)
    read_case(live, school, "30.0", "15.0")
    with scope(live.study), pytest.raises(RuleBroken, match="not signed responsibilities"):
        onboarding.advance(row, actor=desk(live))
    signed = commit(live)
    assert "I sign a read of a time point within 7 business days after it is given." in (
        signed.paragraphs
    )
    assert "contract K-central_reader" in signed.paragraphs[-1]
    with scope(live.study):
        assert onboarding.advance(row, actor=desk(live)).state == "qualified"
        assert ReaderQualification.objects.filter(revoked_reason="").count() == 1
        row.refresh_from_db()
        assert (row.cases_right, row.cases_total) == (4, 4)


def test_nobody_signs_anothers_commitment_and_a_changed_text_is_signed_anew() -> None:
    live, _ = case_world()
    on_the_way(live)
    with scope(live.study):
        held = ReaderCommitment.objects.get()
        other = reader(live, READERS[1])
        with pytest.raises(NotPermitted):
            committing.sign(
                held,
                actor=other,
                assent=live.assent("central_reader", "commitment", name=READERS[1]),
            )
        (contract,) = held.onboarding.reader.contracts.all()
        register.move_contract(contract, "end", actor=desk(live), reason="new rates")
        with pytest.raises(RuleBroken, match="The text changed"):
            committing.sign(
                held,
                actor=reader(live, READERS[0]),
                assent=live.assent("central_reader", "commitment", name=READERS[0]),
            )
        assert sorted(ReaderCommitment.objects.values_list("state", flat=True)) == [
            "open",
            "replaced",
        ]


def test_below_the_mark_the_reader_stays_and_reads_again_with_every_attempt_kept() -> None:
    live, school = case_world()
    row = on_the_way(live)
    commit(live)
    read_case(live, school, "25.0", "12.0")  # 37 mm: partial response, two of four points
    below = pytest.raises(RuleBroken, match="2 of 4 points, 50 %; the mark is 75 %")
    with scope(live.study), below:
        onboarding.advance(row, actor=desk(live))
    case = TrainingCase._base_manager.get()
    with scope(live.study):
        again = attempts.give_again(
            case, live.users[READERS[0]], actor=desk(live), reason="read the charter again"
        )
        with pytest.raises(RuleBroken, match="has this case open"):
            attempts.give_again(case, live.users[READERS[0]], actor=desk(live), reason="twice")
    assert again.number == 2
    read_case(live, school, "30.0", "15.0")
    held = TrainingAttempt._base_manager.order_by("number")
    assert [(a.right, a.total, a.state) for a in held] == [(2, 4, "scored"), (4, 4, "scored")]
    with scope(live.study):
        assert onboarding.advance(row, actor=desk(live)).state == "qualified"


def test_marks_are_given_after_each_signature_and_never_before() -> None:
    live, school = case_world()
    on_the_way(live)
    with scope(school.study):
        attempt = TrainingAttempt.objects.get()
        assert attempts.marks_of(attempt) == []
    client = logged_in(live, READERS[0])
    page = client.get(reverse("training-feedback", args=["SCHOOL", attempt.pk])).content.decode()
    assert "45" not in page.split("<main", 1)[1]  # the key stays hidden


def test_two_readers_read_one_case_and_neither_sees_the_other() -> None:
    live, school = case_world()
    for name in READERS:
        on_the_way(live, name)
    with scope(school.study):
        assert TrainingAttempt.objects.count() == 2
        foreign = TrainingAttempt.objects.get(reader=live.users[READERS[1]])
        client = logged_in(live, READERS[0])
        answer = client.get(reverse("training-feedback", args=["SCHOOL", foreign.pk]))
        assert answer.status_code == 404


def test_points_are_not_entered_by_hand_where_cases_are_scored() -> None:
    live, _ = case_world()
    row = on_the_way(live)
    with scope(live.study), pytest.raises(RuleBroken) as caught:
        onboarding.keep(row, {"cases_right": 4, "cases_total": 4}, actor=desk(live))
    assert caught.value.rule == "OB-005"


def test_a_scientist_writes_takes_and_signs_a_key_on_the_page() -> None:
    live, school = case_world()
    on_the_way(live)
    read_case(live, school, "30.0", "15.0")
    with scope(school.study):
        withdrawn = TrainingCase.objects.get()
        training.withdraw_case(withdrawn, actor=school.actor("scientific"), reason="new key")
    client = logged_in(school, "scientific")
    made = client.post(
        reverse("training-case-add", args=["SCHOOL"]),
        {"subject": school.subjects[0].pk, "title": "Liver again"},
    )
    with scope(school.study):
        case = TrainingCase.objects.get(state="draft")
        (first, second) = training.references(case)
    assert made.url == reverse("training-case", args=["SCHOOL", case.pk])
    act = reverse("training-case-act", args=["SCHOOL", case.pk])
    filled = client.post(act, {"act": "take", "point": "2", "session": second.pk})
    assert 'value="45.0"' in filled.content.decode()
    missing = client.post(act, {"act": "keep", "point": "1", "value.target.sum": "60"})
    assert missing.status_code == 422
    assert "name the clause" in missing.content.decode()
    for point, value in (("1", "60"), ("2", "45")):
        client.post(
            act,
            {"act": "keep", "point": point, "value.target.sum": value, "clause.target.sum": "6.3"},
        )
    page = client.get(made.url)
    with scope(school.study):
        shown = school.time_points(school.subjects[0])[0].packages.get(state="released")
    stack = reverse("package-stack", args=["SCHOOL", shown.pk])
    # The scientist writes the key beside the images that the reader gets.
    assert stack in page.content.decode()
    assert len(client.get(stack).json()["panes"]) == 1
    client.post(
        reverse("training-case-sign", args=["SCHOOL", case.pk]),
        {"password": PASSWORD, "digest": page.context["sign"].hidden[0][1]},
    )
    with scope(school.study):
        case.refresh_from_db()
        assert (case.state, first.task.sequence) == ("approved", 1)


def test_every_page_of_a_training_study_says_that_it_is_one() -> None:
    live, school = case_world()
    on_the_way(live)
    words = "Training study for ALPHA."
    with scope(school.study):
        task = ReadTask.objects.get(stream__reader=live.users[READERS[0]], sequence=1)
    room = reverse("read-page", args=["SCHOOL", task.pk])
    assert words in logged_in(live, READERS[0]).get(room).content.decode()
    training_page = logged_in(school, "scientific").get(reverse("training", args=["SCHOOL"]))
    assert words in training_page.content.decode()
    own = logged_in(live, "scientific").get(reverse("training", args=["ALPHA"]))
    assert words not in own.content.decode()


def test_a_reader_signs_the_commitment_on_the_own_page() -> None:
    live, _ = case_world()
    on_the_way(live)
    client = logged_in(live, READERS[0])
    here = reverse("reader-home", args=["ALPHA"])
    page = client.get(here)
    assert "You cannot read or sign in this study yet." in page.content.decode()
    digest = page.context["sign"].hidden[0][1]
    sign = reverse("reader-commit", args=["ALPHA"])
    assert client.post(sign, {"password": "wrong", "digest": digest}).status_code == 422
    client.post(sign, {"password": PASSWORD, "digest": digest})
    with scope(live.study):
        assert ReaderCommitment.objects.get().state == "signed"
    assert "Signed by" in client.get(here).content.decode()


# --- acceptance: who is not qualified reads nothing -----------------------------------------------


def api(world: StudyWorld, path: str) -> str:
    return f"/api/v1/studies/{world.study.code}/{path}"


def test_an_unqualified_reader_has_an_empty_inbox_and_403_on_signing() -> None:
    """By pages and by the interface for machines."""
    world = make_read_study()
    with scope(world.study):
        ready(world, world.time_points(world.subjects[0])[0])
        run_jobs()
        task = task_of(world, READERS[0])
        opened = reading.open_session(task, actor=reader(world, READERS[0]))
        qualifying.revoke_all(
            world.users[READERS[0]], world.study, actor=desk(world), reason="drift"
        )
    client = logged_in(world, READERS[0])
    inbox = client.get(reverse("read-inbox")).content.decode()
    assert "Nothing to read here" in inbox
    assert "Not qualified" in inbox
    listed = client.get(api(world, "reads/")).json()
    assert (listed["results"] if isinstance(listed, dict) else listed) == []
    with scope(world.study):
        opened.refresh_from_db()
        posted = {"password": PASSWORD, "digest": content_digest(opened)}
    assert client.post(reverse("read-sign", args=["ALPHA", task.pk]), posted).status_code == 403
    answer = client.post(
        api(world, f"reads/{task.pk}/sign/"), posted, content_type="application/json"
    )
    assert answer.status_code == 403
    with scope(world.study):
        assert ReadTask.objects.get(pk=task.pk).state == "in_progress"


def test_a_new_charter_version_with_retraining_stops_access_until_passed() -> None:
    live, school = case_world()
    row = on_the_way(live)
    read_case(live, school, "30.0", "15.0")
    commit(live)
    with scope(live.study):
        row = onboarding.advance(row, actor=desk(live))
        qualifying.qualify(live.users[READERS[1]], live.study, actor=desk(live))
        ready(live, live.time_points(live.subjects[0])[0])
        run_jobs()
        task = task_of(live, READERS[0])
    client = logged_in(live, READERS[0])
    assert task.stream.label in client.get(reverse("read-inbox")).content.decode()

    second = DESIGN | TRAINED | {"checks": ["EC_TL_01"]}
    for world in (live, school):
        with scope(world.study):
            _configure(world, Configuration.Kind.READ_DESIGN, "design", "Read design", second)
    with scope(live.study):
        assert [one.pk for one in onboarding.behind(live.study)] == [row.pk]
        assert onboarding.retrain_all(live.study, actor=desk(live), reason="version 2") == 1
    assert task.stream.label not in client.get(reverse("read-inbox")).content.decode()
    assert client.post(reverse("read-page", args=["ALPHA", task.pk])).status_code == 403

    with scope(school.study):
        scientist = school.actor("scientific")
        case = training.add_case(school.subjects[0], "Liver and lung, v2", actor=scientist)
        training.keep_key(case, 1, BASELINE_KEY, actor=scientist)
        training.keep_key(case, 2, FOLLOW_UP_KEY, actor=scientist)
        training.approve_case(case, actor=scientist, assent=school.assent("scientific", "approval"))
    with scope(live.study):
        row.refresh_from_db()
        assert (row.state, row.training_on) == ("training", None)
        row = onboarding.keep(row, {"training_on": clock.today()}, actor=desk(live))
        row = onboarding.advance(row, actor=desk(live))
        with pytest.raises(RuleBroken, match="0 of 1 test cases"):
            onboarding.advance(row, actor=desk(live))
    read_case(live, school, "30.0", "15.0")
    commit(live)
    with scope(live.study):
        onboarding.advance(row, actor=desk(live))
        held = qualifying.effective_design(live.study)[0]
        assert qualifying.is_qualified(live.users[READERS[0]].pk, held)
    with across_studies("count"):
        assert TrainingAttempt.objects.count() == 2


def test_who_asks_for_training_cases_qualifies_on_the_board_only() -> None:
    live, _ = case_world()
    with scope(live.study), pytest.raises(RuleBroken) as caught:
        qualifying.qualify_by_hand(live.users[READERS[0]], live.study, actor=desk(live))
    assert caught.value.rule == "QL-001"


def test_a_training_read_marked_twice_has_its_marks_once() -> None:
    live, school = case_world()
    on_the_way(live)
    read_case(live, school, "30.0", "15.0")
    before = TrainingAttempt._base_manager.values_list("marks", "right", "total", "state").get()
    for row in Job.objects.filter(kind="reads.score"):
        Job.objects.filter(pk=row.pk).update(state="pending", attempts=0, finished_at=None)
        assert jobs.run(str(row.pk)) == "done"
    after = TrainingAttempt._base_manager.values_list("marks", "right", "total", "state").get()
    assert before == after
    assert before[1:] == (4, 4, "scored")
