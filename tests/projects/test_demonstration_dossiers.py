"""The demonstration's definition of dossiers is sound, and its courses show every state."""

from __future__ import annotations

from clinical.definition import problems_of
from projects.demonstration.dossiers import COURSES, ITEMS
from projects.demonstration.story import LIVES


def test_the_definition_of_the_demonstration_has_no_problems() -> None:
    assert problems_of({"schema": "dossier-definition/1", "items": ITEMS}) == []


def test_each_course_is_of_a_time_point_whose_images_came() -> None:
    came = {(life.number, visit.code) for life in LIVES for visit in life.visits}
    assert {(course.subject, course.code) for course in COURSES} <= came
    states = {course.until for course in COURSES}
    assert states == {"applied", "reconciled", "received", "requested"}
    assert any(course.revised for course in COURSES)  # one version is superseded
