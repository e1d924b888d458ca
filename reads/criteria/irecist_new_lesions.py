"""Values of the new lesions that iRECIST measures (criteria.md 3.2)."""

from __future__ import annotations

from decimal import Decimal

from reads.criteria.facts import (
    Certainty,
    MeasuredTimePoint,
    NewLesionCategory,
    NewLesionFacts,
    NewLesionState,
)
from reads.criteria.measurements import fragment_sum, is_nodal, measured_value
from reads.criteria.recist_stream import (
    point_field,
)


def new_values(
    point: MeasuredTimePoint,
    position: int,
    too_small_mm: Decimal,
) -> dict[str, Decimal | None]:
    """Return the value in mm of each new target; None when it cannot be evaluated."""
    values: dict[str, Decimal | None] = {}
    for place, lesion in enumerate(point.new_lesions):
        if is_new_target(lesion) and lesion.certainty is Certainty.UNEQUIVOCAL:
            where = f"{point_field(position)}.new_lesions[{place}]"
            values[lesion.id] = new_value(lesion, too_small_mm, where)
    return values


def is_new_target(lesion: NewLesionFacts) -> bool:
    """Return whether a new lesion is measured: by its class, else by having a size."""
    if lesion.category is not None:
        return lesion.category is NewLesionCategory.NEW_TARGET
    return lesion.ld_mm is not None or lesion.sa_mm is not None


def new_value(lesion: NewLesionFacts, too_small_mm: Decimal, field: str) -> Decimal | None:
    """Return what a new target adds to the sum of new targets."""
    if lesion.state is NewLesionState.ABSENT:
        return Decimal(0)
    if lesion.state is NewLesionState.TOO_SMALL_TO_MEASURE:
        return too_small_mm
    if lesion.state is NewLesionState.NOT_EVALUABLE:
        return None
    if lesion.fragments_mm:
        return fragment_sum(lesion, field)
    if (
        lesion.state is not NewLesionState.MEASURED
        and lesion.ld_mm is None
        and lesion.sa_mm is None
    ):
        return None
    return measured_value(lesion, nodal=is_nodal(lesion), field=field)
