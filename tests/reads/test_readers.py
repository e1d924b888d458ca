"""The register of readers, the way into a study, the draw over real rows, and the planner."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from playwright.sync_api import Page, expect

from audit import clock
from audit.errors import Conflict, NotPermitted, ReasonRequired, RuleBroken
from audit.models import Event
from reads.models import Onboarding, Reader, ReaderContract, ReaderQualification, ReaderStream
from reads.services import onboarding, planning, qualifying, reading, register
from reads.services.capacity import Assumptions, outlook
from reads.services.drawing import ending_soon
from studies.models import TimePoint
from studies.scoping import scope
from studies.services import subjects
from tests.exports.test_browser import OVERFLOW, opened, signed_in
from tests.plugins.pages import NewPage, next_page
from tests.queries.query_world import logged_in
from tests.reads.read_world import READERS, make_read_study, reader, ready, run_jobs, task_of
from tests.reads.training_world import commit
from tests.world import BUILDER, StudyWorld, make_user

pytestmark = pytest.mark.django_db
VALUES = {"specialty": "Radiology", "country": "se", "per_day": 4, "per_week": 20}
PDF = b"%PDF-1.7\n of somebody"


@pytest.fixture
def world() -> Iterator[StudyWorld]:
    made = make_read_study()
    with scope(made.study):
        yield made


def desk(world: StudyWorld) -> Any:
    return world.actor("reviewer_operations")


def entered(world: StudyWorld, name: str = READERS[0], **values: Any) -> Reader:
    return register.enter(world.users[name], VALUES | values, actor=desk(world))


def contracted(world: StudyWorld, one: Reader, *, days: int = 365) -> ReaderContract:
    made = register.draft_contract(
        one,
        number=f"K-{one.pk}",
        valid_from=clock.today() - timedelta(days=1),
        valid_until=clock.today() + timedelta(days=days),
        currency="EUR",
        rates={"time_point": "120", "adjudication": "80.5", "meeting": ""},
        actor=desk(world),
    )
    for step in ("send", "sign"):
        made = register.move_contract(made, step, actor=desk(world))
    return made


# --- the register ---------------------------------------------------------------------------------


def test_an_entry_is_kept_with_its_history_and_changes_need_a_reason(world: StudyWorld) -> None:
    one = entered(world)
    assert (one.country, one.state) == ("SE", "active")
    with pytest.raises(ReasonRequired):
        register.change(one, {"per_week": 10}, actor=desk(world), reason=" ")
    changed = register.change(one, {"per_week": 10}, actor=desk(world), reason="part time")
    assert [row.per_week for row in changed.history.order_by("history_date")] == [20, 10]


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"specialty": " "}, "RR-002"),
        ({"country": "Sweden"}, "RR-002"),
        ({"per_day": 30, "per_week": 20}, "RR-002"),
        ({"per_day": 0}, "RR-002"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(
    world: StudyWorld, values: dict[str, Any], rule: str
) -> None:
    with pytest.raises(RuleBroken) as caught:
        entered(world, **values)
    assert caught.value.rule == rule
    assert not Reader.objects.exists()


def test_nobody_is_entered_twice_and_only_reviewer_operations_enter(world: StudyWorld) -> None:
    entered(world)
    with pytest.raises(RuleBroken, match="is in the register"):
        entered(world)
    with pytest.raises(NotPermitted):
        register.enter(world.users[READERS[1]], VALUES, actor=world.actor("project_manager"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a Word file"])
def test_a_cv_is_a_pdf(world: StudyWorld, content: bytes) -> None:
    with pytest.raises(RuleBroken) as caught:
        register.file_cv(entered(world), "cv.pdf", content, clock.today(), actor=desk(world))
    assert caught.value.rule == "RR-003"


def test_a_contract_is_immutable_once_signed_and_holds_between_its_days(world: StudyWorld) -> None:
    one = entered(world)
    made = contracted(world, one, days=30)
    assert made.rates == {"time_point": "120.00", "adjudication": "80.50"}
    assert register.holding_contract(one) == made
    assert register.holding_contract(one, clock.today() + timedelta(days=31)) is None
    register.move_contract(made, "end", actor=desk(world), reason="left")
    assert register.holding_contract(one) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"valid_until": date(2020, 1, 1)},
        {"currency": "euros"},
        {"rates": {"time_point": "much"}},
        {"rates": {"time_point": "-1"}},
        {"rates": {"dinner": "10"}},
        {"rates": {}},
        {"number": " "},
    ],
)
def test_a_contract_that_makes_no_sense_is_refused(
    world: StudyWorld, changed: dict[str, Any]
) -> None:
    usual = {
        "number": "K-1",
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2027, 1, 1),
        "currency": "EUR",
        "rates": {"time_point": "100"},
    }
    with pytest.raises(RuleBroken) as caught:
        register.draft_contract(entered(world), actor=desk(world), **(usual | changed))
    assert caught.value.rule == "RR-007"


# --- what keeps a reader from a subject -----------------------------------------------------------


def test_an_employee_of_the_hospital_is_drawn_for_none_of_its_subjects(world: StudyWorld) -> None:
    hospital = world.sites[0].site.organisation
    entered(world, employer=hospital)
    ready(world, world.time_points(world.subjects[0])[0])
    with pytest.raises(RuleBroken, match="no conflict with the site") as caught:
        planning.plan_reads(world.subjects[0], actor=desk(world))
    assert caught.value.rule == "RD-001"
    assert not ReaderStream.objects.exists()


def test_a_named_reader_with_a_conflict_is_refused_until_it_has_ended(world: StudyWorld) -> None:
    one = entered(world)
    site = world.subjects[0].study_site.site
    tie = register.declare_conflict(one, "investigator", site=site, actor=desk(world))
    readers = [world.users[name] for name in READERS]
    with pytest.raises(RuleBroken) as caught:
        planning.open_streams(world.subjects[0], actor=desk(world), readers=readers)
    assert caught.value.rule == "RD-020"
    register.end_conflict(tie, actor=desk(world), reason="moved away")
    assert len(planning.open_streams(world.subjects[0], actor=desk(world), readers=readers)) == 2


def test_a_reader_who_is_away_is_not_drawn_until_the_absence_is_cancelled(
    world: StudyWorld,
) -> None:
    today = clock.today()
    absence = register.plan_absence(entered(world), today, today, actor=desk(world))
    with pytest.raises(RuleBroken, match="there are 1"):
        planning.open_streams(world.subjects[0], actor=desk(world))
    register.cancel_absence(absence, actor=desk(world), reason="came back")
    assert len(planning.open_streams(world.subjects[0], actor=desk(world))) == 2


def test_a_reader_who_has_no_room_within_the_turnaround_is_not_drawn() -> None:
    made = make_read_study(turnaround={"read_days": 5})  # one week, so one read of room
    with scope(made.study):
        entered(made, per_day=1, per_week=1)
        for subject in made.subjects[:2]:
            ready(made, made.time_points(subject)[0])
        assert len(planning.plan_reads(made.subjects[0], actor=desk(made))) == 2
        with pytest.raises(RuleBroken, match="1 have room for 1 more reads"):
            planning.plan_reads(made.subjects[1], actor=desk(made))


def test_a_suspended_reader_opens_and_signs_nothing(world: StudyWorld) -> None:
    one = entered(world)
    ready(world, world.time_points(world.subjects[0])[0])
    run_jobs()
    register.move_reader(one, "suspend", actor=desk(world), reason="late for weeks")
    with pytest.raises(NotPermitted, match="not qualified"):
        reading.open_session(task_of(world, READERS[0]), actor=reader(world, READERS[0]))
    register.move_reader(one, "resume", actor=desk(world), reason="plan is done")
    assert reading.open_session(
        task_of(world, READERS[0]), actor=reader(world, READERS[0])
    ).state == "open"  # fmt: skip


def test_a_contract_that_ends_before_reads_are_due_warns(world: StudyWorld) -> None:
    one = entered(world)
    contracted(world, one, days=3)
    configuration, _ = qualifying.effective_design(world.study)
    (warning,) = ending_soon(world.study, configuration)
    assert str(one) in warning


# --- onboarding -----------------------------------------------------------------------------------


def test_each_stage_asks_for_its_evidence_and_the_last_one_qualifies(world: StudyWorld) -> None:
    one = entered(world)
    qualifying.revoke_all(one.user, world.study, actor=desk(world), reason="starts anew")
    (row,) = onboarding.invite(world.study, [one], actor=desk(world))
    assert onboarding.invite(world.study, [one], actor=desk(world)) == []

    with pytest.raises(RuleBroken, match="holds no CV") as caught:
        onboarding.advance(row, actor=desk(world))
    assert caught.value.rule == "OB-004"
    register.file_cv(one, "cv.pdf", PDF, clock.today(), actor=desk(world))
    row = Onboarding.objects.select_related("reader").get(pk=row.pk)
    row = onboarding.advance(row, actor=desk(world))

    with pytest.raises(RuleBroken, match="No signed contract holds"):
        onboarding.advance(row, actor=desk(world))
    contracted(world, one, days=100)
    row = onboarding.advance(row, actor=desk(world))
    row = onboarding.advance(row, actor=desk(world))  # the world gave the role

    with pytest.raises(RuleBroken, match="screen and room"):
        onboarding.advance(row, actor=desk(world))
    row = onboarding.keep(
        row, {"workstation": {"passed": True, "on": "2026-03-01"}}, actor=desk(world)
    )
    row = onboarding.advance(row, actor=desk(world))

    with pytest.raises(RuleBroken, match="training on the charter"):
        onboarding.advance(row, actor=desk(world))
    row = onboarding.keep(row, {"training_on": clock.today()}, actor=desk(world))
    row = onboarding.advance(row, actor=desk(world))
    assert row.state == "test_cases"
    with pytest.raises(RuleBroken, match="responsibilities and turnaround"):
        onboarding.advance(row, actor=desk(world))
    commit(world)
    row = onboarding.advance(row, actor=desk(world))
    assert row.state == "qualified"
    held = ReaderQualification.objects.get(reader=one.user, revoked_reason="")
    assert held.valid_until == clock.today() + timedelta(days=100)  # with the contract
    assert Event.objects.filter(kind="onboarding.qualify").count() == 1


def test_test_cases_below_the_mark_keep_the_reader_where_they_are() -> None:
    made = make_read_study(training={"cases": 10, "pass_mark_percent": 80})
    with scope(made.study):
        one = entered(made)
        (row,) = onboarding.invite(made.study, [one], actor=desk(made))
        register.file_cv(one, "cv.pdf", PDF, clock.today(), actor=desk(made))
        contracted(made, one)
        row = Onboarding.objects.select_related("reader").get(pk=row.pk)
        evidence = {"workstation": {"passed": True, "on": "x"}, "training_on": clock.today()}
        row = onboarding.keep(row, evidence, actor=desk(made))
        while row.state != "test_cases":
            row = onboarding.advance(row, actor=desk(made))
        commit(made)
        row = onboarding.keep(row, {"cases_right": 31, "cases_total": 40}, actor=desk(made))
        with pytest.raises(RuleBroken, match="31 of 40 points, 78 %; the mark is 80 %"):
            onboarding.advance(row, actor=desk(made))
        row = onboarding.keep(row, {"cases_right": 32, "cases_total": 40}, actor=desk(made))
        assert onboarding.advance(row, actor=desk(made)).state == "qualified"


def test_evidence_that_makes_no_sense_is_refused(world: StudyWorld) -> None:
    (row,) = onboarding.invite(world.study, [entered(world)], actor=desk(world))
    for values in (
        {"training_on": clock.today() + timedelta(days=1)},
        {"cases_right": 5, "cases_total": 4},
    ):
        with pytest.raises(RuleBroken) as caught:
            onboarding.keep(row, values, actor=desk(world))
        assert caught.value.rule == "OB-002"


def test_retraining_ends_the_qualification_until_it_is_passed_again(world: StudyWorld) -> None:
    one = entered(world)
    (row,) = onboarding.invite(world.study, [one], actor=desk(world))
    register.file_cv(one, "cv.pdf", PDF, clock.today(), actor=desk(world))
    contracted(world, one)
    row = Onboarding.objects.select_related("reader").get(pk=row.pk)
    evidence = {"workstation": {"passed": True, "on": "x"}, "training_on": clock.today()}
    row = onboarding.keep(row, evidence, actor=desk(world))
    while row.state != "qualified":
        if row.state == "test_cases":
            commit(world)
        row = onboarding.advance(row, actor=desk(world))
    ready(world, world.time_points(world.subjects[0])[0])
    run_jobs()
    row = onboarding.step_back(row, "retrain", actor=desk(world), reason="drift")
    with pytest.raises(NotPermitted, match="not qualified"):
        reading.open_session(task_of(world, READERS[0]), actor=reader(world, READERS[0]))
    with pytest.raises(Conflict):
        onboarding.advance(
            onboarding.step_back(row, "stop", actor=desk(world), reason="left"), actor=desk(world)
        )


def test_many_readers_are_invited_and_advanced_in_one_act(world: StudyWorld) -> None:
    readers = []
    for number in range(10):
        user = make_user(f"new_reader_{number}")
        made = register.enter(user, VALUES, actor=desk(world))
        if number < 9:
            made = register.file_cv(made, "cv.pdf", PDF, clock.today(), actor=desk(world))
        readers.append(made)
    rows = onboarding.invite(world.study, readers, actor=desk(world))
    assert len(rows) == 10
    fresh = list(Onboarding.objects.select_related("reader__user"))
    moved, stayed = onboarding.advance_all(fresh, actor=desk(world))
    assert moved == 9
    assert stayed == ["New Reader 9 stays in this stage. The register holds no CV."]


# --- the planner ----------------------------------------------------------------------------------


def test_the_forecast_equals_a_recomputation_from_the_tables(world: StudyWorld) -> None:
    """Seeded study; the same numbers by plain loops over what the tables hold."""
    for name in READERS:
        contracted(world, entered(world, name, per_day=1, per_week=1))
    ready(world, world.time_points(world.subjects[0])[0])
    given = Assumptions(per_week=2, target=len(world.subjects) + 5, onboarding_weeks=2, weeks=12)
    found = outlook(world.study, given)

    demand = counted_by_hand(12)
    assert [week.demand for week in found.forecast.weeks] == demand
    assert [week.capacity for week in found.forecast.weeks] == [2.0] * 12
    backlog, gap = 0.0, None
    for week, number in enumerate(demand):
        backlog = max(0.0, backlog + number - 2)
        assert found.forecast.weeks[week].backlog == backlog
        if gap is None and backlog > 2 * 2:  # seven business days are two weeks
            gap = this_monday() + timedelta(days=7 * week)
    assert found.forecast.gap_opens == gap
    assert found.readers == 2


def test_the_planner_asks_for_the_plan_once_however_many_time_points(world: StudyWorld) -> None:
    with CaptureQueriesContext(connection) as few:
        outlook(world.study, Assumptions())
    for number in range(5):
        subjects.register_subject(
            world.sites[0],
            code=f"101-9{number:02d}",
            anchors={"enrolment": clock.today()},
            actor=BUILDER,
            source="site",
        )
    with CaptureQueriesContext(connection) as many:
        outlook(world.study, Assumptions())
    assert TimePoint.objects.count() >= 15
    assert len(many) == len(few)


def this_monday() -> date:
    return clock.today() - timedelta(days=clock.today().weekday())


def after_upload_and_qc(day: date) -> date:
    """The plan's five and two business days after a scan; 25 December 2026 is none of them."""
    left = 5 + 2
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5 and day != date(2026, 12, 25)
    return day


