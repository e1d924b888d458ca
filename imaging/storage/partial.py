"""A large original while it arrives in parts: ciphertext from the first byte, durable by frames.

The file grows in the layout of ``sealing``: whole frames of 1 MiB of plain text are appended, the
last one when the announced size is reached. What counts as arrived is what was forced to the disk;
a frame that a crash cut is taken away before the next part. The finished file is the sealed
original as it stands and is only renamed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.durable import fsync_folder
from imaging.storage import keys
from imaging.storage.arrivals import ArrivalStore, WrongContent
from imaging.storage.content import Staged
from imaging.storage.sealing import (
    FRAME,
    MARK,
    NAMED,
    PREFIX,
    TAG,
    SealBroken,
    is_named,
    sealed_frame,
    unseal,
)

HEAD = len(MARK) + PREFIX


class WrongOffset(Exception):
    """A part does not begin where the arrived bytes end; ``offset`` says where that is."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"the next byte is {offset}")
        self.offset = offset


class PartialArrival:
    """One announced file of a submission that comes in parts.

    Args:
        sha256: digest of the plain content, as announced.
        size: plain bytes, as announced.
    """

    def __init__(self, submission_id: UUID | str, *, sha256: str, size: int) -> None:
        self.arrivals = ArrivalStore(submission_id)
        self.sha256, self.size = sha256, size
        self.name = self.arrivals.store.name_of(sha256)
        self.path: Path = self.arrivals.store.workspace("parts") / sha256

    @property
    def offset(self) -> int:
        """Plain bytes that are durable."""
        try:
            return self._frames(self.path.stat().st_size) * FRAME
        except FileNotFoundError:
            return 0

    def append(self, offset: int, chunks: Iterable[bytes]) -> int:
        """Add a part as it streams in and return the new offset; a cut stream keeps its frames.

        Raises:
            WrongOffset: the part begins elsewhere; nothing was taken.
            WrongContent: ``longer``: more bytes came than were announced; all of it is discarded.
        """
        with self._locked() as stream:
            stored = self._frames(os.fstat(stream.fileno()).st_size) * FRAME
            if offset != stored:
                raise WrongOffset(stored)
            try:
                return self._take(stream, stored, chunks)
            finally:
                stream.flush()
                os.fsync(stream.fileno())

    def finished(self) -> Staged:
        """Prove the whole file by its hash and return it for ``ArrivalStore.commit``.

        Raises:
            WrongContent: the bytes are not the announced ones; all of it is discarded.
        """
        digest, seen = hashlib.sha256(), 0
        key = keys.submission_key(self.arrivals.submission_id)
        try:
            with self.path.open("rb") as stream:
                for chunk in unseal(stream, key, name=self._name_in(stream)):
                    digest.update(chunk)
                    seen += len(chunk)
        except SealBroken:
            seen = -1
        if seen != self.size or digest.hexdigest() != self.sha256:
            self.discard()
            raise WrongContent("different")
        return Staged(self.sha256, self.size, self.path, self.name)

    def discard(self) -> None:
        """Forget what arrived."""
        self.path.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        """Open the growing file for one writer, without a frame that a crash cut."""
        with self.path.open("a+b", buffering=0) as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise WrongOffset(self.offset) from None
            size = os.fstat(stream.fileno()).st_size
            if size < HEAD:
                stream.truncate(0)
                stream.write(NAMED + os.urandom(PREFIX))
                os.fsync(stream.fileno())
                fsync_folder(self.path.parent)
            else:
                stream.truncate(HEAD + self._frames(size) * (FRAME + TAG))
            yield stream

    def _take(self, stream: IO[bytes], stored: int, chunks: Iterable[bytes]) -> int:
        cipher = AESGCM(keys.make_submission_key(self.arrivals.submission_id))
        stream.seek(0)
        name = self._name_in(stream)
        stream.seek(len(MARK))
        prefix = stream.read(PREFIX)
        held = bytearray()
        for chunk in chunks:
            held += chunk
            if stored + len(held) > self.size:
                self.discard()
                raise WrongContent("longer")
            while len(held) >= FRAME and stored + FRAME < self.size:
                frame = bytes(held[:FRAME])
                stream.write(sealed_frame(cipher, prefix, stored // FRAME, frame, name=name))
                del held[:FRAME]
                stored += FRAME
        if stored + len(held) < self.size:
            return stored
        last = sealed_frame(cipher, prefix, stored // FRAME, bytes(held), name=name, last=True)
        stream.write(last)
        return self.size

    def _name_in(self, stream: IO[bytes]) -> bytes:
        """The name to which the frames are bound; a file begun by an earlier version has none."""
        return bytes.fromhex(self.sha256) if is_named(stream) else b""

    @staticmethod
    def _frames(size: int) -> int:
        return max(0, size - HEAD) // (FRAME + TAG)
