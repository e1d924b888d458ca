"""Preliminary measurements: prepared by image operations, decided by the reader, side by side."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.sentences import sentences
from audit import trail
from audit.errors import Refused, RuleBroken
from reads.models import PreliminaryMeasurement
from reads.services import performance, preliminary, reading
from reads.services.preliminary import Compared, Value
from reads.views.room import find_task
from studies.access import StudyRequest, fetch, study_view
from studies.models import TimePoint
from ui.records import Link
from ui.sheets import csv_response

FEW = 50


class ValueForm(forms.Form):
    """A measurement as it is typed."""

    label = forms.CharField(label="Lesion", max_length=8)
    location = forms.CharField(label="Location", max_length=60)
    kind = forms.ChoiceField(label="Axis", choices=PreliminaryMeasurement.Kind.choices)
    entered = forms.CharField(label="Length", max_length=24)
    unit = forms.ChoiceField(label="Unit", choices=[(u, u) for u in preliminary.UNITS])
    slice_number = forms.IntegerField(label="Slice", min_value=1, required=False)


@study_view("preliminary.view")
def preliminary_list(request: StudyRequest) -> HttpResponse:
    """List time points to prepare, and every prepared value with the reader's word."""
    rows = _rows(request)
    if request.GET.get("format") == "csv":
        return _csv(request, rows)
    return render(
        request,
        "reads/preliminary/list.html",
        {
            "is_wanted": preliminary.is_wanted(request.study),
            "waiting": preliminary.to_prepare(request.actor)[:FEW],
            "rows": rows[:FEW],
            "more": max(0, len(rows) - FEW),
            "shows_readers": request.actor.may("read.results"),
        },
    )


def _rows(request: StudyRequest, time_point: TimePoint | None = None) -> list[tuple[Compared, str]]:
    """Return the comparison; readers' words only for those who may see results."""
    names = {one.user_id: one.name for one in performance.names_for(request.study, request.actor)}
    found = preliminary.compared(request.study, time_point)
    if not request.actor.may("read.results"):
        seen: dict[Any, Compared] = {}
        for one in found:
            seen.setdefault(one.measurement.pk, Compared(one.measurement, None, None, ""))
        return [(one, "") for one in seen.values()]
    return [(one, names.get(one.reader_id, "")) for one in found]


@study_view("preliminary.view")
def preliminary_page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show and enter the measurements of a time point."""
    time_point = fetch(TimePoint.objects.select_related("subject"), request.actor, pk)
    return _page(request, time_point, ValueForm())


def _page(
    request: StudyRequest, time_point: TimePoint, form: ValueForm, *, status: int = 200
) -> HttpResponse:
    analysis = preliminary.analysis_of(time_point)
    is_open = analysis is None or analysis.state == "draft"
    may = request.actor.may("preliminary.write") and preliminary.is_wanted(request.study)
    rows = list(analysis.measurements.all()) if analysis else []
    return render(
        request,
        "reads/preliminary/page.html",
        {
            "time_point": time_point,
            "analysis": analysis,
            "rows": _rows(request, time_point),
            "form": form,
            "can_write": may and is_open and time_point.state in preliminary.WAITING,
            "can_discard": may and not is_open,
            "shows_readers": request.actor.may("read.results"),
            "history": sentences(trail.entries(*([analysis, *rows] if analysis else []))),
            "crumbs": (
                Link(
                    label="Prepared measurements",
                    url=reverse("preliminary-list", args=[request.study.code]),
                ),
                Link(label=str(time_point), url=""),
            ),
        },
        status=status,
    )


@study_view("preliminary.write", methods=("POST",))
def preliminary_act(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Enter, remove, finish, discard."""
    time_point = fetch(TimePoint.objects.select_related("subject"), request.actor, pk)
    act, form = request.POST.get("act", ""), ValueForm()
    try:
        if act == "put":
            form = ValueForm(request.POST)
            if not form.is_valid():
                return _page(request, time_point, form, status=422)
            preliminary.put(time_point, Value(**form.cleaned_data), actor=request.actor)
            done = "The value is kept."
        elif act == "remove":
            rows = PreliminaryMeasurement.objects.visible_to(request.actor)
            row = fetch(rows, request.actor, request.POST.get("value", ""))
            if row.analysis.time_point_id != time_point.pk:
                raise Http404
            preliminary.remove(row, actor=request.actor, reason=request.POST.get("reason", ""))
            done = "The value was taken out."
        elif act == "finish":
            analysis = preliminary.begin_empty(time_point, actor=request.actor)
            preliminary.finish(analysis, actor=request.actor)
            done = "The measurements are finished. The time point can be read."
        elif act == "discard":
            held = preliminary.analysis_of(time_point)
            if held is None:
                raise Http404
            reason = request.POST.get("reason", "")
            preliminary.discard(held, actor=request.actor, reason=reason)
            done = "The measurements were discarded. Measure anew."
        else:
            raise RuleBroken("Say what is to be done.", rule="PM-011")
    except Refused as refused:
        messages.error(request, f"Nothing was kept. {refused.message}")
        return _page(request, time_point, form, status=refused.status)
    messages.success(request, done)
    return redirect("preliminary-page", request.study.code, time_point.pk)


@study_view("read.perform", methods=("POST",))
def preliminary_decide(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take the reader's word on one prepared value."""
    task = find_task(request, pk)
    session = reading.active_session(task)
    if session is None:
        raise Http404
    shown = {str(row.pk): row for row in preliminary.shown_to_reader(session)}
    measurement = shown.get(request.POST.get("value", ""))
    if measurement is None:
        raise Http404
    try:
        preliminary.decide(
            session,
            measurement,
            request.POST.get("decision", ""),
            actor=request.actor,
            entered=request.POST.get("entered", ""),
            reason=request.POST.get("reason", ""),
        )
    except Refused as refused:
        messages.error(request, f"Nothing was kept. {refused.message}")
    return redirect(f"{reverse('read-page', args=[request.study.code, task.pk])}#prepared")


HEAD = (
    "subject", "time_point", "lesion", "location", "axis", "slice", "analyst_mm", "reader",
    "decision", "reader_mm", "delta_mm", "reason", "signed_at",
)  # fmt: skip


def _csv(request: StudyRequest, rows: list[tuple[Compared, str]]) -> HttpResponse:
    lines: list[tuple[Any, ...]] = []
    for one, reader in rows:
        row, review = one.measurement, one.review
        point = row.analysis.time_point
        said = ("", "", "", "", "")
        if review is not None:
            said = (
                review.decision,
                "" if review.value is None else f"{review.value.normalize():f}",
                "" if one.delta is None else f"{one.delta.normalize():f}",
                review.reason,
                review.signed_at.isoformat() if review.signed_at else "",
            )
        value = f"{row.value.normalize():f}"
        slice_ = "" if row.slice_number is None else row.slice_number
        known = (point.subject.code, point.label, row.label, row.location, row.kind, slice_, value)
        lines.append((*known, reader, *said))
    return csv_response(f"{request.study.code}_prepared_measurements", HEAD, lines)
