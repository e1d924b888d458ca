"""What a time point shows: one display state derived from the stored state and its flags.

When two things apply, the one that asks for action wins; the other is a flag beside it
(``ui.md`` §2). Due, overdue, out of window and delivered are derived here and nowhere else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from audit import clock
from exports.models import CutItem
from queries.models import Query
from reads.models import AdjudicationCase, ReadTask
from studies.models import Study, TimePoint
from ui.records import Flag

_STORED = {
    "received": "RECEIVED",
    "in_qc": "IN_QC",
    "accepted": "QC_ACCEPTED",
    "ready": "READ_READY",
    "reading": "READ_IN_PROGRESS",
    "read": "READ",
    "checked": "CHECKED",
    "locked": "READ_COMPLETE",
    "not_done": "NOT_DONE",
}
OUT_OF_WINDOW = Flag(icon="calendar-x", label="Out of window")
QUERY = Flag(icon="message-question", label="Open query")


@dataclass(frozen=True)
class Facts:
    """What the display of many time points needs, fetched in a few queries."""

    today: date
    queries: Mapping[UUID, list[Query]] = field(default_factory=dict)
    signed: Mapping[UUID, int] = field(default_factory=dict)
    cases: frozenset[UUID] = frozenset()
    delivered: frozenset[str] = frozenset()


def facts_for(study: Study, rows: Iterable[TimePoint], *, reads: bool = True) -> Facts:
    """Fetch the facts for some time points of a study.

    Args:
        reads: whether the asker may know how far the readers are; sites may not.
    """
    ids = [row.pk for row in rows]
    queries: dict[UUID, list[Query]] = defaultdict(list)
    for query in Query.objects.in_study(study).filter(
        time_point__in=ids, state__in=["open", "answered", "reopened"]
    ):
        queries[query.time_point_id].append(query)
    delivered = CutItem.objects.filter(
        study=study,
        record_kind="studies.timepoint",
        record_id__in=[str(pk) for pk in ids],
        cut__state__in=["released", "acknowledged"],
    ).values_list("record_id", flat=True)
    return Facts(
        today=clock.today(study.time_zone),
        queries=queries,
        signed=_signed(study, ids) if reads else {},
        cases=_cases(study, ids) if reads else frozenset(),
        delivered=frozenset(delivered),
    )


def _signed(study: Study, ids: list[UUID]) -> Mapping[UUID, int]:
    signed: dict[UUID, int] = defaultdict(int)
    tasks = ReadTask.objects.in_study(study).filter(
        time_point__in=ids, kind=ReadTask.Kind.TIME_POINT, state="signed"
    )
    for time_point_id in tasks.values_list("time_point_id", flat=True):
        signed[time_point_id] += 1
    return signed


def _cases(study: Study, ids: list[UUID]) -> frozenset[UUID]:
    cases = AdjudicationCase.objects.in_study(study).filter(
        time_point__in=ids, state__in=["pending", "claimed"]
    )
    return frozenset(cases.values_list("time_point_id", flat=True))


def is_out_of_window(time_point: TimePoint) -> bool:
    """Tell whether the scan was made outside its window."""
    day = time_point.assessment_date
    if day is None or time_point.window_from is None or time_point.window_to is None:
        return False
    return not time_point.window_from <= day <= time_point.window_to


def display_state(time_point: TimePoint, facts: Facts) -> str:
    """Return the display state of a time point (a key of the state palette)."""
    waiting = [q for q in facts.queries.get(time_point.pk, []) if q.state != "answered"]
    if time_point.state == "expected":
        if waiting:
            return (
                "RESCAN" if any(q.cause == Query.Cause.QUALITY for q in waiting) else "QUERY_OPEN"
            )
        if time_point.window_to and time_point.window_to < facts.today:
            return "OVERDUE"
        if time_point.window_from and time_point.window_from <= facts.today:
            return "DUE"
        return "EXPECTED"
    if waiting:
        return "QUERY_OPEN"
    if time_point.pk in facts.cases:
        return "ADJUDICATION"
    if time_point.state == "reading" and facts.signed.get(time_point.pk, 0) == 1:
        return "READ_1_DONE"
    if time_point.state == "locked" and str(time_point.pk) in facts.delivered:
        return "DELIVERED"
    return _STORED[time_point.state]


def flags(time_point: TimePoint, facts: Facts, shown: str) -> tuple[Flag, ...]:
    """Return what else is to know about a time point beside its state."""
    found = []
    if is_out_of_window(time_point):
        found.append(OUT_OF_WINDOW)
    if facts.queries.get(time_point.pk) and shown != "QUERY_OPEN":
        found.append(QUERY)
    return tuple(found)
