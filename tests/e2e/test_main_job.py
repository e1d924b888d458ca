"""The main job in a real browser: from a technologist's folder to the sponsor's download.

Each person logs in with their own e-mail address and password. Real Celery workers do the
background work. The follow-up scan is sent through the services, because its upload repeats the
first one.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.permissions import Role
from audit import clock
from audit.models import Job
from exports.datasets import BUILDERS
from exports.models import DataCut
from imaging.models import Submission
from imaging.phantom import Defects, LesionSpec, write_series
from reads.models import Acceptance, AdjudicationCase
from studies.models import Configuration, TimePoint
from studies.scoping import scope
from tests.imaging.upload_world import draft, fill_form, send, spec_for
from tests.plugins.pages import all_saved, ask_again, next_page
from tests.reads.read_world import READERS, make_read_study
from tests.reads.test_read_in_browser import (
    answer,
    decide,
    read_the_baseline,
    settled,
    sign_by_keyboard,
    start_first,
)
from tests.world import PASSWORD, StudyWorld, _configure

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

LESION = (LesionSpec("T1", "liver_segment_8", 40.0, 30.0, 20.0),)
PATIENCE_S = 240
YES = (
    "identity.pixels identity.header technique.complete technique.reconstruction "
    "technique.orientation visual.coverage visual.motion visual.artefact visual.contrast_phase "
    "visual.arms visual.liver"
).split()


class Person:
    """Somebody of the study at their own browser."""

    def __init__(self, new_page: Any, world: StudyWorld, name: str) -> None:
        self.page: Page = new_page()
        self.page.goto("/")
        self.page.locator("input[name=login]").fill(world.users[name].email)
        self.page.locator("input[name=password]").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url(lambda url: "login" not in url)

    def open(self, name: str, *args: Any) -> Page:
        """Go to a page by its name."""
        self.page.goto(reverse(name, args=args))
        self.page.wait_for_selector("html[data-ready]")
        return self.page

    def sign(self, button: str) -> None:
        """Open the sign dialog of a page and sign with the password."""
        self.page.locator("[data-dialog-open]", has_text=button).first.click()
        self.confirm()

    def confirm(self) -> None:
        """Sign in the open dialog."""
        dialog = self.page.locator("dialog[open]")
        dialog.get_by_label("Password").fill(PASSWORD)
        with next_page(self.page):
            dialog.locator("footer .btn-primary").click()


def workers_are_done() -> None:
    """Wait until the workers have nothing left; a job that failed fails the test."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        bad = Job.objects.filter(state__in=[Job.State.FAILED, Job.State.QUARANTINED]).first()
        assert bad is None, f"{bad.kind}: {bad.error}"
        if not Job.objects.filter(state__in=[Job.State.PENDING, Job.State.RUNNING]).exists():
            return
        time.sleep(0.2)
    raise AssertionError("the workers are not done")


def scans(folder: Path, time_point: TimePoint, **changes: Any) -> list[str]:
    """Write a visit's scan as the scanner exports it; return its files."""
    spec = spec_for(time_point, lesions=LESION, **changes)
    return [str(path) for path in write_series(folder, spec).files]


def choose_files(page: Page, files: list[str], *, lost: str = "") -> None:
    """Choose files in the upload page, send them, and wait for the checks.

    ``lost`` says why slices that the page misses cannot be recovered.
    """
    page.wait_for_selector("[data-upload-ready]")
    page.locator("input[data-kind=files]").set_input_files(files)
    if lost:
        page.locator("summary", has_text="They cannot be recovered").click()
        page.get_by_label("Why can it not be fixed?").fill(lost)
        page.get_by_role("button", name="Keep reason").click()
    page.get_by_role("button", name="Send 1 series").click()
    page.wait_for_url("**/checks/", timeout=60_000)
    workers_are_done()
    ask_again(page)


def fill_transmittal(page: Page) -> None:
    """Fill in the transmittal form; dates and thickness came from the headers."""
    for place, value in (
        ("scan.time", "09:30"),
        ("scan.scanner", "CT 1"),
        ("scan.technologist", "I. Carballo"),
        ("contrast.given", "true"),
        ("deviations.any", "false"),
    ):
        answer(page, place, value)
    for region in ("CHEST", "ABDOMEN"):
        page.locator(f'[name="answers[scan.regions]"][value="{region}"]').check()
    all_saved(page)
    expect(page.locator('[name="answers[contrast.agent]"]')).to_be_visible()
    for place, value in (
        ("contrast.agent", "Iohexol 300"),
        ("contrast.volume", "90"),
        ("contrast.phase", "PORTAL VENOUS"),
        ("contrast.delay", "70"),
    ):
        answer(page, place, value)


