"""Where the reads of a study stand, for those who plan them and those who watch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import User
from audit import clock
from audit.actors import Actor
from audit.errors import Refused
from reads.models import (
    AdjudicationCase,
    DossierOpening,
    ReaderQualification,
    ReaderStream,
    ReadTask,
)
from reads.services import assigning, qualifying
from reads.views.paging import Counted
from reads.visibility import OPEN
from studies.access import fetch, study_view
from studies.models import Subject, TimePoint

_PAGE = 50
#: rows of the short lists beside the reads
_FEW = 20
_SHOWN = ("planned", *OPEN, "signed", "declined")


_LATE = Q(state__in=[state for state in OPEN if state != "on_hold"])
VIEWS = ("", "late", "hold", "signed", "declined")


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A read as staff see it; the reader's name only for those who manage reads."""

    task: ReadTask
    reader: str
    state: str
    is_late: bool
    can_hold: bool
    can_resume: bool
    can_replace: bool

    @property
    def is_again(self) -> bool:
        """A re-read for variability: staff know it, its reader does not."""
        return self.task.stream.purpose == ReaderStream.Purpose.VARIABILITY


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """A reader with code, load and qualification."""

    user: User
    name: str
    is_qualified: bool
    open_count: int
    signed_count: int
    late_count: int
    qualifications: tuple[ReaderQualification, ...]


def _kept(now: datetime) -> dict[str, Q]:
    """Return what each view keeps."""
    return {
        "": Q(),
        "late": _LATE & Q(due_at__lt=now),
        "hold": Q(state="on_hold"),
        "signed": Q(state="signed"),
        "declined": Q(state="declined"),
    }


def _tasks(actor: Actor) -> Any:
    """Return the reads that count: what was signed in a closed course is history."""
    rows = ReadTask.objects.visible_to(actor).filter(state__in=_SHOWN)
    return rows.exclude(stream__closed_reason__gt="", state="signed")


@study_view("read.progress")
def read_progress(request: Any) -> HttpResponse:
    """List reads by time point and role, readers, and cases: one page of each.

    The number of questions to the database is the same for ten reads and for twenty thousand.
    """
    actor, now = request.actor, clock.now()
    manages = actor.may("read.manage")
    codes = assigning.reader_codes(request.study)
    view = request.GET.get("view", "")
    view = view if view in VIEWS else ""
    tasks, kept = _tasks(actor), _kept(now)
    counts = tasks.aggregate(
        **{name or "all": Count("pk", filter=condition) for name, condition in kept.items()}
    )
    shown = (
        tasks.filter(kept[view])
        .select_related("stream__reader", "stream__subject", "time_point")
        .annotate(openings=_openings())
        .order_by("stream__subject__code", "sequence", "stream__role", "pk")
    )
    page = Counted(shown, _PAGE, count=counts[view or "all"]).get_page(request.GET.get("page"))
    page.object_list = [_task_row(t, codes, manages=manages, now=now) for t in page.object_list]
    unassigned = _unassigned(request) if manages else None
    return render(
        request,
        "reads/progress.html",
        {
            "study": request.study,
            "page": page,
            "view": view,
            "counts": counts,
            "readers": _readers(request, tasks, codes, now=now, manages=manages),
            "cases": _cases(request, now),
            "unassigned": unassigned[:_FEW] if unassigned is not None else [],
            "unassigned_count": unassigned.count() if unassigned is not None else 0,
            "manages": manages,
            "now": now,
            "zone": request.user.time_zone,
        },
    )


def _openings() -> Any:
    """Return how often dossiers were opened in a read, counted for the rows of the page only."""
    rows = DossierOpening.objects.filter(task=OuterRef("pk")).order_by().values("task")
    return Subquery(rows.annotate(n=Count("pk")).values("n"))


def _task_row(task: ReadTask, codes: Any, *, manages: bool, now: Any) -> TaskRow:
    code = codes.get(task.stream.reader_id, "R")
    is_late = task.state in OPEN and task.state != "on_hold" and task.due_at < now
    return TaskRow(
        task=task,
        reader=f"{code} {task.stream.reader.printed_name}" if manages else code,
        state="overdue" if is_late and task.state != "in_progress" else task.state,
        is_late=is_late,
        can_hold=manages and task.state in {"assigned", "accepted", "in_progress"},
        can_resume=manages and task.state == "on_hold",
        can_replace=manages and task.state not in {"signed"} and not task.stream.closed_reason,
    )


