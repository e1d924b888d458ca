"""Rules of RECIST 1.1 for target lesions: sums, nadir, changes and target response.

Source: Eisenhauer 2009 §4.2-4.4 as set out in criteria.md 2.2 and 2.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from reads.criteria.arithmetic import percent_change, percent_words, words
from reads.criteria.nadir import (
    change_rule,
    difference_rule,
    nadir_rule,
    progressed,
    responded,
)
from reads.criteria.sums import complete_sum, partial_sum, sum_rule
from reads.criteria.trace import Inputs, Rule, Value

NORMAL_NODE_MM = Decimal(10)
NOT_APPLICABLE = "NOT_APPLICABLE"


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
