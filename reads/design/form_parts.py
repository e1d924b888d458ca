"""Finding the way in a form document, and writing the items that forms of all criteria share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Document = dict[str, Any]
Choices = Sequence[tuple[str, str]]

FOLLOW_UP: Document = {"context": "time_point.kind", "is": "follow_up"}
BASELINE: Document = {"context": "time_point.kind", "is": "baseline"}


def section(document: Document, key: str) -> Document:
    """Return a section of a form document."""
    found: Document = next(each for each in document["sections"] if each["key"] == key)
    return found


def item_of(document: Document, section_key: str, key: str) -> Document:
    """Return an item of a section."""
    items = section(document, section_key)["items"]
    found: Document = next(each for each in items if each["key"] == key)
    return found


def row_item(document: Document, section_key: str, key: str) -> Document:
    """Return an item of the rows of lesions in a section."""
    found: Document = next(each for each in rows_of(document, section_key) if each["key"] == key)
    return found


def rows_of(document: Document, section_key: str) -> list[Document]:
    """Return the items of the rows of lesions in a section."""
    found: list[Document] = item_of(document, section_key, "lesions")["items"]
    return found


def add_before(document: Document, key: str, added: Document) -> None:
    """Put a section before another one."""
    sections = document["sections"]
    place = next(n for n, each in enumerate(sections) if each["key"] == key)
    sections.insert(place, added)


def drop_checks(document: Document, names: Iterable[str]) -> None:
    """Take checks out by their ids."""
    gone = set(names)
    document["checks"] = [check for check in document["checks"] if check["id"] not in gone]


# Items


def choices(pairs: Choices) -> list[Document]:
    """Return the choices of an item: code and words."""
    return [{"code": code, "label": label} for code, label in pairs]


def choice(key: str, label: str, pairs: Choices, **more: Any) -> Document:
    """Return an item with one answer of several; needed and never absent unless said otherwise."""
    made = {"key": key, "label": label, "kind": "choice", "choices": choices(pairs)}
    return {**made, "required": True, "absence": [], **more}


def yes_no(key: str, label: str, **more: Any) -> Document:
    """Return an item that is yes or no."""
    return {
        "key": key, "label": label, "kind": "boolean", "required": True, "absence": [], **more
    }  # fmt: skip


def number(key: str, label: str, unit: str, *, decimals: int = 1, **more: Any) -> Document:
    """Return an item with a number in a unit, from 0 on."""
    limits = {"minimum": "0", "maximum": "10000"}
    made = {"key": key, "label": label, "kind": "decimal", "unit": unit, "decimals": decimals}
    return {**made, **limits, **more}


def test(code: str, dataset: str = "TR") -> Document:
    """Return where a result goes: SDTM data set, result variable, test code."""
    return {"dataset": dataset, "variable": f"{dataset}ORRES", "code": code}


def check(
    name: str,
    item: str,
    must: Mapping[str, Any],
    message: str,
    clause: str,
    *,
    when: Mapping[str, Any] | None = None,
    level: str = "error",
) -> Document:
    """Return an edit check with its clause."""
    made = {"id": name, "item": item, "level": level, "must": dict(must), "message": message}
    return {**made, "clause": clause, **({"when": dict(when)} if when else {})}


def entered_places(document: Document) -> Iterator[str]:
    """Yield what is recorded, without responses and comments: what a response follows from."""
    for each in document["sections"]:
        if each["key"] == "remarks" or each["key"].startswith("response"):
            continue
        for item in each["items"]:
            if "derived" not in item:
                yield f"{each['key']}.{item['key']}"
