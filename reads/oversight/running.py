"""Running the library over the facts of a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from reads.oversight.conditions import holds
from reads.oversight.facts import StreamFacts
from reads.oversight.library import LIBRARY, Check
from reads.oversight.rows import rows_over

_NAME = re.compile(r"\{([a-z_.]+)\}")


@dataclass(frozen=True, slots=True)
class Fired:
    """A check that fired.

    Attributes:
        number: the time point by its place in the stream; nothing at global level.
        place: the lesion's label or the criterion.
    """

    check: Check
    number: int | None
    place: str
    message: str


def run(stream: StreamFacts, checks: Sequence[Check] = LIBRARY) -> list[Fired]:
    """Return every check that fires over the signed reads of a stream, in the library's order."""
    return [fired for check in checks for fired in _run(check, stream)]


def _run(check: Check, stream: StreamFacts) -> Iterator[Fired]:
    for row in rows_over(check.over, stream):
        if holds(check.when, row.known) is True:
            yield Fired(check, row.number, row.place, written(check.message, row.known))


def written(message: str, known: Mapping[str, Any]) -> str:
    """Fill the facts into a message."""
    return _NAME.sub(lambda found: _words(known.get(found[1])), message)


def _words(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)
