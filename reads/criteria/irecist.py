"""iRECIST: immune response with unconfirmed (iUPD) and confirmed (iCPD) progression.

Sources: Seymour 2017 (Lancet Oncol 18:e143-152) tables 2 and 3, EORTC iRECIST questions and
answers, as set out in criteria.md section 3. Targets, sums and limits are those of RECIST 1.1,
which stays primary: its responses are derived beside these as `recist11_…`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from reads.criteria import irecist_best, recist_checks
from reads.criteria.arithmetic import words
from reads.criteria.base import (
    Assessment,
    Criterion,
    EcrfItem,
    EditCheck,
    FileFormat,
    Finding,
    Level,
    Options,
    TimePointFacts,
    TimePointResult,
    result_of,
)
from reads.criteria.dates import timeline
from reads.criteria.facts import (
    Certainty,
    MeasuredTimePoint,
    NewLesionCategory,
    NewLesionFacts,
    NewLesionState,
    NonTargetState,
)
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
from reads.criteria.locations import organ_group
from reads.criteria.measurements import fragment_sum, history_of, is_nodal, measured_value
from reads.criteria.parameters import Parameter
from reads.criteria.recist11 import (
    ITEMS,
    MEASUREMENT_KEYS,
    MEASUREMENT_RULES,
    TARGET_PARAMETERS,
    Stream,
    baseline_steps,
    baseline_stream,
    follow_up_steps,
    measured,
    point_field,
    sdtm_items,
    values_at,
)
from reads.criteria.trace import TraceStep, Value

VERSION = "1.0.0"
RECIST_RESPONSES = frozenset(
    {"target_response", "non_target_response", "new_lesion", "overall_response"}
)

PARAMETERS = (
    *TARGET_PARAMETERS,
    *irecist_best.PARAMETERS,
    Parameter(
        name="confirm_increase_mm",
        kind="decimal",
        default=Decimal(5),
        minimum=0,
        maximum=50,
        unit="mm",
        meaning="Increase of the target or new-target sum that confirms iUPD (inclusive).",
        clause="iRECIST table 2",
    ),
    Parameter(
        name="iupd_confirm_min_days",
        kind="integer",
        default=28,
        minimum=0,
        maximum=180,
        unit="days",
        meaning="Growth of known lesions confirms iUPD only from this many days after it.",
        clause="iRECIST, EORTC questions",
    ),
    Parameter(
        name="iupd_confirm_max_days",
        kind="integer",
        default=56,
        minimum=0,
        maximum=365,
        unit="days",
        meaning="A confirmation later than this is shown as a warning.",
        clause="iRECIST, EORTC questions",
    ),
    Parameter(
        name="late_confirmation",
        kind="choice",
        default="accept",
        choices=("accept", "unconfirmed"),
        meaning="A confirmation more than eight weeks after the last assessment of iUPD.",
        clause="iRECIST, EORTC questions",
        question=11,
        readings={
            "accept": "it confirms, with a warning",
            "unconfirmed": "it does not confirm; iUPD starts again with the new sizes",
        },
    ),
    Parameter(
        name="stable_new_lesion",
        kind="choice",
        default="unconfirmed",
        choices=("unconfirmed", "response"),
        meaning="A stable new lesion while the targets do not change their category.",
        clause="iRECIST scenario F",
        question=11,
        readings={
            "unconfirmed": "the time point stays iUPD",
            "response": "the time point takes the response of targets and non-targets",
        },
    ),
    Parameter(
        name="unconfirmed_is_event",
        kind="flag",
        default=False,
        meaning="An iUPD that nothing follows counts as the date of progression.",
        clause="iRECIST §Statistics",
        verified=False,
    ),
)
CATALOGUE = (
    *recist_checks.CATALOGUE,
    EditCheck(
        id="IUPD_CONFIRMATION_OUT_OF_WINDOW",
        level=Level.WARNING,
        when="assessment under 28 or over 56 days after iUPD",
        message="The assessment after iUPD lies outside the planned four to eight weeks.",
        clause="iRECIST, EORTC questions",
    ),
    EditCheck(
        id="NEW_TARGET_COUNT_MAX",
        level=Level.ERROR,
        when="more than 5 new targets, or more than 2 in one organ",
        message="There are more new targets than the criteria allow.",
        clause="iRECIST table 1",
    ),
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


def new_values(
    point: MeasuredTimePoint,
    position: int,
    too_small_mm: Decimal,
) -> dict[str, Decimal | None]:
    """Return the value in mm of each new target; None when it cannot be evaluated."""
    values: dict[str, Decimal | None] = {}
    for place, lesion in enumerate(point.new_lesions):
        if is_new_target(lesion) and lesion.certainty is Certainty.UNEQUIVOCAL:
            where = f"{point_field(position)}.new_lesions[{place}]"
            values[lesion.id] = new_value(lesion, too_small_mm, where)
    return values


def is_new_target(lesion: NewLesionFacts) -> bool:
    """Return whether a new lesion is measured: by its class, else by having a size."""
    if lesion.category is not None:
        return lesion.category is NewLesionCategory.NEW_TARGET
    return lesion.ld_mm is not None or lesion.sa_mm is not None


def new_value(lesion: NewLesionFacts, too_small_mm: Decimal, field: str) -> Decimal | None:
    """Return what a new target adds to the sum of new targets."""
    if lesion.state is NewLesionState.ABSENT:
        return Decimal(0)
    if lesion.state is NewLesionState.TOO_SMALL_TO_MEASURE:
        return too_small_mm
    if lesion.state is NewLesionState.NOT_EVALUABLE:
        return None
    if lesion.fragments_mm:
        return fragment_sum(lesion, field)
    if (
        lesion.state is not NewLesionState.MEASURED
        and lesion.ld_mm is None
        and lesion.sa_mm is None
    ):
        return None
    return measured_value(lesion, nodal=is_nodal(lesion), field=field)


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
    points = measured(history)
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
        sequence.append((results[position].day, results[position].overall_response or "NE"))
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


# --- edit checks ------------------------------------------------------------------------------


def check(history: Sequence[TimePointFacts], options: Options) -> tuple[Finding, ...]:
    """Return the checks of the RECIST family and those of iRECIST that fire."""
    points = [point for point in history if isinstance(point, MeasuredTimePoint)]
    derived = recist_checks.derived_or_none(points, options, assess)
    return (
        *recist_checks.run(points, options, assess),
        *too_many_new_targets(points, options),
        *(out_of_window(derived, options) if derived is not None else ()),
    )


def too_many_new_targets(
    points: Sequence[MeasuredTimePoint],
    options: Options,
) -> Iterator[Finding]:
    """Count new targets in all and per organ at each time point."""
    for position, point in enumerate(points):
        targets = [lesion for lesion in point.new_lesions if is_new_target(lesion)]
        organs = [organ_group(lesion.organ, nodal=is_nodal(lesion)) for lesion in targets]
        per_organ = max((organs.count(organ) for organ in organs if organ), default=0)
        if len(targets) > options.integer("max_targets") or per_organ > options.integer(
            "max_targets_per_organ"
        ):
            yield recist_checks.finding_of(
                CATALOGUE[-1], f"{point_field(position)}.new_lesions", f"{len(targets)} new targets"
            )


def out_of_window(derived: Assessment, options: Options) -> Iterator[Finding]:
    """Find the assessment after an iUPD that lies outside the window."""
    order = sorted(range(1, len(derived.time_points)), key=lambda p: derived.time_points[p].day)
    for before, after in pairwise(order):
        if derived.time_points[before].overall_response != "iUPD":
            continue
        gap = derived.time_points[after].day - derived.time_points[before].day
        low = options.integer("iupd_confirm_min_days")
        if not low <= gap <= options.integer("iupd_confirm_max_days"):
            yield recist_checks.finding_of(
                CATALOGUE[-2], point_field(after), f"{words(gap)} days after iUPD"
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
    checks=CATALOGUE,
    sdtm=sdtm_items("iRECIST"),
    assess_history=assess,
    check_history=check,
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
