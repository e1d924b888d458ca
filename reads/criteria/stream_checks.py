"""Edit checks that RANO, Lugano and PCWG3 share: dates, sets of lesions, entered responses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import TypeVar

from reads.criteria.base import Assess, EditCheck, Finding, Level, Options
from reads.criteria.errors import CriteriaError
from reads.criteria.facts import LesionFacts, LesionState, TimePointFacts

P = TypeVar("P", bound=TimePointFacts)
L = TypeVar("L", bound=LesionFacts)
LARGEST_MM = Decimal(500)
PROGRESSIVE = frozenset({"PD"})


def check(identifier: str, level: Level, when: str, message: str) -> EditCheck:
    """Return a check of the catalogue in criteria.md section 11."""
    return EditCheck(
        id=identifier, level=level, when=when, message=message, clause="Edit check of the eCRF"
    )


def finding(fired: EditCheck, field: str) -> Finding:
    """Return the finding of a check at one item."""
    return Finding(
        id=fired.id, level=fired.level, message=fired.message, clause=fired.clause, field=field
    )


VISIT_BEFORE_BASELINE = check(
    "VISIT_BEFORE_BASELINE",
    Level.ERROR,
    "follow-up dated before baseline",
    "This time point is dated before the baseline. Correct one of the dates.",
)
DUPLICATE_DATE = check(
    "DUPLICATE_DATE",
    Level.WARNING,
    "two time points on one date",
    "Two time points have the same date. Confirm that both are right.",
)
VISIT_ORDER = check(
    "VISIT_ORDER",
    Level.WARNING,
    "visit number order differs from date order",
    "Visit numbers and dates run in different order. Confirm the numbers.",
)
READ_AFTER_PD = check(
    "READ_AFTER_PD",
    Level.INFO,
    "time point read after progression",
    "This time point lies after progression and does not count for the best response.",
)
RESPONSE_AT_BASELINE = check(
    "RESPONSE_AT_BASELINE",
    Level.ERROR,
    "response entered at the baseline visit",
    "The baseline has no response. Remove the entered response.",
)
RESPONSE_MISMATCH_TARGET = check(
    "RESPONSE_MISMATCH_TARGET",
    Level.ERROR,
    "entered target response differs from the computed one",
    "The entered response of the measured disease differs from the derived one.",
)
RESPONSE_MISMATCH_OVERALL = check(
    "RESPONSE_MISMATCH_OVERALL",
    Level.ERROR,
    "entered overall response differs from the computed one",
    "The entered overall response differs from the derived one.",
)
STREAM_CHECKS = (
    VISIT_BEFORE_BASELINE,
    DUPLICATE_DATE,
    VISIT_ORDER,
    READ_AFTER_PD,
    RESPONSE_AT_BASELINE,
    RESPONSE_MISMATCH_TARGET,
    RESPONSE_MISMATCH_OVERALL,
)

TARGET_ADDED_AFTER_BASELINE = check(
    "TARGET_ADDED_AFTER_BASELINE",
    Level.ERROR,
    "target lesion first recorded after the baseline was locked",
    "This target was not selected at baseline. Record it as a new lesion or remove it.",
)
TARGET_MISSING_AT_VISIT = check(
    "TARGET_MISSING_AT_VISIT",
    Level.ERROR,
    "baseline target without any state at a follow-up visit",
    "A baseline target has no entry here. Give its state.",
)
NE_WITHOUT_REASON = check(
    "NE_WITHOUT_REASON",
    Level.ERROR,
    "not evaluable without a reason",
    "This lesion is not evaluable. Give the reason.",
)
NEGATIVE_OR_UNIT = check(
    "NEGATIVE_OR_UNIT",
    Level.ERROR,
    "measurement negative or outside 0 to 500 mm",
    "This measurement is not between 0 and 500 mm. Check value and unit.",
)
ZERO_VS_ABSENT = check(
    "ZERO_VS_ABSENT",
    Level.WARNING,
    "0 mm given with a state other than absent",
    "The size is 0 but the lesion is not absent. Set the state to absent.",
)
LESION_CHECKS = (
    TARGET_ADDED_AFTER_BASELINE,
    TARGET_MISSING_AT_VISIT,
    NE_WITHOUT_REASON,
    NEGATIVE_OR_UNIT,
    ZERO_VS_ABSENT,
)


def place(position: int) -> str:
    """Return the path of a time point: the baseline, or a visit in file order."""
    return "baseline" if position == 0 else f"visits[{position - 1}]"


def date_findings(history: Sequence[TimePointFacts]) -> Iterator[Finding]:
    """Check the dates and days of a history."""
    moments = [_moment(point, history[0]) for point in history]
    start = moments[0] or 0
    seen: set[int] = set()
    for position, moment in enumerate(moments):
        if moment is None:
            continue
        if position and moment < start:
            yield finding(VISIT_BEFORE_BASELINE, f"{place(position)}.date")
        if moment in seen:
            yield finding(DUPLICATE_DATE, f"{place(position)}.date")
        seen.add(moment)
    yield from _order(history, moments)


def _moment(point: TimePointFacts, baseline: TimePointFacts) -> int | None:
    if point.day is not None:
        return point.day
    if isinstance(point.date, date) and isinstance(baseline.date, date):
        return (point.date - baseline.date).days + (baseline.day or 0)
    return 0 if point is baseline else None


def _order(history: Sequence[TimePointFacts], moments: Sequence[int | None]) -> Iterator[Finding]:
    numbered = [
        (moment, point.number, position)
        for position, (point, moment) in enumerate(zip(history, moments, strict=True))
        if moment is not None and point.number is not None
    ]
    for (_, before, _at), (_, after, position) in pairwise(sorted(numbered)):
        if after < before:
            yield finding(VISIT_ORDER, f"{place(position)}.number")


def lesion_findings(
    history: Sequence[P],
    lesions_of: Callable[[P], Sequence[L]],
    sizes_of: Callable[[L], Mapping[str, Decimal | None]],
) -> Iterator[Finding]:
    """Check states and sizes of lesions, and follow-up lesions against those of the baseline."""
    known = {lesion.id for lesion in lesions_of(history[0])}
    for position, point in enumerate(history):
        for at, lesion in enumerate(lesions_of(point)):
            where = f"{place(position)}.lesions[{at}]"
            if lesion.id not in known:
                yield finding(TARGET_ADDED_AFTER_BASELINE, where)
            yield from _lesion(lesion, sizes_of(lesion), where)
        if position and point.assessed and lesions_of(point):
            entered = {lesion.id for lesion in lesions_of(point)}
            for _missing in sorted(known - entered):
                yield finding(TARGET_MISSING_AT_VISIT, f"{place(position)}.lesions")


def _lesion(
    lesion: LesionFacts, sizes: Mapping[str, Decimal | None], where: str
) -> Iterator[Finding]:
    state = getattr(lesion, "state", None)
    if state is LesionState.NOT_EVALUABLE and not lesion.reason.strip():
        yield finding(NE_WITHOUT_REASON, f"{where}.reason")
    for name, size in sizes.items():
        if size is None:
            continue
        if not 0 <= size <= LARGEST_MM:
            yield finding(NEGATIVE_OR_UNIT, f"{where}.{name}")
        if size == 0 and state is not LesionState.ABSENT:
            yield finding(ZERO_VS_ABSENT, f"{where}.{name}")


def response_findings(
    history: Sequence[TimePointFacts],
    options: Options,
    assess: Assess,
    *,
    part: str,
) -> Iterator[Finding]:
    """Compare entered responses with the derived ones; nothing when they cannot be derived.

    `part` is the name of the derived value that an entered target response stands for.
    """
    if history[0].entered is not None and history[0].entered.overall_response:
        yield finding(RESPONSE_AT_BASELINE, "baseline.entered.overall_response")
    try:
        derived = assess(history, options).time_points
    except CriteriaError:
        return
    progressed: int | None = None
    ordered = sorted(range(1, len(history)), key=lambda at: derived[at].day)
    for at in ordered:
        if progressed is not None and derived[at].day > progressed:
            yield finding(READ_AFTER_PD, place(at))
        if progressed is None and derived[at].overall_response in PROGRESSIVE:
            progressed = derived[at].day
        entered = history[at].entered
        if entered is None:
            continue
        pairs = (
            (RESPONSE_MISMATCH_TARGET, entered.target_response, derived[at].text(part)),
            (RESPONSE_MISMATCH_OVERALL, entered.overall_response, derived[at].overall_response),
        )
        for fired, given, computed in pairs:
            if given is not None and given != computed:
                yield finding(fired, f"{place(at)}.entered")
