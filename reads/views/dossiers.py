"""The dossier panel of readers, oncologists and adjudicators: opened by an act that is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from audit.errors import Conflict, NotPermitted
from audit.models import record
from reads.models import AdjudicationCase, ReadTask
from reads.services import dossiers, reading
from reads.services.dossiers import Opened, Shelf
from reads.views import adjudicating
from reads.views.room import band_of, find_task
from studies.access import StudyRequest, study_view
from ui.figures import whole
from ui.shell import Band


@study_view("read.perform", methods=("GET", "POST"))
def read_dossier(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show which dossiers a read may open; a POST opens one, and is kept."""
    task = find_task(request, pk)
    opened, refusal = _act(
        request,
        lambda place: dossiers.open_in_read(
            task, place, actor=request.actor, seen_version=_seen_version(request)
        ),
    )
    shelf = dossiers.shelf(task, reading.active_session(task), actor=request.actor)
    return _answer(request, shelf, opened, refusal, {"task": task, "band": band_of(task)})


@study_view("adjudication.perform", methods=("GET", "POST"))
def case_dossier(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show which dossiers a case may open; a POST opens one, and is kept."""
    case = adjudicating.find_case(request, pk)
    opened, refusal = _act(
        request, lambda place: dossiers.open_in_case(case, place, actor=request.actor)
    )
    shelf = dossiers.shelf_of_case(case, actor=request.actor)
    return _answer(request, shelf, opened, refusal, {"case": case, "band": case_band(case)})


def case_band(case: AdjudicationCase) -> Band:
    """Return the band of a case's dossier page."""
    return Band(
        kind="blinded",
        title="Blinded adjudication",
        text=f"Case {case.label} · clinical dossier. Each opening is recorded.",
    )


def _act(request: StudyRequest, act: Callable[[int], Opened]) -> tuple[Opened | None, str]:
    """Open what a POST asks for; return what was opened, or why it was not."""
    if request.method != "POST":
        return None, ""
    try:
        return act(whole(request.POST.get("place", ""), 0)), ""
    except (NotPermitted, Conflict) as refused:
        return None, refused.message


def _seen_version(request: StudyRequest) -> int | None:
    """Return the version of the form beside the panel; a page of the panel alone has none."""
    given = request.POST.get("version", "")
    return whole(given, -1) if given else None


def _answer(
    request: StudyRequest,
    shelf: Shelf,
    opened: Opened | None,
    refusal: str,
    of: dict[str, Any],
) -> HttpResponse:
    """Answer the panel alone to a page that swaps it in, else a page of its own."""
    context = panel_of(request, shelf, of.get("task"), of.get("case"))
    context |= {"opened": opened, "refusal": refusal, **of}
    is_part = bool(getattr(request, "htmx", False))
    name = "reads/parts/dossier.html" if is_part else "reads/dossier.html"
    # A page that swaps parts shows 422 in place; a page of its own says what it is.
    refused = 422 if is_part else 403
    answer = render(request, name, context, status=refused if refusal else 200)
    answer["Cache-Control"] = "no-store"
    return answer


def panel_of(
    request: Any, shelf: Shelf, task: ReadTask | None, case: AdjudicationCase | None
) -> dict[str, Any]:
    """Return what the panel needs: what may be opened, and where the act goes."""
    code = request.study.code
    back = ""
    if task is not None:
        url = reverse("read-dossier", args=[code, task.pk])
        back = reverse("read-page", args=[code, task.pk])
    else:
        url = reverse("case-dossier", args=[code, case.pk if case else ""])
        back = reverse("adjudication-case", args=[code, case.pk if case else ""])
    return {
        "shelf": shelf,
        "looks": sorted(shelf.looks, key=lambda look: -look.sequence),
        "dossier_url": url,
        "back_url": back,
        "label": task.stream.label if task else (case.label if case else ""),
        "zone": request.user.time_zone,
        "opened": None,
        "refusal": "",
    }


@study_view("account.self")
def dossier_page(request: StudyRequest, opening: UUID, sha256: str) -> HttpResponse:
    """Answer the picture of a redacted page of a dossier that this person has just opened.

    Raises:
        Http404: never opened by this person, too long ago, or no page of that version.
    """
    actor = request.actor
    if not (actor.may("read.perform") or actor.may("adjudication.perform")):
        raise NotPermitted("Your role does not include reading.", rule="read.perform")
    content = dossiers.page_of(opening, sha256, actor=actor)
    if content is None:
        record("access.denied", details={"kind": "clinical.page", "id": str(opening)})
        raise Http404
    answer = HttpResponse(content, content_type="image/png")
    answer["Cache-Control"] = "private, no-store"
    return answer
