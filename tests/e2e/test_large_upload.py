"""A visit of ten thousand files through the browser (trust T34): all in, steady, told truly.

Run by ``make test-whole``; it prints what it measured.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pydicom
import pytest
from playwright.sync_api import Page, expect

from imaging.models import Submission
from imaging.phantom import write_series
from studies.scoping import scope
from tests.e2e.test_upload import _open_upload
from tests.e2e.web_process import WebProcess
from tests.imaging.upload_world import draft, make_imaging_study, spec_for

pytestmark = [pytest.mark.browser, pytest.mark.whole, pytest.mark.django_db(transaction=True)]

SERIES = 20
MOST = 10_000
PATIENCE_S = 900
HEAP = "() => performance.memory.usedJSHeapSize"


@pytest.fixture
def web(transactional_db: None) -> Iterator[WebProcess]:
    server = WebProcess()
    yield server
    server.kill()


def write_many(folder: Path, row: Submission, files: int) -> None:
    """Write series of one examination, each file one slice of its own."""
    template = pydicom.dcmread(write_series(folder / "one", spec_for(row.time_point)).files[0])
    for path in (folder / "one").iterdir():
        path.unlink()
    uid = str(template.SOPInstanceUID)[:40].rstrip(".")
    for number in range(files):
        series, place = divmod(number, files // SERIES)
        template.SeriesInstanceUID = f"{uid}.{series + 1}"
        template.SOPInstanceUID = f"{uid}.{series + 1}.{place + 1}"
        template.file_meta.MediaStorageSOPInstanceUID = template.SOPInstanceUID
        template.SeriesNumber, template.InstanceNumber = series + 1, place + 1
        template.ImagePositionPatient = [-100, -100, round(place * 2.5, 1)]
        template.save_as(folder / f"{series:02d}_{place:04d}.dcm")
    (folder / "one").rmdir()


def sent(page: Page, folder: Path, files: int) -> dict[str, float]:
    """Choose a folder, send it, and watch progress and memory while it goes."""
    begun = time.monotonic()
    page.locator("input[data-kind=folder]").set_input_files(str(folder))
    expect(page.locator("[data-upload-chosen]")).to_contain_text(
        f"{SERIES} of {SERIES}", timeout=240_000
    )
    checked = time.monotonic()
    memory = [float(page.evaluate(HEAP))]
    page.get_by_role("button", name=re.compile(rf"Send {SERIES} series")).click()
    shown: list[int] = []
    begun_sending = checked
    while "/checks/" not in page.url:
        page.wait_for_timeout(1_000)
        text = page.locator("main").inner_text()
        if told := re.search(r"([\d,]+) of [\d,]+ files", text):
            number = int(told[1].replace(",", ""))
            if shown and number < shown[-1]:  # all were hashed; from here on files are sent
                assert not shown[-1] < files // 2, shown
                shown, begun_sending = [], time.monotonic()
            shown.append(number)
        memory.append(float(page.evaluate(HEAP)))
        assert time.monotonic() - checked < PATIENCE_S, f"{shown[-1:]} of {files} were sent"
    assert shown == sorted(shown)
    return {
        "check_s": checked - begun,
        "hash_s": begun_sending - checked,
        "send_s": time.monotonic() - begun_sending,
        "heap_mb": max(memory) / 1e6,
    }


def test_ten_thousand_files_arrive_with_steady_memory_and_true_progress(
    new_page: Any, web: WebProcess, tmp_path: Path, record_property: Any
) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = draft(world)
        write_many(tmp_path, row, MOST)
        page = _open_upload(partial(new_page, base_url=web.url), world, row)
        found = sent(page, tmp_path, MOST)
        row.refresh_from_db()
        assert row.files.filter(outcome="stored").count() == row.file_count == MOST
    for name, value in found.items():
        record_property(name, round(value, 1))
    print({name: round(value, 1) for name, value in found.items()})
    assert found["heap_mb"] < 400
