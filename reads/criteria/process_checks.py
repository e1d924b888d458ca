"""Edit checks of the reading process: roles, order of reads, locks, dates, windows.

They need facts of all reads of a subject, not of one stream, so no criterion runs them; the
catalogue is data like the others (criteria.md section 11, "also useful").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from reads.criteria.base import EditCheck, Finding, Level

CLAUSE = "Reading process of the charter"


def _check(identifier: str, level: Level, when: str, message: str) -> EditCheck:
    return EditCheck(id=identifier, level=level, when=when, message=message, clause=CLAUSE)


CATALOGUE = (
    _check(
        "SAME_READER_BOTH_ROLES",
        Level.ERROR,
        "one reader has two roles for one subject",
        "The reader already reads this subject in another role.",
    ),
    _check(
        "READ_ORDER_BROKEN",
        Level.ERROR,
        "a time point was opened before the one before it was signed",
        "The time point was opened before the earlier one was signed.",
    ),
    _check(
        "BASELINE_UNLOCKED_AFTER_FOLLOWUP",
        Level.WARNING,
        "baseline unlocked after a follow-up was opened",
        "The baseline was unlocked after follow-up images had been opened.",
    ),
    _check(
        "SCAN_AFTER_READ",
        Level.ERROR,
        "scan dated after its read was signed",
        "The scan is dated after the read was signed.",
    ),
    _check(
        "VISIT_OUT_OF_WINDOW",
        Level.INFO,
        "assessment day outside the window of the visit",
        "The assessment lies outside the window of the time point.",
    ),
)
BY_ID = {check.id: check for check in CATALOGUE}


@dataclass(frozen=True, kw_only=True)
class ReadFacts:
    """One read of one time point; instants carry their zone.

    window: first and last day that the schedule allows. unlocked_at: when the signed read was
    opened again, if it was.
    """

    time_point: str
    day: int
    role: str
    reader: str
    baseline: bool = False
    opened_at: datetime | None = None
    signed_at: datetime | None = None
    unlocked_at: datetime | None = None
    scan_date: date | None = None
    window: tuple[int, int] | None = None


def run(reads: Sequence[ReadFacts]) -> tuple[Finding, ...]:
    """Return the checks that fire over all reads of one subject."""
    return (
        *_roles(reads),
        *_order(reads),
        *_baseline(reads),
        *_dates(reads),
    )


def _finding(identifier: str, place: int, item: str, detail: str) -> Finding:
    check = BY_ID[identifier]
    return Finding(
        id=identifier,
        level=check.level,
        message=f"{detail}: {check.message}",
        clause=check.clause,
        field=f"reads[{place}].{item}",
    )


def _roles(reads: Sequence[ReadFacts]) -> Iterator[Finding]:
    first_role: dict[str, str] = {}
    for place, read in enumerate(reads):
        if first_role.setdefault(read.reader, read.role) != read.role:
            yield _finding("SAME_READER_BOTH_ROLES", place, "reader", read.reader)


def _order(reads: Sequence[ReadFacts]) -> Iterator[Finding]:
    for place, read in enumerate(reads):
        if read.opened_at is None:
            continue
        for earlier in reads:
            same = (earlier.role, earlier.reader) == (read.role, read.reader)
            if not same or earlier.day >= read.day:
                continue
            if earlier.signed_at is None or earlier.signed_at > read.opened_at:
                detail = f"{read.time_point} before {earlier.time_point}"
                yield _finding("READ_ORDER_BROKEN", place, "opened_at", detail)
                break


def _baseline(reads: Sequence[ReadFacts]) -> Iterator[Finding]:
    for place, read in enumerate(reads):
        if not read.baseline or read.unlocked_at is None:
            continue
        opened = [
            other.opened_at
            for other in reads
            if not other.baseline and other.role == read.role and other.opened_at is not None
        ]
        if opened and min(opened) < read.unlocked_at:
            yield _finding(
                "BASELINE_UNLOCKED_AFTER_FOLLOWUP", place, "unlocked_at", read.time_point
            )


def _dates(reads: Sequence[ReadFacts]) -> Iterator[Finding]:
    for place, read in enumerate(reads):
        signed = read.signed_at
        if signed is not None and read.scan_date is not None and read.scan_date > signed.date():
            yield _finding("SCAN_AFTER_READ", place, "scan_date", read.time_point)
        if read.window is not None and not read.window[0] <= read.day <= read.window[1]:
            detail = f"{read.time_point} day {read.day}, window {read.window[0]}-{read.window[1]}"
            yield _finding("VISIT_OUT_OF_WINDOW", place, "day", detail)
