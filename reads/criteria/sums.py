"""Sums over lesions: complete sum, sum of the values present, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from reads.criteria.arithmetic import ZERO, words
from reads.criteria.errors import missing, negative
from reads.criteria.trace import Inputs, Rule, Value, listed


def complete_sum(values: Mapping[str, Decimal | None]) -> Decimal | None:
    """Return the sum, or None when there is no lesion or one of them has no value."""
    if not values:
        return None
    present = [value for value in values.values() if value is not None]
    return total(present) if len(present) == len(values) else None


def partial_sum(values: Mapping[str, Decimal | None]) -> Decimal | None:
    """Return the sum of the values that are there; None when none is."""
    present = [value for value in values.values() if value is not None]
    return total(present) if present else None


def total(values: Iterable[Decimal]) -> Decimal:
    """Return the total, zero for none."""
    return sum(values, ZERO)


def piece_sum(products_mm2: Sequence[Decimal], field: str) -> Decimal:
    """Return the products of the pieces of a split lesion, summed, in mm² (Cheson 2014).

    Raises CriteriaError naming the field when none is given or one is negative.
    """
    if not products_mm2:
        raise missing(f"{field}.fragments_mm2", "a split lesion")
    for position, product in enumerate(products_mm2):
        if product < 0:
            raise negative(f"{field}.fragments_mm2[{position}]")
    return total(products_mm2)


def sum_rule(*, key: str, clause: str, unit: str, what: str) -> Rule:
    """Return the rule for a sum over lesions.

    Input `values`: lesion identifier to value or None; input `unit` is fixed here, mm or mm² or
    ml; `what` names the sum in the sentence, for example `Sum of diameters`.
    """

    def compute(inputs: Inputs) -> Value:
        return complete_sum(inputs["values"])

    def say(inputs: Inputs, value: Value) -> str:
        if value is None:
            return f"{what} is incomplete: {listed(inputs['values'], unit) or 'no lesion'}"
        return f"{what} {words(value, unit)} = {listed(inputs['values'], unit)}"

    statement = f"{what} is the total over all lesions; it is complete only if each has a value."
    return Rule(key=key, clause=clause, statement=statement, compute=compute, say=say)
