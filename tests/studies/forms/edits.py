"""Changing answers in one line, so that a table of cases stays readable."""

from __future__ import annotations

import copy
from typing import Any

GONE = object()


def changed(answers: dict[str, Any], **edits: Any) -> dict[str, Any]:
    """A copy with edits: `scan__date="..."`, `target__lesions__0__state="..."`, GONE removes."""
    copied = copy.deepcopy(answers)
    for name, value in edits.items():
        *path, last = name.split("__")
        place: Any = copied
        for part in path:
            place = place[int(part)] if part.isdigit() else place.setdefault(part, {})
        if value is GONE:
            place.pop(last, None)
        else:
            place[last] = copy.deepcopy(value)
    return copied
