"""Reconciliation with a second source: extracts, what their columns mean, the list of differences.

Nothing is listed before the comparison was looked at; differences leave the list by a disposition
with its reason, one by one (``discrepancy``) or many at once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any
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
from clinical.models import Discrepancy, Reconciliation
from clinical.services import reconciling, secondsource
from clinical.services.secondsource import RIGHT
from clinical.workflows import RECONCILIATION
from studies.access import StudyRequest, fetch, study_view
from studies.cells import MOST_BYTES, column_letter
from ui.records import Link
from ui.sheets import csv_response

VIEW = "reconciliation.view"
PER_PAGE = 50
SHOWN_ROWS = 3
SHOWN_PROBLEMS = 100
#: view -> words, in the order of the chips; the first is what a comparison opens with
VIEWS = {"open": "To dispose of", "asked": "Asked", "settled": "Disposed of", "all": "All"}
HEAD = (
    "reconciliation", "source", "extract", "subject_and_time_point", "item", "what", "kind",
    "our_value", "their_value", "note", "row", "state", "disposition", "reason", "disposed_by",
    "disposed_at", "query",
)  # fmt: skip


def crumbs(request: StudyRequest, *last: Link | str) -> list[Link]:
    """Return the way here: study, reconciliation, and what follows."""
    code = request.study.code
    return [
        Link(label=code, url=reverse("study-entry", args=[code])),
        Link(
            label=_("Reconciliation"),
            url=reverse("reconciliation-list", args=[code]) if last else "",
        ),
        *(Link(label=one, url="") if isinstance(one, str) else one for one in last),
    ]


@study_view(VIEW)
def listing(request: StudyRequest) -> HttpResponse:
    """List the extracts that were compared, and take a new one."""
    return _listing(request)


def _listing(request: StudyRequest, *, error: str = "", status: int = 200) -> HttpResponse:
    rows = list(Reconciliation.objects.visible_to(request.actor).defer("cells"))
    open_of: dict[Any, int] = {}
    for pk in (
        Discrepancy.objects.visible_to(request.actor)
        .exclude(state="settled")
        .values_list("reconciliation_id", flat=True)
    ):
        open_of[pk] = open_of.get(pk, 0) + 1
    return render(
        request,
        "clinical/reconciliations.html",
        {
            "lines": [(row, open_of.get(row.pk, 0)) for row in rows],
            "may_manage": request.actor.may(RIGHT),
            "sources": sorted({row.source for row in rows}),
            "most_mb": MOST_BYTES // 1_000_000,
            "typed": request.POST,
            "error": error,
            "crumbs": crumbs(request),
        },
        status=status,
    )


@study_view(RIGHT, methods=("POST",))
def read_in(request: StudyRequest) -> HttpResponse:
    """Read an extract in as a draft; nothing is compared yet."""
    sent = request.FILES.get("file")
    if sent is None or (sent.size or 0) > MOST_BYTES:
        return _listing(
            request, error=_("Choose a CSV or XLSX file of at most 5 MB. Nothing was read in."),
            status=422,
        )  # fmt: skip
    try:
        made = secondsource.read_in(
            request.study,
            sent.read(),
            name=sent.name or "",
            source=request.POST.get("source", ""),
            extracted_on=_day(request.POST.get("extracted_on", "")),
            sheet=request.POST.get("sheet", ""),
            actor=request.actor,
        )
    except Refused as refused:
        return _listing(request, error=refused.message, status=refused.status)
    if made.state != "draft":
        messages.info(request, _("This file was compared before. Nothing was changed."))
    return redirect("reconciliation", request.study.code, made.pk)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _fetched(request: StudyRequest, pk: UUID) -> Reconciliation:
    row: Reconciliation = fetch(Reconciliation.objects.select_related("study"), request.actor, pk)
    return row


@study_view(VIEW)
def page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show one extract: as a draft its columns and the dry run, later its differences; or CSV."""
    row = _fetched(request, pk)
    if row.state != "draft" and request.GET.get("format") == "csv":
        reconciling.note_export(row, actor=request.actor)
        return _csv(request, row)
    return _page(request, row)


