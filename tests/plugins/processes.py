"""Real worker processes on the test database, for tests that kill them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from icro import processes
from tests.plugins import runs
from tests.settings import RUN

PATIENCE_S = 60


class WorkerProcess:
    """One Celery worker and its child, in a process group of their own."""

    def __init__(self, name: str, *, concurrency: int) -> None:
        self.name = name
        self.command = processes.worker(name=name, concurrency=concurrency)
        self.log = Path(RUN.process_environment()["DATA_DIR"]) / f"{name}.log"
        self.start()

    def start(self) -> None:
        """Start the process and wait until it takes work."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                runs.ending_with_us(self.command),
                cwd=runs.ROOT,
                env={
                    **os.environ,
                    **RUN.process_environment(),
                    "DJANGO_SETTINGS_MODULE": "icro.settings",
                },
                stdout=log,
                stderr=log,
                **runs.process_options(),
            )
        deadline = time.monotonic() + PATIENCE_S
        while b" ready." not in self.log.read_bytes()[before:]:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.1)

    @property
    def pid(self) -> int:
        """The process that supervises the children."""
        return self.process.pid

    def kill(self) -> None:
        """SIGKILL the worker and its children at once, as a lost machine would."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def children(self) -> set[int]:
        """The processes that do the work."""
        return _children_of(self.pid)

    def lose_child(self, pid: int) -> None:
        """SIGKILL a child, and wait until all that it started has ended: its lease is longer."""
        started = _children_of(pid)
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE_S
        while any(lives(one) for one in (pid, *started)):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} left processes behind")
            time.sleep(0.02)

    def pause(self) -> None:
        """Stop the worker and its children where they are."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let a paused worker go on."""
        os.killpg(self.process.pid, signal.SIGCONT)

    def restart(self) -> None:
        """Kill, and start again."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """Let the worker finish what it does; kill it when it takes too long."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()


def _children_of(pid: int) -> set[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return set()
    return {int(child) for child in listed.split()}


def lives(pid: int) -> bool:
    """Tell whether a process runs; one that only waits for its parent's notice has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


StartWorkers = Callable[..., list[WorkerProcess]]


@pytest.fixture
def worker_processes(transactional_db: None) -> Iterator[StartWorkers]:
    """Start real workers: ``worker_processes(2)`` returns two that are ready.

    The workers connect as ``icro_app`` to this process's test database and broker.
    """
    started: list[WorkerProcess] = []

    def start(count: int = 1, *, concurrency: int = 1) -> list[WorkerProcess]:
        new = [
            WorkerProcess(f"worker{len(started) + index}", concurrency=concurrency)
            for index in range(count)
        ]
        started.extend(new)
        return new

    yield start
    for worker in started:
        worker.stop()
