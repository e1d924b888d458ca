"""Answers from a posted page. `names` documents the control names.

Only fields that were on the page are taken from the post; everything else keeps what was stored
before, so that a field hidden by a condition, or by a narrower page, is not lost. Derived and
read-only items are never taken from a post.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from studies.forms.definition import Form, Item, Kind
from studies.forms.evaluation import REASONS
from studies.forms.names import read_control
from studies.forms.values import ABSENCES, boolean_from, date_from

Posted = Mapping[str, str | Sequence[str]]
_ROW_NUMBER = re.compile(r"[0-9]{1,5}")


def parse_posted(
    form: Form, posted: Posted, *, stored: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The answers after a post, as JSON.

    Parameters
    ----------
    posted
        Control names to values; several values of one name as a list. With Django:
        `dict(request.POST.lists())`.
    stored
        The answers before the post.

    Texts are kept as typed: whether they can be read is the evaluator's business. A date that
    can be read is kept as ISO text.
    """
    content = _Posted.sorted_out(posted)
    answers: dict[str, Any] = copy.deepcopy(dict(stored or {}))
    for section in form.sections:
        before = answers.get(section.key)
        part = dict(before) if isinstance(before, Mapping) else {}
        for item in section.items:
            if item.kind is Kind.GROUP:
                _take_rows(item, content, part)
            elif item.is_entered and item.path in content.shown:
                _put(part, item.key, _answer(item, item.path, content))
        if part or section.key in answers:
            answers[section.key] = part
    _take_reasons(content, answers)
    return answers


@dataclass
class _Posted:
    """The controls of a post, by kind and place."""

    answers: dict[str, list[str]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    absence: dict[str, str] = field(default_factory=dict)
    because: dict[str, str] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    row: dict[str, str] = field(default_factory=dict)
    remove: set[str] = field(default_factory=set)
    add: set[str] = field(default_factory=set)
    reasons: dict[str, str] = field(default_factory=dict)

    @classmethod
    def sorted_out(cls, posted: Posted) -> _Posted:
        content = cls()
        for name, raw in posted.items():
            known = read_control(name)
            values = [raw] if isinstance(raw, str) else [str(each) for each in raw]
            if known is None or not values:
                continue
            kind, place = known
            holder = getattr(content, kind)
            if kind == "answers":
                holder[place] = values
            elif isinstance(holder, set):
                holder.add(place)
            else:
                holder[place] = values[-1]
        return content


def _put(part: dict[str, Any], key: str, answer: object) -> None:
    if answer is None:
        part.pop(key, None)
    else:
        part[key] = answer


def _answer(item: Item, place: str, content: _Posted) -> object:
    """One answer as JSON, or None when it was left blank."""
    absence = content.absence.get(place, "")
    if absence in {status.value for status in ABSENCES}:
        return {"status": absence, "reason": content.because.get(place, "").strip()}
    values = [value for value in content.answers.get(place, []) if value.strip()]
    if not values:
        return None
    if item.kind is Kind.MULTIPLE_CHOICE:
        return values
    value = values[-1]
    if item.kind is Kind.BOOLEAN:
        read = boolean_from(value)
        return value if read is None else read
    if item.kind is Kind.DATE:
        day = date_from(value)
        return value if day is None else day.iso
    unit = content.units.get(place, "")
    return {"value": value, "unit": unit} if unit and unit != item.unit else value


def _take_rows(group: Item, content: _Posted, part: dict[str, Any]) -> None:
    """The rows that were on the page, in their order; without any, the stored ones stay."""
    before = part.get(group.key)
    stored = before if isinstance(before, list) else []
    numbers = _row_numbers(group, content)
    adding = group.path in content.add and not group.fixed_rows
    if group.path not in content.shown and not numbers and not adding:
        return
    if isinstance(before, Mapping) and not numbers and not adding:
        return
    rows = []
    for number in numbers:
        place = f"{group.path}.{number}"
        if group.fixed_rows or place not in content.remove:
            rows.append(_row(group, place, content, _origin(content.row[place], stored)))
    if adding and len(rows) < group.max_rows:
        rows.append({})
    _put(part, group.key, rows or None)


def _row_numbers(group: Item, content: _Posted) -> list[int]:
    prefix = f"{group.path}."
    ends = [place.removeprefix(prefix) for place in content.row if place.startswith(prefix)]
    return sorted(int(end) for end in ends if _ROW_NUMBER.fullmatch(end))


def _origin(number: str, stored: list[Any]) -> dict[str, Any]:
    if _ROW_NUMBER.fullmatch(number) and int(number) < len(stored):
        row = stored[int(number)]
        return dict(row) if isinstance(row, Mapping) else {}
    return {}


def _row(group: Item, place: str, content: _Posted, row: dict[str, Any]) -> dict[str, Any]:
    for item in group.items:
        at = f"{place}.{item.key}"
        if item.is_entered and at in content.shown:
            _put(row, item.key, _answer(item, at, content))
    return row


def _take_reasons(content: _Posted, answers: dict[str, Any]) -> None:
    before = answers.get(REASONS)
    reasons = dict(before) if isinstance(before, Mapping) else {}
    for key, reason in content.reasons.items():
        _put(reasons, key, reason.strip() or None)
    _put(answers, REASONS, reasons or None)
