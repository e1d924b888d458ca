"""Edit checks of the RECIST family as data, with the functions that evaluate them.

Catalogue: criteria.md section 11. ERROR blocks, WARNING needs a reason, INFO is shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from reads.criteria.arithmetic import HUNDRED, words
from reads.criteria.base import Assessment, EditCheck, Finding, Level, Options, TimePointFacts
from reads.criteria.errors import CriteriaError
from reads.criteria.facts import (
    EnteredResponses,
    LesionState,
    MeasuredTimePoint,
    NewLesionFacts,
    NonTargetFacts,
    NonTargetState,
    TargetFacts,
)
from reads.criteria.locations import is_bone, organ_group
from reads.criteria.measurements import axis_of, is_nodal

MEASURABLE_MM = Decimal(10)
MEASURABLE_X_RAY_MM = Decimal(20)
TARGET_NODE_MM = Decimal(15)
NORMAL_NODE_MM = Decimal(10)
THIN_SLICE_MM = Decimal(5)
LARGEST_MM = Decimal(500)
UNCERTAIN_MM = Decimal(5)
LARGE_CHANGE_PCT = Decimal(50)
X_RAY = frozenset({"X-RAY", "XRAY", "CHEST X-RAY", "CR", "DX"})

SELECTION = "RECIST 1.1 §3.1"
MEASURABILITY = "RECIST 1.1 §3.1.1"
FOLLOW_UP = "RECIST 1.1 §4.2"
FORM = "criteria.md §11"


def _check(identifier: str, level: Level, when: str, message: str, clause: str) -> EditCheck:
    return EditCheck(id=identifier, level=level, when=when, message=message, clause=clause)


CATALOGUE: tuple[EditCheck, ...] = (
    _check(
        "TARGET_COUNT_MAX",
        Level.ERROR,
        "more than 5 target lesions",
        "There are more target lesions than the criteria allow.",
        SELECTION,
    ),
    _check(
        "TARGET_PER_ORGAN_MAX",
        Level.ERROR,
        "more than 2 target lesions in one organ; paired organs and all lymph nodes are one organ",
        "There are more target lesions in this organ than the criteria allow.",
        SELECTION,
    ),
    _check(
        "TARGET_NOT_MEASURABLE",
        Level.ERROR,
        "baseline non-nodal target under 10 mm",
        "The target is too small to be measurable at baseline.",
        MEASURABILITY,
    ),
    _check(
        "TARGET_NODE_TOO_SMALL",
        Level.ERROR,
        "baseline target node under 15 mm short axis",
        "The target node has a short axis under 15 mm.",
        MEASURABILITY,
    ),
    _check(
        "TARGET_SLICE_THICKNESS",
        Level.WARNING,
        "baseline non-nodal target under twice the slice thickness when slices exceed 5 mm",
        "The target is smaller than twice the slice thickness.",
        MEASURABILITY,
    ),
    _check(
        "TARGET_BONE",
        Level.WARNING,
        "bone lesion as target without a soft tissue component",
        "A bone lesion is measurable only with a soft tissue component.",
        MEASURABILITY,
    ),
    _check(
        "TARGET_PRIOR_RT",
        Level.WARNING,
        "target in an irradiated area without documented progression",
        "The target was treated locally and has not been shown to grow since.",
        MEASURABILITY,
    ),
    _check(
        "NODE_NORMAL_AS_NONTARGET",
        Level.ERROR,
        "node under 10 mm short axis recorded as disease",
        "A node with a short axis under 10 mm is normal and is not recorded.",
        MEASURABILITY,
    ),
    _check(
        "NODE_NONTARGET_COULD_BE_TARGET",
        Level.INFO,
        "measurable lesion listed as non-target while target places are free",
        "This lesion is measurable and there is room for another target.",
        SELECTION,
    ),
    _check(
        "SHORT_AXIS_GT_LONG",
        Level.ERROR,
        "short axis larger than long axis",
        "The short axis is larger than the longest diameter.",
        FOLLOW_UP,
    ),
    _check(
        "NEGATIVE_OR_UNIT",
        Level.ERROR,
        "measurement negative or outside 0 to 500 mm",
        "The measurement lies outside 0 to 500 mm. Check the unit.",
        FORM,
    ),
    _check(
        "TARGET_ADDED_AFTER_BASELINE",
        Level.ERROR,
        "target lesion first recorded after the baseline was locked",
        "No target may be added after the baseline.",
        SELECTION,
    ),
    _check(
        "TARGET_MISSING_AT_VISIT",
        Level.ERROR,
        "baseline target without any state at a follow-up visit",
        "The target has no state at this time point.",
        FOLLOW_UP,
    ),
    _check(
        "ZERO_VS_ABSENT",
        Level.WARNING,
        "0 mm given with a state other than absent",
        "0 mm was entered but the state is not absent.",
        FOLLOW_UP,
    ),
    _check(
        "UNDER_5MM_MEASURED",
        Level.INFO,
        "measured value under 5 mm: confirm it is a real measurement and not a too-small entry",
        "The value is under 5 mm. Confirm that it was truly measured.",
        FOLLOW_UP,
    ),
    _check(
        "TSTM_VALUE",
        Level.ERROR,
        "too small to measure with a value other than the default",
        "A lesion too small to measure takes the default value only.",
        FOLLOW_UP,
    ),
    _check(
        "NT_MISSING_AT_VISIT",
        Level.ERROR,
        "baseline non-target without a state at a follow-up visit",
        "The non-target has no state at this time point.",
        "RECIST 1.1 §4.3.3",
    ),
    _check(
        "NT_PD_ALONE",
        Level.WARNING,
        "progression only by non-target disease",
        "Only non-target disease makes this progression. Confirm that it is unequivocal.",
        "RECIST 1.1 §4.3.4",
    ),
    _check(
        "NEW_LESION_NO_LOCATION",
        Level.ERROR,
        "new lesion without location or method",
        "The new lesion has no location or no method.",
        "RECIST 1.1 §4.3.5",
    ),
    _check(
        "NEW_LESION_EXISTS_AT_BASELINE",
        Level.ERROR,
        "new lesion with the identifier or site of a baseline lesion",
        "The new lesion has the identifier or the place of a baseline lesion.",
        "RECIST 1.1 §4.3.5",
    ),
    _check(
        "RESPONSE_MISMATCH_TARGET",
        Level.ERROR,
        "entered target response differs from the computed one",
        "The entered target response differs from the derived one.",
        "RECIST 1.1 §4.3.1",
    ),
    _check(
        "RESPONSE_MISMATCH_OVERALL",
        Level.ERROR,
        "entered overall response differs from the computed one",
        "The entered overall response differs from the derived one.",
        "RECIST 1.1 tables 1 and 2",
    ),
    _check(
        "RESPONSE_AT_BASELINE",
        Level.ERROR,
        "response entered at the baseline visit",
        "There is no response at the baseline.",
        FORM,
    ),
    _check(
        "CR_WITH_RESIDUAL",
        Level.ERROR,
        "CR entered while a target is above its limit",
        "CR was entered although a target is still above its limit.",
        "RECIST 1.1 §4.3.1",
    ),
    _check(
        "CR_THEN_NOT_PD",
        Level.WARNING,
        "after CR a response other than CR, PD or NE",
        "After a complete response only CR, PD or NE can follow.",
        "RECIST 1.1 table 3, note a",
    ),
    _check(
        "VISIT_BEFORE_BASELINE",
        Level.ERROR,
        "follow-up dated before baseline",
        "The time point is dated before the baseline.",
        FORM,
    ),
    _check(
        "VISIT_ORDER",
        Level.WARNING,
        "visit number order differs from date order",
        "The order of the visit numbers differs from the order of the dates.",
        FORM,
    ),
    _check(
        "DUPLICATE_DATE",
        Level.WARNING,
        "two time points on one date",
        "Another time point has the same date.",
        FORM,
    ),
    _check(
        "MODALITY_CHANGED",
        Level.WARNING,
        "target measured with another modality than before",
        "The target was measured with another modality before.",
        "RECIST 1.1 §4.1",
    ),
    _check(
        "SLICE_THICKNESS_CHANGED",
        Level.INFO,
        "slice thickness differs from baseline",
        "The slice thickness differs from the baseline.",
        "RECIST 1.1 §4.1",
    ),
    _check(
        "BASELINE_TOO_OLD",
        Level.WARNING,
        "baseline imaging more than 28 days before treatment start",
        "The baseline imaging is older than allowed at the start of treatment.",
        SELECTION,
    ),
    _check(
        "SUM_MISMATCH",
        Level.ERROR,
        "recorded sum differs from the sum of its lesions",
        "The recorded sum differs from the sum of the lesions.",
        FOLLOW_UP,
    ),
    _check(
        "NE_WITHOUT_REASON",
        Level.ERROR,
        "not evaluable without a reason",
        "Give the reason why the lesion cannot be evaluated.",
        FOLLOW_UP,
    ),
    _check(
        "READ_AFTER_PD",
        Level.INFO,
        "time point read after progression",
        "This time point lies after progression and does not count for the best response.",
        "RECIST 1.1 §4.4",
    ),
    _check(
        "LARGE_CHANGE",
        Level.INFO,
        "a lesion changes by more than 50% between visits: confirm identity",
        "The lesion changed by more than 50 %. Confirm that it is the same lesion.",
        FORM,
    ),
    _check(
        "SPLIT_WITHOUT_CHILD_SIZES",
        Level.ERROR,
        "split lesion without the sizes of its pieces",
        "Enter the size of each piece of the split lesion.",
        FOLLOW_UP,
    ),
    _check(
        "MERGE_PARTNER_NOT_TARGET",
        Level.ERROR,
        "merged lesion whose partner is not a target of the time point",
        "Name the target that now holds the merged lesion.",
        FOLLOW_UP,
    ),
    _check(
        "NON_TARGET_CR_WITH_HIGH_MARKER",
        Level.WARNING,
        "all non-targets gone while the tumour marker is above normal",
        "The tumour marker is above normal: the non-target response is not CR.",
        "RECIST 1.1 §4.3.3",
    ),
    _check(
        "NODE_ABSENT_AS_ZERO",
        Level.INFO,
        "node recorded as absent (0 mm)",
        "A node is rarely 0 mm. Measure its short axis when it can be seen.",
        FOLLOW_UP,
    ),
)
BY_ID = {check.id: check for check in CATALOGUE}

AssessFunction = Callable[[Sequence[TimePointFacts], Options], Assessment]
AnyLesion = TargetFacts | NonTargetFacts | NewLesionFacts


def finding(identifier: str, field: str, detail: str = "") -> Finding:
    """Return a finding of the catalogue; detail names the lesion or the values."""
    return finding_of(BY_ID[identifier], field, detail)


def finding_of(check: EditCheck, field: str, detail: str = "") -> Finding:
    """Return a finding of a check."""
    message = f"{detail}: {check.message}" if detail else check.message
    return Finding(
        id=check.id, level=check.level, message=message, clause=check.clause, field=field
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """A history as the checks see it: facts, options and, where possible, what was derived."""

    points: Sequence[MeasuredTimePoint]
    options: Options
    derived: Assessment | None

    @property
    def baseline(self) -> MeasuredTimePoint:
        """Return the baseline."""
        return self.points[0]

    @property
    def visits(self) -> Sequence[MeasuredTimePoint]:
        """Return the follow-up time points in the order of the history."""
        return self.points[1:]

    def field(self, position: int) -> str:
        """Return the path of a time point by its position in the history."""
        return "baseline" if position == 0 else f"visits[{position - 1}]"

    def value(self, position: int, name: str) -> object:
        """Return a derived value of a time point, None when nothing could be derived."""
        return None if self.derived is None else self.derived.time_points[position].values.get(name)


def run(
    history: Sequence[TimePointFacts],
    options: Options,
    assess: AssessFunction,
) -> tuple[Finding, ...]:
    """Return every check of the catalogue that fires, in the order of the form."""
    points = [point for point in history if isinstance(point, MeasuredTimePoint)]
    reading = Reading(points, options, derived_or_none(points, options, assess))
    findings: list[Finding] = []
    for group in GROUPS:
        findings.extend(group(reading))
    return tuple(findings)


def derived_or_none(
    points: Sequence[MeasuredTimePoint],
    options: Options,
    assess: AssessFunction,
) -> Assessment | None:
    """Return what the engine derives; None when the facts do not allow it.

    Time points without day and date get days of their own after the last known one: the
    response of a time point depends on their order alone.
    """
    dated: list[MeasuredTimePoint] = []
    last = points[0].day or 0
    for point in points:
        if point.baseline or point.day is not None:
            last = point.day if point.day is not None else last
            dated.append(point)
        elif point.date is not None and points[0].date is not None:
            dated.append(point)
        else:
            last += 1
            dated.append(replace(point, day=last))
    try:
        return assess(dated, options)
    except CriteriaError:
        return None


# --- baseline ---------------------------------------------------------------------------------


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


# --- every time point -------------------------------------------------------------------------


def measurements(reading: Reading) -> Iterator[Finding]:
    """Check each size by itself."""
    for position, point in enumerate(reading.points):
        where = reading.field(position)
        for field, lesion in lesions_of(point, where):
            yield from _sizes(field, lesion)
        for place, target in enumerate(point.target):
            yield from _target_state(f"{where}.target[{place}]", target, reading)


def lesions_of(point: MeasuredTimePoint, where: str) -> Iterator[tuple[str, AnyLesion]]:
    """Return every lesion of a time point with its path."""
    groups: tuple[tuple[str, Sequence[AnyLesion]], ...] = (
        ("target", point.target),
        ("non_target", point.non_target),
        ("new_lesions", point.new_lesions),
    )
    for name, lesions in groups:
        for place, lesion in enumerate(lesions):
            yield f"{where}.{name}[{place}]", lesion


def _sizes(field: str, lesion: AnyLesion) -> Iterator[Finding]:
    sizes = {"ld_mm": lesion.ld_mm, "sa_mm": lesion.sa_mm}
    if not isinstance(lesion, NonTargetFacts):
        for place, piece in enumerate(lesion.fragments_mm):
            sizes[f"fragments_mm[{place}]"] = piece
    for name, size in sizes.items():
        if size is not None and not 0 <= size <= LARGEST_MM:
            detail = f"{lesion.id} {words(size, 'mm')}"
            yield finding("NEGATIVE_OR_UNIT", f"{field}.{name}", detail)
    if lesion.ld_mm is not None and lesion.sa_mm is not None and lesion.sa_mm > lesion.ld_mm:
        yield finding("SHORT_AXIS_GT_LONG", f"{field}.sa_mm", lesion.id)


def _target_state(field: str, lesion: TargetFacts, reading: Reading) -> Iterator[Finding]:
    nodal = node_at_baseline(reading, lesion)
    name = axis_of(lesion, nodal=nodal)
    size: Decimal | None = getattr(lesion, name)
    measured = lesion.state in (None, LesionState.MEASURED)
    if size == 0 and lesion.state is not LesionState.ABSENT:
        yield finding("ZERO_VS_ABSENT", f"{field}.{name}", lesion.id)
    if measured and size is not None and 0 < size < UNCERTAIN_MM:
        yield finding("UNDER_5MM_MEASURED", f"{field}.{name}", lesion.id)
    too_small = reading.options.decimal("too_small_mm")
    given = [value for value in (lesion.ld_mm, lesion.sa_mm) if value is not None]
    if lesion.state is LesionState.TOO_SMALL_TO_MEASURE and any(v != too_small for v in given):
        yield finding("TSTM_VALUE", f"{field}.{name}", lesion.id)
    if lesion.state is LesionState.ABSENT and nodal:
        yield finding("NODE_ABSENT_AS_ZERO", f"{field}.state", lesion.id)
    if lesion.state is LesionState.SPLIT and not lesion.fragments_mm:
        yield finding("SPLIT_WITHOUT_CHILD_SIZES", f"{field}.fragments_mm", lesion.id)


def node_at_baseline(reading: Reading, lesion: TargetFacts) -> bool:
    """Return whether a target is a node, as the baseline has it."""
    for known in reading.baseline.target:
        if known.id == lesion.id:
            return is_nodal(known)
    return is_nodal(lesion)


def reasons(reading: Reading) -> Iterator[Finding]:
    """Check that what is not evaluable has a reason."""
    for position, point in enumerate(reading.points):
        for field, lesion in lesions_of(point, reading.field(position)):
            unread = not isinstance(lesion, NewLesionFacts) and (
                lesion.state in (LesionState.NOT_EVALUABLE, NonTargetState.NOT_EVALUABLE)
            )
            if unread and not lesion.reason.strip():
                yield finding("NE_WITHOUT_REASON", f"{field}.reason", lesion.id)


# --- follow-up --------------------------------------------------------------------------------


def completeness(reading: Reading) -> Iterator[Finding]:
    """Check that every baseline lesion has a state and that no target was added."""
    targets = [lesion.id for lesion in reading.baseline.target]
    non_targets = [lesion.id for lesion in reading.baseline.non_target]
    for position, point in enumerate(reading.visits, start=1):
        if not point.assessed:
            continue
        where = reading.field(position)
        stated = {lesion.id for lesion in point.target if has_state(lesion)}
        for identifier in targets:
            if identifier not in stated:
                yield finding("TARGET_MISSING_AT_VISIT", f"{where}.target", identifier)
        for place, lesion in enumerate(point.target):
            if lesion.id not in targets:
                yield finding(
                    "TARGET_ADDED_AFTER_BASELINE", f"{where}.target[{place}].id", lesion.id
                )
            if lesion.state is LesionState.MERGED and (
                lesion.merged_into not in targets or lesion.merged_into == lesion.id
            ):
                yield finding(
                    "MERGE_PARTNER_NOT_TARGET", f"{where}.target[{place}].merged_into", lesion.id
                )
        known = {lesion.id for lesion in point.non_target if lesion.state is not None}
        for identifier in non_targets:
            if identifier not in known:
                yield finding("NT_MISSING_AT_VISIT", f"{where}.non_target", identifier)


def has_state(lesion: TargetFacts) -> bool:
    """Return whether anything was entered for a target."""
    return lesion.state is not None or lesion.ld_mm is not None or lesion.sa_mm is not None


def new_lesions(reading: Reading) -> Iterator[Finding]:
    """Check location, method and identity of new lesions."""
    baseline = [lesion for _field, lesion in lesions_of(reading.baseline, "baseline")]
    identifiers = {lesion.id for lesion in baseline}
    places = {place_of(lesion) for lesion in baseline if lesion.location.strip()}
    methods = any(
        lesion.modality for point in reading.points for _field, lesion in lesions_of(point, "")
    )
    for position, point in enumerate(reading.visits, start=1):
        for place, lesion in enumerate(point.new_lesions):
            field = f"{reading.field(position)}.new_lesions[{place}]"
            nowhere = not lesion.organ.strip() and not lesion.location.strip()
            if nowhere or (methods and not lesion.modality):
                yield finding("NEW_LESION_NO_LOCATION", field, lesion.id)
            if lesion.id in identifiers or place_of(lesion) in places:
                yield finding("NEW_LESION_EXISTS_AT_BASELINE", field, lesion.id)
            small = lesion.sa_mm is not None and lesion.sa_mm < NORMAL_NODE_MM
            if is_nodal(lesion) and small:
                yield finding("NODE_NORMAL_AS_NONTARGET", f"{field}.sa_mm", lesion.id)


def place_of(lesion: AnyLesion) -> tuple[str, str, str]:
    """Return organ, place and side of a lesion, as text to compare."""
    return (
        organ_group(lesion.organ, nodal=is_nodal(lesion)),
        lesion.location.strip().upper(),
        lesion.side.strip().upper(),
    )


def technique(reading: Reading) -> Iterator[Finding]:
    """Check that targets are followed with the technique of before."""
    modality = {lesion.id: lesion.modality for lesion in reading.baseline.target}
    slices = {lesion.id: lesion.slice_thickness_mm for lesion in reading.baseline.target}
    for position, point in enumerate(reading.visits, start=1):
        for place, lesion in enumerate(point.target):
            field = f"{reading.field(position)}.target[{place}]"
            before = modality.get(lesion.id, "")
            if lesion.modality and before and lesion.modality.upper() != before.upper():
                detail = f"{lesion.id} {lesion.modality}, before {before}"
                yield finding("MODALITY_CHANGED", f"{field}.modality", detail)
            modality[lesion.id] = lesion.modality or before
            first, now = slices.get(lesion.id), lesion.slice_thickness_mm
            if first is not None and now is not None and now != first:
                detail = f"{lesion.id} {words(now, 'mm')}, baseline {words(first, 'mm')}"
                yield finding("SLICE_THICKNESS_CHANGED", f"{field}.slice_thickness_mm", detail)


def identity(reading: Reading) -> Iterator[Finding]:
    """Look for sizes that change so much that the lesion may be another one."""
    sizes = {lesion.id: size_of(reading, lesion) for lesion in reading.baseline.target}
    for position, point in enumerate(reading.visits, start=1):
        for place, lesion in enumerate(point.target):
            now, before = size_of(reading, lesion), sizes.get(lesion.id)
            if now is None:
                continue
            if before and abs(now - before) * HUNDRED > before * LARGE_CHANGE_PCT:
                detail = f"{lesion.id} {words(before, 'mm')} to {words(now, 'mm')}"
                yield finding("LARGE_CHANGE", f"{reading.field(position)}.target[{place}]", detail)
            sizes[lesion.id] = now


def size_of(reading: Reading, lesion: TargetFacts) -> Decimal | None:
    """Return the size of a lesion that was truly measured."""
    if lesion.state not in (None, LesionState.MEASURED):
        return None
    size: Decimal | None = getattr(lesion, axis_of(lesion, nodal=node_at_baseline(reading, lesion)))
    return size


# --- dates ------------------------------------------------------------------------------------


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


def day_of(baseline: MeasuredTimePoint, point: MeasuredTimePoint) -> int | None:
    """Return the day of a time point from its day or its date; None when it has neither."""
    if point.day is not None:
        return point.day
    if point is baseline:
        return 0
    if point.date is not None and baseline.date is not None:
        return (baseline.day or 0) + (point.date - baseline.date).days
    return None


def visit_numbers(visits: Sequence[MeasuredTimePoint]) -> list[Decimal]:
    """Return the visit numbers: as recorded, else from names like TP3, else the order given."""
    if visits and all(point.number is not None for point in visits):
        return [point.number for point in visits if point.number is not None]
    named = [re.fullmatch(r"(?:TP|V|VISIT)\s*(\d{1,6})", point.id.upper()) for point in visits]
    found = [Decimal(match.group(1)) for match in named if match]
    if len(found) == len(visits):
        return found
    return [Decimal(place) for place in range(len(visits))]


# --- responses --------------------------------------------------------------------------------


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


GROUPS: tuple[Callable[[Reading], Iterator[Finding]], ...] = (
    baseline_counts,
    baseline_targets,
    baseline_non_targets,
    baseline_form,
    measurements,
    reasons,
    completeness,
    new_lesions,
    technique,
    identity,
    dates,
    entered_responses,
    course,
)
