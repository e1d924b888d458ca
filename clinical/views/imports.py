"""Files of the clinical CRO: read in, dry run row by row, import as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.sentences import sentences
from audit import trail
from audit.errors import Refused
from audit.models import Job
from clinical.definition.sheet import Line
from clinical.models import DossierImport
from clinical.services import importing, imports
from clinical.views.desk import crumbs
from imaging.views.parts import JOB_STATES
from studies.access import StudyRequest, fetch, study_view
from studies.cells import MOST_BYTES
from ui.records import JobProgress, Link
from ui.sheets import csv_response

PER_PAGE = 100
MOST_LEFT_OUT = 200


@study_view("dossier.view")
def listing(request: StudyRequest) -> HttpResponse:
    """List the files that were read in."""
    return render(
        request,
        "clinical/imports.html",
        {
            "rows": DossierImport.objects.visible_to(request.actor).defer("cells"),
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
        made = importing.read_in(
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


@dataclass(frozen=True, slots=True)
class _DryRun:
    """What a dry run says of a draft, at once or as it was kept."""

    lines: list[Line]
    wrong: int
    changes: int
    dossiers: int
    at: datetime | None = None

    @property
    def problems(self) -> list[Line]:
        return [line for line in self.lines if line.problem]


def _dry_run(row: DossierImport) -> _DryRun | None:
    if row.state != "draft":
        return None
    if not importing.is_large(row):
        found = imports.try_out(row)
        places = {one.place for one in found.changes}
        return _DryRun(
            list(found.lines), len(found.problems), len(found.changes), len(places)
        )  # fmt: skip
    run = None if importing.is_at_work(row) else importing.last_dry_run(row)
    if run is None:
        return None
    return _DryRun(importing.lines_of(run), run.problems, run.changes, run.dossiers, run.at)


def _page(
    request: StudyRequest, row: DossierImport, *, error: str = "", status: int = 200
) -> HttpResponse:
    result = _dry_run(row)
    only_wrong = request.GET.get("rows", "") == "wrong"
    lines = (result.problems if only_wrong else result.lines) if result else []
    before = importing.last_import(row) if row.state == "draft" else None
    job = importing.job_of(row) if importing.is_large(row) else None
    stopped = job is not None and job.state in importing.ENDED_BADLY
    return render(
        request,
        "clinical/import.html",
        {
            "row": row,
            "result": result,
            "page": Paginator(lines, PER_PAGE).get_page(request.GET.get("page")),
            "total": len(result.lines) if result else 0,
            "job": _card(request, row, job) if job and (stopped or not job.is_over) else None,
            "stopped": stopped,
            "before": before,
            "left_out": importing.lines_of(before)[:MOST_LEFT_OUT] if before else [],
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


def _card(request: StudyRequest, row: DossierImport, job: Job) -> JobProgress:
    is_import = job.kind == importing.IMPORT
    return JobProgress(
        title=_("Import of the items") if is_import else _("Dry run of every row"),
        number=str(job.pk)[:8],
        state=JOB_STATES[Job.State(job.state)],
        done=job.done_units,
        total=job.total_units,
        unit=_("items") if is_import and job.note else _("rows"),
        left=job.note,
        poll_url=reverse("dossier-import-job", args=[request.study.code, row.pk]),
        error=_("This stopped. What was written stays, and nothing is written twice.")
        if job.state in importing.ENDED_BADLY
        else "",
    )


@study_view("dossier.view")
def job_card(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Answer with the progress of the work on a file; once it is over, the page is loaded again."""
    row = fetch(DossierImport.objects.select_related("study"), request.actor, pk)
    job = importing.job_of(row)
    if job is None or job.is_over:
        answer = HttpResponse(status=204)
        answer["HX-Refresh"] = "true"
        return answer
    return render(request, "components/job.html", {"job": _card(request, row, job)})


@study_view("dossier.enter", methods=("POST",))
def check(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Judge every row of a large draft again."""
    row = fetch(DossierImport.objects.select_related("study"), request.actor, pk)
    try:
        importing.ask_dry_run(row, actor=request.actor)
    except Refused as refused:
        return _page(request, row, error=refused.message, status=refused.status)
    return redirect("dossier-import", request.study.code, row.pk)


def _list_url(request: StudyRequest) -> str:
    return reverse("dossier-imports", args=[request.study.code])


@study_view("dossier.enter", methods=("POST",))
def take_over(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Import every row, or nothing; a large file is imported in the background."""
    row = fetch(DossierImport.objects.select_related("study"), request.actor, pk)
    try:
        done = importing.take_over(row, actor=request.actor)
    except Refused as refused:
        return _page(request, row, error=refused.message, status=refused.status)
    if done is None:
        messages.success(request, _("The import begins. You may leave this page."))
        return redirect("dossier-import", request.study.code, row.pk)
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
