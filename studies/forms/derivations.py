"""Derived values: declared as data, or named and supplied by the caller.

`sum`, `sum_given`, `count`, `difference`, `product`, `percent_change`, `days`, `minutes` and
`cases` are declared in the form. A `named` derivation (a response by published criteria) is a
function that the caller supplies: the form says which, so that a form never hides a rule in code.
Derived values cannot be entered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TypeAlias

from studies.forms.conditions import Facts, Rows, days_between, decide, operand_value
from studies.forms.errors import FormError
from studies.forms.trees import (
    Condition,
    Operand,
    Reference,
    operand_references,
    parse_condition,
    parse_operand,
    references,
)
from studies.forms.values import PartialDate, Status, Value

MAX_DECIMALS = 6
_PAIRED = ("difference", "product", "percent_change", "days", "minutes")
KINDS = ("sum", "sum_given", "count", *_PAIRED, "cases", "named")


class DerivationError(ValueError):
    """A named derivation cannot give a value from these answers; the text says why."""


@dataclass(frozen=True)
class DerivedValue:
    """A derived value, or none, and the sentences that led there."""

    value: Value | None
    because: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    when: Condition
    value: Operand


@dataclass(frozen=True)
class Derived:
    """How a value follows from others. Which fields are used depends on `kind`."""

    kind: str
    targets: tuple[str, ...] = ()
    operands: tuple[Operand, ...] = ()
    where: Condition | None = None
    cases: tuple[Case, ...] = ()
    name: str = ""
    decimals: int | None = None


Named: TypeAlias = Callable[[Facts], DerivedValue]


def parse_derived(document: object, path: str) -> Derived:
    """A derivation from its JSON. Raises FormError naming the place."""
    if not isinstance(document, Mapping):
        raise FormError(path, "a derivation is an object")
    kinds = [kind for kind in KINDS if kind in document]
    if len(kinds) != 1:
        raise FormError(path, f"needs exactly one of {', '.join(KINDS)}")
    kind = kinds[0]
    unknown = sorted(set(document) - {kind, "where", "decimals", "inputs"})
    if unknown:
        raise FormError(path, f"does not know {', '.join(unknown)} here")
    where = document.get("where")
    condition = None if where is None else parse_condition(where, f"{path}.where")
    decimals = document.get("decimals")
    if decimals is not None and (
        not isinstance(decimals, int) or not 0 <= decimals <= MAX_DECIMALS
    ):
        raise FormError(f"{path}.decimals", f"needs a whole number from 0 to {MAX_DECIMALS}")
    content, place = document[kind], f"{path}.{kind}"
    match kind:
        case "sum" | "sum_given":
            targets = _texts([content] if isinstance(content, str) else content, place)
            return Derived(kind, targets, where=condition, decimals=decimals)
        case "count":
            return Derived(kind, _texts([content], place), where=condition)
        case "named":
            inputs = _texts(document.get("inputs", []), f"{path}.inputs")
            return Derived(kind, inputs, name=_texts([content], place)[0])
        case "cases":
            return Derived(kind, cases=_cases(content, place), decimals=decimals)
        case _:
            return Derived(kind, operands=_operands(kind, content, place), decimals=decimals)


def _texts(raw: object, path: str) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(each, str) and each for each in raw):
        raise FormError(path, "needs item paths")
    return tuple(raw)


def _cases(raw: object, path: str) -> tuple[Case, ...]:
    if not isinstance(raw, list) or not raw:
        raise FormError(path, "needs a list with at least one case")
    cases = []
    for number, each in enumerate(raw):
        place = f"{path}[{number}]"
        if not isinstance(each, Mapping) or set(each) != {"when", "value"}:
            raise FormError(place, "a case has `when` and `value`")
        when = parse_condition(each["when"], f"{place}.when")
        cases.append(Case(when, parse_operand(each["value"], f"{place}.value")))
    return tuple(cases)


def _operands(kind: str, raw: object, path: str) -> tuple[Operand, ...]:
    names = {
        "difference": ("of", "minus"),
        "product": ("of", "times"),
        "percent_change": ("from", "to"),
        "days": ("from", "to"),
        "minutes": ("from_date", "from_time", "to_date", "to_time"),
    }[kind]
    if not isinstance(raw, Mapping) or set(raw) != set(names):
        raise FormError(path, f"needs {', '.join(names)}")
    return tuple(parse_operand(raw[name], f"{path}.{name}") for name in names)


def derivation_references(derived: Derived, rows: frozenset[str]) -> Iterator[Reference]:
    """Every place a derivation looks at."""
    kind = "group" if derived.kind == "count" else "input" if derived.kind == "named" else "item"
    for target in derived.targets:
        inner = frozenset({target.rpartition(".")[0]}) if kind == "item" else frozenset()
        yield Reference(kind, target, rows | inner)
        if derived.where is not None:
            group = target if kind == "group" else target.rpartition(".")[0]
            yield from references(derived.where, rows | {group})
    for operand in derived.operands:
        yield from operand_references(operand, rows)
    for case in derived.cases:
        yield from references(case.when, rows)
        yield from operand_references(case.value, rows)


def derive(
    derived: Derived, facts: Facts, rows: Rows, *, named: Mapping[str, Named]
) -> DerivedValue:
    """The derived value, without a value whenever an input is missing."""
    match derived.kind:
        case "sum":
            return DerivedValue(_rounded(_sum(derived, facts, rows), derived))
        case "sum_given":
            if derived.where is not None and decide(derived.where, facts, rows) is not True:
                return DerivedValue(None)
            return DerivedValue(_rounded(_sum(derived, facts, rows, blank=True), derived))
        case "count":
            return DerivedValue(Decimal(len(_scopes(derived, derived.targets[0], facts, rows))))
        case "cases":
            return DerivedValue(_rounded(_first_case(derived, facts, rows), derived))
        case "named":
            return _named(derived, facts, named)
        case _:
            values = [operand_value(operand, facts, rows) for operand in derived.operands]
            return DerivedValue(_rounded(_arithmetic(derived.kind, values), derived))


def _scopes(derived: Derived, group: str, facts: Facts, rows: Rows) -> list[Rows]:
    scopes: list[Rows] = [{**rows, group: index} for index in range(len(facts.row_keys(group)))]
    if derived.where is None:
        return scopes
    return [scope for scope in scopes if decide(derived.where, facts, scope) is True]


def _sum(derived: Derived, facts: Facts, rows: Rows, *, blank: bool = False) -> Decimal | None:
    """The sum of items, or of an item over rows.

    One missing part means no sum; with `blank` a part that was left blank is left out.
    """
    total, terms = Decimal(0), 0
    for target in derived.targets:
        group = facts.group_of(target)
        inside = not group or group in rows
        for scope in [rows] if inside else _scopes(derived, group, facts, rows):
            answer = facts.answer(target, scope)
            if blank and answer.status is Status.BLANK:
                continue
            value = answer.value
            if not isinstance(value, Decimal):
                return None
            total, terms = total + value, terms + 1
    return total if terms else None


def _first_case(derived: Derived, facts: Facts, rows: Rows) -> Value | None:
    """The value of the first case that holds; none once a case cannot be known."""
    for case in derived.cases:
        holds = decide(case.when, facts, rows)
        if holds is None:
            return None
        if holds:
            return operand_value(case.value, facts, rows)
    return None


def _named(derived: Derived, facts: Facts, named: Mapping[str, Named]) -> DerivedValue:
    function = named.get(derived.name)
    if function is None:
        return DerivedValue(None)
    try:
        return function(facts)
    except DerivationError as refusal:
        return DerivedValue(None, (str(refusal),))


def _arithmetic(kind: str, values: list[Value | None]) -> Decimal | None:
    if kind == "days":
        return days_between(values[0], values[1])
    if kind == "minutes":
        return _minutes(*values)
    first, second = values
    if not isinstance(first, Decimal) or not isinstance(second, Decimal):
        return None
    if kind == "difference":
        return first - second
    if kind == "product":
        return first * second
    return (second - first) / first * 100 if first else None


def _minutes(
    from_date: Value | None, from_time: Value | None, to_date: Value | None, to_time: Value | None
) -> Decimal | None:
    """Minutes between two local clock readings at one place; seconds become a fraction."""
    start, end = _moment(from_date, from_time), _moment(to_date, to_time)
    if start is None or end is None:
        return None
    return Decimal(int((end - start).total_seconds())) / 60


def _moment(day: Value | None, clock: Value | None) -> datetime | None:
    if not isinstance(day, PartialDate) or not day.day or not isinstance(clock, time):
        return None
    return datetime.combine(day.first, clock)


def _rounded(value: Value | None, derived: Derived) -> Value | None:
    """Rounded half up, as a person rounds, when the form says how many decimals."""
    if not isinstance(value, Decimal) or derived.decimals is None:
        return value
    try:
        return value.quantize(Decimal(1).scaleb(-derived.decimals), rounding=ROUND_HALF_UP)
    except InvalidOperation:
        return None
