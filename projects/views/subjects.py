"""Subjects: the list, one subject, registering, dates, leaving the study."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.reasons import reason_of, reason_request
from accounts.sentences import sentences
from audit import clock
from audit.errors import RuleBroken
from audit.states import Step
from audit.trail import entries
from projects.display import display_state, facts_for, flags
from projects.forms import CorrectDate, RegisterSubject, errors_of
from projects.listing import csv_address, csv_response, wants_csv
from projects.reasons import CORRECT_DATE, LEAVE
from studies.access import StudyRequest, fetch, study_view
from studies.models import Anchor, StudySite, Subject, TimePoint
from studies.services import subjects
from studies.workflows import SUBJECT
from ui.records import Link

SUBJECTS_PER_PAGE = 100

#: steps that follow from the record of a withdrawal of consent, which has its own page
BY_CONSENT = frozenset({"withdraw", "restore_screening", "restore_enrolled"})


@study_view("subject.view")
def subject_list(request: StudyRequest) -> HttpResponse:
    """Subjects with site, state and how far their visits are."""
    visible = Subject.objects.visible_to(request.actor)
    states = {
        row["state"]: row["n"] for row in visible.order_by().values("state").annotate(n=Count("pk"))
    }
    rows = _filtered(request, visible)
    if wants_csv(request):
        return csv_response(f"{request.study.code}_subjects", COLUMNS, map(_line, rows))
    page = Paginator(rows, SUBJECTS_PER_PAGE).get_page(request.GET.get("page"))
    labels = dict(Subject._meta.get_field("state").flatchoices)
    form = RegisterSubject(sites=_open_sites(request)) if _may_register(request) else None
    return render(
        request,
        "projects/subjects.html",
        {
            "page": page,
            "wanted": request.GET.get("q", "").strip(),
            "chips": [(code, labels[code], n) for code, n in sorted(states.items())],
            "total": sum(states.values()),
            "form": form,
            "csv_url": csv_address(request),
            "crumbs": _crumbs(request, "Subjects"),
        },
    )


COLUMNS = ("Site", "Subject", "State", "Time points", "With scans", "Locked", "Not done")


def _filtered(request: StudyRequest, visible: Any) -> Any:
    rows = visible.select_related("study_site__site")
    wanted, state = request.GET.get("q", "").strip(), request.GET.get("state", "")
    if wanted:
        rows = rows.filter(code__icontains=wanted)
    if state:
        rows = rows.filter(state=state)
    has_scans = ~Q(time_points__state__in=["expected", "not_done"])
    return rows.annotate(
        visits=Count("time_points"),
        with_scans=Count("time_points", filter=has_scans & Q(time_points__isnull=False)),
        locked=Count("time_points", filter=Q(time_points__state="locked")),
        not_done=Count("time_points", filter=Q(time_points__state="not_done")),
    ).order_by("study_site__number", "code")


def _line(row: Any) -> tuple[object, ...]:
    return (
        row.study_site.number,
        row.code,
        row.get_state_display(),
        row.visits,
        row.with_scans,
        row.locked,
        row.not_done,
    )


def _may_register(request: StudyRequest) -> bool:
    return request.actor.may("subject.enrol") and request.study.state == "conduct"


def _open_sites(request: StudyRequest) -> list[StudySite]:
    rows = StudySite.objects.visible_to(request.actor).filter(state="active")
    return list(rows.select_related("site").order_by("number"))


@study_view("subject.enrol", methods=("POST",))
def register(request: StudyRequest) -> HttpResponse:
    """Register a subject in screening."""
    sites = _open_sites(request)
    form = RegisterSubject(request.POST, sites=sites)
    if not form.is_valid():
        return _registration(request, form)
    given = form.cleaned_data
    site = next(s for s in sites if str(s.pk) == given["site"])
    try:
        subject = subjects.register_subject(
            site,
            code=given["code"],
            anchors={"enrolment": given["enrolment"]},
            actor=request.actor,
            source=given["source"],
        )
    except RuleBroken as broken:
        form.add_error("code", broken.message)
        return _registration(request, form)
    messages.success(request, f"Subject {subject.code} is registered.")
    return redirect("subject", request.study.code, subject.pk)


def _registration(request: StudyRequest, form: RegisterSubject) -> HttpResponse:
    return render(
        request,
        "projects/subject_register.html",
        {
            "form": form,
            "errors": errors_of(form),
            "crumbs": _crumbs(request, "Register a subject"),
        },
        status=422,
    )


@study_view("subject.view")
def subject_page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """One subject: time points in order, dates, history."""
    return _page(request, _fetch(request, pk))


def _fetch(request: StudyRequest, pk: UUID) -> Subject:
    rows = Subject.objects.select_related("study_site__site")
    found: Subject = fetch(rows, request.actor, pk)
    return found


def _page(request: StudyRequest, subject: Subject, status: int = 200) -> HttpResponse:
    points = sorted(subject.time_points.select_related("definition", "subject"), key=_order)
    facts = facts_for(request.study, points, reads=request.actor.may("read.progress"))
    shown = []
    for tp in points:
        code = display_state(tp, facts)
        shown.append({"tp": tp, "code": code, "flags": flags(tp, facts, code)})
    anchors = list(subject.anchors.select_related("superseded_by").order_by("kind", "-version"))
    steps = [s for s in SUBJECT.open_steps(subject, request.actor) if s.name not in BY_CONSENT]
    period = subject.protocol_periods.select_related("protocol_version").order_by("-period").first()
    return render(
        request,
        "projects/subject.html",
        {
            "subject": subject,
            "points": shown,
            "anchors": [(a, _anchor_dialog(request, a)) for a in anchors],
            "plain_steps": [step for step in steps if not step.needs_reason],
            "reasoned_steps": [
                (step, _step_dialog(request, subject, step)) for step in steps if step.needs_reason
            ],
            "protocol": period.protocol_version if period else None,
            "history": sentences(entries(subject, *anchors, limit=50)),
            "now": clock.now(),
            "crumbs": (
                Link(label=request.study.code, url=_entry(request)),
                Link(label="Subjects", url=reverse("subject-list", args=[request.study.code])),
                Link(label=subject.code, url=""),
            ),
        },
        status=status,
    )


def _order(tp: TimePoint) -> tuple[bool, str]:
    return tp.order_date is None, str(tp.order_date)


def _anchor_dialog(request: StudyRequest, anchor: Anchor) -> CorrectDate | None:
    if anchor.superseded_by_id is not None or not request.actor.may("subject.enrol"):
        return None
    return CorrectDate(
        initial={"date": anchor.date, "source": anchor.source}, auto_id=f"{anchor.pk}-%s"
    )


def _step_dialog(request: StudyRequest, subject: Subject, step: Step) -> Any:
    url = reverse("subject-step", args=[request.study.code, subject.pk])
    return reason_request(
        LEAVE, url, dialog=f"step-{step.name}", title=step.label, hidden=(("step", step.name),)
    )


@study_view("subject.enrol", methods=("POST",))
def take_step(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take a subject's next step: enrolled, completed, discontinued, withdrawn, screen failed."""
    subject = _fetch(request, pk)
    name = request.POST.get("step", "")
    step = next((s for s in SUBJECT.open_steps(subject, request.actor) if s.name == name), None)
    if step is None or step.name in BY_CONSENT:
        raise RuleBroken(
            "This step is not possible now. Look at the subject again.", rule="SUB-010"
        )
    reason = reason_of(request, LEAVE) if step.needs_reason else ""
    SUBJECT.move(subject, step.name, actor=request.actor, reason=reason)
    messages.success(request, f"Subject {subject.code}: {step.label.lower()}.")
    return redirect("subject", request.study.code, subject.pk)


@study_view("subject.enrol", methods=("POST",))
def correct_anchor(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Correct a date of a subject: a new version; open windows follow it."""
    rows = Anchor.objects.select_related("subject")
    anchor: Anchor = fetch(rows, request.actor, pk, superseded_by=None)
    form = CorrectDate(request.POST)
    if not form.is_valid():
        raise RuleBroken("Enter the corrected date and where it comes from.", rule="SUB-011")
    subjects.supersede_anchor(
        anchor,
        day=form.cleaned_data["date"],
        source=form.cleaned_data["source"],
        actor=request.actor,
        reason=reason_of(request, CORRECT_DATE),
    )
    messages.success(request, "The date is corrected; windows of expected visits follow it.")
    return redirect("subject", request.study.code, anchor.subject_id)


def _entry(request: StudyRequest) -> str:
    return reverse("study-entry", args=[request.study.code])


def _crumbs(request: StudyRequest, here: str) -> tuple[Link, ...]:
    return (Link(label=request.study.code, url=_entry(request)), Link(label=here, url=""))
