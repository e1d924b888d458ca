"""Words for people: how values are shown, and the sentences of the built-in checks.

The sentences are a table by code, so that a caller with another language can supply its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from decimal import Decimal

from studies.forms.definition import Item
from studies.forms.values import Answer, PartialDate, Status, Value

_FACT = re.compile(r"\{([a-z_]+)\}")
NOTHING = "–"

ABSENCE_WORDS = {Status.NOT_DONE: "Not done", Status.NOT_EVALUABLE: "Not evaluable"}

SENTENCES: Mapping[str, str] = {
    "required": "{label} is missing. Answer it, or say why it was not done or cannot be evaluated.",
    "required_answer": "{label} is missing.",
    "min_rows": "{label} needs at least {limit}.",
    "max_rows": "{label} takes at most {limit}.",
    "not_a_number": "{label} is not a number. Write it in digits, for example 12.5.",
    "not_whole": "{label} is a whole number.",
    "too_many_digits": "{label} has more than {limit} digits.",
    "too_many_decimals": "{label} takes at most {limit} decimals.",
    "ambiguous_comma": "{label} can be read in two ways. Write {as_decimal} or {as_whole}.",
    "below": "{label} is below {limit}.",
    "above": "{label} is above {limit}.",
    "unknown_unit": "{label} is not recorded in this unit. Choose {units}.",
    "not_a_date": "{label} is not a date. Write it like 2026-03-05 or 05 Mar 2026.",
    "imprecise_date": "{label} needs the {precision}.",
    "not_a_time": "{label} is not a time. Write it like 14:05.",
    "not_a_text": "{label} is not a text.",
    "too_long": "{label} is longer than {limit} characters.",
    "not_storable": "{label} contains characters that cannot be kept.",
    "not_a_choice": "{label} has an answer that this form does not offer.",
    "not_a_boolean": "{label} takes yes or no.",
    "not_rows": "{label} is not a list of rows.",
    "not_a_row": "One row of {label} is not a row.",
    "absence_unreasoned": "Say why {label} is marked “{absence}”.",
    "absence_refused": "{label} cannot be marked “{absence}”.",
    "derived_differs": "{label} was recorded as {recorded}, but it follows as {derived}.",
    "derived_missing": "{label} was recorded as {recorded}, but it cannot follow from the answers.",
    "derivation_missing": "{label} could not be computed: {name} is not available here.",
    "unknown_item": "This form has no item {name}.",
    "unreadable": "The answers of {label} are not readable.",
}


def number_text(number: Decimal) -> str:
    """A number in plain digits with a real minus sign, never with an exponent."""
    return format(number, "f").replace("-", "\N{MINUS SIGN}")


def spoken(value: Value) -> str:
    """A value without an item as people read it."""
    match value:
        case Decimal():
            return number_text(value)
        case PartialDate():
            return value.spoken
        case time():
            return value.isoformat("seconds" if value.second else "minutes")
        case _:
            return str(value)


def value_text(item: Item, value: Value | None) -> str:
    """A value as people read it, with its unit."""
    match value:
        case None:
            return NOTHING
        case bool():
            return "Yes" if value else "No"
        case Decimal():
            return f"{number_text(value)} {item.unit}".strip()
        case PartialDate():
            return value.spoken
        case time():
            return value.isoformat("seconds" if value.second else "minutes")
        case tuple():
            return ", ".join(_label(item, code) for code in value) or NOTHING
        case _:
            return _label(item, value)


def _label(item: Item, code: str) -> str:
    choice = item.choice(code)
    return choice.label if choice else code


def answer_text(item: Item, answer: Answer) -> str:
    """An answer as people read it: the value as entered, or why there is none."""
    if answer.status in ABSENCE_WORDS:
        words = ABSENCE_WORDS[answer.status]
        return f"{words}: {answer.reason}" if answer.reason else words
    if answer.status is Status.INVALID:
        return answer.entered or NOTHING
    if answer.number is not None:
        return f"{number_text(answer.number)} {answer.unit}".strip()
    return value_text(item, answer.value)


def sentence(code: str, facts: Mapping[str, str]) -> str:
    """The sentence of a built-in check, with its facts filled in; a question stands in quotes."""
    return _FACT.sub(lambda match: _quoted(facts.get(match[1], match[0])), SENTENCES[code])


def _quoted(fact: str) -> str:
    return f"“{fact}”" if fact.endswith("?") else fact
