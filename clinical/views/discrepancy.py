"""One difference from a second source: both values, asking about it, disposing of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.sentences import sentences
from audit import trail
from audit.errors import Refused
from clinical.models import Discrepancy
from clinical.services import reconciling
from clinical.services.secondsource import RIGHT
from clinical.views.reconciliation import VIEW, crumbs, dispositions
from clinical.workflows import DISCREPANCY
from queries.models import Query
from studies.access import StudyRequest, fetch, study_view
from ui.records import Link


def _difference(request: StudyRequest, pk: UUID) -> Discrepancy:
    rows = Discrepancy.objects.select_related(
        "reconciliation__study", "subject__study_site__site", "time_point__definition", "query",
        "settled_by", "repeats__reconciliation",
    )  # fmt: skip
    row: Discrepancy = fetch(rows, request.actor, pk)
    return row


@study_view(VIEW)
def page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show one difference with both values, what was asked, and its history."""
    return _page(request, _difference(request, pk))


def _page(
    request: StudyRequest,
    row: Discrepancy,
    *,
    error: str = "",
    typed: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    code, actor = request.study.code, request.actor
    back = Link(
        label=str(row.reconciliation),
        url=reverse("reconciliation", args=[code, row.reconciliation_id]),
    )
    dossier = None
    if row.time_point is not None and actor.may("dossier.view"):
        dossier = reconciling.dossier_of(row.time_point, row.item)
    return render(
        request,
        "clinical/discrepancy.html",
        {
            "row": row,
            "run": row.reconciliation,
            "dossier": dossier,
            "steps": {step.name for step in DISCREPANCY.open_steps(row, actor)},
            "may_adopt": reconciling.may_adopt(row),
            "dispositions": dispositions(),
            "addressees": [(str(v), str(label)) for v, label in Query.Addressee.choices],
            "query_linked": row.query is not None
            and actor.may("query.view")
            and Query.objects.visible_to(actor).filter(pk=row.query_id).exists(),
            "error": error,
            "typed": typed or {},
            "history": sentences(trail.entries(row)),
            "crumbs": crumbs(request, back, row.label),
        },
        status=status,
    )


def _refused(
    request: StudyRequest, pk: UUID, refused: Refused, *, typed: dict[str, Any] | None = None
) -> HttpResponse:
    """Show the difference as it is now, why nothing was done, and what was typed."""
    row = _difference(request, pk)
    return _page(request, row, error=refused.message, typed=typed, status=refused.status)


@study_view(RIGHT, methods=("POST",))
def ask(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Ask the site or the data partner about a difference."""
    row = _difference(request, pk)
    try:
        query = reconciling.ask(
            row,
            text=request.POST.get("text", ""),
            addressee=request.POST.get("addressee", ""),
            actor=request.actor,
        )
    except Refused as refused:
        return _refused(request, pk, refused, typed=request.POST.dict())
    messages.success(request, _("%s was sent; the difference waits for its answer.") % query)
    return redirect("discrepancy", request.study.code, row.pk)


@study_view(RIGHT, methods=("POST",))
def settle(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Dispose of one difference."""
    row = _difference(request, pk)
    try:
        reconciling.settle(
            [row],
            disposition=request.POST.get("disposition", ""),
            reason=request.POST.get("reason", ""),
            actor=request.actor,
        )
    except Refused as refused:
        return _refused(request, pk, refused, typed=request.POST.dict())
    messages.success(request, _("The difference is disposed of."))
    return redirect("discrepancy", request.study.code, row.pk)


@study_view(RIGHT, methods=("POST",))
def take_back(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Open a difference again, with the reason."""
    row = _difference(request, pk)
    try:
        reconciling.take_back(row, reason=request.POST.get("reason", ""), actor=request.actor)
    except Refused as refused:
        return _refused(request, pk, refused)
    messages.success(request, _("The difference is open again."))
    return redirect("discrepancy", request.study.code, row.pk)
