"""A UAT twin and its dossiers: reads do not wait for what nobody delivers, until somebody asks."""

from __future__ import annotations

import pytest

from audit import jobs
from audit.models import Job
from clinical.services import dossiers as clinical
from clinical.services import standing
from reads.models import ReadTask
from reads.services import twinning
from reads.services.dossiers import may_be_read
from reads.services.dossiers.waiting import nobody_delivers
from studies.actors import actor_for
from studies.models import Study, TimePoint
from studies.scoping import scope
from tests.reads.dossier_world import make_dossier_study, place
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db


def make_twins() -> tuple[StudyWorld, Study]:
    world = make_dossier_study()
    with scope(world.study):
        twin = twinning.make_twin(world.study, actor=world.actor("scientific"))
    row = Job.objects.get(kind=twinning.JOB)
    assert jobs.run(str(row.pk)) == "done", row.error
    return world, twin


def test_reads_of_a_twin_do_not_wait_for_dossiers_before_one_is_asked_for() -> None:
    world, twin = make_twins()
    assert not nobody_delivers(world.study)
    with scope(world.study):
        assert may_be_read(place(world, 1)).ok is False
    with scope(twin):
        assert standing.effective(twin) is not None
        points = list(TimePoint.objects.all())
        assert {point.state for point in points} <= {"ready", "reading"}
        assert all(may_be_read(point).ok for point in points)
        assert ReadTask.objects.exists()
        manager = actor_for(world.users["project_manager"], twin)
        assert manager is not None
        clinical.request(points[0], actor=manager)
        assert may_be_read(points[0]).ok is False
        assert may_be_read(points[1]).ok is True
