"""Edit checks of the RECIST baseline: number and choice of targets, measurability, age."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from reads.criteria.arithmetic import words
from reads.criteria.base import Finding
from reads.criteria.facts import (
    MeasuredTimePoint,
    NonTargetFacts,
    TargetFacts,
)
from reads.criteria.locations import is_bone, organ_group
from reads.criteria.measurements import is_nodal
from reads.criteria.recist_catalogue import finding
from reads.criteria.recist_reading import (
    Reading,
)

MEASURABLE_MM = Decimal(10)
MEASURABLE_X_RAY_MM = Decimal(20)
TARGET_NODE_MM = Decimal(15)
NORMAL_NODE_MM = Decimal(10)
THIN_SLICE_MM = Decimal(5)


X_RAY = frozenset({"X-RAY", "XRAY", "CHEST X-RAY", "CR", "DX"})


def baseline_counts(reading: Reading) -> Iterator[Finding]:
    """Count targets in all and per organ."""
    targets = reading.baseline.target
    most = reading.options.integer("max_targets")
    if len(targets) > most:
        yield finding(
            "TARGET_COUNT_MAX", "baseline.target", f"{len(targets)} targets, limit {most}"
        )
    per_organ = reading.options.integer("max_targets_per_organ")
    for organ, count in target_organs(reading).items():
        if count > per_organ:
            detail = f"{organ}: {count} targets, limit {per_organ}"
            yield finding("TARGET_PER_ORGAN_MAX", "baseline.target", detail)


def target_organs(reading: Reading) -> Counter[str]:
    """Return the number of baseline targets per organ."""
    return Counter(
        organ_group(lesion.organ, nodal=is_nodal(lesion)) for lesion in reading.baseline.target
    )


def baseline_targets(reading: Reading) -> Iterator[Finding]:
    """Check whether each baseline target is measurable."""
    for place, lesion in enumerate(reading.baseline.target):
        field = f"baseline.target[{place}]"
        if is_nodal(lesion):
            if lesion.sa_mm is not None and lesion.sa_mm < TARGET_NODE_MM:
                detail = f"{lesion.id} {words(lesion.sa_mm, 'mm')}"
                yield finding("TARGET_NODE_TOO_SMALL", f"{field}.sa_mm", detail)
        else:
            yield from _non_nodal_target(lesion, field)
        if is_bone(lesion.organ) and lesion.soft_tissue_component is not True:
            yield finding("TARGET_BONE", f"{field}.organ", lesion.id)
        if lesion.prior_local_therapy and not lesion.grown_since_therapy:
            yield finding("TARGET_PRIOR_RT", f"{field}.prior_local_therapy", lesion.id)


def _non_nodal_target(lesion: TargetFacts, field: str) -> Iterator[Finding]:
    limit = MEASURABLE_X_RAY_MM if lesion.modality.upper() in X_RAY else MEASURABLE_MM
    if lesion.ld_mm is None or lesion.ld_mm < limit:
        detail = f"{lesion.id} {words(lesion.ld_mm, 'mm')}, limit {words(limit, 'mm')}"
        yield finding("TARGET_NOT_MEASURABLE", f"{field}.ld_mm", detail)
    slices = lesion.slice_thickness_mm
    if slices is not None and slices > THIN_SLICE_MM and (lesion.ld_mm or 0) < 2 * slices:
        detail = f"{lesion.id} {words(lesion.ld_mm, 'mm')}, slices {words(slices, 'mm')}"
        yield finding("TARGET_SLICE_THICKNESS", f"{field}.slice_thickness_mm", detail)


def baseline_non_targets(reading: Reading) -> Iterator[Finding]:
    """Check the choice of non-targets."""
    organs = target_organs(reading)
    free = reading.options.integer("max_targets") - len(reading.baseline.target)
    per_organ = reading.options.integer("max_targets_per_organ")
    for place, lesion in enumerate(reading.baseline.non_target):
        field = f"baseline.non_target[{place}]"
        nodal = is_nodal(lesion)
        if nodal and lesion.sa_mm is not None and lesion.sa_mm < NORMAL_NODE_MM:
            detail = f"{lesion.id} {words(lesion.sa_mm, 'mm')}"
            yield finding("NODE_NORMAL_AS_NONTARGET", f"{field}.sa_mm", detail)
        room = free > 0 and organs[organ_group(lesion.organ, nodal=nodal)] < per_organ
        if room and _measurable(lesion, nodal=nodal):
            yield finding("NODE_NONTARGET_COULD_BE_TARGET", field, lesion.id)


def _measurable(lesion: NonTargetFacts, *, nodal: bool) -> bool:
    if nodal:
        return lesion.sa_mm is not None and lesion.sa_mm >= TARGET_NODE_MM
    return lesion.ld_mm is not None and lesion.ld_mm >= MEASURABLE_MM and not is_bone(lesion.organ)


def baseline_form(reading: Reading) -> Iterator[Finding]:
    """Check responses at the baseline and its age."""
    entered = reading.baseline.entered
    if entered and any(
        (entered.target_response, entered.non_target_response, entered.overall_response)
    ):
        yield finding("RESPONSE_AT_BASELINE", "baseline.entered")
    age = baseline_age(reading.baseline)
    if age is not None and age > reading.options.integer("baseline_max_age_days"):
        yield finding("BASELINE_TOO_OLD", "baseline", f"{age} days before treatment")


def baseline_age(baseline: MeasuredTimePoint) -> int | None:
    """Return the days from baseline imaging to the start of treatment; None when not known."""
    if baseline.treatment_start_date is not None and baseline.date is not None:
        return (baseline.treatment_start_date - baseline.date).days
    if baseline.day is None:
        return None
    return (baseline.treatment_start_day or 0) - baseline.day
