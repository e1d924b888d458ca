"""The originals of one submission: ciphertext only, by the SHA-256 of the plain content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from imaging.storage import keys
from imaging.storage.content import ContentDamaged, ContentStore, Staged
from imaging.storage.sealing import (
    ONE_FRAME,
    SealBroken,
    is_named,
    is_one_frame,
    seal,
    unseal,
    unseal_whole,
)


class WrongContent(Exception):
    """The bytes that came are not the bytes that were announced."""


class ArrivalStore:
    """Originals of one submission. The folder and the key are the submission's own."""

    def __init__(self, submission_id: UUID | str) -> None:
        self.submission_id = UUID(str(submission_id))
        # At most some thousand files: one folder, so that each receipt forces one name to the disk.
        self.store = ContentStore("arrivals", self.submission_id.hex, levels=0)

    @cached_property
    def _sealing_key(self) -> bytes:
        return keys.make_submission_key(self.submission_id)

    @cached_property
    def _opening_key(self) -> bytes:
        return keys.submission_key(self.submission_id)

    @cached_property
    def _opener(self) -> AESGCM:
        return AESGCM(self._opening_key)

    def stage(self, chunks: Iterable[bytes], *, sha256: str, size: int) -> Staged:
        """Seal announced content under a temporary name while it streams in.

        Raises:
            WrongContent: it has another size or hash than announced; nothing is kept.
        """
        key = self._sealing_key
        digest, seen = hashlib.sha256(), 0

        def watched() -> Iterator[bytes]:
            nonlocal seen
            for chunk in chunks:
                seen += len(chunk)
                if seen > size:
                    raise WrongContent("longer")
                digest.update(chunk)
                yield chunk

        path = self.store.write(seal(watched(), key, name=bytes.fromhex(sha256)))
        if seen != size or digest.hexdigest() != sha256:
            path.unlink(missing_ok=True)
            raise WrongContent("shorter" if seen < size else "different")
        return Staged(sha256, size, path, self.store.name_of(sha256))

    def take(self, chunks: Iterable[bytes], *, most: int) -> Staged:
        """Seal content of which nobody said the hash before, under a temporary name.

        Args:
            most: how many bytes it may have.

        Raises:
            WrongContent: it is longer; nothing is kept.
        """
        key = keys.make_submission_key(self.submission_id)
        digest, seen = hashlib.sha256(), 0

        def watched() -> Iterator[bytes]:
            nonlocal seen
            for chunk in chunks:
                seen += len(chunk)
                if seen > most:
                    raise WrongContent("longer")
                digest.update(chunk)
                yield chunk

        path = self.store.write(seal(watched(), key))
        sha256 = digest.hexdigest()
        return Staged(sha256, seen, path, self.store.name_of(sha256))

    def commit(self, staged: list[Staged]) -> None:
        """Make staged originals durable."""
        self.store.commit(staged)

    def put(self, content: bytes) -> str:
        """Seal bytes that were made or received whole, durably, and return their SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        if not self.exists(sha256):
            self.commit([self.stage([content], sha256=sha256, size=len(content))])
        return sha256

    def read(self, sha256: str) -> bytes:
        """Return an original in clear, proved by its hash (raises as ``chunks`` does)."""
        opener = self._opener
        sealed = self.store.beginning(sha256, ONE_FRAME + 1)
        if not is_one_frame(sealed):
            return b"".join(self.chunks(sha256))
        try:
            return unseal_whole(sealed, opener, name=bytes.fromhex(sha256))
        except SealBroken:
            raise ContentDamaged(sha256) from None

    def exists(self, sha256: str) -> bool:
        """Tell whether an original is stored."""
        return self.store.exists(sha256)

    def remove(self, sha256: str) -> None:
        """Remove an original that must not be kept."""
        self.store.remove(sha256)

    def chunks(self, sha256: str) -> Iterator[bytes]:
        """Stream an original in clear, proved by its seal, or by its hash where that is not bound.

        Raises:
            ContentDamaged: the stored bytes were changed.
            RuleBroken: IMG-020 the key was destroyed.
        """
        key, name = self._opening_key, bytes.fromhex(sha256)
        with self.store.open(sha256) as stream:
            try:
                if is_named(stream):
                    yield from unseal(stream, key, name=name)
                    return
                digest = hashlib.sha256()
                for chunk in unseal(stream, key):
                    digest.update(chunk)
                    yield chunk
            except SealBroken:
                raise ContentDamaged(sha256) from None
        if digest.digest() != name:
            raise ContentDamaged(sha256)

    def write_to(self, sha256: str, path: Path) -> None:
        """Write an original in clear to a working file."""
        with path.open("wb") as stream:
            for chunk in self.chunks(sha256):
                stream.write(chunk)
