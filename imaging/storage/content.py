"""A content-addressed store over one of Django's storages.

On a file system, bytes go to temporary names inside the store, and ``commit`` names them durably
(``durable.move_all``). On an object store, they are spooled locally and ``commit`` uploads them; an
object appears there whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from io import FileIO
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages

from audit.durable import move_all
from imaging.storage.s3 import is_s3, s3_listing, s3_part

CHUNK = 1024 * 1024
UPLOADS = 8  # to an object store, at a time
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PLACE = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True, slots=True)
class Staged:
    """Bytes under a temporary name, not yet part of the store; ``sha256`` is of the plain ones."""

    sha256: str
    size: int
    path: Path
    name: str


class ContentStore:
    """Bytes by their SHA-256.

    Args:
        alias: the storage in ``settings.STORAGES``.
        prefix: folder inside the storage, for stores that share one.
        levels: how many folders deep objects lie, by the first digits of their SHA-256.
    """

    def __init__(self, alias: str, prefix: str = "", *, levels: int = 2) -> None:
        self.alias = alias
        self.prefix = prefix
        self.levels = levels

    @property
    def _storage(self) -> Any:  # Any: the storages share no base with `path` and `open` alike
        return storages[self.alias]

    @cached_property
    def root(self) -> Path | None:
        """The folder of the store, or ``None`` on an object store."""
        try:
            return Path(self._storage.path(self.prefix or "."))
        except NotImplementedError:
            return None

    def name_of(self, sha256: str) -> str:
        """Return the name under which content lies in the storage.

        Raises:
            ValueError: this is no SHA-256 in lower-case hex.
        """
        if not _DIGEST.fullmatch(sha256):
            raise ValueError("not a SHA-256")
        digits = [sha256[2 * level : 2 * level + 2] for level in range(self.levels)]
        name = "/".join([*digits, sha256])
        return f"{self.prefix}/{name}" if self.prefix else name

    def workspace(self, place: str) -> Path:
        """Return a folder for temporary files of one piece of work, on the store's own disk."""
        if not _PLACE.fullmatch(place):
            raise ValueError("not a name for a workspace")
        root = self.root or Path(settings.DATA_DIR) / "spool" / self.alias
        folder = root / ".incoming" / place
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        return folder

    def clear_workspace(self, place: str) -> None:
        """Remove what an interrupted piece of work left."""
        shutil.rmtree(self.workspace(place), ignore_errors=True)

    def stage(self, chunks: Iterable[bytes], *, place: str = "single") -> Staged:
        """Write content under a temporary name."""
        digest, size = hashlib.sha256(), 0

        def watched() -> Iterator[bytes]:
            nonlocal size
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                yield chunk

        path = self.write(watched(), place=place)
        return Staged(digest.hexdigest(), size, path, self.name_of(digest.hexdigest()))

    def write(self, chunks: Iterable[bytes], *, place: str = "single") -> Path:
        """Write bytes under a temporary name, for a caller that names them itself."""
        path = self.workspace(place) / uuid4().hex
        try:
            with path.open("xb", buffering=0) as stream:
                for chunk in chunks:
                    write_all(stream, chunk)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def adopt(self, path: Path) -> Staged:
        """Take a file that was written into ``workspace`` as it is; it is hashed by reading it."""
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
        return Staged(digest.hexdigest(), size, path, self.name_of(digest.hexdigest()))

    def commit(self, staged: Sequence[Staged]) -> None:
        """Make staged content part of the store, durably; content that is there stays as it is."""
        if self.root is not None:
            move_all((s.path, self._local(s.name)) for s in staged)
            return
        with ThreadPoolExecutor(UPLOADS) as uploads:
            list(uploads.map(self._upload, staged))

    def _upload(self, staged: Staged) -> None:
        if not self._storage.exists(staged.name):
            with staged.path.open("rb") as stream:
                self._storage.save(staged.name, File(stream))
        staged.path.unlink(missing_ok=True)

    def discard(self, staged: Sequence[Staged]) -> None:
        """Remove staged content that will not be kept."""
        for s in staged:
            s.path.unlink(missing_ok=True)

    def put_bytes(self, content: bytes) -> str:
        """Store bytes durably at once and return their SHA-256."""
        staged = self.stage([content])
        self.commit([staged])
        return staged.sha256

    def exists(self, sha256: str) -> bool:
        """Tell whether the store holds the content."""
        return bool(self._storage.exists(self.name_of(sha256)))

    def remove(self, sha256: str) -> None:
        """Remove content that must not be kept; what is not there is no error."""
        self._storage.delete(self.name_of(sha256))

    def size(self, sha256: str) -> int:
        """Return the number of stored bytes."""
        return int(self._storage.size(self.name_of(sha256)))

    def open(self, sha256: str) -> IO[bytes]:
        """Open content for reading.

        Raises:
            FileNotFoundError: the store does not hold it.
        """
        name = self.name_of(sha256)
        if self.root is not None:
            return self._local(name).open("rb")
        opened: IO[bytes] = self._storage.open(name, "rb")
        return opened

    def beginning(self, sha256: str, most: int) -> bytes:
        """Return the first bytes of content, all of it if it is no longer; they are not proved.

        Raises:
            FileNotFoundError: the store does not hold it.
        """
        name = self.name_of(sha256)
        if self.root is not None:
            return _pread(self._place(name), 0, most)
        with self._storage.open(name, "rb") as stream:
            return bytes(stream.read(most))

    def part(self, sha256: str, at: int, length: int) -> bytes:
        """Return some bytes of content without reading the rest; they are not proved.

        Raises:
            FileNotFoundError: the store does not hold it.
            ContentDamaged: it ends before.
        """
        name = self.name_of(sha256)
        if self.root is not None:
            found = _pread(self._place(name), at, length)
        else:
            found = self._remote_part(name, at, length)
        if len(found) != length:
            raise ContentDamaged(sha256)
        return found

    def parts(self, sha256: str, at: int, length: int) -> Iterator[bytes]:
        """Stream some bytes of content (see ``part``)."""
        end = at + length
        while at < end:
            step = min(CHUNK, end - at)
            yield self.part(sha256, at, step)
            at += step

    def _remote_part(self, name: str, at: int, length: int) -> bytes:
        if not length:
            return b""
        if is_s3(self._storage):
            return s3_part(self._storage, name, at, length)
        with self._storage.open(name, "rb") as stream:
            stream.seek(at)
            return bytes(stream.read(length))

    def names(self) -> Iterator[tuple[str, datetime]]:
        """Return the SHA-256 in the name of every stored object, and when it was stored."""
        listed = s3_listing if is_s3(self._storage) else _listing
        for name, stored_at in listed(self._storage, self.prefix):
            sha256 = name.rsplit("/", 1)[-1]
            if _DIGEST.fullmatch(sha256) and name == self.name_of(sha256):
                yield sha256, stored_at

    def path_of(self, sha256: str, *, place: str) -> Path:
        """Return content as a file: in place on a disk, a copy in the workspace otherwise."""
        if self.root is not None:
            return self._local(self.name_of(sha256))
        copy = self.workspace(place) / sha256
        with self.open(sha256) as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, CHUNK)
        return copy

    def read(self, sha256: str) -> bytes:
        """Return content, proved by its hash.

        Raises:
            ContentDamaged: what is stored has another hash.
        """
        with self.open(sha256) as stream:
            content = stream.read()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ContentDamaged(sha256)
        return content

    def chunks(self, sha256: str) -> Iterator[bytes]:
        """Stream content and prove it at the end.

        Raises:
            ContentDamaged: what was read has another hash.
        """
        digest = hashlib.sha256()
        with self.open(sha256) as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                yield chunk
        if digest.hexdigest() != sha256:
            raise ContentDamaged(sha256)

    def is_whole(self, sha256: str) -> bool:
        """Tell whether the stored content still has its hash."""
        try:
            for _ in self.chunks(sha256):
                pass
        except (ContentDamaged, FileNotFoundError):
            return False
        return True

    def _local(self, name: str) -> Path:
        return Path(self._place(name))

    def _place(self, name: str) -> str:
        # A name is made of hexadecimal digits (``name_of``): it cannot lead out of the folder.
        return f"{self._base}/{name}"

    @cached_property
    def _base(self) -> str:
        return str(self._storage.path("."))


