"""My reads and my cases: everything a blinded person has to do, over all their studies.

Each study is asked a fixed number of questions, however many reads it has: counts are counted by
the database, and only the rows of the page asked for are fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page
from django.db.models import Count, DateTimeField, OuterRef, Q, QuerySet, Subquery
from django.http import HttpResponse
from django.shortcuts import render

from audit import clock
from audit.actors import Actor
from reads.criteria import registry
from reads.models import AdjudicationCase, ReadSession, ReadTask
from reads.views.paging import Counted
from reads.views.sessions import is_session, name_of, short_name
from reads.visibility import OPEN, cases_of_adjudicator, held_by, qualified_designs
from studies.access import person_view
from studies.actors import actor_for, studies_of
from studies.middleware import trace_of
from studies.models import Configuration, Study
from studies.scoping import scope
from ui.shell import Band

_FIRST = 1
PER_PAGE = 50
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
        """Baseline or follow-up; of a session besides time points, what it spans."""
        if is_session(self.task):
            return name_of(self.task).partition(", ")[2]
        return "baseline" if self.task.sequence == _FIRST else "follow-up"

    @property
    def session(self) -> str:
        """The name of a session besides time points, "" for a time point."""
        return short_name(self.task) if is_session(self.task) else ""

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


_TO_DO = Q(state__in=[state for state in OPEN if state != "on_hold"])
VIEWS: dict[str, Q] = {"": _TO_DO, "hold": Q(state="on_hold"), "signed": Q(state="signed")}
#: how the rows of each view are ordered; the reader's random order breaks ties
ORDERS: dict[str, tuple[str, ...]] = {
    "": ("due_at", "stream__order_index", "sequence"),
    "hold": ("due_at", "stream__order_index", "sequence"),
    "signed": ("-saved_at", "stream__order_index", "sequence"),
}


@dataclass(frozen=True, slots=True)
class Desk:
    """A reader's reads of one study: what is held, and what of it may be signed today."""

    study: Study
    reads: QuerySet[ReadTask]
    designs: Sequence[tuple[Configuration, bool]]

    def counts(self, now: datetime) -> dict[str, int]:
        """Count the reads of every view and the late ones, in one question."""
        given = {name or "todo": Count("pk", filter=kept) for name, kept in VIEWS.items()}
        late = Count("pk", filter=_TO_DO & Q(due_at__lt=now))
        # The joins of the rows are not needed to count them.
        found = self.reads.select_related(None).order_by().aggregate(**given, late=late)
        return {name: int(number) for name, number in found.items()}

    def rows(self, view: str, until: int) -> list[InboxRow]:
        """Return the first rows of a view."""
        found = self._shown.filter(VIEWS[view]).order_by(*ORDERS[view])[:until]
        return [_row(self.study, task) for task in found]

    def begun(self) -> InboxRow | None:
        """Return the read under way that is due first."""
        found = self._shown.filter(state="in_progress").order_by(*ORDERS[""]).first()
        return None if found is None else _row(self.study, found)

    @property
    def _shown(self) -> QuerySet[ReadTask]:
        # A row says nothing of the design and the form, whose documents are large.
        return self.reads.select_related(None).select_related("stream")


def desk_of(study: Study, actor: Actor) -> Desk:
    """Return a reader's desk in a study; call inside its scope."""
    held = held_by(actor)
    allowed = set(qualified_designs(actor.user_id, study))
    designs = Configuration.objects.in_study(study).filter(
        pk__in=held.select_related(None).order_by().values("design_id")
    )
    saved = ReadSession._base_manager.filter(task_id=OuterRef("pk")).exclude(state="voided")
    return Desk(
        study=study,
        reads=held.filter(design_id__in=allowed).annotate(
            saved_at=Subquery(
                saved.values("form_record__saved_at")[:1], output_field=DateTimeField()
            )
        ),
        designs=[(design, design.pk in allowed) for design in designs],
    )


def _page(count: int, wanted: str | None) -> Page[Any]:
    """Return where a page lies; its rows come from several studies and are fetched there."""
    return Counted((), PER_PAGE, count=count).get_page(wanted)


