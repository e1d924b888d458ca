"""Wishes for items: a value, and everything that has to be so that the item is shown and has it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

from reads.design.ecrf.scenes import NOW, OTHER, Variable, Wish
from reads.design.ecrf.trials import domain, same
from studies.forms.definition import Form, Item, Kind
from studies.forms.derivations import Derived
from studies.forms.trees import Condition


def each(wishes: Iterator[Wish], more: Any) -> Iterator[Wish]:
    """Go on from every wish."""
    for wish in wishes:
        yield from more(wish)


class Wishes(ABC):
    """The wishes for the items of a form; conditions are wished by the search."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.kinds = dict(form.context)

    @abstractmethod
    def made(self, condition: Condition, wanted: bool, side: str, wish: Wish) -> Iterator[Wish]:
        """Wish that a condition is true, or false."""

    def set(self, path: str, value: Any, side: str, wish: Wish) -> Iterator[Wish]:
        """Wish a value for an item, and that it is shown."""
        item = self.form.items.get(path)
        if item is None:
            return
        if item.derived is not None:
            yield from self._followed(item, value, side, wish)
        elif item.read_only and item.prefill:
            yield from self.wished(wish, ("context", NOW, item.prefill), value)
        else:
            for found in self.wished(wish, ("item", side, path), value):
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
            wishes = self.wished(wish, ("rows", side, owner.path), 1)
        for rule in rules:
            wishes = each(wishes, lambda w, r=rule: islice(self.made(r, True, side, w), 6))
        yield from wishes

    def _followed(self, item: Item, value: Any, side: str, wish: Wish) -> Iterator[Wish]:
        """Wish what a derived value follows from."""
        derived = item.derived
        if derived is None:
            return
        match derived.kind:
            case "named":
                if side == NOW:
                    found = self.wished(wish, ("named", NOW, derived.name), value)
                    yield from each(found, lambda w: self.shown(item.path, side, w))
            case "cases":
                yield from self._by_case(derived, value, side, wish)
            case "sum":
                yield from self.set(derived.targets[0], value, side, wish)
            case "sum_given":
                found = self.set(derived.targets[0], value, side, wish)
                known = derived.where
                yield from (
                    each(found, lambda w: self.made(known, True, side, w)) if known else found
                )
            case "count":
                yield from self.wished(wish, ("rows", side, derived.targets[0]), int(value))
            case "product":
                # Any product is that of itself and one.
                first, second = (operand.target for operand in derived.operands)
                found = self.set(first, value, side, wish)
                yield from each(found, lambda w: self.set(second, Decimal(1), side, w))
            case _:
                return

    def _by_case(self, derived: Derived, value: Any, side: str, wish: Wish) -> Iterator[Wish]:
        for case in derived.cases:
            for found in islice(self.made(case.when, True, side, wish), 3):
                if case.value.kind == "literal" and case.value.literal == value:
                    yield found
                elif case.value.kind in ("other", "outer"):
                    yield from self.set(case.value.target, value, side, found)

    def wished(self, wish: Wish, variable: Variable, value: Any) -> Iterator[Wish]:
        """Add one wish, unless it contradicts one that stands."""
        kind, side, name = variable
        if side == OTHER and not (kind == "item" and self._is_in_row(name)):
            yield from self.wished(wish, (kind, NOW, name), value)
            return
        if variable in wish:
            if same(wish[variable], value):
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
        value = next(domain(item), None)
        return next(self.wished(wish, ("item", NOW, path), value), wish)
