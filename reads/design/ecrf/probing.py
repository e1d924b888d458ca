"""Answers with which an edit check fires, and others with which it stays silent.

The search works backwards from the check's own conditions: it wishes values for items, for the time
point before and for facts of the caller, one alternative after the other, and then asks the forms
engine itself. Only what the engine confirms is returned. To stay silent means that the check was
looked at and its condition held, not that it was passed over: the search asks the engine whether
the opposite check would fire.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from studies.forms.conditions import Facts
from studies.forms.definition import Check, Form, Item, Kind
from studies.forms.derivations import DerivationError, Derived, DerivedValue, Named
from studies.forms.evaluate import evaluate
from studies.forms.trees import (
    All,
    AnyOf,
    Compare,
    Condition,
    Not,
    Operand,
    OverRows,
    Term,
)
from studies.forms.values import Value

#: how many alternatives are tried for one check before it counts as not provable
TRIES = 600
#: OTHER is a second row of a group, beside the one that is looked at
NOW, BEFORE, OTHER = "now", "before", "other"
_DAY = date(2026, 3, 5)
_MARGIN = Decimal(1)
_TYPICAL = (Decimal(20), Decimal(0), Decimal(8), Decimal(45))

Variable = tuple[str, str, str]  # (kind, side, name)
Wish = Mapping[Variable, Any]


@dataclass(frozen=True, slots=True)
class Scene:
    """Answers in which a check is tried."""

    answers: Mapping[str, Any]
    context: Mapping[str, object]
    previous: Mapping[str, Any] | None
    named: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found for a check: a scene in which it fires, and one in which it is silent."""

    check: str
    fires: Scene | None
    silent: Scene | None

    @property
    def is_proved(self) -> bool:
        """Whether the check fired once and stayed silent once."""
        return self.fires is not None and self.silent is not None


def probe(form: Form, check: Check) -> Probe:
    """Find a scene in which a check fires and one in which it holds, by the engine itself."""
    opposite = replace(check, must=Not(check.must))
    return Probe(check.id, _first(form, check), _first(form, opposite, silent=check))


def fired(form: Form, check: Check, scene: Scene) -> bool:
    """Tell whether a check fires in a scene."""
    asked = replace(form, checks=(check,))
    # ``replace`` keeps the canonical text, so the digest of the form stays what it was.
    found = evaluate(
        asked,
        scene.answers,
        previous=scene.previous,
        context=scene.context,
        derivations=_derivations(form, scene.named),
        final=True,
    )
    return any(message.check == check.id for message in found.messages)


def _derivations(form: Form, given: Mapping[str, Value]) -> dict[str, Named]:
    """Return stand-ins for the engines: a check is about the form, engines have their vectors."""

    def supply(name: str) -> Named:
        def derived(_facts: Facts) -> DerivedValue:
            if name not in given:
                raise DerivationError("nothing follows in this scene")
            return DerivedValue(given[name])

        return derived

    return {
        item.derived.name: supply(item.derived.name)
        for item in form.items.values()
        if item.derived is not None and item.derived.kind == "named"
    }


def _first(form: Form, check: Check, silent: Check | None = None) -> Scene | None:
    search = _Search(form)
    conditions: list[tuple[Condition, bool]] = [(check.must, False)]
    if check.when is not None:
        conditions.insert(0, (check.when, True))
    wishes = search.shown(check.item, NOW, {})
    for condition, wanted in conditions:
        wishes = _each(wishes, lambda wish, c=condition, w=wanted: search.made(c, w, NOW, wish))
    for wish in islice(wishes, TRIES):
        scene = search.scene(search.grown(wish, check.item))
        if fired(form, check, scene) and (silent is None or not fired(form, silent, scene)):
            return scene
    return None


def _each(wishes: Iterator[Wish], more: Any) -> Iterator[Wish]:
    for wish in wishes:
        yield from more(wish)


