"""The UAT twin of a study: the same design and forms, invented subjects, and nothing that crosses.

A twin is a study of its own, so the fence between studies keeps its rows apart. It takes over the
newest versions of the study's configuration, drafts without problems included, because trying them
before their release is what it is for. Nothing leaves it: no data cut is planned, no mail is sent.
"""

from __future__ import annotations

import io
from typing import Any

from django.db import transaction

from accounts.permissions import Duty, Role
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import RuleBroken
from audit.jobs import enqueue
from audit.models import record
from imaging.models import (
    Preview,
    Series,
    Submission,
)
from imaging.phantom import LesionSpec, SeriesSpec, invented_identity, render
from imaging.services import package
from imaging.storage import previews
from reads.services import planning, qualifying
from reads.services.copies import (
    copy_people,
    copy_schedule,
    practice_site,
    study_after,
    take_over,
)
from reads.services.practicevisits import accept, add_series, add_submission, put_in_package
from studies.models import (
    Configuration,
    Membership,
    Study,
    StudySite,
    Subject,
    TimePoint,
)
from studies.scoping import scope
from studies.services import subjects
from studies.validation import problems_of
from studies.workflows import STUDY, TIME_POINT, may_be_ready

NAME = "UAT twin"
SUFFIX = "-UAT"
JOB = "reads.twin"
#: the invented subjects: longest diameter of the liver lesion in mm, visit by visit
COURSES = ((40.0, 26.0, 24.0), (32.0, 32.0, 44.0))
SLICES, MATRIX, SPACING_MM = 24, 192, 5.0
#: grey values of the soft-tissue window: centre 40 HU, width 400 HU
LOW_HU, WIDTH_HU = -160.0, 400.0
ROLES = (Duty.OPERATIONS, Duty.BLINDED)


def twin_of(study: Study) -> Study | None:
    """Return the twin of a study, None when it has none."""
    return study.uat_twins.first()


def make_twin(study: Study, *, actor: Actor) -> Study:
    """Make the twin of a study, with its people and configuration; subjects follow by a job.

    Raises:
        NotPermitted: the actor may not configure the study.
        RuleBroken: UAT-002 the study is a twin itself, or has one; UAT-003 it has no plan yet.
    """
    actor.require("study.configure")
    if study.uat_twin_of_id:
        raise RuleBroken("A twin has no twin of its own.", rule="UAT-002")
    with transaction.atomic(), acting(actor):
        Study.objects.select_for_update().get(pk=study.pk)
        if twin_of(study) is not None:
            raise RuleBroken("This study has a twin already. Bring it up to date.", rule="UAT-002")
        if not _newest(study, Configuration.Kind.PLAN):
            raise RuleBroken("The study has no plan yet; its clocks need one.", rule="UAT-003")
        twin = study_after(
            study, suffix=SUFFIX, title=f"UAT twin of {study.code}", uat_twin_of=study
        )
        twin.save()
        record("study.make_twin", study, details={"twin": twin.code})
        desk = service(NAME, study_id=twin.pk)
        with scope(twin), acting(desk):
            copy_schedule(study, twin, desk, name=NAME)
            STUDY.move(twin, "open", actor=desk, reason=f"{NAME} of {study.code}")
        bring_up_to_date(twin, actor=actor)
        return twin


def bring_up_to_date(twin: Study, *, actor: Actor) -> int:
    """Give a twin the people and the newest configuration of its study; return what changed.

    Raises:
        RuleBroken: UAT-004 the study is no twin.
    """
    actor.require("study.configure")
    origin = twin.uat_twin_of
    if origin is None:
        raise RuleBroken("This study is no twin.", rule="UAT-004")
    desk = service(NAME, study_id=twin.pk)
    with transaction.atomic(), scope(twin), acting(desk):
        copy_people(origin, twin, desk, duties=ROLES, name=NAME)
        changed = sum(take_over(one, twin, desk) for one in _newest(origin))
        record("study.update_twin", twin, details={"versions": changed})
        key = f"{JOB}:{twin.pk}:{_design_digest(twin)}"
        enqueue(JOB, key=key, row=twin, study_id=twin.pk, twin_id=str(twin.pk))
    return changed


def _design_digest(twin: Study) -> str:
    rows = Configuration.objects.in_study(twin).filter(kind="read_design", state="effective")
    found = rows.first()
    return found.digest if found else "none"


def _newest(study: Study, kind: str = "") -> list[Configuration]:
    """Return the newest usable version of every configuration; drafts with problems stay."""
    rows = Configuration.objects.in_study(study).exclude(state__in=("withdrawn", "superseded"))
    rows = rows.filter(kind=kind) if kind else rows
    found: dict[tuple[str, str], Configuration] = {}
    for one in rows.order_by("version"):
        if one.state != "draft" or not problems_of(one.kind, one.document):
            found[(one.kind, one.key)] = one
    return list(found.values())


