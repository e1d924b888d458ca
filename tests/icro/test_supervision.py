"""Processes of the demonstration: what happens to them is visible, and none is left behind."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import pytest

from icro import demo
from icro.supervision import Child, Output, ProcessFailedError


def child(script: str, **environment: str) -> Child:
    return Child("child", [sys.executable, "-c", script], {**os.environ, **environment}, Output())


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_ready(file: Path) -> str:
    deadline = time.monotonic() + 20
    while not (file.exists() and file.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return file.read_text()


def test_every_line_carries_the_name_of_its_process(capsys: pytest.CaptureFixture[str]) -> None:
    assert child("print('one'); print('two')").wait() == 0
    assert capsys.readouterr().out == "child  | one\nchild  | two\n"


def test_a_process_that_dies_is_started_again_and_one_that_keeps_dying_is_given_up() -> None:
    dying = child("raise SystemExit(3)")
    for _ in range(4):
        dying.process.wait()
        dying.restart_if_dead()
    dying.process.wait()
    dying.restart_if_dead()
    dying.process.wait()
    with pytest.raises(ProcessFailedError, match="child ended 6 times"):
        dying.restart_if_dead()


def test_the_end_takes_the_children_of_a_process_with_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    stubborn = child(
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])\n"
        "open(os.environ['NOTE'], 'w').write(str(inner.pid))\n"
        "time.sleep(99)\n",
        NOTE=str(note),
    )
    grandchild = int(wait_until_ready(note))

    stubborn.ask_to_end()
    stubborn.end_by(time.monotonic() + 0.3)

    assert not is_alive(stubborn.process.pid)
    deadline = time.monotonic() + 5
    while is_alive(grandchild) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(grandchild)


def test_a_port_in_use_is_named_and_a_free_one_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        chosen = demo.Demo(tmp_path, Output())._choose_port()
    assert chosen > port
    assert f"Port {port} is in use; this demonstration takes {chosen}." in capsys.readouterr().out


def test_two_demonstrations_cannot_share_a_folder(tmp_path: Path) -> None:
    first = demo.Demo(tmp_path, Output())
    first._take_lock()
    with pytest.raises(demo.DemoError, match="already runs"):
        demo.Demo(tmp_path, Output())._take_lock()


def test_a_reset_leaves_what_is_not_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "research").mkdir()
    (tmp_path / "research" / "image").write_text("x")
    (tmp_path / "letters").mkdir()
    demo.Demo(tmp_path, Output())._reset()
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]
