"""T02, T03: killed before each persistent step; and what is on the disk before anybody is told."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
FILES = 3
# What makes an upload durable: the storage alone, so that its steps can be counted and cut.
SCRIPT = """
import os, sys
from pathlib import Path
root = Path(sys.argv[1])
import importlib.util
source = f"{sys.argv[2]}/audit/durable.py"
found = importlib.util.spec_from_file_location("durable", source)
durable = importlib.util.module_from_spec(found)
found.loader.exec_module(durable)
staged = []
for number in range(int(sys.argv[3])):
    place = root / ".incoming" / f"{number}.part"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(bytes([number]) * 4096)
    staged.append((place, root / f"{number:02d}" / "final"))
durable.move_all(staged)
os.write(1, b"receipt")
"""


def traced(folder: Path, *options: str) -> tuple[int, str, bytes]:
    """Store files under strace; return the exit status, the calls and what was answered."""
    log = folder.parent / f"{folder.name}.trace"
    command = ["strace", "-f", "-y", "-o", str(log), *options]
    command += [sys.executable, "-c", SCRIPT, str(folder), str(ROOT), str(FILES)]
    ended = subprocess.run(
        command,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=60,
    )
    return ended.returncode, log.read_text(errors="replace"), ended.stdout


CALLS = "-e trace=fsync,rename,renameat,renameat2,write"


def steps(trace: str, folder: Path) -> list[tuple[str, str]]:
    """Return (call, path) of every durable step inside the store, and of the receipt."""
    found = []
    for line in trace.splitlines():
        if "receipt" in line and "write(1" in line:
            found.append(("receipt", ""))
        call = re.search(r"(fsync|rename\w*)\((.*)\)\s+= 0", line)
        if call and str(folder) in line:
            found.append((call.group(1), call.group(2)))
    return found


def test_t03_every_file_is_on_the_disk_before_its_name_and_every_name_before_the_receipt(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "store"
    status, trace, answered = traced(folder, *CALLS.split())
    assert (status, answered) == (0, b"receipt")
    found = steps(trace, folder)
    names = [call for call, _ in found]
    assert names[-1] == "receipt"
    last_file = max(n for n, (call, path) in enumerate(found) if ".part>" in path)
    first_name = min(n for n, (call, _) in enumerate(found) if call.startswith("rename"))
    last_name = max(n for n, (call, _) in enumerate(found) if call.startswith("rename"))
    assert last_file < first_name
    assert sum(call.startswith("rename") for call in names) == FILES
    forced = {path for call, path in found[last_name + 1 :] if call == "fsync"}
    for number in range(FILES):
        assert any(f"{folder}/{number:02d}>" in path for path in forced), forced


def test_t02_killed_before_any_step_a_name_holds_its_whole_content_or_does_not_exist(
    tmp_path: Path,
) -> None:
    whole = tmp_path / "whole"
    _, trace, _ = traced(whole, *CALLS.split())
    count = {
        name: sum(call.startswith(name) for call, _ in steps(trace, whole))
        for name in ("fsync", "rename")
    }
    assert count["rename"] == FILES
    assert count["fsync"] >= 2 * FILES
    for name, times in count.items():
        for k in range(1, times + 1):
            folder = tmp_path / f"{name}-{k}"
            status, _, answered = traced(
                folder, "-e", f"trace={name}", "-e", f"inject={name}:signal=SIGKILL:when={k}"
            )
            assert (status, answered) == (-9, b"")
            for number in range(FILES):
                final = folder / f"{number:02d}" / "final"
                assert not final.exists() or final.read_bytes() == bytes([number]) * 4096
            again, _, receipt = traced(folder, *CALLS.split())
            assert (again, receipt) == (0, b"receipt")
            assert all(
                (folder / f"{n:02d}" / "final").read_bytes() == bytes([n]) * 4096
                for n in range(FILES)
            )
