"""T01: workers are killed while they de-identify; nothing is lost and nothing is doubled.

A child is killed at a random file of a visit that it cleans, so that every kill costs work under
way; at some of the moments the whole worker is killed with everything that it started.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from audit import jobs
from audit.models import Job
from imaging.models import Instance, Submission
from imaging.storage import research
from studies.scoping import across_studies, scope
from tests.imaging.upload_world import draft, fill_form, make_imaging_study, send, spec_for
from tests.plugins.processes import lives

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

#: three visits of these are the 501 instances of the trial with twenty kills
MANY, FEW = 167, 100
#: the last file at which a kill comes: a visit is one batch, so that all of it is begun anew
LATEST = {MANY: 125, FEW: 50}
PATIENCE_S = 300
LOOK_S = 0.005


def _sent(folder: Path, visits: int, slices: int) -> tuple[Any, list[Submission]]:
    """Send visits of one subject, checked by nobody yet: the workers are not started."""
    from imaging.phantom import write_series
    from imaging.services import manifest

    world = make_imaging_study()
    rows = []
    with scope(world.study):
        for index in range(visits):
            row = draft(world, index)
            spec = spec_for(row.time_point, slices=slices, spacing_mm=2.0, thickness_mm=2.0)
            write_series(folder / str(index), spec)
            manifest.upload_folder(row, folder / str(index), actor=world.actor("site_user"))
            fill_form(world, row)
            rows.append(send(world, row))
        Job.objects.filter(kind="imaging.check").update(state=Job.State.CANCELLED)
    return world, rows


def _digests(rows: list[Submission]) -> dict[str, set[tuple[str, str]]]:
    found = {}
    for row in rows:
        pairs = Instance.objects.filter(series__submission=row).values_list(
            "source_sha256", "sha256"
        )
        found[str(row.time_point_id)] = set(pairs)
    return found


def _let_leases_end() -> None:
    """A lost worker's lease runs out after a minute; here the minute is over at once."""
    for job in Job.objects.filter(state=Job.State.RUNNING):
        if not lives(int(job.worker.split(":")[1])):
            Job.objects.filter(pk=job.pk, worker=job.worker).update(
                lease_until=datetime.now(UTC) - timedelta(seconds=1)
            )
    jobs.reconcile()


def _processing() -> Any:
    return Job.objects.filter(kind="imaging.process")


def _open() -> int:
    return int(_processing().filter(state__in=[Job.State.PENDING, Job.State.RUNNING]).count())


class _Cleaning:
    """Watches visits being cleaned, by clean files that lie in the store and do not count yet."""

    def __init__(self, rows: list[Submission]) -> None:
        store = Path(research().root or "") / ".incoming"
        self._folders = {str(row.pk): store / row.pk.hex for row in rows}
        self._since = dict.fromkeys(self._folders, 0.0)

    def reached(self, files: int) -> tuple[str, int]:
        """Wait until a visit has so many clean files; return which, and the child at work on it."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for visit in self._folders:
                if self._parts(visit) >= files:
                    job = _processing().get(object_id=visit)
                    pid = int(job.worker.split(":")[1]) if job.state == Job.State.RUNNING else 0
                    if pid and lives(pid):
                        return visit, pid
            if not _open():
                break
            time.sleep(LOOK_S)
        raise AssertionError(f"nothing is cleaned: {list(_processing().values_list('state'))}")

    def lost(self, visit: str) -> None:
        """What lies there of a visit was left by the dead and is not looked at again."""
        self._since[visit] = time.time()

    def _parts(self, visit: str) -> int:
        try:
            with os.scandir(self._folders[visit]) as there:
                return sum(
                    one.name.endswith(".part") and one.stat().st_mtime > self._since[visit]
                    for one in there
                )
        except FileNotFoundError:  # the folder, or a file of it, was just cleared away
            return 0


@contextmanager
def _standing_still(workers: list[Any]) -> Iterator[None]:
    """Workers stand still meanwhile, so that work is left to lose."""
    for worker in workers:
        worker.pause()
    try:
        yield
    finally:
        for worker in workers:
            worker.go_on()


@pytest.mark.parametrize(
    ("children", "wholes", "slices"),
    [(4, 1, FEW), pytest.param(20, 5, MANY, marks=pytest.mark.whole)],
    ids=["sample", "20 children and 5 workers"],
)
def test_killed_workers_leave_the_outputs_of_an_undisturbed_run(
    children: int, wholes: int, slices: int, tmp_path: Path, worker_processes: Any
) -> None:
    count = 1 if slices == FEW else 2
    visits = count + 1
    _world, rows = _sent(tmp_path, visits, slices)
    chance = random.Random(20261122)
    workers = worker_processes(count)
    whole_ones = set(chance.sample(range(children + wholes), wholes))
    cleaning = _Cleaning(rows)
    killed: list[int] = []
    for number in range(children + wholes):
        _let_leases_end()
        visit, victim = cleaning.reached(chance.randint(1, LATEST[slices]))
        worker = next(one for one in workers if victim in one.children())
        if number in whole_ones:
            with _standing_still([one for one in workers if one is not worker]):
                worker.restart()
        else:
            worker.lose_child(victim)
        assert not lives(victim)
        cleaning.lost(visit)
        killed.append(victim)
    assert len(set(killed)) == children + wholes
    print(f"killed {children} children and {wholes} workers")
    deadline = time.monotonic() + PATIENCE_S
    while _open() and time.monotonic() < deadline:
        _let_leases_end()
        time.sleep(0.2)
    for worker in workers:
        worker.stop()
    states = set(_processing().values_list("state", flat=True))
    assert states == {Job.State.DONE}
    assert sum(_processing().values_list("attempts", flat=True)) == len(killed) + visits
    disturbed = _digests(rows)
    assert [len(pairs) for pairs in disturbed.values()] == [slices] * visits
    assert all(len({source for source, _ in pairs}) == slices for pairs in disturbed.values())
    for pairs in disturbed.values():
        assert all(research().is_whole(digest) for _, digest in pairs)
    assert disturbed == _undisturbed(rows)


def _undisturbed(rows: list[Submission]) -> dict[str, set[tuple[str, str]]]:
    """Clean the same arrivals once more, in one quiet run, and return what it would store."""
    from imaging.pipeline.deidentify import deidentify_file
    from imaging.services import cleaning, intake

    found = {}
    with across_studies("the undisturbed run"):
        for row in rows:
            fresh = Submission.objects.select_related("study__sponsor").get(pk=row.pk)
            with intake.opened(fresh, lambda *_: None) as opened:
                plan = cleaning.plan_of(fresh, opened)
                pairs = set()
                for item in opened.examined:
                    target = item.path.with_suffix(".out")
                    outcome = deidentify_file(item.path, target, plan=plan)
                    pairs.add((item.row.sha256, outcome.sha256_after))
            found[str(row.time_point_id)] = pairs
    return found
