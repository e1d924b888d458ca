"""The demonstration: the whole platform on one machine, with one command.

usage: ``python -m icro.demo [--reset]``; PORT, HOST and DATA_DIR are honoured.

Starts PostgreSQL and Valkey, migrates, lets the main job run once to have something to show,
and keeps web, worker and beat running until Ctrl-C, which stops everything that was started.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import IO, Any

from icro import processes
from icro.devstack import Stack, StackError
from icro.supervision import Child, Output, ProcessFailedError

ROOT = Path(__file__).resolve().parents[1]
FIRST_PORT = 8000
FIRST_DICOM_PORT = 11112
READY_TIMEOUT_S = 120
# What a reset removes; whatever else lies in the folder is not ours.
OWN_ENTRIES = (
    "stack",
    "files",
    "spool",
    "arrivals",
    "research",
    "deliveries",
    "keys",
    "mail",
    "static",
    "*.stamp",
    "seeded",
    "seeding",
    "logins.json",
    "demo.json",
    "beat-schedule*",
)


class DemoError(RuntimeError):
    """The demonstration cannot start; the text says why and what to do."""


class Stopped(BaseException):
    """Somebody asked the demonstration to stop."""


class Demo:
    """One demonstration and everything it started."""

    def __init__(self, data_dir: Path, output: Output) -> None:
        self.data_dir = data_dir
        self.output = output
        self.stack = Stack(data_dir / "stack")
        self.children: list[Child] = []
        self.lock: IO[str] | None = None
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "icro.settings",
            "ICRO_ENV": os.environ.get("ICRO_ENV", "demo"),
            "DATA_DIR": str(data_dir),
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
            processes.DIE_WITH_PARENT: "1",
        }

    @property
    def brings_servers(self) -> bool:
        """Whether somebody else runs the database and the broker."""
        return not {"DATABASE_URL", "MIGRATE_DATABASE_URL", "REDIS_URL"} <= os.environ.keys()

    def run(self, *, reset: bool) -> None:
        """Start, announce, and watch until somebody asks to stop."""
        self._take_lock()
        try:
            if reset:
                self._reset()
            port = self._choose_port()
            self._prepare()
            self._start_processes(port)
            self._announce(port)
            self._watch()
        finally:
            self._stop()

    def _take_lock(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.lock = (self.data_dir / "demo.lock").open("a+")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.lock = None
            raise DemoError(
                f"A demonstration already runs on {self.data_dir}. Stop it first (Ctrl-C in its "
                "terminal), or give another folder as DATA_DIR."
            ) from error

    def _reset(self) -> None:
        self.output.say("Removing the old demonstration")
        if self.brings_servers:
            self.stack.stop()
        for path in [path for name in OWN_ENTRIES for path in self.data_dir.glob(name)]:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _choose_port(self) -> int:
        wanted = int(os.environ.get("PORT") or FIRST_PORT)
        for port in range(wanted, wanted + 100):
            if port_is_free(port):
                if port != wanted:
                    self.output.say(f"Port {wanted} is in use; this demonstration takes {port}.")
                return port
        raise DemoError(f"Ports {wanted} to {wanted + 99} are all in use. Give another as PORT.")

    def _prepare(self) -> None:
        if (self.data_dir / "seeding").exists():
            self.output.say("The last start was interrupted while it made its data.")
            self._reset()
        if self.brings_servers:
            self.output.say("Starting PostgreSQL and Valkey")
            self.stack.start()
        steps = (
            ("migrate", "Bringing the database to this version", code_digest()),
            ("static", "Gathering style sheets, scripts and fonts", static_digest()),
        )
        for name, text, digest in steps:
            stamp = self.data_dir / f"{name}.stamp"
            if self.brings_servers and stamp.exists() and stamp.read_text() == digest:
                continue
            self.output.say(text)
            self._finish(name, [name])
            stamp.write_text(digest)

    def _start_processes(self, port: int) -> None:
        self.environment["PORT"] = str(port)
        self._start("worker")
        self._start("beat")
        self.environment["DICOM_PORT"] = str(free_port(FIRST_DICOM_PORT))
        self._start("dicom")
        if not (self.data_dir / "seeded").exists():
            self._seed()
        self._start("web")
        self._await_ready(port)

    def _seed(self) -> None:
        """Make the data through the same services as the pages; the workers do their part."""
        self.output.say("Running the main job once, from scan to data cut (some minutes)")
        (self.data_dir / "seeding").touch()
        command = processes.manage("seed_demo", "--logins", str(self.data_dir / "logins.json"))
        child = Child("seed", command, self.environment, self.output)
        self.children.append(child)
        status = child.wait()
        self.children.remove(child)
        if status:
            raise DemoError("The demonstration's data could not be made; see the lines above.")
        (self.data_dir / "seeding").rename(self.data_dir / "seeded")

    def _start(self, name: str) -> None:
        command = [sys.executable, "-m", "icro.processes", name]
        self.children.append(Child(name, command, self.environment, self.output))

    def _finish(self, name: str, words: list[str]) -> None:
        command = [sys.executable, "-m", "icro.processes", *words]
        child = Child(name, command, self.environment, self.output)
        self.children.append(child)
        status = child.wait()
        self.children.remove(child)
        if status:
            raise DemoError(f"{name} failed; see the lines above. `make demo-reset` starts over.")

    def _await_ready(self, port: int) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not answers(f"http://127.0.0.1:{port}/readyz"):
            for child in self.children:
                child.restart_if_dead()
            if time.monotonic() > deadline:
                raise DemoError("The pages do not answer; see the lines of `web` above.")
            time.sleep(0.2)

    def _announce(self, port: int) -> None:
        url = f"http://127.0.0.1:{port}"
        logins: dict[str, Any] = json.loads((self.data_dir / "logins.json").read_text())
        text = json.dumps({"url": url, "logins": logins}, indent=2, ensure_ascii=False)
        # The usual place always names the demonstration that started last.
        for folder in {self.data_dir, ROOT / "var"}:
            folder.mkdir(exist_ok=True)
            (folder / "demo.json").write_text(text + "\n")
        width = max(map(len, logins), default=0)
        lines = [
            f"  {role:<{width}}  {login['email']}  {login['password']}"
            for role, login in logins.items()
        ]
        self.output.block([*lines, f"ready: {url}", "Ctrl-C stops everything."])

    def _watch(self) -> None:
        while True:
            time.sleep(0.5)
            for child in self.children:
                child.restart_if_dead()

    def _stop(self) -> None:
        if self.lock is None:
            return
        ignore_signals()
        self.output.say("Stopping")
        for child in reversed(self.children):
            child.ask_to_end()
        deadline = time.monotonic() + processes.GRACE_S
        for child in self.children:
            child.end_by(deadline)
        if self.brings_servers:
            self.stack.stop()
        self.output.say("Everything is stopped; the data are kept.")


def port_is_free(port: int) -> bool:
    """Say whether the web server could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((os.environ.get("HOST", "127.0.0.1"), port))
        except OSError:
            return False
    return True


