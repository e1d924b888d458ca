"""Pages in a real browser, and the accessibility check of a page."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from icro.browser import system_browser

FLAGS = ["--disable-background-networking", "--disable-component-update", "--no-first-run"]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

#: how long a page may take on a machine that does other things as well; a page that is ready
#: is never waited for
PATIENCE_MS = 40_000
expect.set_options(timeout=PATIENCE_MS)

VIEWPORT = {"width": 1280, "height": 800}


def launch_options() -> dict[str, Any]:
    """Return how to start the browser: the system's if there is one, else Playwright's own."""
    options: dict[str, Any] = {"args": FLAGS + (["--no-sandbox"] if os.geteuid() == 0 else [])}
    system = system_browser()
    return {**options, "executable_path": system} if system else options


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        yield browser
        browser.close()


NewPage = Callable[..., Page]


@pytest.fixture
def new_page(browser: Browser, live_server: Any) -> Iterator[NewPage]:
    """Open pages in separate profiles, one per person; errors on their consoles fail the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(**options: Any) -> Page:  # Any: Playwright's options of a context
        context = browser.new_context(
            **{"base_url": live_server.url, "viewport": VIEWPORT, "locale": "en-GB", **options}
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))
        page.on("console", lambda message: errors.extend(_error_of(message, page)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not errors, "\n".join(errors)


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """One page in a fresh profile, on the live server."""
    return new_page()


def _error_of(message: ConsoleMessage, page: Page) -> list[str]:
    # An answer of 4xx is the business of the test that asked for it.
    if message.type != "error" or "Failed to load resource" in message.text:
        return []
    return [f"{page.url}: {message.text}"]


def axe_violations(page: Page) -> list[str]:
    """Return the accessibility violations of the page (WCAG 2.2 AA), a line each."""
    results = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    return [
        f"{found['id']} ({found['impact']}): {found['help']} at "
        + "; ".join(" ".join(map(str, node["target"])) for node in found["nodes"][:5])
        for found in results.response["violations"]
    ]


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """Fail with the list of accessibility violations of a page, if it has any."""

    def check(page: Page) -> None:
        assert axe_violations(page) == [], page.url

    return check
