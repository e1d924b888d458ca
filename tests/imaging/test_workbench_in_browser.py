"""A whole quality control in a real browser: once by keyboard alone, once by mouse."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from imaging.models import QcReview, Submission
from imaging.phantom import Defects
from studies.scoping import scope
from tests.imaging.qc_world import look_over, second_analyst
from tests.imaging.upload_world import in_qc, make_imaging_study
from tests.plugins.pages import all_saved, next_page
from tests.world import (
    BACKEND,
    PASSWORD,
    StudyWorld,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FIRST_VISIT = {"technique.same_scanner": "x", "visual.same_region": "x"}


@pytest.fixture
def world() -> StudyWorld:
    return make_imaging_study()


@pytest.fixture
def sent(world: StudyWorld, tmp_path: Path) -> Iterator[Submission]:
    with scope(world.study):
        yield in_qc(world, tmp_path, slices=24, matrix=128, defects=Defects(date_shift_days=-40))


def as_person(new_page: Any, world: StudyWorld, name: str, address: str) -> Page:
    """Open a page in which a person is logged in."""
    client = Client()
    client.force_login(world.users[name], backend=BACKEND)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    page: Page = new_page()
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
    return page


def ready(page: Page) -> None:
    """Wait until the page's scripts run and its pictures are there."""
    page.wait_for_selector("html[data-ready]")
    page.wait_for_selector(".ic-vp")


def kept(page: Page) -> None:
    """Wait until the server has confirmed everything typed."""
    all_saved(page)
    expect(page.locator("#qc-saved")).to_contain_text("Saved")


def picture(page: Page, name: str) -> None:
    """Keep a picture where ICRO_PICTURES says so."""
    folder = os.environ.get("ICRO_PICTURES")
    if folder:
        # A hidden caret is an inline style, which the page's policy refuses.
        page.screenshot(path=str(Path(folder) / f"{name}.png"), caret="initial")


FOCUSED = """() => {
  const field = document.activeElement.closest('#checklist fieldset');
  const name = field ? document.activeElement.name : '';
  const done = field && [...field.querySelectorAll('input')].some(e => e.checked && e.value);
  return [name.replace(/^answers.|.$/g, ''), Boolean(done)];
}"""


def answer_by_keyboard(page: Page) -> None:
    """Answer every question of the checklist with single keys; each answer leads to the next."""
    keyboard = page.keyboard
    for _ in range(30):
        place, done = page.evaluate(FOCUSED)
        if not place or done:
            keyboard.press("c")
            place, done = page.evaluate(FOCUSED)
        if done or place.startswith("decision."):
            break
        if place == "visual.quality":
            keyboard.press("Space")
            for _step in range(4):
                keyboard.press("ArrowRight")
        else:
            keyboard.press(FIRST_VISIT.get(place, "y"))
    kept(page)


def test_a_visit_is_accepted_by_keyboard_alone(
    new_page: Any,
    world: StudyWorld,
    sent: Submission,
    live_server: Any,
    assert_accessible: Callable[[Page], None],
) -> None:
    page = as_person(new_page, world, "image_operations", live_server.url)
    page.goto(reverse("qc-queue", args=[world.study.code]))
    page.wait_for_selector("html[data-ready]")
    picture(page, "queue")
    assert_accessible(page)
    page.get_by_role("button", name="Claim").focus()
    with next_page(page):
        page.keyboard.press("Enter")
    ready(page)
    assert_accessible(page)
    page.keyboard.press("?")
    expect(page.locator("#qc-keys")).to_be_visible()
    page.keyboard.press("Escape")
    look_around(page)
    accept_the_finding(page)
    expect(page.get_by_text("The checklist waits for your answers")).to_be_visible()
    answer_by_keyboard(page)
    expect(page.get_by_text("Nothing blocks a pass")).to_be_visible()
    picture(page, "checklist-done")
    sign_the_pass(page)
    review = QcReview.objects.in_study(world.study).get()
    assert (review.state, review.decision) == ("signed", "pass")
    sent.refresh_from_db()
    assert sent.state == "released"
    picture(page, "signed")


def look_around(page: Page) -> None:
    """Scroll the series and look at both tables, by keyboard."""
    keyboard = page.keyboard
    keyboard.press("v")
    series = page.locator(".ic-vp")
    before = series.get_attribute("aria-valuenow")
    assert before
    keyboard.press("PageDown")
    expect(series).not_to_have_attribute("aria-valuenow", before)

    keyboard.press("t")
    expect(page.locator("#panel-form")).to_be_visible()
    picture(page, "form-and-files")
    keyboard.press("t")
    expect(page.locator("#panel-facts")).to_be_visible()


