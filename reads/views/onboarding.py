"""The onboarding board: who is on the way into the study, what each waits for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from audit import clock
from audit.errors import Refused, RuleBroken
from reads.models import Onboarding, Reader, ReaderInvitation
from reads.services import onboarding, training
from reads.views.readers import crumbs
from reads.workflows import ONBOARDING
from studies.access import StudyRequest, fetch, study_view
from ui.moments import typed_day

COLUMNS = ("cv", "contract", "access", "workstation", "training", "test_cases", "qualified")
#: days in a stage from which a card is drawn as slow
SLOW = 7


@study_view("reader.view")
def onboarding_board(request: StudyRequest) -> HttpResponse:
    """Show the stages as columns with the readers in them."""
    rows = Onboarding.objects.visible_to(request.actor).select_related("reader__user", "study")
    present = rows.exclude(state="stopped").order_by("stage_since")
    cards: dict[str, list[dict[str, Any]]] = {name: [] for name in COLUMNS}
    labels = dict(Onboarding._meta.get_field("state").choices or ())
    for row in present:
        cards[row.state].append(_card(row))
    on_board = {row.reader_id for row in present}
    manages = request.actor.may("reader.manage")
    try:
        behind = onboarding.behind(request.study)
    except RuleBroken:  # no charter yet: nobody can be behind it
        behind = []
    free = Reader.objects.filter(state="active").exclude(pk__in=on_board).select_related("user")
    return render(
        request,
        "reads/readers/board.html",
        {
            "columns": [(name, labels[name], cards[name]) for name in COLUMNS],
            "free": free.order_by("user__printed_name") if manages else [],
            "manages": manages,
            "total": len(on_board),
            "behind": behind,
            "has_cases": training.training_study_of(request.study) is not None,
            "invited": ReaderInvitation.objects.visible_to(request.actor).filter(onboarding=None),
            "crumbs": crumbs(request, "Onboarding"),
        },
    )


def _card(row: Onboarding) -> dict[str, Any]:
    days = (clock.now() - row.stage_since).days
    try:
        need = onboarding.need(row)
    except RuleBroken as missing:  # no charter yet
        need = onboarding.Need(False, missing.message)
    return {
        "row": row,
        "need": need,
        "days": days,
        "is_slow": days >= SLOW and row.state != "qualified",
    }


def _ids(request: StudyRequest, name: str) -> list[UUID]:
    found = []
    for text in request.POST.getlist(name):
        try:
            found.append(UUID(text))
        except ValueError:
            raise Http404 from None
    return found


@study_view("reader.manage", methods=("POST",))
def onboarding_invite(request: StudyRequest) -> HttpResponse:
    """Begin the onboarding of every chosen reader."""
    readers = list(Reader.objects.filter(pk__in=_ids(request, "reader")))
    try:
        made = onboarding.invite(request.study, readers, actor=request.actor)
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, f"{len(made)} readers are on their way into the study.")
    return redirect("onboarding-board", request.study.code)


@study_view("reader.manage", methods=("POST",))
def onboarding_advance(request: StudyRequest) -> HttpResponse:
    """Take every chosen reader to the next stage; whoever lacks the evidence stays."""
    rows = Onboarding.objects.visible_to(request.actor).filter(pk__in=_ids(request, "onboarding"))
    moved, stayed = onboarding.advance_all(
        list(rows.select_related("reader__user", "study")), actor=request.actor
    )
    if moved:
        messages.success(request, f"{moved} readers took the next stage.")
    for why in stayed:
        messages.error(request, why)
    return redirect("onboarding-board", request.study.code)


@study_view("reader.manage", methods=("POST",))
def onboarding_retrain(request: StudyRequest) -> HttpResponse:
    """Send everybody who is not qualified for the charter version in effect to its training."""
    try:
        number = onboarding.retrain_all(
            request.study, actor=request.actor, reason=request.POST.get("reason", "")
        )
    except Refused as refused:
        messages.error(request, f"Nothing was changed. {refused.message}")
    else:
        messages.success(request, f"{number} readers are back in training.")
    return redirect("onboarding-board", request.study.code)


@study_view("reader.manage", methods=("POST",))
def onboarding_act(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Keep the evidence of a stage, or send a reader back or away."""
    row = fetch(Onboarding, request.actor, pk)
    act = request.POST.get("act", "")
    try:
        if act == "keep":
            onboarding.keep(row, _evidence(request), actor=request.actor)
            messages.success(request, "The evidence is kept.")
        elif act in {s.name for s in ONBOARDING.steps} - set(onboarding.NEXT.values()):
            reason = request.POST.get("reason", "")
            onboarding.step_back(row, act, actor=request.actor, reason=reason)
            messages.success(request, "The reader's stage has changed.")
        else:
            messages.error(request, "Nothing was changed. Choose what to do.")
    except Refused as refused:
        messages.error(request, f"Nothing was changed. {refused.message}")
    except ValueError:
        messages.error(request, "Nothing was changed. A date or a number is missing or wrong.")
    return redirect("onboarding-board", request.study.code)


def _evidence(request: StudyRequest) -> dict[str, Any]:
    posted = request.POST
    found: dict[str, Any] = {}
    if posted.get("workstation"):
        found["workstation"] = {
            "passed": posted["workstation"] == "passed",
            "on": clock.today().isoformat(),
            "note": posted.get("note", ""),
        }
    if posted.get("training_on"):
        found["training_on"] = typed_day(posted["training_on"])
        found["training_note"] = posted.get("note", "")[:300]
    if posted.get("cases_total"):
        found["cases_total"] = int(posted["cases_total"])
        found["cases_right"] = int(posted.get("cases_right", ""))
    return found
