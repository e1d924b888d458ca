"""What a lesion row holds when it is added: its name for the study, and what goes without saying.

A name is given once and never again in a stream, not even after the lesion was left out: T01 at
baseline is T01 for ever. A target is measured at baseline and a non-target is present there: the
criteria leave no other state (RECIST 1.1 section 4.2). The method is that of the images shown. The
reader sees all of it and may change it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from studies.forms.definition import Form, Item

PREFIXES = {
    "target.lesions": "T",
    "non_target.lesions": "NT",
    "new.lesions": "NL",
    "bone.lesions": "B",
}
_METHODS = {"CT": "CT SCAN", "MR": "MRI", "PT": "PET/CT SCAN"}
_AT_BASELINE = {"target.lesions": "MEASURED", "non_target.lesions": "PRESENT"}
#: a bone lesion that is added was on no earlier scan (PCWG3)
_LATER = {"bone.lesions": "FIRST SEEN"}
_NAME = re.compile(r"([A-Z]+)(\d+)$")


def begun(
    form: Form,
    answers: Mapping[str, Any],
    *,
    labels: Iterable[str],
    sequence: int,
    modality: str = "",
) -> dict[str, Any]:
    """Return the answers with every empty lesion row begun.

    Args:
        labels: names that the stream has used so far, at any time point.
        sequence: number of the time point, 1 for the baseline.
        modality: DICOM modality of the images shown, "" when there are several.
    """
    found = dict(answers)
    used = set(labels) | _named(answers)
    for path, prefix in PREFIXES.items():
        group, (section, _, key) = form.items.get(path), path.partition(".")
        content = found.get(section)
        rows = content.get(key) if isinstance(content, Mapping) else None
        if group is None or not isinstance(content, Mapping) or not isinstance(rows, list):
            continue
        if {} not in rows:
            continue
        filled: list[Any] = []
        for row in rows:
            if row != {}:
                filled.append(row)
                continue
            label = _next(prefix, used)
            used.add(label)
            filled.append(_first(group, label, sequence, modality))
        found[section] = {**content, key: filled}
    return found


def has_empty_rows(answers: Mapping[str, Any]) -> bool:
    """Return whether a lesion row waits for its name."""
    return any(row == {} for _, row in _rows(answers))


def _rows(answers: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every lesion row with the path of its group."""
    for path in PREFIXES:
        section, _, key = path.partition(".")
        content = answers.get(section)
        rows = content.get(key) if isinstance(content, Mapping) else None
        for row in rows if isinstance(rows, list) else ():
            yield path, row


def _named(answers: Mapping[str, Any]) -> set[str]:
    names = [row.get("label") for _, row in _rows(answers) if isinstance(row, Mapping)]
    return {name.strip() for name in names if isinstance(name, str)}


def _next(prefix: str, used: set[str]) -> str:
    numbers = [int(m[2]) for name in used if (m := _NAME.match(name)) and m[1] == prefix]
    return f"{prefix}{max(numbers, default=0) + 1:02d}"


def _first(group: Item, label: str, sequence: int, modality: str) -> dict[str, Any]:
    proposed = {
        "label": label,
        "method": _METHODS.get(modality, ""),
        "state": (_AT_BASELINE if sequence == 1 else _LATER).get(group.path, ""),
        "first_seen": f"TP{sequence}" if sequence > 1 else "",
    }
    known = {item.key for item in group.items}
    return {key: value for key, value in proposed.items() if value and key in known}
