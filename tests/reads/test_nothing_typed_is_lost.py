"""Autosave under bad conditions: an ended session, a lost network, two tabs, two cases."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from reads.models import ReadSession
from studies.scoping import scope
from tests.plugins.pages import PATIENCE_MS, ask_again
from tests.reads.read_world import READERS, make_read_study, ready, run_jobs, task_of
from tests.reads.test_read_in_browser import answer, as_person, start_first
from tests.world import PASSWORD, StudyWorld

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

COMMENT = "remarks.comment"


def a_read(new_page: Any, address: str, *, subjects: int = 1) -> tuple[StudyWorld, Page]:
    """Return a study with baselines to read and the page of the first one, opened."""
    world = make_read_study()
    with scope(world.study):
        for subject in world.subjects[:subjects]:
            ready(world, world.time_points(subject)[0])
        run_jobs()
    page = as_person(new_page, world, READERS[0], address)
    start_first(page)
    return world, page


def comment_of(world: StudyWorld, subject: int = 0) -> str:
    """Return the comment that the server holds."""
    with scope(world.study):
        session = ReadSession.objects.get(task=task_of(world, READERS[0], subject=subject))
        remarks = session.form_record.answers.get("remarks", {})
        return str(remarks.get("comment", ""))


def kept(page: Page, world: StudyWorld, text: str) -> None:
    """Wait until the server holds a comment."""
    for _ in range(PATIENCE_MS // 100):
        if comment_of(world) == text:
            return
        page.wait_for_timeout(100)
    assert comment_of(world) == text


def says(page: Page, text: str) -> None:
    """Wait for what the save state says."""
    expect(page.locator("#read-saved")).to_contain_text(text)


def test_after_an_ended_session_one_logs_in_on_the_page_and_the_save_goes_on(
    new_page: Any, live_server: Any, assert_accessible: Any
) -> None:
    world, page = a_read(new_page, live_server.url)
    Session.objects.all().delete()
    answer(page, COMMENT, "typed after the session had ended")
    dialog = page.locator("dialog#reauthenticate")
    expect(dialog).to_be_visible()
    says(page, "1 change kept here")
    assert_accessible(page)
    expect(page.locator("#reauthenticate-password")).to_be_focused()

    page.keyboard.type("not the password")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_be_visible()
    assert comment_of(world) == ""

    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    says(page, "Saved")
    assert comment_of(world) == "typed after the session had ended"
    expect(page.locator(f'[name="answers[{COMMENT}]"]')).to_have_value(
        "typed after the session had ended"
    )

    # The page goes on with the new session: the next answer is saved as well.
    answer(page, COMMENT, "and typed on")
    kept(page, world, "and typed on")


def test_without_network_the_changes_stay_here_and_are_sent_when_it_is_back(
    new_page: Any, live_server: Any
) -> None:
    world, page = a_read(new_page, live_server.url)
    page.context.set_offline(True)
    answer(page, COMMENT, "typed without network")
    says(page, "Offline, 1 change kept here")
    kept = page.evaluate("JSON.stringify(Object.values(sessionStorage))")
    assert "typed without network" in kept
    assert comment_of(world) == ""
    page.context.set_offline(False)
    says(page, "Saved")
    assert comment_of(world) == "typed without network"
    page.wait_for_function(
        "Object.keys(sessionStorage).every(name => !name.startsWith('autosave:'))"
    )


def test_what_was_typed_without_network_outlives_the_page(new_page: Any, live_server: Any) -> None:
    world, page = a_read(new_page, live_server.url)
    # The server answers pages, but saves do not get through; then the page is opened anew.
    page.route("**/save/", lambda route: route.abort())
    answer(page, COMMENT, "typed before the page was closed")
    says(page, "Offline, 1 change kept here")
    page.unroute("**/save/")
    ask_again(page)
    says(page, "Saved")
    assert comment_of(world) == "typed before the page was closed"
    expect(page.locator(f'[name="answers[{COMMENT}]"]')).to_have_value(
        "typed before the page was closed"
    )


def test_what_was_kept_here_never_overwrites_another_tab_unseen(
    new_page: Any, live_server: Any
) -> None:
    world, page = a_read(new_page, live_server.url)
    page.route("**/save/", lambda route: route.abort())
    answer(page, COMMENT, "kept in the first tab")
    says(page, "Offline, 1 change kept here")
    other = page.context.new_page()
    other.goto(page.url)
    answer(other, COMMENT, "saved in the second tab")
    says(other, "Saved")
    page.unroute("**/save/")
    ask_again(page)
    dialog = page.locator("dialog#conflict")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("kept in the first tab")
    expect(dialog).to_contain_text("saved in the second tab")
    assert comment_of(world) == "saved in the second tab"


def test_two_cases_in_two_tabs_keep_their_answers_apart(new_page: Any, live_server: Any) -> None:
    world, page = a_read(new_page, live_server.url, subjects=2)
    other = page.context.new_page()
    with scope(world.study):
        tasks = [task_of(world, READERS[0], subject=n) for n in (0, 1)]
    opened = next(n for n, task in enumerate(tasks) if str(task.pk) in page.url)
    other.goto(f"/s/{world.study.code}/reads/{tasks[1 - opened].pk}/")
    other.get_by_role("button", name="Start read").press("Enter")
    other.locator("#ecrf").wait_for()
    answer(page, COMMENT, "of the first case")
    answer(other, COMMENT, "of the second case")
    says(page, "Saved")
    says(other, "Saved")
    assert comment_of(world, opened) == "of the first case"
    assert comment_of(world, 1 - opened) == "of the second case"
