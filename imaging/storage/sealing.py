"""Sealing a stream with AES-256-GCM in frames, so that files of any size need little memory.

Layout: 6 bytes mark, 8 random bytes, then frames of 1 MiB plain text with 16 bytes tag each. The
nonce of a frame is the random bytes and the frame's number (96 bits, NIST SP 800-38D §8.2.1); the
last frame is marked in the associated data, so that neither cutting nor reordering goes unseen.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARK = b"ICROS1"
FRAME = 1024 * 1024
TAG = 16
PREFIX = 8


class SealBroken(Exception):
    """The sealed bytes were changed, cut, or sealed with another key."""


def _nonce(prefix: bytes, number: int) -> bytes:
    return prefix + number.to_bytes(4, "big")


def _extra(*, last: bool) -> bytes:
    return MARK + (b"\x01" if last else b"\x00")


def sealed_frame(
    cipher: AESGCM, prefix: bytes, number: int, plain: bytes, *, last: bool = False
) -> bytes:
    """Return one frame sealed in its place, for files that grow over several connections."""
    return cipher.encrypt(_nonce(prefix, number), plain, _extra(last=last))


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


def seal(chunks: Iterable[bytes], key: bytes) -> Iterator[bytes]:
    """Yield the sealed form of a stream."""
    cipher, prefix = AESGCM(key), os.urandom(PREFIX)
    yield MARK + prefix
    number, waiting = 0, b""
    for index, frame in enumerate(frames(chunks)):
        if index:
            yield sealed_frame(cipher, prefix, number, waiting)
            number += 1
        waiting = frame
    yield sealed_frame(cipher, prefix, number, waiting, last=True)


def unseal(stream: IO[bytes], key: bytes) -> Iterator[bytes]:
    """Yield the plain form of a sealed stream.

    Raises:
        SealBroken: see there; frames yielded before were whole.
    """
    head = stream.read(len(MARK) + PREFIX)
    if len(head) != len(MARK) + PREFIX or not head.startswith(MARK):
        raise SealBroken("this is no sealed file")
    cipher, prefix, number = AESGCM(key), head[len(MARK) :], 0
    frame = stream.read(FRAME + TAG)
    while True:
        following = stream.read(FRAME + TAG)
        try:
            yield cipher.decrypt(_nonce(prefix, number), frame, _extra(last=not following))
        except (InvalidTag, ValueError):
            raise SealBroken(f"frame {number} does not match") from None
        if not following:
            return
        frame, number = following, number + 1
