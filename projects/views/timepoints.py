"""The page of one time point: the life of its scan, why it is not ready, everything about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.reasons import reason_of, reason_request
from accounts.sentences import sentences
from audit import clock
from audit.trail import entries
from imaging.models import Preview, Series, Submission
from imaging.services.series import effective_series
from projects import lifeline, why_not
from projects.display import Facts, display_state, facts_for, flags
from projects.holds import held_by
from projects.reasons import EXPECT, NOT_DONE
from queries.models import Query
from reads.models import ReadTask
from reads.services.clocks import plan_for
from reads.visibility import OVER
from studies.access import StudyRequest, fetch, study_view
from studies.models import TimePoint
from studies.services import subjects
from studies.workflows import TIME_POINT
from ui.records import Link

TABS = ("series", "submission", "qc", "queries", "reads", "history")
HISTORY_SHOWN = 12


@study_view("timepoint.view")
def time_point_page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show one time point."""
    tp = _fetch(request, pk)
    facts = facts_for(request.study, [tp], reads=request.actor.may("read.progress"))
    code = display_state(tp, facts)
    about = _about(request, tp)
    tab = request.GET.get("tab", "series")
    history = sentences(entries(tp, *about.submissions, *about.queries, limit=200), brief=True)
    whole = request.GET.get("history") == "all"
    return render(
        request,
        "projects/time_point.html",
        {
            "tp": tp,
            "code": code,
            "flags": flags(tp, facts, code),
            "facts": _facts_line(tp),
            "tab": tab if tab in TABS else "series",
            "tabs": _tabs(about, len(history)),
            "life": lifeline.steps(_life(request, tp, about, facts)),
            "guards": why_not.guards(request.study, tp, about.newest, request.actor),
            "held": held_by(tp, request.actor),
            "about": about,
            "series": [_shown(request, row) for row in about.series],
            "history": history if whole else history[:HISTORY_SHOWN],
            "history_count": len(history),
            "next_act": _next_act(request, about),
            "earlier": _beside(tp, -1),
            "later": _beside(tp, 1),
            "dialogs": _dialogs(request, tp),
            "crumbs": _crumbs(request, tp),
            "now": clock.now(),
        },
    )


