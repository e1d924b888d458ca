

from tests.reads.test_read_by_keyboard import *  # noqa
import pytest
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

@pytest.fixture(autouse=True)
def shot(request, browser):
    yield
    for n, c in enumerate(browser.contexts):
        for m, p in enumerate(c.pages):
            p.screenshot(path=f"/tmp/team/r2/fail-{n}-{m}.png")
            print(p.url, p.evaluate("document.activeElement.outerHTML.slice(0,300)"))
