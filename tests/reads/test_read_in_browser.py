"""A baseline and a follow-up read by keyboard, and the adjudication, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from reads.models import Acceptance, AdjudicationCase, ReadTask
from studies.scoping import scope
from tests.plugins.pages import all_saved, next_page
from tests.reads.read_world import (
    READERS,
    logged_in,
    make_read_study,
    read_baseline,
    read_follow_up,
    ready,
    run_jobs,
)
from tests.world import PASSWORD, StudyWorld

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Accessible = Callable[[Page], None]


def as_person(new_page: Any, world: StudyWorld, name: str, address: str) -> Page:
    """Open a page in which a person is logged in."""
    page: Page = new_page()
    cookie = logged_in(world, name).cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
    return page


def answer(page: Page, place: str, value: str) -> None:
    """Answer one item of the form from the keyboard."""
    controls = page.locator(f'[name="answers[{place}]"]')
    controls.first.wait_for(state="attached")
    kind = controls.first.evaluate("e => e.tagName + ' ' + (e.type || '')")
    if "radio" in kind:
        page.locator(f'[name="answers[{place}]"][value="{value}"]').focus()
        page.keyboard.press("Space")
    elif kind.startswith("SELECT"):
        controls.first.focus()
        controls.first.select_option(value)
    else:
        controls.first.focus()
        page.keyboard.press("Control+A")
        page.keyboard.type(value)


def settled(page: Page) -> None:
    """Wait until everything typed is kept and what follows from it is shown."""
    page.keyboard.press("Tab")
    all_saved(page)
    expect(page.locator("#read-saved")).to_contain_text("Saved")


def press(page: Page, selector: str) -> None:
    """Press a button from the keyboard."""
    page.locator(selector).focus()
    page.keyboard.press("Enter")


def add_row(page: Page, group: str) -> None:
    """Add a lesion."""
    press(page, f'button[name="add[{group}]"]')
    page.locator(f'[name="answers[{group}.0.label]"]').wait_for()


def start_first(page: Page) -> None:
    """Open the first case of the inbox with J and Enter, and start it."""
    page.goto("/reads/")
    for control in (
        page.locator("[data-list-link]").first,
        page.get_by_role("button", name="Start read"),
    ):
        control.focus()
        with next_page(page):
            page.keyboard.press("Enter")
    page.locator("#ecrf").wait_for()


def leave_the_first_answer_empty(page: Page) -> None:
    """What nobody answered yet is open; it is told as missing once its field was left."""
    page.wait_for_selector("html[data-ready]")
    first = page.locator("[data-live=problem] .ic-first")
    expect(first).to_have_attribute("data-tone", "idle")
    page.locator('[name="answers[quality.overall]"]').first.focus()
    expect(first).to_have_attribute("data-tone", "idle")
    page.locator("#to-review").focus()
    expect(first).to_have_attribute("data-tone", "stop")


def sign_by_keyboard(page: Page, accessible: Accessible) -> None:
    """Review with Ctrl and Enter, and sign; Enter in the password does not sign."""
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/review/")
    accessible(page)
    press(page, ".ic-signbar .btn-primary")
    page.locator("#sign-password").focus()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("dialog#sign")).to_be_visible()
    accessible(page)
    press(page, "dialog#sign .btn-primary")
    page.wait_for_url("**/signed/")
    expect(page.get_by_text("Matches the record")).to_be_visible()
    accessible(page)


def read_the_baseline(page: Page) -> None:
    """Record one target of 40 mm and one non-target lesion."""
    answer(page, "quality.overall", "ADEQUATE")
    answer(page, "target.none", "false")
    answer(page, "non_target.none", "false")
    add_row(page, "target.lesions")
    for item, value in (
        ("label", "T01"),
        ("location", "LIVER"),
        ("method", "CT SCAN"),
        ("state", "MEASURED"),
        ("slice", "4"),
        ("long_axis", "40.0"),
        ("irradiated", "false"),
    ):
        answer(page, f"target.lesions.0.{item}", value)
    settled(page)
    add_row(page, "non_target.lesions")
    for item, value in (("label", "NT01"), ("location", "PLEURA"), ("state", "PRESENT")):
        answer(page, f"non_target.lesions.0.{item}", value)
    settled(page)
    expect(page.locator("[data-live=open]")).to_contain_text("Ready for the review")


def read_the_follow_up(page: Page) -> None:
    """Record 30 mm after 40 mm: −25 %, short of −30 %: stable disease (RECIST 1.1 §4.3.1)."""
    answer(page, "quality.overall", "ADEQUATE")
    for item, value in (("state", "MEASURED"), ("slice", "5"), ("long_axis", "30.0")):
        answer(page, f"target.lesions.0.{item}", value)
    answer(page, "non_target.lesions.0.state", "PRESENT")
    answer(page, "new.any", "false")
    settled(page)
    expect(page.locator("[data-live=responses]")).to_contain_text("SD")
    expect(page.locator(".ic-lesions")).to_contain_text("−25")
    for item, value in (
        ("target", "SD"),
        ("non_target", "NON-CR/NON-PD"),
        ("new", "NONE"),
        ("overall", "SD"),
    ):
        answer(page, f"response.{item}", value)
    settled(page)


def decide(page: Page, accessible: Accessible) -> None:
    """Take the case, agree with read A and sign."""
    page.goto("/adjudication/")
    accessible(page)
    with next_page(page):
        press(page, "[data-list-link]")
    page.get_by_role("button", name="Take the case").focus()
    with next_page(page):
        page.keyboard.press("Enter")
    page.locator("#choice-A").focus()
    page.keyboard.press("Space")
    page.locator("#reason").focus()
    page.keyboard.type("The lesion in segment 7 is measured along another axis.")
    accessible(page)
    press(page, ".ic-signbar .btn-primary")
    page.locator("#sign-password").fill(PASSWORD)
    accessible(page)
    press(page, "dialog#sign .btn-primary")
    expect(page.get_by_text("You agreed with read A")).to_be_visible()


def test_a_baseline_and_a_follow_up_are_read_by_keyboard_and_a_difference_is_decided(
    new_page: Any, live_server: Any, assert_accessible: Accessible
) -> None:
    world = make_read_study()
    with scope(world.study):
        for time_point in world.time_points(world.subjects[0])[:2]:
            ready(world, time_point)
        run_jobs()
    page = as_person(new_page, world, READERS[0], live_server.url)
    page.goto("/reads/")
    assert_accessible(page)
    for read in (read_the_baseline, read_the_follow_up):
        start_first(page)
        leave_the_first_answer_empty(page)
        read(page)
        assert_accessible(page)
        sign_by_keyboard(page, assert_accessible)

    with scope(world.study):
        assert ReadTask.objects.filter(state="signed").count() == 2
        read_baseline(world, READERS[1], "40.0")
        read_follow_up(world, READERS[1], 2, ("25.0",), ("PR", "NON-CR/NON-PD", "PR"))
        run_jobs()
        case = AdjudicationCase.objects.get()
    decide(as_person(new_page, world, "adjudicator", live_server.url), assert_accessible)
    with scope(world.study):
        run_jobs()
        case.refresh_from_db()
        assert case.state == "signed"
        counted = Acceptance.objects.get(case=case)
        assert counted.session_id == (case.session_1_id if case.first_is_a else case.session_2_id)


def test_a_change_in_another_tab_shows_both_contents(new_page: Any, live_server: Any) -> None:
    world = make_read_study()
    with scope(world.study):
        ready(world, world.time_points(world.subjects[0])[0])
        run_jobs()
    page = as_person(new_page, world, READERS[0], live_server.url)
    start_first(page)
    other = page.context.new_page()
    other.goto(page.url)
    answer(page, "remarks.comment", "seen in the first tab")
    settled(page)
    answer(other, "remarks.comment", "seen in the second tab")
    dialog = other.locator("dialog#conflict")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("seen in the first tab")
    expect(dialog).to_contain_text("seen in the second tab")
    press(other, "[data-conflict=mine]")
    expect(other.locator("#read-saved")).to_contain_text("Saved")
    with scope(world.study):
        task = ReadTask.objects.get(stream__reader=world.users[READERS[0]])
        stored = task.sessions.get().form_record.answers
    assert stored["remarks"]["comment"] == "seen in the second tab"
