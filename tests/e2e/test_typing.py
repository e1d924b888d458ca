"""What somebody types while a page draws a part of itself anew survives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from accounts.permissions import Role
from imaging.models import Submission
from imaging.phantom import Defects, write_series
from studies.scoping import scope
from tests.e2e.test_main_job import Person
from tests.imaging.upload_world import draft, make_imaging_study, spec_for, uploaded
from tests.plugins.pages import all_saved
from tests.reads.test_read_in_browser import answer

BODY = re.compile(r"/form/body/")
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def form_page(new_page: Any, folder: Path) -> tuple[Page, Submission]:
    """Open the form of an upload, as the site does."""
    world = make_imaging_study()
    with scope(world.study):
        row = uploaded(world, folder)
    person = Person(new_page, world, Role.SITE_USER)
    return person.open("upload-form", world.study.code, row.pk), row


def test_a_time_typed_while_the_form_is_drawn_anew_is_kept(
    new_page: Any, live_server: Any, tmp_path: Path
) -> None:
    page, row = form_page(new_page, tmp_path / "scan")
    held: list[Route] = []
    page.route(BODY, lambda route: route.continue_() if held else held.append(route))
    # This answer makes a question appear: the form is asked for anew, and its answer is on its way.
    answer(page, "deviations.any", "true")
    with page.expect_request(BODY):
        all_saved(page)
    answer(page, "scan.time", "14:")
    with page.expect_response(BODY):
        held[0].continue_()
    page.keyboard.type("30")
    all_saved(page)
    expect(page.get_by_role("button", name="Add deviation")).to_be_visible()
    expect(page.locator('[name="answers[scan.time]"]')).to_have_value("14:30")
    assert time_of(row) == "14:30"


def test_a_time_saved_while_an_older_form_is_on_its_way_is_not_drawn_over(
    new_page: Any, live_server: Any, tmp_path: Path
) -> None:
    page, row = form_page(new_page, tmp_path / "scan")
    held: list[tuple[Route, APIResponse]] = []

    def answered_but_held(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    page.route(BODY, answered_but_held)
    answer(page, "deviations.any", "true")
    all_saved(page)
    while not held:
        page.wait_for_timeout(20)
    answer(page, "scan.time", "14:30")
    all_saved(page)
    assert time_of(row) == "14:30"
    route, response = held[0]
    route.fulfill(response=response)
    expect(page.get_by_role("button", name="Add deviation")).to_be_visible()
    expect(page.locator('[name="answers[scan.time]"]')).to_have_value("14:30")


def time_of(row: Submission) -> str:
    """Return the time of the scan that the server holds."""
    with scope(row.study):
        row.form_record.refresh_from_db()
    return str(row.form_record.answers["scan"]["time"])


def test_a_reason_being_typed_stays_when_more_files_were_read(
    new_page: Any, live_server: Any, tmp_path: Path
) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = draft(world)
        spec = spec_for(row.time_point, defects=Defects(missing_slices=(4, 5)))
        lost = write_series(tmp_path / "lost", spec).files
        more = write_series(tmp_path / "more", spec_for(row.time_point, series_number=7)).files
    page = Person(new_page, world, Role.SITE_USER).open("upload-files", world.study.code, row.pk)
    page.wait_for_selector("[data-upload-ready]")
    files = page.locator("input[data-kind=files]")
    files.set_input_files(list(map(str, lost)))
    page.locator("summary", has_text="They cannot be recovered").click()
    page.get_by_label("Why can it not be fixed?").click()
    page.keyboard.type("The scanner")
    files.set_input_files(list(map(str, more)))
    expect(page.locator("[data-upload-rows] tr")).to_have_count(2)
    page.keyboard.type(" lost them.")
    page.get_by_role("button", name="Keep reason").click()
    expect(page.locator("[data-upload-findings]")).to_contain_text(
        "You said: The scanner lost them."
    )
