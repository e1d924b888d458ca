"""Measured disease of the RECIST family: reading it from files, and the value of each target.

Source of the values: criteria.md 2.2 (Eisenhauer 2009 §4.2 and appendix; EORTC clarifications).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from reads.criteria.arithmetic import ZERO
from reads.criteria.errors import CriteriaError, missing, negative
from reads.criteria.facts import (
    Certainty,
    EnteredResponses,
    LesionState,
    MeasuredTimePoint,
    NewLesionCategory,
    NewLesionFacts,
    NewLesionState,
    NonTargetFacts,
    NonTargetState,
    TargetFacts,
    lesion_ids,
)
from reads.criteria.history import read_points
from reads.criteria.locations import is_lymph_node
from reads.criteria.records import Record
from reads.criteria.sums import total

MODALITY = ("modality", "method")
SLICE = ("slice_thickness_mm", "slice_mm", "slice_thickness")
REASON = ("reason", "ne_reason", "not_evaluable_reason", "reason_not_evaluable")
LOCATION = ("location", "location_text", "site")
PRIOR_THERAPY = (
    "prior_rt",
    "prior_radiotherapy",
    "prior_irradiation",
    "irradiated",
    "previously_irradiated",
    "in_irradiated_area",
    "in_rt_field",
    "prior_local_therapy",
)
GROWN = (
    "progressed_since_rt",
    "progressed_after_rt",
    "progression_after_rt",
    "progression_since_rt",
    "rt_progression",
    "rt_progression_documented",
    "progression_documented",
    "documented_progression",
    "grown_since_therapy",
)
TREATMENT_START = ("treatment_start_date", "treatment_start", "first_dose_date")
SOFT_TISSUE = ("soft_tissue_component", "soft_tissue")
ENTERED = ("entered", "reported", "recorded")
RESPONSES = ("target_response", "non_target_response", "overall_response")
SUM = ("sum_mm", "recorded_sum_mm", "entered_sum_mm", "reported_sum_mm", "target_sum_mm")


def history_of(subject: Record) -> tuple[MeasuredTimePoint, ...]:
    """Return the facts of a subject: the baseline, then the visits in the order of the file.

    Raises CriteriaError naming the item that is missing or wrong.
    """

    def read(record: Record, position: int) -> MeasuredTimePoint:
        return time_point_of(record if position else _with_start(record, subject), position)

    return read_points(subject, read)


def _with_start(baseline: Record, subject: Record) -> Record:
    """Return the baseline with the start of treatment that only the subject tells."""
    shared = {
        name: subject.data[name]
        for name in (*TREATMENT_START, "treatment_start_day")
        if subject.data.get(name) is not None and not baseline.has(name)
    }
    return Record({**baseline.data, **shared}, baseline.path) if shared else baseline


def time_point_of(record: Record, position: int) -> MeasuredTimePoint:
    """Return the facts of one time point of a file."""
    fallback = f"TP{position}" if position else "BL"
    return located(
        record,
        lambda: MeasuredTimePoint(
            id=record.text("id", "name") or fallback,
            day=record.integer("day"),
            date=record.date("date"),
            assessed=record.flag("assessed") is not False,
            baseline=position == 0,
            number=record.decimal("visit_number", "visit_num", "visitnum", "number"),
            new_therapy=record.flag("new_therapy", "new_anticancer_therapy") or False,
            entered=_entered(record),
            target=tuple(
                _target(_technique(item, record)) for item in record.records("target", "targets")
            ),
            non_target=tuple(
                _non_target(_technique(item, record))
                for item in record.records("non_target", "non_targets")
            ),
            new_lesions=tuple(
                _new_lesion(_technique(item, record), place)
                for place, item in enumerate(record.records("new_lesions"), start=1)
            ),
            tumour_marker_normal=record.flag("tumour_marker_normal", "tumor_marker_normal"),
            treatment_start_day=record.integer("treatment_start_day"),
            treatment_start_date=record.date(*TREATMENT_START),
        ),
    )


def located(record: Record, build: Callable[[], MeasuredTimePoint]) -> MeasuredTimePoint:
    """Build facts and put the path of the record before the field of an error of the facts."""
    try:
        return build()
    except CriteriaError as error:
        if error.field.startswith(record.path):
            raise
        raise error.under(record.path) from None


def _technique(lesion: Record, point: Record) -> Record:
    """Return a lesion with the modality and slice thickness of its time point as fallback."""
    shared = {
        name: point.data[name]
        for names in (MODALITY, SLICE)
        for name in names
        if point.data.get(name) is not None and not lesion.has(*names)
    }
    return Record({**lesion.data, **shared}, lesion.path) if shared else lesion


def _entered(record: Record) -> EnteredResponses | None:
    found = record.record(*ENTERED)
    recorded = record.decimal(*SUM)
    if found is None and record.has(*RESPONSES):
        found = record
    if found is None and recorded is None:
        return None
    inner = found or Record({}, record.path)
    return EnteredResponses(
        target_response=inner.text("target_response"),
        non_target_response=inner.text("non_target_response"),
        overall_response=inner.text("overall_response"),
        sum_mm=inner.decimal(*SUM) if recorded is None else recorded,
    )


def _lesion(record: Record) -> dict[str, object]:
    return {
        "id": record.required_text("id"),
        "organ": record.text("organ") or "",
        "location": record.text(*LOCATION) or "",
        "side": record.text("side", "laterality") or "",
        "nodal": record.flag("nodal"),
        "modality": record.text(*MODALITY) or "",
        "slice_thickness_mm": record.decimal(*SLICE),
        "reason": record.text(*REASON) or "",
    }


def _sizes(record: Record) -> dict[str, object]:
    return {
        "ld_mm": record.decimal("ld_mm", "longest_diameter_mm", "value_mm"),
        "sa_mm": record.decimal("sa_mm", "short_axis_mm", "value_mm"),
    }


def _target(record: Record) -> TargetFacts:
    return TargetFacts(
        **_lesion(record),  # type: ignore[arg-type]
        **_sizes(record),  # type: ignore[arg-type]
        state=record.choice(LesionState, "state"),
        fragments_mm=record.decimals("fragments_mm", "fragments"),
        merged_into=record.text("merged_into") or "",
        prior_local_therapy=record.stated(*PRIOR_THERAPY),
        grown_since_therapy=record.stated(*GROWN),
        soft_tissue_component=record.flag(*SOFT_TISSUE),
        simple_cyst=record.flag("simple_cyst") or False,
        treated_on_study=record.flag("treated_on_study", "local_treatment_on_study") or False,
    )


def _non_target(record: Record) -> NonTargetFacts:
    return NonTargetFacts(
        **_lesion(record),  # type: ignore[arg-type]
        **_sizes(record),  # type: ignore[arg-type]
        state=record.choice(NonTargetState, "state"),
        further_increase=record.flag("further_increase_from_last", "further_increase"),
    )


def _new_lesion(record: Record, place: int) -> NewLesionFacts:
    shared = _lesion(record) if record.has("id") else _lesion(_named(record, f"NL{place}"))
    return NewLesionFacts(
        **shared,  # type: ignore[arg-type]
        **_sizes(record),  # type: ignore[arg-type]
        certainty=record.choice(Certainty, "certainty") or Certainty.UNEQUIVOCAL,
        category=record.choice(NewLesionCategory, "category"),
        state=record.choice(NewLesionState, "state"),
        first_seen=record.text("first_seen") or "",
        fragments_mm=record.decimals("fragments_mm", "fragments"),
        further_increase=record.flag("further_increase_from_last", "further_increase"),
    )


def _named(record: Record, identifier: str) -> Record:
    return Record({**record.data, "id": identifier}, record.path)


def is_nodal(lesion: TargetFacts | NonTargetFacts | NewLesionFacts) -> bool:
    """Return whether a lesion is a lymph node: as recorded, else by its organ."""
    return lesion.nodal if lesion.nodal is not None else is_lymph_node(lesion.organ)


def axis_of(lesion: TargetFacts | NewLesionFacts | NonTargetFacts, *, nodal: bool) -> str:
    """Return the field that counts: short axis for a node, longest diameter otherwise."""
    return "sa_mm" if nodal else "ld_mm"


def measured_value(
    lesion: TargetFacts | NewLesionFacts,
    *,
    nodal: bool,
    field: str,
) -> Decimal:
    """Return the measurement that counts.

    Raises CriteriaError naming it when it is missing or negative.
    """
    name = axis_of(lesion, nodal=nodal)
    value: Decimal | None = getattr(lesion, name)
    if value is None:
        raise missing(f"{field}.{name}", "a measured lesion")
    if value < 0:
        raise negative(f"{field}.{name}")
    return value


def fragment_sum(lesion: TargetFacts | NewLesionFacts, field: str) -> Decimal:
    """Return the sum of the pieces of a split lesion."""
    if not lesion.fragments_mm:
        raise missing(f"{field}.fragments_mm", "a split lesion")
    for position, piece in enumerate(lesion.fragments_mm):
        if piece < 0:
            raise negative(f"{field}.fragments_mm[{position}]")
    return total(lesion.fragments_mm)


def target_value(
    lesion: TargetFacts,
    *,
    nodal: bool,
    too_small_mm: Decimal,
    targets: Mapping[str, int],
    field: str,
) -> Decimal | None:
    """Return what a target adds to the sum in mm; None when it has no value (criteria.md 2.2).

    targets are the baseline targets by identifier: a lesion merged into something else has no
    value, because its size is then part of no sum.
    """
    state = lesion.state
    if state is None:
        if getattr(lesion, axis_of(lesion, nodal=nodal)) is None:
            return None
        state = LesionState.MEASURED
    if state is LesionState.MEASURED:
        return measured_value(lesion, nodal=nodal, field=field)
    if state is LesionState.TOO_SMALL_TO_MEASURE:
        return too_small_mm
    if state is LesionState.ABSENT:
        return ZERO
    if state is LesionState.SPLIT:
        return fragment_sum(lesion, field)
    if state is LesionState.MERGED:
        if not lesion.merged_into:
            raise missing(f"{field}.merged_into", "a merged lesion")
        return ZERO if lesion.merged_into in targets else None
    return None


def check_merges(lesions: tuple[TargetFacts, ...], field: str) -> None:
    """Raise CriteriaError when lesions are merged in a circle: nothing holds their size."""
    into = {
        lesion.id: (lesion.merged_into, position)
        for position, lesion in enumerate(lesions)
        if lesion.state is LesionState.MERGED
    }
    for start, (_host, position) in into.items():
        seen = {start}
        at = into[start][0]
        while at in into:
            if at in seen:
                raise CriteriaError(f"{field}[{position}].merged_into", "leads back to itself")
            seen.add(at)
            at = into[at][0]


def target_values(
    point: MeasuredTimePoint,
    baseline: Mapping[str, bool],
    *,
    too_small_mm: Decimal,
    treated_not_evaluable: bool,
    field: str,
) -> dict[str, Decimal | None]:
    """Return the value of every baseline target at a time point, in baseline order.

    baseline tells for each target whether it is a node. A target without an entry has no value.
    """
    positions = lesion_ids(point.target, f"{field}.target")
    check_merges(point.target, f"{field}.target")
    values: dict[str, Decimal | None] = {}
    for identifier, nodal in baseline.items():
        place = positions.get(identifier)
        if place is None or not point.assessed:
            values[identifier] = None
            continue
        lesion = point.target[place]
        if lesion.treated_on_study and treated_not_evaluable:
            values[identifier] = None
            continue
        values[identifier] = target_value(
            lesion,
            nodal=nodal,
            too_small_mm=too_small_mm,
            targets=positions,
            field=f"{field}.target[{place}]",
        )
    return values
