"""Differences in words: between two sets of answers, and between two versions of a form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from studies.forms.canonical import canonical_json
from studies.forms.definition import Form, Item
from studies.forms.evaluation import Evaluation
from studies.forms.values import BLANK, Answer
from studies.forms.wording import answer_text

ADDED, REMOVED, CHANGED = "added", "removed", "changed"


@dataclass(frozen=True)
class AnswerChange:
    """One changed answer: where, and the old and new answer as people read them."""

    place: str
    label: str
    old: str
    new: str

    @property
    def sentence(self) -> str:
        return f"{self.label}: {self.old} → {self.new}"


@dataclass(frozen=True)
class FormChange:
    """One change between two versions of a form. `what` is form, section, item or check."""

    what: str
    id: str
    kind: str
    sentence: str


def answer_changes(old: Evaluation, new: Evaluation) -> tuple[AnswerChange, ...]:
    """Every visible answer that differs. Rows are matched by their key, else by number.

    A row's answers carry the row's key in the label: "T1, Longest diameter: 13.9 mm → 12.9 mm".
    """
    before, after = _by_identity(old), _by_identity(new)
    changes = []
    for identity in [*after, *(each for each in before if each not in after)]:
        was, now = before.get(identity), after.get(identity)
        current = now or was
        if current is None:
            continue
        place, label, item, _ = current
        old_answer, new_answer = (each[3] if each else BLANK for each in (was, now))
        if _content(old_answer) != _content(new_answer):
            old_text = answer_text(was[2] if was else item, old_answer)
            changes.append(AnswerChange(place, label, old_text, answer_text(item, new_answer)))
    return tuple(changes)


def _content(answer: Answer) -> tuple[object, ...]:
    entered = answer.entered if answer.fault else ""
    return (answer.status, answer.value, answer.number, answer.unit, answer.reason, entered)


def _by_identity(
    evaluation: Evaluation,
) -> dict[tuple[str, str], tuple[str, str, Item, Answer]]:
    found = {}
    for place, answer in evaluation.answers.items():
        path = ".".join(part for part in place.split(".") if not part.isdigit())
        item = evaluation.form.items[path]
        if item.items:
            continue
        row, label = "", item.label
        if item.group:
            number = int(place.split(".")[2])
            group = evaluation.form.items[item.group]
            row = evaluation.rows[item.group][number] or f"{group.row_name} {number + 1}"
            label = f"{row}, {item.label}"
        found[path, row] = (place, label, item, answer)
    return found


def form_changes(old: Form, new: Form) -> tuple[FormChange, ...]:
    """What an author changed: sections, items and checks added, removed and changed, in words."""
    before, after = old.document(), new.document()
    return (
        *_own_changes(before, after),
        *_part_changes("section", _sections(before), _sections(after)),
        *_part_changes("item", _items(before), _items(after)),
        *_part_changes("check", _checks(before), _checks(after)),
    )


def _own_changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[FormChange]:
    for name in ("title", "source", "purpose", "language", "context"):
        if before.get(name) != after.get(name):
            sentence = f"The {name} changed: {_said(before.get(name))} → {_said(after.get(name))}"
            yield FormChange("form", name, CHANGED, sentence)


def _sections(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        section["key"]: {
            **{name: value for name, value in section.items() if name != "items"},
            "order of items": [item["key"] for item in section["items"]],
        }
        for section in document["sections"]
    }


def _items(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for section in document["sections"]:
        for item in section["items"]:
            path = f"{section['key']}.{item['key']}"
            found[path] = {name: value for name, value in item.items() if name != "items"}
            for part in item.get("items", []):
                found[f"{path}.{part['key']}"] = part
    return found


def _checks(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {check["id"]: check for check in document.get("checks", [])}


def _part_changes(
    what: str, before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]
) -> Iterator[FormChange]:
    for key, part in after.items():
        if key not in before:
            yield FormChange(what, key, ADDED, f"{what.title()} {_named(key, part)} was added")
        elif before[key] != part:
            details = "; ".join(_details(before[key], part))
            sentence = f"{what.title()} {_named(key, part)} changed: {details}"
            yield FormChange(what, key, CHANGED, sentence)
    for key, part in before.items():
        if key not in after:
            yield FormChange(what, key, REMOVED, f"{what.title()} {_named(key, part)} was removed")


def _named(key: str, part: dict[str, Any]) -> str:
    words = part.get("label") or part.get("title")
    return f"{key} “{words}”" if words else key


def _details(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old != new:
            yield f"{name.replace('_', ' ')} {_said(old)} → {_said(new)}"


def _said(value: object) -> str:
    if value is None:
        return "none"
    return f"“{value}”" if isinstance(value, str) else canonical_json(value)
