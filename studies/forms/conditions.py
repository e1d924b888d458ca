"""Conditions: small trees of data, decided by one pure function.

A condition is true, false or *unknown*. It is unknown when it needs a value that is blank, not
evaluable, hidden or unreadable (Kleene's three-valued logic), because a blank is never "no":
`{"not": {"item": "scan.contrast", "is": true}}` is unknown, not true, while nobody has answered.
A check fires only when its `when` is true and its `must` is false. There are no expressions in
strings and nothing is executed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Protocol, TypeAlias

from studies.forms.errors import FormError
from studies.forms.values import Answer, PartialDate, Status, Value, date_from, time_from

Rows: TypeAlias = Mapping[str, int]

MAX_DEPTH = 24
OUTER = "outer:"
OPERANDS = ("other", "outer", "previous", "context")
HEADS = ("item", "previous", "context", "count", "missing_rows", "added_rows", "days")
OPERATORS = (
    "is",
    "is_not",
    "one_of",
    "none_of",
    "at_least",
    "more_than",
    "at_most",
    "less_than",
    "contains",
    "starts_with",
    "answered",
    "status",
)


class Facts(Protocol):
    """What a condition may ask. `rows` says which row of each group it is asked for."""

    def answer(self, path: str, rows: Rows) -> Answer: ...

    def before(self, path: str, rows: Rows) -> Answer: ...

    def context(self, name: str) -> Value | None: ...

    def row_keys(self, group: str) -> tuple[str, ...]: ...

    def row_keys_before(self, group: str) -> tuple[str, ...] | None: ...

    def group_of(self, path: str) -> str: ...


@dataclass(frozen=True)
class Operand:
    """The right-hand side: a literal, or a value found elsewhere.

    `other` is another item, `outer` an item of the row one started from inside a condition over
    the rows of the same group, `previous` the prior time point, `context` a fact of the caller.
    """

    kind: str
    target: str = ""
    literal: Value | None = None
    times: Decimal | None = None
    plus: Decimal | None = None


@dataclass(frozen=True)
class Term:
    """The left-hand side: a value, or a number counted over rows or days."""

    head: str
    target: str = ""
    where: Condition | None = None
    per: str = ""
    start: Operand | None = None
    end: Operand | None = None


@dataclass(frozen=True)
class All:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    part: Condition


@dataclass(frozen=True)
class OverRows:
    """`where` holds for any row of the group, or for every row of it."""

    group: str
    every: bool
    where: Condition


@dataclass(frozen=True)
class Compare:
    term: Term
    operator: str
    operand: Operand


Condition: TypeAlias = All | AnyOf | Not | OverRows | Compare


# Reading


def parse_condition(document: object, path: str, depth: int = 0) -> Condition:
    """A condition from its JSON. Raises FormError naming the place."""
    if not isinstance(document, Mapping):
        raise FormError(path, "a condition is an object")
    if depth > MAX_DEPTH:
        raise FormError(path, f"a condition is at most {MAX_DEPTH} levels deep")
    for word, shape in (("all", All), ("any", AnyOf)):
        if word in document:
            _only(document, {word}, path)
            parts = document[word]
            if not isinstance(parts, list) or not parts:
                raise FormError(f"{path}.{word}", "needs a list with at least one condition")
            return shape(
                tuple(
                    parse_condition(part, f"{path}.{word}[{number}]", depth + 1)
                    for number, part in enumerate(parts)
                )
            )
    if "not" in document:
        _only(document, {"not"}, path)
        return Not(parse_condition(document["not"], f"{path}.not", depth + 1))
    for word in ("any_row", "every_row"):
        if word in document:
            _only(document, {word, "where"}, path)
            where = parse_condition(document.get("where"), f"{path}.where", depth + 1)
            return OverRows(_text(document[word], f"{path}.{word}"), word == "every_row", where)
    return _parse_compare(document, path, depth)


def _parse_compare(document: Mapping[str, object], path: str, depth: int) -> Compare:
    heads = [head for head in HEADS if head in document]
    operators = [operator for operator in OPERATORS if operator in document]
    if len(heads) != 1:
        raise FormError(path, f"needs exactly one of {', '.join(HEADS)} (or all, any, not)")
    if len(operators) != 1:
        raise FormError(path, f"needs exactly one operator of {', '.join(OPERATORS)}")
    head, operator = heads[0], operators[0]
    extra = {"where", "per"} if head == "count" else set()
    _only(document, {head, operator} | extra, path)
    operand = parse_operand(document[operator], f"{path}.{operator}")
    return Compare(_parse_term(document, head, path, depth), operator, operand)


def _parse_term(document: Mapping[str, object], head: str, path: str, depth: int) -> Term:
    if head == "days":
        span = document["days"]
        if not isinstance(span, Mapping) or set(span) != {"from", "to"}:
            raise FormError(f"{path}.days", "needs `from` and `to`")
        start = parse_operand(span["from"], f"{path}.days.from")
        return Term(head, start=start, end=parse_operand(span["to"], f"{path}.days.to"))
    where = None
    if "where" in document:
        where = parse_condition(document["where"], f"{path}.where", depth + 1)
    per = _text(document["per"], f"{path}.per") if "per" in document else ""
    return Term(head, _text(document[head], f"{path}.{head}"), where, per)


def parse_operand(raw: object, path: str) -> Operand:
    """An operand from its JSON: a literal, a list of texts, or or one of `OPERANDS`."""
    if isinstance(raw, Mapping):
        kinds = [kind for kind in OPERANDS if kind in raw]
        if len(kinds) != 1:
            raise FormError(path, f"needs exactly one of {', '.join(OPERANDS)}")
        _only(raw, {kinds[0], "times", "plus"}, path)
        times = decimal_literal(raw["times"], f"{path}.times") if "times" in raw else None
        plus = decimal_literal(raw["plus"], f"{path}.plus") if "plus" in raw else None
        target = _text(raw[kinds[0]], f"{path}.{kinds[0]}")
        return Operand(kinds[0], target, times=times, plus=plus)
    if isinstance(raw, list):
        return Operand("literal", literal=tuple(_text(each, path) for each in raw))
    if isinstance(raw, str | bool):
        return Operand("literal", literal=raw)
    return Operand("literal", literal=decimal_literal(raw, path))


def decimal_literal(raw: object, path: str) -> Decimal:
    """A number of a form document: a JSON number or its text. Raises FormError."""
    if not isinstance(raw, bool) and isinstance(raw, str | int | float):
        try:
            number = Decimal(str(raw))
        except ArithmeticError:
            number = Decimal("NaN")
        if number.is_finite() and abs(number) < 10**15 and number == round(number, 9):
            return number
    raise FormError(path, "needs a number")


def _text(raw: object, path: str) -> str:
    if not isinstance(raw, str) or not raw:
        raise FormError(path, "needs a text")
    return raw


def _only(document: Mapping[str, object], known: set[str], path: str) -> None:
    unknown = sorted(set(document) - known)
    if unknown:
        raise FormError(path, f"does not know {', '.join(unknown)} here")


# Looking in


@dataclass(frozen=True)
class Reference:
    """One place a condition looks at. `rows` are the groups whose row is in scope there."""

    kind: str
    target: str
    rows: frozenset[str]


def references(condition: Condition, rows: frozenset[str] = frozenset()) -> Iterator[Reference]:
    """Every item, group and context name a condition looks at, in order."""
    match condition:
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from references(part, rows)
        case Not(part):
            yield from references(part, rows)
        case OverRows(group, _, where):
            yield Reference("group", group, rows)
            yield from references(where, rows | {group})
        case Compare(term, _, operand):
            yield from term_references(term, rows)
            yield from operand_references(operand, rows)


def term_references(term: Term, rows: frozenset[str]) -> Iterator[Reference]:
    for operand in (term.start, term.end):
        if operand is not None:
            yield from operand_references(operand, rows)
    if term.head in ("item", "previous", "context"):
        yield Reference(term.head, term.target, rows)
    elif term.target:
        yield Reference("group", term.target, rows)
        inner = rows | {term.target}
        if term.per:
            yield Reference("item", term.per, inner)
        if term.where is not None:
            yield from references(term.where, inner)


def operand_references(operand: Operand, rows: frozenset[str]) -> Iterator[Reference]:
    if operand.kind != "literal":
        kind = "item" if operand.kind in ("other", "outer") else operand.kind
        yield Reference(kind, operand.target, rows)


def comparisons(condition: Condition) -> Iterator[Compare]:
    """Every comparison inside a condition, at any depth."""
    match condition:
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from comparisons(part)
        case Not(part) | OverRows(_, _, part):
            yield from comparisons(part)
        case Compare(term, _, _):
            yield condition
            if term.where is not None:
                yield from comparisons(term.where)


# Deciding


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
    """The value of a right-hand side, scaled by `times` and shifted by `plus`."""
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
    if not isinstance(value, Decimal):
        return None
    return value * (operand.times or Decimal(1)) + (operand.plus or Decimal(0))


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
