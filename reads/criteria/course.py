"""Best response and its dates for criteria other than RECIST 1.1, with their own citations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reads.criteria.base import BestResponse, Options
from reads.criteria.bestresponse import (
    BEST_RESPONSE,
    BEST_RESPONSE_PARAMETERS,
    DURATION,
    PROGRESSION_DAY,
    RESPONSE_DAY,
)
from reads.criteria.confirmation import Sequenced
from reads.criteria.parameters import Parameter
from reads.criteria.trace import Rule, TraceStep, Value


def best_parameters(clause: str) -> tuple[Parameter, ...]:
    """Return the best-response parameters without a minimum for stable disease."""
    found = []
    for parameter in BEST_RESPONSE_PARAMETERS:
        default = 0 if parameter.name == "sd_min_days" else parameter.default
        found.append(replace(parameter, default=default, clause=clause))
    return tuple(found)


def best_rules(*, key: str, clause: str, statement: str) -> dict[str, Rule]:
    """Return the rules of a best response by the name of the value that each derives."""
    return {
        "bor": replace(
            BEST_RESPONSE, key=f"{key}.best_response", clause=clause, statement=statement
        ),
        "response_day": replace(RESPONSE_DAY, key=f"{key}.response_day", clause=clause),
        "progression_day": replace(PROGRESSION_DAY, key=f"{key}.progression_day", clause=clause),
        "duration_days": replace(DURATION, key=f"{key}.duration_days", clause=clause),
    }


def best_entry(
    sequence: Sequenced,
    options: Options,
    rules: Mapping[str, Rule],
    *,
    ranking: tuple[str, ...],
    confirmation_required: bool,
    progression: TraceStep | None = None,
) -> BestResponse:
    """Return the best response of a chronological sequence of (day, response).

    progression: the step that dates progression, where the criterion dates it in its own way.
    """
    inputs: dict[str, Value] = {
        "sequence": tuple(sequence),
        "confirmation_required": confirmation_required,
        "ranking": ranking,
    }
    inputs |= {item.name: options[item.name] for item in BEST_RESPONSE_PARAMETERS}
    best = rules["bor"].derive("bor", inputs)
    responded = rules["response_day"].derive("response_day", inputs)
    progressed = progression or rules["progression_day"].derive("progression_day", inputs)
    lasted = rules["duration_days"].derive(
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