@study_view("timepoint.not_done", methods=("POST",))
def declare_not_done(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Declare a visit not done, with its reason."""
    tp = _fetch(request, pk)
    reason = reason_of(request, NOT_DONE)
    subjects.declare_not_done(tp, reason=reason[:200], actor=request.actor)
    messages.success(request, f"{tp} is declared not done.")
    return redirect("time-point", request.study.code, tp.pk)


@study_view("timepoint.manage", methods=("POST",))
def expect_again(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take "not done" back, with a reason."""
    tp = _fetch(request, pk)
    TIME_POINT.move(
        tp,
        "expect_again",
        actor=request.actor,
        reason=reason_of(request, EXPECT),
        changes={"not_done_reason": ""},
    )
    messages.success(request, f"{tp} is expected again.")
    return redirect("time-point", request.study.code, tp.pk)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What belongs to a time point, as far as the asker may see it."""

    submissions: list[Submission]
    series: list[Series]
    findings: list[Any]
    queries: list[Query]
    tasks: list[ReadTask]
    sees_qc: bool
    sees_reads: bool

    @property
    def newest(self) -> Submission | None:
        """The newest sending of the visit."""
        return self.submissions[0] if self.submissions else None

    @property
    def open_queries(self) -> int:
        """How many queries are not over."""
        return sum(query.is_open for query in self.queries)

    @property
    def open_findings(self) -> int:
        """How many findings still need something done."""
        return sum(finding.state in {"open", "queried"} for finding in self.findings)


def _fetch(request: StudyRequest, pk: UUID) -> TimePoint:
    rows = TimePoint.objects.select_related("subject__study_site__site", "definition")
    found: TimePoint = fetch(rows, request.actor, pk)
    return found


def _about(request: StudyRequest, tp: TimePoint) -> About:
    actor = request.actor
    submissions = list(
        Submission.objects.visible_to(actor)
        .filter(time_point=tp)
        .exclude(state__in=["draft", "withdrawn"])
        .select_related("sender", "profile", "form_record")
        .order_by("-number")
    )
    sees_reads = actor.may("read.progress")
    tasks = (
        ReadTask.objects.in_study(request.study)
        .filter(time_point=tp)
        .exclude(state__in=OVER)
        .select_related("stream")
        .order_by("stream__role")
    )
    findings = submissions[0].findings.exclude(level="info") if submissions else []
    return About(
        submissions=submissions,
        series=effective_series(tp),
        findings=list(findings) if actor.may("qc.view") else [],
        queries=list(Query.objects.visible_to(actor).filter(time_point=tp).order_by("-number")),
        tasks=list(tasks) if sees_reads else [],
        sees_qc=actor.may("qc.view"),
        sees_reads=sees_reads,
    )


def _life(request: StudyRequest, tp: TimePoint, about: About, facts: Facts) -> lifeline.Life:
    return lifeline.Life(
        time_point=tp,
        submission=about.newest,
        tasks=about.tasks,
        queries=about.queries,
        facts=facts,
        plan=plan_for(request.study),
        zone=request.actor.zone,
        show_reads=about.sees_reads,
    )


def _facts_line(tp: TimePoint) -> list[str]:
    found = []
    if tp.definition is not None:
        found.append(", ".join(tp.definition.modalities))
    if tp.assessment_date:
        found.append(f"Scanned {tp.assessment_date:%d %b %Y}")
    elif tp.planned_date:
        found.append(f"Planned for {tp.planned_date:%d %b %Y}")
    if tp.window_from and tp.window_to:
        found.append(f"Window {tp.window_from:%d %b} to {tp.window_to:%d %b %Y}")
    if tp.unscheduled_reason:
        found.append(f"Unscheduled: {tp.unscheduled_reason}")
    if tp.not_done_reason:
        found.append(f"Not done: {tp.not_done_reason}")
    return found


def _tabs(about: About, history: int) -> list[tuple[str, str, str, int | None, str]]:
    """Return the tabs: key, words, icon, number, tone of the number."""
    found: list[tuple[str, str, str, int | None, str]] = [
        ("series", "Series", "stack-2", len(about.series), ""),
        ("submission", "Submissions", "file-upload", len(about.submissions), ""),
    ]
    if about.sees_qc:
        tone = "stop" if about.open_findings else ""
        found.append(("qc", "QC", "clipboard-check", about.open_findings, tone))
    found.append(
        (
            "queries",
            "Queries",
            "message-question",
            len(about.queries),
            "wait" if about.open_queries else "",
        )
    )
    if about.sees_reads:
        found.append(("reads", "Reads", "eye", len(about.tasks), ""))
    return [*found, ("history", "History", "history", history, "")]


def _shown(request: StudyRequest, row: Series) -> dict[str, Any]:
    preview = Preview.objects.filter(series=row).exclude(thumbnail_sha256="").first()
    values = row.facts.get("values", {})
    thumb = (
        reverse("image-preview", args=[request.study.code, row.pk, preview.thumbnail_sha256])
        if preview
        else ""
    )
    shown = [values.get("slice_thickness_mm", ""), values.get("kernel", "")]
    blocking = list(row.findings.filter(state__in=["open", "queried"]).exclude(level="info")[:2])
    return {
        "row": row,
        "thumb": thumb,
        "detail": " · ".join(str(part) for part in shown if part),
        "findings": blocking,
        "sorted_out": row.facts.get("sorted_out", ""),
        "first": len(preview.objects_sha256) if preview else 0,
    }


def _next_act(request: StudyRequest, about: About) -> tuple[str, str, str] | None:
    """Return the primary button of the head: words, address, icon."""
    code, actor = request.study.code, request.actor
    waiting = next((query for query in about.queries if query.is_open), None)
    if waiting is not None:
        url = reverse("query-page", args=[code, waiting.pk])
        return f"Open query {waiting}", url, "message-question"
    newest = about.newest
    if newest is not None and newest.state in {"in_qc", "held"} and actor.may("qc.decide"):
        return "Open QC", reverse("qc-workbench", args=[code, newest.pk]), "clipboard-check"
    return None


def _beside(tp: TimePoint, step: int) -> TimePoint | None:
    """Return the time point before (−1) or after (1) this one in the subject's order of dates."""
    ordered = sorted(
        tp.subject.time_points.all(), key=lambda t: (t.order_date is None, str(t.order_date))
    )
    place = next(n for n, other in enumerate(ordered) if other.pk == tp.pk) + step
    return ordered[place] if 0 <= place < len(ordered) else None


def _dialogs(request: StudyRequest, tp: TimePoint) -> list[tuple[str, str, Any]]:
    """Return the acts that ask for a reason: words, icon, dialog."""
    found = []
    names = {step.name for step in TIME_POINT.open_steps(tp, request.actor)}
    if "not_done" in names:
        url = reverse("time-point-not-done", args=[request.study.code, tp.pk])
        found.append(("Declare not done", "ban", reason_request(NOT_DONE, url)))
    if "expect_again" in names:
        url = reverse("time-point-expect", args=[request.study.code, tp.pk])
        found.append(("Expect again", "rotate-clockwise", reason_request(EXPECT, url)))
    return found


def _crumbs(request: StudyRequest, tp: TimePoint) -> tuple[Link, ...]:
    code, subject = request.study.code, tp.subject
    matrix = reverse("matrix", args=[code])
    return (
        Link(label=code, url=reverse("study-entry", args=[code])),
        Link(label="Time points", url=matrix),
        Link(label=str(subject.study_site), url=f"{matrix}?site={subject.study_site.number}"),
        Link(label=subject.code, url=reverse("subject", args=[code, subject.pk])),
        Link(label=tp.label, url=""),
    )
