"""Histories as sentences for pages: entries of the trail in the shape of the components."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from audit.trail import Change, Entry
from projects.names import role_label
from ui.records import HistoryEntry

LONGEST = 120
NOTHING = "–"
#: fields that the platform keeps for itself; the audit trail shows them
_TECHNICAL = ("Checks before sending", "Sha-256", "Due by", "Qc due by")


def sentences(entries: Iterable[Entry], *, brief: bool = False) -> list[HistoryEntry]:
    """Return one sentence per changed field or act.

    Args:
        brief: leave out first values of fields and technical ones, which the audit trail shows.
    """
    found: list[HistoryEntry] = []
    for entry in entries:
        base: dict[str, Any] = {
            "who": "The system" if entry.system else entry.name,
            "when": entry.at,
            "zone": entry.zone,
            "role": "" if entry.system else role_label(entry.role).lower(),
            "is_system": entry.system,
            "is_shifted": entry.shifted,
        }
        reason: dict[str, Any] = {"because" if entry.system else "reason": entry.reason}
        if not entry.changes:
            found.append(HistoryEntry(did=f"{entry.verb} {entry.object_label}", **base, **reason))
        found += [
            HistoryEntry(
                did=f"changed “{change.label.lower()}” of {entry.object_label}",
                old=_short(change.old),
                new=_short(change.new),
                **base,
                **reason,
            )
            for change in entry.changes
            if not (brief and _is_detail(change))
        ]
    return found


def _is_detail(change: Change) -> bool:
    return change.old == NOTHING or change.label.startswith(_TECHNICAL)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
