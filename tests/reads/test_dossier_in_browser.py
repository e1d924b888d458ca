"""The dossier panel by keyboard, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from reads.models import DossierOpening
from studies.models import FormRecord
from studies.scoping import scope
from tests.reads.dossier_world import apply_dossier, make_dossier_study
from tests.reads.read_world import READERS, fill, task_of
from tests.reads.session_world import begin, images_of
from tests.reads.test_read_in_browser import as_person
from tests.reads.test_two_steps import NOTHING, brain_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_dossier_is_opened_by_keyboard_and_the_opening_is_kept(
    new_page: Any, live_server: Any, assert_accessible: Callable[[Page], None]
) -> None:
    world = make_dossier_study()
    with scope(world.study):
        apply_dossier(world, 1)
        images_of(world, 1)
        task = task_of(world, READERS[0])
        begin(world, READERS[0], task)
    page = as_person(new_page, world, READERS[0], live_server.url)
    page.goto(reverse("read-page", args=[world.study.code, task.pk]))
    button = page.get_by_role("button", name="Open the dossier of time point 1")
    expect(button).to_be_hidden()
    page.keyboard.press("F3")
    expect(button).to_be_focused()
    assert not DossierOpening.objects.exists()
    page.keyboard.press("Enter")
    contents = page.locator("[data-dossier-contents]")
    expect(contents).to_contain_text("Chest, 50 Gy")
    expect(page.get_by_role("heading", name="Dossier of time point 1, version 1")).to_be_focused()
    expect(page.locator("#dossier-panel")).to_contain_text("opened once")
    assert_accessible(page)
    assert DossierOpening.objects.count() == 1


def test_in_two_steps_the_dossier_appears_after_the_images_and_fixes_them(
    new_page: Any, live_server: Any, assert_accessible: Callable[[Page], None]
) -> None:
    world = brain_world()
    with scope(world.study):
        task = task_of(world, READERS[0])
        session = begin(world, READERS[0], task)
        fill(world, READERS[0], session, {"target": NOTHING, "non_target": NOTHING})
    page = as_person(new_page, world, READERS[0], live_server.url)
    page.goto(reverse("read-page", args=[world.study.code, task.pk]))
    button = page.get_by_role("button", name="Fix images and open dossier of time point 1")
    page.keyboard.press("F3")
    expect(page.locator("#panel-dossier")).to_contain_text("Judge the images first.")
    page.keyboard.press("F2")
    page.keyboard.press("1")
    page.keyboard.press("F3")
    expect(button).to_be_visible()
    assert_accessible(page)
    # What was typed just before is saved first: it is part of what is fixed or stays open.
    page.get_by_role("tab", name="Form").click()
    page.locator('[name="answers[remarks.comment]"]').fill("Seen before the dossier")
    page.get_by_role("tab", name="Dossier").click()
    button.click()
    expect(page.locator("[data-dossier-contents]")).to_contain_text("Chest, 50 Gy")
    expect(page.locator('[name="answers[quality.overall]"]')).to_have_count(0)
    expect(page.locator('[name="answers[clinical.dexamethasone]"]')).to_have_count(1)
    opening = DossierOpening.objects.get()
    record = FormRecord._base_manager.get(pk=session.form_record_id)
    assert record.answers["remarks"] == {"comment": "Seen before the dossier"}
    assert (record.fixed[0], opening.answers_version) == ("quality", record.version)
