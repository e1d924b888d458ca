"""From the controls that changed on a page to the answers of the whole form.

Autosave sends only what changed. The forms engine reads whole posts, in which a place that was not
on the page keeps its answer and rows are those that were listed. This module writes the missing
rest of such a post out of the stored answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from studies.forms.definition import Form, Item, Kind
from studies.forms.names import control, read_control
from studies.forms.posted import parse_posted

Controls = Mapping[str, str | Sequence[str]]
_OF_A_PLACE = ("answers", "units", "absence", "because")


def merged(form: Form, stored: Mapping[str, Any], changed: Controls) -> dict[str, Any]:
    """Return the answers after some controls changed; everything else stays."""
    posted: dict[str, str | Sequence[str]] = {}
    for name in changed:
        kind, place = read_control(name) or ("", "")
        if kind in _OF_A_PLACE:
            posted |= _controls_of(form, stored, place)
        if kind in {*_OF_A_PLACE, "add", "remove"}:
            posted |= _rows_around(form, stored, place)
    return parse_posted(form, {**posted, **changed}, stored=stored)


def controls_at(form: Form, stored: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return what the named controls would hold for the stored answers, for a conflict."""
    found: dict[str, Any] = {}
    reasons = stored.get("reasons")
    for name in names:
        kind, place = read_control(name) or ("", "")
        if kind == "reasons":
            found[name] = reasons.get(place, "") if isinstance(reasons, Mapping) else ""
        elif kind in _OF_A_PLACE:
            found[name] = _controls_of(form, stored, place).get(name, "")
    return found


def _group_of(form: Form, place: str) -> Item | None:
    parts = place.split(".")
    item = form.items.get(".".join(parts[:2]))
    return item if item is not None and item.kind is Kind.GROUP else None


def _rows(stored: Mapping[str, Any], group: Item) -> list[Any]:
    section, _, key = group.path.partition(".")
    content = stored.get(section)
    rows = content.get(key) if isinstance(content, Mapping) else None
    return rows if isinstance(rows, list) else []


def _rows_around(form: Form, stored: Mapping[str, Any], place: str) -> dict[str, str]:
    group = _group_of(form, place)
    if group is None:
        return {}
    numbers = range(len(_rows(stored, group)))
    listed = {control("row", f"{group.path}.{number}"): str(number) for number in numbers}
    return {control("shown", group.path): "1", **listed}


def _controls_of(form: Form, stored: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Write the stored answer of a place as its controls."""
    raw = _raw(form, stored, place)
    found: dict[str, Any] = {control("shown", place): "1"}
    if isinstance(raw, Mapping) and "status" in raw:
        found[control("absence", place)] = str(raw["status"])
        found[control("because", place)] = str(raw.get("reason", ""))
    elif isinstance(raw, Mapping):
        found[control("answers", place)] = str(raw.get("value", ""))
        found[control("units", place)] = str(raw.get("unit", ""))
    elif isinstance(raw, bool):
        found[control("answers", place)] = "true" if raw else "false"
    elif isinstance(raw, list | tuple):
        found[control("answers", place)] = [str(each) for each in raw]
    elif raw is not None:
        found[control("answers", place)] = str(raw)
    return found


def _raw(form: Form, stored: Mapping[str, Any], place: str) -> object:
    parts = place.split(".")
    group = _group_of(form, place)
    if group is not None and len(parts) == 4:  # noqa: PLR2004 - section.group.number.item
        rows, number = _rows(stored, group), parts[2]
        row = rows[int(number)] if number.isdigit() and int(number) < len(rows) else None
        return row.get(parts[3]) if isinstance(row, Mapping) else None
    content = stored.get(parts[0])
    return content.get(parts[1]) if isinstance(content, Mapping) and len(parts) > 1 else None
