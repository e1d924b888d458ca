"""Nadir: the smallest complete sum among baseline and all earlier time points.

Never the current one; incomplete sums never enter it (criteria.md section 1, point 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from reads.criteria.arithmetic import grown_by, percent_change, percent_words, shrunk_by, words
from reads.criteria.trace import Inputs, Rule, Value


@dataclass(slots=True)
class Nadir:
    """Running nadir of one stream, in chronological order."""

    value: Decimal | None = None
    time_point: str = ""
    latest: Decimal | None = None
    latest_time_point: str = ""

    def take(self, value: Decimal | None, time_point: str) -> None:
        """Let the sum of a finished time point enter; None (incomplete) changes nothing."""
        if value is None:
            return
        self.value, self.time_point = self.before()
        self.latest, self.latest_time_point = value, time_point

    def before(self) -> tuple[Decimal | None, str]:
        """Return the nadir of everything taken so far and the time point that showed it."""
        if self.latest is None:
            return self.value, self.time_point
        if self.value is None or self.latest < self.value:
            return self.latest, self.latest_time_point
        return self.value, self.time_point

    def inputs(self) -> Inputs:
        """Return the inputs of the nadir rule: the nadir until the last sum, and the last sum.

        Two sums instead of the whole list keep a stream of any length linear.
        """
        return {
            "earlier_nadir": self.value,
            "earlier_time_point": self.time_point,
            "last_sum": self.latest,
            "last_time_point": self.latest_time_point,
        }


def nadir_rule(*, key: str, clause: str, unit: str) -> Rule:
    """Return the rule for the nadir before a time point.

    Inputs as `Nadir.inputs` gives them.
    """

    def nadir(inputs: Inputs) -> tuple[Decimal | None, str]:
        return Nadir(
            value=inputs["earlier_nadir"],
            time_point=inputs["earlier_time_point"],
            latest=inputs["last_sum"],
            latest_time_point=inputs["last_time_point"],
        ).before()

    def compute(inputs: Inputs) -> Value:
        return nadir(inputs)[0]

    def say(inputs: Inputs, value: Value) -> str:
        if value is None:
            return "No complete sum before this time point"
        return f"Nadir before this time point is {words(value, unit)} ({nadir(inputs)[1]})"

    statement = "The nadir is the smallest complete sum of baseline and all earlier time points."
    return Rule(key=key, clause=clause, statement=statement, compute=compute, say=say)


def change_rule(*, key: str, clause: str, unit: str, reference: str) -> Rule:
    """Return the rule for a percentage change; inputs `value` and `reference`."""

    def compute(inputs: Inputs) -> Value:
        if inputs["value"] is None or inputs["reference"] is None:
            return None
        return percent_change(inputs["value"], inputs["reference"])

    def say(inputs: Inputs, value: Value) -> str:
        if value is None:
            return f"No percentage against the {reference}"
        direction = "below" if value < 0 else "above"
        return (
            f"Sum {words(inputs['value'], unit)} is {percent_words(value)} {direction} "
            f"the {reference} of {words(inputs['reference'], unit)}"
        )

    statement = f"Percentage change of the sum against the {reference}."
    return Rule(key=key, clause=clause, statement=statement, compute=compute, say=say)


def difference_rule(*, key: str, clause: str, unit: str, reference: str) -> Rule:
    """Return the rule for an absolute change; inputs `value` and `reference`."""

    def compute(inputs: Inputs) -> Value:
        if inputs["value"] is None or inputs["reference"] is None:
            return None
        return inputs["value"] - inputs["reference"]

    def say(inputs: Inputs, value: Value) -> str:
        if value is None:
            return f"No absolute change against the {reference}"
        return f"Sum changed by {words(value, unit)} against the {reference}"

    statement = f"Absolute change of the sum against the {reference}."
    return Rule(key=key, clause=clause, statement=statement, compute=compute, say=say)


def progressed(
    value: Decimal,
    nadir: Decimal,
    *,
    percent: Decimal,
    absolute: Decimal,
) -> bool:
    """Return whether a sum reaches the progression limit over the nadir.

    Both limits are inclusive: at least `percent` above and at least `absolute` more.
    """
    return grown_by(value, nadir, percent) and value - nadir >= absolute


def responded(value: Decimal, baseline: Decimal, *, percent: Decimal) -> bool:
    """Return whether a sum is at least `percent` below the baseline (inclusive)."""
    return shrunk_by(value, baseline, percent)
