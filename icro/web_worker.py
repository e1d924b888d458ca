"""The web server's worker: a thread stays with a client that asks again at once."""

from __future__ import annotations

import select
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from imaging.pipeline.buffers import keep_large_buffers

LINGER_MS = 10
STEP_BACK_S = 0.001


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

    def _others_wait(self) -> bool:
        return not self.tpool._work_queue.empty()

    @staticmethod
    def _asks_again(sock: Any) -> bool:
        waiting = select.poll()
        waiting.register(sock, select.POLLIN)
        return bool(waiting.poll(LINGER_MS))
