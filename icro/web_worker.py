"""The web server's worker: a thread stays with a client that asks again at once."""

from __future__ import annotations

import io
import select
import time
from typing import Any

from gunicorn.http.body import LengthReader
from gunicorn.workers.gthread import ThreadWorker

from imaging.pipeline.buffers import keep_large_buffers

LINGER_MS = 10
STEP_BACK_S = 0.001
READ_AHEAD = 64 * 1024


class _Wire(io.RawIOBase):
    """What is left of a body of known length: first what was read ahead, then the socket."""

    def __init__(self, unreader: Any, sock: Any, length: int) -> None:
        self._unreader, self._sock, self._left = unreader, sock, length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        wanted = memoryview(buffer)[: self._left]
        if not wanted:
            return 0
        ahead = self._unreader.take_buffered()
        if ahead:
            count = min(len(ahead), len(wanted))
            wanted[:count] = ahead[:count]
            self._unreader.unread(ahead[count:])
        else:
            count = self._sock.recv_into(wanted)
        self._left -= count
        return int(count)


class DirectBody(io.BufferedReader):
    """The body of a request, received into the bytes that are handed out.

    The server's own copies each byte three times on the way, which is half of the cost of taking an
    image in.
    """

    def __init__(self, reader: LengthReader, sock: Any) -> None:
        super().__init__(_Wire(reader.unreader, sock, reader.length), READ_AHEAD)

    def close(self) -> None:
        """Stay open: the server reads on, to the end of what nobody asked for."""


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn ships no types
    """Viewers and uploads ask for one thing after the other on one connection.

    Handing such a connection back to the main thread and taking it up again costs about as much as
    answering. So its thread waits a moment for the next request, unless others wait for a thread.
    """

    def init_process(self) -> None:
        """Begin; uploads pass through this process a megabyte at a time."""
        keep_large_buffers()
        super().init_process()

    def accept(self, listener: Any) -> None:
        """Take a new connection; who has some already lets an idle sibling be first.

        The processes hear of it at the same time: without this the connections of one client often
        end in the same process, and share one core.
        """
        if self.nr_conns:
            time.sleep(STEP_BACK_S * min(self.nr_conns, 4))
        super().accept(listener)

    def handle(self, conn: Any) -> Any:
        """Answer the requests of a connection while they follow one another."""
        result = super().handle(conn)
        while result is True and self.alive and not self._others_wait():
            read_ahead = conn.parser.unreader.buf.getvalue()
            if not read_ahead and not self._asks_again(conn.sock):
                break
            result = super().handle(conn)
        return result

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request; a body of known length is read from the connection itself."""
        if isinstance(req.body.reader, LengthReader):
            req.body = DirectBody(req.body.reader, conn.sock)
        return super().handle_request(req, conn)

    def _others_wait(self) -> bool:
        return not self.tpool._work_queue.empty()

    @staticmethod
    def _asks_again(sock: Any) -> bool:
        waiting = select.poll()
        waiting.register(sock, select.POLLIN)
        return bool(waiting.poll(LINGER_MS))