def counted_by_hand(weeks: int) -> list[int]:
    """Reads by week: two for each open time point, then five subjects at two a week."""
    days = []
    for point in TimePoint.objects.all():
        if point.state == "ready":
            days += [clock.today()] * 2
        elif point.planned_date:
            days += [after_upload_and_qc(point.planned_date)] * 2
    for place, enrol in enumerate((2, 2, 1), start=1):
        start = this_monday() + timedelta(days=7 * place)
        for offset in (0, 56, 112):
            days += [after_upload_and_qc(start + timedelta(days=offset))] * 2 * enrol
    demand = [0] * weeks
    for day in days:
        week = (day - this_monday()).days // 7
        if week < weeks:
            demand[max(week, 0)] += 1
    return demand


# --- pages ----------------------------------------------------------------------------------------


def test_reviewer_operations_enter_file_and_export(world: StudyWorld) -> None:
    client = logged_in(world, "reviewer_operations")
    user = world.users[READERS[0]]
    posted = {
        "user": str(user.pk),
        "specialty": "Radiology",
        "country": "SE",
        "therapeutic_areas": "Oncology, Neurology",
        "per_day": "4",
        "per_week": "20",
    }
    answer = client.post(reverse("reader-enter", args=["ALPHA"]), posted)
    one = Reader.objects.get()
    assert answer.url == reverse("reader-page", args=["ALPHA", one.pk])
    assert one.therapeutic_areas == ["oncology", "neurology"]
    act = reverse("reader-act", args=["ALPHA", one.pk])
    file = SimpleUploadedFile("cv.pdf", PDF)
    client.post(act, {"act": "cv", "file": file, "dated": "2026-03-01"})
    cv = client.get(reverse("reader-cv", args=["ALPHA", one.pk]))
    assert cv.content == PDF
    listed = client.get(reverse("reader-list", args=["ALPHA"]), {"format": "csv"})
    (row,) = csv.DictReader(io.StringIO(listed.content.decode()))
    assert (row["areas"], row["per_week"]) == ("oncology; neurology", "20")
    wrong = client.post(act, {"act": "change", **posted, "country": "Sweden"})
    assert wrong.status_code == 422
    assert "Sweden" in wrong.content.decode()  # what was typed stays


