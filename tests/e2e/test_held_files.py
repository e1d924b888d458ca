"""The screen of held files in a real browser: with the keyboard alone, and with the mouse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.permissions import Role
from audit.models import Event
from imaging.models import HoldDecision, Submission
from studies.scoping import scope
from tests.e2e.test_main_job import Person
from tests.imaging.test_held_files import sent
from tests.imaging.upload_world import make_imaging_study, run_jobs
from tests.plugins.pages import axe_violations
from tests.world import StudyWorld

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def _screen(new_page: Any, world: StudyWorld, row: Submission) -> Page:
    page = Person(new_page, world, Role.IMAGE_OPERATIONS).open(
        "hold-screen", world.study.code, row.pk
    )
    expect(page.locator(".ic-masks .canvas")).to_be_visible()
    return page


def _masks(page: Page) -> list[dict[str, int]]:
    found: list[dict[str, int]] = json.loads(page.locator("#decide [name=masks]").input_value())
    return found


def test_a_held_file_is_masked_and_released_with_the_keyboard_alone(
    new_page: Any, tmp_path: Path
) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = sent(world, tmp_path)
        page = _screen(new_page, world, row)
        assert axe_violations(page) == []
        page.locator(".ic-masks .canvas").focus()
        page.keyboard.press("a")
        accepted = _masks(page)
        assert len(accepted) == 1
        for key in ("ArrowLeft", "Control+ArrowDown", "Shift+ArrowRight"):
            page.keyboard.press(key)
        box, was = _masks(page)[0], accepted[0]
        moved = [box[side] - was[side] for side in ("left", "top", "right", "bottom")]
        assert moved == [-1, 10, 0, 10]
        page.keyboard.press("n")
        assert len(_masks(page)) == 2
        page.keyboard.press("Delete")
        assert _masks(page) == [box]
        page.keyboard.press("u")
        assert len(_masks(page)) == 2
        page.locator("#reason").focus()
        page.keyboard.type("the name")
        for _ in range(2):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.value") == "masked":
                break
        page.keyboard.press("Enter")
        expect(page).to_have_url(page.url.replace("holds/", ""))
        decision = HoldDecision.objects.get()
        assert (decision.verdict, len(decision.masks)) == ("masked", 2)
        assert Event.objects.filter(kind="arrival.view").exists()
        assert run_jobs(row) == ["done"]
        row.refresh_from_db()
        assert row.state == "in_qc"


def test_a_mask_is_drawn_moved_and_resized_with_the_mouse(new_page: Any, tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = sent(world, tmp_path)
        page = _screen(new_page, world, row)
        canvas = page.locator(".ic-masks .canvas").bounding_box()
        assert canvas is not None
        scale = min(canvas["width"] / 240, canvas["height"] / 160)
        left = canvas["x"] + (canvas["width"] - 240 * scale) / 2
        top = canvas["y"] + (canvas["height"] - 160 * scale) / 2

        def drag(start: tuple[float, float], end: tuple[float, float]) -> None:
            page.mouse.move(left + start[0] * scale, top + start[1] * scale)
            page.mouse.down()
            page.mouse.move(left + end[0] * scale, top + end[1] * scale, steps=6)
            page.mouse.up()

        drag((100.5, 80.5), (140.5, 100.5))
        drawn = _masks(page)[0]
        assert drawn == {"left": 100, "top": 80, "right": 141, "bottom": 101, "frame": 0}
        drag((120, 90), (130, 95))
        assert _masks(page)[0]["left"] == 110
        page.keyboard.press("b")
        expect(page.locator(".ic-masks .box.released")).to_have_count(1)
        # A box that was found and nobody judged keeps the masks from being sent.
        page.locator("#reason").fill("a line below")
        page.get_by_role("button", name="Mask and release").click()
        expect(page.locator("[data-mask-note]")).to_contain_text("neither accepted nor removed")
        assert not HoldDecision.objects.exists()
