"""Arrivals, senders, moves and withdrawals as people walk through them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from audit import clock
from imaging.models import ArrivedExamination, ConsentWithdrawal, DicomPeer, Move
from imaging.services import doors
from studies.scoping import scope
from tests.imaging.test_doors import files, scan, sender, sorted_now
from tests.imaging.test_identity import second_subject
from tests.imaging.test_workbench_in_browser import as_person, picture
from tests.imaging.upload_world import in_qc, make_imaging_study, run_jobs
from tests.plugins.pages import ask_again, next_page
from tests.world import PASSWORD, StudyWorld

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world() -> Iterator[StudyWorld]:
    made = make_imaging_study()
    with scope(made.study):
        yield made


def opened(page: Page, address: str, name: str, *args: Any) -> Page:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(address + reverse(name, args=args))
    page.wait_for_selector("html[data-ready]")
    return page


def test_an_arrival_that_names_nobody_is_assigned_to_its_visit(
    world: StudyWorld,
    tmp_path: Path,
    new_page: Any,
    live_server: Any,
    assert_accessible: Callable[[Page], None],
) -> None:
    in_qc(world, tmp_path)  # the same person's first visit: a hint for the second
    today = clock.today()
    folder = scan(world, tmp_path / "came", patient_id="P000001", visit=1, study_date=today, seed=5)
    spoiled = [[b"exported by the workstation"]]
    arrival, _ = doors.receive(
        sender(world), files(folder) + spoiled, actor=world.actor("site_user")
    )
    (examination,) = sorted_now(world, arrival)
    assert examination.state == "unassigned"
    code, address = world.study.code, live_server.url
    page = as_person(new_page, world, "image_operations", address)
    opened(page, address, "arrival-inbox", code)
    expect(page.get_by_text("The headers name no subject of this site.")).to_be_visible()
    assert_accessible(page)
    picture(page, "arrival-inbox")
    with next_page(page):
        page.get_by_role("link", name=re.compile("A-00001")).first.click()
    assert_accessible(page)
    picture(page, "arrival")
    page.get_by_label("101-001").nth(0).check()
    page.get_by_label("How do you know?").fill("confirmed by the site, telephone")
    page.get_by_role("button", name="Assign to visit").click()
    expect(page.get_by_text("The site completes the form and signs.")).to_be_visible()
    sorted_now(world, arrival)
    assert ArrivedExamination.objects.get().state == "delivered"


def test_a_sender_is_let_in_and_refused_again(
    world: StudyWorld, new_page: Any, live_server: Any, assert_accessible: Callable[[Page], None]
) -> None:
    address = live_server.url
    page = as_person(new_page, world, "project_manager", address)
    opened(page, address, "dicom-peers", world.study.code)
    page.get_by_label("Site and who signs there").select_option(index=1)
    page.get_by_label("AE title of the site").fill("PACS_LISBON")
    page.get_by_label("Addresses").fill("192.0.2.10")
    page.get_by_role("button", name="Let sender in").click()
    expect(page.get_by_role("row", name=re.compile("PACS_LISBON")).first).to_be_visible()
    assert_accessible(page)
    picture(page, "dicom-peers")
    page.get_by_text("Refuse", exact=True).first.click()
    page.get_by_label("Reason").fill("the site has a new archive")
    page.get_by_role("button", name="Refuse").click()
    expect(page.get_by_text("Refused since")).to_be_visible()
    assert DicomPeer.objects.get().end_reason == "the site has a new archive"


def test_images_are_moved_after_a_look_at_what_that_affects(
    world: StudyWorld,
    tmp_path: Path,
    new_page: Any,
    live_server: Any,
    assert_accessible: Callable[[Page], None],
) -> None:
    row = in_qc(world, tmp_path)
    target = second_subject(world)
    address = live_server.url
    page = as_person(new_page, world, "image_operations", address)
    opened(page, address, "submission", world.study.code, row.pk)
    page.get_by_role("link", name="Move").click()
    page.get_by_label("They belong to").select_option(str(target.pk))
    page.get_by_role("button", name="Show what it affects").click()
    expect(page.get_by_text(f"{row.time_point} waits for images again.")).to_be_visible()
    page.get_by_label("Reason").fill("the site named the wrong subject")
    assert_accessible(page)
    picture(page, "move-plan")
    with next_page(page):
        page.get_by_role("button", name="Go to signature").click()
    page.get_by_role("button", name="Move images").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(str(target))
    picture(page, "move-sign")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Move images").click()
    expect(page.get_by_text("Carried out", exact=True).first).to_be_visible()
    made = Move.objects.get().result
    assert made is not None
    run_jobs(made)
    run_jobs(made)
    ask_again(page)
    expect(page.get_by_text("What was destroyed")).to_be_visible()
    assert_accessible(page)
    picture(page, "move")


def test_a_withdrawal_is_recorded_by_the_site_and_its_proof_printed(
    world: StudyWorld,
    tmp_path: Path,
    new_page: Any,
    live_server: Any,
    assert_accessible: Callable[[Page], None],
) -> None:
    from audit import jobs
    from audit.models import Job

    in_qc(world, tmp_path)
    subject, address = world.subjects[0], live_server.url
    page = as_person(new_page, world, "site_user", address)
    opened(page, address, "subject", world.study.code, subject.pk)
    with next_page(page):
        page.get_by_role("link", name="Consent", exact=True).click()
    assert_accessible(page)
    picture(page, "consent-form")
    page.get_by_label("No further images and no further reading").check()
    page.get_by_label("Withdrawn on").fill(clock.today().isoformat())
    page.get_by_label("Reported by, on which paper").fill("letter of the investigator")
    page.get_by_role("button", name="Record withdrawal").click()
    expect(page.get_by_text("what it covers has stopped")).to_be_visible()
    job = Job.objects.get(kind="imaging.consent")
    assert jobs.run(str(job.pk)) == "done"
    ask_again(page)
    assert_accessible(page)
    picture(page, "consent")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Record and proof (PDF)").click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"%PDF")
    row = ConsentWithdrawal.objects.get()
    assert row.destructions.get().count == 12
    page = as_person(new_page, world, "project_manager", address)
    opened(page, address, "subject-consent", world.study.code, subject.pk)
    page.get_by_label("Reason").fill("the letter was about another subject")
    page.get_by_label("Password").fill(PASSWORD)
    picture(page, "consent-correct")
    page.get_by_role("button", name="Sign correction").click()
    expect(page.get_by_text("The record was corrected.")).to_be_visible()
