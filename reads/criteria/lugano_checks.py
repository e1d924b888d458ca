"""Edit checks of Lugano 2014."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from reads.criteria.base import Assess, Check, Finding, Level, Options, TimePointFacts
from reads.criteria.facts import LesionState
from reads.criteria.history import points_as
from reads.criteria.lugano_facts import Kind, LuganoLesion, LuganoTimePoint
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

TARGET_COUNT_MAX = check(
    "TARGET_COUNT_MAX",
    Level.ERROR,
    "more than 6 target lesions",
    "There are more target lesions than the criterion allows. Keep the largest.",
)
TARGET_NOT_MEASURABLE = check(
    "TARGET_NOT_MEASURABLE",
    Level.ERROR,
    "baseline node not above 15 mm, or extranodal lesion not above 10 mm, in LDi",
    "This target is too small to be measurable. Record it as non-measured disease.",
)
SHORT_AXIS_GT_LONG = check(
    "SHORT_AXIS_GT_LONG",
    Level.ERROR,
    "SDi larger than LDi",
    "The perpendicular diameter is larger than the longest one. Swap or correct them.",
)
NEW_LESION_NO_LOCATION = check(
    "NEW_LESION_NO_LOCATION",
    Level.ERROR,
    "new lesion without location",
    "The new lesion has no location. Enter it.",
)
NEW_LESION_EXISTS_AT_BASELINE = check(
    "NEW_LESION_EXISTS_AT_BASELINE",
    Level.ERROR,
    "new lesion with the identifier of a baseline lesion",
    "This new lesion has the identifier of a baseline lesion. Give it its own.",
)
DEAUVILLE_MISSING_REFERENCE = check(
    "DEAUVILLE_MISSING_REFERENCE",
    Level.ERROR,
    "Deauville score without liver and mediastinum reference",
    "The five-point score needs the uptake of liver and mediastinum. Enter both.",
)
CHECKS = (
    *STREAM_CHECKS,
    *LESION_CHECKS,
    TARGET_COUNT_MAX,
    TARGET_NOT_MEASURABLE,
    SHORT_AXIS_GT_LONG,
    NEW_LESION_NO_LOCATION,
    NEW_LESION_EXISTS_AT_BASELINE,
    DEAUVILLE_MISSING_REFERENCE,
)


def checks_with(assess: Assess) -> Check:
    """Return the check function; `assess` derives what entered responses are compared with."""

    def check_history(history: Sequence[TimePointFacts], options: Options) -> Sequence[Finding]:
        points = points_as(history, LuganoTimePoint)
        return (
            *_selection(points[0], options),
            *lesion_findings(points, _lesions, _sizes),
            *_axes(points),
            *_new_lesions(points),
            *_references(points),
            *date_findings(history),
            *response_findings(history, options, assess, part="ct_response"),
        )

    return check_history


def _lesions(point: LuganoTimePoint) -> Sequence[LuganoLesion]:
    return point.lesions


def _sizes(lesion: LuganoLesion) -> Mapping[str, Decimal | None]:
    return {"ldi_mm": lesion.ldi_mm, "sdi_mm": lesion.sdi_mm}


def _selection(baseline: LuganoTimePoint, options: Options) -> Iterator[Finding]:
    if len(baseline.lesions) > options.integer("max_targets"):
        yield finding(TARGET_COUNT_MAX, "baseline.lesions")
    for at, lesion in enumerate(baseline.lesions):
        nodal = lesion.kind is Kind.NODE
        least = options.decimal("abnormal_ldi_mm" if nodal else "measurable_extranodal_mm")
        measured = lesion.ldi_mm if lesion.state in (None, LesionState.MEASURED) else None
        if measured is not None and measured <= least:
            yield finding(TARGET_NOT_MEASURABLE, f"baseline.lesions[{at}]")


def _axes(points: Sequence[LuganoTimePoint]) -> Iterator[Finding]:
    for position, point in enumerate(points):
        for at, lesion in enumerate(point.lesions):
            ldi, sdi = lesion.ldi_mm, lesion.sdi_mm
            if ldi is not None and sdi is not None and sdi > ldi:
                yield finding(SHORT_AXIS_GT_LONG, f"{place(position)}.lesions[{at}]")


def _new_lesions(points: Sequence[LuganoTimePoint]) -> Iterator[Finding]:
    known = {lesion.id for lesion in points[0].lesions}
    for position, point in enumerate(points):
        for at, lesion in enumerate(point.new_lesions):
            where = f"{place(position)}.new_lesions[{at}]"
            if not (lesion.location.strip() or lesion.organ.strip()):
                yield finding(NEW_LESION_NO_LOCATION, where)
            if lesion.id in known:
                yield finding(NEW_LESION_EXISTS_AT_BASELINE, where)


def _references(points: Sequence[LuganoTimePoint]) -> Iterator[Finding]:
    for position, point in enumerate(points):
        pet = point.pet
        if pet is None or pet.deauville is None:
            continue
        if pet.liver_reference is None or pet.mediastinum_reference is None:
            yield finding(DEAUVILLE_MISSING_REFERENCE, f"{place(position)}.pet.deauville")