def write_all(stream: FileIO, chunk: bytes) -> None:
    """Write a chunk to an unbuffered file; a write may take a part of it."""
    view = memoryview(chunk)
    while view:
        view = view[stream.write(view) :]


def _pread(path: str, at: int, length: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.pread(descriptor, length, at)
    finally:
        os.close(descriptor)


def _listing(storage: Any, prefix: str) -> Iterator[tuple[str, datetime]]:
    root = Path(storage.path("."))
    for path in sorted((root / prefix).rglob("*")):
        name = path.relative_to(root).as_posix()
        try:
            if path.is_file():
                yield name, datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except FileNotFoundError:
            continue  # it was a temporary file


class ContentDamaged(Exception):
    """Stored bytes do not match their name; the message is the SHA-256 that was asked for."""


def research() -> ContentStore:
    """Return the store of clean images."""
    return ContentStore("research")


def previews() -> ContentStore:
    """Return the store of rendered pictures, beside the clean images they were made from."""
    return ContentStore("research", "previews")


def metadata_documents() -> ContentStore:
    """Return the store of series metadata as DICOM JSON, beside the images they describe."""
    return ContentStore("research", "metadata")


def deliveries() -> ContentStore:
    """Return the store of files that leave the house."""
    return ContentStore("deliveries")
