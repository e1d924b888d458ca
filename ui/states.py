"""The state palette: what a state looks like is data, and nothing else may draw one.

The codes are display states. They come from the stored states of ``docs/model.md`` and from flags
(overdue, open query, delivered); stored codes are found in any letter case.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.utils.translation import gettext

TONES = ("idle", "work", "wait", "stop", "good", "read", "final")
PALETTE = Path(__file__).with_name("states.json")


class UnknownState(LookupError):
    """A page asked for a state that the palette does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Tone, icon and words of one display state."""

    kind: str
    code: str
    tone: str
    icon: str
    name: str
    abbreviation: str

    @property
    def label(self) -> str:
        """The words of a badge, in the language of the page."""
        return gettext(self.name)

    @property
    def short(self) -> str:
        """The word of a matrix cell, in the language of the page."""
        return gettext(self.abbreviation)


@cache
def palette() -> dict[str, dict[str, State]]:
    """Return all states by kind and code, in the order of the data file."""
    raw: dict[str, dict[str, dict[str, str]]] = json.loads(PALETTE.read_text(encoding="utf-8"))
    return {
        kind: {
            code: State(
                kind=kind,
                code=code,
                tone=look["tone"],
                icon=look["icon"],
                name=look["label"],
                abbreviation=look.get("short", look["label"]),
            )
            for code, look in states.items()
        }
        for kind, states in raw.items()
    }


def state_of(kind: str, code: str) -> State:
    """Return the look of a state.

    Raises:
        UnknownState: the palette has no such kind or code.
    """
    try:
        return palette()[kind][str(code).upper()]
    except KeyError:
        raise UnknownState(f"{kind} {code}") from None
