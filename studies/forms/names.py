"""Names of form controls: one place for the page that writes them and the parser that reads them.

A place is an item path, with the row's number inside a group: `target.lesions.0.long_axis`.

| Name | Holds |
|---|---|
| `answers[PLACE]` | the answer, once or, for a multiple choice, several times |
| `units[PLACE]` | the unit of entry, where there is a choice |
| `absence[PLACE]` | empty, `not_done` or `not_evaluable` |
| `because[PLACE]` | the reason of that absence |
| `shown[PLACE]` | 1: this field was on the page, so that an empty answer means "cleared" |
| `row[GROUP.N]` | the number of the stored row, or `new` |
| `remove[GROUP.N]` | 1: leave this row out |
| `add[GROUP]` | 1: one more row |
| `reasons[KEY]` | the reason why the warning KEY is accepted |
"""

from __future__ import annotations

import re

_NAME = re.compile(r"(answers|units|absence|because|shown|row|remove|add|reasons)\[([^\[\]]+)\]")
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9_-]+")


def control(kind: str, place: str) -> str:
    """The name of one control."""
    return f"{kind}[{place}]"


def read_control(name: str) -> tuple[str, str] | None:
    """What a control name means: its kind and place, or None when it is not one of ours."""
    match = _NAME.fullmatch(name)
    return (match[1], match[2]) if match else None


def element_id(*parts: str) -> str:
    """A document-wide id made from places and words."""
    return "-".join(["form", *(_NOT_IN_ID.sub("-", part) for part in parts)])
