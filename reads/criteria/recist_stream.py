"""One stream of RECIST 1.1 in chronological order: what it carries on, and its derived values.

iRECIST and PCWG3 derive their RECIST parts here as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from reads.criteria.base import (
    Options,
)
from reads.criteria.confirmation import confirming_position
from reads.criteria.facts import (
    MeasuredTimePoint,
    lesion_ids,
)
from reads.criteria.measurements import is_nodal, target_values
from reads.criteria.nadir import (
    Nadir,
)
from reads.criteria.recist_rules import (
    LEFT_OUT,
    NEW_LESION,
    NON_TARGET_RESPONSE,
    OVERALL,
)
from reads.criteria.recist_targets import (
    CHANGE_BASELINE,
    CHANGE_NADIR,
    DIFFERENCE_NADIR,
    NADIR,
    NOT_APPLICABLE,
    PARTIAL_SUM,
    SUM,
    TARGET_RESPONSE,
)
from reads.criteria.trace import TraceStep, Value


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
