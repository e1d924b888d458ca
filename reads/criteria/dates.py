"""Order and days of time points.

Order is by assessment day, never by visit number; days count from the anchor of the study, or
from the baseline date when only dates are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reads.criteria.errors import CriteriaError, missing
from reads.criteria.facts import TimePointFacts


@dataclass(frozen=True, slots=True)
class Timeline:
    """Days of all time points and the order of the follow-up ones.

    days[i] belongs to history[i]; follow_up holds positions in chronological order, without the
    baseline; equal days keep the order of the history.
    """

    days: tuple[int, ...]
    follow_up: tuple[int, ...]


def timeline(history: Sequence[TimePointFacts]) -> Timeline:
    """Return days and order of a history whose first entry is the baseline.

    Raises CriteriaError when the history is empty, when a follow-up has neither day nor date, or
    when a follow-up is dated before the baseline.
    """
    if not history:
        raise missing("baseline")
    baseline = history[0]
    if not isinstance(baseline, TimePointFacts):
        raise CriteriaError("baseline", "must be the facts of a time point")
    start = baseline.day if baseline.day is not None else 0
    days = [start]
    for position, point in enumerate(history[1:]):
        if not isinstance(point, TimePointFacts):
            raise CriteriaError(f"visits[{position}]", "must be the facts of a time point")
        days.append(_day(point, baseline, start, position))
    order = sorted(range(1, len(history)), key=days.__getitem__)
    return Timeline(days=tuple(days), follow_up=tuple(order))


def _day(point: TimePointFacts, baseline: TimePointFacts, start: int, position: int) -> int:
    if point.day is not None:
        day = point.day
    elif point.date is not None and baseline.date is not None:
        day = start + (point.date - baseline.date).days
    else:
        raise CriteriaError(f"visits[{position}].day", "needs a day, or dates of both time points")
    if day < start:
        raise CriteriaError(f"visits[{position}].day", "lies before the baseline")
    return day


def duration_days(first: int | None, last: int | None) -> int | None:
    """Return the number of days from `first` to `last`, both counted; None when one is open."""
    return None if first is None or last is None else last - first + 1
