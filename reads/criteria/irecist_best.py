"""Best overall iRECIST response (iBOR).

Source: Seymour 2017 table 3 (criteria.md 3.4): best of iCR, iPR, iSD, NON-iCR/NON-iUPD, iCPD,
iUPD, NE among the assessments before iCPD; an iUPD in between does not end it.
"""

from __future__ import annotations

from collections.abc import Mapping

from reads.criteria.base import BestResponse, Options, Record
from reads.criteria.bestresponse import BEST_RESPONSE_PARAMETERS, until_progression
from reads.criteria.confirmation import Sequenced, confirming_position
from reads.criteria.dates import duration_days
from reads.criteria.recist_files import sequence_of
from reads.criteria.trace import Inputs, Rule, Value

RANKING = ("iCR", "iPR", "iSD", "NON-iCR/NON-iUPD", "NED", "iCPD", "iUPD", "NE")
RESPONSES = ("iCR", "iPR")
NEEDS_MINIMUM = frozenset({"iSD", "NON-iCR/NON-iUPD"})
TAKEN = ("confirm_min_days", "sd_min_days", "max_ne_between", "stop_at_new_therapy")
PARAMETERS = tuple(p for p in BEST_RESPONSE_PARAMETERS if p.name in TAKEN)


def confirmed_position(inputs: Inputs, sequence: Sequenced, response: str) -> int | None:
    """Return the position of the first `response` that the same or a better one confirms."""
    same_or_better = RESPONSES[: RESPONSES.index(response) + 1]
    for position, (_day, seen) in enumerate(sequence):
        if seen == response and confirming_position(
            sequence,
            position,
            confirmed_by=same_or_better,
            min_days=inputs["confirm_min_days"],
            between={"NE": inputs["max_ne_between"]},
        ):
            return position
    return None


def compute_best(inputs: Inputs) -> Value:
    """Return the best response by the way of confirmation in the inputs."""
    sequence = until_progression(inputs["sequence"], "iCPD")
    minimum = inputs["sd_min_days"]
    seen = {
        response for day, response in sequence if response not in NEEDS_MINIMUM or day >= minimum
    }
    if inputs["confirmation_required"]:
        for response in RESPONSES:
            if confirmed_position(inputs, sequence, response) is not None:
                return response
        if any(response in RESPONSES and day >= minimum for day, response in sequence):
            return "iSD"
        seen -= set(RESPONSES)
    return next((response for response in RANKING if response in seen), "NE")


def compute_response_day(inputs: Inputs) -> Value:
    """Return the day of the first (where required: later confirmed) iCR or iPR."""
    sequence = until_progression(inputs["sequence"], "iCPD")
    if not inputs["confirmation_required"]:
        return next((day for day, response in sequence if response in RESPONSES), None)
    found = [confirmed_position(inputs, sequence, response) for response in RESPONSES]
    known = [position for position in found if position is not None]
    return sequence[min(known)][0] if known else None


def say_best(inputs: Inputs, value: Value) -> str:
    """Write the sequence and the result."""
    seen = ", ".join(f"{response} day {day}" for day, response in inputs["sequence"])
    way = "with" if inputs["confirmation_required"] else "without"
    return f"Best overall response {value}, {way} confirmation: {seen or 'no assessment'}"


BEST = Rule(
    key="iRECIST.best_response",
    clause="iRECIST table 3",
    statement="Best response before iCPD; an iUPD in between does not end the search.",
    compute=compute_best,
    say=say_best,
)
RESPONSE_DAY = Rule(
    key="iRECIST.response_day",
    clause="iRECIST §Response",
    statement="The response dates from the first (where required: later confirmed) iCR or iPR.",
    compute=compute_response_day,
    say=lambda _inputs, value: "No response" if value is None else f"First response on day {value}",
)
DURATION = Rule(
    key="iRECIST.duration_days",
    clause="iRECIST §Response",
    statement="Duration of response runs from the first response to progression.",
    compute=lambda inputs: duration_days(inputs["response_day"], inputs["progression_day"]),
    say=lambda _inputs, value: (
        "Duration of response is open" if value is None else f"Response lasted {value} days"
    ),
)
RULES = (BEST, RESPONSE_DAY, DURATION)


def best_response(
    sequence: Sequenced,
    options: Options,
    *,
    confirmation_required: bool,
    progression_day: int | None,
) -> BestResponse:
    """Return the best overall iRECIST response of a chronological sequence of (day, response)."""
    inputs: dict[str, Value] = {
        "sequence": tuple(sequence),
        "confirmation_required": confirmation_required,
        "confirm_min_days": options.integer("confirm_min_days"),
        "sd_min_days": options.integer("sd_min_days"),
        "max_ne_between": options.integer("max_ne_between"),
    }
    best = BEST.derive("bor", inputs)
    response_day = RESPONSE_DAY.derive("response_day", inputs)
    lasted = DURATION.derive(
        "duration_days", {"response_day": response_day.value, "progression_day": progression_day}
    )
    return BestResponse(
        confirmation_required=confirmation_required,
        response=best.value,
        response_day=response_day.value,
        progression_day=progression_day,
        duration_days=lasted.value,
        trace=(best, response_day, lasted),
    )


def best_of(
    sequence: Sequenced,
    options: Options,
    progression_day: int | None,
) -> tuple[BestResponse, ...]:
    """Return the best response without and with confirmation."""
    return tuple(
        best_response(
            sequence, options, confirmation_required=required, progression_day=progression_day
        )
        for required in (False, True)
    )


def answer_sequence(record: Record, options: Options) -> Mapping[str, Value]:
    """Answer a case of the best-response sequences."""
    sequence = sequence_of(record, RANKING)
    best = best_response(
        sequence,
        options,
        confirmation_required=options.flag("confirmation_required"),
        progression_day=None,
    )
    return {"ibor": best.response}
