"""Multipart messages (RFC 2387): written in parts while they are read from the store, and read."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Final

from django.http import HttpResponse, StreamingHttpResponse

READ: Final = 256 * 1024
LONGEST_HEAD: Final = 16 * 1024
_BOUNDARY: Final = re.compile(r'boundary\s*=\s*(?:"([^"]{1,200})"|([^;\s]{1,200}))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One part to send: its type, place, size and bytes."""

    media: str
    location: str
    size: int
    chunks: Iterable[bytes]


def _head(boundary: str, part: Part) -> bytes:
    place = f"Content-Location: {part.location}\r\n" if part.location else ""
    return (
        f"--{boundary}\r\nContent-Type: {part.media}\r\n{place}Content-Length: {part.size}\r\n\r\n"
    ).encode()


def whole(parts: list[Part], media: str) -> HttpResponse:
    """Answer with a few small parts at once."""
    boundary = secrets.token_hex(16)
    pieces: list[bytes] = []
    for part in parts:
        pieces += [_head(boundary, part), *part.chunks, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    body = b"".join(pieces)
    answer = HttpResponse(body, content_type=_type(media, boundary))
    answer["Content-Length"] = str(len(body))
    return answer


def streamed(parts: Iterable[Part], media: str) -> StreamingHttpResponse:
    """Answer with parts that are read while they are sent."""
    boundary = secrets.token_hex(16)

    def chunks() -> Iterator[bytes]:
        for part in parts:
            yield _head(boundary, part)
            yield from part.chunks
            yield b"\r\n"
        yield f"--{boundary}--\r\n".encode()

    return StreamingHttpResponse(chunks(), content_type=_type(media, boundary))


def _type(media: str, boundary: str) -> str:
    return f'multipart/related; type="{media}"; boundary={boundary}'


class BadMultipart(Exception):
    """The message is no multipart message, or it is cut."""


def boundary_of(content_type: str) -> bytes:
    """Return the boundary that a Content-Type names.

    Raises:
        BadMultipart: it names none.
    """
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise BadMultipart("no boundary")
    return (found[1] or found[2]).encode("latin-1")


class Reader:
    """Reads the parts of a message one after the other, without holding any of them in memory.

    Each part must be consumed before the next is asked for; what was not consumed is skipped.
    """

    def __init__(self, stream: IO[bytes], boundary: bytes) -> None:
        self._stream = stream
        self._mark = b"\r\n--" + boundary
        self._held = b"\r\n"  # the first boundary has no line before it
        self._over = False

    def _more(self) -> bool:
        chunk = self._stream.read(READ)
        self._held += chunk
        return bool(chunk)

    def _until_mark(self) -> Iterator[bytes]:
        keep = len(self._mark)
        while True:
            at = self._held.find(self._mark)
            if at >= 0:
                found, self._held = self._held[:at], self._held[at + keep :]
                if found:
                    yield found
                return
            if len(self._held) > keep:
                found, self._held = self._held[:-keep], self._held[-keep:]
                yield found
            if not self._more():
                raise BadMultipart("the message ends inside a part")

    def parts(self) -> Iterator[tuple[dict[str, str], Iterator[bytes]]]:
        """Yield the headers (names in lower case) and the content of each part.

        Raises:
            BadMultipart: the message is cut or a head is too long.
        """
        for _ in self._until_mark():
            pass  # a preamble means nothing (RFC 2046 5.1.1)
        while not self._ends():
            headers = self._headers()
            content = self._until_mark()
            yield headers, content
            for _ in content:
                pass

    def _ends(self) -> bool:
        while len(self._held) < 2:  # noqa: PLR2004 - "--" or a line end
            if not self._more():
                raise BadMultipart("the message ends at a boundary")
        return self._held.startswith(b"--")

    def _headers(self) -> dict[str, str]:
        while b"\r\n\r\n" not in self._held:
            if len(self._held) > LONGEST_HEAD or not self._more():
                raise BadMultipart("the head of a part does not end")
        head, self._held = self._held.split(b"\r\n\r\n", 1)
        # An empty part ends where its head ends.
        self._held = b"\r\n" + self._held if self._held.startswith(self._mark[2:]) else self._held
        found = {}
        for line in head.decode("latin-1").split("\r\n"):
            name, _, value = line.partition(":")
            if name.strip():
                found[name.strip().lower()] = value.strip()
        return found
