"""Runs jobs in processes of their own that are killed at one commit of the database.

``python -m tests.imaging.cut_worker`` reads lines ``JOB NUMBER before|after`` and answers each with
``killed``, or with the state the job was left in when it has fewer commits than that.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from types import TracebackType

import django

from tests.plugins import runs


class CutWorker:
    """A worker whose every run ends where it is told to."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            runs.ending_with_us([sys.executable, "-m", "tests.imaging.cut_worker"]),
            cwd=runs.ROOT,
            env={**os.environ, **environment, "DJANGO_SETTINGS_MODULE": "icro.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> CutWorker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self, job: object, number: int, when: str) -> str:
        """Run a job up to just before, or just after, its commit of that number."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{job} {number} {when}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        assert answer, "the process ended"
        return answer


def _run(job: str, number: int, when: str) -> None:
    """Run a job in this process, which does not live on.  SIGKILL runs no handler of ours."""
    from django.db.backends.base.base import BaseDatabaseWrapper

    from audit import jobs

    commit = BaseDatabaseWrapper._commit
    seen = 0

    def cut(connection: BaseDatabaseWrapper) -> None:
        nonlocal seen
        seen += 1
        if seen == number and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        commit(connection)
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    BaseDatabaseWrapper._commit = cut
    os.write(1, f"{jobs.run(job)}\n".encode())
    os._exit(0)


def main() -> None:
    """Answer line by line; each run is a fork, so that no connection is shared."""
    django.setup()
    for line in sys.stdin:
        job, number, when = line.split()
        child = os.fork()
        if not child:
            _run(job, int(number), when)
        if os.WIFSIGNALED(os.waitpid(child, 0)[1]):
            os.write(1, b"killed\n")


if __name__ == "__main__":
    main()
