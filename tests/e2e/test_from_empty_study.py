"""From a study without a charter to a signed read, through pages only; the way is measured.

The study has what issues before this one give: people with roles, sites, subjects, a plan, the
rules of receipt. It has no charter, no eCRF, no blinding profile, no reader in the register. The
charter asks for RECIST 1.1 + iRECIST + volumes, two readers and an adjudicator. Everybody works in
a browser of their own; every click, choice and typed field of a person is counted where it happens
in the page. Real workers run the jobs.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.permissions import Role
from audit import clock
from imaging.models import Submission
from imaging.phantom import write_series
from reads.models import Onboarding, Reader, ReadTask
from studies.models import Configuration
from studies.scoping import scope
from tests.e2e.test_main_job import (
    LESION,
    Person,
    accept_by_signature,
    choose_files,
    continue_to_review,
    fill_transmittal,
    workers_are_done,
)
from tests.imaging.upload_world import make_imaging_study, spec_for
from tests.plugins.pages import ask_again, next_page
from tests.reads.test_read_in_browser import answer, settled, sign_by_keyboard, start_first
from tests.world import StudyWorld

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

#: counts what a person does in a page: presses of a button, link or box, and fields that changed
COUNTER = """
(() => {
  const note = (kind) => window.humanStep && window.humanStep(kind);
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest && event.target.closest("button, a, summary, label");
    if (event.isTrusted && pressed) note("press");
  }, true);
  document.addEventListener("change", (event) => { if (event.isTrusted) note("field"); }, true);
})();
"""


class Walk:
    """Counts human steps and minutes by chapter."""

    def __init__(self) -> None:
        self.chapters: dict[str, dict[str, float]] = {}
        self._now: dict[str, float] = {}

    @contextmanager
    def chapter(self, name: str) -> Iterator[None]:
        """Count what happens inside as one chapter."""
        self._now = self.chapters.setdefault(name, {"press": 0, "field": 0, "seconds": 0.0})
        begun = time.monotonic()
        yield
        self._now["seconds"] += time.monotonic() - begun

    def step(self, kind: str) -> None:
        """Count one step of a person."""
        self._now[kind] += 1

    def said(self) -> str:
        """Return the whole walk as lines."""
        rows = [
            f"{name}: {row['press']:.0f} presses, {row['field']:.0f} fields, {row['seconds']:.0f} s"
            for name, row in self.chapters.items()
        ]
        press, field, seconds = (
            sum(row[key] for row in self.chapters.values()) for key in ("press", "field", "seconds")
        )
        return "\n".join(
            [*rows, f"all: {press:.0f} presses, {field:.0f} fields, {seconds / 60:.1f} min"]
        )


@pytest.fixture
def walk() -> Walk:
    return Walk()


@pytest.fixture
def person(new_page: Any, walk: Walk) -> Callable[[StudyWorld, str], Person]:
    """Open a browser for a person of the study; what they do is counted from the log-in on."""

    def counted_page() -> Page:
        page: Page = new_page()
        page.context.expose_function("humanStep", walk.step)
        page.context.add_init_script(COUNTER)
        return page

    def log_in(world: StudyWorld, name: str) -> Person:
        return Person(counted_page, world, name)

    return log_in


def press(page: Page, name: str) -> None:
    """Press a button or link of a page and wait for what follows."""
    found = page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name))
    with next_page(page):
        found.first.click()


def approve(person: Person, code: str, made: Configuration) -> None:
    """Bring a configuration into use on its own page: review, signature, effective."""
    page = person.open("configuration-page", code, made.pk)
    press(page, "Send to review")
    person.sign("Approve")
    press(page, "Make effective")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Effective")


def write_the_charter(scientist: Person, code: str) -> Configuration:
    """Begin with the 2+1 template, add two criteria, and save."""
    page = scientist.open("charter", code)
    press(page, "Two plus one, oncology")
    for key in ("iRECIST", "VOLUMETRIC"):
        page.locator(f"#criterion-{key}").check()
    page.locator('[name="training.cases"]').fill("0")
    for name in ("intra", "inter"):
        page.locator(f'[name="variability.{name}_percent"]').fill("0")
    press(page, "Save the draft")
    return Configuration.objects.get(kind="read_design")


def make_the_ecrf(scientist: Person, code: str) -> Configuration:
    """Make the form for the charter's criteria, change one item of it, look, and approve."""
    page = scientist.open("ecrf-list", code)
    press(page, "Make the eCRF for this charter")
    expect(page.locator("#preview-body")).to_contain_text("Can the time point be read?")
    with next_page(page):
        page.get_by_role("link", name="Can the time point be read?").click()
    page.get_by_label("Help under the item").fill("Judge the whole time point.")
    expect(page.locator("#preview-body")).to_contain_text("Judge the whole time point.")
    press(page, "Save")
    made = Configuration.objects.filter(kind="form").latest("created_at")
    assert made.document["sections"][0]["items"][0]["help"] == "Judge the whole time point."
    approve(scientist, code, made)
    return made


