"""The site technologist's upload in a real browser: checks before sending, cut lines, receipt."""

from __future__ import annotations

import hashlib
import io
import os
import re
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Page, Request, expect

from accounts.permissions import Role
from imaging.models import Submission
from imaging.phantom import Defects, invented_identity, write_series
from imaging.services.resumable import PART_BYTES
from imaging.storage import ArrivalStore
from imaging.storage.partial import PartialArrival
from studies.scoping import scope
from tests.e2e.test_main_job import Person, workers_are_done
from tests.e2e.web_process import WebProcess
from tests.imaging.upload_world import draft, make_imaging_study, spec_for
from tests.plugins.pages import all_saved, next_page
from tests.reads.test_read_in_browser import answer
from tests.world import StudyWorld

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"


@pytest.fixture
def web(transactional_db: None) -> Iterator[WebProcess]:
    """A real web server that can be killed and started again."""
    server = WebProcess()
    yield server
    server.kill()


def _open_upload(new_page: Any, world: StudyWorld, row: Submission) -> Page:
    person = Person(new_page, world, Role.SITE_USER)
    page = person.open("upload-files", world.study.code, row.pk)
    page.wait_for_selector("[data-upload-ready]")
    return page


def _slow_line(page: Page, bytes_a_second: int) -> None:
    session = page.context.new_cdp_session(page)
    conditions = {"offline": False, "latency": 5, "downloadThroughput": -1}
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions", {**conditions, "uploadThroughput": bytes_a_second}
    )


def _odd_zip(folder: Path, row: Submission) -> Path:
    """Write a zip of 41 MB that the browser does not open: one member is packed by LZMA."""
    written = write_series(folder / "large", spec_for(row.time_point))
    path = folder / "scan.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for file in written.files:
            archive.write(file, f"scan/{file.name}")
        archive.writestr("scan/log.bin", os.urandom(41_000_000))
        archive.writestr("scan/readme.txt", "exported", compress_type=zipfile.ZIP_LZMA)
    return path


