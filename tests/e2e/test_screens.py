"""Pictures of the main pages of the demonstration, each checked while it is taken.

``make screens`` writes them to ``docs/screens``; a page with an error on its console, with sideways
scrolling at 1280 px, with an accessibility violation or with a list too short to judge fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from accounts.permissions import Role
from tests.plugins.pages import axe_violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "screens"
STUDY = "ONC-2041"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
#: roles of which the demonstration has a person
ROLES = [str(role) for role in Role]


@dataclass(frozen=True)
class Screen:
    """A page: whose, where, and how to get there from ``start``."""

    name: str
    role: str
    start: str
    follow: tuple[str, ...] = ()
    rows: str = ""


def _study(path: str) -> str:
    return f"/s/{STUDY}/{path}"


SCREENS = [
    *(Screen(f"home-{role.replace('_', '-')}", role, "/") for role in ROLES),
    Screen("overview", "project_manager", _study("overview/")),
    Screen("matrix", "project_manager", _study("time-points/"), rows=".ic-matrix tbody tr"),
    Screen(
        "time-point",
        "project_manager",
        _study("time-points/"),
        ("a.ic-cell:has-text('Query')",),
    ),
    Screen("site-home", "site_user", "/site/", rows="table tbody tr"),
    Screen("upload", "site_user", "/site/", ("button:has-text('Send images')",)),
    Screen("qc-queue", "image_operations", _study("qc/"), rows="table tbody tr"),
    Screen("qc-workbench", "image_operations", _study("qc/"), ("th[scope=row] a",)),
    Screen("queries", "image_operations", _study("queries/"), rows="table tbody tr"),
    Screen(
        "query", "image_operations", _study("queries/"), ("main table tbody a >> visible=true",)
    ),
    Screen("read-inbox", "central_reader", "/reads/", rows="[data-list-link]"),
    Screen(
        "read",
        "central_reader",
        "/reads/",
        ("[data-list-link]", "button:has-text('Start read')"),
    ),
    Screen("adjudication-inbox", "adjudicator", "/adjudication/", rows="[data-list-link]"),
    Screen(
        "adjudication",
        "adjudicator",
        "/adjudication/",
        ("[data-list-link]", "button:has-text('Take the case')"),
    ),
    Screen("cuts", "data_manager", _study("cuts/")),
    Screen(
        "cut", "sponsor", _study("cuts/"), ("a:has-text('Interim cut 2')",), rows="table tbody tr"
    ),
    Screen("trail", "inspector", _study("trail/"), rows="table tbody tr"),
]


@pytest.fixture(scope="module")
def people(browser: Browser, demonstration: dict[str, Any]) -> Iterator[Callable[[str], Page]]:
    """A page for each role, logged in once with the printed login."""
    pages: dict[str, Page] = {}

    def page_of(role: str) -> Page:
        if role not in pages:
            context = browser.new_context(
                base_url=demonstration["url"], viewport={"width": 1280, "height": 860}
            )
            page = context.new_page()
            page.set_default_timeout(30_000)
            login = demonstration["logins"][role]
            page.goto("/")
            page.locator("input[name=login]").fill(login["email"])
            page.locator("input[name=password]").fill(login["password"])
            page.get_by_role("button", name="Log in").click()
            page.wait_for_url(lambda url: "login" not in url)
            pages[role] = page
        return pages[role]

    yield page_of
    for page in pages.values():
        page.context.close()


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_the_page_looks_right(screen: Screen, people: Callable[[str], Page]) -> None:
    page = people(screen.role)
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(screen.start)
    for selector in screen.follow:
        page.locator(selector).first.click()
        page.wait_for_load_state()
    page.wait_for_load_state("networkidle")
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{screen.name}.png")
    page.remove_listener("console", note)
    assert errors == []
    assert page.evaluate(OVERFLOW) <= 0, "the page scrolls sideways at 1280 px"
    assert axe_violations(page) == []
    if screen.rows:
        assert page.locator(screen.rows).count() >= 5
