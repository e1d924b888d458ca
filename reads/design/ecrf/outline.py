"""The parts of a form document by place, and the acts that add, move and remove them.

A place is ``section``, ``section.item``, ``section.group.item`` or ``check:ID``. The functions take
a document of the right skeleton (``skeleton_problem``) and return a new one; whatever else is wrong
with it stays as it was written, so that a draft survives.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

CHECK = "check:"
LONGEST_KEY = 40
DEPTH_OF_ROW_ITEM = 3

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Node:
    """One line of the outline.

    Attributes:
        place: where it stands.
        depth: 0 a section, 1 an item, 2 an item of a row.
    """

    place: str
    title: str
    kind: str
    depth: int
    is_derived: bool = False
    is_conditional: bool = False
    checks: int = 0


def skeleton_problem(document: object) -> str:
    """Return why a document cannot be edited part by part, empty when it can."""
    if not isinstance(document, Mapping):
        return "The file holds no form: it must be names with values."
    sections = document.get("sections")
    if not isinstance(sections, list) or not all(_is_part(one) for one in sections):
        return "The file has no sections: each needs a key and a list of items."
    for section in sections:
        for item in _items(section):
            if not _is_part(item, needs_items=False):
                return f"An item of “{section.get('title', section['key'])}” has no key."
            inner = item.get("items", [])
            if not isinstance(inner, list) or not all(
                _is_part(x, needs_items=False) for x in inner
            ):
                return f"The rows of “{item.get('label', item['key'])}” cannot be read."
    checks = document.get("checks", [])
    if not isinstance(checks, list) or not all(
        isinstance(one, Mapping) and isinstance(one.get("id"), str) for one in checks
    ):
        return "The checks cannot be read: each needs an id."
    return ""


def _is_part(raw: object, *, needs_items: bool = True) -> bool:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("key"), str) or not raw["key"]:
        return False
    return not needs_items or isinstance(raw.get("items", []), list)


def _items(part: Mapping[str, Any]) -> list[Any]:
    found = part.get("items")
    return found if isinstance(found, list) else []


def nodes(document: Mapping[str, Any]) -> list[Node]:
    """Return the outline of a form, sections with their items."""
    about: dict[str, int] = {}
    for check in document.get("checks", ()):
        name = str(check.get("item", ""))
        about[name] = about.get(name, 0) + 1
    found = []
    for section in document.get("sections", ()):
        place = section["key"]
        found.append(Node(place, str(section.get("title", place)), "section", 0,
                          is_conditional="shown_when" in section))  # fmt: skip
        for depth, at, item in _walk(section, place, 1):
            found.append(
                Node(
                    at,
                    str(item.get("label") or item["key"]),
                    str(item.get("kind", "")),
                    depth,
                    is_derived="derived" in item,
                    is_conditional="shown_when" in item,
                    checks=about.get(at, 0),
                )
            )
    return found


def _walk(
    part: Mapping[str, Any], place: str, depth: int
) -> Iterator[tuple[int, str, dict[str, Any]]]:
    for item in _items(part):
        at = f"{place}.{item['key']}"
        yield depth, at, item
        if depth < DEPTH_OF_ROW_ITEM - 1:
            yield from _walk(item, at, depth + 1)


def items(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return every item by its place, groups and their row items included."""
    return {
        at: item
        for section in document.get("sections", ())
        for _, at, item in _walk(section, section["key"], 1)
    }


def find(document: Mapping[str, Any], place: str) -> dict[str, Any] | None:
    """Return the part at a place, None when there is none."""
    if place.startswith(CHECK):
        wanted = place.removeprefix(CHECK)
        return next((one for one in document.get("checks", ()) if one["id"] == wanted), None)
    siblings, number = _position(document, place)
    return siblings[number] if siblings is not None and number >= 0 else None


def _position(document: Mapping[str, Any], place: str) -> tuple[list[Any] | None, int]:
    siblings: list[Any] | None = document.get("sections")
    number = -1
    for step, key in enumerate(place.split(".")):
        if step:
            if siblings is None or number < 0:
                return None, -1
            siblings = _items(siblings[number])
        number = next((n for n, one in enumerate(siblings or ()) if one["key"] == key), -1)
    return siblings, number


