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
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from mmap import mmap
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, Final, Generic, TypeVar

from imaging.pipeline.buffers import C_LIBRARY, keep_large_buffers

Item = TypeVar("Item")
Result = TypeVar("Result")
Other = TypeVar("Other")

CHUNK: Final = 16
TICK_SECONDS: Final = 0.25
# Headers are many small objects without cycles.
COLLECTED_AFTER: Final = (50_000, 20, 20)
NONE_BEGUN: Final = -1
#: children that end before their first input, in a row: whatever they were given is given up then
FALSE_STARTS: Final = 5
_PR_SET_PDEATHSIG: Final = 1  # prctl(2), Linux


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """Limits of a child: bytes of address space and of one written file, seconds per input.

    A child with a higher ``niceness`` gives way to others that want the processors.
    """

    memory_bytes: int = 4 * 1024**3
    file_bytes: int = 5 * 1024**3
    cpu_seconds: int = 60
    wall_seconds: float = 120.0
    niceness: int = 0


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
        self._waiting: deque[tuple[int, Item]] = deque()
        self._chunk = CHUNK
        self._false_starts = 0

    def __enter__(self) -> Sandbox[Item, Result]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop every child; they end side by side."""
        for child in self._children:
            child.dismiss()
        for child in self._children:
            child.await_end()
        self._children.clear()

    def map(self, items: Iterable[Item]) -> Iterator[tuple[int, Result | Contained]]:
        """Yield (position of the input, result) as results come; every input yields once."""
        self._waiting = deque(enumerate(items))
        self._chunk = min(CHUNK, max(1, len(self._waiting) // (2 * self._processes)))
        while self._has_work():
            for _, position, result in _step((self,)):
                yield position, result

    def _has_work(self) -> bool:
        return bool(self._waiting) or any(child.busy for child in self._children)

    def _hand_out(self) -> None:
        while self._waiting:
            child = next((one for one in self._children if not one.busy), None)
            if child is None:
                if len(self._children) >= self._processes:
                    return
                child = _Child.start(self._setup, self._limits)
                self._children.append(child)
            count = min(self._chunk, len(self._waiting))
            child.give([self._waiting.popleft() for _ in range(count)])

    def _collect(self, child: _Child) -> Iterator[tuple[int, Result | Contained]]:
        try:
            results = child.take()
        except (EOFError, OSError):
            self._children.remove(child)
            code = child.autopsy()
            guilty = child.progress()
            if guilty == NONE_BEGUN:  # no input did it
                self._false_starts += 1
                guilty = 0 if self._false_starts >= FALSE_STARTS else NONE_BEGUN
            for number, (position, item) in enumerate(child.given):
                if number == guilty:
                    yield position, Contained(code)
                else:
                    self._waiting.appendleft((position, item))
            return
        self._false_starts = 0
        yield from results

    def _kill_overdue(self, ready: Collection[Any]) -> None:
        for child in self._children:
            late = child.busy and child.pipe not in ready
            if late and child.overdue(self._limits.wall_seconds):
                os.kill(child.pid, signal.SIGKILL)
                child.killed = True


def chained(
    first: Sandbox[Item, Result],
    second: Sandbox[Item, Other],
    items: Sequence[Item],
    goes_on: Callable[[Result], bool],
) -> Iterator[tuple[int, Result | Contained, Other | Contained | None]]:
    """Put inputs through two sandboxes, the second at work while the first goes on.

    Yields (position of the input, result of the first, result of the second) as they come. The
    second gets the input itself, and only where `goes_on` says so of the first's result; its own
    result is None otherwise.
    """
    first._waiting, first._chunk = deque(enumerate(items)), CHUNK
    passed: dict[int, Result | Contained] = {}
    while first._has_work() or second._has_work():
        for box, position, result in _step((second, first)):
            if box is second:
                yield position, passed.pop(position), result
            elif isinstance(result, Contained) or not goes_on(result):
                yield position, result, None
            else:
                passed[position] = result
                second._waiting.append((position, items[position]))


def _step(boxes: Sequence[Sandbox[Any, Any]]) -> Iterator[tuple[Sandbox[Any, Any], int, Any]]:
    """Hand out what waits, then yield what came back within a moment, each with its sandbox."""
    for box in boxes:
        box._hand_out()
    busy = {child.pipe: (box, child) for box in boxes for child in box._children if child.busy}
    ready = wait(list(busy), timeout=TICK_SECONDS)
    for pipe in ready:
        box, child = busy[pipe]  # type: ignore[index]
        for position, result in box._collect(child):
            yield box, position, result
    for box in boxes:
        box._kill_overdue(ready)


class _Child:
    """One child process and what it is working on."""

    def __init__(self, pid: int, pipe: Connection, marks: mmap) -> None:
        self.pid = pid
        self.pipe = pipe
        self.given: list[tuple[int, Any]] = []
        self.busy = False
        self.killed = False
        self._marks = marks
        self._seen = (NONE_BEGUN, time.monotonic())

    @classmethod
    def start(cls, setup: Callable[[], Any], limits: SandboxLimits) -> _Child:
        ours, theirs = Pipe()
        marks = mmap(-1, 8)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                _end_with(parent)
                ours.close()
                # An end of a pipe that stays open here would keep its child from ending.
                for other in _LIVE:
                    other.pipe.close()
                _serve(theirs, marks, setup, limits)
                status = 0
            finally:
                os._exit(status)
        theirs.close()
        child = cls(pid, ours, marks)
        _LIVE.add(child)
        return child

    def give(self, work: list[tuple[int, Any]]) -> None:
        self.given, self.busy, self.killed = work, True, False
        self._marks[:] = struct.pack("<q", NONE_BEGUN)
        self._seen = (NONE_BEGUN, time.monotonic())
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
        self._let_go()
        _, status = os.waitpid(self.pid, 0)
        if self.killed or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
            return "out_of_time"
        return "process_died"

    def dismiss(self) -> None:
        self._let_go()
        if self.busy:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def await_end(self) -> None:
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def _let_go(self) -> None:
        _LIVE.discard(self)
        self.pipe.close()


#: Every child of this process, whichever sandbox it belongs to.
_LIVE: Final[set[_Child]] = set()


def _end_with(parent: int) -> None:
    """End when the parent is killed: nobody would watch this child's time, or take its results."""
    with suppress(OSError, AttributeError):  # elsewhere than on Linux it ends with its pipe
        C_LIBRARY.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _serve(pipe: Connection, marks: mmap, setup: Callable[[], Any], limits: SandboxLimits) -> None:
    keep_large_buffers()
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_bytes, limits.file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    os.nice(limits.niceness)
    # What the parent had loaded is never garbage here: walking it again and again, and copying its
    # pages by doing so, costs more than the work itself.
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)
    allowance = _CpuAllowance(limits.cpu_seconds)
    function = setup()
    while True:
        try:
            work = pipe.recv()
        except (EOFError, OSError):
            return
        results: list[tuple[int, Any]] = []
        for number, (position, item) in enumerate(work):
            marks[:] = struct.pack("<q", number)
            allowance.renew()
            results.append((position, _apply(function, item)))
        pipe.send(results)


class _CpuAllowance:
    """CPU time that one input may use; the limit counts whole seconds and is set when they move."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._soft = 0

    def renew(self) -> None:
        soft = int(time.process_time()) + 1 + self._seconds
        if soft == self._soft:
            return
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        bounded = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
        resource.setrlimit(resource.RLIMIT_CPU, (bounded, hard))
        self._soft = soft


def _apply(function: Callable[[Any], Any], item: Any) -> Any:
    try:
        return function(item)
    except MemoryError:
        return Contained("out_of_memory")
    except Exception as problem:  # any failure belongs to this input alone
        return Contained("failed", type(problem).__name__)
