"""Records that go from one process to another, thousands at a time."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import Any, TypeVar

Record = TypeVar("Record")


def travels(kind: type[Record]) -> type[Record]:
    """Make a frozen record with slots travel as its class and values.

    What dataclasses give such a record asks for its fields anew with every object, forth and back:
    several times the cost of the values themselves.
    """
    names = tuple(one.name for one in fields(kind))  # type: ignore[arg-type]  # a dataclass
    get = attrgetter(*names)
    single = len(names) == 1

    def reduced(self: Record) -> tuple[type[Record], tuple[Any, ...]]:
        values = get(self)
        return kind, (values,) if single else values

    kind.__reduce__ = reduced  # type: ignore[method-assign,assignment]
    return kind