def _siblings(document: Document, place: str) -> tuple[list[Any] | None, int]:
    if place.startswith(CHECK):
        checks = document.get("checks", [])
        wanted = place.removeprefix(CHECK)
        return checks, next((n for n, one in enumerate(checks) if one["id"] == wanted), -1)
    return _position(document, place)


def replaced(document: Mapping[str, Any], place: str, part: Mapping[str, Any]) -> Document:
    """Return the document with another part at a place; an unknown place changes nothing."""
    made = deepcopy(dict(document))
    siblings, number = _siblings(made, place)
    if siblings is not None and number >= 0:
        siblings[number] = dict(part)
    return made


def moved(document: Mapping[str, Any], place: str, steps: int) -> Document:
    """Return the document with a part moved up (-1) or down (+1) among its siblings."""
    made = deepcopy(dict(document))
    siblings, number = _siblings(made, place)
    if siblings is not None and number >= 0 and 0 <= number + steps < len(siblings):
        siblings.insert(number + steps, siblings.pop(number))
    return made


def removed(document: Mapping[str, Any], place: str) -> Document:
    """Return the document without a part; the checks on a removed item go with it."""
    made = deepcopy(dict(document))
    siblings, number = _siblings(made, place)
    if siblings is None or number < 0:
        return made
    del siblings[number]
    if not place.startswith(CHECK):
        made["checks"] = [
            one
            for one in made.get("checks", [])
            if one.get("item") != place and not str(one.get("item", "")).startswith(f"{place}.")
        ]
    return made


def with_section(document: Mapping[str, Any], title: str) -> tuple[Document, str]:
    """Return the document with a new section at its end, and the section's place."""
    made = deepcopy(dict(document))
    sections = made.setdefault("sections", [])
    key = key_for(title, [one["key"] for one in sections], "section")
    sections.append({"key": key, "title": title, "items": []})
    return made, key


def with_item(
    document: Mapping[str, Any], owner: str, label: str, kind: str
) -> tuple[Document, str]:
    """Return the document with a new item at the end of a section or group, and its place."""
    made = deepcopy(dict(document))
    part = find(made, owner)
    if part is None:
        return made, owner
    siblings = part.setdefault("items", [])
    key = key_for(label, [one["key"] for one in siblings], "item")
    siblings.append({"key": key, "label": label, "kind": kind, **_first_of(kind)})
    return made, f"{owner}.{key}"


def _first_of(kind: str) -> dict[str, Any]:
    """Return what an item of a kind must say from the beginning."""
    if kind == "decimal":
        return {"decimals": 1}
    if kind in ("choice", "multiple_choice"):
        return {"choices": [{"code": "YES", "label": "Yes"}, {"code": "NO", "label": "No"}]}
    if kind == "group":
        return {
            "row_key": "name",
            "row_name": "Row",
            "items": [
                {"key": "name", "label": "Name", "kind": "text", "required": True, "absence": []}
            ],
        }
    return {}


def with_check(document: Mapping[str, Any], item: str) -> tuple[Document, str]:
    """Return the document with a new check on an item, and its place; it must be answered."""
    made = deepcopy(dict(document))
    checks = made.setdefault("checks", [])
    base = re.sub(r"[^A-Z0-9]+", "_", item.upper()).strip("_") or "CHECK"
    known = {one["id"] for one in checks}
    number = next(n for n in range(1, len(checks) + 2) if f"{base}_{n}" not in known)
    checks.append(
        {
            "id": f"{base}_{number}",
            "item": item,
            "level": "warning",
            "must": {"item": item, "answered": True},
            "message": "Say what is wrong and what to do.",
        }
    )
    return made, f"{CHECK}{base}_{number}"


def key_for(words: str, taken: list[str], otherwise: str) -> str:
    """Return a key made of words, unlike those taken: letters, digits and underscores."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:LONGEST_KEY].strip("_")
    if not base or not base[0].isalpha() or base == "reasons":
        base = f"{otherwise}_{base}".strip("_")
    if base not in taken:
        return base
    return next(name for n in range(2, len(taken) + 3) if (name := f"{base}_{n}") not in taken)
