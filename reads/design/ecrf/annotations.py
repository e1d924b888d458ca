"""The annotated blank form: every item with its kind, codes and CDISC target, ready for print."""

from __future__ import annotations

from typing import Any

from reads.design.ecrf.editing import KINDS, LEVELS
from reads.design.ecrf.wording import CONTEXT, Names, derived_said, said
from studies.forms.definition import Form, Item

ABSENT = {"not_done": "not done", "not_evaluable": "not evaluable"}


def annotated(form: Form) -> list[dict[str, Any]]:
    """Return the sections of a form with their items and checks as plain facts.

    Every item has: depth, path, label, kind, notes (what may be answered and when it is asked),
    answers (code and words) and target (data set, variable and code of SDTM).
    """
    document = form.document()
    names = Names(document)
    raw = names.items
    return [
        {
            "title": section.title,
            "help": section.help,
            "shown": said(part["shown_when"], names) if "shown_when" in part else "",
            "items": [
                _item(item, raw[item.path], names, depth)
                for top in section.items
                for depth, item in ((0, top), *((1, inner) for inner in top.items))
            ],
        }
        for section, part in zip(form.sections, document["sections"], strict=True)
    ]


def _item(item: Item, raw: dict[str, Any], names: Names, depth: int) -> dict[str, Any]:
    return {
        "depth": depth,
        "path": item.path,
        "label": item.label,
        "kind": KINDS[item.kind.value],
        "unit": item.unit,
        "notes": _notes(item, raw, names),
        "answers": [[choice.code, choice.label] for choice in item.choices],
        "target": target(item),
    }


def target(item: Item) -> str:
    """Return where a value goes: ``TR.TRSTRESN where TRTESTCD = DIAMETER``, or nothing."""
    if item.cdisc is None:
        return ""
    place = f"{item.cdisc.dataset}.{item.cdisc.variable}"
    if not item.cdisc.code:
        return place
    # In a findings data set the code says which test the variable holds (SDTMIG 3.4 §6.3).
    return f"{place} where {item.cdisc.dataset}TESTCD = {item.cdisc.code}"


def _notes(item: Item, raw: dict[str, Any], names: Names) -> list[str]:
    notes = []
    if item.derived is not None:
        notes.append(f"Follows: {derived_said(raw['derived'], names)}")
    notes += _asked(item, raw, names)
    if item.minimum is not None or item.maximum is not None:
        low = "" if item.minimum is None else f"from {item.minimum}"
        high = "" if item.maximum is None else f"to {item.maximum}"
        notes.append(f"Range {low} {high} {item.unit}".strip())
    if item.decimals is not None:
        notes.append(f"Up to {item.decimals} decimals")
    if item.units:
        notes.append(f"Also in {', '.join(name for name, _ in item.units)}")
    if item.is_entered and not item.items and item.absence:
        notes.append(
            f"May be {' or '.join(ABSENT[one.value] for one in item.absence)}, with a reason"
        )
    if item.items:
        notes.append(f"Up to {item.max_rows} rows, named by “{item.row_key}”" if item.row_key
                     else f"Up to {item.max_rows} rows")  # fmt: skip
    return notes


def _asked(item: Item, raw: dict[str, Any], names: Names) -> list[str]:
    notes = []
    if item.read_only and item.prefill:
        notes.append(f"Shown, taken from {CONTEXT.get(item.prefill, item.prefill)}")
    if item.required:
        notes.append("Required")
    if item.required_when is not None:
        notes.append(f"Required when {said(raw['required'], names)}")
    if item.shown_when is not None:
        notes.append(f"Asked when {said(raw['shown_when'], names)}")
    return notes


def listed_checks(form: Form) -> list[list[str]]:
    """Return the edit checks: name, level, item, message, clause."""
    return [
        [
            check.id,
            LEVELS[check.level.value].partition(":")[0],
            form.items[check.item].label if check.item in form.items else check.item,
            check.message,
            check.clause,
        ]
        for check in form.checks
    ]
