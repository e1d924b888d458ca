"""Subjects, anchors and expected time points (decisions 3, 4 and 5)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import psycopg2.errors
import pytest
from django.db import DatabaseError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from audit import clock
from audit.actors import acting
from audit.errors import Conflict, IllegalStep, NotPermitted, ReasonRequired, RuleBroken
from studies.models import ProtocolPeriod, StudySite, Subject, TimePoint
from studies.services import subjects
from studies.workflows import STUDY_SITE, TIME_POINT
from tests.world import BUILDER, StudyWorld, make_study

pytestmark = pytest.mark.django_db

ENROLLED = date(2026, 3, 2)


@pytest.fixture
def world() -> StudyWorld:
    return make_study("ALPHA", sponsor="Norvane", subject_count=0)


def register(
    world: StudyWorld, code: str = "101-009", *, at: StudySite | None = None, **given: object
) -> Subject:
    facts = {"anchors": {"enrolment": ENROLLED}, "actor": BUILDER, "source": "site"} | given
    return subjects.register_subject(at or world.sites[0], code=code, **facts)


def test_a_subject_is_expected_at_the_visits_of_its_protocol(world: StudyWorld) -> None:
    subject = register(world)
    assert [
        (t.label, t.planned_date, t.window_from, t.window_to) for t in world.time_points(subject)
    ] == [
        ("Baseline", date(2026, 3, 2), date(2026, 2, 2), date(2026, 3, 2)),
        ("Week 8", date(2026, 4, 27), date(2026, 4, 20), date(2026, 5, 4)),
        ("Week 16", date(2026, 6, 22), date(2026, 6, 15), date(2026, 6, 29)),
    ]
    period = ProtocolPeriod.objects.in_study(world.study).get()
    assert (period.protocol_version.number, period.period.lower) == ("1.0", ENROLLED)


def test_a_reading_code_says_nothing_about_site_or_order(world: StudyWorld) -> None:
    codes = {register(world, f"101-{n:03d}").reading_code for n in range(5)}
    assert len(codes) == 5
    assert all(code.startswith("RD-") and "101" not in code[:5] for code in codes)


def test_a_reading_code_that_another_subject_has_is_drawn_again(
    world: StudyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = register(world, "101-001").reading_code
    field = Subject._meta.get_field("reading_code")
    monkeypatch.setattr(field, "default", lambda: taken)
    monkeypatch.setitem(field.__dict__, "_get_default", lambda: taken)
    drawn = iter([taken, "RD-ZZ1234"])
    monkeypatch.setattr(subjects, "random_reading_code", lambda: next(drawn))
    assert register(world, "101-002").reading_code == "RD-ZZ1234"
    assert next(drawn, None) is None


@pytest.mark.parametrize(
    ("given", "rule"),
    [({"code": "  "}, "SUB-003"), ({"anchors": {}}, "SUB-004")],
)
def test_a_subject_needs_a_code_and_a_date(
    world: StudyWorld, given: dict[str, object], rule: str
) -> None:
    with pytest.raises(RuleBroken) as caught:
        register(world, **given)
    assert caught.value.rule == rule
    assert not Subject.objects.in_study(world.study).exists()


def test_a_code_is_given_once_in_a_study(world: StudyWorld) -> None:
    register(world)
    with pytest.raises(RuleBroken, match="101-009 is registered already") as caught:
        register(world)
    assert caught.value.rule == "SUB-003"
    other = make_study("BETA", sponsor="Calder", subject_count=0)
    assert register(other).code == "101-009"


def test_a_site_enrols_at_its_own_site_while_it_is_active(world: StudyWorld) -> None:
    nurse = world.actor("site_user", "site_user_2")
    with pytest.raises(NotPermitted):
        register(world, actor=nurse)
    assert register(world, actor=world.actor("site_user")).state == "screening"
    STUDY_SITE.move(world.sites[0], "suspend", actor=BUILDER, reason="audit")
    with pytest.raises(RuleBroken) as caught:
        register(world, "101-010")
    assert caught.value.rule == "SUB-001"


def test_a_corrected_anchor_is_a_new_version_and_moves_what_is_still_expected(
    world: StudyWorld,
) -> None:
    subject = register(world)
    baseline, week8, _ = world.time_points(subject)
    TIME_POINT.move(baseline, "receive", actor=BUILDER)
    first = subjects.current_anchor(subject, "enrolment")
    assert first is not None
    nurse = world.actor("site_user")
    with pytest.raises(ReasonRequired):
        subjects.supersede_anchor(first, day=ENROLLED, source="site", actor=nurse, reason="")
    second = subjects.supersede_anchor(
        first, day=ENROLLED + timedelta(days=3), source="site", actor=nurse, reason="misread"
    )
    first.refresh_from_db()
    assert (first.date, first.version, first.superseded_by_id) == (ENROLLED, 1, second.pk)
    assert (second.version, subjects.current_anchor(subject, "enrolment")) == (2, second)
    baseline.refresh_from_db()
    week8.refresh_from_db()
    assert baseline.planned_date == date(2026, 3, 2)  # it took place; its window stays
    assert (week8.planned_date, week8.window_to) == (date(2026, 4, 30), date(2026, 5, 7))
    with pytest.raises(Conflict):
        subjects.supersede_anchor(first, day=ENROLLED, source="x", actor=nurse, reason="again")


@pytest.mark.parametrize(
    ("day", "days"),
    [
        (date(2026, 4, 19), -1),
        (date(2026, 4, 20), 0),
        (date(2026, 4, 27), 0),
        (date(2026, 5, 4), 0),
        (date(2026, 5, 5), 1),
        (date(2026, 5, 11), 7),
    ],
)
def test_days_outside_the_window(day: date, days: int) -> None:
    visit = TimePoint(window_from=date(2026, 4, 20), window_to=date(2026, 5, 4))
    assert subjects.days_outside_window(visit, day) == days


def test_an_unscheduled_visit_has_a_reason(world: StudyWorld) -> None:
    subject, nurse = register(world), world.actor("site_user")
    with pytest.raises(RuleBroken):
        subjects.add_unscheduled(subject, label="Extra", day=ENROLLED, reason=" ", actor=nurse)
    extra = subjects.add_unscheduled(
        subject, label="Extra", day=ENROLLED, reason="new pain", actor=nurse
    )
    assert (extra.definition, extra.unscheduled_reason) == (None, "new pain")
    with (
        pytest.raises(DatabaseError, match="timepoint_scheduled_or_reasoned"),
        transaction.atomic(),
        acting(BUILDER),
    ):
        TimePoint(study=world.study, subject=subject, label="No reason").save()


def test_a_visit_that_did_not_take_place_is_not_done_with_a_reason_and_never_deleted(
    world: StudyWorld,
) -> None:
    visit = world.time_points(register(world))[1]
    nurse = world.actor("site_user")
    with pytest.raises(ReasonRequired):
        subjects.declare_not_done(visit, reason="", actor=nurse)
    subjects.declare_not_done(visit, reason="moved abroad", actor=nurse)
    assert (visit.state, visit.not_done_reason) == ("not_done", "moved abroad")
    with pytest.raises(IllegalStep):
        subjects.declare_not_done(visit, reason="again", actor=nurse)
    with (
        pytest.raises(DatabaseError) as caught,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM studies_timepoint WHERE id = %s", [visit.pk])
    assert isinstance(caught.value.__cause__, psycopg2.errors.InsufficientPrivilege)


def test_a_subject_follows_one_protocol_version_at_a_time(world: StudyWorld) -> None:
    subject = register(world)
    period = ProtocolPeriod.objects.in_study(world.study).get()

    def follow(start: date) -> None:
        with acting(BUILDER), transaction.atomic():
            ProtocolPeriod(
                study=world.study,
                subject=subject,
                protocol_version=period.protocol_version,
                period=DateRange(start, None),
            ).save()

    with pytest.raises(DatabaseError, match="protocolperiod_one_at_a_time"):
        follow(date(2026, 6, 1))
    period.period = DateRange(ENROLLED, date(2026, 6, 1))
    with acting(BUILDER):
        period.save()
    follow(date(2026, 6, 1))


def test_a_death_of_today_at_the_site_is_recorded_before_that_day_begins_in_greenwich(
    world: StudyWorld,
) -> None:
    """At 20:00 UTC it is five o'clock of the next morning in Osaka."""
    subject = register(world, "201-009", at=world.sites[1])
    nurse = world.actor("site_user")
    year = clock.now().year + 1
    with clock.shifted_to(datetime(year, 6, 1, 20, 0, tzinfo=UTC)):
        with pytest.raises(RuleBroken, match="future"):
            subjects.record_death(subject, day=date(year, 6, 3), actor=nurse, reason="letter")
        subjects.record_death(subject, day=date(year, 6, 2), actor=nurse, reason="letter")
    assert subject.anchors.get(kind=subjects.DEATH).date == date(year, 6, 2)
