"""Durations against the plan, with values counted by hand."""

from __future__ import annotations

from datetime import date

import pytest

from projects.overview import age_part
from projects.standing import state_of_plan
from projects.turnaround import planned_days, scan_instant, summary
from studies.calendars import plan_from

PLAN = plan_from(
    "Plan v1",
    {
        "calendar": {"key": "EU", "zone": "Europe/Zurich", "holidays": []},
        "turnarounds": {
            "upload": {"amount": 5, "unit": "business_days"},
            "qc": {"amount": 36, "unit": "hours"},
        },
    },
)


def test_median_ninth_decile_and_share_in_time() -> None:
    # Ten durations: the median lies between 3 and 4, nine of ten took at most 8 days.
    row = summary("Upload", [1, 1, 2, 3, 3, 4, 5, 6, 8, 20], plan=5)
    assert (row.median, row.ninth_decile, row.percent_in_time, row.tone) == (3.5, 8, 70.0, "stop")


@pytest.mark.parametrize(
    ("days", "tone"), [([1] * 9 + [9], "good"), ([1] * 3 + [9], "wait"), ([1, 9], "stop")]
)
def test_the_tone_follows_the_share_in_time(days: list[float], tone: str) -> None:
    assert summary("QC", days, plan=2).tone == tone


def test_a_plan_in_hours_is_counted_in_days() -> None:
    assert planned_days(PLAN, "qc") == 1.5
    assert planned_days(PLAN, "upload") == 5
    assert planned_days(PLAN, "read") is None


def test_a_scan_day_counts_from_noon_of_the_study() -> None:
    assert scan_instant(date(2026, 3, 16), "Europe/Zurich").isoformat() == (
        "2026-03-16T12:00:00+01:00"
    )


@pytest.mark.parametrize(
    ("days", "part"), [(0, 0), (2, 0), (3, 1), (5, 1), (6, 2), (10, 2), (11, 3), (200, 3)]
)
def test_ages_fall_into_the_parts_of_the_chart(days: int, part: int) -> None:
    assert age_part(days) == part


@pytest.mark.parametrize(
    ("state", "total", "late", "shown"),
    [
        ("startup", 0, 0, "START_UP"),
        ("conduct", 100, 0, "ON_PLAN"),
        ("conduct", 100, 9, "AT_RISK"),
        ("conduct", 100, 10, "BEHIND"),
        ("locked", 100, 50, "CLOSED"),
    ],
)
def test_a_study_is_behind_from_one_late_item_in_ten(
    state: str, total: int, late: int, shown: str
) -> None:
    assert state_of_plan(state, total, late) == shown
