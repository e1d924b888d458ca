"""What lies above the images of a visit: reads and cuts tell what a change would touch.

This app knows no reads and no cuts. They register here how to name what is affected, and what they
do when images leave a visit or must not be used any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from studies.models import Subject, TimePoint


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that a change touches, in words.

    Attributes:
        kind: ``read``, ``cut``, ``package``, ``query`` or ``visit``.
        blocks: the change is refused as long as this stands.
        keeps: what readers saw must stay open to inspection: bytes are kept.
    """

    kind: str
    text: str
    url: str = ""
    blocks: bool = False
    keeps: bool = False

    def plain(self) -> dict[str, Any]:
        """The effect as it is recorded."""
        return asdict(self)


Names = Callable[[TimePoint], list[Effect]]
Follows = Callable[[TimePoint, str], list[str]]
Stops = Callable[[Subject, str], list[str]]

NAMES: list[Names] = []
FOLLOWS: list[Follows] = []
STOPS: list[Stops] = []


def register(
    *, names: Names | None = None, follows: Follows | None = None, stops: Stops | None = None
) -> None:
    """Say how an upper app names, follows and stops.

    Args:
        names: what of it the images of a visit touch.
        follows: called inside the transaction in which images leave a visit; says what it did.
        stops: called inside the transaction in which a subject's consent is withdrawn.
    """
    for value, known in ((names, NAMES), (follows, FOLLOWS), (stops, STOPS)):
        if value is not None and value not in known:
            known.append(value)  # type: ignore[arg-type]


def of_visit(time_point: TimePoint) -> list[Effect]:
    """Return everything above that the images of a visit touch."""
    return [effect for name in NAMES for effect in name(time_point)]


def left(time_point: TimePoint, reason: str) -> list[str]:
    """Let everything above follow when images leave a visit; return what was done, in words."""
    return [text for follow in FOLLOWS for text in follow(time_point, reason)]


def stopped(subject: Subject, reason: str) -> list[str]:
    """Let everything above stop for a subject; return what was done, in words."""
    return [text for stop in STOPS for text in stop(subject, reason)]