# Invented subjects


def furnish(twin: Study) -> int:
    """Give a twin invented subjects with pictures, ready to be read; return how many are new.

    Safe to repeat: subjects that are there stay, readers are qualified for the newest design.
    """
    desk = service(NAME, study_id=twin.pk)
    with scope(twin), acting(desk):
        if not Configuration.objects.filter(kind="read_design", state="effective").exists():
            return 0
        for user in _readers(twin):
            qualifying.qualify(user, twin, actor=desk)
        site = StudySite.objects.first() or practice_site(
            twin, desk, hospital="Invented hospital", name="Invented site", number="901"
        )
        made = 0
        for number, course in enumerate(COURSES, start=1):
            code = f"{site.number}-{number:03d}"
            if not Subject.objects.filter(code=code).exists():
                with transaction.atomic():
                    _subject(site, code, course, desk)
                made += 1
        for subject in Subject.objects.select_related("study"):
            planning.plan_reads(subject, actor=desk)
        return made


def _readers(twin: Study) -> list[Any]:
    rows = Membership.objects.filter(
        study=twin, role=Role.CENTRAL_READER, period__contains=clock.now()
    )
    return [one.user for one in rows.select_related("user")]


def _subject(site: StudySite, code: str, course: tuple[float, ...], desk: Actor) -> None:
    made = subjects.register_subject(
        site, code=code, anchors={"enrolment": clock.today()}, actor=desk, source="site"
    )
    subjects.enrol(made, actor=desk)
    points = sorted(made.time_points.all(), key=lambda one: one.planned_date or clock.today())
    for point, size in zip(points, course, strict=False):
        _make_ready(point, size, desk)


def _make_ready(point: TimePoint, size: float, desk: Actor) -> None:
    point = accept(point, point.planned_date, desk)
    series = _series(point, size, desk)
    put_in_package(point, [package.Choice(series)] if series else [], "1x1", desk)
    # A twin with a dossier definition waits for invented dossiers, as the study does for real ones.
    if may_be_ready(point).ok:
        TIME_POINT.move(point, "make_ready", actor=desk)


def _series(point: TimePoint, size: float, desk: Actor) -> Series | None:
    """Return an invented CT with pictures; none while the study lacks the rules of receipt."""
    held = Configuration.objects.filter(state="effective")
    form = next((one for one in held.filter(kind="form")
                 if one.document.get("purpose") == "transmittal"), None)  # fmt: skip
    profile = held.filter(kind="deid_profile").first()
    guideline = held.filter(kind="guideline").first()
    sender = Membership.objects.filter(study=point.study).order_by("created_at").first()
    if form is None or profile is None or guideline is None or sender is None:
        return None
    row = add_submission(
        point, sender.user, form=form, profile=profile, guideline=guideline, desk=desk
    )
    uid = _uid(row)
    series = add_series(
        row,
        study_uid=uid,
        uid=f"{uid}.1",
        modality="CT",
        description="Invented CT",
        number=1,
        body_part="ABDOMEN",
        instance_count=SLICES,
        facts={"slice_thickness_mm": 5.0},
    )
    pictures = [previews().put_bytes(one) for one in _pictures(point, size)]
    Preview.objects.create(
        study=point.study,
        series=series,
        window="soft",
        objects_sha256=pictures,
        slices=[[f"{uid}.1.{n + 1}", 1, -5.0 * n] for n in range(len(pictures))],
    )
    return series


def _uid(row: Submission) -> str:
    """Return a UID of the UUID-derived root, which anybody may use (DICOM PS3.5 annex B.2)."""
    return f"2.25.{row.pk.int}"


def _pictures(point: TimePoint, size: float) -> list[bytes]:
    """Return the slices of a phantom with one liver lesion as JPEG."""
    import numpy as np
    from PIL import Image

    spec = SeriesSpec(
        identity=invented_identity(1),
        study_date=point.planned_date or clock.today(),
        slices=SLICES,
        matrix=MATRIX,
        spacing_mm=SPACING_MM,
        thickness_mm=5.0,
        lesions=(LesionSpec("T1", "liver_segment_8", size, size * 0.75, size * 0.75),),
        seed=point.subject_id.int % 1000,
    )
    volume = np.asarray(render(spec))
    grey = np.clip((volume - LOW_HU) / WIDTH_HU * 255.0, 0, 255).astype("uint8")
    made = []
    for one in grey:
        out = io.BytesIO()
        Image.fromarray(one).save(out, "JPEG", quality=88)
        made.append(out.getvalue())
    return made
