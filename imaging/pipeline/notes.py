"""What stages learnt of files as JSON and back: the frozen records of the pipeline, by their types.

A record is the list of its fields in their order; sets are sorted lists. What comes back equals
what was written, for records of text, numbers, truth values, instants, enumerations, mappings with
text as keys, and collections of these.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Record = TypeVar("Record")
Read = Callable[[Any], Any]
_PLAIN = (str, int, float, bool, type(None))


def written(record: Any) -> bytes:
    """Return a record as JSON."""
    return json.dumps(_plain(record), ensure_ascii=False, separators=(",", ":")).encode()


def read(kind: type[Record], text: bytes) -> Record:
    """Return the record of a kind that was written.

    Raises:
        ValueError, TypeError: this is no record of that kind.
    """
    make: Read = _reader(kind)  # type: ignore[arg-type]  # a class is hashable
    found: Record = make(json.loads(text))
    return found


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in (list, tuple):
        return [_plain(one) for one in value]
    if is_dataclass(kind):
        return [_plain(getattr(value, name)) for name in _names(kind)]
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{kind.__name__} cannot be written down")


@cache
def _reader(kind: Any) -> Read:
    """Return what makes a value of a type from JSON; composed once per type."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _one_of(inner)
    if origin is tuple:
        return _tuple(inner)
    if origin in (list, frozenset):
        return _collection(origin, _reader(inner[0]))
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(_reader(inner[1]))
    if kind in _PLAIN:
        return _same
    if is_dataclass(kind):
        return _record(kind)  # type: ignore[arg-type]
    if kind is datetime:
        return datetime.fromisoformat
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    raise TypeError(f"{kind} cannot be read back")


def _same(value: Any) -> Any:
    return value


def _one_of(kinds: tuple[Any, ...]) -> Read:
    others = [kind for kind in kinds if kind not in _PLAIN]
    if not others:
        return _same
    if len(others) > 1 or any(kind is not type(None) for kind in kinds if kind in _PLAIN):
        raise TypeError("a value that may be of several kinds cannot be read back")
    read_one = _reader(others[0])
    return lambda value: None if value is None else read_one(value)


def _tuple(kinds: tuple[Any, ...]) -> Read:
    if kinds[1:] == (Ellipsis,):
        return _collection(tuple, _reader(kinds[0]))
    readers = [_reader(kind) for kind in kinds]
    if all(reader is _same for reader in readers):
        return tuple
    return lambda values: tuple(
        reader(value) for reader, value in zip(readers, values, strict=True)
    )


def _collection(make: Any, reader: Read) -> Read:
    if reader is _same:
        return make
    return lambda values: make([reader(value) for value in values])


def _mapping(reader: Read) -> Read:
    return lambda values: {name: reader(value) for name, value in values.items()}


def _record(kind: type) -> Read:
    hints = get_type_hints(kind)
    readers = [_reader(hints[name]) for name in _names(kind)]
    places = [(place, one) for place, one in enumerate(readers) if one is not _same]
    count = len(readers)

    def make(values: list[Any]) -> Any:
        if len(values) != count:
            raise ValueError(f"{kind.__name__} has {count} fields")
        for place, reader in places:
            values[place] = reader(values[place])
        return kind(*values)

    return make