def continue_to_review(page: Page) -> None:
    """Go on to the review; a warning of the form is explained where it stands."""
    with next_page(page):
        page.get_by_role("button", name="Continue to review").click()
    for box in page.locator('[name^="reasons["]').all():
        box.fill("As scanned; see the log of the scanner.")
    if not page.url.endswith("/review/"):
        with next_page(page):
            page.get_by_role("button", name="Continue to review").click()
    assert page.url.endswith("/review/"), page.locator("main").inner_text()


def upload_incomplete_visit(site: Person, files: list[str]) -> None:
    """Upload with four slices missing, say so, fill in the form, sign, and get a receipt."""
    page = site.open("site-home")
    page.locator("tr", has_text="Baseline").first.get_by_role("button", name="Upload").click()
    choose_files(page, files, lost="The export was cut short.")
    expect(page.locator(".ic-finding").first).to_contain_text("You said: The export was cut short.")
    with next_page(page):
        page.get_by_role("link", name="Continue to form").click()
    fill_transmittal(page)
    continue_to_review(page)
    site.sign("Sign and send")
    page.wait_for_url("**/receipt/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("T-00001")
    workers_are_done()


def ask_the_site(operations: Person, code: str, submission: Submission) -> None:
    """Claim the submission and ask for the missing slices."""
    page = operations.open("qc-workbench", code, submission.pk)
    with next_page(page):
        page.get_by_role("button", name="Claim submission").click()
    expect(page.locator(".ic-finding").first).to_contain_text("missing")
    page.get_by_text("Query site", exact=True).first.click()
    with next_page(page):
        page.get_by_role("button", name="Send query").first.click()
    workers_are_done()


def send_the_whole_series(site: Person, files: list[str]) -> None:
    """Answer the query by sending the series again."""
    page = site.open("site-home")
    page.get_by_role("button", name="Send images").first.click()
    choose_files(page, files)
    with next_page(page):
        page.get_by_role("link", name="Continue to form").click()
    continue_to_review(page)
    site.sign("Sign and send")
    page.wait_for_url("**/receipt/")
    workers_are_done()


def accept_by_signature(operations: Person, code: str, submission: Submission) -> None:
    """Fill in the checklist, decide and sign."""
    page = operations.open("qc-workbench", code, submission.pk)
    claim = page.get_by_role("button", name="Claim submission")
    if claim.count():
        with next_page(page):
            claim.click()
    for place in YES:
        answer(page, place, "YES")
    for place in ("technique.same_scanner", "visual.same_region"):
        answer(page, place, "NA")
    answer(page, "visual.quality", "4")
    answer(page, "decision.verdict", "PASS")
    all_saved(page)
    page.get_by_role("button", name="Pass", exact=True).click()
    operations.confirm()
    expect(page.locator(".ic-signbar")).to_contain_text("Pass")
    workers_are_done()


def record_follow_up(page: Page, diameter: str, responses: tuple[str, str, str]) -> None:
    """Record the follow-up with one diameter and the responses that follow from it."""
    answer(page, "quality.overall", "ADEQUATE")
    for item, value in (("state", "MEASURED"), ("slice", "5"), ("long_axis", diameter)):
        answer(page, f"target.lesions.0.{item}", value)
    answer(page, "non_target.lesions.0.state", "PRESENT")
    answer(page, "new.any", "false")
    settled(page)
    expect(page.locator("[data-live=responses]")).to_contain_text(responses[2])
    target, non_target, overall = responses
    for item, value in (
        ("target", target),
        ("non_target", non_target),
        ("new", "NONE"),
        ("overall", overall),
    ):
        answer(page, f"response.{item}", value)
    settled(page)


def make_the_cut(manager: Person, code: str) -> DataCut:
    """Plan, clean, freeze and release a cut."""
    page = manager.open("cut-plan", code)
    page.get_by_label("Title").fill("Interim cut 1")
    page.get_by_label("Cut-off date").fill((clock.today() + timedelta(days=1)).isoformat())
    page.get_by_label("Delivery planned for").fill((clock.today() + timedelta(days=7)).isoformat())
    for button in ("Plan cut", "Start cleaning"):
        with next_page(page):
            page.get_by_role("button", name=button).click()
    page.get_by_role("button", name="Freeze cut").click()
    dialog = page.locator("dialog[open]")
    dialog.locator("textarea").fill("The later visits are not due yet.")
    with next_page(page):
        dialog.locator("footer .btn-primary").click()
    workers_are_done()
    ask_again(page)
    manager.sign("Sign and release")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Released")
    return DataCut.objects.get()


def download_and_verify(sponsor: Person, code: str, cut: DataCut, folder: Path) -> None:
    """Download a table and the checksums, and compare the digest."""
    page = sponsor.open("cut-page", code, cut.pk)
    saved = {}
    for name in ("rs.csv", "manifest.json", "SHA256SUMS"):
        with page.expect_download() as download:
            page.get_by_role("link", name=name, exact=True).click()
        saved[name] = folder / name
        download.value.save_as(saved[name])
    listed = saved["SHA256SUMS"].read_text().splitlines()
    for name in ("rs.csv", "manifest.json"):
        assert f"{hashlib.sha256(saved[name].read_bytes()).hexdigest()}  {name}" in listed
    rows = saved["rs.csv"].read_text().splitlines()
    accepted = [row for row in rows if "OVRLRESP" in row and ",Y," in row]
    assert len(accepted) == 1


def test_a_scan_lives_from_the_site_to_the_sponsor(
    new_page: Any,
    live_server: Any,
    worker_processes: Callable[..., Any],
    assert_accessible: Callable[[Page], None],
    tmp_path: Path,
) -> None:
    worker_processes(1, concurrency=1)
    world = make_read_study()
    code = world.study.code
    with scope(world.study):
        _configure(
            world,
            Configuration.Kind.TRANSFER,
            "transfer",
            "Transfer specification",
            {"datasets": sorted(BUILDERS)},
        )
        baseline, week8 = world.time_points(world.subjects[0])[:2]
        cut_short = scans(tmp_path / "a", baseline, defects=Defects(missing_slices=(5, 6)))
        whole = scans(tmp_path / "b", baseline)

        site = Person(new_page, world, Role.SITE_USER)
        upload_incomplete_visit(site, cut_short)
        assert_accessible(site.page)
        first = Submission.objects.get()
        operations = Person(new_page, world, Role.IMAGE_OPERATIONS)
        ask_the_site(operations, code, first)
        send_the_whole_series(site, whole)
        accept_by_signature(operations, code, Submission.objects.order_by("number").first())
        baseline.refresh_from_db()
        assert baseline.state == "ready"

        readers = [Person(new_page, world, name) for name in READERS]
        for reader in readers:
            start_first(reader.page)
            read_the_baseline(reader.page)
            sign_by_keyboard(reader.page, assert_accessible)
        workers_are_done()

        send_follow_up(world, week8, tmp_path / "c")
        accept_follow_up(world, week8)
        workers_are_done()
        for reader, diameter, responses in (
            (readers[0], "30.0", ("SD", "NON-CR/NON-PD", "SD")),
            (readers[1], "25.0", ("PR", "NON-CR/NON-PD", "PR")),
        ):
            start_first(reader.page)
            record_follow_up(reader.page, diameter, responses)
            sign_by_keyboard(reader.page, assert_accessible)
        workers_are_done()
        assert AdjudicationCase.objects.get().state == "pending"

        decide(Person(new_page, world, Role.ADJUDICATOR).page, assert_accessible)
        workers_are_done()
        week8.refresh_from_db()
        assert week8.state == "locked"
        assert Acceptance.objects.filter(time_point=week8, basis="adjudication").exists()

        cut = make_the_cut(Person(new_page, world, Role.DATA_MANAGER), code)
        download_and_verify(Person(new_page, world, Role.SPONSOR), code, cut, tmp_path)


def send_follow_up(world: StudyWorld, time_point: TimePoint, folder: Path) -> Submission:
    """Send the follow-up through the services, on its planned day."""
    from imaging.services import manifest

    later = clock.now() + timedelta(days=57)
    with clock.shifted_to(later):
        row = draft(world, 1)
        spec = spec_for(time_point, lesions=LESION)
        write_series(folder, replace(spec, study_date=time_point.planned_date))
        manifest.upload_folder(row, folder, actor=world.actor("site_user"))
        workers_are_done()
        fill_form(world, row, scan={"date": time_point.planned_date.isoformat()})
        send(world, row)
    workers_are_done()
    return row


def accept_follow_up(world: StudyWorld, time_point: TimePoint) -> None:
    """Accept the follow-up through the services."""
    from imaging.services import qc
    from projects.demonstration.answers import checklist

    row = Submission.objects.get(time_point=time_point)
    actor = world.actor("image_operations")
    for finding in qc.findings_of(time_point):
        if finding.state == "open" and finding.level != "info":
            qc.explain(finding, actor=actor, reason="known at this site")
    review = qc.claim(row, actor=actor)
    review.form_record = qc.save_checklist(
        review, checklist(follow_up=True), seen_version=review.form_record.version, actor=actor
    )
    qc.complete_checklist(review, actor=actor)
    review = qc.decide(review, decision="pass", actor=actor)
    qc.sign(review, actor=actor, assent=world.assent("image_operations", qc.MEANING))
