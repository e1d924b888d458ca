"""Typed reading of JSON records: every wrong item becomes a CriteriaError with its path."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, TypeVar

from reads.criteria.errors import CriteriaError, missing

E = TypeVar("E", bound=Enum)

# Beyond these a number is no measurement and could exhaust memory in exact arithmetic.
LARGEST = Decimal(10) ** 12
MOST_DIGITS = 18


def loads(text: str) -> Any:
    """Parse JSON with exact decimals.

    Raises CriteriaError for text that is not JSON, for NaN and for infinities.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError, InvalidOperation) as error:
        if isinstance(error, CriteriaError):
            raise
        raise CriteriaError("file", "is not valid JSON") from None


def _refuse_constant(name: str) -> Any:
    raise CriteriaError("file", f"{name} is not a number that can be assessed")


def number(raw: object, field: str) -> Decimal:
    """Return `raw` as an exact decimal.

    Accepts whole numbers, decimals, floats (through their shortest text) and numeric text.
    Raises CriteriaError naming `field` for anything else.
    """
    if isinstance(raw, bool) or not isinstance(raw, (int, float, Decimal, str)):
        raise CriteriaError(field, "must be a number")
    try:
        value = raw if isinstance(raw, Decimal) else Decimal(str(raw).strip())
    except (InvalidOperation, ValueError):
        raise CriteriaError(field, "must be a number") from None
    return checked_number(value, field)


def checked_number(value: Decimal, field: str) -> Decimal:
    """Return a finite number of ordinary size; raise CriteriaError naming `field` otherwise."""
    if not value.is_finite():
        raise CriteriaError(field, "must be a finite number")
    exponent = value.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) else 0
    if value and (value.adjusted() > LARGEST.adjusted() or places > MOST_DIGITS):
        raise CriteriaError(field, "has too many digits to be a measurement")
    return value


class Record:
    """A JSON object with its path, read item by item.

    Names may be given as several spellings; the first present one is taken.
    """

    __slots__ = ("data", "path")

    def __init__(self, data: object, path: str = "") -> None:
        if not isinstance(data, Mapping):
            raise CriteriaError(path or "record", "must be an object")
        self.data: Mapping[str, Any] = data
        self.path = path

    def field(self, name: str) -> str:
        """Return the path of an item."""
        return f"{self.path}.{name}" if self.path else name

    def has(self, *names: str) -> bool:
        """Return whether one of the names is present and not null."""
        return self._first(names)[1] is not None

    def _first(self, names: tuple[str, ...]) -> tuple[str, Any]:
        for name in names:
            if self.data.get(name) is not None:
                return name, self.data[name]
        return names[0], None

    def text(self, *names: str) -> str | None:
        """Return text, or None when absent."""
        name, raw = self._first(names)
        if raw is None:
            return None
        if not isinstance(raw, str):
            raise CriteriaError(self.field(name), "must be text")
        return raw

    def required_text(self, *names: str) -> str:
        """Return text that must be there and not be blank."""
        value = self.text(*names)
        if value is None or not value.strip():
            raise missing(self.field(names[0]))
        return value

    def decimal(self, *names: str) -> Decimal | None:
        """Return a number, or None when absent."""
        name, raw = self._first(names)
        return None if raw is None else number(raw, self.field(name))

    def integer(self, *names: str) -> int | None:
        """Return a whole number, or None when absent."""
        value = self.decimal(*names)
        if value is None:
            return None
        if value != value.to_integral_value():
            raise CriteriaError(self.field(self._first(names)[0]), "must be a whole number")
        return int(value)

    def flag(self, *names: str) -> bool | None:
        """Return true or false, or None when absent."""
        name, raw = self._first(names)
        if raw is not None and not isinstance(raw, bool):
            raise CriteriaError(self.field(name), "must be true or false")
        return raw

    def stated(self, *names: str) -> bool:
        """Return whether something is stated: yes, or a text such as the date of a treatment."""
        name, raw = self._first(names)
        if raw is not None and not isinstance(raw, (bool, str)):
            raise CriteriaError(self.field(name), "must be true, false or text")
        return bool(raw)

    def choice(self, kind: type[E], *names: str) -> E | None:
        """Return a member of a vocabulary, or None when absent."""
        name, raw = self._first(names)
        if raw is None:
            return None
        try:
            return kind(raw)
        except ValueError:
            permitted = ", ".join(str(member.value) for member in kind)
            raise CriteriaError(self.field(name), f"must be one of {permitted}") from None

    def date(self, *names: str) -> dt.date | None:
        """Return an ISO date, or None when absent."""
        name, raw = self._first(names)
        if raw is None:
            return None
        try:
            return dt.date.fromisoformat(raw)
        except (TypeError, ValueError):
            raise CriteriaError(self.field(name), "must be a date like 2024-02-19") from None

    def items(self, *names: str) -> tuple[Any, ...]:
        """Return a list; empty when absent."""
        name, raw = self._first(names)
        if raw is None:
            return ()
        if isinstance(raw, (str, bytes, Mapping)) or not isinstance(raw, Iterable):
            raise CriteriaError(self.field(name), "must be a list")
        return tuple(raw)

    def decimals(self, *names: str) -> tuple[Decimal, ...]:
        """Return a list of numbers; empty when absent."""
        name, _raw = self._first(names)
        items = self.items(*names)
        return tuple(number(item, f"{self.field(name)}[{i}]") for i, item in enumerate(items))

    def texts(self, *names: str) -> tuple[str, ...]:
        """Return a list of texts; empty when absent."""
        name, _raw = self._first(names)
        found = self.items(*names)
        for position, item in enumerate(found):
            if not isinstance(item, str):
                raise CriteriaError(f"{self.field(name)}[{position}]", "must be text")
        return found

    def record(self, *names: str) -> Record | None:
        """Return a nested object, or None when absent."""
        name, raw = self._first(names)
        return None if raw is None else Record(raw, self.field(name))

    def records(self, *names: str) -> tuple[Record, ...]:
        """Return a list of objects; empty when absent."""
        name, _raw = self._first(names)
        items = self.items(*names)
        return tuple(Record(item, f"{self.field(name)}[{i}]") for i, item in enumerate(items))
