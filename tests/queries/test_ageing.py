"""Ages, buckets, overdue and escalated: derived from the clock and the plan."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from audit import clock
from queries import services
from queries.ageing import age_of, bucket_of, shown_state
from studies.scoping import scope
from studies.services.configuration import plan_of
from tests.queries.query_world import CONFIRM, ask
from tests.world import StudyWorld, make_study

pytestmark = pytest.mark.django_db
OPENED = datetime(2026, 3, 4, 9, tzinfo=UTC)  # a Wednesday; due Wednesday 11 March 17:00 UTC


@pytest.fixture
def world() -> Any:
    with clock.shifted_to(datetime(2026, 3, 2, 9, tzinfo=UTC)):
        made = make_study("ALPHA", sponsor="Norvane")
    with scope(made.study):
        yield made


@pytest.mark.parametrize(
    ("days", "bucket"),
    [(0, "0-2"), (2, "0-2"), (3, "3-5"), (5, "3-5"), (6, "6-10"), (10, "6-10"), (11, "10-")],
)
def test_an_age_lies_in_one_bucket(days: int, bucket: str) -> None:
    assert bucket_of(days) == bucket


@pytest.mark.parametrize(
    ("now", "days", "left", "state"),
    [
        # Friday and the week-end after it are two business days after Wednesday.
        (datetime(2026, 3, 8, 9, tzinfo=UTC), 2, 3, "OPEN"),
        (datetime(2026, 3, 11, 16, tzinfo=UTC), 5, 0, "OPEN"),
        (datetime(2026, 3, 11, 18, tzinfo=UTC), 5, 0, "OVERDUE"),
        (datetime(2026, 3, 13, 9, tzinfo=UTC), 7, -2, "OVERDUE"),
        # Another turnaround of five business days after the due date: 18 March, 17:00 UTC.
        (datetime(2026, 3, 18, 18, tzinfo=UTC), 10, -5, "ESCALATED"),
    ],
)
def test_a_query_ages_in_business_days_of_the_plan(
    world: StudyWorld, now: datetime, days: int, left: int, state: str
) -> None:
    with clock.shifted_to(OPENED):
        query = ask(world)
    age = age_of(query, plan=plan_of(world.study), now=now)
    assert (age.days, age.left, shown_state(query, age)) == (days, left, state)


def test_the_clock_stands_still_while_an_answer_waits_for_us(world: StudyWorld) -> None:
    with clock.shifted_to(OPENED):
        query = ask(world, requests=[CONFIRM])
        query = services.answer(query, text="Nothing else.", actor=world.actor("site_user"))
    late = age_of(query, plan=plan_of(world.study), now=datetime(2026, 4, 1, tzinfo=UTC))
    assert not late.is_overdue
    assert shown_state(query, late) == "ANSWERED"
