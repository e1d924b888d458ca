"""For those who watch: decisions on revised dossiers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.sentences import sentences
from accounts.signing import proven, shown_signatures, sign_request
from audit import clock, trail
from audit.errors import Refused
from clinical.services import dossiers as clinical
from reads.models import DossierChange
from reads.services import dossierchanges
from studies.access import StudyRequest, fetch, study_view
from studies.models import TimePoint
from ui.records import Link

PER_PAGE = 50
CHIPS = (
    ("", "Waits for science", "open"),
    ("decided", "To carry out", "decided"),
    ("carried_out", "Carried out", "carried_out"),
    ("overtaken", "Overtaken", "overtaken"),
)


def dossier_address(request: StudyRequest, point: TimePoint, version: int | None) -> str:
    """Return the page of a version of a dossier for those who may see it, else nothing."""
    if not request.actor.may("dossier.view"):
        return ""
    found = clinical.of_version(point, version or 0)
    return reverse("dossier", args=[request.study.code, found.pk]) if found is not None else ""


def crumbs(request: StudyRequest, *, last: str = "", openings: bool = False) -> list[Link]:
    code = request.study.code
    found = [Link(label=code, url=reverse("study-entry", args=[code]))]
    if not last:
        return found
    name, words = (
        ("dossier-openings", _("Openings of dossiers"))
        if openings
        else ("dossier-change-list", _("Revised dossiers"))
    )
    return [*found, Link(label=words, url=reverse(name, args=[code])), Link(label=last, url="")]


# Decisions on revised dossiers


@study_view("dossier.watch")
def listing(request: StudyRequest) -> HttpResponse:
    """List revised dossiers whose earlier version was read with, by what is awaited."""
    rows = DossierChange.objects.visible_to(request.actor).select_related(
        "time_point__subject", "decided_by"
    )
    chosen = request.GET.get("state", "")
    state = next((found for code, _label, found in CHIPS if code == chosen), "open")
    page = Paginator(rows.filter(state=state).order_by("due_at", "pk"), PER_PAGE)
    return render(
        request,
        "reads/dossier_changes.html",
        {
            "page": page.get_page(request.GET.get("page")),
            "chips": [
                (code, _(label), rows.filter(state=found).count()) for code, label, found in CHIPS
            ],
            "now": clock.now(),
            "crumbs": crumbs(request),
        },
    )


def _fetched(request: StudyRequest, pk: UUID) -> DossierChange:
    rows = DossierChange.objects.select_related("time_point__subject", "decided_by", "study")
    found: DossierChange = fetch(rows, request.actor, pk)
    return found


@study_view("dossier.watch")
def page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show one decision with the reads concerned and what each choice would do."""
    return _page(request, _fetched(request, pk))


def _page(
    request: StudyRequest,
    row: DossierChange,
    *,
    errors: tuple[str, ...] = (),
    signing: bool = False,
) -> HttpResponse:
    may_decide = row.state == "open" and request.actor.may("dossier.decide")
    sign: Any = None
    if may_decide and row.decision:
        sign = sign_request(
            request,
            row,
            dialog_id="decide",
            title=_("Decide on %s") % row,
            url=reverse("dossier-change-sign", args=[request.study.code, row.pk]),
            facts=(
                (_("Time point"), str(row.time_point)),
                (_("Reads concerned"), str(len(row.affected))),
                (_("Decision"), row.get_decision_display()),
                (_("Reason"), row.reason),
            ),
            statement=_(dossierchanges.STATEMENT),
            consequence=_("The decision takes effect at once and cannot be changed."),
            label=_("Sign decision"),
            errors=errors if signing else (),
        )
    told = dossierchanges.consequences(row)
    return render(
        request,
        "reads/dossier_change.html",
        {
            "row": row,
            "may_decide": may_decide,
            "may_carry_out": row.state == "decided" and request.actor.may("dossier.decide"),
            "choices": [
                (code, label, told.get(code, [])) for code, label in DossierChange.Decision.choices
            ],
            "roll_backs": row.roll_backs.order_by("number"),
            "sees_roll_backs": request.actor.may("rollback.view"),
            "dossier_url": dossier_address(request, row.time_point, row.to_version),
            "sign": sign,
            "signing": signing and not errors,
            "errors": errors,
            "signatures": shown_signatures(row),
            "history": sentences(trail.entries(row)),
            "now": clock.now(),
            "crumbs": crumbs(request, last=str(row.time_point)),
        },
        status=422 if errors else 200,
    )


@study_view("dossier.decide", methods=("POST",))
def choose(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Keep the decision and open the sign dialog."""
    row = _fetched(request, pk)
    try:
        dossierchanges.draft(
            row,
            decision=request.POST.get("decision", ""),
            reason=request.POST.get("reason", ""),
            actor=request.actor,
        )
    except Refused as refused:
        return _page(request, row, errors=(refused.message,))
    return _page(request, _fetched(request, pk), signing=True)


@study_view("dossier.decide", methods=("POST",))
def sign(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Sign the kept decision; what it asks for is requested at once."""
    row = _fetched(request, pk)
    try:
        assent = proven(
            request, row, meaning=dossierchanges.MEANING, statement=dossierchanges.STATEMENT
        )
        dossierchanges.decide(row, actor=request.actor, assent=assent)
    except Refused as refused:
        return _page(request, _fetched(request, pk), errors=(refused.message,), signing=True)
    messages.success(request, _("%s: the decision is signed.") % row.time_point)
    return redirect("dossier-change", request.study.code, row.pk)


@study_view("dossier.decide", methods=("POST",))
def carried_out(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Declare that what was left of a decision is settled."""
    row = _fetched(request, pk)
    dossierchanges.declare_carried_out(
        row, actor=request.actor, reason=request.POST.get("reason", "")
    )
    messages.success(request, _("The decision is carried out."))
    return redirect("dossier-change", request.study.code, row.pk)
