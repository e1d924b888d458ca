"""Subjects by time points: filters, search, pages of a hundred subjects, CSV."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from projects import matrix
from projects.listing import csv_address, csv_response, wants_csv
from studies.access import StudyRequest, study_view
from studies.models import TimePoint
from ui.records import Link

SUBJECTS_PER_PAGE = 100
#: (value of ``show``, words of the chip)
CHIPS = (
    ("mine", "Needs my action"),
    ("query", "Open query"),
    ("late", "Late"),
    ("window", "Out of window"),
)


@study_view("timepoint.view")
def matrix_page(request: StudyRequest) -> HttpResponse:
    """Show the matrix, or send it as CSV under the same filters."""
    wanted = _filter(request)
    selection = matrix.select(request.study, request.actor, wanted)
    if wants_csv(request):
        head, rows = matrix.table(
            matrix.build(request.study, request.actor, list(selection.subjects))
        )
        return csv_response(f"{request.study.code}_time_points", head, rows)
    page = Paginator(selection.subjects, SUBJECTS_PER_PAGE).get_page(request.GET.get("page"))
    states = TimePoint._meta.get_field("state").choices or []
    return render(
        request,
        "projects/matrix.html",
        {
            "matrix": matrix.build(request.study, request.actor, list(page)),
            "page": page,
            "total": selection.total,
            "wanted": wanted,
            "chips": [(value, words, selection.counts[value]) for value, words in CHIPS],
            "sites": matrix.sites_of(request.actor),
            "states": states,
            "csv_url": csv_address(request),
            "crumbs": (
                Link(label=request.study.code, url=_entry(request)),
                Link(label="Time points", url=""),
            ),
        },
    )


def _filter(request: StudyRequest) -> matrix.Filter:
    given = {name: request.GET.get(name, "").strip() for name in ("show", "site", "state")}
    return matrix.Filter(text=request.GET.get("q", "").strip(), **given)


def _entry(request: StudyRequest) -> str:
    return reverse("study-entry", args=[request.study.code])
