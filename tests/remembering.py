"""Worlds that are built once in a process and put back row by row afterwards.

Most tests begin with the same study. Building it takes the services half a second; putting the
same rows back takes a few hundredths of one. What a test gets is what the services wrote: the
rows are copied out of the database after the first building.
"""

from __future__ import annotations

import copy
import functools
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection, transaction

from audit import clock

World = TypeVar("World")

#: no world is built without a row in one of these
FIRST_TABLES = ("audit_event", "accounts_user", "studies_study")


@dataclass(frozen=True)
class _Memory:
    """The rows of a world by table, and what its builder returned."""

    tables: dict[str, bytes]
    returned: Any


_memories: dict[tuple[Any, ...], _Memory] = {}


def remembered(build: Callable[..., World]) -> Callable[..., World]:
    """Build a world by its services the first time, from its rows from then on.

    It is built anew when the database holds anything already, when the clock is shifted, and on
    another day: dates of a world count from today. Files that a builder stored stay in the stores
    of the process, by their digest: where a test destroys them, its builder is not to be decorated,
    nor one that leaves work for a worker.
    """

    @functools.wraps(build)
    def asked(*given: Any, **named: Any) -> World:
        if not _is_plain():
            return build(*given, **named)
        key = (build.__qualname__, clock.today(), repr(given), repr(sorted(named.items())))
        if key in _memories:
            return _put_back(_memories[key])
        made = build(*given, **named)
        _memories[key] = _Memory(_rows(), copy.deepcopy(made))
        return made

    return asked


def _is_plain() -> bool:
    if clock.is_shifted():
        return False
    with connection.cursor() as cursor:
        parts = " OR ".join(f"EXISTS (SELECT FROM {name})" for name in FIRST_TABLES)
        # An installation of the benchmarks has no superuser: there every world is built.
        superuser = "(SELECT rolsuper FROM pg_roles WHERE rolname = session_user)"
        cursor.execute(f"SELECT {superuser} AND NOT ({parts})")
        return bool(cursor.fetchone()[0])


@contextmanager
def _as_superuser() -> Iterator[Any]:
    """A cursor whose writes no guard looks at: the rows went past the guards once."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor.cursor
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("RESET ROLE")


def _rows() -> dict[str, bytes]:
    from tests.plugins.database import kept_tables, tables_with_rows

    held = {}
    for name in sorted(tables_with_rows() - kept_tables()):
        rows = io.BytesIO()
        with _as_superuser() as cursor:
            cursor.copy_expert(f'COPY "{name}" TO STDOUT', rows)
        held[name] = rows.getvalue()
    return held


def _put_back(memory: _Memory) -> Any:
    with _as_superuser() as cursor:
        for name, rows in memory.tables.items():
            cursor.copy_expert(f'COPY "{name}" FROM STDIN', io.BytesIO(rows))
    return copy.deepcopy(memory.returned)
