"""Files that are written at once and synced together: one wait for many files.

A sync waits for the journal of the file system; several that wait at the same time share one
commit.  Four threads give a single process about four times the rate of one sync after another,
and every file is still synced by its own fsync.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final

SYNCING: Final = 4
WAITING: Final = 256


class NotWritten(Exception):
    """The disk did not take a file: it is full, read-only or broken."""


def write_parts(path: Path, parts: Sequence[bytes | memoryview]) -> int:
    """Write a new file from parts and return its open descriptor.  Raises NotWritten."""
    try:
        return _write_parts(path, parts)
    except OSError as problem:
        raise NotWritten(problem.strerror) from problem


def _write_parts(path: Path, parts: Sequence[bytes | memoryview]) -> int:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        waiting = [memoryview(part) for part in parts if part]
        while waiting:
            done = os.writev(handle, waiting)
            while waiting and done >= len(waiting[0]):
                done -= len(waiting.pop(0))
            if waiting:
                waiting[0] = waiting[0][done:]
    except BaseException:
        os.close(handle)
        raise
    return handle


class SyncGroup:
    """Syncs files on threads while the caller goes on; a context manager that waits at its end.

    Nothing that was added may be renamed or reported before `settle` has returned.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(SYNCING, thread_name_prefix="fsync")
        self._waiting: deque[Future[None]] = deque()

    def add(self, path: Path) -> None:
        """Sync a written file soon.  Raises OSError when an earlier one could not be synced."""
        self._waiting.append(self._pool.submit(_sync, path))
        while len(self._waiting) > WAITING:
            self._waiting.popleft().result()

    def settle(self) -> None:
        """Wait until every added file is on the disk.  Raises OSError."""
        while self._waiting:
            self._waiting.popleft().result()

    def __enter__(self) -> SyncGroup:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.settle()
        finally:
            self._pool.shutdown(cancel_futures=True)


def _sync(path: Path) -> None:
    """Sync one file; a file that was held and removed meanwhile needs none."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
