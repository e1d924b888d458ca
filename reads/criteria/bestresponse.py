"""Best overall response, date of response, date of progression, duration (criteria.md 2.7).

Source: Eisenhauer 2009 table 3 and section 4.6 for confirmed response; the settings are those of
criteria.md 2.7. RANO uses the same rule with its own ranking.
"""

from __future__ import annotations

from itertools import pairwise

from reads.criteria.base import BestResponse
from reads.criteria.confirmation import Sequenced, confirming_position
from reads.criteria.dates import duration_days
from reads.criteria.parameters import Options, Parameter
from reads.criteria.trace import Inputs, Rule, TraceStep, Value

RANKING = ("CR", "PR", "SD", "NON-CR/NON-PD", "NED", "PD", "NE")
NEEDS_MINIMUM = ("SD", "NON-CR/NON-PD")

CLAUSE = "RECIST 1.1 §4.4-4.6, table 3"

BEST_RESPONSE_PARAMETERS = (
    Parameter(
        name="confirm_min_days",
        kind="integer",
        default=28,
        minimum=0,
        maximum=365,
        unit="days",
        meaning="Shortest time from a response to the time point that confirms it.",
        clause="RECIST 1.1 §4.6",
    ),
    Parameter(
        name="sd_min_days",
        kind="integer",
        default=42,
        minimum=0,
        maximum=365,
        unit="days",
        meaning="Earliest day on which stable disease counts as best response.",
        clause="RECIST 1.1 §4.4",
    ),
    Parameter(
        name="max_ne_between",
        kind="integer",
        default=1,
        minimum=0,
        maximum=99,
        meaning="Not evaluable time points allowed between a response and its confirmation.",
        clause="RECIST 1.1 §4.4",
        question=4,
        readings={"1": "PR-NE-PR counts as confirmed", "2": "two NE in between are accepted too"},
    ),
    Parameter(
        name="accept_sd_between",
        kind="flag",
        default=False,
        meaning="One SD is allowed between a PR and its confirmation.",
        clause="RECIST 1.1 §4.6",
        question=2,
        readings={"false": "PR-SD-PR is SD", "true": "PR-SD-PR is a confirmed PR"},
    ),
    Parameter(
        name="cr_then_lesser",
        kind="choice",
        default="unconfirmed",
        choices=("unconfirmed", "correct_to_pr"),
        meaning="Reading of a CR that is followed by a PR.",
        clause="RECIST 1.1 table 3, note a",
        question=3,
        readings={
            "unconfirmed": "the CR stays as read and is not confirmed: SD if the minimum is met",
            "correct_to_pr": "the CR was not one and counts as PR",
        },
    ),
    Parameter(
        name="sd_minimum_by",
        kind="choice",
        default="assessment",
        choices=("assessment", "follow_up"),
        meaning="How the minimum duration of stable disease is met.",
        clause="RECIST 1.1 §4.4",
        question=6,
        readings={
            "assessment": "a CR, PR or SD assessment lies at or after the minimum",
            "follow_up": "the subject was followed until the minimum, whatever was seen then",
        },
    ),
    Parameter(
        name="stop_at_new_therapy",
        kind="flag",
        default=True,
        meaning="Time points after the start of new anticancer therapy do not count.",
        clause="RECIST 1.1 §4.4",
    ),
)


def until_progression(sequence: Sequenced, progressive: str = "PD") -> Sequenced:
    """Return the sequence up to and including the first progression."""
    for position, (_day, response) in enumerate(sequence):
        if response == progressive:
            return sequence[: position + 1]
    return sequence


def corrected(sequence: Sequenced, inputs: Inputs) -> Sequenced:
    """Return the counted part of a sequence, with a CR before a PR corrected if so set."""
    counted = list(until_progression(sequence))
    if inputs["cr_then_lesser"] == "correct_to_pr":
        for position in range(len(counted) - 2, -1, -1):
            if counted[position][1] == "CR" and counted[position + 1][1] == "PR":
                counted[position] = (counted[position][0], "PR")
    return counted


