"""The web server's worker: a thread stays with a client that asks again at once."""

from __future__ import annotations

import select
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

LINGER_MS = 10


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn ships no types
    """Viewers and uploads ask for one thing after the other on one connection.

    Handing such a connection back to the main thread and taking it up again costs about as much as
    answering. So its thread waits a moment for the next request, unless others wait for a thread.
    """

    def handle(self, conn: Any) -> Any:
        """Answer the requests of a connection while they follow one another."""
        result = super().handle(conn)
        while result is True and self.alive and not self._others_wait():
            read_ahead = conn.parser.unreader.buf.getvalue()
            if not read_ahead and not self._asks_again(conn.sock):
                break
            result = super().handle(conn)
        return result

    def _others_wait(self) -> bool:
        return not self.tpool._work_queue.empty()

    @staticmethod
    def _asks_again(sock: Any) -> bool:
        waiting = select.poll()
        waiting.register(sock, select.POLLIN)
        return bool(waiting.poll(LINGER_MS))
