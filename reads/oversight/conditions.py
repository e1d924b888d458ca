"""When a check fires: a small tree of data over named facts, decided without surprises.

A comparison with a fact that is not known is unknown, and unknown is not true (Kleene): a blank is
never "no". Nothing in a tree is executed.

    {"fact": "lesion.size", "below": "10"}        is, is_not, in, below, above, at_least, at_most
    {"fact": "lesion.size", "above": {"fact": "previous.size"}}
    {"fact": "lesion.reason", "known": false}
    {"all": […]}, {"any": […]}, {"not": …}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

Known = Mapping[str, Any]
_COMPARE: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "below": lambda left, right: left < right,
    "above": lambda left, right: left > right,
    "at_least": lambda left, right: left >= right,
    "at_most": lambda left, right: left <= right,
}
OPERATORS = frozenset({*_COMPARE, "is", "is_not", "in", "known"})


class ConditionError(ValueError):
    """A tree has no such form."""


def holds(tree: Mapping[str, Any], known: Known) -> bool | None:
    """Decide a tree over facts: true, false, or unknown.

    Raises:
        ConditionError: the tree is no condition.
    """
    if "all" in tree:
        parts = [holds(part, known) for part in tree["all"]]
        return False if False in parts else None if None in parts else True
    if "any" in tree:
        parts = [holds(part, known) for part in tree["any"]]
        return True if True in parts else None if None in parts else False
    if "not" in tree:
        answer = holds(tree["not"], known)
        return None if answer is None else not answer
    return _compare(tree, known)


def facts_of(tree: Mapping[str, Any]) -> set[str]:
    """Return the names of all facts that a tree asks for."""
    for word in ("all", "any"):
        if word in tree:
            return set().union(*(facts_of(part) for part in tree[word]))
    if "not" in tree:
        return facts_of(tree["not"])
    name, _, operand = _parts(tree)
    other = {operand["fact"]} if isinstance(operand, Mapping) else set()
    return {name} | other


def _parts(tree: Mapping[str, Any]) -> tuple[str, str, Any]:
    words = set(tree) - {"fact"}
    if "fact" not in tree or len(words) != 1 or not words <= OPERATORS:
        raise ConditionError(f"no condition: {sorted(tree)}")
    (operator,) = words
    return tree["fact"], operator, tree[operator]


def _compare(tree: Mapping[str, Any], known: Known) -> bool | None:
    name, operator, operand = _parts(tree)
    value = known.get(name)
    if operator == "known":
        return (value not in (None, "")) == operand
    if isinstance(operand, Mapping):
        operand = known.get(operand["fact"])
    if value in (None, "") or operand in (None, ""):
        return None
    if operator in _COMPARE:
        return _COMPARE[operator](Decimal(str(value)), Decimal(str(operand)))
    if operator == "in":
        return value in operand
    same = _plain(value) == _plain(operand)
    return same if operator == "is" else not same


def _plain(value: Any) -> Any:
    if isinstance(value, bool | Decimal):
        return value
    if isinstance(value, int):
        return Decimal(value)
    return value
