"""What is wrong with a readable form: the author's proof-reading, done by machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal

from studies.forms.definition import Check, Form, Item, Kind
from studies.forms.derivations import derivation_references
from studies.forms.errors import Problem
from studies.forms.trees import (
    All,
    Compare,
    Condition,
    Reference,
    comparisons,
    references,
)
from studies.forms.values import ABSENCES, Status, Value

NUMBERS = (Kind.INTEGER, Kind.DECIMAL)
CHOICES = (Kind.CHOICE, Kind.MULTIPLE_CHOICE)
ORDERED = (*NUMBERS, Kind.DATE, Kind.TIME)
ORDERING = ("at_least", "more_than", "at_most", "less_than")
COUNTED = ("count", "missing_rows", "added_rows", "days")
RESERVED_KEYS = ("reasons",)


def problems_of(form: Form) -> tuple[Problem, ...]:
    """Every problem of a form, in document order."""
    found = (
        *_duplicates(form),
        *(problem for item in form.items.values() for problem in _item_problems(form, item)),
        *_condition_problems(form),
        *_cycles(form),
    )
    return tuple(dict.fromkeys(found))


def _duplicates(form: Form) -> Iterator[Problem]:
    for section in form.sections:
        if section.key in RESERVED_KEYS:
            yield Problem("reserved_key", section.key, "this section key is kept for the platform")
    groups = [item for item in form.items.values() if item.kind is Kind.GROUP]
    scopes = [
        ("section", [section.key for section in form.sections]),
        ("check", [check.id for check in form.checks]),
        *(("item", [item.path for item in section.items]) for section in form.sections),
        *(("item", [item.path for item in group.items]) for group in groups),
        *(
            ("choice", [f"{item.path}={choice.code}" for choice in item.choices])
            for item in form.items.values()
        ),
    ]
    seen = Counter((what, key) for what, keys in scopes for key in keys)
    for (what, key), times in seen.items():
        if times > 1:
            yield Problem("duplicate_id", key, f"{what} {key} is defined {times} times")


def _item_problems(form: Form, item: Item) -> Iterator[Problem]:
    for code, wrong, text in _rules(form, item):
        if wrong:
            yield Problem(code, item.path, text)


def _rules(form: Form, item: Item) -> Iterable[tuple[str, bool, str]]:
    number, group = item.kind in NUMBERS, item.kind is Kind.GROUP
    keys = {part.key for part in item.items}
    low, high = item.minimum, item.maximum
    context = dict(form.context)
    return (
        ("wrong_type", bool(item.unit or item.units) and not number, "only numbers have a unit"),
        ("wrong_type", bool(item.units) and not item.unit, "other units need the item's own unit"),
        ("wrong_type", (low or high) is not None and not number, "only numbers have a range"),
        (
            "wrong_type",
            item.decimals is not None and item.kind is not Kind.DECIMAL,
            "only a decimal has permitted decimals",
        ),
        (
            "wrong_type",
            item.kind is Kind.DECIMAL and item.decimals is None,
            "a decimal says how many decimals are permitted",
        ),
        (
            "wrong_type",
            bool(item.choices) != (item.kind in CHOICES),
            "choices belong to a choice or multiple choice, and only there",
        ),
        (
            "wrong_type",
            item.precision != "day" and item.kind is not Kind.DATE,
            "only a date has a precision",
        ),
        ("wrong_type", bool(item.items) != group, "a group, and only a group, has items"),
        (
            "wrong_type",
            any(factor <= 0 for _, factor in item.units),
            "a unit's factor is above zero",
        ),
        (
            "wrong_range",
            low is not None and high is not None and low > high,
            "the minimum is above the maximum",
        ),
        ("wrong_range", item.min_rows > item.max_rows, "the least rows are more than the most"),
        (
            "prefilled_boolean",
            item.kind is Kind.BOOLEAN and bool(item.prefill),
            "a yes or no is never answered in advance",
        ),
        (
            "no_source",
            item.read_only and not item.prefill and item.derived is None,
            "a read-only item needs a prefill source",
        ),
        (
            "unknown_context",
            bool(item.prefill) and item.prefill not in context,
            f"the prefill source {item.prefill} is not in the form's context",
        ),
        (
            "derived_required",
            item.derived is not None and (item.required or item.required_when is not None),
            "a derived item is not asked for: require what it follows from",
        ),
        (
            "unknown_item",
            bool(item.row_key) and item.row_key not in keys,
            f"the row key {item.row_key} is no item of the group",
        ),
        (
            "unknown_item",
            not set(item.carry_forward) <= keys,
            "an item carried forward is not in the group",
        ),
        (
            "no_row_key",
            bool(item.carry_forward) and not item.row_key,
            "rows carried forward need a row key",
        ),
    )


def _conditions(form: Form) -> Iterator[tuple[str, Condition, frozenset[str]]]:
    """Every condition of the form, where it stands, and the rows in scope there."""
    found: list[tuple[str, Condition | None, frozenset[str]]] = [
        (section.key, section.shown_when, frozenset()) for section in form.sections
    ]
    for item in form.items.values():
        rows = frozenset({item.group}) if item.group else frozenset[str]()
        found += [(item.path, each, rows) for each in (item.shown_when, item.required_when)]
        if item.derived is not None:
            inside = rows | _derived_group(form, item)
            found.append((item.path, item.derived.where, inside))
            found += [(item.path, case.when, rows) for case in item.derived.cases]
    for check in form.checks:
        found += [(check.id, each, _check_rows(form, check)) for each in (check.when, check.must)]
    yield from ((place, each, rows) for place, each, rows in found if each is not None)


def _derived_group(form: Form, item: Item) -> frozenset[str]:
    derived = item.derived
    if derived is None or derived.where is None:
        return frozenset()
    first = form.items.get(derived.targets[0]) if derived.targets else None
    return frozenset({first.path if first.kind is Kind.GROUP else first.group} if first else ())


def _check_rows(form: Form, check: Check) -> frozenset[str]:
    item = form.items.get(check.item)
    return frozenset({item.group}) if item is not None and item.group else frozenset()


def _condition_problems(form: Form) -> Iterator[Problem]:
    for check in form.checks:
        if check.item not in form.items:
            yield Problem("unknown_item", check.id, f"there is no item {check.item}")
    for place, condition, rows in _conditions(form):
        for reference in references(condition, rows):
            yield from _reference_problems(form, place, reference)
        for compare in comparisons(condition):
            yield from _type_problems(form, place, compare)
        if _never(condition):
            yield Problem("unreachable", place, "this condition can never hold")
    for item in form.items.values():
        if item.derived is not None:
            rows = frozenset({item.group}) if item.group else frozenset[str]()
            for reference in derivation_references(item.derived, rows):
                yield from _reference_problems(form, item.path, reference)
    yield from _unreachable(form)


def _reference_problems(form: Form, place: str, reference: Reference) -> Iterator[Problem]:
    target = reference.target
    if reference.kind == "context":
        if target not in dict(form.context):
            yield Problem("unknown_context", place, f"{target} is not in the form's context")
        return
    item = form.items.get(target)
    if item is None:
        yield Problem("unknown_item", place, f"there is no item {target}")
    elif reference.kind == "group" and item.kind is not Kind.GROUP:
        yield Problem("wrong_type", place, f"{target} has no rows")
    elif reference.kind in ("item", "previous") and item.group and item.group not in reference.rows:
        yield Problem("row_needed", place, f"{target} is one row's item: say which rows")


def _type_problems(form: Form, place: str, compare: Compare) -> Iterator[Problem]:
    term, operator, literal = compare.term, compare.operator, compare.operand.literal
    if operator == "answered" and not isinstance(literal, bool):
        yield Problem("wrong_type", place, "`answered` is true or false")
    if operator == "status" and literal not in {status.value for status in Status}:
        yield Problem("wrong_type", place, f"there is no status {literal}")
    if term.head in COUNTED and operator not in (*ORDERING, "is", "is_not"):
        yield Problem("wrong_type", place, f"`{operator}` does not fit a number")
    item = form.items.get(term.target) if term.head in ("item", "previous") else None
    if item is not None and operator not in ("answered", "status"):
        yield from _literal_problems(item, place, operator, literal)


def _literal_problems(
    item: Item, place: str, operator: str, literal: Value | None
) -> Iterator[Problem]:
    if operator in ORDERING and item.kind not in ORDERED:
        yield Problem("wrong_type", place, f"{item.path} has no order")
    if literal is None:
        return
    if item.kind in NUMBERS and not isinstance(literal, Decimal):
        yield Problem("wrong_type", place, f"{item.path} is a number")
    if item.kind is Kind.BOOLEAN and not isinstance(literal, bool):
        yield Problem("wrong_type", place, f"{item.path} is yes or no")
    if item.kind in CHOICES and operator != "starts_with":
        known = {choice.code for choice in item.choices}
        for code in literal if isinstance(literal, tuple) else (literal,):
            if code not in known:
                yield Problem("unknown_choice", place, f"{item.path} has no choice {code}")


def _never(condition: Condition) -> bool:
    """Whether a condition asks one item to be two different things at once."""
    wanted: dict[str, object] = {}
    for compare in _must_hold(condition):
        term, operand = compare.term, compare.operand
        fixed = term.head == "item" and compare.operator == "is" and operand.kind == "literal"
        if fixed and wanted.setdefault(term.target, operand.literal) != operand.literal:
            return True
    return False


def _must_hold(condition: Condition) -> Iterator[Compare]:
    if isinstance(condition, Compare):
        yield condition
    elif isinstance(condition, All):
        for part in condition.parts:
            yield from _must_hold(part)


def _unreachable(form: Form) -> Iterator[Problem]:
    """Items shown only by a derived or read-only value that can never be as asked."""
    for item in form.items.values():
        section = form.section_of[item.path]
        for condition in (section.shown_when, item.shown_when):
            if condition is None:
                continue
            for compare in _must_hold(condition):
                if _answers_absence(form, compare):
                    yield Problem(
                        "unreachable", item.path, "it waits for a mark that cannot be given"
                    )


def _answers_absence(form: Form, compare: Compare) -> bool:
    item = form.items.get(compare.term.target) if compare.term.head == "item" else None
    absences = {status.value for status in ABSENCES}
    return (
        item is not None
        and compare.operator == "status"
        and compare.operand.literal in absences
        and compare.operand.literal not in {status.value for status in item.absence}
    )


def _cycles(form: Form) -> Iterator[Problem]:
    for path in form.items:
        seen: set[str] = set()
        waiting = list(form.needs[path])
        while waiting:
            each = waiting.pop()
            if each not in seen:
                seen.add(each)
                waiting.extend(form.needs.get(each, ()))
        if path in seen:
            yield Problem("cycle", path, "what it needs leads back to itself")
