"""Edit checks over the course of a RECIST stream: dates, responses, what follows CR or PD."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from reads.criteria.arithmetic import words
from reads.criteria.base import Finding
from reads.criteria.facts import (
    EnteredResponses,
    LesionState,
    MeasuredTimePoint,
    NonTargetState,
)
from reads.criteria.measurements import axis_of
from reads.criteria.recist_catalogue import finding
from reads.criteria.recist_reading import (
    Reading,
    day_of,
    node_at_baseline,
)

NORMAL_NODE_MM = Decimal(10)


def dates(reading: Reading) -> Iterator[Finding]:
    """Check dates against the baseline, against each other and against visit numbers."""
    days = [day_of(reading.baseline, point) for point in reading.points]
    start = days[0]
    for position, day in enumerate(days[1:], start=1):
        if day is not None and start is not None and day < start:
            yield finding("VISIT_BEFORE_BASELINE", f"{reading.field(position)}.date")
        if day is not None and day in days[:position]:
            yield finding("DUPLICATE_DATE", f"{reading.field(position)}.date")
    numbers = visit_numbers(reading.visits)
    numbered = [
        (number, day, position)
        for position, (number, day) in enumerate(zip(numbers, days[1:], strict=True), start=1)
        if day is not None
    ]
    by_number = sorted(numbered, key=lambda entry: entry[0])
    for (_low, earlier, _p), (_high, later, position) in pairwise(by_number):
        if later < earlier:
            yield finding("VISIT_ORDER", f"{reading.field(position)}.date")


def visit_numbers(visits: Sequence[MeasuredTimePoint]) -> list[Decimal]:
    """Return the visit numbers: as recorded, else from names like TP3, else the order given."""
    if visits and all(point.number is not None for point in visits):
        return [point.number for point in visits if point.number is not None]
    named = [re.fullmatch(r"(?:TP|V|VISIT)\s*(\d{1,6})", point.id.upper()) for point in visits]
    found = [Decimal(match.group(1)) for match in named if match]
    if len(found) == len(visits):
        return found
    return [Decimal(place) for place in range(len(visits))]


def entered_responses(reading: Reading) -> Iterator[Finding]:
    """Compare what was entered with what is derived."""
    for position, point in enumerate(reading.points):
        entered = point.entered
        if entered is None:
            continue
        where = f"{reading.field(position)}.entered"
        derived_sum = reading.value(position, "sum_mm")
        if entered.sum_mm is not None and reading.derived and entered.sum_mm != derived_sum:
            given = entered.sum_mm
            shown = derived_sum if isinstance(derived_sum, Decimal) else None
            detail = f"{words(given, 'mm')} entered, {words(shown, 'mm')} derived"
            yield finding("SUM_MISMATCH", f"{where}.sum_mm", detail)
        if position == 0:
            continue
        for name, identifier in (
            ("target_response", "RESPONSE_MISMATCH_TARGET"),
            ("overall_response", "RESPONSE_MISMATCH_OVERALL"),
        ):
            text, derived = getattr(entered, name), reading.value(position, name)
            if text is not None and derived is not None and text != derived:
                detail = f"{text} entered, {derived} derived"
                yield finding(identifier, f"{where}.{name}", detail)
        yield from _complete_with_residual(reading, position, entered)


def _complete_with_residual(
    reading: Reading,
    position: int,
    entered: EnteredResponses,
) -> Iterator[Finding]:
    if not {"CR", "iCR"} & {entered.target_response, entered.overall_response}:
        return
    for place, lesion in enumerate(reading.points[position].target):
        nodal = node_at_baseline(reading, lesion)
        size: Decimal | None = getattr(lesion, axis_of(lesion, nodal=nodal))
        small_node = nodal and (size is None or size < NORMAL_NODE_MM)
        gone = lesion.state in (LesionState.ABSENT, LesionState.MERGED) or size == 0
        if not (gone or small_node or lesion.state is LesionState.NOT_EVALUABLE):
            where = f"{reading.field(position)}.target[{place}]"
            yield finding("CR_WITH_RESIDUAL", where, lesion.id)


def course(reading: Reading) -> Iterator[Finding]:
    """Check the course of responses: after CR, after PD, PD by non-targets alone."""
    days = [day_of(reading.baseline, point) for point in reading.points]
    order = sorted(range(1, len(reading.points)), key=lambda p: (days[p] or 0, p))
    complete = progressed = False
    for position in order:
        where = reading.field(position)
        response = response_at(reading, position)
        if complete and response not in ("CR", "iCR", "PD", "iUPD", "iCPD", "NE", None):
            yield finding("CR_THEN_NOT_PD", f"{where}.overall_response", str(response))
        if progressed:
            yield finding("READ_AFTER_PD", where)
        complete = complete or response in ("CR", "iCR")
        progressed = progressed or response in ("PD", "iCPD")
        if _non_target_alone(reading, position):
            yield finding("NT_PD_ALONE", f"{where}.non_target")
        if _marker_against(reading.points[position]):
            yield finding("NON_TARGET_CR_WITH_HIGH_MARKER", f"{where}.tumour_marker_normal")


def response_at(reading: Reading, position: int) -> str | None:
    """Return the overall response as entered, else as derived."""
    entered = reading.points[position].entered
    if entered is not None and entered.overall_response is not None:
        return entered.overall_response
    derived = reading.value(position, "overall_response")
    return None if derived is None else str(derived)


def _non_target_alone(reading: Reading, position: int) -> bool:
    worse = reading.value(position, "non_target_response") in ("PD", "iUPD", "iCPD")
    targets = reading.value(position, "target_response") in ("PD", "iUPD", "iCPD")
    return worse and not targets and reading.value(position, "new_lesion") != "UNEQUIVOCAL"


def _marker_against(point: MeasuredTimePoint) -> bool:
    gone = bool(point.non_target) and all(
        lesion.state is NonTargetState.ABSENT for lesion in point.non_target
    )
    entered = point.entered is not None and point.entered.non_target_response in ("CR", "iCR")
    return point.tumour_marker_normal is False and (gone or entered)
