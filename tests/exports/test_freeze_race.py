"""Two people freeze the same cut at once: one wins, the other is told, and there is one freeze."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from audit.errors import Conflict, IllegalStep
from audit.models import Event, Job
from exports import services
from exports.models import DataCut
from studies.scoping import scope
from tests.exports.cut_world import cleaned, make_cut_study, manager

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_freezes_at_once_one_wins() -> None:
    world = make_cut_study(reads=False)
    with scope(world.study):
        cut = cleaned(world)
        actor = manager(world)
    together = Barrier(2, timeout=60)

    def freeze(number: int) -> str:
        try:
            with scope(world.study):
                mine = DataCut.objects.select_related("study", "specification").get(pk=cut.pk)
                together.wait()
                services.freeze(mine, actor=actor, reason=f"attempt {number}")
        except (Conflict, IllegalStep) as refused:
            return type(refused).__name__
        else:
            return "frozen"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        ends = sorted(pool.map(freeze, (1, 2)))
    assert ends[1] == "frozen"
    assert ends[0] in {"Conflict", "IllegalStep"}
    assert Event.objects.filter(kind="datacut.freeze").count() == 1
    assert Job.objects.filter(kind="exports.generate").count() == 1
    with scope(world.study):
        frozen = DataCut.objects.get(pk=cut.pk)
        assert frozen.item_count == frozen.items.count()
