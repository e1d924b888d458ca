"""Statements that are asked hundreds of times a second: composed once, planned once per connection.

Viewers ask for frames one after the other. Composing such a statement from models, and planning it,
each cost more than running it. A statement is composed from the same query sets as everything else,
with marks in place of values; PostgreSQL keeps its plan for the connection (PREPARE).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg2
from django.db import connection
from django.db.models import QuerySet
from psycopg2.extensions import adapt

_LOST: Final = (psycopg2.OperationalError, psycopg2.InterfaceError)
_known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


class Statement:
    """A statement whose parameters have names.

    Args:
        text: SQL with ``$1``, ``$2``, … for its parameters.
        names: the parameters' names, in that order.
    """

    def __init__(self, text: str, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._name = f"icro_{hashlib.sha256(text.encode()).hexdigest()[:20]}"
        self._prepare = f"PREPARE {self._name} AS {text}"
        self._execute = f"EXECUTE {self._name} ({', '.join(['%s'] * len(self._names))})"

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """Return the rows; a connection that was lost while nobody asked is made anew once."""
        given = [values[name] for name in self._names]
        try:
            return self._run(given)
        except _LOST:
            if connection.in_atomic_block:
                raise
            connection.close()
            return self._run(given)

    def _run(self, given: Sequence[Any]) -> list[tuple[Any, ...]]:
        connection.ensure_connection()
        raw: Any = connection.connection
        known = _known.setdefault(raw, set())
        with raw.cursor() as cursor:
            if self._name not in known:
                cursor.execute(self._prepare)
                known.add(self._name)
            cursor.execute(self._execute, given)
            return list(cursor.fetchall())


def composed(rows: QuerySet[Any], marks: Mapping[Any, str]) -> Statement:
    """Return the statement of a query set in which marks stand for the values to come.

    Args:
        marks: value in the query set -> name of the parameter; other values stay as they are.
    """
    sql, parameters = rows.query.sql_with_params()
    pieces = [piece.replace("%%", "%") for piece in sql.split("%s")]
    if len(pieces) != len(parameters) + 1:
        raise ValueError("a statement with text that looks like a parameter")
    text, names = pieces[0], []
    for value, following in zip(parameters, pieces[1:], strict=True):
        if value in marks:
            names.append(marks[value])
            text += f"${len(names)}"
        else:
            text += adapt(value).getquoted().decode("ascii")
        text += following
    return Statement(text, names)
