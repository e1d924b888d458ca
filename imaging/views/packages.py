"""The read package of a visit: what readers see, in which order, under which name; its versions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.sentences import sentences
from audit import trail
from audit.errors import Refused
from audit.models import record
from imaging.models import PackageSeries, ReadPackage
from imaging.services import package
from imaging.services.readers import reads
from imaging.services.series import effective_series
from imaging.views import parts
from studies.access import StudyRequest, fetch, study_view
from studies.models import TimePoint
from ui.figures import whole
from ui.records import Link

#: layout -> (rows, columns) in the picture of the choice
LAYOUTS = tuple(ReadPackage.Layout.choices)


def _time_point(request: StudyRequest, pk: UUID) -> TimePoint:
    rows = TimePoint.objects.select_related("subject__study_site__site", "definition")
    found: TimePoint = fetch(rows, request.actor, pk)
    return found


def _crumbs(request: StudyRequest, time_point: TimePoint, last: str = "") -> list[Link]:
    code = request.study.code
    found = [
        Link(label=code, url=reverse("study-entry", args=[code])),
        Link(label=_("Uploads and QC"), url=reverse("qc-queue", args=[code])),
        Link(
            label=_("Read package of %s") % time_point,
            url=reverse("package-choose", args=[code, time_point.pk]) if last else "",
        ),
    ]
    return [*found, Link(label=last, url="")] if last else found


@study_view("package.view", methods=("GET", "POST"))
def choose(request: StudyRequest, time_point_id: UUID) -> HttpResponse:
    """Show the package of a visit; image operations choose series, order, names and layout."""
    time_point = _time_point(request, time_point_id)
    errors: tuple[str, ...] = ()
    if request.method == "POST":
        request.actor.require("package.edit")
        try:
            made = package.change(
                time_point,
                choices=_posted(request, time_point),
                layout=request.POST.get("layout", ""),
                note=request.POST.get("note", ""),
                actor=request.actor,
            )
        except Refused as refused:
            errors = (refused.message,)
        else:
            words = (
                _("%s is released; reads that wait take it.")
                if made.state == "released"
                else _("%s is prepared; the signed decision releases it.")
            )
            messages.success(request, words % made)
            return redirect("package-choose", request.study.code, time_point.pk)
    return _choose(request, time_point, errors)


def _posted(request: StudyRequest, time_point: TimePoint) -> list[package.Choice]:
    """Return the chosen series in the order that the page states."""
    chosen = []
    for row in effective_series(time_point):
        if f"take-{row.pk}" not in request.POST:
            continue
        order = request.POST.get(f"order-{row.pk}", "")
        place = request.POST.get(f"place-{row.pk}", "")
        choice = package.Choice(
            row,
            request.POST.get(f"label-{row.pk}", "").strip(),
            int(place) if place.isdigit() and int(place) else None,
        )
        chosen.append((int(order) if order.isdigit() else 99, choice))
    return [choice for _order, choice in sorted(chosen, key=lambda pair: pair[0])]


def _choose(request: StudyRequest, time_point: TimePoint, errors: tuple[str, ...]) -> HttpResponse:
    versions = _versions(time_point)
    shown = package.prepared(time_point) or package.released(time_point)
    waits = time_point.state in {"received", "in_qc"}
    begun = reads().begun(time_point)
    editable = request.actor.may("package.edit") and (
        waits or (time_point.state in {"accepted", "ready"} and not begun)
    )
    return render(
        request,
        "imaging/package.html",
        {
            "time_point": time_point,
            "shown": shown,
            "lines": _lines(request, time_point, shown),
            "versions": versions,
            "layouts": LAYOUTS,
            "layout": request.POST.get("layout") or (shown.layout if shown else "1x1"),
            "places": range(1, 5),
            "editable": editable,
            "waits": waits,
            "begun": begun,
            "note": request.POST.get("note", ""),
            "errors": errors,
            "crumbs": _crumbs(request, time_point),
            "late": time_point.late_images.select_related("submission"),
            "may_see_late": request.actor.may("late.view"),
        },
        status=422 if errors else 200,
    )


def _versions(time_point: TimePoint) -> list[ReadPackage]:
    rows = ReadPackage.objects.in_study(time_point.study_id).filter(time_point=time_point)
    return list(rows.order_by("-version"))


def _lines(
    request: StudyRequest, time_point: TimePoint, shown: ReadPackage | None
) -> list[dict[str, Any]]:
    """Return every series that holds, the chosen ones first in their order."""
    held = effective_series(time_point)
    entries = {e.series_id: e for e in shown.entries.all()} if shown else {}
    defaults = {
        one.series.pk: (order, one)
        for order, one in enumerate(package.default_choices(time_point), start=1)
    }
    posted = request.method == "POST"
    lines = []
    for row in held:
        entry, default = entries.get(row.pk), defaults.get(row.pk)
        taken = entry is not None if shown else default is not None
        order = entry.order if entry else (default[0] if default else 99)
        place = entry.place if entry else (default[1].place if default and not shown else None)
        label = entry.label if entry else ""
        if posted:
            taken = f"take-{row.pk}" in request.POST
            order = whole(request.POST.get(f"order-{row.pk}", ""), 99)
            label = request.POST.get(f"label-{row.pk}", "")
            place = whole(request.POST.get(f"place-{row.pk}", ""), 0) or None
        lines.append(
            {
                "row": row,
                "taken": taken,
                "order": order,
                "label": label,
                "place": place,
                "thumbnail": parts.thumbnail_url(request.study.code, row),
                "sorted_out": row.facts.get("sorted_out", ""),
                "neutral": package.neutral_label(row, order if taken else len(held)),
            }
        )
    lines.sort(key=lambda line: (not line["taken"], line["order"]))
    for number, line in enumerate(lines, start=1):
        line["order"] = number
    return lines


def _package(request: StudyRequest, pk: UUID) -> ReadPackage:
    rows = ReadPackage.objects.select_related("time_point__subject")
    found: ReadPackage = fetch(rows, request.actor, pk)
    return found


@study_view("package.view")
def version(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Open a version again as readers saw it; the digest says whether anything changed since."""
    made = _package(request, pk)
    record("package.look", made, details={"digest": made.digest})
    stored = package.stored_digest(made)
    return render(
        request,
        "imaging/package_version.html",
        {
            "made": made,
            "entries": [
                (entry, parts.thumbnail_url(request.study.code, entry.series))
                for entry in made.entries.select_related("series")
            ],
            "panes": _panes(made),
            "is_whole": stored == made.digest,
            "stored": stored,
            "versions": _versions(made.time_point),
            "seen_with": list(reads().seen_with(made)),
            "history": sentences(trail.entries(made)),
            "crumbs": _crumbs(request, made.time_point, _("Version %d") % made.version),
        },
    )


def _panes(made: ReadPackage) -> list[PackageSeries]:
    """Return what opens in the layout: the placed series by place, else the first ones."""
    entries = list(made.entries.select_related("series"))
    placed = sorted((e for e in entries if e.place), key=lambda e: e.place or 0)
    return (placed or entries)[:2]


@study_view("package.view")
def stack(request: StudyRequest, pk: UUID) -> JsonResponse:
    """Answer the stack viewer with a version's series, under the names that readers see.

    The viewer shows two series at once; a layout of four shows its first two places here.
    """
    made = _package(request, pk)
    wanted = request.GET.get("series", "")
    entries = list(made.entries.select_related("series"))
    one = next((e for e in entries if str(e.series_id) == wanted), None)
    shown = [one] if one is not None else _panes(made)
    return JsonResponse(
        {
            "panes": [
                {
                    "title": entry.label,
                    "detail": _("%d images") % entry.series.instance_count,
                    "corner": str(made.time_point.subject.reading_code),
                    "stack": package.stack(entry.series, study_code=request.study.code),
                }
                for entry in shown
            ]
        }
    )
