"""A content-addressed store over one of Django's storages.

On a file system, bytes go to temporary names inside the store, and ``commit`` names them durably
(``durable.move_all``). On an object store, they are spooled locally and ``commit`` uploads them; an
object appears there whole or not at all.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages

from imaging.storage.durable import move_all

CHUNK = 1024 * 1024
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
    """

    def __init__(self, alias: str, prefix: str = "") -> None:
        self.alias = alias
        self.prefix = prefix

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
        name = f"{sha256[:2]}/{sha256[2:4]}/{sha256}"
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
        path = self.workspace(place) / uuid4().hex
        digest, size = hashlib.sha256(), 0
        try:
            with path.open("xb") as stream:
                for chunk in chunks:
                    digest.update(chunk)
                    size += len(chunk)
                    stream.write(chunk)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Staged(digest.hexdigest(), size, path, self.name_of(digest.hexdigest()))

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
        for s in staged:
            if not self._storage.exists(s.name):
                with s.path.open("rb") as stream:
                    self._storage.save(s.name, File(stream))
            s.path.unlink(missing_ok=True)

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
        return Path(self._storage.path(name))


class ContentDamaged(Exception):
    """Stored bytes do not match their name; the message is the SHA-256 that was asked for."""


def research() -> ContentStore:
    """Return the store of clean images."""
    return ContentStore("research")


def previews() -> ContentStore:
    """Return the store of rendered pictures, beside the clean images they were made from."""
    return ContentStore("research", "previews")


def deliveries() -> ContentStore:
    """Return the store of files that leave the house."""
    return ContentStore("deliveries")
