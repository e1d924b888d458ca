"""The dossier desk: what is expected, what came, what does not agree, what is late."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from audit import clock
from audit.errors import Refused
from clinical.services import dossiers
from clinical.services.desk import VIEWS, Desk, Line, desk
from studies.access import StudyRequest, fetch, study_view
from studies.models import StudySite, TimePoint
from ui.records import Link
from ui.sheets import csv_response

PER_PAGE = 50
HEAD = (
    "subject", "site", "time_point", "state", "version", "required", "answered", "missing",
    "mismatches", "open_queries", "requested", "due", "received", "applied",
)  # fmt: skip


def crumbs(request: StudyRequest, *last: Link | str) -> list[Link]:
    """Return the way here: study, desk, and what follows."""
    code = request.study.code
    return [
        Link(label=code, url=reverse("study-entry", args=[code])),
        Link(label=_("Dossier desk"), url=reverse("dossier-desk", args=[code]) if last else ""),
        *(Link(label=one, url="") if isinstance(one, str) else one for one in last),
    ]


@study_view("dossier.view")
def desk_page(request: StudyRequest) -> HttpResponse:
    """List dossiers by what is to be done; send them as CSV."""
    whole = desk(request.study, request.actor)
    chosen = request.GET.get("view", "")
    view = chosen if chosen in VIEWS else ""
    lines = _filtered(request, whole.of(view))
    if request.GET.get("format") == "csv":
        return _csv(request, lines)
    counts = whole.counts()
    return render(
        request,
        "clinical/desk.html",
        {
            "page": Paginator(lines, PER_PAGE).get_page(request.GET.get("page")),
            "chips": [(code, _(words), counts[code]) for code, words in VIEWS.items()],
            "view": view,
            "sites": StudySite.objects.visible_to(request.actor).select_related("site")
            .order_by("number"),
            "has_definition": whole.has_definition,
            "may_request": request.actor.may("dossier.request"),
            "may_enter": request.actor.may("dossier.enter"),
            "may_define": request.actor.may("dossier.define"),
            "to_request": _to_request(whole),
            "late": counts["overdue"],
            "now": clock.now(),
            "crumbs": crumbs(request),
        },
    )  # fmt: skip


def _to_request(whole: Desk) -> int:
    return sum(
        line.dossier is None and line.time_point.state in dossiers.CAME for line in whole.lines
    )


def _filtered(request: StudyRequest, lines: list[Line]) -> list[Line]:
    wanted = request.GET.get("q", "").strip().casefold()
    site = request.GET.get("site", "")
    return [
        line
        for line in lines
        if wanted in line.time_point.subject.code.casefold()
        and site in ("", line.time_point.subject.study_site.number)
    ]


def _csv(request: StudyRequest, lines: list[Line]) -> HttpResponse:
    rows = []
    for line in lines:
        row, point = line.dossier, line.time_point
        rows.append(
            (
                point.subject.code,
                point.subject.study_site.number,
                point.label,
                line.state.lower(),
                row.version if row else "",
                line.required,
                line.answered,
                "; ".join(line.missing),
                "; ".join(line.problems),
                line.queries,
                row.requested_at if row else "",
                row.due_at if row else "",
                row.received_at if row else "",
                row.applied_at if row else "",
            )
        )
    return csv_response(f"{request.study.code}_dossiers", HEAD, rows)


@study_view("dossier.request", methods=("POST",))
def request_dossiers(request: StudyRequest) -> HttpResponse:
    """Ask for the dossier of one time point, or for every one whose images came."""
    try:
        if request.POST.get("time_point"):
            point = fetch(TimePoint, request.actor, request.POST["time_point"])
            made = dossiers.request(
                point, actor=request.actor, reason=request.POST.get("reason", "")
            )
            return redirect("dossier", request.study.code, made.pk)
        count = len(dossiers.request_all(request.study, actor=request.actor))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        if count:
            messages.success(request, _("%d dossiers were requested.") % count)
        else:
            messages.info(request, _("Every dossier that is due was requested already."))
    return redirect("dossier-desk", request.study.code)
