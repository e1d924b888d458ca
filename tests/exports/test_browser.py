"""Queries and cuts in a real browser: the sponsor's download, and access for everybody."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Page, expect

from audit.actors import acting
from studies.scoping import scope
from tests.exports.cut_world import make_cut_study, released
from tests.plugins.pages import NewPage, next_page
from tests.queries.query_world import CONFIRM, SEND, ask, logged_in
from tests.world import PASSWORD, StudyWorld

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def signed_in(new_page: NewPage, world: StudyWorld, name: str, width: int = 1280) -> Page:
    """Open a page with the session of a person."""
    page = new_page(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    page.goto("/healthz")
    session = logged_in(world, name).cookies[settings.SESSION_COOKIE_NAME].value
    origin = page.evaluate("window.location.origin")
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": origin}]
    )
    return page


def opened(page: Page, address: str) -> Page:
    """Go to a page and wait for its script."""
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    return page


def test_the_sponsor_downloads_a_table_whose_digest_the_manifest_states(
    new_page: NewPage, assert_accessible: Callable[[Page], None], tmp_path: Path
) -> None:
    world = make_cut_study(reads=False)
    with scope(world.study), acting(world.actor("data_manager")):
        query = ask(world, requests=[SEND, CONFIRM])
        cut = released(world)
    page = signed_in(new_page, world, "sponsor")
    opened(page, reverse("cut-list", args=["ALPHA"]))
    assert_accessible(page)
    with next_page(page):
        page.get_by_role("link", name="Safety cut 1", exact=True).click()
    assert_accessible(page)
    assert page.evaluate(OVERFLOW) <= 0
    saved = {}
    for name in ("subjects.csv", "SHA256SUMS"):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        saved[name] = tmp_path / name
        download.value.save_as(saved[name])
    digest = hashlib.sha256(saved["subjects.csv"].read_bytes()).hexdigest()
    assert f"{digest}  subjects.csv" in saved["SHA256SUMS"].read_text().splitlines()
    page.get_by_role("button", name="Sign receipt").click()
    dialog = page.get_by_role("dialog", name="Confirm receipt of Safety cut 1")
    dialog.get_by_label("Password").fill(PASSWORD)
    assert_accessible(page)
    dialog.get_by_role("button", name="Sign receipt").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Acknowledged")
    with scope(world.study):
        cut.refresh_from_db()
    assert cut.state == "acknowledged"

    too_wide = []
    for name, address in (
        ("image_operations", reverse("query-list", args=["ALPHA"])),
        ("image_operations", reverse("query-page", args=["ALPHA", query.pk])),
        ("image_operations", reverse("query-new", args=["ALPHA"])),
        ("data_manager", reverse("cut-page", args=["ALPHA", cut.pk])),
        ("data_manager", reverse("cut-plan", args=["ALPHA"])),
    ):
        for width in (1280, 320):
            page = opened(signed_in(new_page, world, name, width), address)
            assert_accessible(page)
            if page.evaluate(OVERFLOW) > 0:
                too_wide.append((address, width))
    assert too_wide == []

    phone = opened(
        signed_in(new_page, world, "site_user", 320),
        reverse("query-page", args=["ALPHA", query.pk]),
    )
    assert_accessible(phone)
    assert phone.evaluate(OVERFLOW) <= 0
    phone.get_by_role("tab", name="Answer in words").click()
    phone.get_by_role("textbox", name="Answer in words").fill("No other series is cut.")
    phone.get_by_role("button", name="Send answer").click()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Answered")
