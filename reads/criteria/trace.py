"""Derivation trace: every derived value with its inputs, its rule and its source.

A rule is a pure function of named inputs. The engine never computes a derived value by any other
way than `Rule.derive`, so a stored trace recomputes to its value: `step.recompute()`.
The sentence is written only when somebody reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from reads.criteria.arithmetic import exact, words
from reads.criteria.errors import CriteriaError, missing

# What a rule takes and returns: text, number, flag, nothing, a list of these or a named set.
Value = Any
Inputs = Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A published rule as a pure function.

    key: stable identifier, `<criterion>.<what>`, for example `RECIST11.target_response`.
    clause: citation as shown to the reader, for example `RECIST 1.1 §4.3.1`.
    statement: the rule in one sentence, for the generated documentation.
    compute: inputs to value; uses nothing but its argument.
    say: inputs and value to the sentence that a radiologist reads, without the citation.
    """

    key: str
    clause: str
    statement: str
    compute: Callable[[Inputs], Value]
    say: Callable[[Inputs, Value], str]

    def derive(self, name: str, inputs: Inputs) -> TraceStep:
        """Compute the value called `name` and keep how it came about."""
        return TraceStep(name=name, rule=self, inputs=inputs, value=self.compute(inputs))


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStep:
    """One derived value: its name, the rule, what went in and what came out."""

    name: str
    rule: Rule
    inputs: Inputs
    value: Value

    @property
    def clause(self) -> str:
        """Return the citation of the rule."""
        return self.rule.clause

    @property
    def sentence(self) -> str:
        """Return the derivation in words, with the citation at its end."""
        with exact():
            return f"{self.rule.say(self.inputs, self.value)}, {self.rule.clause}"

    def recompute(self) -> Value:
        """Apply the rule to the stored inputs again."""
        with exact():
            return self.rule.compute(self.inputs)

    def as_data(self) -> dict[str, Value]:
        """Return the step as plain JSON data; `from_data` reads it back."""
        return {
            "name": self.name,
            "rule": self.rule.key,
            "clause": self.clause,
            "inputs": {key: encoded(value) for key, value in self.inputs.items()},
            "value": encoded(self.value),
            "sentence": self.sentence,
        }


def from_data(data: Mapping[str, Value], rule_named: Callable[[str], Rule]) -> TraceStep:
    """Read a stored step back.

    Raises CriteriaError when an item is missing or the rule is not known.
    """
    for key in ("name", "rule", "inputs", "value"):
        if key not in data:
            raise missing(f"trace.{key}")
    return TraceStep(
        name=str(data["name"]),
        rule=rule_named(str(data["rule"])),
        inputs={key: decoded(value) for key, value in data["inputs"].items()},
        value=decoded(data["value"]),
    )


def encoded(value: Value) -> Value:
    """Turn a value into JSON data that keeps decimals exact."""
    if isinstance(value, Decimal):
        return {"decimal": format(value, "f")}
    if isinstance(value, (tuple, list)):
        return [encoded(item) for item in value]
    if isinstance(value, Mapping):
        return {"items": {str(key): encoded(item) for key, item in value.items()}}
    return value


def decoded(value: Value) -> Value:
    """Turn JSON data written by `encoded` back into values."""
    if isinstance(value, list):
        return tuple(decoded(item) for item in value)
    if isinstance(value, Mapping):
        if "decimal" in value:
            try:
                return Decimal(value["decimal"])
            except (InvalidOperation, TypeError, ValueError):
                raise CriteriaError("trace.decimal", "is not a number") from None
        return {key: decoded(item) for key, item in value.get("items", {}).items()}
    return value


def listed(items: Mapping[str, Decimal | None], unit: str) -> str:
    """Write lesions and their values: `T01 30 mm + T02 not evaluable`."""
    return " + ".join(
        f"{key} {words(value, unit) if value is not None else 'not evaluable'}"
        for key, value in items.items()
    )
