"""A number for each run of pytest, and with it a database, a broker database and a folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from icro.devstack import Stack

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "var" / "test"
STACK = Stack(FOLDER / "stack", durable=False)
MOST_RUNS = 60
MOST_WORKERS = 16
NUMBER = "ICRO_TEST_RUN"
PUT_ASIDE = ("STORAGES", "KEYS_DIR", "DEBUG", "EMAIL_URL", "ALLOWED_HOSTS", "SECRET_KEY")

_claimed: list[IO[str]] = []  # open files keep the locks until this process ends


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
            "DATA_DIR": str(FOLDER / f"run-{self.name}"),
            "DATABASE_URL": STACK.database_url("icro_app", self.database),
            "MIGRATE_DATABASE_URL": STACK.database_url("icro_owner", self.database),
            "REDIS_URL": STACK.redis_url(self.broker_number),
        }


def claim() -> Run:
    """Return the run of this process; xdist workers belong to the run of their controller."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and NUMBER in os.environ:
        return Run(int(os.environ[NUMBER]), worker)
    with _all_runs_locked():
        for number in range(MOST_RUNS):
            if lock := _lock(number):
                _claimed.append(lock)
                return Run(number, worker)
    raise RuntimeError(f"{MOST_RUNS} test runs are under way already.")


def stop_servers_after_last_run() -> None:
    """Stop the servers unless another run uses them."""
    with _all_runs_locked():
        others = [path for path in FOLDER.glob("run-*.lock") if not _is_ours(path)]
        if not any(_is_held(path) for path in others):
            STACK.stop()


@contextlib.contextmanager
def _all_runs_locked() -> Iterator[None]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "runs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _lock(number: int) -> IO[str] | None:
    file = (FOLDER / f"run-{number}.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _is_ours(path: Path) -> bool:
    return any(Path(file.name) == path for file in _claimed)


def _is_held(path: Path) -> bool:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
