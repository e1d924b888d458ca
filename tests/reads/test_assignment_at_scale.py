"""1,200 subjects × 8 time points × 2 readers are assigned, written and recorded within 10 s."""

from __future__ import annotations

import os

import pytest

from accounts.permissions import Role
from audit.models import Event
from benchmarks import assignment
from reads.models import ReaderStream, ReadTask
from reads.services import qualifying
from studies.scoping import scope
from studies.services import people
from tests.reads.read_world import make_read_study
from tests.world import BUILDER, make_user

pytestmark = pytest.mark.django_db


def test_nineteen_thousand_reads_are_assigned_with_history_and_events() -> None:
    world = make_read_study()
    desk = world.actor("reviewer_operations")
    for number in range(assignment.POOL - 2):
        user = make_user(f"pool_{number}")
        people.grant_role(user, Role.CENTRAL_READER, study=world.study, actor=BUILDER)
        with scope(world.study):
            qualifying.qualify(user, world.study, actor=desk)
    with scope(world.study):
        assignment.load(world)
        seconds, made = assignment.written(world, desk)
        print(f"{made.reads} reads written in {seconds:.1f} s, load {os.getloadavg()[0]:.1f}")
        assert (made.subjects, made.reads, dict(made.refused)) == (1200, 19200, {})
        assert ReadTask.objects.filter(state="assigned").count() == 19200
        assert ReadTask.history.count() == 2 * 19200
        assert ReaderStream.history.count() == 2400
        assert Event.objects.filter(kind="readtask.assign").count() == 19200
