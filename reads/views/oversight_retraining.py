"""Retraining: who is trained again, what waits, who may read again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.sentences import sentences
from audit.errors import Refused, RuleBroken
from audit.trail import entries
from reads.models import ReadTask, Retraining, RetrainingPlace
from reads.services import retraining
from reads.services.assigning import reader_codes, readers_of
from reads.views.oversight_parts import chosen_reader, crumbs, id_of
from studies.access import StudyRequest, fetch, study_view


def _rows(request: StudyRequest) -> Any:
    return Retraining.objects.visible_to(request.actor).select_related("ordered_by")


@study_view("retraining.view")
def retraining_list(request: StudyRequest) -> HttpResponse:
    """List retrainings, with the form that orders one."""
    codes = reader_codes(request.study)
    held = set(
        RetrainingPlace.objects.visible_to(request.actor)
        .filter(state="held")
        .values_list("reader_id", flat=True)
    )
    rows = _rows(request).prefetch_related("places")
    return render(
        request,
        "reads/oversight/retrainings.html",
        {
            "rows": [
                (
                    one,
                    [codes.get(place.reader_id, "R") for place in one.places.all()],
                    sum(place.state == "held" for place in one.places.all()),
                )
                for one in rows
            ],
            "may_order": request.actor.may("retraining.order"),
            "readers": [(one, codes[one.pk], one.pk in held) for one in readers_of(request.study)],
            "crumbs": crumbs(request, area="retraining"),
        },
    )


@study_view("retraining.order", methods=("POST",))
def retraining_order(request: StudyRequest) -> HttpResponse:
    """Order a retraining of some readers or of all."""
    named = [chosen_reader(request, text) for text in request.POST.getlist("reader")]
    try:
        made = retraining.order(
            request.study,
            [one for one in named if one is not None],
            actor=request.actor,
            reason=request.POST.get("reason", ""),
            clause=request.POST.get("clause", ""),
            all_readers=request.POST.get("all") == "yes",
        )
    except Refused as refused:
        messages.error(request, f"Nothing was ordered. {refused.message}")
        return redirect("retraining-list", request.study.code)
    messages.success(request, f"{made} began. The reads of its readers wait.")
    return redirect("retraining-page", request.study.code, made.pk)


@study_view("retraining.view")
def retraining_page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show a retraining: readers, what waits, who has passed."""
    row: Retraining = fetch(_rows(request), request.actor, pk)
    codes = reader_codes(request.study)
    manages = request.actor.may("read.manage")
    places = row.places.select_related("reader").order_by("created_at")
    return render(
        request,
        "reads/oversight/retraining.html",
        {
            "row": row,
            "places": [
                {
                    "place": one,
                    "name": f"{codes.get(one.reader_id, 'R')} {one.reader.printed_name}"
                    if manages
                    else codes.get(one.reader_id, "R"),
                    "passed": one.state == "released" or retraining.has_passed(one),
                    "waiting": ReadTask.objects.filter(
                        pk__in=one.held_tasks, state="on_hold"
                    ).count(),
                }
                for one in places
            ],
            "may_order": request.actor.may("retraining.order"),
            "history": sentences(entries(row, *places)),
            "crumbs": crumbs(request, str(row), area="retraining"),
        },
    )


@study_view("retraining.order", methods=("POST",))
def retraining_act(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Release a reader who has passed, or close the retraining with its minutes."""
    row: Retraining = fetch(_rows(request), request.actor, pk)
    try:
        if request.POST.get("act") == "close":
            retraining.close(row, actor=request.actor, minutes=request.POST.get("minutes", ""))
            done = f"{row} is closed."
        else:
            pk_of_place = id_of(request.POST.get("place", ""))
            place = row.places.filter(pk=pk_of_place).first() if pk_of_place else None
            if place is None:
                raise RuleBroken("Choose a reader of this retraining.", rule="RT-005")
            retraining.release(place, actor=request.actor)
            done = "The reader reads again; the reads that waited go on."
    except Refused as refused:
        messages.error(request, f"Nothing was changed. {refused.message}")
    else:
        messages.success(request, done)
    return redirect("retraining-page", request.study.code, row.pk)
