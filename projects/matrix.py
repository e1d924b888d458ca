"""The matrix: subjects by time points, with who has to act."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from audit.actors import Actor
from projects.display import OUT_OF_WINDOW, QUERY, Facts, display_state, facts_for, flags
from studies.models import Study, Subject, TimePoint, TimePointDefinition
from ui.records import Cell, Matrix, MatrixColumn, MatrixGroup, MatrixRow

LEGEND = [
    "EXPECTED",
    "DUE",
    "OVERDUE",
    "RECEIVED",
    "IN_QC",
    "QUERY_OPEN",
    "QC_ACCEPTED",
    "READ_READY",
    "READ_IN_PROGRESS",
    "READ_1_DONE",
    "ADJUDICATION",
    "READ",
    "READ_COMPLETE",
    "DELIVERED",
    "NOT_DONE",
]

#: display state -> right of those who have to act on it
_ACTS = {
    "DUE": "submission.upload",
    "OVERDUE": "study.configure",
    "IN_QC": "qc.decide",
    "QUERY_OPEN": "query.answer",
    "RESCAN": "submission.upload",
    "ADJUDICATION": "read.manage",
}


def needs(actor: Actor, code: str) -> bool:
    """Tell whether a display state asks this actor to act."""
    return code in _ACTS and actor.may(_ACTS[code])


def columns_of(study: Study) -> list[TimePointDefinition]:
    """Return the scheduled time points of the newest protocol version, in order."""
    rows = TimePointDefinition.objects.in_study(study).filter(protocol_version__state="effective")
    return list(rows.select_related("protocol_version").order_by("offset_days"))


def build(study: Study, actor: Actor, subjects: Sequence[Subject], *, only: str = "") -> Matrix:
    """Return the matrix of some subjects, grouped by site.

    Args:
        only: keep rows that have a cell of this kind: ``mine`` or a display state.
    """
    columns = columns_of(study)
    rows = (
        TimePoint.objects.in_study(study)
        .filter(subject__in=subjects)
        .select_related("definition", "subject")
    )
    facts = facts_for(study, rows)
    by_subject: dict[Any, dict[str, TimePoint]] = defaultdict(dict)
    extra: dict[Any, list[TimePoint]] = defaultdict(list)
    for tp in rows:
        if tp.definition is None:
            extra[tp.subject_id].append(tp)
        else:
            by_subject[tp.subject_id][tp.definition.code] = tp
    unscheduled = any(extra.values())
    groups: dict[Any, list[MatrixRow]] = defaultdict(list)
    for subject in subjects:
        cells = [
            _cell(study, actor, by_subject[subject.pk].get(column.code), facts)
            for column in columns
        ]
        if unscheduled:
            newest = max(extra[subject.pk], key=lambda t: str(t.order_date), default=None)
            cells.append(_cell(study, actor, newest, facts))
        if only and not any(c.is_mine if only == "mine" else c.code == only for c in cells):
            continue
        groups[subject.study_site].append(
            MatrixRow(
                label=subject.code,
                url=reverse("subject", args=[study.code, subject.pk]),
                cells=tuple(cells),
            )
        )
    heads = [MatrixColumn(label=c.label, detail=_window_words(c)) for c in columns]
    if unscheduled:
        heads.append(MatrixColumn(label="Unscheduled", detail="with a reason"))
    return Matrix(
        caption=f"Time points of {study.code}",
        columns=tuple(heads),
        groups=tuple(
            MatrixGroup(
                label=f"Site {site.number} {site.site.city}",
                detail=f"{len(found)} subjects",
                rows=tuple(found),
            )
            for site, found in groups.items()
        ),
        legend=tuple(LEGEND),
        flags=(OUT_OF_WINDOW, QUERY),
    )


def _window_words(column: TimePointDefinition) -> str:
    if column.is_baseline:
        return f"day −{column.window_before} to {column.window_after}"
    return f"day {column.offset_days} (−{column.window_before}/+{column.window_after})"


def _cell(study: Study, actor: Actor, tp: TimePoint | None, facts: Facts) -> Cell:
    if tp is None:
        return Cell()
    code = display_state(tp, facts)
    return Cell(
        code=code,
        url=reverse("time-point", args=[study.code, tp.pk]),
        title=str(tp),
        flags=flags(tp, facts, code),
        is_mine=needs(actor, code),
    )
