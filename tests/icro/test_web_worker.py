"""The body of a request is what the client sent, however it comes and however it is read."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise

import pytest
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser
from hypothesis import given, settings
from hypothesis import strategies as st

from icro.web_worker import READ_AHEAD, DirectBody

LONG = bytes(range(256)) * 1200  # over four read-aheads


def message(body: bytes, path: str = "/a") -> bytes:
    return f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@contextmanager
def received(*parts: bytes, ends: bool = False) -> Iterator[tuple[RequestParser, socket.socket]]:
    """Let a client send bytes part by part; give the parser of the server's end."""
    client, server = socket.socketpair()

    def send() -> None:
        with suppress(OSError):  # nobody reads on
            for part in parts:
                client.sendall(part)
            if ends:
                client.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield RequestParser(Config(), server, ("127.0.0.1", 1)), server
    finally:
        server.close()
        sender.join()
        client.close()


def next_body(parser: RequestParser, server: socket.socket) -> tuple[str, DirectBody]:
    request = next(parser)
    request.body = DirectBody(request.body.reader, server)
    return request.path, request.body


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    body=st.binary(max_size=3000) | st.just(LONG),
    cuts=st.lists(st.integers(0, len(LONG)), max_size=4),
    sizes=st.lists(st.integers(0, 2 * READ_AHEAD), max_size=6),
)
def test_every_byte_arrives_once_and_in_order(
    body: bytes, cuts: list[int], sizes: list[int]
) -> None:
    whole = message(body) + message(b"next", "/b")
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    parts = [whole[a:b] for a, b in pairwise(places)]
    with received(*parts) as (parser, server):
        path, first = next_body(parser, server)
        found = b"".join(first.read(size) for size in sizes) + first.read()
        assert (path, found) == ("/a", body)
        assert first.read(1) == b""
        # The next request begins where the body ended.
        path, second = next_body(parser, server)
        assert (path, second.read()) == ("/b", b"next")


@pytest.mark.parametrize("asked", [0, 1, 5000, len(LONG) - 1])
def test_what_nobody_asked_for_is_passed_over(asked: int) -> None:
    with received(message(LONG) + message(b"next", "/b")) as (parser, server):
        _, first = next_body(parser, server)
        first.read(asked)
        first.close()  # whoever had it is done with it
        path, second = next_body(parser, server)
        assert (path, second.read()) == ("/b", b"next")


def test_lines_are_read_with_what_follows_them() -> None:
    with received(message(b"aa bb\n" + LONG)) as (parser, server):
        _, body = next_body(parser, server)
        assert body.readline(100) == b"aa bb\n"
        assert body.read(len(LONG)) == LONG


def test_a_cut_connection_ends_the_body_early() -> None:
    with received(message(LONG)[:-1000], ends=True) as (parser, server):
        _, body = next_body(parser, server)
        assert body.read() == LONG[:-1000]
