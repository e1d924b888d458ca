"""Global review, eligibility, oncologist's review and the site's questions in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from reads.models import AdjudicationCase, ReadTask
from reads.services import settling
from studies.scoping import scope
from tests.reads.read_world import READERS, run_jobs
from tests.reads.session_world import (
    OVER_THE_SUBJECT,
    PARTIAL,
    PROGRESS,
    STABLE,
    add_reader,
    begin,
    global_review,
    images_of,
    make_session_study,
    open_of_kind,
    read_course,
    register_oncologist,
)
from tests.reads.test_eligibility import ELIGIBILITY, screened
from tests.reads.test_eligibility import reader_of as eligibility_reader_of
from tests.reads.test_eligibility import task_of as eligibility_task_of
from tests.reads.test_read_in_browser import answer, as_person, press, settled, sign_by_keyboard
from tests.world import StudyWorld

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Accessible = Callable[[Page], None]
UP = (("25.0", "12.0"), PARTIAL)
FLAT = (("38.0", "20.0"), STABLE)
WORSE = (("60.0", "30.0"), PROGRESS)


def address(world: StudyWorld, name: str, *args: Any) -> str:
    return reverse(name, args=[world.study.code, *args])


def test_a_response_is_changed_with_its_reason_by_keyboard_and_the_review_signed(
    new_page: Any, live_server: Any, assert_accessible: Accessible
) -> None:
    world = make_session_study(sessions={"global_review": True})
    with scope(world.study):
        images_of(world, 3)
        for name in READERS:
            read_course(world, name, UP, WORSE)
        run_jobs()
        task = open_of_kind(world, READERS[0], "global")
        begin(world, READERS[0], task)
    page = as_person(new_page, world, READERS[0], live_server.url)
    page.goto(address(world, "read-page", task.pk))
    rows = "course_recist11.rows"
    answer(page, f"{rows}.0.response", "SD")
    settled(page)
    answer(page, f"{rows}.0.change_class", "LATER IMAGES")
    answer(page, f"{rows}.0.change_reason", "The lesion was oedema, as TP3 shows.")
    settled(page)
    expect(page.locator('[data-live="responses"]')).to_contain_text("SD")
    expect(page.locator('[data-live="responses"]')).to_contain_text("Changed by this review")
    assert_accessible(page)

    sign_by_keyboard(page, assert_accessible)

    with scope(world.study):
        assert ReadTask.objects.get(pk=task.pk).state == "signed"


def test_an_eligibility_read_and_the_answer_on_the_sites_page(
    new_page: Any, live_server: Any, assert_accessible: Accessible
) -> None:
    world = make_session_study(**ELIGIBILITY)
    with scope(world.study):
        subject = screened(world)
        task = eligibility_task_of(subject)
        name = eligibility_reader_of(world, task)
        begin(world, name, task)
    page = as_person(new_page, world, name, live_server.url)
    page.goto(address(world, "read-page", task.pk))
    answer(page, "quality.overall", "ADEQUATE")
    press(page, 'button[name="add[target.lesions]"]')
    page.locator('[name="answers[target.lesions.0.label]"]').wait_for()
    row = {
        "label": "T01",
        "location": "LIVER",
        "method": "CT SCAN",
        "long_axis": "24",
        "slice": "4",
    }
    for item, value in row.items():
        answer(page, f"target.lesions.0.{item}", value)
    answer(page, "answer.recist11", "YES")
    settled(page)
    assert_accessible(page)

    sign_by_keyboard(page, assert_accessible)
    with scope(world.study):
        run_jobs()
    site = as_person(new_page, world, "site_user", live_server.url)
    site.goto(address(world, "subject-imaging", subject.pk))
    expect(site.get_by_text("Eligible by imaging")).to_be_visible()
    assert_accessible(site)


def test_a_site_asks_on_a_narrow_screen_and_the_manager_sees_it_wait(
    new_page: Any, live_server: Any, assert_accessible: Accessible
) -> None:
    world = make_session_study(sessions={"confirmation_of_progression": True})
    with scope(world.study):
        images_of(world, 2)
        subject = world.subjects[0]
    site = as_person(new_page, world, "site_user", live_server.url)
    site.set_viewport_size({"width": 390, "height": 844})
    site.goto(address(world, "subject-imaging", subject.pk))
    site.locator('select[name="opinion"]').select_option("PD")
    site.locator('textarea[name="why"]').fill("New liver lesion; the next cycle is due on Monday.")
    site.get_by_role("button", name="Ask for confirmation").click()
    expect(site.get_by_text("The answer is due").first).to_be_visible()
    assert site.evaluate("document.documentElement.scrollWidth") <= 390
    assert_accessible(site)
    site.goto(address(world, "site-answers"))
    expect(site.get_by_text(subject.code).first).to_be_visible()
    assert site.evaluate("document.documentElement.scrollWidth") <= 390

    manager = as_person(new_page, world, "project_manager", live_server.url)
    manager.goto(address(world, "site-answers"))
    expect(manager.get_by_text(subject.code).first).to_be_visible()
    assert_accessible(manager)


def test_an_oncologist_reviews_locked_values(
    new_page: Any, live_server: Any, assert_accessible: Accessible
) -> None:
    world = make_session_study(oncology_review={"form": "oncology", "readers": 1})
    with scope(world.study):
        add_reader(world, "oncologist")
        register_oncologist(world, "oncologist")
        images_of(world, 2)
        for name in READERS:
            read_course(world, name, UP)
        run_jobs()
        task = open_of_kind(world, "oncologist", "oncology")
        begin(world, "oncologist", task)
    page = as_person(new_page, world, "oncologist", live_server.url)
    page.goto(address(world, "read-page", task.pk))
    answer(page, "oncology.agrees", "true")
    answer(page, "oncology.overall_response", "PR")
    answer(page, "oncology.clinical_progression", "false")
    page.locator('[name="answers[oncology.basis]"][value="RADIOLOGY"]').check()
    settled(page)
    assert_accessible(page)

    sign_by_keyboard(page, assert_accessible)


def test_the_adjudicator_of_a_subject_gives_a_third_result(
    new_page: Any, live_server: Any, assert_accessible: Accessible
) -> None:
    world = make_session_study(**OVER_THE_SUBJECT)
    with scope(world.study):
        images_of(world, 3)
        read_course(world, READERS[0], UP, WORSE)
        read_course(world, READERS[1], FLAT, FLAT)
        run_jobs()
        for name in READERS:
            global_review(world, name)
        run_jobs()
        case = AdjudicationCase.objects.get()
        settling.claim(case, actor=world.actor("adjudicator"))
    page = as_person(new_page, world, "adjudicator", live_server.url)
    page.goto(address(world, "adjudication-case", case.pk))
    page.locator('input[name="choice"][value="A"]').check()
    page.get_by_text("Give a third result").click()
    page.locator('select[name="third|RECIST11|best_overall_response"]').select_option("NE")
    page.locator("#reason").fill("The images of TP2 do not allow a response.")
    assert_accessible(page)

    page.get_by_role("button", name="Keep as draft").click()
    expect(page.locator('select[name="third|RECIST11|best_overall_response"]')).to_have_value("NE")
