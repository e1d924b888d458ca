"""iRECIST: immune response with unconfirmed (iUPD) and confirmed (iCPD) progression.

Sources: Seymour 2017 (Lancet Oncol 18:e143-152) tables 2 and 3, EORTC iRECIST questions and
answers, as set out in criteria.md section 3. Targets, sums and limits are those of RECIST 1.1,
which stays primary: its responses are derived beside these as `recist11_…`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from reads.criteria import irecist_best, irecist_checks
from reads.criteria.base import (
    Assessment,
    Criterion,
    EcrfItem,
    FileFormat,
    Options,
    TimePointFacts,
    TimePointResult,
    result_of,
)
from reads.criteria.dates import timeline
from reads.criteria.facts import (
    Certainty,
    MeasuredTimePoint,
    NewLesionState,
    NonTargetState,
)
from reads.criteria.history import points_as
from reads.criteria.irecist_new_lesions import is_new_target, new_values
from reads.criteria.irecist_parameters import PARAMETERS
from reads.criteria.irecist_rules import (
    NEW_LESION_CLASS,
    NEW_SUM,
    NON_TARGET_CLASS,
    OVERALL,
    OVERALL_TABLE,
    PROGRESSION,
    RULES,
    TARGET_CLASS,
    Pending,
    component,
    outcome,
)
from reads.criteria.measurements import history_of
from reads.criteria.recist_items import ITEMS, sdtm_items
from reads.criteria.recist_stream import (
    MEASUREMENT_KEYS,
    MEASUREMENT_RULES,
    Stream,
    baseline_steps,
    baseline_stream,
    follow_up_steps,
    values_at,
)
from reads.criteria.trace import TraceStep, Value

VERSION = "1.0.0"
RECIST_RESPONSES = frozenset(
    {"target_response", "non_target_response", "new_lesion", "overall_response"}
)


@dataclass(slots=True)
class State:
    """What iRECIST carries from one time point to the next beside the RECIST stream.

    accepted are new lesions that a response has been given with (scenario B): they progress
    again only by growth.
    """

    pending: Pending | None = None
    confirmed: bool = False
    progression_day: int | None = None
    accepted: tuple[str, ...] = ()
    accepted_sum: Decimal | None = None


def new_lesion_inputs(
    point: MeasuredTimePoint,
    state: State,
    new_sum: Decimal | None,
) -> dict[str, Value]:
    """Return what the rules need to know of the new lesions of a time point."""
    unequivocal = [x for x in point.new_lesions if x.certainty is Certainty.UNEQUIVOCAL]
    increased = (
        lesion.id
        for lesion in unequivocal
        if not is_new_target(lesion)
        and (lesion.state is NewLesionState.INCREASED or lesion.further_increase)
    )
    absent = (lesion.id for lesion in unequivocal if lesion.state is NewLesionState.ABSENT)
    return {
        "new_present": tuple(
            lesion.id for lesion in unequivocal if lesion.state is not NewLesionState.ABSENT
        ),
        "new_absent": tuple(absent),
        "new_increased": tuple(increased),
        "new_sum": new_sum,
        "accepted": state.accepted,
        "accepted_sum": state.accepted_sum,
    }


def non_target_inputs(stream: Stream, point: MeasuredTimePoint) -> dict[str, Value]:
    """Return which non-targets progress unequivocally and whether any has grown further."""
    known = [lesion for lesion in point.non_target if lesion.id in stream.non_targets]
    return {
        "non_target_progressing": tuple(
            lesion.id for lesion in known if lesion.state is NonTargetState.UNEQUIVOCAL_PROGRESSION
        ),
        "non_target_increase": any(lesion.further_increase for lesion in known),
    }


def overall_inputs(
    *,
    state: State,
    options: Options,
    day: int,
    assessed: bool,
    recist: Mapping[str, Value],
    values: Mapping[str, Decimal | None],
) -> dict[str, Value]:
    """Return the inputs of the overall rule that come from state, options and RECIST parts."""
    pending = state.pending
    return {
        "day": day,
        "assessed": assessed,
        "confirmed": state.confirmed,
        "pending": None if pending is None else pending.as_inputs(),
        "target": recist["target_response"],
        "non_target": recist["non_target_response"],
        "values": values,
        "confirm_increase_mm": options.decimal("confirm_increase_mm"),
        "min_days": options.integer("iupd_confirm_min_days"),
        "max_days": options.integer("iupd_confirm_max_days"),
        "late_confirmation": options.choice("late_confirmation"),
        "stable_new_lesion": options.choice("stable_new_lesion"),
    }


def follow_up(
    stream: Stream,
    state: State,
    point: MeasuredTimePoint,
    position: int,
    day: int,
) -> TimePointResult:
    """Derive one follow-up time point and move the state on."""
    steps = follow_up_steps(stream, point, position)
    recist = {step.name: step.value for step in steps}
    trace = [
        replace(step, name=f"recist11_{step.name}") if step.name in RECIST_RESPONSES else step
        for step in steps
    ]
    new = new_values(point, position, stream.options.decimal("too_small_mm"))
    new_sum = NEW_SUM.derive("new_target_sum_mm", {"values": new})
    inputs = {
        **overall_inputs(
            state=state,
            options=stream.options,
            day=day,
            assessed=point.assessed,
            recist=recist,
            values=values_at(stream, point, position),
        ),
        **non_target_inputs(stream, point),
        **new_lesion_inputs(point, state, new_sum.value),
    }
    overall = OVERALL.derive("overall_response", inputs)
    trace += [
        new_sum,
        TARGET_CLASS.derive("target_response", inputs),
        NON_TARGET_CLASS.derive("non_target_response", inputs),
        NEW_LESION_CLASS.derive("new_lesion", inputs),
        overall,
    ]
    move_on(state, inputs)
    if recist["target_response"] != "NE":
        stream.targets_seen.append((day, recist["target_response"]))
    stream.overall_cr = stream.overall_cr or overall.value == "iCR"
    return result_of(point, day=day, trace=trace)


def move_on(state: State, inputs: Mapping[str, Value]) -> None:
    """Take over the state after a time point."""
    found = outcome(inputs)
    state.pending = found.pending
    if found.response == "iCPD" and not state.confirmed:
        state.confirmed = True
        state.progression_day = found.progression_day
    if found.response not in ("iUPD", "iCPD", "NE"):
        state.confirmed = False
        state.accepted = inputs["new_present"]
        state.accepted_sum = inputs["new_sum"]


def assess(history: Sequence[TimePointFacts], options: Options) -> Assessment:
    """Derive iRECIST over the whole history of one stream."""
    points = points_as(history, MeasuredTimePoint)
    line = timeline(points)
    stream = baseline_stream(points[0], options)
    state = State()
    results: list[TimePointResult | None] = [None] * len(points)
    results[0] = result_of(points[0], day=line.days[0], trace=baseline_steps(stream, points[0]))
    for position in line.follow_up:
        results[position] = follow_up(
            stream, state, points[position], position, line.days[position]
        )
    done = tuple(result for result in results if result is not None)
    sequence = counted_sequence(points, done, line.follow_up, options)
    progression = progression_step(state, options)
    return Assessment(
        criterion="iRECIST",
        version=VERSION,
        time_points=done,
        best=irecist_best.best_of(sequence, options, progression.value),
        values={"progression_day": progression.value},
        trace=(progression,),
    )


def counted_sequence(
    points: Sequence[MeasuredTimePoint],
    results: Sequence[TimePointResult],
    order: Sequence[int],
    options: Options,
) -> list[tuple[int, str]]:
    """Return day and response of the time points before any new anticancer therapy."""
    sequence: list[tuple[int, str]] = []
    for position in order:
        if points[position].new_therapy and options.flag("stop_at_new_therapy"):
            break
        sequence.append((results[position].day, str(results[position].values["overall_response"])))
    return sequence


def progression_step(state: State, options: Options) -> TraceStep:
    """Derive the day of progression: that of the first iUPD of the confirmed block."""
    return PROGRESSION.derive(
        "progression_day",
        {
            "confirmed_day": state.progression_day,
            "pending_day": None if state.pending is None else state.pending.start_day,
            "unconfirmed_is_event": options.flag("unconfirmed_is_event"),
        },
    )


IRECIST = Criterion(
    key="iRECIST",
    title="iRECIST",
    version=VERSION,
    citation=(
        "Seymour L et al. iRECIST: guidelines for response criteria for use in trials testing "
        "immunotherapeutics. Lancet Oncol 2017;18:e143-e152"
    ),
    facts_type=MeasuredTimePoint,
    items=(
        *ITEMS,
        EcrfItem(
            name="new_lesions.category", when="follow-up", meaning="New target or new non-target"
        ),
        EcrfItem(
            name="new_lesions.state",
            when="follow-up",
            meaning="Measured, or no change, increased, decreased, absent since last",
        ),
        EcrfItem(
            name="non_target.further_increase",
            when="follow-up",
            meaning="Further increase since the last time point",
        ),
        EcrfItem(name="iupd.reasons", when="follow-up", meaning="What makes the iUPD"),
        EcrfItem(name="iupd.clinically_stable", when="follow-up", meaning="Clinical stability"),
        EcrfItem(name="iupd.treatment_continued", when="follow-up", meaning="Treatment goes on"),
    ),
    parameters=PARAMETERS,
    rules=(*MEASUREMENT_RULES, *RULES, *irecist_best.RULES),
    tables=(OVERALL_TABLE,),
    checks=irecist_checks.CATALOGUE,
    sdtm=sdtm_items("iRECIST"),
    assess_history=assess,
    check_history=lambda history, options: irecist_checks.run(history, options, assess),
    files=FileFormat(
        history=history_of,
        baseline_keys=("sum_mm",),
        visit_keys=(*MEASUREMENT_KEYS, "new_target_sum_mm"),
        subject_keys={"progression_day": "progression_day"},
        writes_best=True,
        component=component,
        sequence=irecist_best.answer_sequence,
    ),
)
CRITERIA = (IRECIST,)
