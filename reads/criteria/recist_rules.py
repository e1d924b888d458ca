"""Rules of RECIST 1.1 beside the targets: non-targets, new lesions, overall response.

Source: Eisenhauer 2009 §4.3 and tables 1 and 2, EORTC clarifications (criteria.md 2.4 to 2.6).
The tables of the paper are data.
"""

from __future__ import annotations

from collections.abc import Mapping

from reads.criteria.base import (
    DecisionTable,
)
from reads.criteria.facts import (
    Certainty,
    NonTargetState,
)
from reads.criteria.recist_targets import NOT_APPLICABLE
from reads.criteria.trace import Inputs, Rule, Value

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
