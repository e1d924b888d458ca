"""Late images: what waits for science, what each decision would do, the signature, its outcome."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.sentences import sentences
from accounts.signing import proven, shown_signatures, sign_request
from audit import clock, trail
from audit.errors import Refused
from imaging.models import LateImages
from imaging.services import late
from imaging.views import parts
from studies.access import StudyRequest, fetch, study_view
from ui.records import Link

CHIPS = (
    ("", "Waits for science", "open"),
    ("decided", "To carry out", "decided"),
    ("carried_out", "Carried out", "carried_out"),
)


def _crumbs(request: StudyRequest, last: str = "") -> list[Link]:
    code = request.study.code
    found = [
        Link(label=code, url=reverse("study-entry", args=[code])),
        Link(label=_("Late images"), url=reverse("late-list", args=[code]) if last else ""),
    ]
    return [*found, Link(label=last, url="")] if last else found


@study_view("late.view")
def listing(request: StudyRequest) -> HttpResponse:
    """List late images by what is awaited."""
    rows = LateImages.objects.visible_to(request.actor).select_related(
        "time_point__subject", "submission", "decided_by"
    )
    chosen = request.GET.get("state", "")
    state = next((found for code, _label, found in CHIPS if code == chosen), "open")
    return render(
        request,
        "imaging/late_list.html",
        {
            "rows": rows.filter(state=state).order_by("due_at"),
            "chips": [
                (code, _(label), rows.filter(state=found).count()) for code, label, found in CHIPS
            ],
            "state": chosen,
            "now": clock.now(),
            "crumbs": _crumbs(request),
        },
    )


def _fetched(request: StudyRequest, pk: UUID) -> LateImages:
    rows = LateImages.objects.select_related(
        "time_point__subject", "submission", "package", "decided_by"
    )
    found: LateImages = fetch(rows, request.actor, pk)
    return found


@study_view("late.view")
def page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show one record with what each decision would do to reads."""
    return _page(request, _fetched(request, pk))


def _page(
    request: StudyRequest,
    row: LateImages,
    *,
    errors: tuple[str, ...] = (),
    signing: bool = False,
) -> HttpResponse:
    may_decide = row.state == "open" and request.actor.may("late.decide")
    sign: Any = None
    if may_decide and row.decision:
        sign = sign_request(
            request,
            row,
            dialog_id="decide",
            title=_("Decide on %s") % row,
            url=reverse("late-sign", args=[request.study.code, row.pk]),
            facts=(
                (_("Time point"), str(row.time_point)),
                (_("Decision"), row.get_decision_display()),
                (_("Reason"), row.reason),
            ),
            statement=_(late.STATEMENT),
            consequence=_("The decision takes effect at once and cannot be changed."),
            label=_("Sign decision"),
            errors=errors if signing else (),
        )
    series = row.submission.series.prefetch_related("previews")
    return render(
        request,
        "imaging/late.html",
        {
            "row": row,
            "may_decide": may_decide,
            "may_carry_out": row.state == "decided" and request.actor.may("late.carry_out"),
            "choices": [
                (code, label, late.consequences(row).get(code, []))
                for code, label in LateImages.Decision.choices
            ],
            "series": [
                (one, parts.thumbnail_url(request.study.code, one))
                for one in series
                if request.actor.may("submission.view")
            ],
            "sign": sign,
            "signing": signing and not errors,
            "errors": errors,
            "signatures": shown_signatures(row),
            "history": sentences(trail.entries(row)),
            "now": clock.now(),
            "crumbs": _crumbs(request, str(row.time_point)),
        },
        status=422 if errors else 200,
    )


@study_view("late.decide", methods=("POST",))
def choose(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Keep the decision and open the sign dialog."""
    row = _fetched(request, pk)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        return _page(request, row, errors=(_("Say why. The decision was not kept."),))
    try:
        late.draft(
            row,
            decision=request.POST.get("decision", ""),
            reason=reason,
            actor=request.actor,
        )
    except Refused as refused:
        return _page(request, row, errors=(refused.message,))
    return _page(request, _fetched(request, pk), signing=True)


@study_view("late.decide", methods=("POST",))
def sign(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Sign the kept decision; it is carried out at once as far as the platform can."""
    row = _fetched(request, pk)
    try:
        assent = proven(request, row, meaning=late.MEANING, statement=late.STATEMENT)
        late.decide(row, actor=request.actor, assent=assent)
    except Refused as refused:
        return _page(request, _fetched(request, pk), errors=(refused.message,), signing=True)
    messages.success(request, _("%s: the decision is signed.") % row.time_point)
    return redirect("late-page", request.study.code, row.pk)


@study_view("late.carry_out", methods=("POST",))
def carried_out(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Declare that what the platform could not carry out was done."""
    row = _fetched(request, pk)
    late.declare_carried_out(row, actor=request.actor, reason=request.POST.get("reason", ""))
    messages.success(request, _("The decision is carried out."))
    return redirect("late-page", request.study.code, row.pk)
