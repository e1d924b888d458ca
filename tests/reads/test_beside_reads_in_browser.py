"""Performance, variability, questions, prepared values and imports in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from audit import clock
from reads.services import imports, preliminary, questions, reading, variability
from reads.services.preliminary import Value
from reads.services.variability import Wanted
from studies.scoping import scope
from tests.plugins.pages import next_page
from tests.reads.at_scale import load
from tests.reads.read_world import (
    READERS,
    make_read_study,
    read_baseline,
    read_follow_up,
    reader,
    ready,
    run_jobs,
    task_of,
)
from tests.reads.test_imported_readings import GOOD, content
from tests.reads.test_read_in_browser import as_person
from tests.reads.test_variability import STABLE, VARIABILITY, given_out, read_again
from tests.world import StudyWorld

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Accessible = Callable[[Page], None]


def busy_study() -> StudyWorld:
    """Return a study with much read, a question, a re-read and an import that has problems."""
    world = make_read_study(variability=VARIABILITY)
    ops, data = world.actor("image_operations"), world.actor("data_manager")
    with scope(world.study):
        for time_point in world.time_points(world.subjects[0])[:2]:
            ready(world, time_point)
        run_jobs()
        for name in READERS:
            read_baseline(world, name, "40.0", "20.0")
            read_follow_up(world, name, 2, ("30.0", "15.0"), STABLE)
        run_jobs()
        row = variability.plan(
            world.study, Wanted("Intra-reader 2026", 50, 0, 28), actor=world.actor("scientific")
        )
        variability.draw(row, actor=world.actor("scientific"))
        with clock.shifted_by(timedelta(days=29)):
            member, stream = given_out(world)
            name = next(n for n in READERS if world.users[n].pk == member.reader_id)
            read_again(world, name, stream)
        load(world, subjects=90, time_points=6)
        ready(world, world.time_points(world.subjects[1])[0])
        run_jobs()
        task = task_of(world, READERS[0], 1, subject=1)
        asked = questions.ask(
            task, "Was series 2 made after contrast?", actor=reader(world, READERS[0])
        )
        questions.answer(asked, "Lisbon says yes, on 5 Mar 2026.", actor=ops)
        broken = imports.read_in(
            world.study,
            content(*GOOD, "101-999,Baseline,R1,03/04/2026,MAYBE,-3,perhaps,"),
            name="local_reads_2024.csv",
            origin="Local reads of the phase 2 part",
            actor=data,
        )
        imports.map_columns(broken, broken.mapping, "RECIST11", actor=data)
    return world


def pages_of(world: StudyWorld) -> Iterator[tuple[str, str, str]]:
    """Yield name, person and address of every page."""
    from reads.models import ReaderQuestion, ReadingImport, VariabilityPlan

    with scope(world.study):
        plan, asked = VariabilityPlan.objects.get(), ReaderQuestion.objects.get()
        file = ReadingImport.objects.get()
    yield "performance", "scientific", "performance/"
    yield "performance-sponsor", "sponsor", "performance/"
    yield "performance-reader", "scientific", "performance/readers/1/"
    yield "variability-list", "scientific", "performance/variability/"
    yield "variability", "scientific", f"performance/variability/{plan.pk}/"
    yield "questions", "image_operations", "reader-questions/"
    yield "question-held", "scientific", f"reader-questions/{asked.pk}/"
    yield "imports", "data_manager", "imported-readings/"
    yield "import", "data_manager", f"imported-readings/{file.pk}/"
    yield "progress", "reviewer_operations", "reads/"
    yield "inbox", READERS[0], "../../reads/"


def test_every_page_opens_and_is_accessible(
    new_page: Any, live_server: Any, assert_accessible: Accessible
) -> None:
    world = busy_study()
    for name, person, address in pages_of(world):
        page = as_person(new_page, world, person, live_server.url)
        page.goto(f"/s/ALPHA/{address}")
        page.wait_for_selector("html[data-ready]")
        expect(page.locator("h1")).to_be_visible()
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert not wide, name
        assert_accessible(page)
        page.context.close()


def test_a_reader_asks_and_decides_on_prepared_values_in_the_room(
    new_page: Any, live_server: Any, assert_accessible: Accessible
) -> None:
    world = make_read_study(sessions={"preliminary_analysis": True})
    ops = world.actor("image_operations")
    with scope(world.study):
        point = world.time_points(world.subjects[0])[0]
        ready(world, point)
        point.refresh_from_db()
        preliminary.put(point, Value("T01", "Liver segment 7", "long_axis", "40.5"), actor=ops)
        preliminary.finish(preliminary.analysis_of(point), actor=ops)
        run_jobs()
        task = task_of(world, READERS[0])
        reading.open_session(task, actor=reader(world, READERS[0]))
    page = as_person(new_page, world, READERS[0], live_server.url)
    page.goto(f"/s/ALPHA/reads/{task.pk}/")
    page.wait_for_selector("html[data-ready]")
    page.get_by_role("button", name="1 prepared value to decide").click()
    assert_accessible(page)
    with next_page(page):
        page.get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Prepared values").wait_for()
    page.get_by_role("button", name="Ask a question").click()
    page.get_by_label("Your question").fill("Was series 2 made after contrast?")
    assert_accessible(page)
    with next_page(page):
        page.get_by_role("button", name="Send question").click()
    expect(page.locator("body")).to_contain_text("This read is on hold")
    page.get_by_role("button", name="1 question").click()
    expect(page.locator("#ask")).to_contain_text("The read waits for the answer.")