def test_an_upload_cut_at_half_by_a_restart_of_the_server_comes_back_whole(
    new_page: Any,
    web: WebProcess,
    worker_processes: Callable[..., Any],
    tmp_path: Path,
) -> None:
    """T04: equal hashes; of the large file at most one part twice, of small ones at most each."""
    worker_processes(1, concurrency=1)
    world = make_imaging_study()
    with scope(world.study):
        row = draft(world)
        large = _odd_zip(tmp_path, row)
        small = write_series(
            tmp_path / "small", spec_for(row.time_point, slices=30, series_number=5)
        ).files
        digest, size = hashlib.sha256(large.read_bytes()).hexdigest(), large.stat().st_size
        parts: Counter[int] = Counter()
        messages: list[str] = []

        def watch(request: Request) -> None:
            if request.method == "PATCH":
                parts[int(request.headers["upload-offset"])] += 1
            elif request.url.endswith("/files/many/"):
                messages.append(request.url)

        page = _open_upload(partial(new_page, base_url=web.url), world, row)
        page.on("request", watch)
        # While the server is away nothing leaves, however often that is tried.
        page.on("requestfailed", lambda request: _unsent(request, messages))
        _slow_line(page, 10_000_000)
        page.locator("input[data-kind=files]").set_input_files([str(large), *map(str, small)])
        page.get_by_role("button", name="Send 1 series").click()

        partial_file = PartialArrival(row.pk, sha256=digest, size=size)
        _until(page, lambda: partial_file.offset >= size // 2 - PART_BYTES)
        web.kill()
        time.sleep(1.5)
        assert 0 < partial_file.offset < size
        web.start()
        page.wait_for_url("**/checks/", timeout=120_000)
        workers_are_done()

        row.refresh_from_db()
        assert row.files.get(outcome="opened").sha256 == digest
        stored = hashlib.sha256()
        for chunk in ArrivalStore(row.pk).chunks(digest):
            stored.update(chunk)
        assert stored.hexdigest() == digest
        sent = {hashlib.sha256(path.read_bytes()).hexdigest() for path in small}
        assert sent <= set(row.files.filter(outcome="stored").values_list("sha256", flat=True))
        assert row.file_count == 12 + 2 + 30
        repeated = sum(parts.values()) - -(-size // PART_BYTES)
        assert repeated <= 1, dict(parts)
        # Thirty small files are five messages: one for each lane.
        assert 5 <= len(messages) <= 10


def _unsent(request: Request, messages: list[str]) -> None:
    if request.url in messages and "CONNECTION_REFUSED" in (request.failure or ""):
        messages.remove(request.url)


def _until(page: Page, holds: Callable[[], bool], *, patience_s: float = 60.0) -> None:
    """Wait for something outside the page while its events go on."""
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        page.wait_for_timeout(20)


def test_choosing_the_same_files_again_after_a_break_sends_only_what_is_missing(
    new_page: Any, live_server: Any, tmp_path: Path
) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = draft(world)
        files = write_series(tmp_path / "a", spec_for(row.time_point, slices=30)).files
        page = _open_upload(new_page, world, row)
        sent: list[str] = []
        # Five messages of six files: the line is cut after two of them, and stays cut.
        page.route("**/files/many/", lambda route: _cut_after(route, sent, 2))
        page.locator("input[data-kind=files]").set_input_files(list(map(str, files)))
        page.get_by_role("button", name="Send 1 series").click()
        _until(page, lambda: row.files.filter(outcome="stored").count() == 12)
        page.close(run_before_unload=False)

        again = _open_upload(new_page, world, row)
        expect(again.locator("main")).to_contain_text("18 files have not arrived")
        second: list[str] = []
        again.on("request", lambda r: second.append(r.url) if r.url.endswith("/many/") else None)
        again.locator("input[data-kind=files]").set_input_files(list(map(str, files)))
        again.get_by_role("button", name="Send 1 series").click()
        again.wait_for_url("**/checks/")
        # Eighteen that are missing are five messages of four, none of all thirty.
        assert len(second) == 5
        assert row.files.filter(outcome="stored").count() == 30


def _cut_after(route: Any, sent: list[str], limit: int) -> None:
    if len(sent) >= limit:
        route.abort()
        return
    sent.append(route.request.url)
    route.continue_()


def test_a_technologist_sends_a_visit_from_a_folder_and_a_zip_to_the_receipt(
    new_page: Any,
    live_server: Any,
    worker_processes: Callable[..., Any],
    assert_accessible: Callable[[Page], None],
    tmp_path: Path,
) -> None:
    """The whole wizard: another subject, lost slices, zip, pause, conflict, paper, signature."""
    worker_processes(1, concurrency=1)
    world = make_imaging_study()
    with scope(world.study):
        row = draft(world)
        folder, zipped = _folder_and_zip(tmp_path, row)
        person = Person(partial(new_page, accept_downloads=True), world, Role.SITE_USER)
        page = person.open("upload-files", world.study.code, row.pk)
        page.wait_for_selector("[data-upload-ready]")

        _choose(page, folder, zipped, assert_accessible)
        _send_with_a_pause(page, row)
        _form_with_a_conflict(page, assert_accessible)
        person.sign("Sign and send")
        page.wait_for_url("**/receipt/")
        expect(page.get_by_role("heading", level=1)).to_contain_text("T-00001")
        assert_accessible(page)
        with page.expect_download() as download:
            page.get_by_role("link", name="Download receipt (PDF)").click()
        download.value.save_as(tmp_path / "receipt.pdf")
        text = pypdfium2.PdfDocument(tmp_path / "receipt.pdf")[0].get_textpage().get_text_range()
        row.refresh_from_db()
        assert row.manifest_digest in text
        assert "Attachment 1" in text
        workers_are_done()
        home = person.open("site-home")
        expect(home.locator("main")).to_contain_text("In QC")
        expect(home.locator("main")).to_contain_text("answer promised by")


def _choose(
    page: Page, folder: Path, zipped: Path, assert_accessible: Callable[[Page], None]
) -> None:
    """Choose a folder and a zip; settle what the checks find."""
    page.locator("input[data-kind=folder]").set_input_files(str(folder))
    found = page.locator("[data-upload-findings]")
    expect(found).to_contain_text("Images of more than one subject")
    expect(found).to_contain_text("Slices are missing")
    expect(found).to_contain_text("5–6 missing")
    expect(found).to_contain_text("1 file is not sent")
    assert_accessible(page)
    page.get_by_role("button", name=re.compile(r"Send only .* \(28 files\)")).click()
    expect(found).to_contain_text("6 files of another subject are left out")
    page.locator("input[data-kind=zip]").set_input_files(str(zipped))
    rows = page.locator("[data-upload-rows] tr")
    expect(rows).to_have_count(2)
    expect(page.locator("[data-upload-chosen]")).to_contain_text("2 of 2 ticked")
    page.locator("summary", has_text="They cannot be recovered").click()
    page.get_by_label("Why can it not be fixed?").fill("The scanner lost them.")
    page.get_by_role("button", name="Keep reason").click()


def _send_with_a_pause(page: Page, row: Submission) -> None:
    """Send, pause, look at the list of files, go on."""
    begun: list[str] = []
    under_way: set[Request] = set()

    def begin(request: Request) -> None:
        if "/files/" in request.url:
            begun.append(request.url)
            under_way.add(request)

    def end(request: Request) -> None:
        under_way.discard(request)

    page.on("request", begin)
    page.on("requestfinished", end)
    page.on("requestfailed", end)
    _slow_line(page, 60_000)
    page.get_by_role("button", name="Send 2 series").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("[data-upload-left]")).to_have_text("Paused")
    # What was on its way arrives or is given up; after that nothing is sent.
    _until(page, lambda: not under_way)
    begun.clear()
    before = row.files.filter(outcome="stored").count()
    page.wait_for_timeout(1000)
    assert begun == []
    assert row.files.filter(outcome="stored").count() == before < 40
    page.get_by_role("button", name="File list").click()
    expect(page.locator(".ic-file-list li").first).to_be_visible()
    _slow_line(page, -1)
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/checks/", timeout=60_000)
    workers_are_done()
    # The page draws itself again when the checks have told what they found.
    expect(page.locator("main")).to_contain_text("You said: The scanner lost them.")
    assert row.files.count() == 10 + 30


def _form_with_a_conflict(page: Page, assert_accessible: Callable[[Page], None]) -> None:
    """Fill in the form; a time that the files contradict is taken over from them."""
    with next_page(page):
        page.get_by_role("link", name="Continue to form").click()
    _fill(page)
    answer(page, "scan.time", "14:30")
    all_saved(page)
    page.set_input_files("#papers", [_paper()])
    page.get_by_role("button", name="Attach").click()
    expect(page.locator("#attachments")).to_contain_text("Held for identity check")
    page.get_by_role("button", name="Continue to review").click()
    expect(page.locator("main")).to_contain_text("The form says 14:30, the files say 09:42.")
    assert_accessible(page)
    page.get_by_role("button", name="Use 09:42").click()
    expect(page.locator('[name="answers[scan.time]"]')).to_have_value("09:42")
    page.get_by_role("button", name="Continue to review").click()
    page.wait_for_url("**/review/")
    expect(page.locator("main")).to_contain_text("The scanner lost them.")


def _folder_and_zip(tmp_path: Path, row: Submission) -> tuple[Path, Path]:
    """Write a folder with lost slices and another subject, and a zip of a second series."""
    folder = tmp_path / "disk"
    spec = spec_for(row.time_point)
    write_series(folder / "a", replace(spec, slices=30, defects=Defects(missing_slices=(4, 5))))
    stranger = replace(spec, identity=invented_identity(77), seed=8, slices=6)
    write_series(folder / "b", stranger)
    (folder / "readme.txt").write_text("exported by the workstation")
    second = write_series(tmp_path / "second", replace(spec, series_number=7, slices=12))
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in second.files:
            archive.write(file, f"export/{file.name}")
    zipped = tmp_path / "second.zip"
    zipped.write_bytes(held.getvalue())
    return folder, zipped


def _fill(page: Page) -> None:
    answer(page, "scan.technologist", "I. Carballo")
    for region in ("CHEST", "ABDOMEN"):
        page.locator(f'[name="answers[scan.regions]"][value="{region}"]').check()
    for place, value in (("contrast.given", "true"), ("deviations.any", "false")):
        answer(page, place, value)
    all_saved(page)


def _paper() -> Any:
    return {"name": "report.pdf", "mimeType": "application/pdf", "buffer": PDF}
