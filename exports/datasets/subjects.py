"""Subjects and their time points."""

from __future__ import annotations

from exports.datasets.base import Dataset, builder, usubjid
from exports.snapshot import Snapshot
from studies.models import StudySite, Subject, TimePoint


@builder
def subjects(snapshot: Snapshot) -> Dataset:
    """One row per subject."""
    rows = [
        (
            snapshot.study.protocol,
            usubjid(snapshot, subject),
            subject.code,
            snapshot.one(StudySite, subject.study_site_id).number,
            subject.state.upper(),
        )
        for subject in snapshot.all(Subject)
    ]
    columns = ("STUDYID", "USUBJID", "SUBJID", "SITEID", "STATUS")
    return Dataset("subjects", "Subjects", columns, sorted(rows))


@builder
def time_points(snapshot: Snapshot) -> Dataset:
    """One row per time point, with its window and whether the scan lay inside."""
    rows = []
    for tp in snapshot.all(TimePoint):
        subject = snapshot.one(Subject, tp.subject_id)
        day = tp.assessment_date
        inside = None
        if day and tp.window_from and tp.window_to:
            inside = "Y" if tp.window_from <= day <= tp.window_to else "N"
        rows.append(
            (
                snapshot.study.protocol,
                usubjid(snapshot, subject),
                tp.label,
                "N" if tp.definition_id is None else "Y",
                tp.planned_date.isoformat() if tp.planned_date else None,
                tp.window_from.isoformat() if tp.window_from else None,
                tp.window_to.isoformat() if tp.window_to else None,
                day.isoformat() if day else None,
                inside,
                tp.state.upper(),
                tp.not_done_reason or tp.unscheduled_reason or None,
            )
        )
    columns = (
        "STUDYID",
        "USUBJID",
        "VISIT",
        "SCHEDULED",
        "PLANNED",
        "WINDOW_FROM",
        "WINDOW_TO",
        "ASSESSED",
        "IN_WINDOW",
        "STATUS",
        "REASON",
    )
    return Dataset(
        "timepoints", "Time points", columns, sorted(rows, key=lambda r: (r[1], r[4] or "", r[2]))
    )
