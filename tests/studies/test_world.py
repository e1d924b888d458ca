"""The test world is built by the services that the product uses."""

import pytest

from audit.errors import Unscoped
from studies.models import Subject, TimePoint
from studies.scoping import scope
from tests.world import make_study

pytestmark = pytest.mark.django_db


def test_a_registered_subject_has_the_time_points_of_the_protocol() -> None:
    world = make_study("ALPHA", sponsor="Norvane")
    with scope(world.study):
        labels = [t.label for t in world.time_points(world.subjects[0])]
    assert labels == ["Baseline", "Week 8", "Week 16"]


def test_asking_without_a_study_is_refused() -> None:
    make_study("ALPHA", sponsor="Norvane")
    with pytest.raises(Unscoped):
        TimePoint.objects.count()


def test_a_scope_shows_one_study_only() -> None:
    alpha = make_study("ALPHA", sponsor="Norvane")
    make_study("BETA", sponsor="Calder")
    with scope(alpha.study):
        assert {s.study_id for s in Subject.objects.all()} == {alpha.study.pk}
