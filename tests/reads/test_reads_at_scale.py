"""Pages of reads ask the database the same number of questions, however many subjects there are."""

from __future__ import annotations

import pytest

from studies.scoping import scope
from tests.counting import counted
from tests.reads.at_scale import load
from tests.reads.read_world import logged_in, make_read_study
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db

#: page -> who opens it
PAGES = {
    "/reads/": "central_reader",
    "/reads/?view=signed&page=2": "central_reader",
    "/adjudication/?view=signed": "adjudicator",
    "/s/ALPHA/reads/": "reviewer_operations",
    "/s/ALPHA/reads/?view=signed&page=2&cases=2": "project_manager",
    "/s/ALPHA/time-points/": "project_manager",
    "/s/ALPHA/performance/": "scientific",
    "/s/ALPHA/performance/readers/1/": "sponsor",
    "/s/ALPHA/performance/variability/": "scientific",
    "/s/ALPHA/time-points/?show=late&page=2": "image_operations",
}


def questions(world: StudyWorld) -> dict[str, int]:
    """Open every page and count what it asks; caches are warm from an earlier look."""
    found = {}
    for address, name in PAGES.items():
        client = logged_in(world, name)
        assert client.get(address).status_code == 200, address
        with counted() as asked:
            client.get(address)
        found[address] = len(asked)
    return found


def test_five_subjects_and_forty_cost_the_same_number_of_questions() -> None:
    world = make_read_study()
    with scope(world.study):
        load(world, subjects=5, time_points=8)
    few = questions(world)
    with scope(world.study):
        load_more(world)
    assert questions(world) == few
    assert max(few.values()) < 60


def load_more(world: StudyWorld) -> None:
    """Add thirty-five subjects."""
    load(world, subjects=40, time_points=8, key=2, first=5)


def test_a_long_inbox_is_shown_by_pages_and_its_counts_are_of_all() -> None:
    world = make_read_study()
    with scope(world.study):
        load(world, subjects=40, time_points=4)
    client = logged_in(world, "central_reader")
    first = client.get("/reads/?view=signed").context
    second = client.get("/reads/?view=signed&page=2").context
    signed = first["signed_count"]
    # Both readers read every subject: 40 subjects, 3 or 4 signed time points of each.
    assert 40 * 3 <= signed <= 40 * 4
    assert len(first["rows"]) == 50
    assert {r.task.pk for r in first["rows"]} & {r.task.pk for r in second["rows"]} == set()
    saved = [row.saved_at for row in [*first["rows"], *second["rows"]]]
    assert saved == sorted(saved, reverse=True)
    to_read = client.get("/reads/").context
    assert to_read["open_count"] + signed == 40 * 4
    due = [row.task.due_at for row in to_read["rows"]]
    assert due == sorted(due)


def test_the_progress_of_reads_is_shown_by_pages_with_counts_of_all() -> None:
    world = make_read_study()
    with scope(world.study):
        load(world, subjects=20, time_points=4)
    client = logged_in(world, "reviewer_operations")
    shown = client.get("/s/ALPHA/reads/").context
    assert shown["counts"]["all"] == 20 * 4 * 2
    assert len(shown["page"].object_list) == 50
    readers = {row.user.pk: row for row in shown["readers"]}
    for name in ("central_reader", "central_reader_2"):
        row = readers[world.users[name].pk]
        assert row.open_count + row.signed_count == 20 * 4
    held = client.get("/s/ALPHA/reads/?view=hold").context
    assert held["page"].paginator.count == 0
