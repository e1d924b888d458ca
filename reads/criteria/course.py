"""Best response and its dates for criteria other than RECIST 1.1, with their own citations."""

from __future__ import annotations

from dataclasses import replace

from reads.criteria.bestresponse import (
    BEST_RESPONSE,
    BEST_RESPONSE_PARAMETERS,
    DURATION,
    PROGRESSION_DAY,
    RESPONSE_DAY,
)
from reads.criteria.parameters import Parameter
from reads.criteria.trace import Rule


def best_parameters(clause: str) -> tuple[Parameter, ...]:
    """Return the best-response parameters without a minimum for stable disease."""
    found = []
    for parameter in BEST_RESPONSE_PARAMETERS:
        default = 0 if parameter.name == "sd_min_days" else parameter.default
        found.append(replace(parameter, default=default, clause=clause))
    return tuple(found)


def best_rules(*, key: str, clause: str, statement: str) -> tuple[Rule, Rule, Rule, Rule]:
    """Return the rules of a best response: response, its day, day of progression, duration."""
    return (
        replace(BEST_RESPONSE, key=f"{key}.best_response", clause=clause, statement=statement),
        replace(RESPONSE_DAY, key=f"{key}.response_day", clause=clause),
        replace(PROGRESSION_DAY, key=f"{key}.progression_day", clause=clause),
        replace(DURATION, key=f"{key}.duration_days", clause=clause),
    )
