"""A history of the RECIST family as its edit checks see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from reads.criteria.base import Assessment, Options, TimePointFacts
from reads.criteria.errors import CriteriaError
from reads.criteria.facts import (
    MeasuredTimePoint,
    NewLesionFacts,
    NonTargetFacts,
    TargetFacts,
)
from reads.criteria.measurements import is_nodal

AssessFunction = Callable[[Sequence[TimePointFacts], Options], Assessment]
AnyLesion = TargetFacts | NonTargetFacts | NewLesionFacts


@dataclass(frozen=True, slots=True)
class Reading:
    """A history as the checks see it: facts, options and, where possible, what was derived."""

    points: Sequence[MeasuredTimePoint]
    options: Options
    derived: Assessment | None

    @property
    def baseline(self) -> MeasuredTimePoint:
        """Return the baseline."""
        return self.points[0]

    @property
    def visits(self) -> Sequence[MeasuredTimePoint]:
        """Return the follow-up time points in the order of the history."""
        return self.points[1:]

    def field(self, position: int) -> str:
        """Return the path of a time point by its position in the history."""
        return "baseline" if position == 0 else f"visits[{position - 1}]"

    def value(self, position: int, name: str) -> object:
        """Return a derived value of a time point, None when nothing could be derived."""
        return None if self.derived is None else self.derived.time_points[position].values.get(name)


def derived_or_none(
    points: Sequence[MeasuredTimePoint],
    options: Options,
    assess: AssessFunction,
) -> Assessment | None:
    """Return what the engine derives; None when the facts do not allow it.

    Time points without day and date get days of their own after the last known one: the
    response of a time point depends on their order alone.
    """
    dated: list[MeasuredTimePoint] = []
    last = points[0].day or 0
    for point in points:
        if point.baseline or point.day is not None:
            last = point.day if point.day is not None else last
            dated.append(point)
        elif point.date is not None and points[0].date is not None:
            dated.append(point)
        else:
            last += 1
            dated.append(replace(point, day=last))
    try:
        return assess(dated, options)
    except CriteriaError:
        return None


def lesions_of(point: MeasuredTimePoint, where: str) -> Iterator[tuple[str, AnyLesion]]:
    """Return every lesion of a time point with its path."""
    groups: tuple[tuple[str, Sequence[AnyLesion]], ...] = (
        ("target", point.target),
        ("non_target", point.non_target),
        ("new_lesions", point.new_lesions),
    )
    for name, lesions in groups:
        for place, lesion in enumerate(lesions):
            yield f"{where}.{name}[{place}]", lesion


def node_at_baseline(reading: Reading, lesion: TargetFacts) -> bool:
    """Return whether a target is a node, as the baseline has it."""
    for known in reading.baseline.target:
        if known.id == lesion.id:
            return is_nodal(known)
    return is_nodal(lesion)


def day_of(baseline: MeasuredTimePoint, point: MeasuredTimePoint) -> int | None:
    """Return the day of a time point from its day or its date; None when it has neither."""
    if point.day is not None:
        return point.day
    if point is baseline:
        return 0
    if point.date is not None and baseline.date is not None:
        return (baseline.day or 0) + (point.date - baseline.date).days
    return None
