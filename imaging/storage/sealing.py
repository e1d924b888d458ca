"""Sealing a stream with AES-256-GCM in frames, so that files of any size need little memory.

Layout: 6 bytes mark, 8 random bytes, then frames of 1 MiB plain text with 16 bytes tag each. The
nonce of a frame is the random bytes and the frame's number (96 bits, NIST SP 800-38D §8.2.1); the
last frame is marked in the associated data, so that neither cutting nor reordering goes unseen.
Under the second mark the SHA-256 of the content stands there too: what opens under a name is what
was proved to have that hash when it was sealed, and need not be hashed again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARK = b"ICROS1"
NAMED = b"ICROS2"
FRAME = 1024 * 1024
TAG = 16
PREFIX = 8
ONE_FRAME = len(NAMED) + PREFIX + FRAME + TAG  # most bytes of a sealed content of one frame


class SealBroken(Exception):
    """The sealed bytes were changed, cut, or sealed with another key or for another name."""


def _nonce(prefix: bytes, number: int) -> bytes:
    return prefix + number.to_bytes(4, "big")


def _extra(name: bytes, *, last: bool) -> bytes:
    return (NAMED if name else MARK) + (b"\x01" if last else b"\x00") + name


def sealed_frame(
    cipher: AESGCM, prefix: bytes, number: int, plain: bytes, *, name: bytes, last: bool = False
) -> bytes:
    """Return one frame sealed in its place, for files that grow over several connections."""
    return cipher.encrypt(_nonce(prefix, number), plain, _extra(name, last=last))


def frames(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut chunks of any size into frames; the last one may be shorter or empty."""
    held: bytes | bytearray = b""
    for chunk in chunks:
        if not held and len(chunk) <= FRAME:
            held = chunk
            continue
        held = bytearray(held)
        held += chunk
        while len(held) > FRAME:
            yield bytes(held[:FRAME])
            del held[:FRAME]
    yield bytes(held)


def seal(chunks: Iterable[bytes], key: bytes, *, name: bytes = b"") -> Iterator[bytes]:
    """Yield the sealed form of a stream.

    Args:
        name: SHA-256 of the content, where whoever seals it proves it before it counts.
    """
    cipher, prefix = AESGCM(key), os.urandom(PREFIX)
    yield (NAMED if name else MARK) + prefix
    number, waiting = 0, b""
    for index, frame in enumerate(frames(chunks)):
        if index:
            yield sealed_frame(cipher, prefix, number, waiting, name=name)
            number += 1
        waiting = frame
    yield sealed_frame(cipher, prefix, number, waiting, name=name, last=True)


def is_named(stream: IO[bytes]) -> bool:
    """Tell whether a sealed stream is bound to the hash of its content; it stays at its start."""
    mark = stream.read(len(NAMED))
    stream.seek(0)
    return mark == NAMED


def _opened(
    cipher: AESGCM,
    prefix: bytes,
    number: int,
    sealed: bytes | memoryview,
    *,
    name: bytes,
    last: bool,
) -> bytes:
    try:
        return cipher.decrypt(_nonce(prefix, number), sealed, _extra(name, last=last))
    except (InvalidTag, ValueError):
        raise SealBroken(f"frame {number} does not match") from None


def unseal_whole(sealed: bytes, cipher: AESGCM, *, name: bytes) -> bytes:
    """Return the plain form of what was sealed in one frame, bound to the SHA-256 ``name``.

    Raises:
        SealBroken: see there.
    """
    start = len(NAMED) + PREFIX
    prefix, frame = sealed[len(NAMED) : start], memoryview(sealed)[start:]
    return _opened(cipher, prefix, 0, frame, name=name, last=True)


def is_one_frame(sealed: bytes) -> bool:
    """Tell whether a sealed content is bound to its hash and small enough to have one frame."""
    return sealed.startswith(NAMED) and len(sealed) <= ONE_FRAME


def unseal(stream: IO[bytes], key: bytes, *, name: bytes = b"") -> Iterator[bytes]:
    """Yield the plain form of a sealed stream.

    Args:
        name: the SHA-256 to which it is bound, if it is.

    Raises:
        SealBroken: see there; frames yielded before were whole.
    """
    head = stream.read(len(MARK) + PREFIX)
    if len(head) != len(MARK) + PREFIX or not head.startswith(NAMED if name else MARK):
        raise SealBroken("this is no sealed file")
    cipher, prefix, number = AESGCM(key), head[len(MARK) :], 0
    frame = stream.read(FRAME + TAG)
    while True:
        following = stream.read(FRAME + TAG)
        yield _opened(cipher, prefix, number, frame, name=name, last=not following)
        if not following:
            return
        frame, number = following, number + 1
