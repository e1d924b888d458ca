"""The pages beside the workbench in a real browser: they open, and are accessible."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from imaging.models import ReadPackage
from imaging.services import exceptions, guideline
from studies.scoping import scope
from tests.imaging.test_read_package import pass_it
from tests.imaging.test_site_exceptions import approved
from tests.imaging.test_workbench_in_browser import as_person, picture
from tests.imaging.upload_world import in_qc, make_imaging_study
from tests.plugins.pages import next_page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_guideline_exceptions_and_packages_open_and_are_accessible(
    new_page: Any, live_server: Any, tmp_path: Path, assert_accessible: Callable[[Page], None]
) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = pass_it(world, in_qc(world, tmp_path, slices=24, matrix=128))
        draft = guideline.start_draft(world.study, actor=world.actor("scientific"))
        made = approved(world)
        assert exceptions.ends_soon(made) is False
        held = ReadPackage.objects.get(time_point=row.time_point)
    code = world.study.code
    science = as_person(new_page, world, "scientific", live_server.url)
    operations = as_person(new_page, world, "image_operations", live_server.url)
    for page, name, address in (
        (science, "guideline", reverse("guideline", args=[code])),
        (science, "guideline-row", reverse("guideline-version", args=[code, draft.pk]) + "?row=62"),
        (science, "guideline-difference", reverse("guideline-compare", args=[code, draft.pk])),
        (science, "guideline-import", reverse("guideline-import", args=[code])),
        (operations, "exceptions", reverse("exception-list", args=[code])),
        (science, "exception", reverse("exception-page", args=[code, made.pk])),
        (operations, "package", reverse("package-choose", args=[code, row.time_point_id])),
        (operations, "package-version", reverse("package-version", args=[code, held.pk])),
        (science, "late", reverse("late-list", args=[code])),
        (operations, "reset", reverse("submission-reset", args=[code, row.pk])),
    ):
        page.goto(address)
        page.wait_for_selector("html[data-ready]")
        expect(page.locator("h1")).to_be_visible()
        picture(page, name)
        assert_accessible(page)


def test_a_row_of_the_guideline_is_written_by_keyboard_alone(
    new_page: Any, live_server: Any
) -> None:
    """From the draft to the saved row: a fault is told where one types, and the row is found."""
    world = make_imaging_study()
    with scope(world.study):
        draft = guideline.start_draft(world.study, actor=world.actor("scientific"))
        rows = len(draft.document["rules"])
    page = as_person(new_page, world, "scientific", live_server.url)
    page.goto(reverse("guideline-version", args=[world.study.code, draft.pk]))
    page.wait_for_selector("html[data-ready]")
    page.get_by_role("link", name="Add row").focus()
    with next_page(page):
        page.keyboard.press("Enter")
    pressed(page, "Tab", "#g-modality")
    pressed(page, "Tab", "#g-kind")
    pressed(page, "Tab", "#g-parameter")
    page.keyboard.type("Slice thickness")
    pressed(page, "Tab", "#g-value")
    page.keyboard.type("thin")
    for _ in range(5):
        page.keyboard.press("Tab")
    expect(page.locator("#g-points")).to_be_focused()
    pressed(page, "Tab", "#g-source")
    page.keyboard.type("Protocol 8.2")
    with next_page(page):
        page.keyboard.press("Enter")
    told = page.locator("#row-form [data-error-summary]")
    expect(told).to_be_focused()
    expect(told).to_contain_text("Value: a number")
    picture(page, "guideline-fault")
    for place in ("#g-modality", "#g-kind", "#g-parameter", "#g-value"):
        pressed(page, "Tab", place)
    page.keyboard.press("Control+a")
    page.keyboard.type("3")
    with next_page(page):
        page.keyboard.press("Enter")
    row = page.locator(f"#row-{rows}")
    expect(row).to_be_in_viewport()
    expect(row).to_contain_text("at most 3 mm")
    page.keyboard.press("Tab")
    expect(row.get_by_role("link", name="Edit Slice thickness")).to_be_focused()
    picture(page, "guideline-saved")


def pressed(page: Page, key: str, place: str) -> None:
    """Press a key and see that it leads to a place."""
    page.keyboard.press(key)
    expect(page.locator(place)).to_be_focused()
