"""A number for each run of pytest, and with it a database, a broker database and a folder.

A number is held by a socket with an abstract name (unix(7)): it belongs to the processes that have
it open and to nobody's files, so that emptying ``var/test`` gives no number away twice. Processes
that a test starts inherit it: a run that was killed keeps its number until its last worker ended,
and no later run meets that worker in its folder, its database or its broker.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from icro.devstack import Stack

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "var" / "test"
STACK = Stack(FOLDER / "stack", durable=False)
MOST_RUNS = 60
MOST_WORKERS = 16
NUMBER = "ICRO_TEST_RUN"
CONTROLLER = "ICRO_TEST_CONTROLLER"
PUT_ASIDE = (
    *("STORAGES", "KEYS_DIR", "DEBUG", "EMAIL_URL", "ALLOWED_HOSTS", "SECRET_KEY"),
    "PYTHONDONTWRITEBYTECODE",  # a process would compile everything anew: four seconds
)

_claimed: list[socket.socket] = []  # open sockets keep the numbers until the last process ends


@dataclass(frozen=True)
class Run:
    """One pytest process: the only one of a run, or one of its xdist workers."""

    number: int
    worker: str

    @property
    def name(self) -> str:
        """What everything of this process is called."""
        return f"{self.number}_{self.worker}" if self.worker else str(self.number)

    @property
    def database(self) -> str:
        """The name of the test database."""
        return f"test_icro_{self.name}"

    @property
    def broker_number(self) -> int:
        """The numbered Redis database; 0 stays free."""
        index = int(self.worker.removeprefix("gw")) + 1 if self.worker else 0
        return 1 + self.number * MOST_WORKERS + index % MOST_WORKERS

    def process_environment(self) -> dict[str, str]:
        """Return the environment under which processes of the platform belong to this run."""
        for name in PUT_ASIDE:
            os.environ.pop(name, None)
        return {
            "ICRO_ENV": "test",
            NUMBER: str(self.number),
            CONTROLLER: os.environ.get(CONTROLLER, str(os.getpid())),
            "DATA_DIR": str(FOLDER / f"run-{self.name}"),
            "DATABASE_URL": STACK.database_url("icro_app", self.database),
            "MIGRATE_DATABASE_URL": STACK.database_url("icro_owner", self.database),
            "REDIS_URL": STACK.redis_url(self.broker_number),
        }


def claim() -> Run:
    """Return the run of this process; the workers of xdist belong to the run of their controller.

    A pytest that a test starts inherits the environment of a worker and is none: its parent is not
    the controller.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and os.environ.get(CONTROLLER) == str(os.getppid()):
        return Run(int(os.environ[NUMBER]), worker)
    os.environ[CONTROLLER] = str(os.getpid())
    with _all_runs_locked():
        for number in range(MOST_RUNS):
            if held := _held(number):
                _claimed.append(held)
                return Run(number, "")
    raise RuntimeError(f"{MOST_RUNS} test runs are under way already.")


def process_options() -> dict[str, Any]:
    """Return the options of ``Popen`` for a process of the platform that belongs to this run.

    It inherits the number, and a process group of its own can be killed as a whole.
    """
    return {"pass_fds": [held.fileno() for held in _claimed], "start_new_session": True}


def ending_with_us(command: Sequence[str]) -> list[str]:
    """Return a command whose process is killed when this one dies, however it dies."""
    program = shutil.which("setpriv")
    return [program, "--pdeathsig", "KILL", "--", *command] if program else list(command)


def stop_servers_after_last_run() -> None:
    """Stop the servers unless another run uses them."""
    with _all_runs_locked():
        ours = {held.getsockname() for held in _claimed}
        others = [number for number in range(MOST_RUNS) if _name(number) not in ours]
        if not any(_is_held(number) for number in others):
            STACK.stop()


@contextlib.contextmanager
def _all_runs_locked() -> Iterator[None]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "runs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _name(number: int) -> bytes:
    tree = hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:16]
    return b"\0icro-test-%d-%s-%d" % (os.geteuid(), tree.encode(), number)


def _held(number: int) -> socket.socket | None:
    held = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        held.bind(_name(number))
    except OSError:
        held.close()
        return None
    return held


def _is_held(number: int) -> bool:
    if held := _held(number):
        held.close()
        return False
    return True
