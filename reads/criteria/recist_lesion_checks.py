"""Edit checks of lesions of the RECIST family: sizes, states, completeness, identity, technique."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from reads.criteria.arithmetic import HUNDRED, words
from reads.criteria.base import Finding
from reads.criteria.facts import (
    LesionState,
    NewLesionFacts,
    NonTargetFacts,
    NonTargetState,
    TargetFacts,
)
from reads.criteria.locations import organ_group
from reads.criteria.measurements import axis_of, is_nodal
from reads.criteria.recist_catalogue import finding
from reads.criteria.recist_reading import (
    AnyLesion,
    Reading,
    lesions_of,
    node_at_baseline,
)

NORMAL_NODE_MM = Decimal(10)


LARGEST_MM = Decimal(500)
UNCERTAIN_MM = Decimal(5)
LARGE_CHANGE_PCT = Decimal(50)


def measurements(reading: Reading) -> Iterator[Finding]:
    """Check each size by itself."""
    for position, point in enumerate(reading.points):
        where = reading.field(position)
        for field, lesion in lesions_of(point, where):
            yield from _sizes(field, lesion)
        for place, target in enumerate(point.target):
            yield from _target_state(f"{where}.target[{place}]", target, reading)


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


def reasons(reading: Reading) -> Iterator[Finding]:
    """Check that what is not evaluable has a reason."""
    for position, point in enumerate(reading.points):
        for field, lesion in lesions_of(point, reading.field(position)):
            unread = not isinstance(lesion, NewLesionFacts) and (
                lesion.state in (LesionState.NOT_EVALUABLE, NonTargetState.NOT_EVALUABLE)
            )
            if unread and not lesion.reason.strip():
                yield finding("NE_WITHOUT_REASON", f"{field}.reason", lesion.id)


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
