"""Edit checks of iRECIST: those of the RECIST family and the two of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from reads.criteria import recist_checks
from reads.criteria.arithmetic import words
from reads.criteria.base import (
    Assessment,
    EditCheck,
    Finding,
    Level,
    Options,
    TimePointFacts,
)
from reads.criteria.facts import (
    MeasuredTimePoint,
)
from reads.criteria.history import points_as
from reads.criteria.irecist_new_lesions import is_new_target
from reads.criteria.locations import organ_group
from reads.criteria.measurements import is_nodal
from reads.criteria.recist_stream import (
    point_field,
)

CATALOGUE = (
    *recist_checks.CATALOGUE,
    EditCheck(
        id="IUPD_CONFIRMATION_OUT_OF_WINDOW",
        level=Level.WARNING,
        when="assessment under 28 or over 56 days after iUPD",
        message="The assessment after iUPD lies outside the planned four to eight weeks.",
        clause="iRECIST, EORTC questions",
    ),
    EditCheck(
        id="NEW_TARGET_COUNT_MAX",
        level=Level.ERROR,
        when="more than 5 new targets, or more than 2 in one organ",
        message="There are more new targets than the criteria allow.",
        clause="iRECIST table 1",
    ),
)


def run(
    history: Sequence[TimePointFacts], options: Options, assess: recist_checks.AssessFunction
) -> tuple[Finding, ...]:
    """Return the checks of the RECIST family and those of iRECIST that fire."""
    points = points_as(history, MeasuredTimePoint)
    derived = recist_checks.derived_or_none(points, options, assess)
    return (
        *recist_checks.run(points, options, assess),
        *too_many_new_targets(points, options),
        *(out_of_window(derived, options) if derived is not None else ()),
    )


def too_many_new_targets(
    points: Sequence[MeasuredTimePoint],
    options: Options,
) -> Iterator[Finding]:
    """Count new targets in all and per organ at each time point."""
    for position, point in enumerate(points):
        targets = [lesion for lesion in point.new_lesions if is_new_target(lesion)]
        organs = [organ_group(lesion.organ, nodal=is_nodal(lesion)) for lesion in targets]
        per_organ = max((organs.count(organ) for organ in organs if organ), default=0)
        if len(targets) > options.integer("max_targets") or per_organ > options.integer(
            "max_targets_per_organ"
        ):
            yield recist_checks.finding_of(
                CATALOGUE[-1], f"{point_field(position)}.new_lesions", f"{len(targets)} new targets"
            )


def out_of_window(derived: Assessment, options: Options) -> Iterator[Finding]:
    """Find the assessment after an iUPD that lies outside the window."""
    order = sorted(range(1, len(derived.time_points)), key=lambda p: derived.time_points[p].day)
    for before, after in pairwise(order):
        if derived.time_points[before].overall_response != "iUPD":
            continue
        gap = derived.time_points[after].day - derived.time_points[before].day
        low = options.integer("iupd_confirm_min_days")
        if not low <= gap <= options.integer("iupd_confirm_max_days"):
            yield recist_checks.finding_of(
                CATALOGUE[-2], point_field(after), f"{words(gap)} days after iUPD"
            )
