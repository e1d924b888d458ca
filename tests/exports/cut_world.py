"""A study with a small signed read and cuts of it, made through the services."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from audit import clock, jobs
from audit.models import Job
from exports import services
from exports.models import DataCut
from imaging.storage import deliveries
from studies.models import Configuration
from studies.scoping import scope
from tests.reads.read_world import (
    READERS,
    make_read_study,
    read_baseline,
    read_follow_up,
    ready,
    run_jobs,
)
from tests.remembering import remembered
from tests.world import StudyWorld, _configure

DATASETS = ["queries", "rs", "subjects", "time_points", "tr", "tu"]
FILES = {
    "ALPHA_cut01.zip",
    "SHA256SUMS",
    "manifest.json",
    "queries.csv",
    "rs.csv",
    "subjects.csv",
    "timepoints.csv",
    "tr.csv",
    "tu.csv",
}
REASON = "The sponsor agreed to the open items."


@remembered
def make_cut_study(*, reads: bool = True) -> StudyWorld:
    """Return a study with a transfer specification; with one visit or two read by both readers."""
    world = make_read_study()
    with scope(world.study):
        document = {"datasets": DATASETS}
        _configure(world, Configuration.Kind.TRANSFER, "transfer", "Transfer", document)
        if reads:
            read_twice(world)
    return world


def read_twice(world: StudyWorld) -> None:
    """Let both readers read baseline (40 + 20 mm) and week 8 (30 + 15 mm, stable)."""
    for time_point in world.time_points(world.subjects[0])[:2]:
        ready(world, time_point)
    run_jobs()
    for name in READERS:
        read_baseline(world, name, "40.0", "20.0")
    for name in READERS:
        read_follow_up(world, name, 2, ("30.0", "15.0"), ("SD", "NON-CR/NON-PD", "SD"))
    run_jobs()


def manager(world: StudyWorld) -> Any:
    """Return the data manager as actor."""
    return world.actor("data_manager")


def cleaned(world: StudyWorld, title: str = "Safety cut 1") -> DataCut:
    """Return a cut up to today whose cleaning has begun."""
    day = clock.today(world.study.time_zone)
    cut = services.plan_cut(
        world.study,
        title=title,
        cut_off=day,
        planned_for=day + timedelta(days=7),
        actor=manager(world),
    )
    return services.start_cleaning(cut, actor=manager(world))


def generated(world: StudyWorld, title: str = "Safety cut 1") -> DataCut:
    """Return a cut that was frozen and whose files were made by the job."""
    cut = services.freeze(cleaned(world, title), actor=manager(world), reason=REASON)
    job = Job.objects.get(kind="exports.generate", object_id=str(cut.pk))
    assert jobs.run(str(job.pk)) == "done"
    return DataCut.objects.select_related("study", "specification").get(pk=cut.pk)


def released(world: StudyWorld, title: str = "Safety cut 1") -> DataCut:
    """Return a cut released by signature."""
    return services.release(
        generated(world, title),
        actor=manager(world),
        assent=world.assent("data_manager", "release"),
    )


def content(cut: DataCut, name: str) -> bytes:
    """Return a file of a cut as it was delivered."""
    return deliveries().read(cut.files.get(name=name).sha256)


def rows(cut: DataCut, name: str) -> list[Mapping[str, str]]:
    """Return a delivered table."""
    text = content(cut, name).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def hashes(cut: DataCut) -> dict[str, str]:
    """Return name -> SHA-256 of a cut's files."""
    return dict(cut.files.values_list("name", "sha256"))
