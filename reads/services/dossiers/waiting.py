"""Whether reading waits for a dossier that the charter shows and nobody has applied yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from audit.errors import RuleBroken
from audit.states import GuardResult
from clinical.services import dossiers as clinical
from clinical.services import standing
from reads.design import ReadDesign
from reads.design import dossiers as rule
from reads.models import TrainingStudy
from reads.services.dossiers.versions import applied_versions, under_way_in
from reads.services.qualifying import effective_design
from studies.models import Study, TimePoint


def missing(time_point: TimePoint, design: ReadDesign, kind: str) -> tuple[str, ...]:
    """Return why a read of a kind waits for the dossier of a time point; empty if it does not."""
    if not rule.is_shown(design, kind):
        return ()
    once_asked = nobody_delivers(time_point.study_id)
    return tuple(clinical.is_missing(time_point, once_asked=once_asked))


def nobody_delivers(study: Any) -> bool:
    """Tell whether no clinical data reach a study by themselves: a UAT twin, a training study.

    Their definition of dossiers is that of their study, so a read there waits for a dossier only
    once somebody has asked for it.
    """
    pk = getattr(study, "pk", study)
    is_twin = Study.objects.filter(pk=pk, uat_twin_of__isnull=False).exists()
    return is_twin or TrainingStudy._base_manager.filter(held_in=pk).exists()


def waits_in(study: Any, design: ReadDesign) -> Callable[[TimePoint], bool]:
    """Return what tells whether a time point's read waits for its dossier, for a whole study."""
    holds = standing.effective(study) if rule.is_shown(design, rule.TIME_POINT) else None
    if holds is None:
        return lambda _: False
    held, asked = applied_versions(study), holds[1]
    requested = under_way_in(study) if nobody_delivers(study) else None

    def waits(point: TimePoint) -> bool:
        items = asked.at(standing.moment_of(point))
        if point.pk in held or (requested is not None and point.pk not in requested):
            return False
        return any(item.required for item in items)

    return waits


def review_waits(design: ReadDesign, kind: str, points: Iterable[TimePoint]) -> tuple[str, ...]:
    """Return why a review of time points waits for their dossiers."""
    return tuple(
        f"{point.label}: {why}" for point in points for why in missing(point, design, kind)
    )


def reviews_waiting(time_point: TimePoint) -> list[str]:
    """Return which reviews of a time point that is read already wait for its dossier, and why."""
    try:
        _, design = effective_design(time_point.study_id)
    except RuleBroken:  # a study without a charter has no reviews
        return []
    if rule.is_shown(design, rule.TIME_POINT):
        return []
    return [
        f"The {name} waits for the dossier: {_joined(reasons)}"
        for kind, name in ((rule.GLOBAL, "global review"), (rule.ONCOLOGY, "oncologist’s review"))
        if (reasons := missing(time_point, design, kind))
    ]


def may_be_read(time_point: TimePoint) -> GuardResult:
    """Guard: the dossier that the charter shows at the time point is applied (TR10)."""
    met = GuardResult("TP-012", True, "No dossier is needed, or it is applied.")
    try:
        _, design = effective_design(time_point.study_id)
    except RuleBroken:  # a study without a charter shows nobody a dossier
        return met
    reasons = missing(time_point, design, rule.TIME_POINT)
    return GuardResult("TP-012", False, f"The dossier is missing: {_joined(reasons)}") if (
        reasons
    ) else met  # fmt: skip


def _joined(reasons: tuple[str, ...]) -> str:
    return " ".join(one if one.endswith(".") else f"{one}." for one in reasons)
