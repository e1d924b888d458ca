"""T02 at the database: killed just before and just after its commits, work is whole and once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from audit.models import Event, Job
from imaging.models import DeidReport, Instance
from imaging.storage import research
from queries.models import Query
from studies.scoping import scope
from tests.imaging.cut_worker import CutWorker
from tests.imaging.test_worker_loss import _digests, _let_leases_end, _undisturbed
from tests.imaging.upload_world import job_of, make_imaging_study, received
from tests.settings import RUN

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.whole]

SLICES = 6


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("stride", [2, 1])
def test_t02_a_submission_cut_at_commits_arrives_whole_and_once(
    stride: int, when: str, tmp_path: Path
) -> None:
    """Each run is cut later than the one before: what is done stays, the rest is done again."""
    world = make_imaging_study()
    with scope(world.study):
        row = received(world, tmp_path, slices=SLICES)
        job = job_of(row, "imaging.process")
    cut = 0
    with CutWorker(RUN.process_environment()) as worker:
        while worker.run(job.pk, 1 + cut * stride, when) == "killed":
            cut += 1
            _let_leases_end()
            Job.objects.filter(pk=job.pk).update(attempts=0)
    assert cut >= 2
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
