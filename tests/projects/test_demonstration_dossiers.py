"""The demonstration's definition of dossiers is sound, and its courses show every state."""

from __future__ import annotations

from clinical.definition import problems_of
from projects.demonstration import secondsource
from projects.demonstration.dossiers import CEA, COURSES, ITEMS, REVISION
from projects.demonstration.story import LIVES


def test_the_definition_of_the_demonstration_has_no_problems() -> None:
    assert problems_of({"schema": "dossier-definition/1", "items": ITEMS}) == []


def test_each_dossier_is_of_a_time_point_whose_images_came() -> None:
    came = {(life.number, visit.code) for life in LIVES for visit in life.visits}
    assert {(course.subject, course.code) for course in (*COURSES, REVISION)} <= came
    assert {(number, "baseline") for number in CEA} <= came
    assert {course.until for course in COURSES} == {"reconciled", "received", "requested"}


def test_every_baseline_that_is_read_or_waits_for_its_reader_has_its_dossier() -> None:
    follow_up = {life.number for life in LIVES if len(life.visits) > 1}
    assert {n for n in follow_up if n < 17} <= set(CEA)
    opened = {life.number for life in LIVES for visit in life.visits if visit.looks}
    assert opened <= set(CEA)


def test_the_second_source_differs_in_a_few_values_of_dossiers_that_hold() -> None:
    for differing in (secondsource.FIRST, secondsource.SECOND):
        assert differing.keys() <= CEA.keys()
    assert all(float(said) != float(CEA[n]) for n, said in secondsource.SECOND.items())
