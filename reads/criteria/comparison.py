"""Comparison of derived with expected values of an exchange file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import repeat
from typing import Any

from reads.criteria.records import Record
from reads.criteria.vectorfile import LISTS, is_edit_check, is_statistics

TOLERANCE = Decimal("0.01")
STATISTICS_TOLERANCE = Decimal("0.0001")
NOT_IN = "_not_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One expected value beside the derived one."""

    place: str
    name: str
    expected: Any
    derived: Any
    equal: bool


def compare(document: Mapping[str, Any]) -> list[Comparison]:
    """Return every expected value of a file that already holds its derived values.

    Sums and percentages agree within 0.01, reader statistics within 0.0001, all else exactly.
    """
    top = Record(document)
    found: list[Comparison] = []
    for name in LISTS:
        for entry in top.records(name):
            tolerance = TOLERANCE
            if name == "cases" and is_statistics(entry, top):
                tolerance = STATISTICS_TOLERANCE
            checks = name == "cases" and not is_statistics(entry, top) and is_edit_check(entry, top)
            found.extend(_entry(entry, tolerance, edit_checks=checks))
    return found


def _entry(entry: Record, tolerance: Decimal, *, edit_checks: bool) -> Iterator[Comparison]:
    place = entry.text("id") or entry.path
    if edit_checks:
        yield from _fired(entry, place)
    else:
        yield from _place(entry, place, tolerance)
    baseline = entry.record("baseline")
    if baseline is not None:
        yield from _place(baseline, f"{place} {baseline.text('id') or 'BL'}", tolerance)
    for position, visit in enumerate(entry.records("visits"), start=1):
        yield from _place(visit, f"{place} {visit.text('id') or f'TP{position}'}", tolerance)
    yield from _stream(entry, place, tolerance)


def _place(record: Record, place: str, tolerance: Decimal) -> Iterator[Comparison]:
    expected = record.record("expected")
    if expected is None:
        return
    derived = record.record("derived")
    values: Mapping[str, Any] = derived.data if derived else {}
    for name, wanted in expected.data.items():
        if name.endswith(NOT_IN):
            plain = name.removesuffix(NOT_IN)
            got = values.get(plain)
            excluded = wanted if isinstance(wanted, list) else [wanted]
            equal = plain in values and got not in excluded
        else:
            got = values.get(name)
            equal = name in values and same(wanted, got, tolerance)
        yield Comparison(place=place, name=name, expected=wanted, derived=got, equal=equal)


def _fired(entry: Record, place: str) -> Iterator[Comparison]:
    expected, derived = entry.record("expected"), entry.record("derived")
    if expected is None:
        return
    fired = set(derived.texts("fires")) if derived else None
    for name, wanted in (("fires", True), ("silent", False)):
        for label in expected.texts(name):
            got = None if fired is None else label in fired
            yield Comparison(
                place=place, name=label, expected=wanted, derived=got, equal=got is wanted
            )


def _stream(entry: Record, place: str, tolerance: Decimal) -> Iterator[Comparison]:
    for name, wanted in entry.data.items():
        if not name.startswith("expected_"):
            continue
        suffix = name.removeprefix("expected_")
        got = entry.data.get(f"derived_{suffix}")
        if suffix == "bor":
            yield from _best(entry, place)
            continue
        equal = f"derived_{suffix}" in entry.data and same(wanted, got, tolerance)
        yield Comparison(place=place, name=suffix, expected=wanted, derived=got, equal=equal)


def _best(entry: Record, place: str) -> Iterator[Comparison]:
    derived = {
        record.flag("confirmation_required"): record.text("bor")
        for record in entry.records("derived_bor")
    }
    for wanted in entry.records("expected_bor"):
        required, response = wanted.flag("confirmation_required"), wanted.text("bor")
        got = derived.get(required)
        name = "bor, confirmed" if required else "bor"
        yield Comparison(
            place=place, name=name, expected=response, derived=got, equal=got == response
        )


def same(expected: Any, derived: Any, tolerance: Decimal) -> bool:
    """Return whether two values agree: numbers within the tolerance, lists item by item."""
    if isinstance(expected, list) and isinstance(derived, list):
        alike = map(same, expected, derived, repeat(tolerance))
        return len(expected) == len(derived) and all(alike)
    if _is_number(expected) and _is_number(derived):
        one, other = Decimal(str(expected)), Decimal(str(derived))
        return one.is_finite() and other.is_finite() and abs(one - other) <= tolerance
    return type(expected) is type(derived) and bool(expected == derived)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
