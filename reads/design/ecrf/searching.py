"""The wishes that make a condition true or false, alternative by alternative."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from reads.design.ecrf.scenes import BEFORE, NOW, OTHER, Wish
from reads.design.ecrf.trials import DAY, around, domain, facts, holds, shifted
from reads.design.ecrf.wishes import Wishes, each
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


class Search(Wishes):
    """The search backwards from the conditions of a check."""

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
                    yield from self.wished(wish, ("rows", side, group), 0 if every else 1)
                for found in self.wished(wish, ("rows", side, group), 1):
                    yield from self.made(where, wanted, side, found)
                if not every and not wanted:
                    yield from self.wished(wish, ("rows", side, group), 0)
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
                if holds(left, operator, right) is wanted:
                    yield from self._valued(term, left, side, found)

    def _answered(self, term: Term, wanted: bool, side: str, wish: Wish) -> Iterator[Wish]:
        if term.head not in ("item", "previous"):
            return
        at = BEFORE if term.head == "previous" else side
        if not wanted:
            yield from self.wished(wish, ("item", at, term.target), None)
            return
        item = self.form.items.get(term.target)
        for value in domain(item) if item else ():
            yield from self.set(term.target, value, at, wish)

    def _status(
        self, term: Term, status: str, wanted: bool, side: str, wish: Wish
    ) -> Iterator[Wish]:
        absent = {"status": status, "reason": "scripted"}
        values = {"answered": None, "blank": None}
        if status in values:
            yield from self._answered(term, (status == "answered") == wanted, side, wish)
        elif wanted:
            yield from self.wished(wish, ("item", side, term.target), absent)
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
            for value in facts(operand.target, self.kinds):
                for found in self.wished(wish, ("context", NOW, operand.target), value):
                    yield shifted(value, operand), found
            return
        at = {"previous": BEFORE, "outer": NOW}.get(operand.kind, side)
        item = self.form.items.get(operand.target)
        known = wish.get(("item", at, operand.target))
        for value in (known,) if known is not None else domain(item) if item else ():
            for found in self.set(operand.target, value, at, wish):
                yield shifted(value, operand), found

    def _candidates(self, term: Term, right: Value) -> list[Any]:
        if term.head in ("count", "missing_rows", "added_rows", "days"):
            near = int(right) if isinstance(right, Decimal) else 0
            spread = (0, 1, -1) if term.head != "days" else (0, 1, -1, 40, -40)
            least = -10_000 if term.head == "days" else 0
            return [Decimal(near + step) for step in spread if near + step >= least]
        if term.head == "context":
            return [*around(right), *facts(term.target, self.kinds)]
        item = self.form.items.get(term.target)
        return [*around(right), *(domain(item) if item else ())]

    def _valued(self, term: Term, value: Any, side: str, wish: Wish) -> Iterator[Wish]:
        match term.head:
            case "item":
                yield from self.set(term.target, value, side, wish)
            case "previous":
                yield from self.set(term.target, value, BEFORE, wish)
            case "context":
                yield from self.wished(wish, ("context", NOW, term.target), value)
            case "count":
                yield from self._counted(term, int(value), side, wish)
            case "missing_rows" | "added_rows":
                yield from self._changed(term, int(value), wish)
            case _:
                yield from self._dated(term, int(value), side, wish)

    def _counted(self, term: Term, number: int, side: str, wish: Wish) -> Iterator[Wish]:
        group = self.form.items.get(term.target)
        for found in self.wished(wish, ("rows", side, term.target), number):
            if group is not None and term.per == f"{group.path}.{group.row_key}" and number > 1:
                yield {**found, ("twins", side, group.path): True}
                continue
            inside = [found]
            if term.where is not None and number:
                inside = list(islice(self.made(term.where, True, side, found), 6))
            if term.per and number:
                item = self.form.items.get(term.per)
                for value in islice(domain(item), 2) if item else ():
                    yield from each(iter(inside), lambda w, v=value: self.set(term.per, v, side, w))
            else:
                yield from inside

    def _changed(self, term: Term, number: int, wish: Wish) -> Iterator[Wish]:
        more, fewer = (BEFORE, NOW) if term.head == "missing_rows" else (NOW, BEFORE)
        for found in self.wished(wish, ("rows", fewer, term.target), 1):
            yield from self.wished(found, ("rows", more, term.target), 1 + number)
        for found in self.wished(wish, ("rows", fewer, term.target), 0):
            yield from self.wished(found, ("rows", more, term.target), number)

    def _dated(self, term: Term, days: int, side: str, wish: Wish) -> Iterator[Wish]:
        if term.start is None or term.end is None:
            return
        first, last = DAY, DAY + timedelta(days=days)
        for found in self._day(term.start, first, side, wish):
            yield from self._day(term.end, last, side, found)

    def _day(self, operand: Operand, day: date, side: str, wish: Wish) -> Iterator[Wish]:
        text = day.isoformat()
        if operand.kind == "context":
            yield from self.wished(wish, ("context", NOW, operand.target), text)
        elif operand.kind != "literal":
            at = BEFORE if operand.kind == "previous" else side
            yield from self.set(operand.target, text, at, wish)