def test_a_project_manager_reads_the_register_and_changes_nothing(world: StudyWorld) -> None:
    one = entered(world)
    client = logged_in(world, "project_manager")
    page = client.get(reverse("reader-page", args=["ALPHA", one.pk])).content.decode()
    assert "Draft a contract" not in page
    assert client.post(reverse("reader-act", args=["ALPHA", one.pk]), {}).status_code == 403


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_board_the_planner_and_the_register_in_a_browser(
    new_page: NewPage, assert_accessible: Callable[[Page], None]
) -> None:
    world = make_read_study()
    with scope(world.study):
        for name in READERS:
            one = entered(world, name)
            contracted(world, one)
        register.file_cv(one, "cv.pdf", PDF, clock.today(), actor=desk(world))
    page = signed_in(new_page, world, "reviewer_operations")
    opened(page, reverse("onboarding-board", args=["ALPHA"]))
    page.get_by_role("checkbox", name=re.compile("Central Reader 2")).check()
    with next_page(page):
        page.get_by_role("button", name="Invite the chosen readers").click()
    assert_accessible(page)
    page.get_by_role("checkbox", name=re.compile("Central Reader 2")).check()
    with next_page(page):
        page.get_by_role("button", name="Advance the chosen readers").click()
    expect(page.get_by_text("1 readers took the next stage")).to_be_visible()
    opened(page, reverse("reader-planner", args=["ALPHA"]) + "?per_week=40&target=400")
    expect(page.get_by_text("A gap opens in the week of")).to_be_visible()
    assert_accessible(page)
    assert page.evaluate(OVERFLOW) <= 0
    opened(page, reverse("reader-list", args=["ALPHA"]))
    assert_accessible(page)
    with next_page(page):
        page.get_by_role("link", name=re.compile("Central Reader 2")).click()
    assert_accessible(page)
    assert page.evaluate(OVERFLOW) <= 0