def _page(
    request: StudyRequest,
    row: Reconciliation,
    *,
    error: str = "",
    typed: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    steps = {step.name for step in RECONCILIATION.open_steps(row, request.actor)}
    context: dict[str, Any] = {
        "row": row,
        "steps": steps,
        "error": error,
        "typed": typed or {},
        "may_manage": request.actor.may(RIGHT),
        "history": sentences(_acts(row)),
        "crumbs": crumbs(request, str(row)),
    }
    if row.state == "draft":
        context |= _draft(request, row)
        return render(request, "clinical/reconciliation_draft.html", context, status=status)
    context |= _differences(request, row)
    return render(request, "clinical/reconciliation.html", context, status=status)


#: columns that a comparison fills; the act itself says so in the history, the page what they hold
FILLED = ("tally", "compared_at")


def _acts(row: Reconciliation) -> list[trail.Entry]:
    """Return the history of an extract without the columns that its steps fill by themselves."""
    found = []
    for entry in trail.entries(row):
        told = tuple(change for change in entry.changes if not change.field.startswith(FILLED))
        if told or not entry.changes:
            found.append(replace(entry, changes=told))
    return found


def _draft(request: StudyRequest, row: Reconciliation) -> dict[str, Any]:
    faults = secondsource.faults_of(row)
    found = None if faults else secondsource.try_out(row)
    lines = found.result.problems if found else ()
    return {
        "columns": [
            (str(number), column_letter(number), name, row.mapping.get(str(number), ""),
             [cells[number] for cells in row.cells[1 : 1 + SHOWN_ROWS]])
            for number, name in enumerate(row.cells[0])
        ],
        "meanings": list(secondsource.meanings_of(request.study).items()),
        "faults": faults,
        "found": found,
        "total": len(row.cells) - 1,
        "problems": lines[:SHOWN_PROBLEMS],
        "more": max(0, len(lines) - SHOWN_PROBLEMS),
        "counts": [(label, found.of(kind)) for kind, label in Discrepancy.Kind.choices]
        if found else [],
    }  # fmt: skip


def _differences(request: StudyRequest, row: Reconciliation) -> dict[str, Any]:
    rows = row.discrepancies.select_related("query", "settled_by")
    counts = Counter(row.discrepancies.values_list("state", flat=True))
    counts["all"] = counts.total()
    chosen = request.GET.get("view", "")
    first = "open" if counts["open"] else "all"
    view = chosen if chosen in VIEWS else first
    kinds = dict(Discrepancy.Kind.choices)
    kind = request.GET.get("kind", "")
    listed = rows if view == "all" else rows.filter(state=view)
    if kind in kinds:
        listed = listed.filter(kind=kind)
    wanted = request.GET.get("q", "").strip()
    if wanted:
        listed = listed.filter(place__icontains=wanted)
    return {
        "page": Paginator(listed.order_by("place", "label", "pk"), PER_PAGE).get_page(
            request.GET.get("page")),
        "chips": [
            ("" if code == first else code, _(words), counts[code])
            for code, words in VIEWS.items()
        ],
        "view": view,
        "kinds": list(kinds.items()),
        "kind": kind,
        "dispositions": dispositions(),
        "left": counts["open"] + counts["asked"],
    }  # fmt: skip


def dispositions() -> list[tuple[str, str]]:
    """Return how a person may dispose of a difference: code and words."""
    return [
        (str(value), str(label))
        for value, label in Discrepancy.Disposition.choices
        if value != Discrepancy.Disposition.GONE
    ]


def _csv(request: StudyRequest, row: Reconciliation) -> HttpResponse:
    rows = row.discrepancies.select_related("query", "settled_by").order_by("place", "label", "pk")
    lines = [
        (
            row.number, row.source, row.extracted_on or "", one.place, one.item, one.label,
            one.kind, one.ours, one.theirs, one.note, one.row_number or "", one.state,
            one.disposition, one.reason, one.settled_by.printed_name if one.settled_by else "",
            one.settled_at or "", str(one.query) if one.query else "",
        )
        for one in rows
    ]  # fmt: skip
    return csv_response(f"{request.study.code}_reconciliation_{row.number}", HEAD, lines)


# --- acts on an extract ---------------------------------------------------------------------------


@study_view(RIGHT, methods=("POST",))
def map_columns(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Say what the columns mean; the dry run follows."""
    row = _fetched(request, pk)
    mapping = {
        name.removeprefix("column-"): str(value)
        for name, value in request.POST.items()
        if name.startswith("column-") and value
    }
    try:
        secondsource.map_columns(row, mapping, actor=request.actor)
    except Refused as refused:
        row.mapping = mapping
        return _page(request, row, error=refused.message, status=refused.status)
    messages.success(request, _("The columns have their meaning. Look at the dry run."))
    return redirect("reconciliation", request.study.code, row.pk)


@study_view(RIGHT, methods=("POST",))
def compare(request: StudyRequest, pk: UUID) -> HttpResponse:
    """List the differences; from then on they are disposed of."""
    row = _fetched(request, pk)
    try:
        done = reconciling.compare(row, actor=request.actor)
    except Refused as refused:
        return _page(request, _fetched(request, pk), error=refused.message, status=refused.status)
    number = done.discrepancies.exclude(state="settled").count()
    words = ngettext("%d difference is to be disposed of.", "%d differences are to be disposed of.",
                     number) % number  # fmt: skip
    messages.success(request, words)
    return redirect("reconciliation", request.study.code, row.pk)


@study_view(RIGHT, methods=("POST",))
def close(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Close a comparison of which nothing is left."""
    row = _fetched(request, pk)
    try:
        reconciling.close(row, actor=request.actor)
    except Refused as refused:
        return _page(request, row, error=refused.message, status=refused.status)
    messages.success(request, _("%s is closed.") % row)
    return redirect("reconciliation", request.study.code, row.pk)


@study_view(RIGHT, methods=("POST",))
def discard(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Discard a draft, with the reason."""
    row = _fetched(request, pk)
    try:
        secondsource.discard(row, actor=request.actor, reason=request.POST.get("reason", ""))
    except Refused as refused:
        return _page(request, row, error=refused.message, status=refused.status)
    messages.success(request, _("The file was discarded. It may be read in again."))
    return redirect("reconciliation-list", request.study.code)


@study_view(RIGHT, methods=("POST",))
def settle(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Dispose of the chosen differences with one reason."""
    row = _fetched(request, pk)
    chosen = set(request.POST.getlist("rows"))
    rows = [
        one
        for one in row.discrepancies.select_related("reconciliation", "time_point")
        if str(one.pk) in chosen
    ]
    try:
        done = reconciling.settle(
            rows,
            disposition=request.POST.get("disposition", ""),
            reason=request.POST.get("reason", ""),
            actor=request.actor,
        )
    except Refused as refused:
        typed = {"rows": chosen, **request.POST.dict()}
        return _page(request, row, error=refused.message, typed=typed, status=refused.status)
    words = ngettext("%d difference is disposed of.", "%d differences are disposed of.", len(done))
    messages.success(request, words % len(done))
    return redirect("reconciliation", request.study.code, row.pk)


# --- one difference -------------------------------------------------------------------------------
