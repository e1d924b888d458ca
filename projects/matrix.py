"""The matrix: subjects by time points, with who has to act."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from audit import clock
from audit.actors import Actor
from projects.display import OUT_OF_WINDOW, QUERY, Facts, display_state, facts_for, flags
from queries.models import Query
from reads.models import AdjudicationCase
from studies.models import Study, StudySite, Subject, TimePoint, TimePointDefinition
from ui.figures import with_minus
from ui.records import Cell, Matrix, MatrixColumn, MatrixGroup, MatrixRow
from ui.states import state_of

LEGEND = (
    "EXPECTED",
    "DUE",
    "OVERDUE",
    "RECEIVED",
    "IN_QC",
    "QUERY_OPEN",
    "RESCAN",
    "QC_ACCEPTED",
    "READ_READY",
    "READ_IN_PROGRESS",
    "READ_1_DONE",
    "ADJUDICATION",
    "READ",
    "READ_COMPLETE",
    "DELIVERED",
    "NOT_DONE",
)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What of the matrix is asked for; empty means everything.

    Attributes:
        show: ``mine``, ``query``, ``late`` or ``window``.
        site: a site number.
        state: a stored state of a time point.
        text: part of a subject code.
    """

    show: str = ""
    site: str = ""
    state: str = ""
    text: str = ""


def conditions(actor: Actor, today: date) -> dict[str, Q]:
    """Return what the chips keep, as conditions on a time point."""
    asked = Q(
        Exists(
            Query.objects.in_study(actor.study_id).filter(
                time_point=OuterRef("pk"), state__in=["open", "reopened"]
            )
        )
    )
    late = Q(state="expected", window_to__lt=today) & ~asked
    kinds = {
        "DUE": Q(state="expected", window_from__lte=today, window_to__gte=today) & ~asked,
        "OVERDUE": late,
        "IN_QC": Q(state="in_qc") & ~asked,
        "QUERY_OPEN": asked,
        "ADJUDICATION": Q(
            Exists(
                AdjudicationCase.objects.in_study(actor.study_id).filter(
                    time_point=OuterRef("pk"), state__in=["pending", "claimed"]
                )
            )
        ),
    }
    mine = Q(pk__in=[])
    for code, condition in kinds.items():
        if needs(actor, code):
            mine |= condition
    return {
        "mine": mine,
        "query": asked,
        "late": late,
        "window": Q(assessment_date__lt=F("window_from")) | Q(assessment_date__gt=F("window_to")),
    }


@dataclass(frozen=True, slots=True)
class Selection:
    """The subjects that a filter keeps, with the numbers on the chips."""

    subjects: Any
    counts: dict[str, int]
    total: int


def select(study: Study, actor: Actor, wanted: Filter) -> Selection:
    """Return the visible subjects that a filter keeps, by site and code."""
    visible = Subject.objects.visible_to(actor)
    points = TimePoint.objects.visible_to(actor)
    kinds = conditions(actor, clock.today(study.time_zone))
    rows = visible.select_related("study_site__site").order_by("study_site__number", "code")
    if wanted.text:
        rows = rows.filter(code__icontains=wanted.text)
    if wanted.site:
        rows = rows.filter(study_site__number=wanted.site)
    of_subject = points.filter(subject=OuterRef("pk"))
    if wanted.state:
        rows = rows.filter(Exists(of_subject.filter(state=wanted.state)))
    if wanted.show in kinds:
        rows = rows.filter(Exists(of_subject.filter(kinds[wanted.show])))
    counts = {name: points.filter(condition).count() for name, condition in kinds.items()}
    return Selection(rows, counts, visible.count())


def sites_of(actor: Actor) -> list[StudySite]:
    """Return the sites whose subjects the actor sees."""
    rows = StudySite.objects.visible_to(actor).select_related("site").order_by("number")
    return list(rows)


def columns_of(study: Study) -> list[TimePointDefinition]:
    """Return the scheduled time points of the protocol versions in effect, each once, in order."""
    rows = TimePointDefinition.objects.in_study(study).filter(protocol_version__state="effective")
    seen: dict[str, TimePointDefinition] = {}
    for row in rows.order_by("offset_days", "-protocol_version__effective_from"):
        seen.setdefault(row.code, row)
    return list(seen.values())


def build(study: Study, actor: Actor, subjects: Sequence[Subject]) -> Matrix:
    """Return the matrix of some subjects, grouped by site."""
    columns = columns_of(study)
    rows = list(
        TimePoint.objects.in_study(study)
        .filter(subject__in=[subject.pk for subject in subjects])
        .prefetch_related("definition")
    )
    known = {subject.pk: subject for subject in subjects}
    for row in rows:  # the few definitions and the subjects are made once, not for every cell
        row.subject = known[row.subject_id]
    facts = facts_for(study, rows, reads=actor.may("read.progress"))
    planned, extra = _placed(rows)
    groups: dict[StudySite, list[MatrixRow]] = defaultdict(list)
    for subject in subjects:
        found = [planned.get((subject.pk, column.code)) for column in columns]
        if extra:
            found.append(extra.get(subject.pk))
        groups[subject.study_site].append(
            MatrixRow(
                label=subject.code,
                url=reverse("subject", args=[study.code, subject.pk]),
                cells=tuple(_cell(study, actor, tp, facts) for tp in found),
            )
        )
    heads = [MatrixColumn(label=c.label, detail=_window_words(c)) for c in columns]
    if extra:
        heads.append(MatrixColumn(label="Unscheduled", detail="newest, with a reason"))
    return Matrix(
        caption=f"Time points of {study.code}",
        columns=tuple(heads),
        groups=tuple(_group(site, found) for site, found in groups.items()),
        legend=LEGEND,
        flags=(OUT_OF_WINDOW, QUERY),
    )


def _placed(
    rows: Iterable[TimePoint],
) -> tuple[dict[tuple[Any, str], TimePoint], dict[Any, TimePoint]]:
    """Return the scheduled time points by subject and code, and each subject's newest other one."""
    planned: dict[tuple[Any, str], TimePoint] = {}
    extra: dict[Any, TimePoint] = {}
    for tp in rows:
        if tp.definition is not None:
            planned[(tp.subject_id, tp.definition.code)] = tp
            continue
        known = extra.get(tp.subject_id)
        if known is None or str(tp.order_date) > str(known.order_date):
            extra[tp.subject_id] = tp
    return planned, extra


def _group(site: StudySite, rows: list[MatrixRow]) -> MatrixGroup:
    number = len(rows)
    words = "1 subject in this view" if number == 1 else f"{number} subjects in this view"
    return MatrixGroup(label=site.number, detail=f"{site.site.city} · {words}", rows=tuple(rows))


def table(matrix: Matrix) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the matrix as they are seen, for CSV."""
    head = ["Site", "Subject", *(column.label for column in matrix.columns)]
    rows = [
        [group.label, row.label, *(_words(matrix, cell) for cell in row.cells)]
        for group in matrix.groups
        for row in group.rows
    ]
    return head, rows


def _words(matrix: Matrix, cell: Cell) -> str:
    if not cell.code:
        return ""
    label = state_of(matrix.kind, cell.code).name
    return "; ".join([label, *(flag.label.lower() for flag in cell.flags)])


def _window_words(column: TimePointDefinition) -> str:
    before, after, day = column.window_before, column.window_after, column.offset_days
    if before == after:
        return f"day {day} ±{before}"
    return with_minus(f"day {day - before} to {day + after}")


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
