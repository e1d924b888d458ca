"""One Lugano stream in chronological order: sizes, nadirs per lesion, spleen, and its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from reads.criteria.arithmetic import ZERO
from reads.criteria.base import (
    Options,
)
from reads.criteria.errors import missing, negative
from reads.criteria.facts import LesionState, lesion_ids
from reads.criteria.lugano_facts import (
    Kind,
    LuganoLesion,
    LuganoTimePoint,
    NonMeasured,
    Pet,
)
from reads.criteria.lugano_rules import (
    CT_RESPONSE,
    FROM_BASELINE,
    NEW_LESIONS,
    OVERALL,
    PET_RESPONSE,
    PROGRESSED,
    SPD,
    SPLEEN,
    Size,
    product_of,
    products_of,
)
from reads.criteria.sums import piece_sum
from reads.criteria.trace import TraceStep, Value

NO_SIZE: Size = (ZERO, ZERO)


def lesion_size(lesion: LuganoLesion, *, too_small: Decimal, where: str) -> Size | None:
    """Return LDi and SDi of a target: 0 x 0 when gone, 5 x 5 when too small to measure.

    Of a split target they are those of its largest piece.
    None when it cannot be evaluated or nothing was entered. Raises CriteriaError naming the size
    that is missing or negative.
    """
    if lesion.state in (LesionState.ABSENT, LesionState.MERGED):
        return NO_SIZE
    if lesion.state is LesionState.TOO_SMALL_TO_MEASURE:
        return (too_small, too_small)
    if lesion.state is LesionState.NOT_EVALUABLE:
        return None
    given = {"ldi_mm": lesion.ldi_mm, "sdi_mm": lesion.sdi_mm}
    if lesion.state not in (LesionState.MEASURED, LesionState.SPLIT) and not any(
        size is not None for size in given.values()
    ):
        return None
    ldi, sdi = (measured(size, f"{where}.{name}") for name, size in given.items())
    return (ldi, sdi)


def measured(size: Decimal | None, field: str) -> Decimal:
    """Return a size; raises CriteriaError when it is missing or negative."""
    if size is None:
        raise missing(field)
    if size < 0:
        raise negative(field)
    return size


@dataclass(slots=True)
class History:
    """What earlier time points showed: nadirs per target, smallest spleen, targets once gone."""

    kinds: dict[str, Kind]
    options: Options
    nadirs: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    spleen: Decimal | None = None
    spleen_baseline: Decimal | None = None
    nonmeasured_at_baseline: bool = False
    spd: Decimal | None = None

    def take(
        self,
        sizes: Mapping[str, Size | None],
        spleen: Decimal | None,
        split: Mapping[str, Decimal] | None = None,
    ) -> None:
        """Let a finished time point enter; ``split`` holds the products of split targets."""
        for key, size in sizes.items():
            if size is None:
                continue
            now = {"ldi": size[0], "sdi": size[1], "ppd": product_of(key, size, split)}
            before = self.nadirs.get(key, now)
            self.nadirs[key] = {name: min(now[name], before[name]) for name in now}
            if size == NO_SIZE:
                self.gone.add(key)
        if spleen is not None and (self.spleen is None or spleen < self.spleen):
            self.spleen = spleen

    def sizes(self, point: LuganoTimePoint, where: str) -> dict[str, Size | None]:
        """Return the sizes of the baseline targets at one time point."""
        positions = lesion_ids(point.lesions, f"{where}.lesions")
        if not (point.assessed and point.ct_done):
            return dict.fromkeys(self.kinds)
        too_small = self.options.decimal("too_small_mm")
        found: dict[str, Size | None] = {}
        for key in self.kinds:
            at = positions.get(key)
            path = f"{where}.lesions[{at}]"
            found[key] = (
                None
                if at is None
                else lesion_size(point.lesions[at], too_small=too_small, where=path)
            )
        return found


def split_products(point: LuganoTimePoint, where: str) -> dict[str, Decimal]:
    """Return the products of the targets that have split, each summed over its pieces, in mm²."""
    if not (point.assessed and point.ct_done):
        return {}
    return {
        lesion.id: piece_sum(lesion.fragments_mm2, f"{where}.lesions[{at}]")
        for at, lesion in enumerate(point.lesions)
        if lesion.state is LesionState.SPLIT
    }


def start(baseline: LuganoTimePoint, options: Options) -> tuple[History, TraceStep]:
    lesion_ids(baseline.lesions, "baseline.lesions")
    state = History(
        kinds={lesion.id: lesion.kind for lesion in baseline.lesions},
        options=options,
        spleen_baseline=_length(baseline.spleen_mm, "baseline.spleen_mm"),
        nonmeasured_at_baseline=bool(baseline.nonmeasured_sites)
        or baseline.nonmeasured not in (None, NonMeasured.ABSENT, NonMeasured.NORMAL),
    )
    sizes = state.sizes(baseline, "baseline")
    total = SPD.derive("spd_mm2", {"values": products_of(sizes, None)})
    state.spd = total.value
    state.take(sizes, baseline.spleen_mm)
    return state, total


def _length(value: Decimal | None, where: str) -> Decimal | None:
    if value is not None and value < 0:
        raise negative(where)
    return value


def time_point_steps(
    point: LuganoTimePoint, sizes: Mapping[str, Size | None], state: History, *, where: str
) -> list[TraceStep]:
    ct = _ct_steps(point, sizes, state, where=where)
    pet = PET_RESPONSE.derive("pet_response", _pet_inputs(point))
    overall = OVERALL.derive(
        "overall_response",
        {
            "pet_response": pet.value,
            "ct_response": ct[-1].value,
            "pet_counts": state.options.choice("mode") == "PET_CT",
            "pet_unreadable": state.options.choice("pet_unreadable"),
        },
    )
    return [*ct, pet, overall]


def _ct_steps(
    point: LuganoTimePoint, sizes: Mapping[str, Size | None], state: History, *, where: str
) -> list[TraceStep]:
    options = state.options
    split = split_products(point, where)
    # Only a time point with a split target says so: the steps of the others stay as they were.
    pieces: dict[str, Value] = {"split_products": split} if split else {}
    total = SPD.derive("spd_mm2", {"values": products_of(sizes, split)})
    change = FROM_BASELINE.derive(
        "pct_change_baseline", {"value": total.value, "reference": state.spd}
    )
    progressed = PROGRESSED.derive(
        "progressed_lesions",
        pieces
        | {
            "sizes": sizes,
            "nadirs": {key: dict(nadir) for key, nadir in state.nadirs.items()},
            "limits": {
                name: options[name]
                for name in (
                    "abnormal_ldi_mm",
                    "lesion_growth_pct",
                    "growth_size_at",
                    "large_lesion_mm",
                    "growth_small_mm",
                    "growth_large_mm",
                    "growth_inclusive",
                )
            },
        },
    )
    spleen = SPLEEN.derive("spleen", _spleen_inputs(point, state, where))
    new = NEW_LESIONS.derive("new_lesions", _new_inputs(point, sizes, state))
    response = CT_RESPONSE.derive(
        "ct_response",
        pieces
        | {
            "assessed": point.assessed,
            "ct_done": point.ct_done,
            "sizes": sizes,
            "kinds": dict(state.kinds),
            "baseline_spd": state.spd,
            "progressed_lesions": progressed.value,
            "spleen": spleen.value,
            "spleen_enlarged_at_baseline": _enlarged(state),
            "new_lesions": new.value,
            "nonmeasured": _nonmeasured(point, state),
            "marrow": point.marrow,
            "normal_node_mm": options.decimal("abnormal_ldi_mm"),
            "pr_decrease_pct": options.decimal("pr_decrease_pct"),
            "stable_nonmeasured_allows_pr": options.flag("stable_nonmeasured_allows_pr"),
            "unknown_part": options.choice("unknown_part"),
        },
    )
    return [total, change, progressed, spleen, new, response]


def _enlarged(state: History) -> bool:
    length = state.spleen_baseline
    return length is not None and length > state.options.decimal("spleen_normal_max_mm")


def _nonmeasured(point: LuganoTimePoint, state: History) -> NonMeasured:
    if point.nonmeasured is not None:
        return point.nonmeasured
    return NonMeasured.NOT_EVALUABLE if state.nonmeasured_at_baseline else NonMeasured.ABSENT


def _spleen_inputs(point: LuganoTimePoint, state: History, where: str) -> dict[str, Value]:
    options = state.options
    nadir = options.choice("spleen_reference") == "nadir"
    return {
        "spleen_mm": _length(point.spleen_mm, f"{where}.spleen_mm"),
        "baseline_mm": state.spleen_baseline,
        "reference_mm": state.spleen if nadir else state.spleen_baseline,
        "normal_mm": options.decimal("spleen_normal_max_mm"),
        "new_growth_mm": options.decimal("spleen_new_growth_mm"),
        "must_exceed_normal": options.flag("new_splenomegaly_must_exceed_normal"),
    }


def _new_inputs(
    point: LuganoTimePoint, sizes: Mapping[str, Size | None], state: History
) -> dict[str, Value]:
    findings: dict[str, Value] = {}
    for lesion in point.new_lesions:
        given = [size for size in (lesion.ldi_mm, lesion.sdi_mm) if size is not None]
        findings[lesion.id] = {
            "kind": lesion.kind,
            "certainty": lesion.certainty,
            "due_to_lymphoma": lesion.due_to_lymphoma,
            "largest_mm": max(given) if given else None,
        }
    regrown: dict[str, Value] = {}
    for key in sorted(state.gone):
        size = sizes.get(key)
        if state.kinds[key] != Kind.NODE and size is not None:
            regrown[key] = size[0]
    return {
        "findings": findings,
        "regrown": regrown,
        "node_mm": state.options.decimal("new_node_mm"),
        "extranodal_mm": state.options.decimal("regrown_extranodal_mm"),
    }


def _pet_inputs(point: LuganoTimePoint) -> dict[str, Value]:
    pet = point.pet or Pet()
    return {
        "assessed": point.assessed,
        "pet_done": point.pet is not None,
        "readable": pet.readable,
        "deauville": pet.deauville,
        "uptake_change": pet.uptake_change,
        "new_avid_lesion": pet.new_avid_lesion,
        "unrelated_uptake_x": pet.unrelated_uptake_x,
        "marrow_avid": pet.marrow_avid,
    }
