"""What changed from one definition to the next, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from clinical.definition.document import COLUMN_KINDS, KINDS, SOURCES, Column, Definition, Item


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: of which item, what it was and what it is; ``kind`` as in pages."""

    kind: str
    where: str
    before: str = ""
    after: str = ""


def difference(old: Definition, new: Definition) -> tuple[Change, ...]:
    """Return what was added, taken away and changed, in the order of the new definition."""
    return tuple(_changes(old, new))


def _changes(old: Definition, new: Definition) -> Iterator[Change]:
    for item in new.items:
        before = old.item(item.code)
        if before is None:
            yield Change("added", item.label, after=_short(item))
            continue
        then, now = facts(before), facts(item)
        for name in {**then, **now}:
            if then.get(name, "") != now.get(name, ""):
                yield Change(
                    "changed", f"{item.label}: {name}", then.get(name, ""), now.get(name, "")
                )
    for item in old.items:
        if new.item(item.code) is None:
            yield Change("removed", item.label, before=_short(item))
    kept = [item.code for item in old.items if new.item(item.code)]
    if kept != [item.code for item in new.items if old.item(item.code)]:
        yield Change("changed", "order of the items", ", ".join(kept),
                     ", ".join(item.code for item in new.items if old.item(item.code)))  # fmt: skip


def _short(item: Item) -> str:
    need = "required" if item.required else "optional"
    return f"{KINDS[item.kind]}, {need}, {item.when_words}, {SOURCES[item.source]}"


def facts(item: Item) -> dict[str, str]:
    """Return what an item says, name by name, in words."""
    found = {"label": item.label, **_column_facts(item.field)}
    found |= {
        "criterion": item.criterion,
        "when": item.when_words,
        "source": SOURCES[item.source],
        "help": item.help,
    }
    for column in item.columns:
        words = [column.label, *(v for v in _column_facts(column).values() if v)]
        found[f"column {column.code}"] = ", ".join(words)
    return found


def _column_facts(column: Column) -> dict[str, str]:
    limits = [
        f"{word} {value}"
        for word, value in (("from", column.lowest), ("to", column.highest))
        if value is not None
    ]
    return {
        "kind": KINDS[column.kind],
        "required": "required" if column.required else "",
        "unit": column.unit,
        "limits": " ".join(limits),
        "choices": "; ".join(f"{one.value} = {one.label}" for one in column.choices),
    }


__all__ = ["COLUMN_KINDS", "Change", "difference", "facts"]