class _Search:
    """The wishes that make a condition true or false, alternative by alternative."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.kinds = dict(form.context)

    # Conditions

    def made(self, condition: Condition, wanted: bool, side: str, wish: Wish) -> Iterator[Wish]:
        match condition:
            case Not(part):
                yield from self.made(part, not wanted, side, wish)
            case All(parts) | AnyOf(parts):
                if isinstance(condition, All) == wanted:
                    yield from self._every(parts, wanted, side, wish)
                else:
                    yield from self._one(parts, wanted, side, wish)
            case OverRows(group, every, where):
                if every != wanted:
                    yield from self._with(wish, ("rows", side, group), 0 if every else 1)
                for found in self._with(wish, ("rows", side, group), 1):
                    yield from self.made(where, wanted, side, found)
                if not every and not wanted:
                    yield from self._with(wish, ("rows", side, group), 0)
                if side == NOW and ("rows", NOW, group) in wish:
                    yield from self.made(where, wanted, OTHER, {**wish, ("rows", NOW, group): 2})
            case Compare():
                yield from self._compared(condition, wanted, side, wish)

    def _every(
        self, parts: tuple[Condition, ...], wanted: bool, side: str, wish: Wish
    ) -> Iterator[Wish]:
        if not parts:
            yield wish
            return
        for found in self.made(parts[0], wanted, side, wish):
            yield from self._every(parts[1:], wanted, side, found)

    def _one(
        self, parts: tuple[Condition, ...], wanted: bool, side: str, wish: Wish
    ) -> Iterator[Wish]:
        """Make one part decisive and the others not, or leave them alone."""
        for number, part in enumerate(parts):
            for found in self.made(part, wanted, side, wish):
                yield found
                others = parts[:number] + parts[number + 1 :]
                yield from islice(self._every(others, not wanted, side, found), 4)

    # Comparisons

    def _compared(self, compare: Compare, wanted: bool, side: str, wish: Wish) -> Iterator[Wish]:
        term, operator, operand = compare.term, compare.operator, compare.operand
        if operator == "answered":
            yield from self._answered(term, bool(operand.literal) == wanted, side, wish)
            return
        if operator == "status":
            yield from self._status(term, str(operand.literal), wanted, side, wish)
            return
        for right, found in self._operands(operand, term, side, wish):
            at = BEFORE if term.head == "previous" else side
            stands = found.get(("item", at, term.target))
            beside = () if stands is None else (stands,)
            for left in (*beside, *self._candidates(term, right)):
                if _holds(left, operator, right) is wanted:
                    yield from self._valued(term, left, side, found)

    def _answered(self, term: Term, wanted: bool, side: str, wish: Wish) -> Iterator[Wish]:
        if term.head not in ("item", "previous"):
            return
        at = BEFORE if term.head == "previous" else side
        if not wanted:
            yield from self._with(wish, ("item", at, term.target), None)
            return
        item = self.form.items.get(term.target)
        for value in self._domain(item) if item else ():
            yield from self.set(term.target, value, at, wish)

    def _status(
        self, term: Term, status: str, wanted: bool, side: str, wish: Wish
    ) -> Iterator[Wish]:
        absent = {"status": status, "reason": "scripted"}
        values = {"answered": None, "blank": None}
        if status in values:
            yield from self._answered(term, (status == "answered") == wanted, side, wish)
        elif wanted:
            yield from self._with(wish, ("item", side, term.target), absent)
        else:
            yield from self._answered(term, True, side, wish)

    def _operands(
        self, operand: Operand, term: Term, side: str, wish: Wish
    ) -> Iterator[tuple[Value, Wish]]:
        if operand.kind == "literal":
            if operand.literal is not None:
                yield operand.literal, wish
            return
        if operand.kind == "context":
            for value in self._facts(operand.target):
                for found in self._with(wish, ("context", NOW, operand.target), value):
                    yield _shifted(value, operand), found
            return
        at = {"previous": BEFORE, "outer": NOW}.get(operand.kind, side)
        item = self.form.items.get(operand.target)
        known = wish.get(("item", at, operand.target))
        for value in (known,) if known is not None else self._domain(item) if item else ():
            for found in self.set(operand.target, value, at, wish):
                yield _shifted(value, operand), found

    def _candidates(self, term: Term, right: Value) -> list[Any]:
        if term.head in ("count", "missing_rows", "added_rows", "days"):
            near = int(right) if isinstance(right, Decimal) else 0
            spread = (0, 1, -1) if term.head != "days" else (0, 1, -1, 40, -40)
            least = -10_000 if term.head == "days" else 0
            return [Decimal(near + step) for step in spread if near + step >= least]
        if term.head == "context":
            return [*_around(right), *self._facts(term.target)]
        item = self.form.items.get(term.target)
        return [*_around(right), *(self._domain(item) if item else ())]

    def _valued(self, term: Term, value: Any, side: str, wish: Wish) -> Iterator[Wish]:
        match term.head:
            case "item":
                yield from self.set(term.target, value, side, wish)
            case "previous":
                yield from self.set(term.target, value, BEFORE, wish)
            case "context":
                yield from self._with(wish, ("context", NOW, term.target), value)
            case "count":
                yield from self._counted(term, int(value), side, wish)
            case "missing_rows" | "added_rows":
                yield from self._changed(term, int(value), wish)
            case _:
                yield from self._dated(term, int(value), side, wish)

    def _counted(self, term: Term, number: int, side: str, wish: Wish) -> Iterator[Wish]:
        group = self.form.items.get(term.target)
        for found in self._with(wish, ("rows", side, term.target), number):
            if group is not None and term.per == f"{group.path}.{group.row_key}" and number > 1:
                yield {**found, ("twins", side, group.path): True}
                continue
            inside = [found]
            if term.where is not None and number:
                inside = list(islice(self.made(term.where, True, side, found), 6))
            if term.per and number:
                item = self.form.items.get(term.per)
                for value in islice(self._domain(item), 2) if item else ():
                    yield from _each(
                        iter(inside), lambda w, v=value: self.set(term.per, v, side, w)
                    )
            else:
                yield from inside

    def _changed(self, term: Term, number: int, wish: Wish) -> Iterator[Wish]:
        more, fewer = (BEFORE, NOW) if term.head == "missing_rows" else (NOW, BEFORE)
        for found in self._with(wish, ("rows", fewer, term.target), 1):
            yield from self._with(found, ("rows", more, term.target), 1 + number)
        for found in self._with(wish, ("rows", fewer, term.target), 0):
            yield from self._with(found, ("rows", more, term.target), number)

    def _dated(self, term: Term, days: int, side: str, wish: Wish) -> Iterator[Wish]:
        if term.start is None or term.end is None:
            return
        first, last = _DAY, _DAY + timedelta(days=days)
        for found in self._day(term.start, first, side, wish):
            yield from self._day(term.end, last, side, found)

    def _day(self, operand: Operand, day: date, side: str, wish: Wish) -> Iterator[Wish]:
        text = day.isoformat()
        if operand.kind == "context":
            yield from self._with(wish, ("context", NOW, operand.target), text)
        elif operand.kind != "literal":
            at = BEFORE if operand.kind == "previous" else side
            yield from self.set(operand.target, text, at, wish)

    # Items

    def set(self, path: str, value: Any, side: str, wish: Wish) -> Iterator[Wish]:
        """Wish a value for an item, and that it is shown."""
        item = self.form.items.get(path)
        if item is None:
            return
        if item.derived is not None:
            yield from self._followed(item, value, side, wish)
        elif item.read_only and item.prefill:
            yield from self._with(wish, ("context", NOW, item.prefill), value)
        else:
            for found in self._with(wish, ("item", side, path), value):
                yield from self.shown(path, side, found)

    def shown(self, path: str, side: str, wish: Wish) -> Iterator[Wish]:
        """Wish that an item is shown: its section, its group with a row, and itself."""
        item = self.form.items.get(path)
        if item is None:
            return
        section = self.form.section_of[path]
        owner = self.form.items.get(item.group) if item.group else None
        rules = [
            part.shown_when
            for part in (section, owner, item)
            if part is not None and part.shown_when is not None
        ]
        wishes: Iterator[Wish] = iter((wish,))
        at = NOW if side == OTHER else side
        if owner is not None and not wish.get(("rows", at, owner.path)):
            wishes = self._with(wish, ("rows", side, owner.path), 1)
        for rule in rules:
            wishes = _each(wishes, lambda w, r=rule: islice(self.made(r, True, side, w), 6))
        yield from wishes

    def _followed(self, item: Item, value: Any, side: str, wish: Wish) -> Iterator[Wish]:
        """Wish what a derived value follows from."""
        derived = item.derived
        if derived is None:
            return
        match derived.kind:
            case "named":
                if side == NOW:
                    found = self._with(wish, ("named", NOW, derived.name), value)
                    yield from _each(found, lambda w: self.shown(item.path, side, w))
            case "cases":
                yield from self._by_case(derived, value, side, wish)
            case "sum":
                yield from self.set(derived.targets[0], value, side, wish)
            case "count":
                yield from self._with(wish, ("rows", side, derived.targets[0]), int(value))
            case _:
                return

    def _by_case(self, derived: Derived, value: Any, side: str, wish: Wish) -> Iterator[Wish]:
        for case in derived.cases:
            for found in islice(self.made(case.when, True, side, wish), 3):
                if case.value.kind == "literal" and case.value.literal == value:
                    yield found
                elif case.value.kind in ("other", "outer"):
                    yield from self.set(case.value.target, value, side, found)

    def _domain(self, item: Item | None) -> Iterator[Any]:
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
                yield from (_DAY.isoformat(), (_DAY - timedelta(days=60)).isoformat())
            case Kind.TIME:
                yield from ("09:30", "14:05")
            case Kind.TEXT | Kind.LONG_TEXT:
                yield from ("T01", "scripted")
            case _:
                return

    def _facts(self, name: str) -> list[Any]:
        kind = self.kinds.get(name, "text")
        if kind == "date":
            return [_DAY.isoformat(), (_DAY - timedelta(days=60)).isoformat()]
        if kind in ("decimal", "integer"):
            return [Decimal(5), Decimal(1), Decimal(40)]
        if kind == "boolean":
            return [True, False]
        return ["baseline", "follow_up"] if name == "time_point.kind" else ["scripted"]

    def _with(self, wish: Wish, variable: Variable, value: Any) -> Iterator[Wish]:
        """Add one wish, unless it contradicts one that stands."""
        kind, side, name = variable
        if side == OTHER and not (kind == "item" and self._is_in_row(name)):
            yield from self._with(wish, (kind, NOW, name), value)
            return
        if variable in wish:
            if _same(wish[variable], value):
                yield wish
            return
        made = {**wish, variable: value}
        group = self.form.items[name].group if kind == "item" and name in self.form.items else ""
        at = NOW if side == OTHER else side
        if group and value is not None and ("rows", at, group) not in made:
            made[("rows", at, group)] = 1
        if group and made.get(("rows", at, group)) == 0 and value is not None:
            return
        yield made

    def _is_in_row(self, path: str) -> bool:
        item = self.form.items.get(path)
        return item is not None and bool(item.group)

    def grown(self, wish: Wish, path: str) -> Wish:
        """Answer the item that a check is about, where no wish says how: a blank proves nothing."""
        item = self.form.items.get(path)
        if item is None or item.kind is Kind.GROUP or ("item", NOW, path) in wish:
            return wish
        if item.derived is not None or item.read_only:
            return wish
        value = next(self._domain(item), None)
        return next(self._with(wish, ("item", NOW, path), value), wish)

    # Scenes

    def scene(self, wish: Wish) -> Scene:
        """Return the answers that a wish describes."""
        sides = {one[1] for one in wish}
        context = {name: _raw(v) for (kind, _, name), v in wish.items() if kind == "context"}
        return Scene(
            self._answers(wish, NOW),
            context,
            self._answers(wish, BEFORE) if BEFORE in sides else None,
            {name: v for (kind, _, name), v in wish.items() if kind == "named"},
        )

    def _answers(self, wish: Wish, side: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for section in self.form.sections:
            part: dict[str, Any] = {}
            for item in section.items:
                if item.kind is Kind.GROUP:
                    rows = self._rows(wish, item, side)
                    if rows:
                        part[item.key] = rows
                else:
                    value = wish.get(("item", side, item.path))
                    if value is not None:
                        part[item.key] = _raw(value)
            if part:
                made[section.key] = part
        return made

    def _rows(self, wish: Wish, group: Item, side: str) -> list[dict[str, Any]]:
        number = int(wish.get(("rows", side, group.path), 0))
        row = {
            part.key: _raw(value)
            for part in group.items
            if (value := wish.get(("item", side, part.path))) is not None
        }
        other = {
            part.key: _raw(value)
            for part in group.items
            if side == NOW and (value := wish.get(("item", OTHER, part.path))) is not None
        }
        key = group.row_key
        if not key:
            return [dict(row) for _ in range(number)]
        names = self._row_names(group, str(row.get(key) or ""), number)
        twins = wish.get(("twins", side, group.path))
        rows = [{**row, key: names[0] if twins else name} for name in names]
        if other and number > 1:
            rows[1] = {key: names[1], **other}
        return rows

    def _row_names(self, group: Item, first: str, number: int) -> list[str]:
        """Return names of rows that differ: codes where the name is chosen, else labels."""
        named = next((part for part in group.items if part.key == group.row_key), None)
        if named is None or named.kind is not Kind.CHOICE:
            first = first or "T01"
            return [first if not n else f"{first}-{n + 1}" for n in range(number)]
        codes = [choice.code for choice in named.choices]
        codes.sort(key=lambda code: code != first)  # the wished one first, the others as they stand
        return [codes[n % len(codes)] for n in range(number)]


def _fits(item: Item, number: Decimal) -> bool:
    low, high = item.minimum, item.maximum
    return (low is None or number >= low) and (high is None or number <= high)


def _around(value: object) -> list[Any]:
    """Return a value and what lies just beside it."""
    if isinstance(value, Decimal):
        return [value, value + _MARGIN, value - _MARGIN, value * 3 + _MARGIN]
    if isinstance(value, tuple):
        return list(value)
    return [value]


def _shifted(value: Any, operand: Operand) -> Any:
    if isinstance(value, Decimal):
        return value * (operand.times or Decimal(1)) + (operand.plus or Decimal(0))
    return value


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def _holds(left: Any, operator: str, right: Any) -> bool | None:
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


def _raw(value: Any) -> Any:
    """Return a value as an answer or a fact holds it."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return list(value) if isinstance(value, tuple) else value
