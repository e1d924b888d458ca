"""Every kind of job that runs twice leaves what it left once (trust T06)."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection

from audit import jobs
from audit.guards import own_models
from audit.models import ChainLink, Job, SealedShape
from studies.scoping import scope
from tests.imaging.upload_world import in_qc, make_imaging_study
from tests.reads.read_world import make_read_study, read_baseline, ready
from tests.reads.read_world import run_jobs as run_reads

pytestmark = pytest.mark.django_db

#: Where a kind is run twice; a new kind has to be put here with its test.
PROVED = {
    "imaging.check": "here",
    "imaging.process": "here",
    "reads.plan": "here",
    "reads.settle": "here",
    "projects.notify": "here",
    "reads.accept": "test_readers_who_differ_open_one_case_and_the_adjudicators_choice_counts",
    "exports.generate": "test_verifying_makes_the_files_again_and_finds_a_damaged_one",
    "projects.verify_chain": "test_a_flushed_broker_loses_no_work",
}


def contents() -> dict[str, str | None]:
    """Return a digest of every table of ours, but for the jobs and the seals."""
    found = {}
    with connection.cursor() as cursor:
        for model in own_models():
            if model in {Job, ChainLink, SealedShape}:
                continue
            table = model._meta.db_table
            cursor.execute(
                f'SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{table}" t'
            )
            (found[table],) = cursor.fetchone()
    return found


def run_waiting() -> None:
    for _ in range(50):
        row = Job.objects.filter(state="pending").order_by("created_at").first()
        if row is None:
            return
        assert jobs.run(str(row.pk)) == "done", (row.kind, row.error)
    raise AssertionError("the jobs do not end")


def run_everything_again() -> set[str]:
    """Run every finished job again and return their kinds."""
    kinds = set()
    for row in list(Job.objects.order_by("created_at")):
        Job.objects.filter(pk=row.pk).update(state="pending", attempts=0, finished_at=None)
        assert jobs.run(str(row.pk)) == "done", row.kind
        kinds.add(row.kind)
    run_waiting()
    return kinds


#: kinds whose second run has no test of its own yet; nothing may join them unnoticed
OPEN = {
    "imaging.arrival",
    "imaging.consent",
    "imaging.deliver",
    "imaging.move",
    "imaging.phantom",
    "imaging.sweep",
}


def test_every_kind_of_job_says_where_it_is_run_twice() -> None:
    assert set(jobs.KINDS) == set(PROVED) | OPEN
    assert not set(PROVED) & OPEN


def test_the_jobs_of_an_upload_run_twice_change_nothing(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        in_qc(world, tmp_path)
        run_waiting()
        before = contents()
        kinds = run_everything_again()
        assert contents() == before
    assert kinds >= {"imaging.check", "imaging.process"}


def test_the_jobs_of_a_read_run_twice_change_nothing() -> None:
    world = make_read_study()
    with scope(world.study):
        ready(world, world.time_points(world.subjects[0])[0])
        run_reads()
        for name in ("central_reader", "central_reader_2"):
            read_baseline(world, name, "40", "20")
        run_waiting()
        before = contents()
        kinds = run_everything_again()
        assert contents() == before
    assert kinds >= {"reads.plan", "reads.settle"}
    assert {kind for kind, where in PROVED.items() if where == "here"} - kinds <= {
        "imaging.check",
        "imaging.process",
        "projects.notify",
    }
