"""Runs jobs in processes of their own that are killed at one commit of the database.

``python -m tests.imaging.cut_worker`` reads lines ``JOB before|after`` and runs the job in a fork
that dies at the first commit at which none died before, known by the code that commits and by how
often that code committed in this run. It answers ``killed PLACE``, or with the state the job was
left in when it went through to its end.

A commit is the end of a transaction, and every writing statement outside one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import django

from tests.plugins import runs

KILLED = "killed "
_WRITES = ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY")
_OURS = (
    "accounts",
    "audit",
    "clinical",
    "exports",
    "imaging",
    "projects",
    "queries",
    "reads",
    "studies",
)


class CutWorker:
    """A worker whose every run ends at a commit that no run before it ended at."""

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

    def run(self, job: object, when: str) -> str:
        """Run a job up to just before, or just after, its next commit; tell what became of it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{job} {when}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        assert answer, "the process ended"
        return answer


class _Cutter:
    """Kills this process at the first place that is not among the known ones; tells it before."""

    def __init__(self, known: set[str], when: str, tell: int) -> None:
        self._known, self._when, self._tell = known, when, tell
        self._seen: Counter[str] = Counter()

    def through(self, commit: Callable[[], Any]) -> Any:
        """Commit, unless this is the place to die at."""
        code = _place()
        self._seen[code] += 1
        place = f"{code} {self._seen[code]}"
        is_new = place not in self._known
        if is_new:
            os.write(self._tell, place.encode())
        if is_new and self._when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        done = commit()
        if is_new:
            os.kill(os.getpid(), signal.SIGKILL)
        return done


def _place() -> str:
    """Return the functions of ours that are under way, the outermost first, with their lines."""
    root = Path(runs.ROOT)
    found = []
    for frame in traceback.extract_stack():
        path = Path(frame.filename)
        if path.is_relative_to(root) and path.relative_to(root).parts[0] in _OURS:
            found.append(f"{path.stem}.{frame.name}:{frame.lineno}")
    return ">".join(found)


def _run(job: str, cutter: _Cutter) -> None:
    """Run a job in this process, which does not live on.  SIGKILL runs no handler of ours."""
    from django.db import connection
    from django.db.backends.base.base import BaseDatabaseWrapper

    from audit import jobs

    commit = BaseDatabaseWrapper._commit

    def statement(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        writes = str(sql).lstrip().upper().startswith(_WRITES)
        if context["connection"].in_atomic_block or not writes:
            return execute(sql, params, many, context)
        return cutter.through(lambda: execute(sql, params, many, context))

    BaseDatabaseWrapper._commit = lambda wrapper: cutter.through(lambda: commit(wrapper))
    with connection.execute_wrapper(statement):
        state = jobs.run(job)
    os.write(1, f"{state}\n".encode())
    os._exit(0)


def main() -> None:
    """Answer line by line; each run is a fork, so that no connection is shared."""
    django.setup()
    known: set[str] = set()
    for line in sys.stdin:
        job, when = line.split()
        heard, tell = os.pipe()
        child = os.fork()
        if not child:
            _run(job, _Cutter(known, when, tell))
        os.close(tell)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        place = os.read(heard, 10_000).decode()
        os.close(heard)
        if killed:
            known.add(place)
            os.write(1, f"{KILLED}{place}\n".encode())


if __name__ == "__main__":
    main()
