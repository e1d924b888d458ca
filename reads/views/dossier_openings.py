"""For those who watch: who opened which dossier, in which read and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.reasons import OTHER, Act, reason_of, reason_request
from audit.errors import Refused
from reads.models import DossierChange, DossierOpening, ReadTask
from reads.services import dossiers
from reads.services.assigning import reader_codes
from reads.views.dossier_changes import PER_PAGE, crumbs
from studies.access import StudyRequest, fetch, study_view
from studies.models import TimePoint
from ui.records import ReasonRequest
from ui.sheets import csv_response

COLUMNS = (
    "subject", "time_point", "dossier_version", "read", "role", "reader", "opened_utc",
    "zone", "form_version", "after_signature", "read_state",
)  # fmt: skip
BEGIN_ANEW = Act(
    "begin_anew",
    "Let the images be judged again?",
    (
        ("entered_wrongly", "An answer about the images was entered wrongly"),
        ("images", "The images were corrected or explained"),
        OTHER,
    ),
    "Begin read anew",
)
EFFECTS = (
    ("wait", "What the reader entered is voided; it stays in the history, read-only."),
    ("wait", "The reader judges the images again, knowing the dossier; the history says so."),
)


@study_view("dossier.watch")
def openings(request: StudyRequest) -> HttpResponse:
    """List every opening of a dossier in a read or a case, newest first."""
    rows = (
        DossierOpening.objects.filter(study_id=request.study.pk)
        .select_related("time_point__subject", "task__stream", "task__time_point", "case")
        .select_related("session__form_record")
        .order_by("-id")
    )
    point = None
    if request.GET.get("time_point"):
        point = fetch(
            TimePoint.objects.select_related("subject"), request.actor, request.GET["time_point"]
        )
        rows = rows.filter(time_point=point)
    if request.GET.get("read"):
        rows = rows.filter(task=fetch(ReadTask, request.actor, request.GET["read"]))
    codes = reader_codes(request.study)
    if request.GET.get("format") == "csv":
        return csv_response(
            f"{request.study.code}_dossier_openings", COLUMNS, (_line(row, codes) for row in rows)
        )
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    dialogs = _dialogs(request, page)
    return render(
        request,
        "reads/dossier_openings.html",
        {
            "page": page,
            "rows": [
                (row, codes.get(row.reader_id, _adjudicator(row)), dialogs.get(row.pk))
                for row in page
            ],
            "dialogs": dialogs.values(),
            "point": point,
            "waiting": DossierChange.objects.visible_to(request.actor).filter(state="open").count(),
            "crumbs": crumbs(request, openings=bool(point), last=str(point) if point else ""),
        },
    )


def _dialogs(request: StudyRequest, rows: Iterable[DossierOpening]) -> dict[Any, ReasonRequest]:
    """Return opening -> dialog to begin anew, beside the latest one of a read with fixed images."""
    found: dict[Any, ReasonRequest] = {}
    seen: set[Any] = set()
    for row in rows if request.actor.may("dossier.decide") else ():
        if row.task is None or row.task_id in seen or not _is_fixed(row):
            continue
        seen.add(row.task_id)
        url = reverse("read-begin-anew", args=[request.study.code, row.task_id])
        found[row.pk] = reason_request(
            BEGIN_ANEW, url, dialog=f"anew-{row.task_id}", effects=EFFECTS
        )
    return found


def _is_fixed(row: DossierOpening) -> bool:
    is_open = row.task is not None and row.task.state == "in_progress"
    session = row.session
    return bool(is_open and session and session.state == "open" and session.form_record.fixed)


@study_view("dossier.decide", methods=("POST",))
def begin_anew(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Let the images of a read be judged again although its dossier was opened."""
    task: ReadTask = fetch(ReadTask, request.actor, pk)
    try:
        dossiers.begin_anew(task, actor=request.actor, reason=reason_of(request, BEGIN_ANEW))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(
            request, _("The read begins anew. Its reader finds it in the inbox, not begun.")
        )
    return redirect("dossier-openings", request.study.code)


def _adjudicator(row: DossierOpening) -> str:
    return _("Adjudicator") if row.case_id else "R"


def _line(row: DossierOpening, codes: Mapping[Any, str]) -> tuple[Any, ...]:
    task, case = row.task, row.case
    return (
        row.time_point.subject.code,
        row.time_point.label,
        row.version,
        what_of(row),
        task.stream.role if task else "adjudicator",
        codes.get(row.reader_id, _adjudicator(row)),
        row.at,
        row.zone,
        row.answers_version,
        row.after_signature,
        task.state if task else case.state if case else "",
    )


def what_of(row: DossierOpening) -> str:
    """Return in which read or case a dossier was opened."""
    if row.task is None:
        return f"Adjudication {row.case.label}" if row.case else ""
    point = row.task.time_point
    kind = row.task.get_kind_display()
    return f"{kind}, {point.label}" if point is not None else kind
