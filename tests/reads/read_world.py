"""A study that is read: design, qualified readers, visits with pictures, reads to sign."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from PIL import Image

from audit import clock, jobs
from audit.actors import acting, service
from audit.models import Job
from imaging.models import (
    ImagingStudy,
    PackageSeries,
    Preview,
    ReadPackage,
    Series,
    SeriesTimePoint,
    Submission,
)
from imaging.services import package
from imaging.storage import previews
from reads.models import AdjudicationCase, ReadSession, ReadTask
from reads.services import qualifying, reading
from studies.models import Configuration, TimePoint
from studies.scoping import scope
from studies.services import forms
from studies.workflows import TIME_POINT
from tests.imaging.upload_world import make_imaging_study
from tests.remembering import continued, remembered
from tests.world import (
    BUILDER,
    StudyWorld,
    _configure,
    logged_in,  # noqa: F401 - tests ask for it here
)

DESIGN: dict[str, Any] = {
    "form": "ecrf_recist11",
    "readers_per_subject": 2,
    "criteria": [{"key": "RECIST11", "parameters": {}}],
    "adjudication": {"variables": ["overall_response"]},
    "blinding": "blinding",
}
BLINDING: dict[str, Any] = {
    "hide": ["site", "subject", "dates", "visit", "people", "peer_reads", "time_point_count"]
}
READERS = ("central_reader", "central_reader_2")


@remembered
def make_read_study(
    code: str = "ALPHA",
    sponsor: str = "Norvane",
    *,
    own_form: Mapping[str, Any] | None = None,
    **design: Any,
) -> StudyWorld:
    """Return a study with an effective read design and two qualified readers.

    Args:
        own_form: document of an eCRF that the study has besides the platform's own.
        design: items of the read design that differ from ``DESIGN``.
    """
    world = make_imaging_study(code, sponsor)
    with scope(world.study):
        if own_form is not None:
            kind, key, title = Configuration.Kind.FORM, own_form["key"], own_form["title"]
            _configure(world, kind, key, title, own_form)
            design = {"form": key, **design}
        _configure(world, Configuration.Kind.BLINDING, "blinding", "Blinding B-1", BLINDING)
        _configure(world, Configuration.Kind.READ_DESIGN, "design", "Read design", DESIGN | design)
        for name in READERS:
            qualifying.qualify(world.users[name], world.study, actor=world.actor("project_manager"))
    return world


def picture(shade: int) -> bytes:
    """Return a small grey JPEG."""
    out = io.BytesIO()
    Image.new("L", (64, 64), shade % 256).save(out, "JPEG")
    return out.getvalue()


def add_series(
    world: StudyWorld, time_point: TimePoint, *, slices: int = 12, **facts: Any
) -> Series:
    """Put a series with pictures into a visit, as the intake leaves it."""
    subject = time_point.subject
    kinds = Configuration.objects.in_study(world.study)
    with acting(BUILDER):
        row = Submission(
            study=world.study,
            subject=subject,
            study_site=subject.study_site,
            time_point=time_point,
            number=Submission.objects.in_study(world.study).count() + 1,
            sender=world.users["site_user"],
            form_record=forms.start(kinds.get(key="transmittal_ct"), actor=BUILDER),
            profile=kinds.get(kind="deid_profile"),
            guideline=kinds.get(kind="guideline"),
        )
        row.save()
        uid = f"1.2.826.0.1.3680043.8.498.{row.number}"
        imaging_study = ImagingStudy(
            study=world.study, subject=subject, uid=uid, original_key=f"{row.number:064d}"
        )
        imaging_study.save()
        series = Series(
            study=world.study,
            imaging_study=imaging_study,
            submission=row,
            uid=f"{uid}.1",
            original_key=f"{row.number:064d}",
            modality="CT",
            description=facts.pop("description", "CT CHEST ABDOMEN"),
            number=2,
            body_part="ABDOMEN",
            instance_count=slices,
            facts={"slice_thickness_mm": 5.0, **facts},
        )
        series.save()
        SeriesTimePoint(study=world.study, series=series, time_point=time_point).save()
    store = previews()
    for window, base in (("soft", 40), ("lung", 90)):
        Preview.objects.create(
            study=world.study,
            series=series,
            window=window,
            objects_sha256=[
                store.put_bytes(picture(base + number + row.number)) for number in range(slices)
            ],
            slices=[[f"{uid}.1.{n}", 1, 100.0 - 5 * n] for n in range(slices)],
        )
    return series


def ready(world: StudyWorld, time_point: TimePoint, **how: Any) -> ReadPackage:
    """Bring a visit to "ready to read" with a released package, assessed on the planned day."""
    desk = service("world builder", study_id=world.study.pk)
    series = add_series(world, time_point, **how)
    time_point = TIME_POINT.move(
        time_point,
        "receive",
        actor=desk,
        changes={"assessment_date": time_point.planned_date or clock.today()},
    )
    for name in ("start_qc", "accept"):
        TIME_POINT.move(time_point, name, actor=desk)
    with acting(desk):
        built = ReadPackage(
            study=world.study,
            time_point=time_point,
            digest=package.content_digest([package.Choice(series)], "1x1"),
        )
        built.save()
        PackageSeries.objects.create(
            study=world.study, package=built, series=series, order=1, label=""
        )
    package.release(built, actor=desk)
    TIME_POINT.move(time_point, "make_ready", actor=desk)
    return built


def run_jobs() -> list[str]:
    """Run every waiting job of reads here and now; return the states they end in."""
    done = []
    while row := Job.objects.filter(kind__startswith="reads.", state="pending").first():
        done.append(jobs.run(str(row.pk)))
    return done


def task_of(world: StudyWorld, name: str, sequence: int = 1, subject: int = 0) -> ReadTask:
    """Return a reader's live task by its place."""
    return ReadTask.objects.exclude(state__in=["reassigned", "cancelled"]).get(
        stream__reader=world.users[name],
        stream__subject=world.subjects[subject],
        stream__closed_reason="",
        sequence=sequence,
    )


