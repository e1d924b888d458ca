"""Visits of thousands of files through the browser (trust T34): all in, steady, told truly.

Run by ``make test-whole``; it prints what it measured.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pydicom
import pytest
from playwright.sync_api import Error, Page, expect

from accounts.permissions import Role
from audit import clock
from imaging.models import Submission
from imaging.phantom import write_series
from imaging.services import manifest, submission
from imaging.storage import ArrivalStore
from studies.scoping import scope
from studies.services import people, subjects
from tests.e2e.test_main_job import Person
from tests.e2e.test_upload import _open_upload
from tests.e2e.web_process import WebProcess
from tests.imaging.upload_world import draft, make_imaging_study, spec_for
from tests.world import BUILDER, make_user

pytestmark = [pytest.mark.browser, pytest.mark.whole, pytest.mark.django_db(transaction=True)]

SERIES = 20
MOST = 10_000
OF_EACH = 2_000
#: who sends for which subject: two of the first site, one of the second
THREE = (("site_user", 0), ("site_user_3", 2), ("site_user_2", 1))
PATIENCE_S = 900
LARGEST_HEAP = 400e6
FIVE_GIGABYTES = 5e9
#: originals of five gigabytes that are opened again and proved by their hash
READ_AGAIN = 200
#: right to one percent; of five messages of 24 files the page hears when they have arrived
EXACT = 0.01
UNDER_WAY = 5 * 24
SHOWN = """() => ({
  title: document.querySelector("[data-upload-title]")?.textContent ?? "",
  counts: document.querySelector("[data-upload-counts]")?.textContent ?? "",
  heap: performance.memory.usedJSHeapSize,
})"""


@pytest.fixture
def web(transactional_db: None) -> Iterator[WebProcess]:
    server = WebProcess()
    yield server
    server.kill()


@pytest.fixture
def large_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that is not kept for looking at after the test."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def write_many(
    folder: Path, row: Submission, files: int, *, seed: int = 3, matrix: int = 64
) -> None:
    """Write series of one examination, each file one slice of its own."""
    spec = spec_for(row.time_point, seed=seed, slices=1, matrix=matrix)
    template = pydicom.dcmread(write_series(folder / "one", spec).files[0])
    for path in (folder / "one").iterdir():
        path.unlink()
    (folder / "one").rmdir()
    uid = f"{str(template.SOPInstanceUID)[:36].rstrip('.')}.{seed}"
    for number in range(files):
        series, place = divmod(number, files // SERIES)
        template.SeriesInstanceUID = f"{uid}.{series + 1}"
        template.SOPInstanceUID = f"{uid}.{series + 1}.{place + 1}"
        template.file_meta.MediaStorageSOPInstanceUID = template.SOPInstanceUID
        template.SeriesNumber, template.InstanceNumber = series + 1, place + 1
        template.ImagePositionPatient = [-100, -100, round(place * 2.5, 1)]
        template.save_as(folder / f"{series:02d}_{place:04d}.dcm")


@dataclass
class Upload:
    """One person's upload as the page tells of it, look by look."""

    page: Page
    row: Submission
    files: int
    begun: float = 0.0
    ended: float = 0.0
    told: list[tuple[float, int]] = field(default_factory=list)
    heap: float = 0.0

    def choose(self, folder: Path) -> None:
        """Choose a folder and wait for what is found in it."""
        self.page.locator("input[data-kind=folder]").set_input_files(str(folder))
        expect(self.page.locator("[data-upload-chosen]")).to_contain_text(
            f"{SERIES} of {SERIES}", timeout=240_000
        )

    def send(self) -> None:
        """Begin to send what was chosen."""
        self.page.get_by_role("button", name=re.compile(rf"Send {SERIES} series")).click()

    def look(self) -> bool:
        """Look at the page once; tell whether the upload goes on."""
        if "/checks/" in self.page.url:
            self.ended = self.ended or time.monotonic()
            return False
        before = self._stored()
        try:
            shown = self.page.evaluate(SHOWN)
        except Error:  # the page was changing to the next one
            return True
        self.heap = max(self.heap, float(shown["heap"]))
        told = re.search(r"([\d,]+) of [\d,]+ files", shown["counts"])
        if told and shown["title"] == "Sending your files":
            self.begun = self.begun or time.monotonic()
            number = int(told[1].replace(",", ""))
            self.told.append((time.monotonic(), number))
            slack = self.files * EXACT + UNDER_WAY
            assert before - slack <= number <= self._stored() + slack, (before, number)
        return True

    def _stored(self) -> int:
        return self.row.files.filter(outcome="stored").count()

    def measured(self) -> dict[str, float]:
        """Seconds of sending, of its first half, and the most memory."""
        half = next((at for at, number in self.told if number >= self.files // 2), self.ended)
        return {
            "send_s": round(self.ended - self.begun, 1),
            "half_s": round(half - self.begun, 1),
            "heap_mb": round(self.heap / 1e6, 1),
        }


def all_sent(uploads: Sequence[Upload]) -> None:
    """Watch uploads until the last of them is at its checks."""
    deadline = time.monotonic() + PATIENCE_S
    while any([upload.look() for upload in uploads]):
        assert time.monotonic() < deadline, [upload.told[-1:] for upload in uploads]
        uploads[0].page.wait_for_timeout(500)
    for upload in uploads:
        numbers = [number for _, number in upload.told]
        assert numbers and numbers == sorted(numbers)
        upload.row.refresh_from_db()
        assert upload._stored() == upload.row.file_count == upload.files
        assert not manifest.missing(upload.row)
        assert upload.heap < LARGEST_HEAP


def test_ten_thousand_files_arrive_with_steady_memory_and_true_progress(
    new_page: Any, web: WebProcess, tmp_path: Path, record_property: Any
) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = draft(world)
        write_many(tmp_path, row, MOST)
        upload = Upload(_open_upload(partial(new_page, base_url=web.url), world, row), row, MOST)
        upload.choose(tmp_path)
        upload.send()
        all_sent([upload])
    for name, value in upload.measured().items():
        record_property(name, value)
    print(upload.measured())


def test_five_gigabytes_arrive_with_steady_memory_and_true_progress(
    new_page: Any, web: WebProcess, large_folder: Path, record_property: Any
) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = draft(world)
        write_many(large_folder, row, MOST, matrix=512)
        page = _open_upload(partial(new_page, base_url=web.url), world, row)
        upload = Upload(page, row, MOST)
        upload.choose(large_folder)
        upload.send()
        all_sent([upload])
        assert (
            FIVE_GIGABYTES
            < row.byte_count
            == sum(path.stat().st_size for path in large_folder.iterdir())
        )
        arrived = ArrivalStore(row.pk)
        digests = sorted(row.files.values_list("sha256", flat=True))
        for digest in digests[:: MOST // READ_AGAIN]:
            assert len(arrived.read(digest)) == row.files.get(sha256=digest).size
        for digest in digests:  # the disk is wanted for other tests
            arrived.remove(digest)
    record_property("five_gigabytes", upload.measured())
    print(upload.measured())


def test_three_users_send_at_once_and_each_is_told_their_own_progress(
    new_page: Any, web: WebProcess, tmp_path: Path, record_property: Any
) -> None:
    world = make_imaging_study()
    uploads = []
    with scope(world.study):
        third = subjects.register_subject(
            world.sites[0], code=f"{world.sites[0].number}-003", source="site", actor=BUILDER,
            anchors={"enrolment": clock.today()},
        )  # fmt: skip
        subjects.enrol(third, actor=BUILDER)
        world.subjects.append(third)
        colleague = world.users["site_user_3"] = make_user("alpha_site_user_3")
        people.grant_role(
            colleague, Role.SITE_USER, study=world.study, sites=[world.sites[0]], actor=BUILDER
        )
        for number, (who, subject) in enumerate(THREE):
            visit = world.time_points(world.subjects[subject])[0]
            row = submission.start(visit, actor=world.actor(who))
            folder = tmp_path / str(number)
            write_many(folder, row, OF_EACH, seed=number + 1)
            person = Person(partial(new_page, base_url=web.url), world, who)
            page = person.open("upload-files", world.study.code, row.pk)
            page.wait_for_selector("[data-upload-ready]")
            uploads.append(Upload(page, row, OF_EACH))
        for number, upload in enumerate(uploads):
            upload.choose(tmp_path / str(number))
        for upload in uploads:
            upload.send()
        all_sent(uploads)
    begun, ended = [each.begun for each in uploads], [each.ended for each in uploads]
    assert max(begun) < min(ended)  # all three were on their way at once
    for upload in uploads:
        record_property("three_users", upload.measured())
        print(upload.measured())
