"""Questions of readers: asked in the room, worked by image operations, answered blinded."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.sentences import sentences
from audit import clock, trail
from audit.errors import Refused, RuleBroken
from reads.models import ReaderQuestion
from reads.services import questions
from reads.services.questions import OPEN
from reads.views.dossier_changes import dossier_address
from reads.views.room import find_task
from reads.workflows import READER_QUESTION
from studies.access import StudyRequest, fetch, study_view
from ui.records import Link

PER_PAGE = 50
VIEWS = {
    "": Q(state__in=OPEN),
    "held": Q(state="held"),
    "answered": Q(state="answered"),
    "withdrawn": Q(state="withdrawn"),
}


@study_view("read.perform", methods=("POST",))
def question_ask(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Ask a question about one's own read."""
    task = find_task(request, pk)
    try:
        questions.ask(
            task,
            request.POST.get("text", ""),
            kind=request.POST.get("kind") or ReaderQuestion.Kind.IMAGES,
            actor=request.actor,
        )
    except Refused as refused:
        messages.error(request, f"Your question was not sent. {refused.message}")
    else:
        messages.success(request, "Your question was sent. The read waits; what you typed is kept.")
    return redirect("read-page", request.study.code, task.pk)


@study_view("read.perform", methods=("POST",))
def question_withdraw(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take one's own question back."""
    task = find_task(request, pk)
    row = ReaderQuestion.objects.visible_to(request.actor).filter(task=task, state__in=OPEN).first()
    if row is None:
        raise Http404
    try:
        questions.withdraw(row, actor=request.actor, reason=request.POST.get("reason", ""))
    except Refused as refused:
        messages.error(request, f"Your question still waits. {refused.message}")
    else:
        messages.success(request, "Your question was withdrawn. The read goes on.")
    return redirect("read-page", request.study.code, task.pk)


def _rows(request: StudyRequest) -> Any:
    return (
        ReaderQuestion.objects.visible_to(request.actor)
        .select_related(
            "task__stream__subject__study_site__site", "task__time_point", "query", "dossier_of"
        )
        .order_by("due_at")
    )


@study_view("question.view")
def question_list(request: StudyRequest) -> HttpResponse:
    """List questions of readers with subject and site; what waits first."""
    view = request.GET.get("view", "")
    view = view if view in VIEWS else ""
    rows = _rows(request)
    counts = rows.order_by().aggregate(
        **{name or "open": Count("pk", filter=kept) for name, kept in VIEWS.items()}
    )
    page = Paginator(rows.filter(VIEWS[view]), PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "reads/questions/list.html",
        {"page": page, "counts": counts, "view": view, "now": clock.now()},
    )


@study_view("question.view")
def question_page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show a question, what the site said, and what may be done."""
    return _page(request, fetch(_rows(request), request.actor, pk))


def _page(request: StudyRequest, row: ReaderQuestion, *, status: int = 200) -> HttpResponse:
    said = row.query.messages.order_by("pk") if row.query else []
    return render(
        request,
        "reads/questions/page.html",
        {
            "row": row,
            "subject": row.task.stream.subject,
            "said": said,
            "steps": {step.name for step in READER_QUESTION.open_steps(row, request.actor)},
            "is_writer": row.written_by_id == request.actor.user_id,
            "found": questions.found_words(row),
            "back": (back := questions.sent_back(row)),
            "typed": request.POST.get("text", row.answer if back else ""),
            "dossier_url": (
                dossier_address(request, row.dossier_of, row.dossier_version)
                if row.dossier_of
                else ""
            ),
            "now": clock.now(),
            "history": sentences(trail.entries(row), brief=True),
            "crumbs": (
                Link(
                    label="Questions of readers",
                    url=reverse("question-list", args=[request.study.code]),
                ),
                Link(label=row.task.stream.subject.code, url=""),
            ),
        },
        status=status,
    )


@study_view("question.view", methods=("POST",))
def question_act(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Relay to the site, answer the reader, release, send back, or take back to write again."""
    row = fetch(_rows(request), request.actor, pk)
    act, actor = request.POST.get("act", ""), request.actor
    text, reason = request.POST.get("text", ""), request.POST.get("reason", "")
    acts = {
        "relay": lambda: questions.relay(row, text, actor=actor),
        "answer": lambda: questions.answer(row, text, actor=actor),
        "release": lambda: questions.release(row, actor=actor, reason=reason),
        "rewrite": lambda: questions.rewrite(row, actor=actor, reason=reason),
        "send_back": lambda: questions.send_back(row, actor=actor, reason=reason),
    }
    try:
        if act not in acts:
            raise RuleBroken("Say what is to be done with the question.", rule="QU-007")
        done = acts[act]()
    except Refused as refused:
        messages.error(request, f"Nothing was sent. {refused.message}")
        return _page(request, row, status=refused.status)
    messages.success(request, _SENT_BACK if act == "send_back" else _SAID[done.state])
    return redirect("question-page", request.study.code, row.pk)


_SAID = {
    "relayed": "The site was asked. The read waits.",
    "held": "The answer is held: it has words that could unblind. A second person decides.",
    "answered": "The reader has the answer. The read goes on.",
    "asked": "The answer was taken back. Write it in other words.",
}
_SENT_BACK = "The answer went back to its writer with your reason. The read waits."
