"""T02 at the database: killed just before and just after each commit, work is whole and once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from audit.models import Event, Job
from imaging.models import DeidReport, Instance, Submission
from imaging.services import ahead
from imaging.storage import research
from queries.models import Query
from studies.scoping import scope
from tests.imaging.cut_worker import KILLED, CutWorker
from tests.imaging.test_worker_loss import _digests, _let_leases_end, _undisturbed
from tests.imaging.upload_world import job_of, make_imaging_study, received
from tests.settings import RUN

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.whole]

SLICES = 6
#: far more than there are commits: each run ends at a commit at which none ended before
MOST = 200
#: functions that end a transaction on the way to QC, whether or not the files were cleaned ahead
ON_THE_WAY = ("jobs._claim", "process.clean", "storing._write_rows", "process.start_qc",
              "jobs._finish")  # fmt: skip


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("cleaned", ["ahead", "anew"])
def test_t02_a_submission_cut_at_every_commit_arrives_whole_and_once(
    cleaned: str, when: str, tmp_path: Path, record_property: Any
) -> None:
    """A run dies at each commit in turn; the next one finds what is done and does the rest."""
    world = make_imaging_study()
    with scope(world.study):
        row = received(world, tmp_path, slices=SLICES)
        job = job_of(row, "imaging.process")
        if cleaned == "anew":
            ahead.drop(row)
    places = []
    with CutWorker(RUN.process_environment()) as worker:
        while (answer := worker.run(job.pk, when)).startswith(KILLED):
            places.append(answer.removeprefix(KILLED))
            assert len(places) < MOST
            _nothing_is_half_there(row)
            _let_leases_end()
            Job.objects.filter(pk=job.pk).update(attempts=0)
    record_property("kills", len(places))
    print(f"killed {when} {len(places)} commits of a visit cleaned {cleaned}")
    # Killed after its last commit the job is over: there is nothing left to run.
    assert answer == ("done" if when == "before" else "not free")
    assert len(set(places)) == len(places)
    for function in ON_THE_WAY:
        assert any(f"{function}:" in place for place in places), function
    job.refresh_from_db()
    assert job.state == Job.State.DONE
    with scope(world.study):
        row.refresh_from_db()
        assert row.state == "in_qc"
        kept = list(Instance.objects.filter(series__submission=row))
        assert len(kept) == len({one.source_sha256 for one in kept}) == SLICES
        assert all(research().is_whole(one.sha256) for one in kept)
        assert row.series.count() == 1
        assert DeidReport.objects.filter(submission=row).count() == 1
        assert not Query.objects.exists()
    steps = Counter(
        Event.objects.filter(object_id=str(row.pk), kind__startswith="submission.").values_list(
            "kind", flat=True
        )
    )
    assert steps["submission.deidentify"] == steps["submission.start_qc"] == 1, steps
    assert _digests([row]) == _undisturbed([row])


def _nothing_is_half_there(row: Submission) -> None:
    """What has a row is stored whole, no file has two, and QC has the series with all its files."""
    with scope(row.study):
        kept = list(Instance.objects.filter(series__submission=row))
        assert len(kept) == len({one.source_sha256 for one in kept}) <= SLICES
        assert all(research().is_whole(one.sha256) for one in kept)
        row.refresh_from_db()
        if row.state != "received":
            assert len(kept) == SLICES
            assert DeidReport.objects.filter(submission=row).count() == 1
