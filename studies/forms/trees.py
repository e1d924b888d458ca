"""Conditions as data: their shapes, how they are read from JSON, and what they look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from studies.forms.errors import FormError
from studies.forms.values import Value

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
