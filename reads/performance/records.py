"""What the measures are made of: calls of two readers, cases, and readings with their time."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date

#: the order of responses in tables; what a study uses besides follows by name
ORDER = ("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE")


@dataclass(frozen=True, slots=True)
class Reading:
    """A signed read of one reader.

    Attributes:
        at: day of the signature in the study's zone.
        seconds: active time; 0 when it was not kept.
        overridden: the reader entered another response than the derived one.
    """

    reader: Hashable
    at: date
    seconds: int = 0
    overridden: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """The responses of two readers to one time point; ``at`` is the day of the later signature."""

    readers: tuple[Hashable, Hashable]
    calls: tuple[str, str]
    at: date

    @property
    def agrees(self) -> bool:
        """Whether both gave the same response."""
        return self.calls[0] == self.calls[1]

    def seen_by(self, reader: Hashable) -> tuple[str, str]:
        """Return the calls with this reader's first."""
        return self.calls if self.readers[0] == reader else (self.calls[1], self.calls[0])


@dataclass(frozen=True, slots=True)
class Case:
    """An adjudication of a pair of readers.

    Attributes:
        variables: in what the reads differ.
        decided: the adjudicator has signed.
        upheld: the reader whose read was taken; none while it is open, or for a third result.
    """

    readers: tuple[Hashable, Hashable]
    at: date
    variables: tuple[str, ...]
    decided: bool = False
    upheld: Hashable | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time on the axis of a chart."""

    label: str
    first: date
    last: date

    def holds(self, day: date) -> bool:
        """Tell whether a day lies in it."""
        return self.first <= day <= self.last
