"""Short ways to write streams of facts in tests; sizes are given as text in mm."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from reads.criteria.base import Assessment
from reads.criteria.facts import (
    Certainty,
    LesionState,
    MeasuredTimePoint,
    NewLesionCategory,
    NewLesionFacts,
    NewLesionState,
    NonTargetFacts,
    NonTargetState,
    TargetFacts,
)
from reads.criteria.registry import get

STATES = {
    "gone": LesionState.ABSENT,
    "tiny": LesionState.TOO_SMALL_TO_MEASURE,
    "ne": LesionState.NOT_EVALUABLE,
}
NON_TARGET_STATES = {
    "present": NonTargetState.PRESENT,
    "gone": NonTargetState.ABSENT,
    "worse": NonTargetState.UNEQUIVOCAL_PROGRESSION,
    "ne": NonTargetState.NOT_EVALUABLE,
}


def mm(text: str | int) -> Decimal:
    """Return a size."""
    return Decimal(str(text))


def target(identifier: str, size: str | int, **more: Any) -> TargetFacts:
    """Return a target: a size, or one of gone, tiny, ne; a node when its identifier has an N."""
    nodal = identifier.startswith("N")
    more.setdefault("organ", "LYMPH NODE" if nodal else "LIVER")
    if size in STATES:
        return TargetFacts(id=identifier, nodal=nodal, state=STATES[str(size)], **more)
    axis = "sa_mm" if nodal else "ld_mm"
    more[axis] = mm(size)
    return TargetFacts(id=identifier, nodal=nodal, state=LesionState.MEASURED, **more)


def non_target(identifier: str, state: str, **more: Any) -> NonTargetFacts:
    """Return a non-target: present, gone, worse, ne, or + for present and further increased."""
    further = state == "+"
    return NonTargetFacts(
        id=identifier,
        organ="BONE",
        state=NON_TARGET_STATES["present" if further else state],
        further_increase=further or None,
        **more,
    )


def new_lesion(identifier: str, state: str = "NEW", **more: Any) -> NewLesionFacts:
    """Return a new lesion: a state, or a size in mm for a new target."""
    more.setdefault("certainty", Certainty.UNEQUIVOCAL)
    if state[:1].isdigit():
        return NewLesionFacts(
            id=identifier,
            organ="LUNG",
            nodal=False,
            category=NewLesionCategory.NEW_TARGET,
            state=NewLesionState.MEASURED,
            ld_mm=mm(state),
            **more,
        )
    more.setdefault("category", NewLesionCategory.NEW_NON_TARGET)
    return NewLesionFacts(
        id=identifier, organ="LUNG", nodal=False, state=NewLesionState(state), **more
    )


def point(
    day: int,
    targets: dict[str, str | int] | None = None,
    non_targets: dict[str, str] | None = None,
    new: tuple[NewLesionFacts, ...] = (),
    **more: Any,
) -> MeasuredTimePoint:
    """Return a time point; the baseline is the one of day 0."""
    more.setdefault("id", "BL" if day == 0 else f"D{day}")
    return MeasuredTimePoint(
        day=day,
        baseline=day == 0,
        target=tuple(target(key, size) for key, size in (targets or {}).items()),
        non_target=tuple(non_target(key, state) for key, state in (non_targets or {}).items()),
        new_lesions=new,
        **more,
    )


def assess(key: str, *points: MeasuredTimePoint, **settings: object) -> Assessment:
    """Assess a stream with settings."""
    criterion = get(key)
    return criterion.assess(points, criterion.options(settings))


def overall(key: str, *points: MeasuredTimePoint, **settings: object) -> list[str | None]:
    """Return the overall responses of the follow-up time points."""
    return [r.overall_response for r in assess(key, *points, **settings).time_points[1:]]


def targets_only(key: str, sizes: list[str | int], **settings: object) -> list[str | None]:
    """Return the target responses of one lesion's sizes, the first one at the baseline."""
    points = [point(56 * place, {"T01": size}) for place, size in enumerate(sizes)]
    return [r.target_response for r in assess(key, *points, **settings).time_points[1:]]
