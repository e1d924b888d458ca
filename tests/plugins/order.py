"""The order of a run, and what a long run spends on itself.

A file is given to one worker as a whole. The files that take longest come first, so that no worker
is left with one of them when the other has nothing more to do.
"""

from __future__ import annotations

import gc

import pytest

#: the files that take longest, longest first
LONGEST = (
    "tests/architecture/test_routes.py",
    "tests/e2e/test_main_job.py",
    "tests/e2e/test_upload.py",
    "tests/e2e/test_from_empty_study.py",
    "tests/reads/test_releasing.py",
    "tests/reads/test_canaries.py",
    "tests/reads/test_beside_reads_in_browser.py",
    "tests/imaging/pipeline/test_deidentify_command.py",
    "tests/reads/test_read_by_keyboard.py",
    "tests/reads/test_read_in_browser.py",
    "tests/architecture/test_odd_input.py",
    "tests/architecture/test_suite.py",
    "tests/architecture/test_migrations.py",
    "tests/imaging/pipeline/test_hostile_identities.py",
    "tests/exports/test_browser.py",
    "tests/imaging/test_worker_loss.py",
    "tests/imaging/test_workbench_in_browser.py",
    "tests/ui/test_pages.py",
    "tests/imaging/test_identity.py",
    "tests/reads/test_sessions_in_browser.py",
    "tests/reads/test_nothing_typed_is_lost.py",
    "tests/audit/test_jobs.py",
    "tests/imaging/test_doors_listener.py",
    "tests/imaging/test_doors_in_browser.py",
    "tests/imaging/test_qc_pages_in_browser.py",
    "tests/reads/test_amending.py",
    "tests/reads/test_variability.py",
    "tests/imaging/test_cleaning_ahead.py",
    "tests/exports/test_same_bytes.py",
)
#: new objects between two looks for garbage; the interpreter's own 700 suits small programs
YOUNG = 20_000


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; everything else keeps its place."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(LONGEST)))


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of every later search for garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
