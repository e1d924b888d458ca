"""What makes bytes survive a loss of power: fsync of files, rename, fsync of folders."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOGETHER = 8


def fsync_file(path: Path) -> None:
    """Force the content of a file to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_folder(path: Path) -> None:
    """Force the names in a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> list[Path]:
    """Make a folder with its parents; return the folders whose names must be forced to the disk."""
    missing: list[Path] = []
    at = path
    while not at.exists():
        missing.append(at)
        at = at.parent
    path.mkdir(parents=True, exist_ok=True, mode=0o750)
    return [folder.parent for folder in missing]


def move_all(moves: Iterable[tuple[Path, Path]]) -> None:
    """Give temporary files their names, durably.

    All files are forced to the disk, then all are renamed, then the folders are forced: after a
    crash a name either does not exist or holds the whole content.
    """
    pairs = list(moves)
    fsync_files([temporary for temporary, _ in pairs])
    folders: set[Path] = set()
    for temporary, final in pairs:
        folders.update(make_folder(final.parent))
        folders.add(final.parent)
        temporary.replace(final)
    _all_at_once(fsync_folder, list(folders))


def fsync_files(paths: Sequence[Path]) -> None:
    """Force the content of many files to the disk, together."""
    _all_at_once(fsync_file, paths)


def _all_at_once(force: Callable[[Path], None], paths: Sequence[Path]) -> None:
    # Forced together, they share the writes of the file system's journal: about eight times faster.
    if len(paths) < TOGETHER:
        for path in paths:
            force(path)
        return

    def force_some(some: Sequence[Path]) -> None:
        for path in some:
            force(path)

    with ThreadPoolExecutor(TOGETHER) as threads:
        list(threads.map(force_some, (paths[at::TOGETHER] for at in range(TOGETHER))))


def write_once(path: Path, content: bytes, *, mode: int = 0o600) -> bytes:
    """Write a file that must never change; of several writers the first one wins.

    Returns:
        What the file holds afterwards, which is another writer's content when that one was first.
    """
    made = make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return path.read_bytes()
    finally:
        temporary.unlink(missing_ok=True)
    for folder in {path.parent, *made}:
        fsync_folder(folder)
    return content
