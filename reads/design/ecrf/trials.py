"""Values to try for items and facts, and comparing them as the forms engine will."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from studies.forms.definition import Item, Kind
from studies.forms.trees import Operand

DAY = date(2026, 3, 5)
_MARGIN = Decimal(1)
_TYPICAL = (Decimal(20), Decimal(0), Decimal(8), Decimal(45))


def domain(item: Item | None) -> Iterator[Any]:
    """Yield answers that an item can have."""
    if item is None:
        return
    match item.kind:
        case Kind.BOOLEAN:
            yield from (True, False)
        case Kind.CHOICE:
            yield from (choice.code for choice in item.choices)
        case Kind.MULTIPLE_CHOICE:
            yield from ((choice.code,) for choice in item.choices)
        case Kind.DECIMAL | Kind.INTEGER:
            yield from (n for n in _TYPICAL if _fits(item, n))
        case Kind.DATE:
            yield from (DAY.isoformat(), (DAY - timedelta(days=60)).isoformat())
        case Kind.TIME:
            yield from ("09:30", "14:05")
        case Kind.TEXT | Kind.LONG_TEXT:
            yield from ("T01", "scripted")
        case _:
            return


def facts(name: str, kinds: Mapping[str, str]) -> list[Any]:
    """Return values that a fact of the caller can have."""
    kind = kinds.get(name, "text")
    if kind == "date":
        return [DAY.isoformat(), (DAY - timedelta(days=60)).isoformat()]
    if kind in ("decimal", "integer"):
        return [Decimal(5), Decimal(1), Decimal(40)]
    if kind == "boolean":
        return [True, False]
    return ["baseline", "follow_up"] if name == "time_point.kind" else ["scripted"]


def _fits(item: Item, number: Decimal) -> bool:
    low, high = item.minimum, item.maximum
    return (low is None or number >= low) and (high is None or number <= high)


def around(value: object) -> list[Any]:
    """Return a value and what lies just beside it."""
    if isinstance(value, Decimal):
        return [value, value + _MARGIN, value - _MARGIN, value * 3 + _MARGIN]
    if isinstance(value, tuple):
        return list(value)
    return [value]


def shifted(value: Any, operand: Operand) -> Any:
    """Return a value as an operand shifts it: times and plus."""
    if isinstance(value, Decimal):
        return value * (operand.times or Decimal(1)) + (operand.plus or Decimal(0))
    return value


def same(one: object, other: object) -> bool:
    """Tell whether two values are one, and of one kind."""
    return type(one) is type(other) and one == other


def holds(left: Any, operator: str, right: Any) -> bool | None:
    """Compare two wished values as the engine will; None when it cannot be said here."""
    match operator:
        case "is":
            return left == right if type(left) is type(right) else None
        case "is_not":
            return left != right if type(left) is type(right) else None
        case "one_of" | "none_of":
            found = isinstance(right, tuple) and left in right
            return found if operator == "one_of" else not found
        case "contains":
            return isinstance(left, tuple) and right in left
        case "starts_with":
            return isinstance(left, str) and left.startswith(str(right))
    if type(left) is not type(right) or not isinstance(left, Decimal | str):
        return None
    match operator:
        case "at_least":
            return left >= right
        case "more_than":
            return left > right
        case "at_most":
            return left <= right
        case _:
            return left < right
