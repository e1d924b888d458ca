"""The page on which a scientist makes the training study in one act."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from audit.errors import Refused, RuleBroken
from reads.services import schooling, training
from reads.services.qualifying import effective_design
from studies.access import StudyRequest, study_view
from studies.models import Configuration
from ui.figures import counted
from ui.records import Link


@study_view("training.make", methods=("GET", "POST"))
def training_make(request: StudyRequest) -> HttpResponse:
    """Offer subjects with released images as cases, and make the training study of those chosen."""
    errors: tuple[str, ...] = ()
    if request.method == "POST" and "find" not in request.POST:
        try:
            chosen = schooling.chosen_from(request.actor, _posted(request))
            made = schooling.make_training_study(request.study, chosen, actor=request.actor)
        except Refused as refused:
            errors = (f"Nothing was made. {refused.message}",)
        else:
            messages.success(
                request,
                f"{made.held_in.code} is made with {counted(len(chosen), 'case')}. Look at each "
                "key and approve it; then readers at their test cases get the case.",
            )
            return redirect("training", made.held_in.code)
    return _page(request, errors)


def _posted(request: StudyRequest) -> dict[str, tuple[str, int]]:
    """Read the ticked subjects with their titles and number of visits."""
    found = {}
    for text in request.POST.getlist("subject"):
        try:
            pk = str(uuid.UUID(text))
        except ValueError:
            continue
        visits = request.POST.get(f"visits.{text}", "")
        number = int(visits) if visits.isdecimal() else 0
        found[pk] = (request.POST.get(f"title.{text}", "").strip(), number)
    return found


def _page(request: StudyRequest, errors: tuple[str, ...]) -> HttpResponse:
    held, trouble, asked, documents = None, "", None, []
    search = request.POST.get("q", request.GET.get("q", ""))
    try:
        _, design = effective_design(request.study)
    except RuleBroken as missing:
        trouble = missing.message
    else:
        held, asked = training.training_study_of(request.study), design.training
        rows = Configuration.objects.visible_to(request.actor).filter(state="effective")
        documents = [str(one) for one in rows.order_by("kind", "key")]
    ticked = _posted(request) if request.method == "POST" else {}
    offered = [] if trouble or held else schooling.offers(request.actor, search=search, keep=ticked)
    return render(
        request,
        "reads/training/make.html",
        {
            "held": held,
            "trouble": trouble,
            "asked": asked,
            "documents": documents,
            "rows": [_row(one, ticked) for one in offered],
            "search": search,
            "is_cut": len(offered) - len(ticked) >= schooling.OFFERED,
            "errors": errors,
            "crumbs": (
                Link(
                    label=request.study.code, url=reverse("study-entry", args=[request.study.code])
                ),
                Link(label="Training cases", url=reverse("training", args=[request.study.code])),
                Link(label="Make the training study", url=""),
            ),
        },
        status=422 if errors else 200,
    )


def _row(one: schooling.Offer, ticked: dict[str, tuple[str, int]]) -> dict[str, object]:
    pk = str(one.subject.pk)
    title, visits = ticked.get(pk, ("", len(one.time_points)))
    return {
        "subject": one.subject,
        "visits": [(n, point.label) for n, point in enumerate(one.time_points, start=1)],
        "is_ticked": pk in ticked,
        "title": title,
        "last": visits,
    }
