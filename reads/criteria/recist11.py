"""RECIST 1.1: targets, non-targets, new lesions, overall and best overall response.

Sources: Eisenhauer 2009 (Eur J Cancer 45:228-247) with the EORTC clarifications, as set out in
criteria.md section 2. Limits stand beside their clause; tables 1 and 2 of the paper are data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from reads.criteria import recist_checks
from reads.criteria.arithmetic import percent_change, percent_words, words
from reads.criteria.base import (
    Assessment,
    BestResponse,
    Criterion,
    DecisionTable,
    EcrfItem,
    FileFormat,
    Options,
    Record,
    SdtmItem,
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
from reads.criteria.confirmation import confirming_position
from reads.criteria.dates import Timeline, timeline
from reads.criteria.errors import CriteriaError
from reads.criteria.facts import (
    Certainty,
    MeasuredTimePoint,
    NonTargetState,
    lesion_ids,
)
from reads.criteria.measurements import history_of, is_nodal, target_values
from reads.criteria.nadir import (
    Nadir,
    change_rule,
    difference_rule,
    nadir_rule,
    progressed,
    responded,
)
from reads.criteria.parameters import Parameter
from reads.criteria.sums import complete_sum, partial_sum, sum_rule
from reads.criteria.trace import Inputs, Rule, TraceStep, Value

NORMAL_NODE_MM = Decimal(10)
NOT_APPLICABLE = "NOT_APPLICABLE"

TARGET_PARAMETERS = (
    Parameter(
        name="pr_decrease_pct",
        kind="decimal",
        default=Decimal(30),
        minimum=1,
        maximum=99,
        unit="%",
        meaning="Decrease of the sum from baseline that makes a partial response (inclusive).",
        clause="RECIST 1.1 §4.3.1",
    ),
    Parameter(
        name="pd_increase_pct",
        kind="decimal",
        default=Decimal(20),
        minimum=1,
        maximum=500,
        unit="%",
        meaning="Increase of the sum over the nadir that makes progression (inclusive).",
        clause="RECIST 1.1 §4.3.1",
    ),
    Parameter(
        name="pd_increase_mm",
        kind="decimal",
        default=Decimal(5),
        minimum=0,
        maximum=100,
        unit="mm",
        meaning="Absolute increase over the nadir that progression needs as well (inclusive).",
        clause="RECIST 1.1 §4.3.1",
    ),
    Parameter(
        name="too_small_mm",
        kind="decimal",
        default=Decimal(5),
        minimum=0,
        maximum=10,
        unit="mm",
        meaning="Value of a target that is visible but too small to measure.",
        clause="RECIST 1.1 §4.2",
    ),
    Parameter(
        name="max_targets",
        kind="integer",
        default=5,
        minimum=1,
        maximum=20,
        meaning="Most target lesions in all.",
        clause="RECIST 1.1 §3.1",
    ),
    Parameter(
        name="max_targets_per_organ",
        kind="integer",
        default=2,
        minimum=1,
        maximum=20,
        meaning="Most target lesions in one organ; all lymph nodes together are one organ.",
        clause="RECIST 1.1 §3.1",
    ),
    Parameter(
        name="baseline_max_age_days",
        kind="integer",
        default=28,
        minimum=0,
        maximum=120,
        unit="days",
        meaning="Oldest baseline imaging before the start of treatment.",
        clause="RECIST 1.1 §3.1",
    ),
    Parameter(
        name="confirmation_required",
        kind="flag",
        default=False,
        meaning="Responses need confirmation; a PR must then be confirmed before it can drift.",
        clause="RECIST 1.1 §4.6",
    ),
    Parameter(
        name="pr_persistence",
        kind="choice",
        default="continue",
        choices=("continue", "arithmetic"),
        meaning="A sum above the PR limit but below the PD limit after a PR.",
        clause="EORTC RECIST clarifications",
        question=1,
        readings={
            "continue": "the partial response continues until progression",
            "arithmetic": "stable disease, as the percentages say",
        },
    ),
    Parameter(
        name="reappearance_after_cr",
        kind="choice",
        default="progression",
        choices=("progression", "limits"),
        meaning="A non-nodal lesion that is back after an overall CR.",
        clause="EORTC RECIST clarifications; RECIST 1.1 §4.3.4",
        question=5,
        readings={
            "progression": "progression at any size",
            "limits": "progression only when the sum reaches the PD limit",
        },
    ),
    Parameter(
        name="locally_treated_target",
        kind="choice",
        default="not_evaluable",
        choices=("not_evaluable", "measured"),
        meaning="A target that had local treatment during the study.",
        clause="charter",
        question=12,
        readings={
            "not_evaluable": "it has no value from then on and the sum is incomplete",
            "measured": "it keeps the value measured",
        },
    ),
    Parameter(
        name="equivocal_backdating",
        kind="choice",
        default="date",
        choices=("date", "response"),
        meaning="An equivocal new lesion that is proven later.",
        clause="RECIST 1.1 §4.3.5",
        readings={
            "date": "the date of progression moves back, responses stay as read",
            "response": "the time point that first showed it counts as PD for the best response",
        },
    ),
    Parameter(
        name="pet_new_lesion",
        kind="flag",
        default=False,
        meaning=(
            "A new lesion seen on FDG-PET alone counts when the baseline PET was negative or a "
            "CT lesion matches it."
        ),
        clause="RECIST 1.1 §4.3.5 (PET)",
        verified=False,
    ),
)

OVERALL_TABLE = DecisionTable(
    key="RECIST11.overall",
    title="Overall response with target disease at baseline",
    clause="RECIST 1.1 table 1",
    columns=("target", "non_target", "new_lesion"),
    rows=(
        (("ANY", "ANY", "UNEQUIVOCAL"), "PD"),
        (("PD", "ANY", "NONE"), "PD"),
        (("ANY", "PD", "NONE"), "PD"),
        (("CR", "CR", "NONE"), "CR"),
        (("CR", NOT_APPLICABLE, "NONE"), "CR"),
        (("CR", "NON-CR/NON-PD", "NONE"), "PR"),
        (("CR", "NE", "NONE"), "PR"),
        (("PR", "ANY", "NONE"), "PR"),
        (("SD", "ANY", "NONE"), "SD"),
        (("NE", "ANY", "NONE"), "NE"),
    ),
)
NON_TARGET_ONLY_TABLE = DecisionTable(
    key="RECIST11.overall_non_target_only",
    title="Overall response with non-target disease only, or without disease at baseline",
    clause="RECIST 1.1 table 2",
    columns=("non_target", "new_lesion"),
    rows=(
        (("ANY", "UNEQUIVOCAL"), "PD"),
        (("PD", "NONE"), "PD"),
        (("CR", "NONE"), "CR"),
        (("NON-CR/NON-PD", "NONE"), "NON-CR/NON-PD"),
        (("NE", "NONE"), "NE"),
        ((NOT_APPLICABLE, "NONE"), "NED"),
    ),
)


def compute_target_response(inputs: Inputs) -> Value:
    """Return the response of the targets: CR, PD, PR, SD in this order of tests, or NE."""
    values: Mapping[str, Decimal | None] = inputs["values"]
    if not values:
        return NOT_APPLICABLE
    present = partial_sum(values)
    if present is None:
        return "NE"
    if returned_targets(inputs):
        return "PD"
    total = complete_sum(values)
    if total is not None and all_gone(inputs):
        return "CR"
    nadir = inputs["nadir"]
    if nadir is not None and progressed(
        present, nadir, percent=inputs["pd_increase_pct"], absolute=inputs["pd_increase_mm"]
    ):
        return "PD"
    if total is None or inputs["baseline_sum"] is None:
        return "NE"
    if responded(total, inputs["baseline_sum"], percent=inputs["pr_decrease_pct"]):
        return "PR"
    return "PR" if inputs["pr_continues"] else "SD"


def all_gone(inputs: Inputs) -> bool:
    """Return whether each non-nodal target is gone and each target node below 10 mm."""
    nodes = inputs["nodes"]
    return all(
        value < NORMAL_NODE_MM if identifier in nodes else value == 0
        for identifier, value in inputs["values"].items()
    )


def returned_targets(inputs: Inputs) -> tuple[str, ...]:
    """Return the non-nodal targets that are back after an overall CR, where that counts."""
    if not inputs["return_is_progression"]:
        return ()
    nodes = inputs["nodes"]
    return tuple(
        identifier
        for identifier, value in inputs["values"].items()
        if value and identifier not in nodes
    )


def say_target_response(inputs: Inputs, value: Value) -> str:
    """Write what decided the target response."""
    if value == NOT_APPLICABLE:
        return "No target lesion at baseline"
    present = partial_sum(inputs["values"])
    total = complete_sum(inputs["values"])
    missing = [key for key, size in inputs["values"].items() if size is None]
    if present is None:
        return "No target lesion can be evaluated: NE"
    if value == "PD" and returned_targets(inputs):
        back = ", ".join(returned_targets(inputs))
        return f"{back} is back after a complete response: PD"
    if value == "CR":
        return (
            f"All non-nodal targets are gone and all target nodes are below "
            f"{words(NORMAL_NODE_MM, 'mm')} (sum {words(total, 'mm')}): CR"
        )
    if value == "PD":
        return f"{over_nadir(inputs, present)}{without(missing)}: PD"
    if value == "NE":
        return f"Sum is incomplete{without(missing)}: NE"
    return f"{against_baseline(inputs, value)}: {value}"


def without(missing: Sequence[str]) -> str:
    """Write which targets have no value."""
    return f" although {', '.join(missing)} has no value" if missing else ""


def over_nadir(inputs: Inputs, value: Decimal) -> str:
    """Write how far a sum lies over the nadir."""
    nadir = inputs["nadir"]
    change = percent_change(value, nadir)
    where = f" ({inputs['nadir_time_point']})" if inputs["nadir_time_point"] else ""
    larger = words(value - nadir, "mm")
    if change is None:
        return f"Sum {words(value, 'mm')} is {larger} larger than the nadir of 0 mm{where}"
    return (
        f"Sum {words(value, 'mm')} is {percent_words(change)} above the nadir of "
        f"{words(nadir, 'mm')}{where} and {larger} larger"
    )


def against_baseline(inputs: Inputs, value: Value) -> str:
    """Write how a sum compares with the baseline, for PR and SD."""
    total = complete_sum(inputs["values"])
    baseline = inputs["baseline_sum"]
    if total is None:
        return "Sum is incomplete"
    change = percent_change(total, baseline)
    if change is None:
        return f"Sum {words(total, 'mm')} with a baseline of 0 mm"
    direction = "below" if change < 0 else "above"
    sentence = (
        f"Sum {words(total, 'mm')} is {percent_words(change)} {direction} the baseline of "
        f"{words(baseline, 'mm')}"
    )
    if value == "PR" and not responded(total, baseline, percent=inputs["pr_decrease_pct"]):
        return f"{sentence}; the partial response continues until progression"
    if value == "SD":
        return f"{sentence}, short of both limits"
    return sentence


SUM = sum_rule(key="RECIST11.sum_mm", clause="RECIST 1.1 §4.2", unit="mm", what="Sum of diameters")
PARTIAL_SUM = Rule(
    key="RECIST11.partial_sum_mm",
    clause="RECIST 1.1 §4.4.1",
    statement="Sum of the targets that have a value.",
    compute=lambda inputs: partial_sum(inputs["values"]),
    say=lambda _inputs, value: f"Sum of the targets with a value is {words(value, 'mm')}",
)
NADIR = nadir_rule(key="RECIST11.nadir_before_mm", clause="RECIST 1.1 §4.3.1", unit="mm")
CHANGE_BASELINE = change_rule(
    key="RECIST11.pct_change_baseline",
    clause="RECIST 1.1 §4.3.1",
    unit="mm",
    reference="baseline",
)
CHANGE_NADIR = change_rule(
    key="RECIST11.pct_change_nadir", clause="RECIST 1.1 §4.3.1", unit="mm", reference="nadir"
)
DIFFERENCE_NADIR = difference_rule(
    key="RECIST11.abs_change_nadir_mm", clause="RECIST 1.1 §4.3.1", unit="mm", reference="nadir"
)
TARGET_RESPONSE = Rule(
    key="RECIST11.target_response",
    clause="RECIST 1.1 §4.3.1",
    statement=(
        "CR: non-nodal targets gone and target nodes below 10 mm. PD: sum at least 20 % and 5 mm "
        "over the nadir. PR: sum at least 30 % below baseline. Otherwise SD; NE when a target has "
        "no value, unless the values present already make PD."
    ),
    compute=compute_target_response,
    say=say_target_response,
)


def compute_non_target_response(inputs: Inputs) -> Value:
    """Return the response of the non-target disease; unequivocal progression outweighs all."""
    states: Mapping[str, str | None] = inputs["states"]
    marker_high = inputs["marker_normal"] is False
    if not states:
        return "NON-CR/NON-PD" if marker_high and inputs["targets"] else NOT_APPLICABLE
    seen = set(states.values())
    if NonTargetState.UNEQUIVOCAL_PROGRESSION in seen:
        return "PD"
    if inputs["return_is_progression"] and NonTargetState.PRESENT in seen:
        return "PD"
    if seen & {None, NonTargetState.NOT_EVALUABLE}:
        return "NE"
    return "NON-CR/NON-PD" if marker_high or NonTargetState.PRESENT in seen else "CR"


def say_non_target_response(inputs: Inputs, value: Value) -> str:
    """Write the states of the non-targets."""
    if value == NOT_APPLICABLE:
        return "No non-target lesion at baseline"
    states = ", ".join(
        f"{key} {state.replace('_', ' ').lower() if state else 'without a state'}"
        for key, state in inputs["states"].items()
    )
    marker = " with the tumour marker above normal" if inputs["marker_normal"] is False else ""
    back = " after a complete response" if value == "PD" and inputs["return_is_progression"] else ""
    return f"Non-target disease ({states or 'none'}){marker}{back}: {value}"


NON_TARGET_RESPONSE = Rule(
    key="RECIST11.non_target_response",
    clause="RECIST 1.1 §4.3.3",
    statement=(
        "PD: unequivocal progression. NE: a lesion not evaluable. NON-CR/NON-PD: a lesion still "
        "present or the tumour marker above normal. CR: all gone."
    ),
    compute=compute_non_target_response,
    say=say_non_target_response,
)


def compute_new_lesion(inputs: Inputs) -> Value:
    """Return UNEQUIVOCAL, EQUIVOCAL or NONE for the new lesions of a time point."""
    certainties = set(inputs["certainties"].values())
    for certainty in (Certainty.UNEQUIVOCAL, Certainty.EQUIVOCAL):
        if certainty in certainties:
            return certainty.value
    return "NONE"


def say_new_lesion(inputs: Inputs, value: Value) -> str:
    """Write the new lesions."""
    if value == "NONE":
        return "No new lesion"
    seen = ", ".join(f"{key} {text.lower()}" for key, text in inputs["certainties"].items())
    return f"New lesion: {seen}"


NEW_LESION = Rule(
    key="RECIST11.new_lesion",
    clause="RECIST 1.1 §4.3.5",
    statement="An unequivocal new lesion is progression; an equivocal one is followed.",
    compute=compute_new_lesion,
    say=say_new_lesion,
)


def compute_overall(inputs: Inputs) -> Value:
    """Return the overall response by table 1, or by table 2 without target disease."""
    new = "UNEQUIVOCAL" if inputs["new_lesion"] == "UNEQUIVOCAL" else "NONE"
    if inputs["target_response"] == NOT_APPLICABLE:
        found = NON_TARGET_ONLY_TABLE.look_up(inputs["non_target_response"], new)
    else:
        found = OVERALL_TABLE.look_up(inputs["target_response"], inputs["non_target_response"], new)
    return found or "NE"


def say_overall(inputs: Inputs, value: Value) -> str:
    """Write the three components and the result."""
    new = inputs["new_lesion"].lower()
    return (
        f"Target {inputs['target_response']}, non-target {inputs['non_target_response']}, "
        f"new lesion {new}: overall {value}"
    )


OVERALL = Rule(
    key="RECIST11.overall_response",
    clause="RECIST 1.1 tables 1 and 2",
    statement="Overall response from target, non-target and new lesions.",
    compute=compute_overall,
    say=say_overall,
)
LEFT_OUT = Rule(
    key="RECIST11.targets_left_out",
    clause="RECIST 1.1 §3.1",
    statement="Targets that the baseline does not have are never added to the sum.",
    compute=lambda inputs: ", ".join(inputs["unknown"]),
    say=lambda _inputs, value: f"{value} was not a target at baseline and is left out of the sum",
)
STREAM_PROGRESSION = Rule(
    key="RECIST11.progression_day_of_stream",
    clause="RECIST 1.1 §4.3.5",
    statement="An equivocal new lesion proven later dates progression to when it was first seen.",
    compute=lambda inputs: min(
        (day for day in (inputs["first_pd_day"], inputs["first_seen_day"]) if day is not None),
        default=None,
    ),
    say=lambda _inputs, value: (
        "No progression" if value is None else f"Progression dates from day {value}"
    ),
)


@dataclass(slots=True)
class Stream:
    """What a stream carries from one time point to the next, in chronological order."""

    options: Options
    nodes: dict[str, bool]
    non_targets: tuple[str, ...]
    baseline_sum: Decimal | None = None
    nadir: Nadir = field(default_factory=Nadir)
    overall_cr: bool = False
    # Day and response of the targets, without the time points that could not be evaluated.
    targets_seen: list[tuple[int, str]] = field(default_factory=list)

    @property
    def pr_continues(self) -> bool:
        """Return whether a partial response is running that only progression ends."""
        if self.options.choice("pr_persistence") != "continue":
            return False
        if not self.targets_seen or self.targets_seen[-1][1] != "PR":
            return False
        return not self.options.flag("confirmation_required") or self._confirmed()

    def _confirmed(self) -> bool:
        return any(
            confirming_position(
                self.targets_seen,
                position,
                confirmed_by=("CR", "PR"),
                min_days=self.options.integer("confirm_min_days"),
                between={},
            )
            is not None
            for position, (_day, response) in enumerate(self.targets_seen)
            if response in ("CR", "PR")
        )


def baseline_stream(point: MeasuredTimePoint, options: Options) -> Stream:
    """Return the stream that starts with a baseline."""
    lesion_ids(point.target, "baseline.target")
    lesion_ids(point.non_target, "baseline.non_target")
    return Stream(
        options=options,
        nodes={lesion.id: is_nodal(lesion) for lesion in point.target},
        non_targets=tuple(lesion.id for lesion in point.non_target),
    )


def point_field(position: int) -> str:
    """Return the path of a time point by its position in the history."""
    return "baseline" if position == 0 else f"visits[{position - 1}]"


def values_at(stream: Stream, point: MeasuredTimePoint, position: int) -> dict[str, Decimal | None]:
    """Return the values of the baseline targets at a time point."""
    return target_values(
        point,
        stream.nodes,
        too_small_mm=stream.options.decimal("too_small_mm"),
        treated_not_evaluable=stream.options.choice("locally_treated_target") == "not_evaluable",
        field=point_field(position),
    )


def baseline_steps(stream: Stream, point: MeasuredTimePoint) -> list[TraceStep]:
    """Derive the baseline sum and let it enter the nadir."""
    step = SUM.derive("sum_mm", {"values": values_at(stream, point, 0)})
    stream.baseline_sum = step.value
    stream.nadir.take(step.value, point.id)
    return [step]


def measurement_steps(
    stream: Stream,
    point: MeasuredTimePoint,
    position: int,
) -> list[TraceStep]:
    """Derive sums, nadir, changes and target response; the sum then enters the nadir."""
    values = values_at(stream, point, position)
    given = {"values": values}
    total = SUM.derive("sum_mm", given)
    nadir = NADIR.derive("nadir_before_mm", stream.nadir.inputs())
    against_nadir = {"value": total.value, "reference": nadir.value}
    steps = [
        total,
        PARTIAL_SUM.derive("partial_sum_mm", given),
        nadir,
        CHANGE_BASELINE.derive(
            "pct_change_baseline", {"value": total.value, "reference": stream.baseline_sum}
        ),
        CHANGE_NADIR.derive("pct_change_nadir", against_nadir),
        DIFFERENCE_NADIR.derive("abs_change_nadir_mm", against_nadir),
        TARGET_RESPONSE.derive("target_response", target_inputs(stream, values, nadir.value)),
    ]
    unknown = tuple(lesion.id for lesion in point.target if lesion.id not in stream.nodes)
    if unknown:
        steps.insert(0, LEFT_OUT.derive("targets_left_out", {"unknown": unknown}))
    stream.nadir.take(total.value, point.id)
    return steps


def target_inputs(
    stream: Stream,
    values: Mapping[str, Decimal | None],
    nadir: Decimal | None,
) -> dict[str, Value]:
    """Return the inputs of the target response."""
    options = stream.options
    return {
        "values": values,
        "nodes": tuple(identifier for identifier, nodal in stream.nodes.items() if nodal),
        "baseline_sum": stream.baseline_sum,
        "nadir": nadir,
        "nadir_time_point": stream.nadir.before()[1],
        "pr_decrease_pct": options.decimal("pr_decrease_pct"),
        "pd_increase_pct": options.decimal("pd_increase_pct"),
        "pd_increase_mm": options.decimal("pd_increase_mm"),
        "pr_continues": stream.pr_continues,
        "return_is_progression": return_is_progression(stream),
    }


def return_is_progression(stream: Stream) -> bool:
    """Return whether a lesion that is back counts as progression at any size."""
    return stream.overall_cr and stream.options.choice("reappearance_after_cr") == "progression"


def non_target_step(stream: Stream, point: MeasuredTimePoint, position: int) -> TraceStep:
    """Derive the non-target response of a time point."""
    positions = lesion_ids(point.non_target, f"{point_field(position)}.non_target")
    states: dict[str, str | None] = {}
    for identifier in stream.non_targets:
        place = positions.get(identifier)
        state = point.non_target[place].state if place is not None and point.assessed else None
        states[identifier] = state.value if state is not None else None
    return NON_TARGET_RESPONSE.derive(
        "non_target_response",
        {
            "states": states,
            "marker_normal": point.tumour_marker_normal,
            "targets": bool(stream.nodes),
            "return_is_progression": return_is_progression(stream),
        },
    )


def new_lesion_step(point: MeasuredTimePoint, position: int) -> TraceStep:
    """Derive whether the time point shows a new lesion."""
    lesion_ids(point.new_lesions, f"{point_field(position)}.new_lesions")
    certainties = {lesion.id: lesion.certainty.value for lesion in point.new_lesions}
    return NEW_LESION.derive("new_lesion", {"certainties": certainties})


def overall_step(
    stream: Stream,
    point: MeasuredTimePoint,
    steps: Mapping[str, Value],
) -> TraceStep:
    """Derive the overall response; without imaging nothing at baseline stays NE, not NED."""
    non_target = steps["non_target_response"]
    if not point.assessed and not stream.nodes and non_target == NOT_APPLICABLE:
        non_target = "NE"
    return OVERALL.derive(
        "overall_response",
        {
            "target_response": steps["target_response"],
            "non_target_response": non_target,
            "new_lesion": steps["new_lesion"],
        },
    )


def follow_up_steps(stream: Stream, point: MeasuredTimePoint, position: int) -> list[TraceStep]:
    """Derive everything of one follow-up time point."""
    steps = measurement_steps(stream, point, position)
    steps.append(non_target_step(stream, point, position))
    steps.append(new_lesion_step(point, position))
    steps.append(overall_step(stream, point, {step.name: step.value for step in steps}))
    return steps


def assess(history: Sequence[TimePointFacts], options: Options) -> Assessment:
    """Derive RECIST 1.1 over the whole history of one stream."""
    points = measured(history)
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


def measured(history: Sequence[TimePointFacts]) -> list[MeasuredTimePoint]:
    """Return the history as measured time points; raises CriteriaError for other facts."""
    points: list[MeasuredTimePoint] = []
    for position, point in enumerate(history):
        if not isinstance(point, MeasuredTimePoint):
            raise CriteriaError(point_field(position), "must be MeasuredTimePoint")
        points.append(point)
    return points


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
        response = results[position].overall_response or "NE"
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


# --- exchange files ---------------------------------------------------------------------------

TARGET_WORDS = frozenset({"CR", "PR", "SD", "PD", "NE", NOT_APPLICABLE})
NON_TARGET_WORDS = frozenset({"CR", "NON-CR/NON-PD", "PD", "NE", NOT_APPLICABLE})
NOTHING_WORDS = frozenset({"NA", "N/A", "NONE", "NOT APPLICABLE", "NED", "ND"})
NEW_LESION_WORDS = {
    "NONE": "NONE",
    "NO": "NONE",
    "N": "NONE",
    "EQUIVOCAL": "EQUIVOCAL",
    "UNEQUIVOCAL": "UNEQUIVOCAL",
    "YES": "UNEQUIVOCAL",
    "Y": "UNEQUIVOCAL",
}


def component_word(record: Record, name: str, permitted: frozenset[str]) -> str:
    """Return a component response; absent means that there is no such disease at baseline."""
    value = record.text(name)
    if value is None or value in NOTHING_WORDS:
        return NOT_APPLICABLE
    if value not in permitted:
        raise CriteriaError(record.field(name), f"must be one of {', '.join(sorted(permitted))}")
    return value


def new_lesion_word(record: Record) -> str:
    """Return NONE, EQUIVOCAL or UNEQUIVOCAL."""
    raw = record.data.get("new_lesion")
    if raw is None or isinstance(raw, bool):
        return "UNEQUIVOCAL" if raw else "NONE"
    found = NEW_LESION_WORDS.get(raw) if isinstance(raw, str) else None
    if found is None:
        raise CriteriaError(
            record.field("new_lesion"), "must be one of NONE, EQUIVOCAL, UNEQUIVOCAL"
        )
    return found


def component(record: Record, _options: Options) -> Mapping[str, Value]:
    """Answer a case of the component tables."""
    step = OVERALL.derive(
        "overall_response",
        {
            "target_response": component_word(record, "target_response", TARGET_WORDS),
            "non_target_response": component_word(record, "non_target_response", NON_TARGET_WORDS),
            "new_lesion": new_lesion_word(record),
        },
    )
    return {step.name: step.value}


def sequence_of(record: Record, permitted: Sequence[str]) -> list[tuple[int, str]]:
    """Return a response sequence in order of its days.

    Raises CriteriaError for a missing day or a response that the criterion does not know.
    """
    sequence: list[tuple[int, str]] = []
    for entry in record.records("sequence"):
        day = entry.integer("day")
        response = entry.required_text("response")
        if day is None:
            raise CriteriaError(entry.field("day"), "is missing")
        if response not in permitted:
            raise CriteriaError(entry.field("response"), f"must be one of {', '.join(permitted)}")
        sequence.append((day, response))
    return sorted(sequence, key=lambda item: item[0])


def answer_sequence(record: Record, options: Options) -> Mapping[str, Value]:
    """Answer a case of the best-response sequences."""
    unconfirmed, confirmed = best_of(sequence_of(record, RANKING), options)
    return {"bor_unconfirmed": unconfirmed.response, "bor_confirmed": confirmed.response}


VERSION = "1.0.0"
MEASUREMENT_KEYS = (
    "sum_mm",
    "partial_sum_mm",
    "nadir_before_mm",
    "pct_change_baseline",
    "pct_change_nadir",
    "abs_change_nadir_mm",
    "target_response",
    "non_target_response",
    "overall_response",
)
MEASUREMENT_RULES = (
    SUM,
    PARTIAL_SUM,
    NADIR,
    CHANGE_BASELINE,
    CHANGE_NADIR,
    DIFFERENCE_NADIR,
    TARGET_RESPONSE,
    NON_TARGET_RESPONSE,
    NEW_LESION,
    OVERALL,
    LEFT_OUT,
)
ITEMS = (
    EcrfItem(name="target.id", when="baseline", meaning="Identifier T01, T02, … kept for good"),
    EcrfItem(name="target.organ", when="baseline", meaning="Coded location with side"),
    EcrfItem(name="target.nodal", when="baseline", meaning="Lymph node: the short axis counts"),
    EcrfItem(name="target.ld_mm", when="baseline and follow-up", meaning="Longest diameter, mm"),
    EcrfItem(name="target.sa_mm", when="baseline and follow-up", meaning="Short axis, mm"),
    EcrfItem(name="target.modality", when="baseline and follow-up", meaning="Method of the series"),
    EcrfItem(
        name="target.slice_thickness_mm",
        when="baseline and follow-up",
        meaning="Slice thickness of the series measured, mm",
    ),
    EcrfItem(
        name="target.prior_local_therapy", when="baseline", meaning="Irradiated or treated before"
    ),
    EcrfItem(name="target.state", when="follow-up", meaning="State of each baseline target"),
    EcrfItem(name="target.reason", when="follow-up", meaning="Reason when not evaluable"),
    EcrfItem(name="target.fragments_mm", when="follow-up", meaning="Sizes of split pieces, mm"),
    EcrfItem(name="target.merged_into", when="follow-up", meaning="Target that holds the mass"),
    EcrfItem(name="non_target.id", when="baseline", meaning="Identifier NT01, NT02, …"),
    EcrfItem(name="non_target.organ", when="baseline", meaning="Coded location"),
    EcrfItem(name="non_target.state", when="follow-up", meaning="State of each non-target"),
    EcrfItem(name="new_lesions.id", when="follow-up", meaning="Identifier NL01, NL02, …"),
    EcrfItem(name="new_lesions.organ", when="follow-up", meaning="Coded location"),
    EcrfItem(name="new_lesions.certainty", when="follow-up", meaning="Unequivocal or equivocal"),
    EcrfItem(name="tumour_marker_normal", when="follow-up", meaning="Tumour marker, when followed"),
)


def sdtm_items(category: str) -> tuple[SdtmItem, ...]:
    """Return the SDTM mapping of the RECIST family (criteria.md section 13)."""
    rows = (
        ("target.organ", "TU", "TUMIDENT", "TUORRES=TARGET, TULOC, TULAT"),
        ("non_target.organ", "TU", "TUMIDENT", "TUORRES=NON-TARGET, TULOC, TULAT"),
        ("new_lesions.organ", "TU", "TUMIDENT", "TUORRES=NEW, TULOC, TULAT"),
        ("target.ld_mm", "TR", "LDIAM", "non-nodal target, mm"),
        ("target.sa_mm", "TR", "LPERP", "nodal target, mm"),
        ("target.state", "TR", "TUMSTATE", "TOO SMALL TO MEASURE in TRORRES, 5 in TRSTRESN"),
        ("non_target.state", "TR", "TUMSTATE", "PRESENT, ABSENT, UNEQUIVOCAL"),
        ("sum_mm", "TR", "SUMDIAM", "sum of diameters, mm"),
        ("pct_change_baseline", "TR", "PCBSD", "percent change from baseline"),
        ("pct_change_nadir", "TR", "PCNSD", "percent change from nadir"),
        ("abs_change_nadir_mm", "TR", "ACNSD", "absolute change from nadir, mm"),
        ("target_response", "RS", "TRGRESP", ""),
        ("non_target_response", "RS", "NTRGRESP", ""),
        ("new_lesion", "RS", "NEWLPROG", "EQUIVOCAL or UNEQUIVOCAL"),
        ("overall_response", "RS", "OVRLRESP", "NE is a result"),
        ("bor", "RS", "BESTRESP", ""),
    )
    return tuple(
        SdtmItem(
            source=source,
            domain=domain,
            test_code=code,
            category=category if domain == "RS" else "",
            note=note,
        )
        for source, domain, code, note in rows
    )


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