def free_port(wanted: int) -> int:
    """Return the first free port from a wanted one on."""
    return next(port for port in range(wanted, wanted + 100) if port_is_free(port))


def answers(url: str) -> bool:
    """Say whether the address answers with success."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - http, our own
            return bool(response.status == 200)  # noqa: PLR2004
    except (urllib.error.URLError, OSError):
        return False


def code_digest() -> str:
    """Return a digest of our code and of the locked packages: what a migration depends on."""
    digest = hashlib.sha256((ROOT / "requirements" / "runtime.txt").read_bytes())
    for config in sorted(ROOT.glob("*/apps.py")):
        for path in sorted(config.parent.rglob("*.py")):
            digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


def static_digest() -> str:
    """Return a digest over names, sizes and dates of what the browser loads."""
    digest = hashlib.sha256((ROOT / "requirements" / "runtime.txt").read_bytes())
    sources = [config.parent / "static" for config in sorted(ROOT.glob("*/apps.py"))]
    for path in sorted(path for source in sources for path in source.rglob("*")):
        status = path.stat()
        digest.update(f"{path.relative_to(ROOT)} {status.st_size} {status.st_mtime_ns}".encode())
    return digest.hexdigest()


def ignore_signals() -> None:
    """Let a second Ctrl-C not interrupt the orderly end."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _stop_on_signal(number: int, frame: FrameType | None) -> None:
    raise Stopped


def main(arguments: Sequence[str]) -> int:
    """Run the demonstration; return the exit status."""
    if set(arguments) - {"--reset"}:
        print("usage: python -m icro.demo [--reset]", file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop_on_signal)
    data_dir = Path(os.environ.get("DATA_DIR") or ROOT / "var").expanduser().absolute()
    try:
        Demo(data_dir, Output()).run(reset="--reset" in arguments)
    except Stopped:
        return 0
    except (DemoError, StackError, ProcessFailedError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
