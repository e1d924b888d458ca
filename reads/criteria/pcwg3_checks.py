"""Edit checks of PCWG3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reads.criteria.base import Assess, Check, Finding, Level, Options, TimePointFacts
from reads.criteria.history import points_as
from reads.criteria.pcwg3_facts import PcwgTimePoint
from reads.criteria.stream_checks import (
    STREAM_CHECKS,
    check,
    date_findings,
    finding,
    place,
    response_findings,
)

BONE_SCAN_COUNT_INCONSISTENT = check(
    "BONE_SCAN_COUNT_INCONSISTENT",
    Level.ERROR,
    "new lesion count smaller than the persisting named lesions",
    "Fewer new bone lesions are counted than persist by name. Correct the count or the names.",
)
BONE_LESION_UNKNOWN = check(
    "BONE_LESION_UNKNOWN",
    Level.ERROR,
    "persisting bone lesion that no earlier scan showed, or one that is first seen twice",
    "The names of new bone lesions do not fit the earlier scans. Correct them.",
)
CHECKS = (*STREAM_CHECKS, BONE_SCAN_COUNT_INCONSISTENT, BONE_LESION_UNKNOWN)


def checks_with(assess: Assess) -> Check:
    """Return the check function; `assess` derives what entered responses are compared with."""

    def check_history(history: Sequence[TimePointFacts], options: Options) -> Sequence[Finding]:
        points = points_as(history, PcwgTimePoint)
        return (
            *_counts(points),
            *_names(points),
            *date_findings(history),
            *response_findings(history, options, assess, part="bone_response_final"),
        )

    return check_history


def _counts(points: Sequence[PcwgTimePoint]) -> Iterator[Finding]:
    for position, point in enumerate(points):
        count = point.bone.new_lesion_count
        if count is not None and count < len(set(point.bone.persisting)):
            yield finding(BONE_SCAN_COUNT_INCONSISTENT, f"{place(position)}.new_lesion_count")


def _names(points: Sequence[PcwgTimePoint]) -> Iterator[Finding]:
    seen: set[str] = set()
    for position, point in enumerate(points):
        if set(point.bone.persisting) - seen:
            yield finding(BONE_LESION_UNKNOWN, f"{place(position)}.new_lesions_persisting")
        if set(point.bone.first_seen) & seen:
            yield finding(BONE_LESION_UNKNOWN, f"{place(position)}.new_lesions_first_seen")
        seen |= set(point.bone.first_seen)