def hide_what_readers_must_not_know(scientist: Person, code: str) -> None:
    """Save the blinding profile and approve it."""
    page = scientist.open("charter-blinding", code)
    press(page, "Save the profile")
    approve(scientist, code, Configuration.objects.get(kind="blinding"))


def validate_sign_and_release(scientist: Person, code: str, charter: Configuration) -> None:
    """Validate, sign the report, sign the charter, release."""
    page = scientist.open("charter-version", code, charter.pk)
    press(page, "Validate and release")
    press(page, "Validate")
    workers_are_done()
    ask_again(page)
    expect(page.locator("main")).to_contain_text("Passed")
    scientist.sign("Sign the report")
    scientist.sign("Sign the charter")
    press(page, "Release")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Effective")


def enter_readers(desk: Person, world: StudyWorld, folder: Path) -> None:
    """Enter both readers with CV and signed contract."""
    code = world.study.code
    cv = folder / "cv.pdf"
    cv.write_bytes(b"%PDF-1.7 of a reader")
    today = clock.today()
    for number, name in enumerate(("central_reader", "central_reader_2"), start=1):
        user = world.users[name]
        page = desk.open("reader-list", code)
        page.locator("#user").select_option(str(user.pk))
        page.locator("#id_specialty").fill("Radiology")
        page.locator("#id_country").fill("SE")
        press(page, "Enter reader")
        reader = Reader.objects.get(user=user)
        page = desk.open("reader-page", code, reader.pk)
        page.locator("#cv").set_input_files(str(cv))
        page.locator("#dated").fill(today.isoformat())
        press(page, "File CV")
        page.get_by_text("Draft a contract").click()
        page.locator("#number").fill(f"RC-{number}")
        page.locator("#valid_from").fill(today.isoformat())
        page.locator("#valid_until").fill((today + timedelta(days=365)).isoformat())
        page.locator('input[name^="rate."]').first.fill("150")
        press(page, "Draft contract")
        press(page, "Send contract")
        press(page, "Record the signed contract")


def advance_all(desk: Person, code: str, stage: str) -> None:
    """Tick every card of a stage and advance."""
    page = desk.open("onboarding-board", code)
    for row in Onboarding.objects.filter(state=stage):
        page.locator(f"#card-{row.pk}").check()
    press(page, "Advance the chosen readers")


def record_evidence(desk: Person, code: str, stage: str, fill: Callable[[Page, Any], None]) -> None:
    """Open each card of a stage, fill in its evidence, and record it."""
    for row in Onboarding.objects.filter(state=stage):
        page = desk.open("onboarding-board", code)
        card = page.locator("article", has=page.locator(f"#card-{row.pk}"))
        card.get_by_text("Record or change").click()
        fill(page, row)
        with next_page(page):
            card.get_by_role("button", name="Record", exact=True).click()


def qualify_readers(desk: Person, world: StudyWorld, person: Callable[..., Person]) -> None:
    """Take both readers along the board to qualified; they sign their responsibilities."""
    code = world.study.code
    page = desk.open("onboarding-board", code)
    for reader in Reader.objects.all():
        page.locator(f"#free-{reader.pk}").check()
    press(page, "Invite the chosen readers")
    for stage in ("cv", "contract", "access"):
        advance_all(desk, code, stage)
    record_evidence(desk, code, "workstation", lambda p, row: None)
    advance_all(desk, code, "workstation")
    today = clock.today().isoformat()
    record_evidence(desk, code, "training", lambda p, row: p.locator(f"#t-{row.pk}").fill(today))
    advance_all(desk, code, "training")
    for name in ("central_reader", "central_reader_2"):
        sign_responsibilities(person(world, name), code)
    advance_all(desk, code, "test_cases")
    assert Onboarding.objects.filter(state="qualified").count() == 2


