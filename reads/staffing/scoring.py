"""Marking a reader's answers against a key: one point an item, within the key's tolerance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyItem:
    """What is expected at one item.

    Attributes:
        place: the item's path in the form, ``<group>#`` for the number of rows of a group, or
            ``<criterion>:<variable>`` for a response.
        value: the expected value as text.
        tolerance: how far a number may lie from it, in the item's unit; "" is exact.
        clause: the charter's clause that decides.
        why: explanation shown with the mark.
    """

    place: str
    label: str
    value: str
    tolerance: str = ""
    clause: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One item of a reader with its key: right or wrong, and by which clause."""

    label: str
    expected: str
    given: str
    is_right: bool
    tolerance: str = ""
    clause: str = ""
    why: str = ""

    def stored(self) -> dict[str, Any]:
        """Return the mark as JSON."""
        return asdict(self)


def key_from(rows: Iterable[Mapping[str, str]]) -> tuple[KeyItem, ...]:
    """Read the stored key of one time point."""
    return tuple(KeyItem(**row) for row in rows)


def key_problems(key: Iterable[KeyItem]) -> list[str]:
    """Return what is wrong with a key, in words."""
    found, seen = [], set()
    for item in key:
        if item.place in seen:
            found.append(f"{item.label}: stands twice.")
        seen.add(item.place)
        tolerance = number(item.tolerance)
        if item.tolerance and (tolerance is None or tolerance < 0):
            found.append(f"{item.label}: the tolerance is no number from 0 up.")
        if item.tolerance and number(item.value) is None:
            found.append(f"{item.label}: only a number has a tolerance.")
        if not item.clause.strip():
            found.append(f"{item.label}: name the clause of the charter that decides.")
    return found


def score(key: Iterable[KeyItem], given: Mapping[str, str]) -> tuple[Mark, ...]:
    """Mark the answers of one time point; an item without an answer is wrong."""
    return tuple(
        Mark(
            label=item.label,
            expected=item.value,
            given=given.get(item.place, ""),
            is_right=is_right(item, given.get(item.place, "")),
            tolerance=item.tolerance,
            clause=item.clause,
            why=item.why,
        )
        for item in key
    )


def is_right(item: KeyItem, given: str) -> bool:
    """Tell whether an answer meets the key: numbers within the tolerance, words by their words."""
    wanted, got = number(item.value), number(given)
    if wanted is not None and got is not None:
        return abs(wanted - got) <= (number(item.tolerance) or Decimal(0))
    return bool(given.strip()) and _plain(item.value) == _plain(given)


def _plain(text: str) -> str:
    return " ".join(text.replace("_", " ").casefold().split())


def number(text: str) -> Decimal | None:
    """Return a text as a number, None where it is none."""
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
