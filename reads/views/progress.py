"""Where the reads of a study stand, for those who plan them and those who watch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import User
from audit import clock
from audit.errors import Refused
from reads.models import AdjudicationCase, ReaderQualification, ReaderStream, ReadTask
from reads.services import assigning, qualifying
from reads.visibility import OPEN
from studies.access import fetch, study_view
from studies.models import Subject

_PAGE = 50
_SHOWN = ("planned", *OPEN, "signed", "declined")


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


VIEWS = ("", "late", "hold", "signed", "declined")


def _matches(row: TaskRow, view: str) -> bool:
    return {
        "": True,
        "late": row.is_late,
        "hold": row.task.state == "on_hold",
        "signed": row.task.state == "signed",
        "declined": row.task.state == "declined",
    }.get(view, True)


@study_view("read.progress")
def read_progress(request: Any) -> HttpResponse:
    """List reads by time point and role, readers, and cases."""
    actor, now = request.actor, clock.now()
    manages = actor.may("read.manage")
    codes = assigning.reader_codes(request.study)
    tasks = (
        ReadTask.objects.visible_to(actor)
        .filter(state__in=_SHOWN)
        .exclude(stream__closed_reason__gt="", state="signed")
        .select_related("stream__reader", "time_point__subject", "stream__subject")
        .order_by("time_point__subject__code", "sequence", "stream__role")
    )
    rows = [_task_row(task, codes, manages=manages, now=now) for task in tasks]
    view = request.GET.get("view", "")
    cases = (
        AdjudicationCase.objects.visible_to(actor)
        .exclude(state="voided")
        .select_related("time_point__subject", "adjudicator")
        .order_by("-created_at")
    )
    return render(
        request,
        "reads/progress.html",
        {
            "study": request.study,
            "page": Paginator([r for r in rows if _matches(r, view)], _PAGE).get_page(
                request.GET.get("page")
            ),
            "view": view,
            "counts": {name or "all": sum(_matches(r, name) for r in rows) for name in VIEWS},
            "readers": _readers(request, rows, codes, manages=manages),
            "cases": [(case, case.state != "signed" and case.due_at < now) for case in cases],
            "unassigned": _unassigned(request) if manages else [],
            "manages": manages,
            "now": now,
            "zone": request.user.time_zone,
        },
    )


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


def _readers(request: Any, rows: list[TaskRow], codes: Any, *, manages: bool) -> list[ReaderRow]:
    held: dict[object, list[ReaderQualification]] = {}
    found = ReaderQualification.objects.visible_to(request.actor).filter(revoked_reason="")
    for one in found.select_related("design"):
        held.setdefault(one.reader_id, []).append(one)
    made = []
    for user in assigning.readers_of(request.study):
        mine = [row for row in rows if row.task.stream.reader_id == user.pk]
        own = tuple(held.get(user.pk, ()))
        made.append(
            ReaderRow(
                user=user,
                name=f"{codes[user.pk]} {user.printed_name}" if manages else codes[user.pk],
                is_qualified=any(q.design.state == "effective" for q in own),
                open_count=sum(r.task.state in OPEN for r in mine),
                signed_count=sum(r.task.state == "signed" for r in mine),
                late_count=sum(r.is_late for r in mine),
                qualifications=own,
            )
        )
    return made


def _unassigned(request: Any) -> list[Subject]:
    """Return subjects with a time point ready and no readers."""
    rows = Subject.objects.visible_to(request.actor).filter(time_points__state="ready")
    taken = ReaderStream.objects.in_study(request.study).filter(closed_reason="")
    return list(rows.exclude(pk__in=taken.values("subject_id")).distinct().order_by("code"))


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
    qualifying.qualify(reader, request.study, actor=request.actor)
    return f"{reader.printed_name} is qualified for the read design."


def _revoke(request: Any) -> str:
    reader = _named_reader(request, "reader")
    reason = request.POST.get("reason", "")
    held = ReaderQualification.objects.in_study(request.study).filter(
        reader=reader, revoked_reason=""
    )
    for qualification in held:
        assigning.revoke(qualification, actor=request.actor, reason=reason)
    return f"The qualification of {reader.printed_name} ended."


_ACTS = {
    "hold": _hold,
    "resume": _resume,
    "replace": _replace,
    "assign": _assign,
    "qualify": _qualify,
    "revoke": _revoke,
}
