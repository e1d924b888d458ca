"""Queries to the sites with their ageing."""

from __future__ import annotations

from exports.datasets.base import Dataset, builder, usubjid, words
from exports.snapshot import Snapshot
from queries.models import Query
from studies.models import StudySite, Subject, TimePoint


@builder
def queries(snapshot: Snapshot) -> Dataset:
    """One row per query opened up to the cut-off."""
    rows = []
    for query in snapshot.all(Query):
        subject = snapshot.one(Subject, query.subject_id) if query.subject_id else None
        tp = snapshot.one(TimePoint, query.time_point_id) if query.time_point_id else None
        rows.append(
            (
                snapshot.study.protocol,
                f"Q-{query.number:04d}",
                snapshot.one(StudySite, query.study_site_id).number,
                usubjid(snapshot, subject) if subject else None,
                tp.label if tp else None,
                query.cause.upper(),
                query.title,
                query.state.upper(),
                *(
                    at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
                    for at in (query.opened_at, query.due_at, query.answered_at, query.closed_at)
                ),
            )
        )
    columns = words(
        "STUDYID QUERY SITEID USUBJID VISIT CAUSE QUESTION STATUS OPENED DUE ANSWERED CLOSED"
    )
    return Dataset("queries", "Queries", columns, sorted(rows, key=lambda r: r[1]))
