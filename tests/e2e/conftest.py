"""The demonstration as a fixture, and the option that asks for its pictures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 1200


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take pictures only when they are asked for: they need the whole demonstration."""
    if config.getoption("--screens"):
        return
    pictures = [item for item in items if item.path.name == "test_screens.py"]
    if pictures:
        config.hook.pytest_deselected(items=pictures)
        items[:] = [item for item in items if item not in pictures]


@pytest.fixture(scope="session")
def demonstration() -> Iterator[dict[str, Any]]:
    """Address and logins of a running demonstration; one is started if none runs."""
    running = _running()
    if running is not None:
        yield running
        return
    folder = ROOT / "var" / "screens"
    process = subprocess.Popen(
        [sys.executable, "-m", "icro.demo"],
        cwd=ROOT,
        env={**_plain_environment(), "DATA_DIR": str(folder), "PORT": "8123"},
        start_new_session=True,
    )
    try:
        yield _await(process, folder / "demo.json")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=90)


def _plain_environment() -> dict[str, str]:
    # The test run's own servers and settings are not the demonstration's.
    ours = ("DATABASE_URL", "MIGRATE_DATABASE_URL", "REDIS_URL", "ICRO_ENV", "DATA_DIR", "KEYS_DIR")
    drop = {*ours, "DJANGO_SETTINGS_MODULE", "STORAGES", "EMAIL_URL", "STATIC_ROOT"}
    return {name: value for name, value in os.environ.items() if name not in drop}


def _running() -> dict[str, Any] | None:
    described = ROOT / "var" / "demo.json"
    if not described.exists():
        return None
    found: dict[str, Any] = json.loads(described.read_text())
    return found if _answers(found["url"]) else None


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _await(process: subprocess.Popen[bytes], described: Path) -> dict[str, Any]:
    described.unlink(missing_ok=True)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError("the demonstration ended; see its lines above")
        if described.exists():
            found: dict[str, Any] = json.loads(described.read_text())
            if _answers(found["url"]):
                return found
        time.sleep(1)
    raise RuntimeError("the demonstration did not become ready")
