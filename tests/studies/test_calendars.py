"""Business days, holidays, hours, and the plan that gives every clock (decision 20; T26)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import RuleBroken
from studies.calendars import Calendar, clock_names, plan_from, plan_problems

ZURICH = ZoneInfo("Europe/Zurich")
SWISS = Calendar(
    "CH-2026",
    "Europe/Zurich",
    frozenset(range(5)),
    frozenset({date(2026, 12, 25), date(2026, 1, 1)}),
)
#: Friday to Saturday off, as in Riyadh.
SAUDI = Calendar("SA", "Asia/Riyadh", frozenset({6, 0, 1, 2, 3}), frozenset())


def local(*parts: int, zone: ZoneInfo = ZURICH) -> datetime:
    return datetime(*parts, tzinfo=zone)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        (local(2026, 3, 5, 9), 2, local(2026, 3, 9, 18)),  # Thursday + 2 = Monday
        (local(2026, 3, 6, 23, 59), 1, local(2026, 3, 9, 18)),  # Friday night
        (local(2026, 3, 7, 9), 1, local(2026, 3, 9, 18)),  # Saturday
        (local(2026, 12, 24, 9), 1, local(2026, 12, 28, 18)),  # Christmas is a Friday
        (local(2026, 12, 24, 9), 2, local(2026, 12, 29, 18)),
        (local(2026, 3, 27, 9), 1, local(2026, 3, 30, 18)),  # over the night summer time begins
        (local(2026, 10, 23, 9), 1, local(2026, 10, 26, 18)),  # and ends
        (local(2028, 2, 28, 9), 1, local(2028, 2, 29, 18)),  # leap day
        (local(2026, 12, 31, 9), 1, local(2027, 1, 1, 18)),  # the plan of 2026 names its own days
    ],
)
def test_business_days_end_at_six_in_the_evening_of_the_place(
    start: datetime, days: int, due: datetime
) -> None:
    assert SWISS.add_business_days(start, days) == due


def test_six_in_the_evening_is_another_instant_in_summer() -> None:
    before = SWISS.add_business_days(local(2026, 3, 26, 9), 1)
    after = SWISS.add_business_days(local(2026, 3, 27, 9), 1)
    assert before.astimezone(UTC).hour == 17
    assert after.astimezone(UTC).hour == 16


def test_the_day_of_the_start_is_the_day_at_the_place_and_not_in_greenwich() -> None:
    late = datetime(2026, 3, 5, 23, 30, tzinfo=UTC)  # Friday 00:30 in Zurich
    assert SWISS.add_business_days(late, 1) == local(2026, 3, 9, 18)


def test_the_weekend_is_the_calendar_s() -> None:
    riyadh = ZoneInfo("Asia/Riyadh")
    thursday = local(2026, 3, 5, 9, zone=riyadh)
    assert SAUDI.add_business_days(thursday, 1) == local(2026, 3, 8, 18, zone=riyadh)  # Sunday


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (local(2026, 3, 5, 9), local(2026, 3, 5, 18), 0),
        (local(2026, 3, 5, 9), local(2026, 3, 9, 8), 2),
        (local(2026, 3, 9, 8), local(2026, 3, 5, 9), -2),
        (local(2026, 12, 24, 9), local(2026, 12, 28, 9), 1),
    ],
)
def test_business_days_between_two_instants(start: datetime, end: datetime, days: int) -> None:
    assert SWISS.business_days_between(start, end) == days


@settings(max_examples=60, deadline=None)
@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),
    st.integers(min_value=1, max_value=40),
)
def test_what_is_added_is_what_lies_between(start: datetime, days: int) -> None:
    at = start.replace(tzinfo=UTC)
    due = SWISS.add_business_days(at, days)
    assert due > at
    assert SWISS.is_working(due.date())
    assert SWISS.business_days_between(at, due) == days


PLAN: dict[str, Any] = {
    "calendar": {"key": "CH-2026", "zone": "Europe/Zurich", "holidays": ["2026-12-25"]},
    "turnarounds": {
        "qc": {"amount": 2, "unit": "business_days"},
        "alarm": {"amount": 3, "unit": "hours"},
    },
}


def test_a_due_instant_says_which_plan_and_which_calendar_gave_it() -> None:
    due = plan_from("Project plan v3", PLAN).due("qc", local(2026, 3, 5, 9))
    assert due.at == local(2026, 3, 9, 18)
    assert due.by == "Project plan v3, calendar CH-2026"


def test_hours_pass_on_the_universal_clock_when_summer_time_begins_and_ends() -> None:
    plan = plan_from("P", PLAN)
    for start in (local(2026, 3, 29, 1, 30), local(2026, 10, 25, 1, 30)):
        due = plan.due("alarm", start)
        assert due.at.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=3)


def test_a_clock_that_the_plan_does_not_have_is_refused_by_name() -> None:
    with pytest.raises(RuleBroken, match="Project plan v1 has no turnaround for “read”") as caught:
        plan_from("Project plan v1", PLAN).due("read", local(2026, 3, 5, 9))
    assert caught.value.rule == "PLN-001"
    assert clock_names([PLAN]) == {"qc", "alarm"}


def test_a_good_plan_has_no_problems() -> None:
    assert plan_problems(PLAN) == []


@pytest.mark.parametrize(
    ("part", "value", "problem"),
    [
        ("calendar", None, "no calendar"),
        ("calendar", {"key": "X", "zone": "Europe/Nowhere"}, "not a time zone"),
        ("calendar", {"key": "X", "zone": "UTC", "working_weekdays": []}, "at least one"),
        ("calendar", {"key": "X", "zone": "UTC", "working_weekdays": [7]}, "at least one"),
        ("calendar", {"key": "X", "zone": "UTC", "holidays": ["25.12."]}, "25.12."),
        ("calendar", {"key": "X", "zone": "UTC", "holidays": 25}, "a list of dates"),
        ("calendar", {"key": "X", "zone": ["UTC"]}, "not a time zone"),
        ("calendar", {"key": "X", "zone": "UTC", "working_weekdays": [[1]]}, "at least one"),
        ("turnarounds", {}, "no turnarounds"),
        ("turnarounds", {"qc": {"amount": 0, "unit": "hours"}}, "“qc”"),
        ("turnarounds", {"qc": {"amount": 1, "unit": "weeks"}}, "“qc”"),
        ("turnarounds", {"qc": {"amount": "2", "unit": "hours"}}, "“qc”"),
        ("turnarounds", {"qc": 2}, "“qc”"),
    ],
)
def test_a_plan_by_which_no_clock_could_run_is_refused(part: str, value: Any, problem: str) -> None:
    (found,) = plan_problems({**PLAN, part: value})
    assert problem in found


@pytest.mark.parametrize(
    ("name", "days"), [("read", 7), ("eligibility", 2), ("confirmation", 3), ("unknown", None)]
)
def test_a_turnaround_in_hours_counts_whole_days_rounded_up(name: str, days: int | None) -> None:
    plan = plan_from(
        "Plan v1",
        {
            "calendar": {"key": "CH", "zone": "Europe/Zurich"},
            "turnarounds": {
                "read": {"amount": 7, "unit": "business_days"},
                "eligibility": {"amount": 48, "unit": "hours"},
                "confirmation": {"amount": 49, "unit": "hours"},
            },
        },
    )
    assert plan.business_days(name) == days
