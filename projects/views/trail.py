"""The audit trail of a study: filters, pages, and CSV of exactly what is filtered."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.sentences import role_words
from audit.models import record
from projects import trail as trails
from projects.listing import csv_address, csv_response, wants_csv
from projects.sealing import seal
from studies.access import StudyRequest, study_view
from ui.moments import moment_words, typed_day
from ui.records import FormError, Link

ENTRIES_PER_PAGE = 25
COLUMNS = (
    "At (UTC)",
    "Local time",
    "Time zone",
    "Printed name",
    "Login",
    "Role",
    "Organisation",
    "Kind of record",
    "Record",
    "Record id",
    "Act",
    "Field",
    "Old",
    "New",
    "Reason",
    "Clock was shifted",
)


@study_view("trail.view")
def trail(request: StudyRequest) -> HttpResponse:
    """Show the trail under the filters, or send it as CSV."""
    wanted, errors = _filter(request)
    lines = trails.Trail(request.study, request.actor, wanted)
    if wants_csv(request) and not errors:
        record("trail.export", request.study, details=_kept(request), study_id=request.study.pk)
        name = f"{request.study.code}_audit_trail"
        return csv_response(name, COLUMNS, map(_row, lines.every_line()))
    pages: Any = Paginator
    page = pages(lines, ENTRIES_PER_PAGE).get_page(request.GET.get("page"))
    entry = reverse("study-entry", args=[request.study.code])
    return render(
        request,
        "projects/trail.html",
        {
            "page": page,
            "lines": page.object_list,
            "wanted": wanted,
            "errors": errors,
            "kinds": trails.kinds(),
            "seal": seal(),
            "csv_url": csv_address(request),
            "crumbs": (
                Link(label=request.study.code, url=entry),
                Link(label="Audit trail", url=""),
            ),
        },
        status=422 if errors else 200,
    )


def _filter(request: StudyRequest) -> tuple[trails.Filter, list[FormError]]:
    given = {
        name: request.GET.get(name, "").strip()
        for name in ("person", "kind", "object", "what", "since", "until")
    }
    errors: list[FormError] = []
    days: dict[str, date | None] = {}
    for name in ("since", "until"):
        try:
            days[name] = typed_day(given[name]) if given[name] else None
        except ValueError:
            days[name] = None
            errors.append(FormError(text="Enter the date as year-month-day.", anchor=name))
    wanted = trails.Filter(
        person=given["person"],
        kind=given["kind"],
        object_id=given["object"],
        what=given["what"],
        since=days["since"],
        until=days["until"],
        zone=request.actor.zone,
    )
    return wanted, errors


def _kept(request: StudyRequest) -> dict[str, str]:
    return {name: str(value) for name, value in request.GET.items() if value and name != "format"}


def _row(line: trails.Line) -> tuple[object, ...]:
    return (
        line.at,
        moment_words(line.at, line.zone, seconds=True),
        line.zone,
        line.name,
        line.login,
        role_words(line.role),
        line.organisation,
        line.object_kind,
        line.object_label,
        line.object_id,
        line.did,
        line.field,
        line.old,
        line.new,
        line.reason,
        line.shifted,
    )
