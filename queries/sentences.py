"""The trail of records as sentences, in the shape of the history component."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from accounts.permissions import Role
from audit.trail import Entry
from ui.records import HistoryEntry


def role_words(role: str) -> str:
    """Return the words for a role."""
    return str(dict(Role.choices).get(role, role.replace("_", " ")))


def sentences(entries: Iterable[Entry]) -> list[HistoryEntry]:
    """Return one sentence for each act and one for each changed field, in the order given."""
    found: list[HistoryEntry] = []
    for entry in entries:
        base: dict[str, Any] = {
            "who": _("The system") if entry.system else entry.name,
            "when": entry.at,
            "zone": entry.zone,
            "role": "" if entry.system else role_words(entry.role).lower(),
            "is_system": entry.system,
            "is_shifted": entry.shifted,
            "reason": entry.reason,
        }
        if not entry.changes:
            file = entry.details.get("file", "")
            what = f"{entry.object_label} ({file})" if file else entry.object_label
            found.append(HistoryEntry(did=f"{entry.verb} {what}", **base))
        found += [
            HistoryEntry(
                did=_("changed “%(field)s” of %(what)s")
                % {"field": change.label, "what": entry.object_label},
                old=change.old,
                new=change.new,
                **base,
            )
            for change in entry.changes
        ]
    return found
