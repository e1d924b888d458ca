"""Worlds that are built once in a process and put back row by row afterwards.

Most tests begin with the same study. Building it takes the services half a second; putting the
same rows back takes a few hundredths of one. What a test gets is what the services wrote: the
rows are copied out of the database after the first building. What a visit adds to such a world,
its files included, is remembered in the same way (``continued``).
"""

from __future__ import annotations

import copy
import functools
import hashlib
import io
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
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


@dataclass(frozen=True)
class _Step:
    """What a builder changed in a world that was known."""

    #: the rows of a table that are new; of one where a row changed, all of them
    added: dict[str, bytes]
    emptied: frozenset[str]
    #: contents by the place and the name in it
    stored: dict[tuple[str, str], bytes]
    own: frozenset[str]
    returned: Any
    state: str


_memories: dict[tuple[Any, ...], _Memory] = {}
_steps: dict[tuple[Any, ...], _Step] = {}
#: digests of all rows, as the worlds and steps that are remembered left them
_states: set[str] = set()

_SHA256 = re.compile(rb"[0-9a-f]{64}")
_UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


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
        key = (_name(build), clock.today(), repr(given), repr(sorted(named.items())))
        if key in _memories:
            return _put_back(_memories[key])
        made = build(*given, **named)
        tables = _rows()
        _memories[key] = _Memory(tables, copy.deepcopy(made))
        _states.add(_state(tables))
        return made

    return asked


def continued(build: Callable[..., World]) -> Callable[..., World]:
    """Do what a builder does to a remembered world once; put rows and files back from then on.

    The builder takes a world, perhaps a folder of the test's own, and plain facts. It is asked
    anew unless the database holds exactly the rows that a remembered world, or a step after it,
    left, and where rows are committed: a worker may wait for the messages that it sends. The files
    that it wrote into the folder, stored contents and the arrivals and keys of its submissions are
    put back with the rows, whatever an earlier test did to them. What it changes in objects of the
    caller is not put back.
    """

    @functools.wraps(build)
    def asked(world: Any, *given: Any, **named: Any) -> World:
        folders = [one for one in given if isinstance(one, Path)]
        places = _places(folders)
        is_for_good = not connection.in_atomic_block
        if is_for_good or clock.is_shifted() or not _is_superuser() or None in places.values():
            return build(world, *given, **named)
        before = _rows()
        state = _state(before)
        if state not in _states:
            return build(world, *given, **named)
        facts = [one for one in given if not isinstance(one, Path)]
        key = (_name(build), clock.today(), state, repr(facts), repr(sorted(named.items())))
        if key not in _steps:
            known = {path for folder in folders for path in _files_in(folder)}
            made = build(world, *given, **named)
            _steps[key] = _step(before, made, places, known)
            _states.add(_steps[key].state)
            return made
        return _go(_steps[key], places)

    return asked


def _name(build: Callable[..., Any]) -> str:
    return f"{build.__module__}.{build.__qualname__}"


def _is_superuser() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = session_user")
        return bool(cursor.fetchone()[0])


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
    from tests.plugins.database import kept_tables, tables

    held = {}
    with _as_superuser() as cursor:
        for name in tables():
            rows = io.BytesIO()
            if name not in kept_tables():
                cursor.copy_expert(f'COPY "{name}" TO STDOUT', rows)
            if rows.tell():
                held[name] = rows.getvalue()
    return held


def _put_back(memory: _Memory) -> Any:
    _copy_in(memory.tables)
    return copy.deepcopy(memory.returned)


def _copy_in(tables: dict[str, bytes], emptied: Iterable[str] = ()) -> None:
    with _as_superuser() as cursor:
        for name in emptied:
            cursor.execute(f'DELETE FROM "{name}"')
        for name, rows in tables.items():
            cursor.copy_expert(f'COPY "{name}" FROM STDIN', io.BytesIO(rows))


def _state(tables: dict[str, bytes]) -> str:
    """Return a digest of rows; their order on the disk does not matter."""
    digest = hashlib.sha256()
    for name, rows in tables.items():
        digest.update(name.encode())
        digest.update(b"".join(sorted(rows.splitlines(keepends=True))))
    return digest.hexdigest()


# --- Steps -----------------------------------------------------------------------------------
def _places(folders: list[Path]) -> dict[str, Path | None]:
    """Return the folders in which a step leaves files; ``None`` where a store has no folder."""
    from imaging.storage.content import ContentStore

    stores = {name: ContentStore(name).root for name in ("arrivals", "research", "deliveries")}
    keys = {"keys": Path(settings.KEYS_DIR) / "submissions"}
    return {**stores, **keys, **dict(zip(("upload",), folders, strict=False))}


def _files_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def _step(
    before: dict[str, bytes], made: Any, places: dict[str, Path | None], known: set[Path]
) -> _Step:
    after = _rows()
    added, emptied = {}, set(before) - set(after)
    for name, rows in after.items():
        old, new = before.get(name, b"").splitlines(True), rows.splitlines(True)
        if set(old) <= set(new):
            there = set(old)
            added[name] = b"".join(line for line in new if line not in there)
        else:
            added[name] = rows
            emptied.add(name)
    text = b"".join(added.values())
    own = frozenset(
        UUID(found.decode()).hex for found in _UUID.findall(added.get("imaging_submission", b""))
    )
    named = {found.decode() for found in _SHA256.findall(text)}
    stored = {
        (place, path.relative_to(root).as_posix()): path.read_bytes()
        for place, root in places.items()
        if root is not None
        for path in _left_in(place, root, own, named, known)
    }
    return _Step(
        {name: rows for name, rows in added.items() if rows},
        frozenset(emptied),
        stored,
        own,
        copy.deepcopy(made),
        _state(after),
    )


def _left_in(
    place: str, root: Path, own: Iterable[str], named: Iterable[str], known: set[Path]
) -> Iterator[Path]:
    if place == "upload":
        yield from sorted(_files_in(root) - known)
        return
    for folder in _own_folders(root, own):
        yield from (_files_in(folder) if folder.is_dir() else {folder})
    for sha256 in named:
        content = f"{sha256[:2]}/{sha256[2:4]}/{sha256}"
        paths = (root / prefix / content for prefix in ("", "previews", "metadata"))
        yield from (path for path in paths if path.is_file())


def _own_folders(root: Path, own: Iterable[str]) -> Iterator[Path]:
    """Find what belongs to submissions: arrivals, keys, and work that waits in a store."""
    for one in own:
        found = (root / one, root / f"{one}.key", *(root / ".incoming").glob(f"{one}-*"))
        yield from (path for path in found if path.exists())


def _go(step: _Step, places: dict[str, Path | None]) -> Any:
    roots = {place: root for place, root in places.items() if root is not None}
    for place, root in roots.items():
        for path in _own_folders(root, step.own) if place != "upload" else ():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for (place, name), content in step.stored.items():
        path = roots[place] / name
        if path.exists() and path.read_bytes() == content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(content)
    _copy_in(step.added, step.emptied)
    return copy.deepcopy(step.returned)
