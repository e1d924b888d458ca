"""What quality control means to reads: reads register here, because imaging may not know them.

``reads`` tells what an act would do to reads before it is confirmed, and does its part in
the same transaction. Without reads (an installation that only receives images) nothing is listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from audit.actors import Actor
from studies.models import TimePoint

if TYPE_CHECKING:
    from imaging.models import LateImages, ReadPackage


@dataclass(frozen=True, slots=True)
class Consequence:
    """One thing that an act does to reads, in words without any answer; ``tone`` as in pages."""

    text: str
    tone: str = "wait"
    prevents: bool = False


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """What became of a decision: lines in words, and whether nothing is left for a person."""

    lines: tuple[str, ...]
    done: bool


class Reads(Protocol):
    """The side of reads."""

    def begun(self, time_point: TimePoint) -> bool:
        """Tell whether a reader has opened the time point's images."""

    def of_reset(self, time_point: TimePoint) -> Iterable[Consequence]:
        """Say what a reset of quality control does to reads."""

    def of_late(self, time_point: TimePoint, decision: str) -> Iterable[Consequence]:
        """Say what a decision on late images does to reads."""

    def reset(self, time_point: TimePoint, *, actor: Actor, reason: str) -> None:
        """Do the part of reads in a reset: reads that wait are held."""

    def released(self, package: ReadPackage, *, actor: Actor) -> None:
        """A package was released: reads that nobody has begun take it, held ones go on."""

    def carry_out(self, late: LateImages) -> CarriedOut:
        """Carry out a signed decision on late images as far as services exist for it."""

    def seen_with(self, package: ReadPackage) -> Iterable[tuple[str, str]]:
        """Return the reads that pinned a package: blinded label and state, never an answer."""


class NoReads:
    """An installation without reads."""

    def begun(self, time_point: TimePoint) -> bool:
        return time_point.state not in {"received", "in_qc", "accepted", "ready"}

    def of_reset(self, time_point: TimePoint) -> Iterable[Consequence]:
        return ()

    def of_late(self, time_point: TimePoint, decision: str) -> Iterable[Consequence]:
        return ()

    def reset(self, time_point: TimePoint, *, actor: Actor, reason: str) -> None:
        return None

    def released(self, package: ReadPackage, *, actor: Actor) -> None:
        return None

    def carry_out(self, late: LateImages) -> CarriedOut:
        return CarriedOut(("No read is kept in this installation.",), done=True)

    def seen_with(self, package: ReadPackage) -> Iterable[tuple[str, str]]:
        return ()


_side: list[Reads] = [NoReads()]


def register(side: Reads) -> None:
    """Let reads take its side; called once when the applications are ready."""
    _side[:] = [side]


def reads() -> Reads:
    """Return the side of reads."""
    return _side[0]
