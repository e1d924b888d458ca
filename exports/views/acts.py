"""What is done to a cut: plan, clean, freeze, release, confirm receipt, verify."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from audit import clock
from audit.errors import Refused, SignatureRefused
from exports import services, signing
from exports.models import DataCut
from exports.views.page import fetched, render_cut
from studies.access import study_view
from ui.records import FormError, Link


class PlanForm(forms.Form):
    """A cut to come."""

    title = forms.CharField(max_length=120)
    cut_off = forms.DateField()
    planned_for = forms.DateField()


PROBLEMS = {
    "title": "Give the cut a title.",
    "cut_off": "Give the cut-off date, for example 2026-03-05.",
    "planned_for": "Give the date of the delivery, for example 2026-03-20.",
}


@study_view("cut.make", methods=("GET", "POST"))
def cut_plan(request: Any) -> HttpResponse:
    """Plan a cut under the effective transfer specification."""
    if request.method != "POST":
        today = clock.today(request.study.time_zone)
        return _plan_page(request, PlanForm(initial={"cut_off": today}))
    form = PlanForm(request.POST)
    if not form.is_valid():
        errors = [FormError(text=PROBLEMS[name], anchor=f"id_{name}") for name in form.errors]
        return _plan_page(request, form, errors)
    try:
        cut = services.plan_cut(request.study, actor=request.actor, **form.cleaned_data)
    except Refused as refused:
        return _plan_page(request, form, [FormError(text=refused.message)])
    messages.success(request, f"{cut.title} is planned.")
    return redirect("cut-page", request.study.code, cut.pk)


def _plan_page(request: Any, form: PlanForm, errors: list[FormError] | None = None) -> HttpResponse:
    code = request.study.code
    return render(
        request,
        "exports/plan.html",
        {
            "crumbs": [
                Link(label=code, url=reverse("study-entry", args=[code])),
                Link(label="Data cuts", url=reverse("cut-list", args=[code])),
                Link(label="New cut", url=""),
            ],
            "form": form,
            "errors": errors or [],
        },
        status=422 if errors else 200,
    )


def _act(request: Any, pk: UUID, act: Callable[[DataCut], Any], done: str) -> HttpResponse:
    cut = fetched(request, pk)
    try:
        act(cut)
    except Refused as refused:
        return render_cut(
            request, fetched(request, pk), refused=refused.message, status=refused.status
        )
    messages.success(request, done.format(cut=cut.title))
    return redirect("cut-page", request.study.code, pk)


@study_view("cut.make", methods=("POST",))
def cut_cleaning(request: Any, pk: UUID) -> HttpResponse:
    """Open the clean-up list."""
    return _act(
        request,
        pk,
        lambda cut: services.start_cleaning(cut, actor=request.actor),
        "Cleaning of {cut} has started.",
    )


@study_view("cut.make", methods=("POST",))
def cut_freeze(request: Any, pk: UUID) -> HttpResponse:
    """Freeze the versions of the cut; open items need a reason."""
    reason = request.POST.get("words", "")
    return _act(
        request,
        pk,
        lambda cut: services.freeze(cut, actor=request.actor, reason=reason),
        "{cut} is frozen. Its files are being made.",
    )


@study_view("cut.make", methods=("POST",))
def cut_release(request: Any, pk: UUID) -> HttpResponse:
    """Release the cut by signature."""
    return _signed(request, pk, signing.RELEASE, services.release, "{cut} is released.")


@study_view("cut.acknowledge", methods=("POST",))
def cut_acknowledge(request: Any, pk: UUID) -> HttpResponse:
    """Confirm the receipt by signature."""
    return _signed(
        request, pk, signing.RECEIPT, services.acknowledge, "Receipt of {cut} is confirmed."
    )


def _signed(
    request: Any, pk: UUID, kind: signing.Signing, act: Callable[..., Any], done: str
) -> HttpResponse:
    cut = fetched(request, pk)
    try:
        assent = signing.proven(request, cut, kind)
    except SignatureRefused as refused:
        return render_cut(request, cut, sign_errors=(refused.message,), status=422)
    return _act(request, pk, lambda row: act(row, actor=request.actor, assent=assent), done)


@study_view("cut.verify", methods=("POST",))
def cut_verify(request: Any, pk: UUID) -> HttpResponse:
    """Make the files again from the frozen versions and compare every byte."""
    cut = fetched(request, pk)
    try:
        wrong = services.verify(cut, actor=request.actor)
    except Refused as refused:
        return render_cut(request, cut, refused=refused.message, status=refused.status)
    if wrong:
        messages.error(request, f"These files differ: {', '.join(wrong)}. Tell quality assurance.")
    else:
        messages.success(request, f"{cut.title}: made again, every byte is the same.")
    return redirect("cut-page", request.study.code, pk)