def accept_the_finding(page: Page) -> None:
    """Go to the first finding and accept it with a reason, by keyboard."""
    keyboard = page.keyboard
    keyboard.press("j")
    focused = page.locator("[data-qc-finding]:focus")
    expect(focused).to_contain_text("outside the visit's window")
    assert focused.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    picture(page, "finding-focused")
    keyboard.press("a")
    keyboard.type("The scanner was out of service; agreed by phone.")
    keyboard.press("Tab")
    with next_page(page):
        keyboard.press("Enter")
    ready(page)
    card = page.locator("[data-qc-finding]", has_text="outside the visit's window")
    expect(card).to_contain_text("out of service")


def sign_the_pass(page: Page) -> None:
    """Pass and sign, by keyboard."""
    keyboard = page.keyboard
    keyboard.press("p")
    page.wait_for_selector("dialog#sign-qc[open]")
    keyboard.type(PASSWORD)
    picture(page, "sign")
    for _ in range(5):
        keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('footer .btn-primary')"):
            break
    keyboard.press("Enter")
    expect(page.get_by_text("the decision is signed")).to_be_visible()


def test_single_keys_can_be_switched_off(
    new_page: Any, world: StudyWorld, sent: Submission, live_server: Any
) -> None:
    page = as_person(new_page, world, "image_operations", live_server.url)
    page.goto(reverse("qc-workbench", args=[world.study.code, sent.pk]))
    ready(page)
    page.keyboard.press("?")
    page.locator("[data-qc-keys]").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("[data-qc-finding]:focus")).to_have_count(0)


def test_a_second_person_decides_by_mouse_without_seeing_the_first(
    new_page: Any, world: StudyWorld, sent: Submission, live_server: Any
) -> None:
    look_over(world, 100)
    second_analyst(world)
    first = as_person(new_page, world, "image_operations", live_server.url)
    decide_by_mouse(first, sent, "pass")
    page = as_person(new_page, world, "second", live_server.url)
    decide_by_mouse(page, sent, "fail")
    expect(page.get_by_text("The decisions differ; science settles it.")).to_be_visible()
    science = as_person(new_page, world, "scientific", live_server.url)
    science.goto(reverse("qc-workbench", args=[world.study.code, sent.pk]))
    ready(science)
    expect(science.get_by_text("First level: Pass")).to_be_visible()
    expect(science.get_by_text("Second level: Fail")).to_be_visible()
    with next_page(science):
        science.get_by_role("button", name="Settle the difference").click()
    ready(science)
    picture(science, "resolution")
    science.get_by_label("Reason of your decision").fill("The liver can be measured.")
    science.get_by_label("Cause, for a pass with deviation").select_option("equipment")
    science.get_by_role("button", name="Pass with deviation").click()
    confirm(science)
    expect(science.get_by_text("the decision is signed")).to_be_visible()
    sent.refresh_from_db()
    assert sent.state == "released"


def confirm(page: Page) -> None:
    """Sign in the open dialog with the mouse."""
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Password").fill(PASSWORD)
    with next_page(page):
        dialog.locator("footer .btn-primary").click()


def decide_by_mouse(page: Page, sent: Submission, decision: str) -> None:
    """Claim, accept the finding, fill in the checklist, decide and sign, all with the mouse."""
    page.goto(reverse("qc-workbench", args=[sent.study.code, sent.pk]))
    ready(page)
    if decision == "fail":
        expect(page.get_by_text("kept from you until you have signed")).to_be_visible()
        expect(page.get_by_text("agreed with the site")).to_have_count(0)
    with next_page(page):
        page.get_by_role("button", name=re.compile("^Claim")).click()
    ready(page)
    card = page.locator("[data-qc-finding]").first
    card.get_by_text("Accept", exact=True).click()
    card.get_by_role("textbox").fill("agreed with the site")
    with next_page(page):
        card.get_by_role("button", name="Accept finding").click()
    ready(page)
    for question in page.locator("#checklist fieldset:has(input[type=radio])").all():
        codes = question.locator("input[type=radio]").evaluate_all("all => all.map(e => e.value)")
        if "PASS" in codes:
            continue
        quality = "5" if decision == "pass" else "2"
        code = "NA" if "NA" in codes else "YES" if "YES" in codes else quality
        question.locator(f"input[value='{code}']").locator(
            "xpath=following-sibling::label[1]"
        ).click()
    kept(page)
    if decision == "fail":
        motion = page.locator("[name='answers[visual.motion]'][value='NO']")
        motion.locator("xpath=following-sibling::label[1]").click()
        page.locator("[name='answers[visual.motion_finding]']").fill("Over the liver.")
        page.locator("label", has_text=re.compile("^Fail$")).click()
        page.locator("[name='answers[decision.comment]']").fill("Motion over the liver.")
        kept(page)
    label = {"pass": "Pass", "fail": "Fail"}[decision]
    page.locator(".ic-signbar").get_by_role("button", name=label, exact=True).click()
    picture(page, f"mouse-{decision}")
    confirm(page)
