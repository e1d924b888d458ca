"""The dossier desk: what every time point needs, what came, what does not agree, what is late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from audit import clock
from audit.actors import Actor
from clinical.definition import Item
from clinical.models import Dossier
from clinical.services import asked, standing
from clinical.services.dossiers import CAME
from studies.models import Study, TimePoint

#: view -> words, in the order of the chips; the first is what the desk opens with
VIEWS: Mapping[str, str] = {
    "": "Open work",
    "expected": "Not requested",
    "requested": "Requested",
    "overdue": "Overdue",
    "mismatch": "Mismatches",
    "queried": "Open queries",
    "received": "To reconcile",
    "reconciled": "To approve",
    "approved": "To apply",
    "applied": "Applied",
    "all": "All",
}


@dataclass(slots=True)
class Line:
    """One time point and its dossier: the one under way, else the one that holds."""

    time_point: TimePoint
    dossier: Dossier | None
    required: int
    answered: int
    missing: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    is_late: bool = False
    queries: int = 0
    holds: int | None = None

    @property
    def state(self) -> str:
        """The state as pages show it."""
        if self.dossier is None:
            return "EXPECTED"
        return "OVERDUE" if self.is_late else self.dossier.state.upper()

    def is_in(self, view: str) -> bool:
        """Tell whether the line belongs to a view."""
        state = self.dossier.state if self.dossier else "expected"
        if view == "":
            came = self.time_point.state in CAME
            return state not in ("applied", "expected") or (state == "expected" and came)
        if view == "overdue":
            return self.is_late
        if view == "mismatch":
            return bool(self.problems)
        if view == "queried":
            return self.queries > 0
        return view in ("all", state)


@dataclass(slots=True)
class Desk:
    """The lines of a study, and how many each view has."""

    lines: list[Line] = field(default_factory=list)
    has_definition: bool = False

    def of(self, view: str) -> list[Line]:
        """Return the lines of a view, late ones first."""
        found = [line for line in self.lines if line.is_in(view)]
        return sorted(found, key=_order)

    def counts(self) -> dict[str, int]:
        """Return how many lines each view has."""
        return {view: sum(line.is_in(view) for line in self.lines) for view in VIEWS}


def _order(line: Line) -> tuple[Any, ...]:
    due = line.dossier.due_at if line.dossier and line.dossier.state == "requested" else None
    planned = line.time_point.planned_date or date.max
    return (due is None, due or 0, line.time_point.subject.code, planned, str(line.time_point.pk))


def desk(study: Study, actor: Actor) -> Desk:
    """Return the desk of a study in a constant number of queries."""
    holds = standing.effective(study)
    dossiers = _dossiers(study, actor)
    open_queries = asked.open_by_dossier(study)
    points = (
        TimePoint.objects.in_study(study)
        .exclude(state="not_done")
        .exclude(subject__state="withdrawn")
        .select_related("subject__study_site__site", "definition")
    )
    now, today = clock.now(), clock.today(study.time_zone)
    made = Desk(has_definition=holds is not None)
    for point in points:
        found = dossiers.get(point.pk, [])
        under_way = next((one for one in found if one.state != "applied"), None)
        applied = next((one for one in found if one.state == "applied"), None)
        row = under_way or applied
        if row is not None:
            definition = standing.definition_of(row)
        elif holds is not None:
            definition = holds[1]
        else:
            continue
        items = definition.at(standing.moment_of(point))
        if row is None and not any(item.required for item in items):
            continue
        line = _line(point, row, items, now=now, today=today, holds=applied)
        line.queries = sum(open_queries.get(str(one.pk), 0) for one in found)
        made.lines.append(line)
    return made


def _dossiers(study: Study, actor: Actor) -> dict[Any, list[Dossier]]:
    rows = (
        Dossier.objects.visible_to(actor)
        .filter(study=study)
        .exclude(state__in=("superseded", "cancelled"))
        .select_related("definition")
        .prefetch_related("items__document")
    )
    found: dict[Any, list[Dossier]] = {}
    for row in rows:
        found.setdefault(row.time_point_id, []).append(row)
    return found


def _line(
    point: TimePoint,
    row: Dossier | None,
    items: Iterable[Item],
    *,
    now: datetime,
    today: date,
    holds: Dossier | None,
) -> Line:
    kept = {item.code: item for item in row.items.all()} if row is not None else {}
    lines = standing.lines(items, kept, today=today)
    required = [line for line in lines if line.item.required]
    return Line(
        time_point=point,
        dossier=row,
        required=len(required),
        answered=sum(line.is_answered for line in required),
        missing=tuple(line.item.label for line in lines if line.is_missing),
        problems=tuple(f"{line.item.label}: {text}" for line in lines for text in line.problems),
        is_late=row is not None and row.state == "requested" and row.due_at < now,
        holds=holds.version if holds is not None and holds is not row else None,
    )
