"""Reading the time points of a subject of an exchange file.

Every criterion reads its own facts; what all of them share stands here: the baseline and the
visits in the order of the file, and identifier, day and date of each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import TypedDict, TypeVar

from reads.criteria.errors import missing
from reads.criteria.facts import TimePointFacts
from reads.criteria.records import Record

P = TypeVar("P", bound=TimePointFacts)


class Moment(TypedDict):
    """Identity and time of a time point."""

    id: str
    day: int | None
    date: date | None
    assessed: bool


def read_points(subject: Record, read: Callable[[Record, int], P]) -> tuple[P, ...]:
    """Return the facts of a subject: the baseline, then the visits in the order of the file.

    `read` gets the record of a time point and its position, 0 for the baseline. Raises
    CriteriaError naming the item that is missing or wrong.
    """
    baseline = subject.record("baseline")
    if baseline is None:
        raise missing(subject.field("baseline"))
    first = replace(read(baseline, 0), baseline=True)
    visits = enumerate(subject.records("visits"), start=1)
    return (first, *(read(visit, position) for position, visit in visits))


def moment_of(record: Record, position: int) -> Moment:
    """Return identity and time of a time point; without a name it is BL, TP1, TP2, …"""
    return {
        "id": record.text("id") or (f"TP{position}" if position else "BL"),
        "day": record.integer("day"),
        "date": record.date("date"),
        "assessed": record.flag("assessed") is not False,
    }


def points_as(history: Sequence[TimePointFacts], kind: type[P]) -> list[P]:
    """Return a history as facts of one class; `Criterion` has checked that it holds no other."""
    return [point for point in history if isinstance(point, kind)]
