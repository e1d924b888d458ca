"""From wishes to answers: the scene in which an edit check is tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from studies.forms.definition import Form, Item, Kind
from studies.forms.values import Value

#: OTHER is a second row of a group, beside the one that is looked at
NOW, BEFORE, OTHER = "now", "before", "other"

Variable = tuple[str, str, str]  # (kind, side, name)
Wish = Mapping[Variable, Any]


@dataclass(frozen=True, slots=True)
class Scene:
    """Answers in which a check is tried."""

    answers: Mapping[str, Any]
    context: Mapping[str, object]
    previous: Mapping[str, Any] | None
    named: Mapping[str, Value] = field(default_factory=dict)


def scene_of(form: Form, wish: Wish) -> Scene:
    """Return the answers that a wish describes."""
    sides = {one[1] for one in wish}
    context = {name: _raw(v) for (kind, _, name), v in wish.items() if kind == "context"}
    return Scene(
        _answers(form, wish, NOW),
        context,
        _answers(form, wish, BEFORE) if BEFORE in sides else None,
        {name: v for (kind, _, name), v in wish.items() if kind == "named"},
    )


def _answers(form: Form, wish: Wish, side: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for section in form.sections:
        part: dict[str, Any] = {}
        for item in section.items:
            if item.kind is Kind.GROUP:
                rows = _rows(wish, item, side)
                if rows:
                    part[item.key] = rows
            else:
                value = wish.get(("item", side, item.path))
                if value is not None:
                    part[item.key] = _raw(value)
        if part:
            made[section.key] = part
    return made


def _rows(wish: Wish, group: Item, side: str) -> list[dict[str, Any]]:
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
    names = _row_names(group, str(row.get(key) or ""), number)
    twins = wish.get(("twins", side, group.path))
    rows = [{**row, key: names[0] if twins else name} for name in names]
    if other and number > 1:
        rows[1] = {key: names[1], **other}
    return rows


def _row_names(group: Item, first: str, number: int) -> list[str]:
    """Return names of rows that differ: codes where the name is chosen, else labels."""
    named = next((part for part in group.items if part.key == group.row_key), None)
    if named is None or named.kind is not Kind.CHOICE:
        first = first or "T01"
        return [first if not n else f"{first}-{n + 1}" for n in range(number)]
    codes = [choice.code for choice in named.choices]
    codes.sort(key=lambda code: code != first)  # the wished one first, the others as they stand
    return [codes[n % len(codes)] for n in range(number)]


def _raw(value: Any) -> Any:
    """Return a value as an answer or a fact holds it."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return list(value) if isinstance(value, tuple) else value