@person_view()
def read_inbox(request: Any) -> HttpResponse:
    """My reads: open, on hold, signed."""
    view = request.GET.get("view", "")
    view = view if view in VIEWS else ""
    now = clock.now()
    desks: list[Desk] = []
    totals: dict[str, int] = dict.fromkeys(("todo", "hold", "signed", "late"), 0)
    begun: list[InboxRow] = []
    for study, actor in studies_with(request, "read.inbox"):
        with scope(study):
            desk = desk_of(study, actor)
            desks.append(desk)
            for name, number in desk.counts(now).items():
                totals[name] += number
            started = desk.begun()
            if started is not None:
                begun.append(started)
    page = _page(totals[view or "todo"], request.GET.get("page"))
    rows: list[InboxRow] = []
    for desk in desks:
        with scope(desk.study):
            rows += desk.rows(view, page.end_index())
    rows.sort(key=_order(view))
    return render(
        request,
        "reads/inbox.html",
        {
            "rows": rows[max(0, page.start_index() - 1) : page.end_index()],
            "page": page,
            "open_count": totals["todo"],
            "hold_count": totals["hold"],
            "signed_count": totals["signed"],
            "late": totals["late"],
            "next": min(begun, key=_order(""), default=None),
            "qualified": [
                (desk.study, f"{design.title}, version {design.version}", allowed)
                for desk in desks
                for design, allowed in desk.designs
            ],
            "others": [desk.study for desk in desks if not desk.designs],
            "view": view,
            "now": now,
            "band": BAND,
        },
    )


def _order(view: str) -> Any:
    if view == "signed":
        return lambda row: -row.saved_at.timestamp() if row.saved_at else 0.0
    return lambda row: (row.task.due_at, row.task.stream.order_index, row.task.sequence)


def _row(study: Study, task: Any) -> InboxRow:
    state = task.state
    waits = state in OPEN and state not in {"on_hold", "in_progress"}
    return InboxRow(
        study=study,
        task=task,
        state="overdue" if waits and task.due_at < clock.now() else state,
        criteria=" + ".join(registry.get(key).title for key in task.criteria),
        saved_at=task.saved_at,
    )


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as adjudicators see it."""

    study: Study
    case: AdjudicationCase
    place: str
    state: str
    differs: str


@person_view()
def adjudication_inbox(request: Any) -> HttpResponse:
    """My cases: to take, taken, signed."""
    view = "signed" if request.GET.get("view") == "signed" else ""
    now = clock.now()
    found: list[tuple[Study, Any]] = []
    totals: dict[str, int] = dict.fromkeys(("open", "signed", "late"), 0)
    signed, waiting = Q(state="signed"), ~Q(state="signed")
    for study, actor in studies_with(request, "adjudication.inbox"):
        with scope(study):
            cases = cases_of_adjudicator(actor)
            listed = cases.defer("design__document")  # large, and no row says anything of it
            found.append((study, listed.filter(signed if view else waiting)))
            numbers = (
                cases.select_related(None)
                .order_by()
                .aggregate(
                    open=Count("pk", filter=waiting),
                    signed=Count("pk", filter=signed),
                    late=Count("pk", filter=waiting & Q(due_at__lt=now)),
                )
            )
            for name, number in numbers.items():
                totals[name] += number
    page = _page(totals[view or "open"], request.GET.get("page"))
    rows: list[CaseRow] = []
    for study, cases in found:
        with scope(study):
            rows += [_case_row(study, case) for case in cases[: page.end_index()]]
    rows.sort(key=lambda row: (row.case.due_at, row.case.label))
    return render(
        request,
        "reads/cases.html",
        {
            "rows": rows[max(0, page.start_index() - 1) : page.end_index()],
            "page": page,
            "open_count": totals["open"],
            "signed_count": totals["signed"],
            "late": totals["late"],
            "view": view,
            "now": now,
            "band": BAND,
        },
    )


def _place(case: AdjudicationCase) -> str:
    """Return what a case compares, as an adjudicator may know it."""
    if case.level == AdjudicationCase.Level.SUBJECT:
        return "All time points"
    where = f"Time point {case.session_1.task.sequence}"
    return f"Oncology, {where.lower()}" if case.level == "oncology" else where


def _case_row(study: Study, case: AdjudicationCase) -> CaseRow:
    return CaseRow(
        study=study,
        case=case,
        place=_place(case),
        state={"pending": "assigned", "claimed": "in_progress"}.get(case.state, case.state),
        differs=", ".join(v["variable"].replace("_", " ") for v in case.variables),
    )
