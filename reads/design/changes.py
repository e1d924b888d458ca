"""What two versions of a design say differently, clause by clause, in the charter's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reads.design.clauses import CLAUSES, SECTIONS
from reads.design.document import design_from
from reads.design.references import resolved


@dataclass(frozen=True, slots=True)
class Change:
    """A clause or an authored section that reads differently."""

    section: str
    key: str
    before: str
    after: str


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return every difference between two design documents that have no problems."""
    old, new = design_from(before), design_from(after)
    found = [
        Change(SECTIONS[clause.section], clause.key, was, now)
        for clause in CLAUSES
        if (was := clause.says(old)) != (now := clause.says(new))
    ]
    for key, title in SECTIONS.items():
        was = resolved(old.sections.get(key, ""), old)
        now = resolved(new.sections.get(key, ""), new)
        if was != now:
            found.append(Change(title, f"text of {title.lower()}", was, now))
    return found
