"""The test suite itself: its database, its workers, its browser and its gate."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from playwright.sync_api import Page

from icro.celery import app
from tests.plugins import order, runs
from tests.plugins.processes import StartWorkers

ROOT = Path(__file__).resolve().parents[2]


def triggers_against_truncate() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgtype & 32 <> 0"
        )
        (count,) = cursor.fetchone()
    return int(count)


@pytest.mark.django_db(transaction=True)
def test_a_committed_row_is_there_during_a_test() -> None:
    Group.objects.create(name="left behind")
    assert triggers_against_truncate() > 0


@pytest.mark.django_db
def test_and_gone_afterwards_while_the_guards_are_still_in_place() -> None:
    assert not Group.objects.filter(name="left behind").exists()
    assert triggers_against_truncate() > 0
    with connection.cursor() as cursor:
        cursor.execute("SHOW session_replication_role")
        assert cursor.fetchone() == ("origin",)


@pytest.mark.django_db(transaction=True)
def test_the_owner_can_be_taken_on_for_a_while(as_owner: Callable[[], object]) -> None:
    with as_owner() as cursor:  # type: ignore[attr-defined]
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("icro_owner",)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("icro_app",)


def test_the_files_that_come_first_exist() -> None:
    assert [name for name in order.LONGEST if not (ROOT / name).is_file()] == []


def test_a_run_keeps_its_number_while_a_process_of_it_lives_and_whatever_becomes_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "FOLDER", tmp_path / "test")
    monkeypatch.setattr(runs, "ROOT", tmp_path)  # the numbers of another work tree
    monkeypatch.setattr(runs, "_claimed", claimed := [])
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.setenv(runs.CONTROLLER, "1")
    assert [runs.claim().number, runs.claim().number] == [0, 1]
    shutil.rmtree(tmp_path / "test")
    assert runs.claim().number == 2
    orphan = subprocess.Popen(["sleep", "60"], **runs.process_options())
    for held in claimed:
        held.close()  # what the end of a killed run does
    claimed.clear()
    try:
        assert runs.claim().number == 3
    finally:
        orphan.kill()
        orphan.wait()
    claimed.pop().close()
    assert runs.claim().number == 0
    claimed.pop().close()


def test_a_pytest_that_a_worker_starts_is_a_run_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "FOLDER", tmp_path / "test")
    monkeypatch.setattr(runs, "ROOT", tmp_path)
    monkeypatch.setattr(runs, "_claimed", claimed := [])
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    monkeypatch.setenv(runs.NUMBER, "7")
    monkeypatch.setenv(runs.CONTROLLER, str(os.getppid()))
    assert runs.claim() == runs.Run(7, "gw0")
    monkeypatch.setenv(runs.CONTROLLER, "1")
    assert runs.claim() == runs.Run(0, "")
    claimed.pop().close()


@pytest.mark.slow
def test_a_process_of_a_test_ends_with_the_run_that_is_killed() -> None:
    # The process itself tells its number: by then the wish to end with its parent is set.
    script = (
        "import subprocess, sys, time\n"
        "from tests.plugins import runs\n"
        "command = ['sh', '-c', 'echo $$; exec sleep 60']\n"
        "subprocess.Popen(runs.ending_with_us(command), start_new_session=True)\n"
        "time.sleep(60)\n"
    )
    run = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE)
    assert run.stdout is not None
    pid = int(run.stdout.readline())
    run.kill()
    run.wait()
    run.stdout.close()
    deadline = time.monotonic() + 10
    while _lives(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _lives(pid)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.slow
def test_workers_are_real_processes_that_come_back_after_a_kill(
    worker_processes: StartWorkers,
) -> None:
    first, second = worker_processes(2)
    first.kill()
    assert first.process.returncode == -9
    first.restart()
    assert first.pid != second.pid
    deadline = time.monotonic() + 30
    names: set[str] = set()
    while len(names) < 2 and time.monotonic() < deadline:
        names = {name.split("@")[0] for reply in app.control.ping(timeout=2) for name in reply}
    assert names == {first.name, second.name}


@pytest.mark.browser
def test_the_browser_reads_a_page_of_the_live_server(page: Page) -> None:
    response = page.goto("/healthz")
    assert response is not None
    assert response.json() == {"status": "ok"}


def run_suite(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest with this project's plugins on one file."""
    file = folder / "test_inner.py"
    file.write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", "pyproject.toml"]
    return subprocess.run(
        [
            *command,
            f"--rootdir={ROOT}",
            f"--confcutdir={ROOT}",
            "-p",
            "tests.conftest",
            *options,
            str(file),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_skip_that_nobody_allowed_fails_the_run(tmp_path: Path) -> None:
    skipping = "import pytest\ndef test_one(): pass\ndef test_two(): pytest.skip({!r})\n"
    refused = run_suite(tmp_path, skipping.format("too tired"))
    assert "1 passed, 1 skipped" in refused.stdout
    assert "GATE: skip not listed in tests/allowed_skips.txt" in refused.stdout
    assert refused.returncode == 1

    reason = "The corpus of real series is absent; give its folder as ICRO_CORPUS."
    assert run_suite(tmp_path, skipping.format(reason)).returncode == 0


def test_a_file_skipped_as_a_whole_fails_the_run(tmp_path: Path) -> None:
    text = "import pytest\npytest.skip('not today', allow_module_level=True)\n"
    refused = run_suite(tmp_path, text)
    assert "not today" in refused.stdout
    assert refused.returncode == 1


def test_a_run_whose_browser_tests_did_not_run_fails(tmp_path: Path) -> None:
    reason = "The corpus of real series is absent; give its folder as ICRO_CORPUS."
    text = (
        "import pytest\ndef test_one(): pass\n"
        f"@pytest.mark.browser\n@pytest.mark.skip(reason={reason!r})\ndef test_two(): pass\n"
    )
    refused = run_suite(tmp_path, text)
    assert "GATE: no browser test was executed" in refused.stdout
    assert refused.returncode == 1

    without = run_suite(tmp_path, "def test_one(): pass\n", "--require-browser")
    assert "GATE: no browser test was executed" in without.stdout
    assert without.returncode == 1
