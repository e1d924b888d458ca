"""Edit checks of the reading process."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from reads.criteria.process_checks import CATALOGUE, ReadFacts, run


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


BASELINE = ReadFacts(
    time_point="Baseline",
    day=0,
    role="reader 1",
    reader="R07",
    baseline=True,
    opened_at=at(1),
    signed_at=at(2),
    scan_date=date(2026, 3, 1),
)
WEEK_6 = ReadFacts(
    time_point="Week 6",
    day=42,
    role="reader 1",
    reader="R07",
    opened_at=at(2),
    signed_at=at(4),
    scan_date=date(2026, 3, 4),
    window=(35, 42),
)
OTHER = replace(BASELINE, role="reader 2", reader="R11", opened_at=at(9), signed_at=at(9))


def fired(*reads: ReadFacts) -> list[tuple[str, str]]:
    return [(finding.id, finding.field) for finding in run(reads)]


def test_reads_in_order_are_silent() -> None:
    assert fired(BASELINE, WEEK_6, OTHER) == []
    assert fired(WEEK_6, OTHER, BASELINE) == []


def test_one_reader_cannot_have_two_roles() -> None:
    both = replace(OTHER, reader="R07")
    assert fired(BASELINE, both) == [("SAME_READER_BOTH_ROLES", "reads[1].reader")]


def test_a_time_point_is_opened_after_the_earlier_one_was_signed() -> None:
    early = replace(WEEK_6, opened_at=at(2, 11))
    assert fired(BASELINE, early) == [("READ_ORDER_BROKEN", "reads[1].opened_at")]
    unsigned = replace(BASELINE, signed_at=None)
    assert fired(unsigned, WEEK_6) == [("READ_ORDER_BROKEN", "reads[1].opened_at")]
    assert fired(unsigned, replace(WEEK_6, opened_at=None)) == []


def test_the_baseline_stays_locked_once_a_follow_up_was_opened() -> None:
    late = replace(BASELINE, unlocked_at=at(2, 13))
    assert fired(late, WEEK_6) == [("BASELINE_UNLOCKED_AFTER_FOLLOWUP", "reads[0].unlocked_at")]
    assert fired(replace(BASELINE, unlocked_at=at(2, 12)), WEEK_6) == []
    assert fired(late, replace(WEEK_6, role="reader 2", reader="R11")) == []
    assert fired(late) == []


def test_a_scan_cannot_be_later_than_its_read() -> None:
    wrong = replace(WEEK_6, scan_date=date(2026, 3, 5))
    assert fired(BASELINE, wrong) == [("SCAN_AFTER_READ", "reads[1].scan_date")]


def test_the_window_of_the_time_point_is_inclusive() -> None:
    assert fired(replace(WEEK_6, day=35)) == []
    for day in (34, 43):
        assert fired(replace(WEEK_6, day=day)) == [("VISIT_OUT_OF_WINDOW", "reads[0].day")]


def test_a_finding_names_level_clause_and_time_point() -> None:
    finding = run([replace(WEEK_6, day=50)])[0]
    assert finding.level == "info"
    assert finding.clause == "Reading process of the charter"
    assert finding.message == (
        "Week 6 day 50, window 35-42: The assessment lies outside the window of the time point."
    )
    assert len(CATALOGUE) == 5
