"""One world for all tests of a module: built once, rolled back to after every test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.projects.lives import bring, first_point, make_world, query_about, submission_of
from tests.rolled_back import rolled_back
from tests.world import StudyWorld


@pytest.fixture(scope="module")
def shared(django_db_setup: None, django_db_blocker: Any) -> Iterator[StudyWorld]:
    """A study with a scan in QC that has a query, a received scan, and expected visits."""
    with django_db_blocker.unblock(), rolled_back():
        world = make_world()
        tp = first_point(world)
        submission_of(world, tp)
        bring(world, tp, "in_qc")
        query_about(world, tp)
        other = first_point(world, subject=1)
        submission_of(world, other, until="received")
        bring(world, other, "received")
        yield world


@pytest.fixture
def world(shared: StudyWorld) -> Iterator[StudyWorld]:
    """The shared world, as it was built."""
    with rolled_back():
        for row in (*shared.subjects, *shared.users.values()):
            row.refresh_from_db()
        yield shared
