"""Child processes of the demonstration: started, read out, restarted, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST_RESTARTS = 5
WITHIN_S = 60


class ProcessFailedError(RuntimeError):
    """A process ends again and again."""


class Output:
    """The terminal, shared by all processes: one whole line at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """Print a line about progress, with the seconds since the start."""
        self.line("demo", f"{time.monotonic() - self._began:5.1f} s  {text}")

    def line(self, name: str, text: str) -> None:
        """Print one line of one process."""
        self.block([f"{name:<7}| {text}"])

    def block(self, lines: Sequence[str]) -> None:
        """Print lines that belong together."""
        with self._lock:
            sys.stdout.write("\n".join(lines) + "\n")
            sys.stdout.flush()


class Child:
    """One process in a group of its own, so that Ctrl-C reaches it through us alone."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], output: Output
    ) -> None:
        self.name = name
        self.command = list(command)
        self.environment = dict(environment)
        self.output = output
        self.starts: list[float] = []
        self._start()

    def _start(self) -> None:
        self.starts.append(time.monotonic())
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self._read, args=[self.process], daemon=True)
        self.reader.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            if text := line.rstrip():
                self.output.line(self.name, text)

    def wait(self) -> int:
        """Wait for the end of a process that is meant to end; return its status."""
        status = self.process.wait()
        self.reader.join(timeout=5)
        return status

    def restart_if_dead(self) -> None:
        """Start the process again if it ended.

        Raises
        ------
        ProcessFailedError
            It ended too often in a short time.
        """
        status = self.process.poll()
        if status is None:
            return
        self._kill_group()
        recent = [start for start in self.starts if start > time.monotonic() - WITHIN_S]
        if len(recent) > MOST_RESTARTS:
            raise ProcessFailedError(f"{self.name} ended {len(recent)} times in {WITHIN_S} s.")
        self.output.say(f"{self.name} ended with status {status}; it is started again")
        self._start()

    def ask_to_end(self) -> None:
        """Let the process finish what it does."""
        if self.process.poll() is None:
            self.process.terminate()

    def end_by(self, deadline: float) -> None:
        """Wait until the deadline; then kill whatever is left of the group."""
        try:
            self.process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.output.say(f"{self.name} does not end; it is killed")
        self._kill_group()
        self.process.wait()
        self.reader.join(timeout=5)

    def _kill_group(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