def _cases(request: Any, now: datetime) -> Page[Any]:
    """Return a page of the cases, newest first, each with whether it is late."""
    rows = (
        AdjudicationCase.objects.visible_to(request.actor)
        .exclude(state="voided")
        .select_related("time_point__subject", "adjudicator")
        .order_by("-created_at", "pk")
    )
    page = Paginator(rows, _FEW).get_page(request.GET.get("cases"))
    page.object_list = [(c, c.state != "signed" and c.due_at < now) for c in page.object_list]
    return page


def _readers(
    request: Any, tasks: Any, codes: Any, *, now: datetime, manages: bool
) -> list[ReaderRow]:
    held: dict[object, list[ReaderQualification]] = {}
    found = ReaderQualification.objects.visible_to(request.actor).filter(revoked_reason="")
    for one in found.select_related("design"):
        held.setdefault(one.reader_id, []).append(one)
    loads = {
        row["stream__reader"]: row
        for row in tasks.order_by()
        .values("stream__reader")
        .annotate(
            open=Count("pk", filter=Q(state__in=OPEN)),
            signed=Count("pk", filter=Q(state="signed")),
            late=Count("pk", filter=_kept(now)["late"]),
        )
    }
    none = {"open": 0, "signed": 0, "late": 0}
    made = []
    for user in assigning.readers_of(request.study):
        load = loads.get(user.pk, none)
        own = tuple(held.get(user.pk, ()))
        made.append(
            ReaderRow(
                user=user,
                name=f"{codes[user.pk]} {user.printed_name}" if manages else codes[user.pk],
                is_qualified=any(q.design.state == "effective" for q in own),
                open_count=load["open"],
                signed_count=load["signed"],
                late_count=load["late"],
                qualifications=own,
            )
        )
    return made


def _unassigned(request: Any) -> Any:
    """Return subjects with a time point ready and no readers."""
    ready = TimePoint.objects.in_study(request.study).filter(
        subject_id=OuterRef("pk"), state="ready"
    )
    taken = ReaderStream.objects.in_study(request.study).filter(
        subject_id=OuterRef("pk"), closed_reason=""
    )
    rows = Subject.objects.visible_to(request.actor)
    return rows.filter(Exists(ready)).exclude(Exists(taken)).order_by("code")


def _named_reader(request: Any, field: str) -> User:
    members = {str(user.pk): user for user in assigning.readers_of(request.study)}
    found = members.get(request.POST.get(field, ""))
    if found is None:
        raise Http404
    return found


@study_view("read.manage", methods=("POST",))
def read_manage(request: Any) -> HttpResponse:
    """Do one act on reads: assign, hold, resume, replace, qualify, revoke."""
    act = request.POST.get("act", "")
    try:
        done = _ACTS[act](request) if act in _ACTS else ""
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, done)
    return redirect("read-progress", request.study.code)


def _hold(request: Any) -> str:
    task = fetch(ReadTask, request.actor, request.POST.get("task", ""))
    assigning.hold(task, actor=request.actor, reason=request.POST.get("reason", ""))
    return "The read is on hold."


def _resume(request: Any) -> str:
    task = fetch(ReadTask, request.actor, request.POST.get("task", ""))
    assigning.resume(task, actor=request.actor, reason=request.POST.get("reason", ""))
    return "The read goes on."


def _replace(request: Any) -> str:
    task = fetch(ReadTask, request.actor, request.POST.get("task", ""))
    reader = _named_reader(request, "reader")
    assigning.replace_reader(
        task.stream, reader, actor=request.actor, reason=request.POST.get("reason", "")
    )
    return "The reader was replaced. The new one starts at baseline."


def _assign(request: Any) -> str:
    subject = fetch(Subject, request.actor, request.POST.get("subject", ""))
    readers = [_named_reader(request, name) for name in ("reader_1", "reader_2")]
    made = assigning.assign(subject, readers, actor=request.actor)
    return f"Readers assigned, {len(made)} reads made."


def _qualify(request: Any) -> str:
    reader = _named_reader(request, "reader")
    qualifying.qualify_by_hand(reader, request.study, actor=request.actor)
    return f"{reader.printed_name} is qualified for the read design."


def _revoke(request: Any) -> str:
    reader = _named_reader(request, "reader")
    reason = request.POST.get("reason", "")
    qualifying.revoke_all(reader, request.study, actor=request.actor, reason=reason)
    return f"The qualification of {reader.printed_name} ended."


_ACTS = {
    "hold": _hold,
    "resume": _resume,
    "replace": _replace,
    "assign": _assign,
    "qualify": _qualify,
    "revoke": _revoke,
}
