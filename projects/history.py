"""Histories as sentences for pages: entries of the trail in the shape of the components."""

from __future__ import annotations

from collections.abc import Iterable

from audit.trail import Entry
from projects.names import role_label
from ui.records import HistoryEntry


def sentences(entries: Iterable[Entry]) -> list[HistoryEntry]:
    """Return one sentence per changed field or act."""
    found: list[HistoryEntry] = []
    for entry in entries:
        base = {
            "who": entry.name,
            "when": entry.at,
            "zone": entry.zone,
            "role": "" if entry.system else role_label(entry.role),
            "is_system": entry.system,
            "is_shifted": entry.shifted,
        }
        if not entry.changes:
            found.append(
                HistoryEntry(did=f"{entry.verb} {entry.object_label}", reason=entry.reason, **base)  # type: ignore[arg-type]
            )
        found += [
            HistoryEntry(
                did=f"changed “{change.label}” of {entry.object_label}",
                old=change.old,
                new=change.new,
                reason=entry.reason,
                **base,  # type: ignore[arg-type]
            )
            for change in entry.changes
        ]
    return found
