"""Answers that are there before a person starts: from a source, or from the prior time point.

A prefilled answer is a proposal that the person sees and may change; a yes or no is never
proposed (`Form.problems` refuses it).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from studies.forms.definition import Form, Item, Kind
from studies.forms.reading import is_blank


def prefilled(form: Form, answers: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """Answers with every blank item filled that has a source in `context`."""
    filled: dict[str, Any] = copy.deepcopy(dict(answers))
    for section in form.sections:
        for item in section.items:
            proposal = context.get(item.prefill) if item.prefill else None
            if is_blank(proposal) or item.read_only or item.kind is Kind.BOOLEAN:
                continue
            part = filled.setdefault(section.key, {})
            if isinstance(part, dict) and is_blank(part.get(item.key)):
                part[item.key] = str(proposal)
    return filled


def carried_forward(form: Form, previous: Mapping[str, Any]) -> dict[str, Any]:
    """The rows of the prior time point with what names them, ready for new findings.

    A target lesion keeps its name, organ and place; its state and size are asked again.
    """
    answers: dict[str, Any] = {}
    for section in form.sections:
        old = previous.get(section.key)
        for item in section.items:
            rows = old.get(item.key) if isinstance(old, Mapping) else None
            if item.carry_forward and isinstance(rows, list):
                kept = [_kept(item, row) for row in rows if isinstance(row, Mapping)]
                if kept:
                    answers.setdefault(section.key, {})[item.key] = kept
    return answers


def _kept(group: Item, row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: copy.deepcopy(row[key]) for key in group.carry_forward if key in row}
