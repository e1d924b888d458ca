"""Workers are killed at random while they de-identify; nothing is lost and nothing is doubled."""

from __future__ import annotations

import random
import time
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

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

#: three visits of them are the 501 instances of the trial with twenty kills
SLICES = 167
PATIENCE_S = 300
#: twice the time that the workers have between all kills, so that there is work left to lose
WORK_S = 12.5


def _sent(folder: Path, visits: int) -> tuple[Any, list[Submission]]:
    """Send visits of one subject, checked by nobody yet: the workers are not started."""
    from imaging.phantom import write_series
    from imaging.services import manifest

    world = make_imaging_study()
    rows = []
    with scope(world.study):
        for index in range(visits):
            row = draft(world, index)
            spec = spec_for(row.time_point, slices=SLICES, spacing_mm=2.0, thickness_mm=2.0)
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
    Job.objects.filter(state=Job.State.RUNNING).update(
        lease_until=datetime.now(UTC) - timedelta(seconds=1)
    )
    jobs.reconcile()


def _open() -> int:
    return Job.objects.filter(
        kind="imaging.process", state__in=[Job.State.PENDING, Job.State.RUNNING]
    ).count()


def _restart(victim: Any, workers: list[Any]) -> None:
    """Kill one worker; the others stand still until it is back, so that work is left to lose."""
    others = [worker for worker in workers if worker is not victim]
    for worker in others:
        worker.pause()
    victim.restart()
    for worker in others:
        worker.go_on()


@pytest.mark.parametrize(
    ("kills", "visits", "count"), [(5, 2, 1), pytest.param(20, 3, 2, marks=pytest.mark.whole)]
)
def test_killed_workers_leave_the_outputs_of_an_undisturbed_run(
    kills: int, visits: int, count: int, tmp_path: Path, worker_processes: Any
) -> None:
    _world, rows = _sent(tmp_path, visits)
    chance = random.Random(20261122)
    workers = worker_processes(count)
    killed = 0
    while killed < kills:
        _let_leases_end()
        if not _open():
            break
        time.sleep(chance.uniform(0.1, WORK_S / kills))
        _restart(chance.choice(workers), workers)
        killed += 1
    _let_leases_end()
    deadline = time.monotonic() + PATIENCE_S
    while _open() and time.monotonic() < deadline:
        time.sleep(1)
        jobs.reconcile()
    for worker in workers:
        worker.stop()
    assert killed == kills
    states = set(Job.objects.filter(kind="imaging.process").values_list("state", flat=True))
    assert states == {Job.State.DONE}
    disturbed = _digests(rows)
    assert [len(pairs) for pairs in disturbed.values()] == [SLICES] * visits
    assert all(len({source for source, _ in pairs}) == SLICES for pairs in disturbed.values())
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
