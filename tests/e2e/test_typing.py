"""What somebody types while a page draws a part of itself anew survives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from accounts.permissions import Role
from studies.scoping import scope
from tests.e2e.test_main_job import Person
from tests.imaging.upload_world import make_imaging_study, uploaded
from tests.plugins.pages import all_saved
from tests.reads.test_read_in_browser import answer

BODY = re.compile(r"/form/body/")
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_time_typed_while_the_form_is_drawn_anew_is_kept(
    new_page: Any, live_server: Any, tmp_path: Path
) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = uploaded(world, tmp_path / "scan")
    page = Person(new_page, world, Role.SITE_USER).open("upload-form", world.study.code, row.pk)
    held: list[Route] = []
    page.route(BODY, lambda route: route.continue_() if held else held.append(route))
    # This answer makes a question appear: the form is asked for anew, and its answer is on its way.
    answer(page, "deviations.any", "true")
    with page.expect_request(BODY):
        all_saved(page)
    answer(page, "scan.time", "14:")
    with page.expect_response(BODY):
        held[0].continue_()
    page.keyboard.type("30")
    all_saved(page)
    expect(page.get_by_role("button", name="Add deviation")).to_be_visible()
    expect(page.locator('[name="answers[scan.time]"]')).to_have_value("14:30")
    with scope(world.study):
        row.form_record.refresh_from_db()
    assert row.form_record.answers["scan"]["time"] == "14:30"
