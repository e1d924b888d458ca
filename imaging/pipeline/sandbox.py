"""Containment: run a pure function over many inputs in child processes that may die.

A child has limits on address space, CPU time per input, size of files it writes and wall-clock
time per input.  An input that kills its child gets a reason code; the inputs around it go on.
Nothing is tried again: an input that stopped a child once is never given to another one.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import struct
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from mmap import mmap
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, Final, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK: Final = 16
TICK_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """Limits of a child: bytes of address space and of one written file, seconds per input."""

    memory_bytes: int = 4 * 1024**3
    file_bytes: int = 5 * 1024**3
    cpu_seconds: int = 60
    wall_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Contained:
    """An input that could not be processed: `out_of_memory`, `out_of_time`, `process_died` or
    `failed` (an exception, whose type is `cause`)."""

    code: str
    cause: str = ""


class Sandbox(Generic[Item, Result]):
    """Child processes that apply one function; use as a context manager.

    `setup` runs once in each child, after the limits are set, and returns the function.
    Inputs and results travel pickled.
    """

    def __init__(
        self,
        setup: Callable[[], Callable[[Item], Result]],
        *,
        processes: int = 1,
        limits: SandboxLimits | None = None,
    ) -> None:
        self._setup = setup
        self._limits = limits or SandboxLimits()
        self._children: list[_Child] = []
        self._processes = max(1, processes)

    def __enter__(self) -> Sandbox[Item, Result]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop every child."""
        for child in self._children:
            child.stop()
        self._children.clear()

    def map(self, items: Iterable[Item]) -> Iterator[tuple[int, Result | Contained]]:
        """Yield (position of the input, result) as results come; every input yields once."""
        waiting: deque[tuple[int, Item]] = deque(enumerate(items))
        chunk = min(CHUNK, max(1, len(waiting) // (2 * self._processes)))
        while waiting or any(child.busy for child in self._children):
            self._hand_out(waiting, chunk)
            busy = {child.pipe: child for child in self._children if child.busy}
            ready = wait(list(busy), timeout=TICK_SECONDS)
            for pipe in ready:
                yield from self._collect(busy[pipe], waiting)  # type: ignore[index]
            for child in busy.values():
                if child.pipe not in ready and child.overdue(self._limits.wall_seconds):
                    os.kill(child.pid, signal.SIGKILL)
                    child.killed = True

    def _hand_out(self, waiting: deque[tuple[int, Item]], chunk: int) -> None:
        while waiting:
            child = next((one for one in self._children if not one.busy), None)
            if child is None:
                if len(self._children) >= self._processes:
                    return
                child = _Child.start(self._setup, self._limits, self._children)
                self._children.append(child)
            child.give([waiting.popleft() for _ in range(min(chunk, len(waiting)))])

    def _collect(
        self, child: _Child, waiting: deque[tuple[int, Item]]
    ) -> Iterator[tuple[int, Result | Contained]]:
        try:
            results = child.take()
        except (EOFError, OSError):
            self._children.remove(child)
            code = child.autopsy()
            guilty = child.progress()
            for number, (position, item) in enumerate(child.given):
                if number == guilty:
                    yield position, Contained(code)
                else:
                    waiting.appendleft((position, item))
            return
        yield from results


class _Child:
    """One child process and what it is working on."""

    def __init__(self, pid: int, pipe: Connection, marks: mmap) -> None:
        self.pid = pid
        self.pipe = pipe
        self.given: list[tuple[int, Any]] = []
        self.busy = False
        self.killed = False
        self._marks = marks
        self._seen = (-1, time.monotonic())

    @classmethod
    def start(cls, setup: Callable[[], Any], limits: SandboxLimits, others: list[_Child]) -> _Child:
        ours, theirs = Pipe()
        marks = mmap(-1, 8)
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                ours.close()
                for other in others:
                    other.pipe.close()
                _serve(theirs, marks, setup, limits)
                status = 0
            finally:
                os._exit(status)
        theirs.close()
        return cls(pid, ours, marks)

    def give(self, work: list[tuple[int, Any]]) -> None:
        self.given, self.busy, self.killed = work, True, False
        self._marks[:] = struct.pack("<q", 0)
        self._seen = (0, time.monotonic())
        with suppress(OSError):  # a child that is gone shows as end of file on the next read
            self.pipe.send(work)

    def take(self) -> list[tuple[int, Any]]:
        results: list[tuple[int, Any]] = self.pipe.recv()
        self.busy = False
        return results

    def progress(self) -> int:
        return int(struct.unpack("<q", self._marks[:])[0])

    def overdue(self, seconds: float) -> bool:
        now, reached = time.monotonic(), self.progress()
        if reached != self._seen[0]:
            self._seen = (reached, now)
        return now - self._seen[1] > seconds

    def autopsy(self) -> str:
        """Reap the child and say why it ended."""
        self.busy = False
        self.pipe.close()
        _, status = os.waitpid(self.pid, 0)
        if self.killed or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
            return "out_of_time"
        return "process_died"

    def stop(self) -> None:
        self.pipe.close()
        try:
            if self.busy:
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def _serve(pipe: Connection, marks: mmap, setup: Callable[[], Any], limits: SandboxLimits) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_bytes, limits.file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    # What the parent had loaded is never garbage here: walking it again and again, and copying its
    # pages by doing so, costs more than the work itself.
    gc.freeze()
    function = setup()
    while True:
        try:
            work = pipe.recv()
        except (EOFError, OSError):
            return
        results: list[tuple[int, Any]] = []
        for number, (position, item) in enumerate(work):
            marks[:] = struct.pack("<q", number)
            _allow_cpu(limits.cpu_seconds)
            results.append((position, _apply(function, item)))
        pipe.send(results)


def _allow_cpu(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _apply(function: Callable[[Any], Any], item: Any) -> Any:
    try:
        return function(item)
    except MemoryError:
        return Contained("out_of_memory")
    except Exception as problem:  # any failure belongs to this input alone
        return Contained("failed", type(problem).__name__)
