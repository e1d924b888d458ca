"""What differs between the kinds of sessions; everything else is the same way to a signature.

``reads.services.reading`` opens, saves, reviews and signs every read. A session besides time points
registers here what it begins with, what a save may change, what follows from its answers and what
is kept of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from reads.models import ReadSession, ReadTask
    from reads.services.reading import Reading


class SessionKind(Protocol):
    """One kind of session besides time points."""

    def first_answers(self, task: ReadTask) -> dict[str, Any]:
        """Return the answers that are there before the reader types."""

    def kept(self, session: ReadSession, answers: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answers of a save without changes that the reader may not make."""

    def look(self, session: ReadSession, *, final: bool) -> Reading:
        """Evaluate the session."""

    def assessments(self, session: ReadSession, reading: Reading) -> Mapping[str, dict[str, Any]]:
        """Return what is kept of a reviewed session: criterion -> columns of its assessment."""


#: kind of task -> what differs; a kind that is not here is a time point
KINDS: dict[str, SessionKind] = {}