def reader(world: StudyWorld, name: str) -> Any:
    """Return a reader as actor."""
    return world.actor("central_reader", name)


def lesion(label: str, size: str, *, organ: str = "LIVER", **more: Any) -> dict[str, Any]:
    """Return a measured target lesion of the eCRF."""
    row = {
        "label": label,
        "location": organ,
        "detail": "segment 7",
        "method": "CT SCAN",
        "state": "MEASURED",
        "slice": "4",
        "long_axis": size,
    }
    return {**row, **more}


def baseline_answers(*sizes: str) -> dict[str, Any]:
    """Return a complete baseline: targets T01, T02 … in liver and lung, one non-target."""
    organs = ("LIVER", "LUNG", "KIDNEY")
    rows = [
        lesion(f"T{n + 1:02d}", size, organ=organs[n], irradiated=False)
        for n, size in enumerate(sizes)
    ]
    return {
        "quality": {"overall": "ADEQUATE"},
        "target": {"none": False, "lesions": rows},
        "non_target": {
            "none": False,
            "lesions": [{"label": "NT01", "location": "PLEURA", "state": "PRESENT"}],
        },
    }


def follow_up_answers(
    carried: Mapping[str, Any], sizes: tuple[str, ...], response: tuple[str, str, str]
) -> dict[str, Any]:
    """Return a complete follow-up over the lesions carried forward.

    Args:
        response: target, non-target and overall response as the reader enters them.
    """
    targets = [
        {**row, "state": "MEASURED", "slice": "5", "long_axis": size}
        for row, size in zip(carried["target"]["lesions"], sizes, strict=True)
    ]
    others = [{**row, "state": "PRESENT"} for row in carried["non_target"]["lesions"]]
    target, non_target, overall = response
    return {
        "quality": {"overall": "ADEQUATE"},
        "target": {"lesions": targets},
        "non_target": {"lesions": others},
        "new": {"any": False},
        "response": {
            "target": target,
            "non_target": non_target,
            "new": "NONE",
            "overall": overall,
        },
    }


def fill(world: StudyWorld, name: str, session: ReadSession, answers: Mapping[str, Any]) -> None:
    """Save answers as a reader."""
    reading.save(
        session, answers, seen_version=session.form_record.version, actor=reader(world, name)
    )


def sign(world: StudyWorld, name: str, session: ReadSession) -> ReadSession:
    """Review and sign as a reader."""
    reading.review(session, actor=reader(world, name))
    return reading.sign(
        session, actor=reader(world, name), assent=world.assent("central_reader", "read", name=name)
    )


def read_baseline(world: StudyWorld, name: str, *sizes: str, subject: int = 0) -> ReadSession:
    """Read and sign a baseline."""
    task = task_of(world, name, 1, subject)
    session = reading.open_session(task, actor=reader(world, name))
    fill(world, name, session, baseline_answers(*sizes))
    return sign(world, name, session)


def read_follow_up(
    world: StudyWorld,
    name: str,
    sequence: int,
    sizes: tuple[str, ...],
    response: tuple[str, str, str],
    *,
    subject: int = 0,
    comment: str = "",
) -> ReadSession:
    """Read and sign a follow-up."""
    task = task_of(world, name, sequence, subject)
    session = reading.open_session(task, actor=reader(world, name))
    answers = follow_up_answers(session.form_record.answers, sizes, response)
    if comment:
        answers["remarks"] = {"comment": comment}
    fill(world, name, session, answers)
    return sign(world, name, session)


def days_later(time_point: TimePoint, days: int) -> Any:
    """Return a day after a visit's plan."""
    return (time_point.planned_date or clock.today()) + timedelta(days=days)


@continued
def disagreement(world: StudyWorld, *, comment: str = "") -> AdjudicationCase:
    """Read baseline and first follow-up twice, with different responses; return the open case.

    Reader 1 and 2 measure 40 mm and 20 mm at baseline. One then finds 30 + 15 = 45 mm (−25 %,
    stable), the other 25 + 12 = 37 mm (−38.3 %, partial response).
    """
    points = world.time_points(world.subjects[0])
    for time_point in points[:2]:
        ready(world, time_point)
    run_jobs()
    for name in READERS:
        read_baseline(world, name, "40.0", "20.0")
    stable = ("SD", "NON-CR/NON-PD", "SD")
    partial = ("PR", "NON-CR/NON-PD", "PR")
    read_follow_up(world, READERS[0], 2, ("30.0", "15.0"), stable)
    read_follow_up(world, READERS[1], 2, ("25.0", "12.0"), partial, comment=comment)
    run_jobs()
    return AdjudicationCase.objects.get()
