"""The trail of records as sentences, in the shape of the history component."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from accounts.permissions import Role
from audit.trail import Change, Entry
from ui.records import HistoryEntry

LONGEST = 120
NOTHING = "–"
#: What the platform keeps for itself: the acts beside say it, the audit trail shows it.
_TECHNICAL = frozenset(
    {
        "acknowledged_at",
        "acknowledged_by",
        "carried_out_at",
        "check_result",
        "closed_at",
        "disposed_at",
        "disposed_by",
        "done_at",
        "drawn_at",
        "due_by",
        "entered_at",
        "facts",
        "issued_at",
        "last_file_at",
        "lifted_holds",
        "outcome",
        "population",
        "prechecks",
        "project_at",
        "project_by",
        "qc_due_by",
        "reasons",
        "released_at",
        "result",
        "saved_at",
        "science_at",
        "science_by",
        "sha256",
        "why",
    }
)


def role_words(role: str) -> str:
    """Return the words for a role; what is no role is shown as it is."""
    return str(dict(Role.choices).get(role, role.replace("_", " ")))


def sentences(entries: Iterable[Entry], *, brief: bool = False) -> list[HistoryEntry]:
    """Return one sentence for each act and one for each changed field, in the order given.

    Args:
        brief: leave out the first values of fields, which the audit trail shows.
    """
    found: list[HistoryEntry] = []
    for entry in entries:
        base: dict[str, Any] = {
            "who": _("The system") if entry.system else entry.name,
            "when": entry.at,
            "zone": entry.zone,
            "role": "" if entry.system else role_words(entry.role).lower(),
            "is_system": entry.system,
            "is_shifted": entry.shifted,
            "because" if entry.system else "reason": entry.reason,
        }
        if not entry.changes:
            found.append(HistoryEntry(did=_act(entry), **base))
        found += [
            HistoryEntry(
                did=_("changed “%(field)s” of %(what)s")
                % {"field": change.label.lower(), "what": entry.object_label},
                old=_short(change.old),
                new=_short(change.new),
                **base,
            )
            for change in entry.changes
            if not (_is_technical(change) or (brief and change.old == NOTHING))
        ]
    return found


def _act(entry: Entry) -> str:
    file = entry.details.get("file", "")
    return f"{entry.verb} {entry.object_label}".strip() + (f" ({file})" if file else "")


def _is_technical(change: Change) -> bool:
    return change.field.partition(".")[0] in _TECHNICAL


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
