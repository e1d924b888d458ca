"""RECIST 1.1: targets, non-targets, new lesions, overall and best overall response.

Sources: Eisenhauer 2009 (Eur J Cancer 45:228-247) with the EORTC clarifications, as set out in
criteria.md section 2. Limits stand beside their clause; tables 1 and 2 of the paper are data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reads.criteria import recist_checks
from reads.criteria.base import (
    Assessment,
    BestResponse,
    Criterion,
    FileFormat,
    Options,
    Record,
    TimePointFacts,
    TimePointResult,
    result_of,
)
from reads.criteria.bestresponse import (
    BEST_RESPONSE_PARAMETERS,
    BEST_RESPONSE_RULES,
    RANKING,
    best_response,
)
from reads.criteria.dates import Timeline, timeline
from reads.criteria.facts import (
    Certainty,
    MeasuredTimePoint,
)
from reads.criteria.history import points_as
from reads.criteria.measurements import history_of
from reads.criteria.recist_files import component, sequence_of
from reads.criteria.recist_items import ITEMS, sdtm_items
from reads.criteria.recist_parameters import TARGET_PARAMETERS
from reads.criteria.recist_rules import (
    NON_TARGET_ONLY_TABLE,
    OVERALL_TABLE,
    STREAM_PROGRESSION,
)
from reads.criteria.recist_stream import (
    MEASUREMENT_KEYS,
    MEASUREMENT_RULES,
    baseline_steps,
    baseline_stream,
    follow_up_steps,
)
from reads.criteria.trace import TraceStep, Value

VERSION = "1.0.0"


def assess(history: Sequence[TimePointFacts], options: Options) -> Assessment:
    """Derive RECIST 1.1 over the whole history of one stream."""
    points = points_as(history, MeasuredTimePoint)
    line = timeline(points)
    stream = baseline_stream(points[0], options)
    results: list[TimePointResult | None] = [None] * len(points)
    results[0] = result_of(points[0], day=line.days[0], trace=baseline_steps(stream, points[0]))
    for position in line.follow_up:
        point = points[position]
        result = result_of(
            point, day=line.days[position], trace=follow_up_steps(stream, point, position)
        )
        results[position] = result
        if result.target_response != "NE":
            stream.targets_seen.append((result.day, result.values["target_response"]))
        stream.overall_cr = stream.overall_cr or result.overall_response == "CR"
    done = tuple(result for result in results if result is not None)
    first_seen = proven_equivocal(points, line)
    sequence = counted_sequence(points, done, line, options, first_seen)
    progression = stream_progression(done, line, first_seen)
    return Assessment(
        criterion="RECIST11",
        version=VERSION,
        time_points=done,
        best=best_of(sequence, options),
        values={"progression_day": progression.value},
        trace=(progression,),
    )


def proven_equivocal(points: Sequence[MeasuredTimePoint], line: Timeline) -> int | None:
    """Return the earliest position with an equivocal new lesion that is proven later."""
    proven: set[str] = set()
    earliest = None
    for position in reversed(line.follow_up):
        for lesion in points[position].new_lesions:
            if lesion.certainty is Certainty.UNEQUIVOCAL:
                proven.add(lesion.id)
            elif lesion.id in proven:
                earliest = position
    return earliest


def stream_progression(
    results: Sequence[TimePointResult],
    line: Timeline,
    first_seen: int | None,
) -> TraceStep:
    """Derive the day of progression of the stream, back-dated for a proven equivocal lesion."""
    progressed_at = [p for p in line.follow_up if results[p].overall_response == "PD"]
    return STREAM_PROGRESSION.derive(
        "progression_day",
        {
            "first_pd_day": line.days[progressed_at[0]] if progressed_at else None,
            "first_seen_day": line.days[first_seen] if first_seen is not None else None,
        },
    )


def counted_sequence(
    points: Sequence[MeasuredTimePoint],
    results: Sequence[TimePointResult],
    line: Timeline,
    options: Options,
    first_seen: int | None,
) -> list[tuple[int, str]]:
    """Return day and overall response of the time points that count for the best response."""
    sequence: list[tuple[int, str]] = []
    backdated = options.choice("equivocal_backdating") == "response"
    for position in line.follow_up:
        if points[position].new_therapy and options.flag("stop_at_new_therapy"):
            break
        response = str(results[position].values["overall_response"])
        if backdated and position == first_seen:
            response = "PD"
        sequence.append((line.days[position], response))
    return sequence


def best_of(sequence: list[tuple[int, str]], options: Options) -> tuple[BestResponse, ...]:
    """Return the best overall response without and with confirmation."""
    return tuple(
        best_response(sequence, options, confirmation_required=required)
        for required in (False, True)
    )


def answer_sequence(record: Record, options: Options) -> Mapping[str, Value]:
    """Answer a case of the best-response sequences."""
    unconfirmed, confirmed = best_of(sequence_of(record, RANKING), options)
    return {"bor_unconfirmed": unconfirmed.response, "bor_confirmed": confirmed.response}


RECIST11 = Criterion(
    key="RECIST11",
    title="RECIST 1.1",
    version=VERSION,
    citation=(
        "Eisenhauer EA et al. New response evaluation criteria in solid tumours: revised RECIST "
        "guideline (version 1.1). Eur J Cancer 2009;45:228-247"
    ),
    facts_type=MeasuredTimePoint,
    items=ITEMS,
    parameters=(*TARGET_PARAMETERS, *BEST_RESPONSE_PARAMETERS),
    rules=(*MEASUREMENT_RULES, STREAM_PROGRESSION, *BEST_RESPONSE_RULES),
    tables=(OVERALL_TABLE, NON_TARGET_ONLY_TABLE),
    checks=recist_checks.CATALOGUE,
    sdtm=sdtm_items("RECIST 1.1"),
    assess_history=assess,
    check_history=lambda history, options: recist_checks.run(history, options, assess),
    files=FileFormat(
        history=history_of,
        baseline_keys=("sum_mm",),
        visit_keys=MEASUREMENT_KEYS,
        subject_keys={"progression_day": "progression_day"},
        writes_best=True,
        component=component,
        sequence=answer_sequence,
    ),
)
CRITERIA = (RECIST11,)
