"""One object of every kind in a study, for the table of addresses and roles."""

from __future__ import annotations

from typing import Any

from audit import clock
from audit.actors import acting
from audit.jobs import enqueue
from exports.datasets import BUILDERS
from exports.models import CutFile, DataCut
from exports.services import plan_cut
from exports.workflows import DATA_CUT
from imaging.models import DeidReport, Finding, Preview, Series
from imaging.storage import deliveries
from reads.models import ReadTask
from reads.services.charters import start_from_template
from studies.models import Anchor, Configuration, Membership
from studies.scoping import scope
from tests.projects.lives import query_about, submission_of
from tests.reads.read_world import disagreement
from tests.world import BUILDER, StudyWorld, _configure


def own_objects(world: StudyWorld) -> dict[str, Any]:
    """Return the key of one object of each kind, all of the first site's first subject."""
    with scope(world.study):
        case = disagreement(world)
        subject = world.subjects[0]
        visit = world.time_points(subject)[2]
        sent = submission_of(world, visit)
        query = query_about(world, visit)
        with acting(BUILDER):
            finding = Finding(
                study=world.study,
                submission=sent,
                code="missing_slices",
                level=Finding.Level.ERROR,
                title="Slices are missing",
                key="missing",
            )
            finding.save()
            DeidReport.objects.create(
                study=world.study,
                submission=sent,
                profile_digest=sent.profile.digest,
                engine_version="1",
                document={
                    "effects": {},
                    "outcomes": {"cleaned": 1},
                    "files": [],
                    "verified": {"files": 1, "pixels_unchanged": 1},
                    "profile": {"name": "trial", "version": 1, "digest": "a" * 64, "methods": []},
                },
            )
            job = enqueue("projects.verify_chain", key=f"job of {world.study}", row=sent)
        series = Series.objects.filter(submission__subject=subject).first()
        assert series is not None
        task = ReadTask.objects.filter(
            stream__reader=world.users["central_reader"], stream__subject=subject
        ).first()
        cut = _cut(world)
        return {
            "time_point": visit.pk,
            "subject": subject.pk,
            "anchor": Anchor.objects.get(subject=subject).pk,
            "membership": Membership.objects.get(study=world.study, role="data_recipient").pk,
            "configuration": Configuration.objects.get(key="plan").pk,
            "design": _draft_of_the_charter(world),
            "submission": sent.pk,
            "query": query.pk,
            "finding": finding.pk,
            "series": series.pk,
            "sha256": Preview.objects.filter(series=series).first().objects_sha256[0],
            "task": task.pk,
            "case": case.pk,
            "job": job.pk,
            "cut": cut.pk,
            "file": "tr.csv",
            "user": world.users["data_recipient"].pk,
        }


def _draft_of_the_charter(world: StudyWorld) -> object:
    return start_from_template(world.study, "single", actor=BUILDER).pk


def _cut(world: StudyWorld) -> DataCut:
    """Release a cut of one file."""
    _configure(
        world, Configuration.Kind.TRANSFER, "transfer", "Transfer", {"datasets": sorted(BUILDERS)}
    )
    cut = plan_cut(
        world.study,
        title="Interim cut 1",
        cut_off=clock.today(),
        planned_for=clock.today(),
        actor=world.actor("data_manager"),
    )
    content = b"STUDYID\r\n"
    CutFile.objects.create(
        study=world.study,
        cut=cut,
        name="tr.csv",
        sha256=deliveries().put_bytes(content),
        size=len(content),
    )
    for name in ("start_cleaning", "freeze", "generate"):
        DATA_CUT.move(cut, name, actor=BUILDER)
    assent = world.assent("data_manager", "release")
    return DATA_CUT.move(cut, "release", actor=world.actor("data_manager"), assent=assent)
