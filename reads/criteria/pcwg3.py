"""PCWG3, prostate cancer: bone scan 2+2 with flare, soft tissue by RECIST 1.1, combined response.

Scher et al., J Clin Oncol 2016;34:1402-1418; combined table as in the admiralonco vignette
adrs_pcwg3 (after PharmaSUG 2024 DS-287). Rules as tabulated in criteria.md section 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
from reads.criteria.course import best_parameters, best_rules
from reads.criteria.dates import Timeline, timeline
from reads.criteria.errors import missing
from reads.criteria.history import points_as
from reads.criteria.parameter_rows import choice, count, flag
from reads.criteria.pcwg3_checks import CHECKS, checks_with
from reads.criteria.pcwg3_facts import (
    BONE_RESPONSES,
    SOFT_TISSUE_RESPONSES,
    PcwgTimePoint,
    read_history,
    response_of,
)
from reads.criteria.pcwg3_rules import (
    AS_READ,
    BONE_CLAUSE,
    CLAUSE,
    COMBINED_TABLE,
    CONFIRMED,
    FINAL,
    KEY,
    NO_VERDICT,
    OVERALL,
    OVERALL_AS_READ,
    OVERALL_FINAL,
    PROGRESSION,
    REFUTED,
    SOFT_TISSUE,
    VERDICT,
    Snapshot,
)
from reads.criteria.recist11 import RECIST11
from reads.criteria.trace import TraceStep, Value

VERSION = "1.0"
RANKING = ("CR", "PR", "SD", "NON-CR/NON-PD", "NED", "PDu", "PD", "NE")
COURSE = best_rules(
    key=KEY, clause=CLAUSE, statement="Best combined response up to the first progression."
)
SCAN_SETTINGS = (
    "flare_window_weeks",
    "confirm_min_weeks",
    "min_new_lesions",
    "short_interval",
    "missing_between",
    "vanished_lesions_count",
)


@dataclass(slots=True)
class Reading:
    """Steps of one scan, and what a later scan decided about it."""

    verdict: TraceStep
    as_read: TraceStep
    decided: str = NO_VERDICT
    decided_by: str = ""


def assess_history(history: Sequence[TimePointFacts], options: Options) -> Assessment:
    """Derive all responses of one stream; earlier time points are rewritten by later scans."""
    points = points_as(history, PcwgTimePoint)
    line = timeline(points)
    readings = read_bone(points, line, options)
    soft_tissue = _soft_tissue_steps(points)
    target = points[0].target_lesions_at_baseline is not False
    if points[0].target_lesions_at_baseline is None and points[0].soft_tissue is not None:
        target = bool(points[0].soft_tissue.target)
    results = [result_of(points[0], day=line.days[0], trace=())]
    for at in range(1, len(points)):
        trace = [*soft_tissue[at], *_steps(points[at], readings[at], soft_tissue[at], target)]
        results.append(result_of(points[at], day=line.days[at], trace=trace))
    progression = _progression(points, results, line)
    sequence = _counted(points, results, line, options)
    best = tuple(
        best_response(
            sequence,
            options,
            confirmation_required=required,
            ranking=RANKING,
            rules=COURSE,
            progression=progression,
        )
        for required in (True, False)
        if sequence
    )
    return Assessment(
        criterion=KEY,
        version=VERSION,
        time_points=tuple(results),
        best=best,
        values={"progression_day": progression.value},
        trace=(progression,),
    )


def read_bone(
    points: Sequence[PcwgTimePoint], line: Timeline, options: Options
) -> dict[int, Reading]:
    """Return the reading of every follow-up scan by its position in the history."""
    snapshot = Snapshot()
    readings: dict[int, Reading] = {}
    open_at: list[int] = []
    for at in line.follow_up:
        scan = _scan(points, at, line, options)
        inputs = {**scan, **snapshot.as_inputs()}
        verdict = VERDICT.derive("bone_verdict", inputs)
        as_read = AS_READ.derive("bone_response_as_read", {**inputs, "verdict": verdict.value})
        readings[at] = Reading(verdict, as_read)
        if verdict.value in (CONFIRMED, REFUTED):
            _decide(readings, open_at, verdict.value, points[at].id)
            open_at = []
        snapshot.take(inputs, verdict.value, as_read.value)
        if snapshot.pending is None:
            open_at = []
        elif verdict.value != NO_VERDICT or as_read.value == "PDu":
            open_at.append(at)
    return readings


def _decide(readings: dict[int, Reading], open_at: list[int], verdict: str, by: str) -> None:
    """Rewrite the pending PDu, and what lies between it and the scan that decides.

    A confirmed progression holds from its first scan on; a refuted one takes back PDu only.
    """
    for earlier in open_at:
        reading = readings[earlier]
        if verdict == CONFIRMED or reading.as_read.value == "PDu":
            reading.decided, reading.decided_by = verdict, by


def _scan(
    points: Sequence[PcwgTimePoint], at: int, line: Timeline, options: Options
) -> dict[str, Value]:
    point = points[at]
    bone = point.bone
    named = bool(bone.first_seen or bone.persisting)
    at_baseline = bool(points[0].bone_lesions)
    visible = bone.lesions_visible
    return {
        "id": point.id,
        "day": line.days[at],
        "start_day": line.days[0],
        "evaluable": point.assessed and bone.evaluable,
        "first_seen": tuple(sorted(set(bone.first_seen))),
        "persisting": tuple(sorted(set(bone.persisting))),
        "visible": named or (at_baseline if visible is None else visible),
        **{name: options[name] for name in SCAN_SETTINGS},
    }


def _soft_tissue_steps(points: Sequence[PcwgTimePoint]) -> list[list[TraceStep]]:
    """Return the steps of soft tissue by RECIST 1.1 where every time point was measured."""
    measured = [point.soft_tissue for point in points if point.soft_tissue is not None]
    if len(measured) != len(points):
        return [[] for _ in points]
    found = RECIST11.assess(measured)
    steps = []
    for result in found.time_points:
        own = {"overall_response": result.overall_response}
        steps.append([*result.trace, SOFT_TISSUE.derive("soft_tissue_response", own)])
    return steps


def _steps(
    point: PcwgTimePoint, reading: Reading, soft_tissue: list[TraceStep], target: bool
) -> list[TraceStep]:
    final = FINAL.derive(
        "bone_response_final",
        {
            "as_read": reading.as_read.value,
            "verdict": reading.decided,
            "decided_by": reading.decided_by,
        },
    )
    soft = point.soft_tissue_response
    if soft is None and soft_tissue:
        soft = soft_tissue[-1].value
    common = {"soft_tissue_response": soft, "target_lesions_at_baseline": target}
    as_read = {**common, "bone_response": reading.as_read.value}
    after_all = {**common, "bone_response": final.value}
    return [
        reading.verdict,
        reading.as_read,
        final,
        OVERALL_AS_READ.derive("overall_response_as_read", as_read),
        OVERALL_FINAL.derive("overall_response_final", after_all),
        OVERALL.derive("overall_response", after_all),
    ]


def _progression(
    points: Sequence[PcwgTimePoint], results: Sequence[TimePointResult], line: Timeline
) -> TraceStep:
    bone = [
        line.days[at] for at in line.follow_up if results[at].text("bone_response_final") == "PD"
    ]
    soft = [line.days[at] for at in line.follow_up if _soft(points[at], results[at]) == "PD"]
    return PROGRESSION.derive(
        "progression_day",
        {"bone_day": bone[0] if bone else None, "soft_tissue_day": soft[0] if soft else None},
    )


def _soft(point: PcwgTimePoint, result: TimePointResult) -> str | None:
    return point.soft_tissue_response or result.text("soft_tissue_response")


def _counted(
    points: Sequence[PcwgTimePoint],
    results: Sequence[TimePointResult],
    line: Timeline,
    options: Options,
) -> list[tuple[int, str]]:
    """Return the combined responses that count; a PDu that was never decided by the charter."""
    sequence: list[tuple[int, str]] = []
    for at in line.follow_up:
        if points[at].new_therapy and options.flag("stop_at_new_therapy"):
            break
        response = results[at].text("overall_response_final")
        undecided = results[at].text("bone_response_final") == "PDu"
        if undecided and options.choice("pdu_at_end") == "PD":
            response = "PD"
        elif response == "PDu":
            response = options.choice("pdu_at_end")
        if response is not None:
            sequence.append((line.days[at], response))
    return sequence


def component(given: Record, _options: Options) -> Mapping[str, Value]:
    """Answer a component-table case: soft tissue and bone to the combined response.

    Raises CriteriaError naming a component response that is missing or unknown.
    """
    soft = response_of(given, "soft_tissue_response", SOFT_TISSUE_RESPONSES)
    bone = response_of(given, "bone_response", BONE_RESPONSES)
    for name, response in (("soft_tissue_response", soft), ("bone_response", bone)):
        if response is None:
            raise missing(given.field(name))
    step = OVERALL.derive(
        "overall_response",
        {
            "soft_tissue_response": soft,
            "bone_response": bone,
            "target_lesions_at_baseline": given.flag("target_lesions_at_baseline") is not False,
        },
    )
    return {"overall_response": step.value}


PARAMETERS = (
    count(
        "flare_window_weeks",
        12,
        "Weeks after treatment start in which the first scan may show a flare.",
        clause=BONE_CLAUSE,
        minimum=0,
        maximum=52,
        unit="weeks",
    ),
    count(
        "confirm_min_weeks",
        6,
        "Weeks from a PDu to the scan that decides it.",
        clause=BONE_CLAUSE,
        minimum=0,
        maximum=52,
        unit="weeks",
    ),
    count(
        "min_new_lesions",
        2,
        "New bone lesions that make a PDu.",
        clause=BONE_CLAUSE,
        maximum=20,
    ),
    choice(
        "short_interval",
        {
            "wait": "a scan before the minimum does not decide, the next one does",
            "accept": "the next scan decides whatever the interval",
        },
        "A scan that follows a PDu before the minimum interval.",
        clause=BONE_CLAUSE,
        question=10,
    ),
    choice(
        "missing_between",
        {
            "next_scan": "the next readable scan decides",
            "stop": "the PDu stays unconfirmed and later scans start again",
        },
        "A missing or unreadable scan between a PDu and its confirmation.",
        clause=BONE_CLAUSE,
        question=10,
    ),
    choice(
        "pdu_at_end",
        {"SD": "counts as stable disease", "PD": "counts as progression"},
        "What a PDu that no later scan decided counts as in the best response.",
        clause=BONE_CLAUSE,
        question=10,
    ),
    flag(
        "vanished_lesions_count",
        "A new lesion that vanished again still counts.",
        clause=BONE_CLAUSE,
    ),
    *best_parameters(CLAUSE),
)


ITEMS = (
    EcrfItem(name="bone_lesions", when="baseline", meaning="bone lesions at baseline, number"),
    EcrfItem(
        name="target_lesions_at_baseline", when="baseline", meaning="soft tissue targets exist"
    ),
    EcrfItem(name="bone_scan_done", when="follow-up", meaning="bone scan done"),
    EcrfItem(name="bone_scan_evaluable", when="follow-up", meaning="bone scan can be read"),
    EcrfItem(
        name="new_lesions_first_seen", when="follow-up", meaning="lesions not on any earlier scan"
    ),
    EcrfItem(
        name="new_lesions_persisting", when="follow-up", meaning="earlier new lesions still there"
    ),
    EcrfItem(name="any_bone_lesion_visible", when="follow-up", meaning="any bone lesion visible"),
    EcrfItem(name="soft_tissue", when="both", meaning="soft tissue, items of RECIST 1.1"),
)
_SDTM = (
    ("new_lesions_first_seen", "TU", "TUMIDENT", "NEW"),
    ("soft_tissue_response", "RS", "SFTSRESP", "PCWG SCHER PROSTATE CANCER 2016"),
    ("bone_response_final", "RS", "BONERESP", "PCWG SCHER PROSTATE CANCER 2016"),
    ("overall_response_final", "RS", "OVRLRESP", "PCWG SCHER PROSTATE CANCER 2016"),
    ("bor", "RS", "BESTRESP", "PCWG SCHER PROSTATE CANCER 2016"),
)

PCWG3 = Criterion(
    key=KEY,
    title="PCWG3, prostate cancer",
    version=VERSION,
    citation="Scher et al., J Clin Oncol 2016;34:1402-1418",
    facts_type=PcwgTimePoint,
    items=ITEMS,
    parameters=PARAMETERS,
    rules=(
        VERDICT,
        AS_READ,
        FINAL,
        SOFT_TISSUE,
        OVERALL_AS_READ,
        OVERALL_FINAL,
        OVERALL,
        PROGRESSION,
        *(rule for rule in COURSE if rule.key != PROGRESSION.key),
    ),
    tables=(COMBINED_TABLE,),
    checks=CHECKS,
    sdtm=tuple(
        SdtmItem(source=source, domain=domain, test_code=code, category=group)
        for source, domain, code, group in _SDTM
    ),
    assess_history=assess_history,
    check_history=checks_with(assess_history),
    files=FileFormat(
        history=read_history,
        visit_keys=(
            "bone_response_as_read",
            "bone_response_final",
            "soft_tissue_response",
            "overall_response_as_read",
            "overall_response_final",
            "overall_response",
        ),
        subject_keys={"progression_day": "progression_day"},
        writes_best=True,
        component=component,
    ),
)

CRITERIA = (PCWG3,)
