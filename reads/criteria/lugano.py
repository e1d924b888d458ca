"""Lugano 2014: CT by sums of products and single lesions, PET by the five-point scale.

Cheson et al., J Clin Oncol 2014;32:3059-3068; Barrington et al., J Clin Oncol 2014;32:3048-3058.
Rules as tabulated in criteria.md section 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import cast

from reads.criteria.arithmetic import ZERO
from reads.criteria.base import (
    Assessment,
    Criterion,
    EcrfItem,
    FileFormat,
    Options,
    Parameter,
    Record,
    SdtmItem,
    TimePointFacts,
    TimePointResult,
    result_of,
)
from reads.criteria.course import best_entry, best_parameters, best_rules
from reads.criteria.dates import timeline
from reads.criteria.errors import CriteriaError
from reads.criteria.facts import LesionState, lesion_ids
from reads.criteria.lugano_checks import CHECKS, checks_with
from reads.criteria.lugano_facts import (
    Kind,
    LuganoLesion,
    LuganoTimePoint,
    NonMeasured,
    Pet,
    read_history,
)
from reads.criteria.lugano_rules import (
    CLAUSE,
    CT_CLAUSE,
    CT_RESPONSE,
    CT_TABLE,
    FROM_BASELINE,
    KEY,
    NEW_LESIONS,
    OVERALL,
    PET_RESPONSE,
    PET_TABLE,
    PROGRESSED,
    SPD,
    SPLEEN,
    Size,
    checked_responses,
)
from reads.criteria.trace import TraceStep, Value

VERSION = "1.0"
RANKING = ("CR", "PR", "SD", "PD", "NE")
COURSE = best_rules(
    key=KEY, clause=CLAUSE, statement="Best response up to and including the first progression."
)
NO_SIZE: Size = (ZERO, ZERO)


def lesion_size(lesion: LuganoLesion, *, too_small: Decimal, where: str) -> Size | None:
    """Return LDi and SDi of a target: 0 x 0 when gone, 5 x 5 when too small to measure.

    None when it cannot be evaluated or nothing was entered. Raises CriteriaError naming the size
    that is missing or negative.
    """
    if lesion.state in (LesionState.ABSENT, LesionState.MERGED):
        return NO_SIZE
    if lesion.state is LesionState.TOO_SMALL_TO_MEASURE:
        return (too_small, too_small)
    if lesion.state is LesionState.NOT_EVALUABLE:
        return None
    sizes = {"ldi_mm": lesion.ldi_mm, "sdi_mm": lesion.sdi_mm}
    if lesion.state is not LesionState.MEASURED and not any(
        size is not None for size in sizes.values()
    ):
        return None
    for name, size in sizes.items():
        if size is None:
            raise CriteriaError(f"{where}.{name}", "is missing")
        if size < 0:
            raise CriteriaError(f"{where}.{name}", "is negative")
    return (cast(Decimal, lesion.ldi_mm), cast(Decimal, lesion.sdi_mm))


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

    def take(self, sizes: Mapping[str, Size | None], spleen: Decimal | None) -> None:
        """Let a finished time point enter."""
        for key, size in sizes.items():
            if size is None:
                continue
            now = {"ldi": size[0], "sdi": size[1], "ppd": size[0] * size[1]}
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


def assess_history(history: Sequence[TimePointFacts], options: Options) -> Assessment:
    """Derive all responses of one stream."""
    points = [cast(LuganoTimePoint, point) for point in history]
    line = timeline(points)
    state, first = _start(points[0], options)
    results: dict[int, TimePointResult] = {0: result_of(points[0], day=line.days[0], trace=[first])}
    sequence: list[tuple[int, str]] = []
    stopped = False
    for at in line.follow_up:
        point, where = points[at], f"visits[{at - 1}]"
        sizes = state.sizes(point, where)
        steps = _time_point(point, sizes, state, where=where)
        spleen = point.spleen_mm if point.assessed else None
        state.take(sizes, spleen)
        results[at] = result_of(point, day=line.days[at], trace=steps)
        stopped = stopped or (point.new_therapy and options.flag("stop_at_new_therapy"))
        if not stopped:
            sequence.append((line.days[at], str(steps[-1].value)))
    best = best_entry(sequence, options, COURSE, ranking=RANKING, confirmation_required=False)
    return Assessment(
        criterion=KEY,
        version=VERSION,
        time_points=tuple(results[i] for i in range(len(points))),
        best=(best,),
        values={"progression_day": best.progression_day},
    )


def _start(baseline: LuganoTimePoint, options: Options) -> tuple[History, TraceStep]:
    lesion_ids(baseline.lesions, "baseline.lesions")
    state = History(
        kinds={lesion.id: lesion.kind for lesion in baseline.lesions},
        options=options,
        spleen_baseline=_length(baseline.spleen_mm, "baseline.spleen_mm"),
        nonmeasured_at_baseline=bool(baseline.nonmeasured_sites)
        or baseline.nonmeasured not in (None, NonMeasured.ABSENT, NonMeasured.NORMAL),
    )
    sizes = state.sizes(baseline, "baseline")
    total = SPD.derive("spd_mm2", {"values": _products(sizes)})
    state.spd = total.value
    state.take(sizes, baseline.spleen_mm)
    return state, total


def _length(value: Decimal | None, where: str) -> Decimal | None:
    if value is not None and value < 0:
        raise CriteriaError(where, "is negative")
    return value


def _products(sizes: Mapping[str, Size | None]) -> dict[str, Decimal | None]:
    return {key: None if size is None else size[0] * size[1] for key, size in sizes.items()}


def _time_point(
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
    total = SPD.derive("spd_mm2", {"values": _products(sizes)})
    change = FROM_BASELINE.derive(
        "pct_change_baseline", {"value": total.value, "reference": state.spd}
    )
    progressed = PROGRESSED.derive(
        "progressed_lesions",
        {
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
        {
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


def component(given: Record, options: Options) -> Mapping[str, Value]:
    """Answer a component-table case: PET and CT response to the overall response.

    Raises CriteriaError naming a component response that is unknown.
    """
    pet = given.text("pet_response") or "NOT_DONE"
    ct = given.text("ct_response") or "NOT_DONE"
    checked_responses(pet, ct)
    step = OVERALL.derive(
        "overall_response",
        {
            "pet_response": pet,
            "ct_response": ct,
            "pet_counts": given.flag("fdg_avid") is not False,
            "pet_unreadable": options.choice("pet_unreadable"),
        },
    )
    return {"overall_response": step.value}


def _mm(name: str, default: int, meaning: str) -> Parameter:
    return Parameter(
        name=name,
        kind="decimal",
        default=Decimal(default),
        minimum=0,
        maximum=500,
        unit="mm",
        meaning=meaning,
        clause=CT_CLAUSE,
    )


def _percent(name: str, meaning: str) -> Parameter:
    return Parameter(
        name=name,
        kind="decimal",
        default=Decimal(50),
        minimum=1,
        maximum=1000,
        unit="%",
        meaning=meaning,
        clause=CT_CLAUSE,
    )


def _choice(
    name: str, readings: Mapping[str, str], meaning: str, *, question: int | None = None
) -> Parameter:
    choices = tuple(readings)
    return Parameter(
        name=name,
        kind="choice",
        default=choices[0],
        choices=choices,
        meaning=meaning,
        clause=CLAUSE,
        question=question,
        readings=readings,
    )


def _flag(
    name: str,
    meaning: str,
    readings: Mapping[str, str],
    *,
    default: bool,
    question: int | None = None,
) -> Parameter:
    return Parameter(
        name=name,
        kind="flag",
        default=default,
        meaning=meaning,
        clause=CLAUSE,
        question=question,
        readings=readings,
    )


PARAMETERS = (
    _choice(
        "mode",
        {"PET_CT": "PET decides where it was done", "CT": "CT decides"},
        "Modality that decides the overall response.",
    ),
    Parameter(
        name="max_targets",
        kind="integer",
        default=6,
        minimum=1,
        maximum=20,
        meaning="Most target lesions at baseline.",
        clause=CT_CLAUSE,
    ),
    _mm("abnormal_ldi_mm", 15, "A node up to this LDi is normal; a target above it can progress."),
    _mm("measurable_extranodal_mm", 10, "LDi that a measurable extranodal lesion exceeds."),
    _mm("too_small_mm", 5, "Each diameter of a lesion too small to measure."),
    _percent("pr_decrease_pct", "Decrease of the sum of products that makes a PR."),
    _percent("lesion_growth_pct", "Increase of one product over its nadir that makes a PD."),
    _mm("growth_small_mm", 5, "Least growth of LDi or SDi of a small lesion for PD."),
    _mm("growth_large_mm", 10, "Least growth of LDi or SDi of a large lesion for PD."),
    _mm("large_lesion_mm", 20, "A lesion above this LDi is large."),
    _flag(
        "growth_inclusive",
        "Growth of exactly 5 or 10 mm reaches the limit.",
        {"true": "exactly 5 or 10 mm is enough", "false": "more than 5 or 10 mm is needed"},
        default=True,
        question=9,
    ),
    _choice(
        "growth_size_at",
        {
            "nadir": "the size at the nadir tells a small lesion from a large one",
            "current": "the size now tells a small lesion from a large one",
        },
        "Size class of a lesion that crosses 20 mm.",
        question=9,
    ),
    _choice(
        "pet_unreadable",
        {"NE": "the time point is not evaluable", "CT": "the CT response is taken"},
        "Overall response when PET was done but cannot be read.",
        question=9,
    ),
    _mm("spleen_normal_max_mm", 130, "Longest normal spleen."),
    _mm("spleen_new_growth_mm", 20, "Growth of a spleen that was not enlarged for PD."),
    _choice(
        "spleen_reference",
        {"nadir": "the smallest earlier spleen", "baseline": "the spleen at baseline"},
        "What growth of the spleen is measured from.",
    ),
    _flag(
        "new_splenomegaly_must_exceed_normal",
        "Growth of a normal spleen is PD only above the normal length.",
        {"true": "must exceed the normal length", "false": "growth alone is enough"},
        default=False,
    ),
    _mm("new_node_mm", 15, "A new node above this size in any axis is a new lesion."),
    _mm("regrown_extranodal_mm", 10, "LDi above which a vanished extranodal lesion is back."),
    _flag(
        "stable_nonmeasured_allows_pr",
        "Unchanged non-measured disease allows PR.",
        {"true": "no increase is enough", "false": "it is gone, normal or smaller"},
        default=False,
    ),
    _choice(
        "unknown_part",
        {
            "as_recist": "CR becomes PR, other responses stand, as in RECIST 1.1",
            "NE": "the CT response is not evaluable",
        },
        "CT response when non-measured disease or an enlarged spleen cannot be evaluated.",
    ),
    *best_parameters(CLAUSE),
)

ITEMS = (
    EcrfItem(name="lesions.kind", when="baseline", meaning="node or extranodal"),
    EcrfItem(name="lesions.ldi_mm", when="both", meaning="longest diameter, mm"),
    EcrfItem(name="lesions.sdi_mm", when="both", meaning="perpendicular diameter, mm"),
    EcrfItem(name="spleen_mm", when="both", meaning="vertical length of the spleen, mm"),
    EcrfItem(name="nonmeasured", when="both", meaning="non-measured disease"),
    EcrfItem(name="marrow", when="both", meaning="bone marrow"),
    EcrfItem(name="new_lesions", when="follow-up", meaning="new lesions: kind, size, certainty"),
    EcrfItem(name="pet.deauville", when="both", meaning="five-point score of known sites, 1 to 5"),
    EcrfItem(name="pet.uptake_change_vs_baseline", when="follow-up", meaning="change of uptake"),
    EcrfItem(name="pet.new_fdg_avid_lesion", when="follow-up", meaning="new FDG-avid focus"),
    EcrfItem(name="pet.unrelated_uptake_x", when="follow-up", meaning="score X"),
    EcrfItem(name="pet.liver_suv", when="both", meaning="uptake of the liver, SUV"),
    EcrfItem(name="pet.mediastinum_suv", when="both", meaning="uptake of the mediastinum, SUV"),
)
_SDTM = (
    ("lesions", "TU", "TUMIDENT", "TARGET"),
    ("lesions.ldi_mm", "TR", "LDIAM", "TARGET"),
    ("lesions.sdi_mm", "TR", "LPERP", "TARGET"),
    ("spd_mm2", "TR", "SUMPPD", "TARGET"),
    ("ct_response", "RS", "OVRLRESP", "LUGANO 2014 CT"),
    ("pet_response", "RS", "OVRLRESP", "LUGANO 2014 PET-CT"),
    ("overall_response", "RS", "OVRLRESP", "LUGANO 2014"),
    ("bor", "RS", "BESTRESP", "LUGANO 2014"),
)

LUGANO2014 = Criterion(
    key=KEY,
    title="Lugano 2014, lymphoma",
    version=VERSION,
    citation="Cheson et al., J Clin Oncol 2014;32:3059-3068; Barrington et al., 2014;32:3048-3058",
    facts_type=LuganoTimePoint,
    items=ITEMS,
    parameters=PARAMETERS,
    rules=(
        SPD,
        FROM_BASELINE,
        PROGRESSED,
        SPLEEN,
        NEW_LESIONS,
        CT_RESPONSE,
        PET_RESPONSE,
        OVERALL,
        *COURSE.values(),
    ),
    tables=(PET_TABLE, CT_TABLE),
    checks=CHECKS,
    sdtm=tuple(
        SdtmItem(source=source, domain=domain, test_code=code, category=group)
        for source, domain, code, group in _SDTM
    ),
    assess_history=assess_history,
    check_history=checks_with(assess_history),
    files=FileFormat(
        history=read_history,
        baseline_keys=("spd_mm2",),
        visit_keys=(
            "spd_mm2",
            "pct_change_baseline",
            "ct_response",
            "pet_response",
            "overall_response",
        ),
        writes_best=True,
        component=component,
    ),
)

CRITERIA = (LUGANO2014,)