def best_unconfirmed(inputs: Inputs) -> str:
    """Return the best response of the list; SD only when the minimum is met."""
    sequence = corrected(inputs["sequence"], inputs)
    minimum = inputs["sd_min_days"]
    by_follow_up = inputs["sd_minimum_by"] == "follow_up" and reached(sequence, minimum)
    counted = {
        response
        for day, response in sequence
        if response not in NEEDS_MINIMUM or day >= minimum or by_follow_up
    }
    return next((response for response in inputs["ranking"] if response in counted), "NE")


def reached(sequence: Sequenced, day: int) -> bool:
    """Return whether the sequence goes on until a day."""
    return any(at >= day for at, _response in sequence)


def first_confirmed(sequence: Sequenced, inputs: Inputs, response: str) -> int | None:
    """Return the position of the first `response` that the same or a better one confirms."""
    ranking = inputs["ranking"]
    same_or_better = ranking[: ranking.index(response) + 1]
    between = {"NE": inputs["max_ne_between"]}
    if response != "CR" and inputs["accept_sd_between"]:
        between["SD"] = 1
    for position, (_day, seen) in enumerate(sequence):
        if seen != response:
            continue
        confirmed_at = confirming_position(
            sequence,
            position,
            confirmed_by=same_or_better,
            min_days=inputs["confirm_min_days"],
            between=between,
        )
        if confirmed_at is not None:
            return position
    return None


def responses(inputs: Inputs) -> tuple[str, ...]:
    """Return the responses that need confirmation, best first: all that rank above SD."""
    ranking: tuple[str, ...] = inputs["ranking"]
    return ranking[: ranking.index("SD")]


def best_confirmed(inputs: Inputs) -> str:
    """Return the best response when CR and PR need confirmation (table 3)."""
    sequence = corrected(inputs["sequence"], inputs)
    for response in responses(inputs):
        if first_confirmed(sequence, inputs, response) is not None:
            return response
    return without_confirmation(sequence, inputs)


def without_confirmation(sequence: Sequenced, inputs: Inputs) -> str:
    """Return the best response when no response was confirmed."""
    minimum = inputs["sd_min_days"]
    stable = {*responses(inputs), "SD"}
    seen = [response for _day, response in sequence]
    late = [response for day, response in sequence if day >= minimum]
    by_follow_up = inputs["sd_minimum_by"] == "follow_up" and bool(late)
    eligible = seen if by_follow_up else late
    if any(response in stable for response in eligible):
        return "SD"
    if "NON-CR/NON-PD" in eligible:
        return "NON-CR/NON-PD"
    if "NED" in seen:
        return "NED"
    if "PD" in seen:
        return "PD"
    return early_pair(seen, inputs)


def early_pair(seen: list[str], inputs: Inputs) -> str:
    """Return the cells of table 3 for a response and its successor before the SD minimum."""
    lesser = {*responses(inputs)[1:], "SD"}
    for first, following in pairwise(seen):
        if first == "CR" and following in lesser:
            return "PD"
        if first in responses(inputs)[1:] and following == "SD":
            return "SD"
    return "NE"


def compute_best(inputs: Inputs) -> Value:
    """Return the best overall response by the way of confirmation in the inputs."""
    return best_confirmed(inputs) if inputs["confirmation_required"] else best_unconfirmed(inputs)


def say_best(inputs: Inputs, value: Value) -> str:
    """Write the sequence and the result."""
    if not inputs["sequence"]:
        return f"No follow-up assessment: best overall response {value}"
    seen = ", ".join(f"{response} day {day}" for day, response in inputs["sequence"])
    way = (
        f"confirmed at least {inputs['confirm_min_days']} days later"
        if inputs["confirmation_required"]
        else "without confirmation"
    )
    return (
        f"Best overall response {value}, {way}, stable disease from day "
        f"{inputs['sd_min_days']}: {seen}"
    )


