"""Files of the clinical CRO: read in, dry run row by row, import as a whole."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.sentences import sentences
from audit import trail
from audit.errors import Refused
from clinical.models import DossierImport
from clinical.services import imports
from clinical.views.desk import crumbs
from studies.access import StudyRequest, fetch, study_view
from studies.cells import MOST_BYTES
from ui.records import Link
from ui.sheets import csv_response

PER_PAGE = 100


@study_view("dossier.view")
def listing(request: StudyRequest) -> HttpResponse:
    """List the files that were read in."""
    return render(
        request,
        "clinical/imports.html",
        {
            "rows": DossierImport.objects.visible_to(request.actor),
            "may_enter": request.actor.may("dossier.enter"),
            "most_mb": MOST_BYTES // 1_000_000,
            "crumbs": crumbs(request, _("Files of the clinical CRO")),
        },
    )


@study_view("dossier.enter")
def template(request: StudyRequest) -> HttpResponse:
    """Send the sheet to fill in: a row for each value that is waited for."""
    head, *rows = imports.template(request.study)
    return csv_response(f"{request.study.code}_dossiers_to_fill_in", head, rows)


@study_view("dossier.enter", methods=("POST",))
def read_in(request: StudyRequest) -> HttpResponse:
    """Read a spreadsheet in as a draft; nothing of it is imported."""
    sent = request.FILES.get("file")
    if sent is None or (sent.size or 0) > MOST_BYTES:
        messages.error(
            request, _("Nothing was read in. Choose a CSV or XLSX file of at most 5 MB.")
        )
        return redirect("dossier-imports", request.study.code)
    try:
        made = imports.read_in(
            request.study,
            sent.read(),
            name=sent.name or "",
            reason=request.POST.get("reason", ""),
            sheet=request.POST.get("sheet", ""),
            actor=request.actor,
        )
    except Refused as refused:
        messages.error(request, _("Nothing was read in. %s") % refused.message)
        return redirect("dossier-imports", request.study.code)
    if made.state == "imported":
        messages.info(request, _("This file was imported before. Nothing was changed."))
    return redirect("dossier-import", request.study.code, made.pk)


@study_view("dossier.view")
def page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show a file with what becomes of each row."""
    return _page(request, fetch(DossierImport.objects.select_related("study"), request.actor, pk))


def _page(
    request: StudyRequest, row: DossierImport, *, error: str = "", status: int = 200
) -> HttpResponse:
    result = imports.try_out(row) if row.state == "draft" else None
    only_wrong = request.GET.get("rows", "") == "wrong"
    lines = list(result.problems if only_wrong else result.lines) if result else []
    touched = {one.place for one in result.changes} if result else set()
    return render(
        request,
        "clinical/import.html",
        {
            "row": row,
            "result": result,
            "page": Paginator(lines, PER_PAGE).get_page(request.GET.get("page")),
            "wrong": len(result.problems) if result else 0,
            "changes": len(result.changes) if result else 0,
            "dossiers": len(touched),
            "total": len(result.lines) if result else 0,
            "items": row.items.select_related("dossier__subject", "dossier__time_point")
            .order_by("dossier__subject__code", "dossier__time_point__planned_date", "code")[:500]
            if row.state == "imported" else [],
            "may_enter": request.actor.may("dossier.enter"),
            "error": error,
            "history": sentences(trail.entries(row)),
            "crumbs": crumbs(
                request,
                Link(label=_("Files of the clinical CRO"), url=_list_url(request)),
                row.file_name,
            ),
        },
        status=status,
    )  # fmt: skip


def _list_url(request: StudyRequest) -> str:
    from django.urls import reverse

    return reverse("dossier-imports", args=[request.study.code])


@study_view("dossier.enter", methods=("POST",))
def take_over(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Import every row, or nothing."""
    row = fetch(DossierImport.objects.select_related("study"), request.actor, pk)
    try:
        done = imports.take_over(row, actor=request.actor)
    except Refused as refused:
        return _page(request, row, error=refused.message, status=refused.status)
    words = ngettext("%d item was imported.", "%d items were imported.", done.items) % done.items
    messages.success(
        request,
        _("%(items)s %(complete)d of %(all)d dossiers are complete and received.")
        % {"items": words, "complete": done.received, "all": done.dossiers},
    )
    return redirect("dossier-import", request.study.code, row.pk)


@study_view("dossier.enter", methods=("POST",))
def discard(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Discard a file that was read in; it may be read in again."""
    row = fetch(DossierImport.objects.select_related("study"), request.actor, pk)
    try:
        imports.discard(row, actor=request.actor, reason=request.POST.get("reason", ""))
    except Refused as refused:
        return _page(request, row, error=refused.message, status=refused.status)
    messages.success(request, _("The file was discarded. It may be read in again."))
    return redirect("dossier-imports", request.study.code)
