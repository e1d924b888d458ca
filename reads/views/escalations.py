"""An escalation: which reads, who looks after it, what was said, how it ended."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.models import User
from accounts.sentences import sentences
from audit import clock
from audit.errors import Refused, RuleBroken
from audit.trail import entries
from reads.models import ReaderEscalation
from reads.services import care, escalating
from reads.views.readers import crumbs
from studies.access import StudyRequest, fetch, study_view

HISTORY = 30


def _escalation(request: StudyRequest, pk: UUID) -> ReaderEscalation:
    rows = ReaderEscalation.objects.select_related("reader__user", "owner", "study")
    found: ReaderEscalation = fetch(rows, request.actor, pk)
    return found


@study_view("reader.view")
def escalation_page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show an escalation with its reads, correspondence and history."""
    row = _escalation(request, pk)
    manages = request.actor.may("reader.manage") and row.state != "closed"
    said = list(row.messages.order_by("-at"))
    return render(
        request,
        "reads/readers/escalation.html",
        {
            "row": row,
            "tasks": escalating.reads_of(row),
            "log": said,
            "kinds": [(kind.value, kind.label) for kind in care.BY_HAND],
            "owners": escalating.owners(request.study) if manages and row.state == "owned" else [],
            "manages": manages,
            "running": care.RUNNING,
            "now": clock.now(),
            "sentences": sentences(entries(row, limit=HISTORY)),
            "crumbs": crumbs(request, "Care", str(row)),
        },
    )


@study_view("reader.manage", methods=("POST",))
def escalation_act(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take, hand over or close an escalation, or keep what was said."""
    row = _escalation(request, pk)
    act = _ACTS.get(request.POST.get("act", ""))
    try:
        done = act(request, row) if act else ""
    except Refused as refused:
        messages.error(request, f"Nothing was changed. {refused.message}")
    else:
        tell = messages.success if done else messages.error
        tell(request, done or "Nothing was changed. Choose what to do.")
    return redirect("escalation-page", request.study.code, row.pk)


def _take(request: StudyRequest, row: ReaderEscalation) -> str:
    escalating.take(row, actor=request.actor)
    return "You look after this escalation."


def _hand_over(request: StudyRequest, row: ReaderEscalation) -> str:
    owner = {str(one.pk): one for one in escalating.owners(request.study)}.get(
        request.POST.get("owner", "")
    )
    if not isinstance(owner, User):
        raise RuleBroken("Choose who takes it over.", rule="RC-006")
    escalating.hand_over(row, owner, actor=request.actor, reason=request.POST.get("reason", ""))
    return f"{owner.printed_name} looks after this escalation."


def _close(request: StudyRequest, row: ReaderEscalation) -> str:
    escalating.close(row, actor=request.actor, outcome=request.POST.get("reason", ""))
    return "The escalation is closed."


def _log(request: StudyRequest, row: ReaderEscalation) -> str:
    posted = request.POST
    care.log(
        request.study,
        row.reader,
        posted.get("kind", ""),
        posted.get("text", ""),
        actor=request.actor,
        is_from_reader=bool(posted.get("is_from_reader")),
        escalation=row,
    )
    return "The message is kept with the escalation."


_ACTS: dict[str, Callable[[StudyRequest, ReaderEscalation], str]] = {
    "take": _take,
    "hand_over": _hand_over,
    "close": _close,
    "log": _log,
}
