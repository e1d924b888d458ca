"""Edit checks of the RANO family."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from reads.criteria.base import Assess, Check, Finding, Level, Options, TimePointFacts
from reads.criteria.history import points_as
from reads.criteria.rano_facts import RanoLesion, RanoTimePoint
from reads.criteria.stream_checks import (
    LESION_CHECKS,
    STREAM_CHECKS,
    check,
    date_findings,
    finding,
    lesion_findings,
    place,
    response_findings,
)

MEASURABLE_MM = Decimal(10)
THIN_SLICE_MM = Decimal(5)

TARGET_COUNT_MAX = check(
    "TARGET_COUNT_MAX",
    Level.ERROR,
    "more target lesions than the criterion allows",
    "There are more target lesions than the criterion allows. Keep the largest.",
)
TARGET_NOT_MEASURABLE = check(
    "TARGET_NOT_MEASURABLE",
    Level.ERROR,
    "baseline target with a diameter under 10 mm",
    "Both diameters of a target are at least 10 mm at baseline. Record it as non-measurable.",
)
TARGET_SLICE_THICKNESS = check(
    "TARGET_SLICE_THICKNESS",
    Level.WARNING,
    "baseline target under twice the slice thickness when slices exceed 5 mm",
    "The target is smaller than two slices. Confirm that it can be measured.",
)
RANO_STEROID_MISSING = check(
    "RANO_STEROID_MISSING",
    Level.ERROR,
    "RANO visit without steroid dose",
    "The steroid dose is missing. Enter it, or none.",
)
RANO_CLINICAL_MISSING = check(
    "RANO_CLINICAL_MISSING",
    Level.ERROR,
    "RANO visit without clinical status",
    "The clinical status is missing. Enter better, stable or worse.",
)
CHECKS = (
    *STREAM_CHECKS,
    *LESION_CHECKS,
    TARGET_COUNT_MAX,
    TARGET_NOT_MEASURABLE,
    TARGET_SLICE_THICKNESS,
    RANO_STEROID_MISSING,
    RANO_CLINICAL_MISSING,
)


def checks_with(assess: Assess, *, by_component: bool = False) -> Check:
    """Return the check function of one criterion; `assess` derives what entries are compared to.

    by_component: half of the target places belong to each component of a mixed tumour.
    """

    def check_history(history: Sequence[TimePointFacts], options: Options) -> Sequence[Finding]:
        points = points_as(history, RanoTimePoint)
        return (
            *_selection(points[0], options, by_component=by_component),
            *lesion_findings(points, _lesions, _sizes),
            *_circumstances(points),
            *date_findings(history),
            *response_findings(history, options, assess, part="measured_response"),
        )

    return check_history


def _lesions(point: RanoTimePoint) -> Sequence[RanoLesion]:
    return point.lesions


def _sizes(lesion: RanoLesion) -> Mapping[str, Decimal | None]:
    return {"d1_mm": lesion.d1_mm, "d2_mm": lesion.d2_mm, "volume_ml": lesion.volume_ml}


def _selection(
    baseline: RanoTimePoint, options: Options, *, by_component: bool
) -> Iterator[Finding]:
    allowed = options.integer("max_targets")
    counts = Counter(lesion.component for lesion in baseline.lesions)
    crowded = by_component and any(2 * count > allowed for count in counts.values())
    if len(baseline.lesions) > allowed or crowded:
        yield finding(TARGET_COUNT_MAX, "baseline.lesions")
    for at, lesion in enumerate(baseline.lesions):
        where = f"baseline.lesions[{at}]"
        given = [size for size in (lesion.d1_mm, lesion.d2_mm) if size is not None]
        if any(size < MEASURABLE_MM for size in given):
            yield finding(TARGET_NOT_MEASURABLE, where)
        slice_mm = lesion.slice_thickness_mm
        thick = slice_mm if slice_mm is not None and slice_mm > THIN_SLICE_MM else Decimal(0)
        if any(size < 2 * thick for size in given):
            yield finding(TARGET_SLICE_THICKNESS, where)


def _circumstances(points: Sequence[RanoTimePoint]) -> Iterator[Finding]:
    for position, point in enumerate(points):
        if not point.assessed:
            continue
        if point.steroids is None and point.dexamethasone_mg is None:
            yield finding(RANO_STEROID_MISSING, f"{place(position)}.steroids")
        if position and point.clinical_status is None:
            yield finding(RANO_CLINICAL_MISSING, f"{place(position)}.clinical_status")
