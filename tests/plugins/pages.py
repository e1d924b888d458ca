"""Pages in a real browser, and the accessibility check of a page."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    TimeoutError,
    expect,
    sync_playwright,
)

from icro.browser import system_browser

FLAGS = ["--disable-background-networking", "--disable-component-update", "--no-first-run"]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = Axe()
#: every rule is checked; only what violates one is described element by element
AXE_OPTIONS = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
#: the rules that look at colours: what other colours of a page that was checked can break
COLOURS = ("color-contrast", "link-in-text-block")
AXE_RUN = """options => axe.run(document, options).then(({violations}) => violations.map(
    ({id, impact, help, nodes}) => ({id, impact, help, targets: nodes.map(node => node.target)})
))"""

#: how long a page may take on a machine that does other things as well; a page that is ready
#: is never waited for
PATIENCE_MS = 40_000
expect.set_options(timeout=PATIENCE_MS)

#: what Playwright says when the browser, not the platform, was in another place than the test
#: thought; an assertion that fails is never among it
OF_THE_BROWSER = (
    "net::ERR_ABORTED",
    "interrupted by another navigation",
    "Execution context was destroyed",
    "frame was detached",
    TimeoutError,
)
VIEWPORT = {"width": 1280, "height": 800}


def launch_options() -> dict[str, Any]:
    """Return how to start the browser: the system's if there is one, else Playwright's own."""
    options: dict[str, Any] = {"args": FLAGS + (["--no-sandbox"] if os.geteuid() == 0 else [])}
    system = system_browser()
    return {**options, "executable_path": system} if system else options


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Look a second time, once and visibly, when a page was lost on the way to it."""
    again = pytest.mark.flaky(reruns=1, only_rerun=list(OF_THE_BROWSER))
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(again)


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


#: the script of a page says that it runs; the page that is to be left is marked
NEXT = "html[data-ready]:not([data-left])"
LEAVE = "document.documentElement.dataset.left = ''"
#: autosave keeps here what the server has not confirmed yet, and nothing else
ALL_SAVED = "() => !Object.keys(sessionStorage).some(key => key.startsWith('autosave:'))"


@contextmanager
def next_page(page: Page) -> Iterator[None]:
    """Do what leads to another page, or to this one anew, and wait until that one is ready.

    A press ends before the answer is there, and a page that saves first sends its form later
    still: whoever waits for "loaded" may look at the page that is being left.
    """
    _mark(page)
    yield
    page.wait_for_selector(NEXT)


def ask_again(page: Page) -> None:
    """Ask for the page again, unless it is asking for itself at this moment.

    A page whose job is over draws itself again. Its asking ends ours; it began later than ours,
    so it shows at least as much.
    """
    with next_page(page):
        try:
            page.reload()
        except Error as error:
            if "ERR_ABORTED" not in error.message:
                raise


def all_saved(page: Page) -> None:
    """Save what was typed now instead of after the quiet time; wait until the server has it."""
    page.evaluate("window.dispatchEvent(new Event('online'))")
    page.wait_for_function(ALL_SAVED)


def _mark(page: Page) -> None:
    for left in reversed(range(5)):
        try:
            page.evaluate(LEAVE)
        except Error as error:
            # A page that draws itself again while we look is marked when it is there.
            if not left or "context was destroyed" not in error.message:
                raise
        else:
            return


def _error_of(message: ConsoleMessage, page: Page) -> list[str]:
    # An answer of 4xx is the business of the test that asked for it.
    if message.type != "error" or "Failed to load resource" in message.text:
        return []
    return [f"{page.url}: {message.text}"]


def axe_violations(page: Page, *rules: str) -> list[str]:
    """Return the accessibility violations of the page (WCAG 2.2 AA), a line each.

    Every rule is checked, or those that are named.
    """
    only = {"runOnly": {"type": "rule", "values": rules}} if rules else {}
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.axe_script)
    return [
        f"{found['id']} ({found['impact']}): {found['help']} at "
        + "; ".join(" ".join(map(str, target)) for target in found["targets"][:5])
        for found in page.evaluate(AXE_RUN, {**AXE_OPTIONS, **only})
    ]


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """Fail with the list of accessibility violations of a page, if it has any."""

    def check(page: Page) -> None:
        assert axe_violations(page) == [], page.url

    return check
