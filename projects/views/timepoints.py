"""Matrix, subjects and the page of one time point."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render

from audit import clock
from audit.trail import entries
from imaging.models import Submission
from projects import lifeline, matrix, why_not
from projects.display import display_state, facts_for, flags
from projects.history import sentences
from reads.models import ReadTask
from studies.access import fetch, study_view
from studies.models import Subject, TimePoint
from studies.services.configuration import plan_of

SUBJECTS_PER_PAGE = 100
TABS = ("series", "submission", "qc", "queries", "reads", "history")


@study_view("timepoint.view")
def matrix_page(request: Any) -> HttpResponse:
    """Subjects by time points."""
    rows = (
        Subject.objects.visible_to(request.actor)
        .select_related("study_site__site")
        .order_by("study_site__number", "code")
    )
    wanted = request.GET.get("q", "").strip()
    if wanted:
        rows = rows.filter(code__icontains=wanted)
    page = Paginator(rows, SUBJECTS_PER_PAGE).get_page(request.GET.get("page"))
    only = request.GET.get("show", "")
    return render(
        request,
        "projects/matrix.html",
        {
            "matrix": matrix.build(request.study, request.actor, list(page), only=only),
            "page": page,
            "total": page.paginator.count,
            "wanted": wanted,
        },
    )


@study_view("subject.view")
def subject_list(request: Any) -> HttpResponse:
    """Subjects with site and state."""
    rows = Subject.objects.visible_to(request.actor).select_related("study_site__site")
    wanted = request.GET.get("q", "").strip()
    if wanted:
        rows = rows.filter(code__icontains=wanted)
    page = Paginator(rows.order_by("code"), SUBJECTS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "projects/subjects.html", {"page": page, "wanted": wanted})


@study_view("subject.view")
def subject_page(request: Any, pk: Any) -> HttpResponse:
    """One subject: time points in order, anchors, history."""
    rows = Subject.objects.select_related("study_site__site")
    subject = fetch(rows, request.actor, pk)
    points = sorted(subject.time_points.select_related("definition"), key=_order)
    facts = facts_for(request.study, points)
    shown = []
    for tp in points:
        code = display_state(tp, facts)
        shown.append({"time_point": tp, "code": code, "flags": flags(tp, facts, code)})
    anchors = subject.anchors.order_by("kind", "version")
    return render(
        request,
        "projects/subject.html",
        {
            "subject": subject,
            "points": shown,
            "anchors": anchors,
            "history": sentences(entries(subject, *anchors, limit=50)),
        },
    )


def _order(tp: TimePoint) -> tuple[bool, Any]:
    return tp.order_date is None, tp.order_date


@study_view("timepoint.view")
def time_point_page(request: Any, pk: Any) -> HttpResponse:
    """One time point: the life of its scan, why it is not ready, and everything about it."""
    rows = TimePoint.objects.select_related("subject__study_site__site", "definition")
    tp = fetch(rows, request.actor, pk)
    facts = facts_for(request.study, [tp])
    submissions = list(
        Submission.objects.visible_to(request.actor)
        .filter(time_point=tp)
        .exclude(state__in=["draft", "withdrawn"])
        .select_related("sender")
        .order_by("-created_at")
    )
    submission = submissions[0] if submissions else None
    queries = list(tp.queries.order_by("-opened_at"))
    may_see_reads = request.actor.may("read.progress")
    tasks = list(
        ReadTask.objects.in_study(request.study)
        .filter(time_point=tp)
        .exclude(state__in=["declined", "reassigned", "cancelled"])
        .select_related("stream")
        .order_by("stream__role")
    )
    code = display_state(tp, facts)
    tab = request.GET.get("tab", "series")
    links = tp.series_links.filter(withdrawn_reason="").select_related("series")
    life = lifeline.Life(
        time_point=tp,
        submission=submission,
        tasks=tasks if may_see_reads else [],
        queries=queries,
        facts=facts,
        plan=plan_of(request.study),
        zone=request.user.time_zone,
    )
    return render(
        request,
        "projects/time_point.html",
        {
            "tp": tp,
            "code": code,
            "flags": flags(tp, facts, code),
            "tab": tab if tab in TABS else "series",
            "life": lifeline.steps(life),
            "guards": why_not.guards(request.study, tp, submission, request.actor),
            "submissions": submissions,
            "submission": submission,
            "series": [link.series for link in links],
            "findings": list(submission.findings.all()) if submission else [],
            "queries": queries,
            "open_queries": sum(q.is_open for q in queries),
            "tasks": tasks if may_see_reads else [],
            "may_see_reads": may_see_reads,
            "history": sentences(entries(tp, *submissions, *queries, limit=100)),
            "now": clock.now(),
        },
    )