def sign_responsibilities(reader: Person, code: str) -> None:
    """Sign responsibilities and turnaround, as each reader does."""
    reader.open("reader-home", code)
    reader.sign("Sign responsibilities")
    expect(reader.page.get_by_role("link", name="My reads").first).to_be_visible()


def upload_the_baseline(site: Person, files: list[str]) -> None:
    """Upload a whole baseline, fill in the form, sign and get a receipt."""
    page = site.open("site-home")
    page.locator("tr", has_text="Baseline").first.get_by_role("button", name="Upload").click()
    choose_files(page, files)
    with next_page(page):
        page.get_by_role("link", name="Continue to form").click()
    fill_transmittal(page)
    continue_to_review(page)
    site.sign("Sign and send")
    page.wait_for_url("**/receipt/")
    workers_are_done()


def read_the_baseline(page: Page) -> None:
    """Record one target with diameter and volume, and one non-target."""
    answer(page, "quality.overall", "ADEQUATE")
    for group in ("target", "non_target"):
        answer(page, f"{group}.none", "false")
    for group in ("target", "non_target"):
        page.locator(f'button[name="add[{group}.lesions]"]').click()
        page.locator(f'[name="answers[{group}.lesions.0.label]"]').wait_for()
        values = TARGET if group == "target" else NON_TARGET
        for item, value in values:
            answer(page, f"{group}.lesions.0.{item}", value)
        settled(page)
    expect(page.locator("[data-live=open]")).to_contain_text("Ready for the review")


TARGET = (
    ("label", "T01"),
    ("location", "LIVER"),
    ("method", "CT SCAN"),
    ("state", "MEASURED"),
    ("slice", "4"),
    ("long_axis", "40.0"),
    ("volume", "33.5"),
    ("irradiated", "false"),
)
NON_TARGET = (("label", "NT01"), ("location", "PLEURA"), ("state", "PRESENT"))


def test_an_empty_study_comes_to_a_signed_read_without_a_programmer(
    person: Callable[[StudyWorld, str], Person],
    walk: Walk,
    worker_processes: Callable[..., Any],
    assert_accessible: Callable[[Page], None],
    tmp_path: Path,
) -> None:
    worker_processes(1, concurrency=1)
    world = make_imaging_study("EMPTY")
    code = world.study.code
    with scope(world.study):
        assert not Configuration.objects.filter(kind__in=["read_design", "blinding"]).exists()
        assert not Reader.objects.exists()
        with walk.chapter("charter"):
            scientist = person(world, Role.SCIENTIFIC)
            charter = write_the_charter(scientist, code)
            assert_accessible(scientist.page)
        with walk.chapter("eCRF"):
            make_the_ecrf(scientist, code)
            assert_accessible(scientist.open("ecrf-list", code))
        with walk.chapter("blinding profile"):
            hide_what_readers_must_not_know(scientist, code)
        with walk.chapter("validation and release"):
            validate_sign_and_release(scientist, code, charter)
            assert_accessible(scientist.page)
        with walk.chapter("readers"):
            desk = person(world, Role.REVIEWER_OPERATIONS)
            enter_readers(desk, world, tmp_path)
            qualify_readers(desk, world, person)
        baseline = world.time_points(world.subjects[0])[0]
        files = write_series(tmp_path / "scan", spec_for(baseline, lesions=LESION)).files
        with walk.chapter("upload"):
            upload_the_baseline(person(world, Role.SITE_USER), [str(path) for path in files])
        with walk.chapter("quality control"):
            accept_by_signature(
                person(world, Role.IMAGE_OPERATIONS), code, Submission.objects.get()
            )
        baseline.refresh_from_db()
        assert baseline.state == "ready"
        with walk.chapter("read and signature"):
            reader = person(world, "central_reader")
            start_first(reader.page)
            read_the_baseline(reader.page)
            sign_by_keyboard(reader.page, assert_accessible)
        signed = ReadTask.objects.get(state="signed")
        assert set(signed.criteria) == {"RECIST11", "iRECIST", "VOLUMETRIC"}
        charter.refresh_from_db()
        assert (signed.design, charter.state) == (charter, "effective")
        assert signed.sessions.get().assessments.count() == 3
        assert ReadTask.objects.exclude(pk=signed.pk).get().stream.reader != signed.stream.reader
    said = walk.said()
    print(said)
    if os.environ.get("ICRO_WALK"):
        Path(os.environ["ICRO_WALK"]).write_text(json.dumps(walk.chapters, indent=1))
    assert sum(row["seconds"] for row in walk.chapters.values()) < 3600, said
