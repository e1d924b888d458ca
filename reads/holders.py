"""What lies above reads and holds them: data cuts say here which of them a roll-back touches.

This app knows no cuts. They register how to name those that hold a read, and how to keep in their
history that one was rolled back; what a cut froze is never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Holder:
    """One record above that holds rolled-back reads, in words."""

    id: str
    text: str
    url: str = ""


Names = Callable[[Any, Collection[UUID]], list[Holder]]
Tells = Callable[[Any, Collection[UUID], str], list[str]]

NAMES: list[Names] = []
TELLS: list[Tells] = []


def register(*, names: Names, tells: Tells) -> None:
    """Say how an upper app names what holds sessions, and how it keeps a roll-back in mind.

    Args:
        names: study and ids of sessions -> what holds them.
        tells: called in the transaction of the roll-back with the same and a sentence.
    """
    if names not in NAMES:
        NAMES.append(names)
    if tells not in TELLS:
        TELLS.append(tells)


def holding(study: Any, sessions: Collection[UUID]) -> list[Holder]:
    """Return everything above that holds one of the sessions."""
    return [one for name in NAMES for one in name(study, sessions)]


def told(study: Any, sessions: Collection[UUID], sentence: str) -> list[str]:
    """Let everything above keep the roll-back in its history; return what was kept, in words."""
    return [text for tell in TELLS for text in tell(study, sessions, sentence)]
