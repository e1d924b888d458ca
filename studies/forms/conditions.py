"""Conditions: small trees of data, decided by one pure function.

A condition is true, false or *unknown*. It is unknown when it needs a value that is blank, not
evaluable, hidden or unreadable (Kleene's three-valued logic), because a blank is never "no":
`{"not": {"item": "scan.contrast", "is": true}}` is unknown, not true, while nobody has answered.
A check fires only when its `when` is true and its `must` is false. There are no expressions in
strings and nothing is executed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import time
from decimal import Decimal
from typing import Protocol, TypeAlias

from studies.forms.trees import (
    OUTER,
    All,
    AnyOf,
    Compare,
    Condition,
    Not,
    Operand,
    OverRows,
    Term,
)
from studies.forms.values import Answer, PartialDate, Status, Value, date_from, time_from

Rows: TypeAlias = Mapping[str, int]


class Facts(Protocol):
    """What a condition may ask. `rows` says which row of each group it is asked for."""

    def answer(self, path: str, rows: Rows) -> Answer: ...

    def before(self, path: str, rows: Rows) -> Answer: ...

    def context(self, name: str) -> Value | None: ...

    def row_keys(self, group: str) -> tuple[str, ...]: ...

    def row_keys_before(self, group: str) -> tuple[str, ...] | None: ...

    def group_of(self, path: str) -> str: ...


def decide(condition: Condition, facts: Facts, rows: Rows) -> bool | None:
    """Whether a condition holds: True, False, or None when it cannot be known."""
    match condition:
        case All(parts):
            return _all([decide(part, facts, rows) for part in parts])
        case AnyOf(parts):
            return _any([decide(part, facts, rows) for part in parts])
        case Not(part):
            answer = decide(part, facts, rows)
            return None if answer is None else not answer
        case OverRows(group, every, where):
            each = [
                decide(where, facts, _inside(rows, group, index))
                for index in range(len(facts.row_keys(group)))
            ]
            return _all(each) if every else _any(each)
        case Compare():
            return _compare(condition, facts, rows)


def _inside(rows: Rows, group: str, index: int) -> Rows:
    """The scope in one row of a group; the row it came from stays known as `outer`."""
    kept = {OUTER + group: rows[group]} if group in rows else {}
    return {**rows, **kept, group: index}


def _all(parts: list[bool | None]) -> bool | None:
    return False if False in parts else None if None in parts else True


def _any(parts: list[bool | None]) -> bool | None:
    return True if True in parts else None if None in parts else False


def _compare(compare: Compare, facts: Facts, rows: Rows) -> bool | None:
    term, operator, operand = compare.term, compare.operator, compare.operand
    if operator in ("answered", "status"):
        status = _status(term, facts, rows)
        if operator == "answered":
            return (status is Status.ANSWERED) == operand.literal
        return status.value == operand.literal
    left = term_value(term, facts, rows)
    right = operand_value(operand, facts, rows)
    return None if left is None or right is None else _holds(left, operator, right)


def _status(term: Term, facts: Facts, rows: Rows) -> Status:
    if term.head == "item":
        return facts.answer(term.target, rows).status
    if term.head == "previous":
        return facts.before(term.target, rows).status
    return Status.BLANK if term_value(term, facts, rows) is None else Status.ANSWERED


def term_value(term: Term, facts: Facts, rows: Rows) -> Value | None:
    """The value of a left-hand side, or None when there is none."""
    match term.head:
        case "item":
            return facts.answer(term.target, rows).value
        case "previous":
            return facts.before(term.target, rows).value
        case "context":
            return facts.context(term.target)
        case "count":
            return Decimal(_count(term, facts, rows))
        case "days":
            return _days(term, facts, rows)
        case _:
            return _rows_changed(term, facts)


def _count(term: Term, facts: Facts, rows: Rows) -> int:
    """Rows for which `where` is true; with `per`, the most rows that share one value."""
    count = len(facts.row_keys(term.target))
    scopes = [_inside(rows, term.target, index) for index in range(count)]
    where = term.where
    if where is not None:
        scopes = [scope for scope in scopes if decide(where, facts, scope) is True]
    if not term.per:
        return len(scopes)
    values = [facts.answer(term.per, scope).value for scope in scopes]
    shared = Counter(
        value.strip().casefold() if isinstance(value, str) else value
        for value in values
        if value is not None
    )
    return max(shared.values(), default=0)


def _rows_changed(term: Term, facts: Facts) -> Decimal | None:
    before = facts.row_keys_before(term.target)
    if before is None:
        return None
    old = {key for key in before if key}
    new = {key for key in facts.row_keys(term.target) if key}
    return Decimal(len(old - new) if term.head == "missing_rows" else len(new - old))


def _days(term: Term, facts: Facts, rows: Rows) -> Decimal | None:
    if term.start is None or term.end is None:
        return None
    return days_between(
        operand_value(term.start, facts, rows), operand_value(term.end, facts, rows)
    )


def days_between(start: Value | None, end: Value | None) -> Decimal | None:
    """Days from `start` to `end` (negative when it is earlier). Partial dates give none."""
    first, last = _as_date(start), _as_date(end)
    if first is None or last is None or not first.day or not last.day:
        return None
    return Decimal((last.first - first.first).days)


def _as_date(value: Value | None) -> PartialDate | None:
    return value if isinstance(value, PartialDate) else date_from(value)


def operand_value(operand: Operand, facts: Facts, rows: Rows) -> Value | None:
    """The value of a right-hand side, scaled by `times`, shifted by `plus` (a time: minutes)."""
    match operand.kind:
        case "literal":
            value = operand.literal
        case "other":
            value = facts.answer(operand.target, rows).value
        case "outer":
            group = facts.group_of(operand.target)
            outer = {group: rows[OUTER + group]} if OUTER + group in rows else {}
            value = facts.answer(operand.target, outer).value
        case "previous":
            value = facts.before(operand.target, rows).value
        case _:
            value = facts.context(operand.target)
    if operand.times is None and operand.plus is None:
        return value
    if isinstance(value, time) and operand.times is None:
        return _later(value, operand.plus or Decimal(0))
    if not isinstance(value, Decimal):
        return None
    return value * (operand.times or Decimal(1)) + (operand.plus or Decimal(0))


def _later(moment: time, minutes: Decimal) -> time:
    """A time of day shifted by minutes; it stops at the ends of the day."""
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second + int(minutes * 60)
    kept = min(max(seconds, 0), 86_399)
    return time(kept // 3600, kept // 60 % 60, kept % 60)


def _holds(left: Value, operator: str, right: Value) -> bool | None:
    match operator:
        case "is":
            return _same(left, right)
        case "is_not":
            same = _same(left, right)
            return None if same is None else not same
        case "one_of" | "none_of":
            if not isinstance(right, tuple):
                return None
            found = _any([_same(left, each) for each in right])
            return found if operator == "one_of" or found is None else not found
        case "contains":
            return right in left if isinstance(left, tuple) and isinstance(right, str) else None
        case "starts_with":
            known = isinstance(left, str) and isinstance(right, str)
            return str(left).startswith(str(right)) if known else None
        case _:
            return _ordered(left, operator, right)


def _same(left: Value, right: Value) -> bool | None:
    left, right = _alike(left, right)
    if type(left) is not type(right):
        return None
    if isinstance(left, PartialDate) and isinstance(right, PartialDate):
        if left.last < right.first or right.last < left.first:
            return False
        return True if left.day and right.day else None
    return left == right


def _ordered(left: Value, operator: str, right: Value) -> bool | None:
    """Compare by the earliest and latest a value can be, so that partial dates stay honest."""
    if operator in ("at_most", "less_than"):
        reverse = _ordered(left, "more_than" if operator == "at_most" else "at_least", right)
        return None if reverse is None else not reverse
    here, there = (_bounds(value) for value in _alike(left, right))
    if here is None or there is None or here[0] != there[0]:
        return None
    _, low, high = here
    _, other_low, other_high = there
    if operator == "at_least":
        return True if low >= other_high else False if high < other_low else None
    return True if low > other_high else False if high <= other_low else None


def _bounds(value: Value) -> tuple[str, Decimal, Decimal] | None:
    """What kind of scale a value is on, and the least and greatest point it can be there."""
    match value:
        case PartialDate():
            return ("date", Decimal(value.first.toordinal()), Decimal(value.last.toordinal()))
        case Decimal():
            return ("number", value, value)
        case time():
            seconds = Decimal(value.hour * 3600 + value.minute * 60 + value.second)
            return ("time", seconds, seconds)
        case _:
            return None


def _alike(left: Value, right: Value) -> tuple[Value, Value]:
    """Dates and times of a form document are texts: read them when the other side is one."""
    for kind, read in ((PartialDate, date_from), (time, time_from)):
        if isinstance(left, kind) and isinstance(right, str):
            return left, read(right) or right
        if isinstance(right, kind) and isinstance(left, str):
            return read(left) or left, right
    return left, right
