"""What every test can ask for; the parts are in ``tests/plugins``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = [
    "tests.plugins.gate",
    "tests.plugins.database",
    "tests.plugins.processes",
    "tests.plugins.pages",
]

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real, public series."""
    folder = Path(os.environ.get("ICRO_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not folder.is_dir():
        pytest.skip("The corpus of real series is absent; give its folder as ICRO_CORPUS.")
    return folder
