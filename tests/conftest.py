"""What every test can ask for; the parts are in ``tests/plugins``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# What pytest compiled is kept, whatever the shell says: ten seconds of each later start.
sys.dont_write_bytecode = False

# The default run judges a change: the same examples each time, and no example judged by the load
# of the machine. `make test-whole` looks for new ones.
settings.register_profile("suite", deadline=None, derandomize=True, database=None)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("suite")

pytest_plugins = [
    "tests.plugins.gate",
    "tests.plugins.order",
    "tests.plugins.database",
    "tests.plugins.processes",
    "tests.plugins.pages",
    "tests.plugins.recognising",
]

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real, public series."""
    folder = Path(os.environ.get("ICRO_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not folder.is_dir():
        pytest.skip("The corpus of real series is absent; give its folder as ICRO_CORPUS.")
    return folder
