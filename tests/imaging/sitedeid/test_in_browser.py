"""Identity is removed in a real browser: every byte that leaves it is recorded and searched."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pydicom
import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pydicom.uid import SecondaryCaptureImageStorage

from imaging.models import Instance, SiteCleaning, Submission
from imaging.phantom import write_series
from imaging.phantom.spec import Identity
from imaging.storage import ArrivalStore
from studies.scoping import scope
from tests.imaging import upload_world
from tests.imaging.sitedeid.test_site_option import study_with
from tests.world import PASSWORD, StudyWorld

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


class Wire:
    """A line between browser and server that records what the browser sends, byte by byte."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.sent = bytearray()
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            for source, sink, keep in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._carry, args=(source, sink, keep), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, keep: bool) -> None:
        try:
            while data := source.recv(65_536):
                if keep:
                    self.sent += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            sink.close()

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def wire(live_server: Any) -> Iterator[Wire]:
    parts = urlsplit(live_server.url)
    line = Wire((parts.hostname or "localhost", parts.port or 80))
    yield line
    line.close()


def technologist(new_page: Any, world: StudyWorld, wire: Wire) -> Page:
    page: Page = new_page(base_url=f"http://localhost:{wire.port}")
    page.goto("/")
    page.locator("input[name=login]").fill(world.users["site_user"].email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: "login" not in url)
    return page


def folder_of(row: Submission, folder: Path) -> tuple[list[Path], list[str]]:
    """A visit's series, a screen capture and a note; and every identifying text in them."""
    spec = upload_world.spec_for(row.time_point)
    files = list(write_series(folder, spec).files)
    capture = pydicom.dcmread(files[0])
    capture.SOPClassUID = SecondaryCaptureImageStorage
    capture.Modality = "OT"
    capture.SOPInstanceUID = "1.2.826.0.1.3680043.8.498.77"
    capture.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.78"
    capture.save_as(folder / "doe_jane_report.dcm")
    first = pydicom.dcmread(files[0])
    return [*files, folder / "doe_jane_report.dcm"], [
        *identifying(spec.identity),
        str(first.StudyInstanceUID),
        str(first.SOPInstanceUID),
        "doe_jane",
        f"{spec.study_date:%Y%m%d}",
    ]


def identifying(identity: Identity) -> list[str]:
    """Every word and number by which the person or the hospital could be known."""
    values = [
        identity.patient_name,
        identity.patient_id,
        f"{identity.birth_date:%Y%m%d}",
        identity.address,
        identity.phone,
        identity.institution,
        identity.station,
        identity.referring_physician,
        identity.performing_physician,
        identity.operator,
        identity.accession_number,
    ]
    parts = [part.strip(",.") for value in values for part in value.replace("^", " ").split()]
    # A house number of four digits stands in megabytes of pixels and hashes by chance.
    telling = [part for part in parts if len(part) >= (6 if part.isdigit() else 4)]
    return [*values, *telling]


def choose(page: Page, row: Submission, world: StudyWorld, files: list[Path]) -> None:
    page.goto(reverse("upload-files", args=[world.study.code, row.pk]))
    page.wait_for_selector("[data-upload-ready]")
    page.locator("input[data-kind=files]").set_input_files([str(path) for path in files])
    page.wait_for_selector("[data-upload-send]:not([hidden])")


def explain_what_is_left(page: Page) -> None:
    for box in page.locator(
        "[data-upload-findings] textarea, [data-upload-findings] input[type=text]"
    ).all():
        box.fill("As scanned.")
    for button in page.get_by_role("button", name="Keep reason").all():
        button.click()


def test_no_identifying_text_leaves_the_browser(new_page: Any, wire: Wire, tmp_path: Path) -> None:
    world = study_with("required")
    with scope(world.study):
        row = upload_world.draft(world)
    files, secrets = folder_of(row, tmp_path)
    page = technologist(new_page, world, wire)
    wire.sent.clear()
    choose(page, row, world, files)
    expect(page.get_by_role("heading", name="Identity is removed on this computer")).to_be_visible()
    explain_what_is_left(page)
    page.locator("[data-upload-rows] input[type=checkbox]").nth(1).check()
    explain_what_is_left(page)
    page.locator("[data-upload-send]").click()
    counts = page.locator("[data-site-counts]")
    expect(counts).to_contain_text("1 file stays here", timeout=60_000)
    stays = page.locator("[data-site-list] li")
    expect(stays).to_contain_text("Images of this kind often show names")
    expect(stays).to_contain_text("doe_jane_report.dcm")
    page.wait_for_url("**/checks/", timeout=60_000)
    sent = bytes(wire.sent).lower()
    assert b"dicm" in sent
    assert [secret for secret in secrets if secret.lower().encode() in sent] == []
    with scope(world.study):
        account = SiteCleaning.objects.get(submission=row)
        assert account.cleaned == 12
        assert account.not_sent == [{"code": "always_looked_at", "count": 1}]
        arrived = ArrivalStore(row.pk)
        assert all(arrived.exists(file.sha256) for file in row.files.all())
        assert row.files.count() == 12
        upload_world.run_jobs(row)
        row.refresh_from_db()
        assert row.check_result["set_aside"] == []
        upload_world.fill_form(world, row)
        upload_world.send(world, row)
        upload_world.run_jobs(row)
        row.refresh_from_db()
        assert row.state == "in_qc", row.hold_reason
        assert Instance.objects.filter(series__submission=row).count() == 12
