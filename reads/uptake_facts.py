"""Facts of PERCIST out of the standard form: the uptake of one time point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reads.criteria.percist import PercistTimePoint
from reads.rows import Rows

if TYPE_CHECKING:
    from reads.ecrf import ReadPoint


def percist(point: ReadPoint) -> PercistTimePoint:
    """Return what was recorded as PERCIST takes it."""
    rows = Rows(point.evaluation)
    return PercistTimePoint(
        id=point.id,
        date=point.day,
        baseline=point.baseline,
        assessed=rows.yes("uptake.done") and rows.text("quality.overall") != "NOT READABLE",
        sul_peak=rows.number("uptake.sul_peak"),
        liver_sul=rows.number("uptake.liver_sul"),
        glycolysis=rows.number("uptake.glycolysis"),
        resolved=rows.yes("uptake.resolved"),
        new_lesion=rows.yes("uptake.new_lesion"),
    )