def compute_response_day(inputs: Inputs) -> Value:
    """Return the day of the first response that counts."""
    sequence = corrected(inputs["sequence"], inputs)
    if not inputs["confirmation_required"]:
        wanted = responses(inputs)
        return next((day for day, response in sequence if response in wanted), None)
    positions = [first_confirmed(sequence, inputs, response) for response in responses(inputs)]
    known = [position for position in positions if position is not None]
    return sequence[min(known)][0] if known else None


def say_response_day(inputs: Inputs, value: Value) -> str:
    """Write the day of response."""
    which = "confirmed " if inputs["confirmation_required"] else ""
    return f"First {which}response on day {value}" if value is not None else f"No {which}response"


def compute_progression_day(inputs: Inputs) -> Value:
    """Return the day of the first progression."""
    return next((day for day, response in inputs["sequence"] if response == "PD"), None)


def say_progression_day(_inputs: Inputs, value: Value) -> str:
    """Write the day of progression."""
    return f"First progression on day {value}" if value is not None else "No progression"


def compute_duration(inputs: Inputs) -> Value:
    """Return days from first response to progression, both counted."""
    return duration_days(inputs["response_day"], inputs["progression_day"])


def say_duration(_inputs: Inputs, value: Value) -> str:
    """Write the duration of response."""
    return f"Response lasted {value} days" if value is not None else "Duration of response is open"


BEST_RESPONSE = Rule(
    key="RECIST11.best_response",
    clause=CLAUSE,
    statement=(
        "Best response up to the first progression; where confirmation is required CR and PR "
        "need the same or a better response later, otherwise SD if its minimum is met."
    ),
    compute=compute_best,
    say=say_best,
)
RESPONSE_DAY = Rule(
    key="RECIST11.response_day",
    clause="RECIST 1.1 §4.6",
    statement="The response dates from the first (where required: later confirmed) CR or PR.",
    compute=compute_response_day,
    say=say_response_day,
)
PROGRESSION_DAY = Rule(
    key="RECIST11.progression_day",
    clause="RECIST 1.1 §4.6",
    statement="Progression dates from the first PD.",
    compute=compute_progression_day,
    say=say_progression_day,
)
DURATION = Rule(
    key="RECIST11.duration_days",
    clause="RECIST 1.1 §4.6",
    statement="Duration of response runs from the first response to progression.",
    compute=compute_duration,
    say=say_duration,
)
BEST_RESPONSE_RULES = (BEST_RESPONSE, RESPONSE_DAY, PROGRESSION_DAY, DURATION)


def best_response(
    sequence: Sequenced,
    options: Options,
    *,
    confirmation_required: bool,
    ranking: tuple[str, ...] = RANKING,
    rules: tuple[Rule, Rule, Rule, Rule] = BEST_RESPONSE_RULES,
    progression: TraceStep | None = None,
) -> BestResponse:
    """Return the best overall response of a chronological sequence of (day, response).

    options hold BEST_RESPONSE_PARAMETERS; ranking lists the responses of the criterion, best
    first; those above SD need confirmation. rules: the four of this module with the citations of
    the criterion. progression: the step that dates progression, where the criterion dates it in
    its own way. Source: criteria.md 2.7.
    """
    bor, response_day, progression_day, duration = rules
    inputs: dict[str, Value] = {
        "sequence": tuple(sequence),
        "confirmation_required": confirmation_required,
        "ranking": ranking,
    }
    for parameter in BEST_RESPONSE_PARAMETERS:
        inputs[parameter.name] = options[parameter.name]
    best = bor.derive("bor", inputs)
    responded = response_day.derive("response_day", inputs)
    progressed = progression or progression_day.derive("progression_day", inputs)
    lasted = duration.derive(
        "duration_days",
        {"response_day": responded.value, "progression_day": progressed.value},
    )
    return BestResponse(
        confirmation_required=confirmation_required,
        response=best.value,
        response_day=responded.value,
        progression_day=progressed.value,
        duration_days=lasted.value,
        trace=(best, responded, progressed, lasted),
    )
