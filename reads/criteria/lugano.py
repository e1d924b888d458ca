"""Lugano 2014: CT by sums of products and single lesions, PET by the five-point scale.

Cheson et al., J Clin Oncol 2014;32:3059-3068; Barrington et al., J Clin Oncol 2014;32:3048-3058.
Rules as tabulated in criteria.md section 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reads.criteria.base import (
    Assessment,
    Criterion,
    EcrfItem,
    FileFormat,
    Options,
    Record,
    SdtmItem,
    TimePointFacts,
    TimePointResult,
    result_of,
)
from reads.criteria.bestresponse import best_response
from reads.criteria.course import best_rules
from reads.criteria.dates import timeline
from reads.criteria.history import points_as
from reads.criteria.lugano_checks import CHECKS, checks_with
from reads.criteria.lugano_facts import (
    LuganoTimePoint,
    read_history,
)
from reads.criteria.lugano_parameters import PARAMETERS
from reads.criteria.lugano_rules import (
    CLAUSE,
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
    checked_responses,
)
from reads.criteria.lugano_stream import split_products, start, time_point_steps
from reads.criteria.trace import Value

VERSION = "1.0"
RANKING = ("CR", "PR", "SD", "PD", "NE")
COURSE = best_rules(
    key=KEY, clause=CLAUSE, statement="Best response up to and including the first progression."
)


def assess_history(history: Sequence[TimePointFacts], options: Options) -> Assessment:
    """Derive all responses of one stream."""
    points = points_as(history, LuganoTimePoint)
    line = timeline(points)
    state, first = start(points[0], options)
    results: dict[int, TimePointResult] = {0: result_of(points[0], day=line.days[0], trace=[first])}
    sequence: list[tuple[int, str]] = []
    stopped = False
    for at in line.follow_up:
        point, where = points[at], f"visits[{at - 1}]"
        sizes = state.sizes(point, where)
        steps = time_point_steps(point, sizes, state, where=where)
        spleen = point.spleen_mm if point.assessed else None
        state.take(sizes, spleen, split_products(point, where))
        results[at] = result_of(point, day=line.days[at], trace=steps)
        stopped = stopped or (point.new_therapy and options.flag("stop_at_new_therapy"))
        if not stopped:
            sequence.append((line.days[at], str(steps[-1].value)))
    best = best_response(
        sequence, options, confirmation_required=False, ranking=RANKING, rules=COURSE
    )
    return Assessment(
        criterion=KEY,
        version=VERSION,
        time_points=tuple(results[i] for i in range(len(points))),
        best=(best,),
        values={"progression_day": best.progression_day},
    )


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


ITEMS = (
    EcrfItem(name="lesions.kind", when="baseline", meaning="node or extranodal"),
    EcrfItem(name="lesions.ldi_mm", when="both", meaning="longest diameter, mm"),
    EcrfItem(name="lesions.sdi_mm", when="both", meaning="perpendicular diameter, mm"),
    EcrfItem(name="lesions.fragments_mm2", when="follow-up", meaning="products of pieces, mm²"),
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
        *COURSE,
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
