"""Lists: the cuts of a study, and the query desk as a file."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from audit import clock
from exports import delivery, services
from exports.corrections import corrected
from exports.datasets import Dataset
from exports.formats.csvfile import to_csv
from exports.models import DataCut
from queries import listing
from studies.access import study_view
from ui.records import Link

BEFORE_FREEZE = ("planned", "cleaning")
GONE_OUT = (*services.RELEASED, "generated")


def shown_state(cut: DataCut, corrections: list[str]) -> str:
    """Return the code under which a cut is shown: what asks for action wins."""
    if corrections and cut.state in {"released", "acknowledged"}:
        return "AFFECTED"
    return str(cut.state).upper()


@study_view("cut.view")
def cut_list(request: Any) -> HttpResponse:
    """List the cuts of a study, the newest first."""
    cuts = list(DataCut.objects.visible_to(request.actor).select_related("specification"))
    waiting = services.unfinished(request.study) if _any_before_freeze(cuts) else []
    affected = corrected(cuts)
    lines = [
        {
            "cut": cut,
            "code": shown_state(cut, affected.get(cut.pk, [])),
            "corrections": len(affected.get(cut.pk, [])),
            "open": sum(day <= cut.cut_off for day, _ in waiting)
            if cut.state in BEFORE_FREEZE
            else len(cut.open_items),
            "may_take": services.may_take(cut, request.actor) and cut.state in GONE_OUT,
            "archive": f"{request.study.code}_cut{cut.number:02d}.zip",
        }
        for cut in cuts
    ]
    return render(
        request,
        "exports/list.html",
        {
            "crumbs": [
                Link(
                    label=request.study.code,
                    url=reverse("study-entry", args=[request.study.code]),
                ),
                Link(label="Data cuts", url=""),
            ],
            "lines": lines,
            "now": clock.now(),
            "may_plan": request.actor.may("cut.make"),
        },
    )


def _any_before_freeze(cuts: list[DataCut]) -> bool:
    return any(cut.state in BEFORE_FREEZE for cut in cuts)


@study_view("query.view")
def query_list_csv(request: Any) -> HttpResponse:
    """Answer with exactly the queries that the list shows, all pages, as CSV."""
    rows = listing.table(request.study, request.actor, request.GET)
    table = Dataset("queries", "Queries", listing.COLUMNS, rows)
    response = HttpResponse(to_csv(table), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{request.study.code}_queries.csv"'
    delivery.secure(response)
    return response
