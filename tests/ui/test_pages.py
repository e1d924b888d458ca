"""The style guide in a real browser: accessible, unbroken, and its parts do what they say."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.plugins.pages import COLOURS, NewPage, axe_violations

PAGES = [
    "",
    "home/",
    "overview/",
    "matrix/",
    "time-point/",
    "upload/",
    "query/",
    "workbench/",
    "signed-form/",
]
#: what the server writes into a page for who chose the dark theme (layouts/document.html)
DARK = "document.documentElement.dataset.bsTheme = 'dark'"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
pytestmark = pytest.mark.django_db(transaction=True)


def opened(page: Page, name: str = "") -> Page:
    """Open a page of the guide and wait for its script."""
    page.goto(f"/style-guide/{name}")
    page.wait_for_selector("html[data-ready]")
    return page


@pytest.mark.parametrize("width", [1280, 320])
def test_the_style_guide_is_accessible_and_fits(new_page: NewPage, width: int) -> None:
    """In both themes: the dark one changes colours alone, and is asked about colours."""
    page = new_page(viewport={"width": width, "height": 800}, reduced_motion="reduce")
    for name in PAGES:
        opened(page, name)
        # The error summary took the focus; what it scrolled under the top bar cannot be measured.
        page.evaluate("window.scrollTo(0, 0)")
        assert axe_violations(page) == [], name
        assert page.evaluate(OVERFLOW) <= 0, name
        page.evaluate(DARK)
        assert axe_violations(page, *COLOURS) == [], f"{name} in dark colours"
        assert page.evaluate(OVERFLOW) <= 0, f"{name} in dark colours"


def test_arrow_keys_walk_through_the_matrix_and_enter_opens(page: Page) -> None:
    opened(page, "matrix/")
    selected = page.locator(".ic-cell.sel")
    selected.focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator(":focus")).to_contain_text("Locked")
    page.keyboard.press("ArrowDown")
    expect(selected).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/style-guide/time-point/")


def test_enter_in_the_sign_dialog_does_not_sign_and_the_focus_returns(page: Page) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    opened(page)
    opener = page.get_by_role("button", name="Sign time point 3")
    opener.click()
    dialog = page.get_by_role("dialog", name="Sign time point 3 of case RD-4817")
    password = dialog.get_by_label("Password")
    password.fill("correct horse battery")
    password.press("Enter")
    dialog.get_by_label("Code from your second factor").fill("481207")
    dialog.get_by_label("Code from your second factor").press("Enter")
    expect(dialog).to_be_visible()
    assert "POST" not in sent
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
    opener.click()
    expect(password).to_have_value("")


def test_the_viewer_moves_both_stacks_to_the_same_table_position(page: Page) -> None:
    opened(page, "workbench/")
    prior = page.get_by_role("slider", name="TP1 Baseline, slice")
    current = page.get_by_role("slider", name="TP3 Current, slice")
    prior.focus()
    page.keyboard.press("PageDown")
    # The current stack lies 5 mm, two slices of 2.5 mm, further down.
    expect(prior).to_have_attribute("aria-valuenow", "51")
    expect(current).to_have_attribute("aria-valuenow", "49")
    page.keyboard.press("2")
    expect(prior).to_have_attribute("aria-valuetext", "Slice 51 of 80, Lung")
    page.keyboard.press("k")
    page.keyboard.press("ArrowDown")
    expect(prior).to_have_attribute("aria-valuenow", "52")
    expect(current).to_have_attribute("aria-valuenow", "49")


def test_a_lesion_row_brings_its_slice_up(page: Page) -> None:
    opened(page, "workbench/")
    page.get_by_role("link", name="slice 45").click()
    current = page.get_by_role("slider", name="TP3 Current, slice")
    expect(current).to_have_attribute("aria-valuenow", "45")


def test_the_chosen_colours_stay_on_the_next_page(page: Page) -> None:
    opened(page, "home/")
    page.get_by_text("account menu").locator("..").click()
    page.get_by_role("button", name="Dark colours").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    opened(page, "matrix/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_the_menu_is_a_drawer_on_a_phone(new_page: NewPage) -> None:
    page = opened(new_page(viewport={"width": 320, "height": 700}), "home/")
    menu = page.get_by_role("navigation", name="Main")
    expect(menu).to_be_hidden()
    page.get_by_role("button", name="Menu", exact=True).click()
    expect(menu).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()


def test_a_form_saves_its_fields_with_the_version_they_rest_on(page: Page) -> None:
    """The answers stand in for the forms engine, which has its own tests with this module."""
    saves: list[dict[str, object]] = []

    def save(route: Route) -> None:
        body = json.loads(route.request.post_data or "{}")
        saves.append({"version": route.request.headers["if-match"], **body})
        route.fulfill(json={"version": "2", "saved_at": "2026-03-16T13:03:22Z"})

    page.route("**/style-guide/save", save)
    opened(page)
    page.get_by_label("Injection time").fill("10:33")
    expect(page.locator("#form-saved")).to_have_text("Saved 14:03:22 (UTC+1)")
    assert saves == [{"version": '"1"', "values": {"injection": "10:33"}}]


def test_an_upload_sends_only_what_is_missing_under_its_hash(page: Page, tmp_path: Path) -> None:
    """The answers stand in for the intake, which has its own tests with this module."""
    contents = {f"{n}.dcm": bytes([n]) * 5000 for n in range(6)}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    sums = {hashlib.sha256(content).hexdigest() for content in contents.values()}
    known = hashlib.sha256(contents["0.dcm"]).hexdigest()
    put: list[str] = []

    def answer(route: Route) -> None:
        request = route.request
        if request.url.endswith("/manifest"):
            listed = {one["sha256"] for one in json.loads(request.post_data or "{}")["files"]}
            route.fulfill(json={"missing": sorted(listed - {known})})
        elif request.url.endswith("/finish"):
            route.fulfill(json={})
        else:
            put.append(request.url.rsplit("/", 1)[1])
            route.fulfill(status=204)

    page.route("**/style-guide/transfer/**", answer)
    opened(page, "upload/")
    page.locator('input[data-kind="files"]').set_input_files([tmp_path / name for name in contents])
    expect(page.locator("[data-upload-title]")).to_have_text("All files are here")
    expect(page.locator("[data-upload-counts]")).to_have_text("6 of 6 files, 30 kB of 30 kB")
    assert sorted(put) == sorted(sums - {known})


def test_a_refused_upload_says_that_what_arrived_is_kept(page: Page, tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(b"a")
    page.route(
        "**/style-guide/transfer/**",
        lambda route: route.fulfill(status=409, json={"detail": "The visit is closed."}),
    )
    opened(page, "upload/")
    page.locator('input[data-kind="files"]').set_input_files(tmp_path / "a.dcm")
    expect(page.locator("[data-upload-message]")).to_have_text(
        "The visit is closed. What has arrived is kept."
    )
