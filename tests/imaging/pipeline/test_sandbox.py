"""Inputs that kill their process do not stop the inputs around them."""

from __future__ import annotations

import faulthandler
import os
import select
import signal
import time
from collections.abc import Callable
from multiprocessing import Pipe
from pathlib import Path

from imaging.pipeline.deidentify import DeidOutcome, Status
from imaging.pipeline.sandbox import Contained, Sandbox, SandboxLimits, chained
from imaging.pipeline.verifier import Verdict


def behave(number: int) -> int:
    if number == 3:
        # The test runner's handler would print every thread; the child dies by the signal as well.
        faulthandler.disable()
        os.kill(os.getpid(), signal.SIGSEGV)
    if number == 5:
        bytearray(3 * 1024**3)
    if number == 7:
        while True:
            pass
    if number == 9:
        raise ValueError("secret text")
    if number == 11:
        time.sleep(60)
    return number * number


def test_each_bad_input_gets_its_code_and_the_good_ones_go_on() -> None:
    limits = SandboxLimits(memory_bytes=2 * 1024**3, cpu_seconds=1, wall_seconds=4.0)
    with Sandbox[int, int](lambda: behave, processes=2, limits=limits) as box:
        results = dict(box.map(range(14)))
    assert len(results) == 14
    assert results[3] == Contained("process_died")
    assert results[5] == Contained("out_of_memory")
    assert results[7] == Contained("out_of_time")
    assert results[9] == Contained("failed", "ValueError")
    assert results[11] == Contained("out_of_time")
    good = {n: n * n for n in (0, 1, 2, 4, 6, 8, 10, 12, 13)}
    assert {n: results[n] for n in good} == good


def test_a_child_that_ends_before_its_first_input_costs_no_input(tmp_path: Path) -> None:
    """As one whose loader was caught by the fork: nothing of what it was given did that."""
    once = tmp_path / "once"

    def setup() -> Callable[[int], int]:
        try:
            once.touch(exist_ok=False)
        except FileExistsError:
            return lambda number: number + 1
        os._exit(127)

    with Sandbox[int, int](setup, processes=2) as box:
        assert dict(box.map(range(40))) == {n: n + 1 for n in range(40)}


def test_a_set_up_that_always_ends_its_child_is_given_up() -> None:
    def setup() -> Callable[[int], int]:
        os._exit(127)

    with Sandbox[int, int](setup, processes=2) as box:
        assert dict(box.map(range(2))) == dict.fromkeys(range(2), Contained("process_died"))


def test_inputs_pass_two_sandboxes_and_each_fault_keeps_its_own_input() -> None:
    limits = SandboxLimits(memory_bytes=2 * 1024**3, cpu_seconds=1, wall_seconds=4.0)
    with (
        Sandbox[int, int](lambda: lambda n: -n if n % 10 == 4 else n, processes=2) as first,
        Sandbox[int, int](lambda: behave, processes=2, limits=limits) as second,
    ):
        found = {
            place: (one, two)
            for place, one, two in chained(first, second, range(14), lambda n: n >= 0)
        }
    assert found[4] == (-4, None)
    assert found[3] == (3, Contained("process_died"))
    assert found[9] == (9, Contained("failed", "ValueError"))
    good = {n: (n, n * n) for n in (0, 1, 2, 6, 8, 10, 12, 13)}
    assert {n: found[n] for n in good} == good
    assert len(found) == 14


def test_no_child_stays_behind() -> None:
    with Sandbox[int, int](lambda: lambda n: os.getpid(), processes=2) as box:
        pids = {pid for _, pid in box.map(range(40)) if isinstance(pid, int)}
    assert pids
    for pid in pids:
        assert not Path(f"/proc/{pid}").exists()


def test_a_child_ends_with_the_process_that_started_it() -> None:
    read, write = os.pipe()
    parent = os.fork()
    if parent == 0:

        def setup() -> Callable[[int], None]:
            os.write(write, str(os.getpid()).encode())
            return time.sleep

        with Sandbox[int, None](setup) as box:
            list(box.map([60]))
        os._exit(0)
    child = os.pidfd_open(int(os.read(read, 20)))
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    ended, _, _ = select.select([child], [], [], 20)
    assert ended


def test_a_record_that_travels_comes_back_equal() -> None:
    verdict = Verdict("identity_left", "(0010,0010)")
    outcome = DeidOutcome(Status.HELD, "text_in_pixels")
    ours, theirs = Pipe()
    for record in (verdict, outcome):
        ours.send(record)
        assert theirs.recv() == record
