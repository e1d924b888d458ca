"""Visits made for practice, of a twin or of a training case: nothing of them was sent by a site."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any

from audit.actors import Actor
from imaging.models import (
    ImagingStudy,
    PackageSeries,
    ReadPackage,
    Series,
    SeriesTimePoint,
    Submission,
)
from imaging.services import package
from studies.models import Configuration, TimePoint
from studies.services import forms
from studies.workflows import TIME_POINT


def accept(point: TimePoint, day: date | None, desk: Actor) -> TimePoint:
    """Bring a visit to where its images wait for a package, as of a day of assessment."""
    moved: TimePoint = TIME_POINT.move(
        point, "receive", actor=desk, changes={"assessment_date": day}
    )
    for name in ("start_qc", "accept"):
        moved = TIME_POINT.move(moved, name, actor=desk)
    return moved


def add_submission(
    point: TimePoint,
    sender: Any,
    *,
    form: Configuration,
    profile: Configuration,
    guideline: Configuration,
    desk: Actor,
) -> Submission:
    """Write the submission that the series of a visit belong to."""
    made = Submission(
        study_id=point.study_id,
        subject=point.subject,
        study_site=point.subject.study_site,
        time_point=point,
        number=Submission.objects.count() + 1,
        sender=sender,
        form_record=forms.start(form, actor=desk),
        profile=profile,
        guideline=guideline,
    )
    made.save()
    return made


def add_series(row: Submission, *, study_uid: str, uid: str, **facts: Any) -> Series:
    """Write a series of a submission, in a DICOM study of its own, and join it to the visit.

    Args:
        study_uid: Study Instance UID. uid: Series Instance UID. facts: columns of the series.
    """
    imaging_study = ImagingStudy(
        study_id=row.study_id,
        subject=row.subject,
        uid=study_uid,
        original_key=hidden_key(study_uid),
    )
    imaging_study.save()
    made = Series(
        study_id=row.study_id,
        imaging_study=imaging_study,
        submission=row,
        uid=uid,
        original_key=hidden_key(uid),
        **facts,
    )
    made.save()
    SeriesTimePoint(study_id=row.study_id, series=made, time_point=row.time_point).save()
    return made


def put_in_package(
    point: TimePoint, chosen: Sequence[package.Choice], layout: str, desk: Actor
) -> ReadPackage:
    """Release the package of a visit; its series were looked at elsewhere, or are invented."""
    built = ReadPackage(
        study_id=point.study_id,
        time_point=point,
        layout=layout,
        digest=package.content_digest(chosen, layout),
    )
    built.save()
    for order, one in enumerate(chosen, start=1):
        PackageSeries.objects.create(
            study_id=point.study_id,
            package=built,
            series=one.series,
            order=order,
            label=one.label,
            place=one.place,
        )
    return package.release(built, actor=desk)


def hidden_key(text: str) -> str:
    """Return what stands where a sent series has the keyed hash of its original UID."""
    return hashlib.sha256(text.encode()).hexdigest()
