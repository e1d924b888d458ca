"""The side menu by the keyboard, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.imaging.test_workbench_in_browser import as_person, picture
from tests.plugins.pages import ask_again
from tests.projects.lives import make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_groups_fold_by_the_keyboard_and_stay_so(
    new_page: Any, live_server: Any, assert_accessible: Callable[[Page], None]
) -> None:
    world = make_world()
    page = as_person(new_page, world, "scientific", live_server.url)
    page.goto(reverse("subject-list", args=["ALPHA"]))
    reads = page.get_by_role("button", name="Reads")
    link = page.get_by_role("link", name="Progress of reads")
    expect(reads).to_have_attribute("aria-expanded", "false")
    expect(link).to_be_hidden()
    with page.expect_response("**/account/menu/"):
        reads.press("Enter")
    expect(reads).to_have_attribute("aria-expanded", "true")
    expect(link).to_be_visible()
    assert_accessible(page)
    picture(page, "menu")
    ask_again(page)
    expect(link).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Menu").click()
    expect(link).to_be_visible()
    assert_accessible(page)
    picture(page, "menu-narrow")
