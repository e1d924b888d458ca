"""Care of readers: who is late, what was said, what is being mended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.sentences import sentences
from audit import clock
from audit.errors import Refused, RuleBroken
from audit.trail import entries
from reads.models import Reader, ReaderEscalation, ReaderMessage, ReadTask, Remediation
from reads.services import care, escalating
from reads.services.clocks import plan_for
from reads.views.readers import crumbs, find_reader
from reads.workflows import REMEDIATION
from studies.access import StudyRequest, fetch, study_view
from ui.moments import typed_day

SHOWN, HISTORY, EMPTY_STEPS = 50, 20, 2


@study_view("reader.view")
def care_list(request: StudyRequest) -> HttpResponse:
    """List late and escalated reads by reader, and the plans that are open."""
    trouble, escalated = "", set()
    try:
        escalated = {task.pk for task in care.escalated(request.study)}
    except RuleBroken as missing:
        trouble = missing.message
    rows = ReadTask.objects.visible_to(request.actor).filter(
        state__in=care.RUNNING, due_at__lt=clock.now(), stream__closed_reason=""
    )
    late: dict[Any, dict[str, Any]] = {}
    for task in rows.select_related("stream__reader__reader").order_by("due_at"):
        user = task.stream.reader
        row = late.setdefault(
            user.pk,
            {"user": user, "entry": getattr(user, "reader", None), "late": 0, "far": 0,
             "since": task.due_at},
        )  # fmt: skip
        row["late"] += 1
        row["far"] += task.pk in escalated
    plans = Remediation.objects.visible_to(request.actor).filter(state="open")
    raised = ReaderEscalation.objects.visible_to(request.actor).filter(state__in=escalating.LIVE)
    return render(
        request,
        "reads/readers/care_list.html",
        {
            "late": sorted(late.values(), key=lambda row: (-row["far"], row["since"])),
            "plans": plans.select_related("reader__user").order_by("due_on"),
            "raised": raised.select_related("reader__user", "owner").order_by("opened_at"),
            "suspended": Reader.objects.filter(state="suspended").select_related("user"),
            "today": clock.today(),
            "now": clock.now(),
            "trouble": trouble,
            "crumbs": crumbs(request, "Care"),
        },
    )


@study_view("reader.view")
def reader_care(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show what was said to a reader in this study, the late reads and the plans."""
    reader = find_reader(pk)
    now = clock.now()
    tasks = ReadTask.objects.visible_to(request.actor).filter(
        stream__reader=reader.user_id, state__in=care.RUNNING, due_at__lt=now
    )
    plans = list(Remediation.objects.visible_to(request.actor).filter(reader=reader))
    manages = request.actor.may("reader.manage")
    return render(
        request,
        "reads/readers/care.html",
        {
            "reader": reader,
            "tasks": _with_escalation(request, tasks),
            "log": ReaderMessage.objects.visible_to(request.actor).filter(reader=reader)[:SHOWN],
            "raised": ReaderEscalation.objects.visible_to(request.actor)
            .filter(reader=reader)
            .select_related("owner")[:HISTORY],
            "kinds": [(k.value, k.label) for k in care.BY_HAND],
            "plans": [
                (plan, REMEDIATION.open_steps(plan, request.actor), _with_room(plan))
                for plan in plans
            ],
            "no_steps": [{}] * (EMPTY_STEPS + 1),
            "manages": manages,
            "today": clock.today(),
            "now": now,
            "sentences": sentences(entries(*plans, limit=HISTORY)) if plans else [],
            "crumbs": crumbs(request, str(reader), "Care"),
        },
    )


def _with_escalation(request: StudyRequest, tasks: Any) -> list[tuple[ReadTask, datetime]]:
    rows = list(tasks.select_related("stream", "time_point__subject").order_by("due_at"))
    plan = plan_for(request.study) if rows else None
    return [(task, care.escalates_at(plan, task.due_at)) for task in rows if plan]


def _with_room(plan: Remediation) -> list[dict[str, str]]:
    return [*plan.steps, *({} for _ in range(EMPTY_STEPS))]


@study_view("reader.manage", methods=("POST",))
def reader_care_act(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Keep a message, or open, change or close a remediation plan."""
    reader = find_reader(pk)
    act = _ACTS.get(request.POST.get("act", ""))
    try:
        done = act(request, reader) if act else ""
    except Refused as refused:
        messages.error(request, f"Nothing was changed. {refused.message}")
    except ValueError:
        messages.error(request, "Nothing was changed. A date is missing or wrong.")
    else:
        tell = messages.success if done else messages.error
        tell(request, done or "Nothing was changed. Choose what to do.")
    return redirect("reader-care", request.study.code, reader.pk)


def _log(request: StudyRequest, reader: Reader) -> str:
    posted = request.POST
    care.log(
        request.study,
        reader,
        posted.get("kind", ""),
        posted.get("text", ""),
        actor=request.actor,
        is_from_reader=bool(posted.get("is_from_reader")),
    )
    return "The message is in the log."


def _posted_steps(request: StudyRequest) -> list[dict[str, str]]:
    names = ("text", "owner", "due", "done_on")
    columns = [request.POST.getlist(f"step.{name}") for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=False)]


def _open(request: StudyRequest, reader: Reader) -> str:
    care.open_remediation(
        request.study,
        reader,
        issue=request.POST.get("issue", ""),
        steps=_posted_steps(request),
        due_on=typed_day(request.POST.get("due_on", "")),
        actor=request.actor,
    )
    return "The remediation plan is open."


def _plan(request: StudyRequest, reader: Reader) -> Remediation:
    rows = Remediation.objects.filter(reader=reader)
    found: Remediation = fetch(rows, request.actor, request.POST.get("row", ""))
    return found


def _change(request: StudyRequest, reader: Reader) -> str:
    care.change_remediation(
        _plan(request, reader),
        steps=_posted_steps(request),
        due_on=typed_day(request.POST.get("due_on", "")),
        actor=request.actor,
        reason=request.POST.get("reason", ""),
    )
    return "The remediation plan is changed."


def _close(request: StudyRequest, reader: Reader) -> str:
    step = request.POST.get("step", "")
    if step not in {one.name for one in REMEDIATION.steps}:
        return ""
    plan = care.close_remediation(
        _plan(request, reader), step, actor=request.actor, reason=request.POST.get("reason", "")
    )
    return f"The remediation plan is {plan.get_state_display().lower()}."


_ACTS: dict[str, Callable[[StudyRequest, Reader], str]] = {
    "log": _log,
    "open": _open,
    "change": _change,
    "close": _close,
}
