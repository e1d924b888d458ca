"""My reads and my cases: everything a blinded person has to do, over all their studies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from audit import clock
from audit.actors import Actor
from reads.criteria import registry
from reads.models import AdjudicationCase, ReadTask
from reads.services.reading import active_session
from reads.visibility import OPEN, cases_of_adjudicator, held_by, qualified_designs
from studies.access import person_view
from studies.actors import actor_for, studies_of
from studies.middleware import trace_of
from studies.models import Study
from studies.scoping import scope
from ui.shell import Band

_FIRST = 1
BAND = Band(
    kind="blinded",
    title="Blinded reading.",
    text="Cases carry codes only. Site, subject, treatment and other readers' results are "
    "never shown.",
)


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A read as its reader sees it: a label, a number, a clock."""

    study: Study
    task: ReadTask
    state: str
    criteria: str
    saved_at: Any

    @property
    def kind(self) -> str:
        """Baseline or follow-up."""
        return "baseline" if self.task.sequence == _FIRST else "follow-up"

    @property
    def verb(self) -> str:
        """What the button says."""
        return {"in_progress": "Continue", "on_hold": "Open", "signed": "Look"}.get(
            self.task.state, "Start"
        )


def studies_with(request: Any, right: str) -> Iterator[tuple[Study, Actor]]:
    """Yield each study in which the person holds a right now, with the person as actor there."""
    for study in studies_of(request.user):
        actor = actor_for(request.user, study, **trace_of(request))
        if actor is not None and actor.may(right):
            yield study, actor


VIEWS: dict[str, Callable[[ReadTask], bool]] = {
    "": lambda task: task.state in OPEN and task.state != "on_hold",
    "hold": lambda task: task.state == "on_hold",
    "signed": lambda task: task.state == "signed",
}


@person_view()
def read_inbox(request: Any) -> HttpResponse:
    """My reads: open, on hold, signed."""
    rows: list[InboxRow] = []
    qualified: list[tuple[Study, str, bool]] = []
    for study, actor in studies_with(request, "read.inbox"):
        with scope(study):
            held = list(held_by(actor).order_by("due_at", "stream__order_index"))
            allowed = set(qualified_designs(actor.user_id, study))
            rows += [_row(study, task) for task in held if task.design_id in allowed]
            for design in {task.design for task in held}:
                name = f"{design.title}, version {design.version}"
                qualified.append((study, name, design.pk in allowed))
    view = request.GET.get("view", "")
    keeps = VIEWS.get(view, VIEWS[""])
    shown = sorted((r for r in rows if keeps(r.task)), key=_order(view))
    now = clock.now()
    to_do = [row for row in rows if VIEWS[""](row.task)]
    return render(
        request,
        "reads/inbox.html",
        {
            "rows": shown,
            "counts": {key: sum(keep(r.task) for r in rows) for key, keep in VIEWS.items()},
            "open_count": len(to_do),
            "hold_count": sum(VIEWS["hold"](r.task) for r in rows),
            "signed_count": sum(VIEWS["signed"](r.task) for r in rows),
            "late": sum(row.task.due_at < now for row in to_do),
            "next": next((r for r in to_do if r.task.state == "in_progress"), None),
            "qualified": qualified,
            "view": view,
            "now": now,
            "band": BAND,
        },
    )


def _order(view: str) -> Callable[[InboxRow], Any]:
    if view == "signed":
        return lambda row: -row.saved_at.timestamp() if row.saved_at else 0.0
    return lambda row: (row.task.due_at, row.task.stream.order_index)


def _row(study: Study, task: ReadTask) -> InboxRow:
    session = active_session(task)
    state = task.state
    if (
        state in OPEN
        and state != "on_hold"
        and task.due_at < clock.now()
        and state != "in_progress"
    ):
        state = "overdue"
    return InboxRow(
        study=study,
        task=task,
        state=state,
        criteria=" + ".join(registry.get(key).title for key in task.criteria),
        saved_at=session.form_record.saved_at if session else None,
    )


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as adjudicators see it."""

    study: Study
    case: AdjudicationCase
    sequence: int
    state: str
    differs: str


@person_view()
def adjudication_inbox(request: Any) -> HttpResponse:
    """My cases: to take, taken, signed."""
    rows = []
    for study, actor in studies_with(request, "adjudication.inbox"):
        with scope(study):
            rows += [
                CaseRow(
                    study=study,
                    case=case,
                    sequence=case.session_1.task.sequence,
                    state={"pending": "assigned", "claimed": "in_progress"}.get(
                        case.state, case.state
                    ),
                    differs=", ".join(v["variable"].replace("_", " ") for v in case.variables),
                )
                for case in cases_of_adjudicator(actor)
            ]
    view = request.GET.get("view", "")
    is_over = view == "signed"
    now = clock.now()
    return render(
        request,
        "reads/cases.html",
        {
            "rows": [row for row in rows if (row.case.state == "signed") == is_over],
            "open_count": sum(row.case.state != "signed" for row in rows),
            "signed_count": sum(row.case.state == "signed" for row in rows),
            "late": sum(row.case.state != "signed" and row.case.due_at < now for row in rows),
            "view": view,
            "now": now,
            "band": BAND,
        },
    )
