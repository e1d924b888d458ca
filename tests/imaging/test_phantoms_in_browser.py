"""A phantom scan in a real browser: the site sends it, a scientist signs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from audit import clock, jobs
from imaging.models import PhantomScan
from studies.scoping import scope
from tests.imaging import phantom_world as pw
from tests.plugins.pages import next_page
from tests.world import PASSWORD, StudyWorld

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def person(new_page: Any, world: StudyWorld, role: str) -> Page:
    page: Page = new_page()
    page.goto("/")
    page.locator("input[name=login]").fill(world.users[role].email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: "login" not in url)
    return page


def test_a_site_sends_a_phantom_scan_and_a_scientist_passes_the_scanner(
    new_page: Any, tmp_path: Path, assert_accessible: Callable[[Page], None]
) -> None:
    world = pw.make_phantom_study()
    for days, water in ((400, 0.5), (200, 1.8)):  # two earlier scans for the trend
        scan_of(world, tmp_path / str(days), days=days, water=water)
    site = person(new_page, world, "site_user")
    site.goto(reverse("phantom-list", args=[world.study.code]))
    assert_accessible(site)
    site.get_by_role("row", name="Ellipse 64").get_by_role("button", name="Send scan").click()
    expect(site.get_by_role("heading", name="CT water phantom")).to_be_visible()
    site.wait_for_selector("[data-upload-ready]")
    site.locator("#comment").fill("After a new tube.")
    with site.expect_response(lambda answer: "describe" in answer.url):
        site.keyboard.press("Tab")
    files = pw.water_files(tmp_path / "now", clock.today(), water_hu=2.4)
    site.locator("input[data-kind=files]").set_input_files([str(path) for path in files])
    expect(site.get_by_text("Every file arrived whole.")).to_be_visible(timeout=60_000)
    expect(site.locator("#comment")).to_have_value("After a new tube.")
    assert_accessible(site)
    site.get_by_role("button", name="Send phantom scan").click()
    assert site.locator("#scan-date:invalid").count() == 1
    site.locator("#scan-date").fill(clock.today().isoformat())
    site.get_by_role("button", name="Send phantom scan").click()
    expect(site.get_by_text("The phantom is being measured")).to_be_visible()
    with scope(world.study):
        scan = PhantomScan.objects.order_by("-number").first()
        assert scan is not None
        for job in jobs.of(scan):
            jobs.run(str(job.pk))
    science = person(new_page, world, "scientific")
    science.goto(reverse("phantom-scan", args=[world.study.code, scan.pk]))
    expect(science.get_by_text("Inside every limit that judges")).to_be_visible()
    expect(science.locator("svg.ic-chart").first.locator("circle")).to_have_count(3)
    assert_accessible(science)
    science.locator("#decision-comment").focus()
    science.keyboard.type("Looked at every slice.")
    science.get_by_role("button", name="Pass scanner").focus()
    with next_page(science):
        science.keyboard.press("Enter")
    expect(science.locator("dialog[open]")).to_contain_text("Looked at every slice.")
    science.keyboard.type(PASSWORD)
    for _ in range(2):  # over the way back
        science.keyboard.press("Tab")
    with next_page(science):
        science.keyboard.press("Enter")
    expect(science.get_by_text("The scanner is qualified until")).to_be_visible()
    site.goto(reverse("phantom-list", args=[world.study.code]))
    row = site.get_by_role("row", name="PM-0001")
    expect(row.get_by_text("Qualified", exact=True)).to_be_visible()


def scan_of(world: StudyWorld, folder: Path, *, days: int, water: float) -> None:
    """A signed scan of some days ago."""
    with scope(world.study):
        files = pw.water_files(folder, clock.today() - timedelta(days=days), water_hu=water)
        scan = pw.sent(world, pw.draft(world), files, scan_date=pw.earlier(days))
        pw.decided(world, scan)
