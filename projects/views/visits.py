"""Imaging visits as a listing, for comparison with the clinical database."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from audit.models import record
from projects.listing import csv_address, csv_response, wants_csv
from studies.access import StudyRequest, study_view
from studies.models import TimePoint
from ui.records import Link

VISITS_PER_PAGE = 100
COLUMNS = (
    "Study",
    "Site",
    "Subject",
    "Visit",
    "Scheduled",
    "Planned date",
    "Window from",
    "Window to",
    "Scan date",
    "State",
    "Reason not done",
    "Modalities",
)
#: chips: value, words, states of a time point
CHIPS = (
    (
        "received",
        "With scans",
        ("received", "in_qc", "accepted", "ready", "reading", "read", "checked", "locked"),
    ),
    ("expected", "Expected", ("expected",)),
    ("not_done", "Not done", ("not_done",)),
)


@study_view("visits.compare")
def visit_listing(request: StudyRequest) -> HttpResponse:
    """Show every imaging visit with its dates, or send them as CSV; nothing of any read."""
    visible = TimePoint.objects.visible_to(request.actor)
    rows = _filtered(request, visible)
    if wants_csv(request):
        record("visits.export", request.study, study_id=request.study.pk)
        lines = [_line(request, tp) for tp in rows]
        return csv_response(f"{request.study.code}_imaging_visits", COLUMNS, lines)
    page = Paginator(rows, VISITS_PER_PAGE).get_page(request.GET.get("page"))
    chips = [
        (value, words, visible.filter(state__in=states).count()) for value, words, states in CHIPS
    ]
    return render(
        request,
        "projects/visits.html",
        {
            "page": page,
            "lines": [_line(request, tp) for tp in page],
            "columns": COLUMNS[1:],
            "chips": chips,
            "wanted": request.GET.get("q", "").strip(),
            "csv_url": csv_address(request),
            "crumbs": (
                Link(label="My work", url=reverse("home")),
                Link(label=request.study.code, url=""),
            ),
        },
    )


def _filtered(request: StudyRequest, rows: Any) -> Any:
    wanted = request.GET.get("q", "").strip()
    if wanted:
        rows = rows.filter(subject__code__icontains=wanted)
    states = {value: states for value, _, states in CHIPS}.get(request.GET.get("show", ""))
    if states:
        rows = rows.filter(state__in=states)
    return rows.select_related("subject__study_site", "definition").order_by(
        "subject__study_site__number", "subject__code", "planned_date", "label"
    )


def _line(request: StudyRequest, tp: TimePoint) -> tuple[object, ...]:
    return (
        request.study.code,
        tp.subject.study_site.number,
        tp.subject.code,
        tp.label,
        "no" if tp.definition is None else "yes",
        tp.planned_date,
        tp.window_from,
        tp.window_to,
        tp.assessment_date,
        _state_words(tp.state),
        tp.not_done_reason,
        ", ".join(tp.definition.modalities) if tp.definition else "",
    )


def _state_words(state: str) -> str:
    """Return the state as the clinical database knows it: how far reading is stays inside."""
    return {"expected": "Expected", "not_done": "Not done"}.get(state, "Scans received")
