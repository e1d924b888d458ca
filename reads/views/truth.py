"""The standard of truth, for scientific staff only, and what readers reach against it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from audit.errors import Conflict, Refused, RuleBroken, SignatureRefused
from reads.models import TruthRecord
from reads.services import truth
from reads.signing import TRUTH_MEANING, proven, request_for
from studies.access import StudyRequest, fetch, study_view
from studies.forms.posted import parse_posted
from studies.forms.presentation import present
from studies.models import TimePoint
from studies.services import forms
from studies.services.forms import form_of
from ui.records import Link


def _crumbs(request: StudyRequest, *more: str) -> tuple[Link, ...]:
    code = request.study.code
    home = reverse("truth", args=[code]) if more else ""
    return (
        Link(label=code, url=reverse("study-entry", args=[code])),
        Link(label="Standard of truth", url=home),
        *(Link(label=one, url="") for one in more),
    )


@study_view("truth.view")
def truth_list(request: StudyRequest) -> HttpResponse:
    """Show visits with their standard of truth, and the accuracy of the readers."""
    trouble, rows, reached = "", [], []
    try:
        truth.design_with_truth(request.study)
        rows, reached = truth.listed(request.study), truth.reached(request.study)
    except RuleBroken as missing:
        trouble = missing.message
    return render(
        request,
        "reads/truth/list.html",
        {
            "trouble": trouble,
            "rows": rows,
            "reached": reached,
            "signed": sum(one.record is not None and one.record.state == "signed" for one in rows),
            "may_record": request.actor.may("truth.record"),
            "crumbs": _crumbs(request),
        },
    )


@study_view("truth.record", methods=("POST",))
def truth_open(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Begin the standard of truth of a visit."""
    point = fetch(TimePoint.objects.select_related("study"), request.actor, pk)
    try:
        made = truth.open_record(point, actor=request.actor)
    except RuleBroken as refused:
        messages.error(request, f"Nothing was begun. {refused.message}")
        return redirect("truth", request.study.code)
    return redirect("truth-record", request.study.code, made.pk)


@study_view("truth.view")
def truth_record(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show the standard of truth of a visit."""
    return _page(request, fetch(TruthRecord, request.actor, pk))


@study_view("truth.record", methods=("POST",))
def truth_save(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Keep what was typed of the standard of truth."""
    record = fetch(TruthRecord, request.actor, pk)
    answers = parse_posted(
        form_of(record.form_record.form),
        dict(request.POST.lists()),
        stored=record.form_record.answers,
    )
    version = request.POST.get("version", "")
    try:
        seen = int(version) if version.isdigit() else -1
        truth.save(record, answers, seen_version=seen, actor=request.actor)
    except Conflict as refused:
        messages.error(request, f"Nothing was saved. {refused.message}")
    else:
        messages.success(request, "The standard of truth is saved.")
    return redirect("truth-record", request.study.code, record.pk)


def _page(
    request: StudyRequest, record: TruthRecord, *, errors: tuple[str, ...] = (), status: int = 200
) -> HttpResponse:
    editable = record.state == "open" and request.actor.may("truth.record")
    final = forms.evaluated(record.form_record, final=True)
    sign = None
    if editable and final.can_sign:
        sign = request_for(
            request,
            record,
            meaning=TRUTH_MEANING,
            title="Sign the standard of truth",
            url=reverse("truth-sign", args=[request.study.code, record.pk]),
            facts=(("You sign", str(record)), ("Subject", str(record.subject))),
            errors=errors,
        )
    return render(
        request,
        "reads/truth/record.html",
        {
            "record": record,
            "form": present(
                forms.evaluated(record.form_record),
                record.form_record.answers,
                read_only=not editable,
            ),
            "editable": editable,
            "missing": len(final.missing),
            "sign": sign,
            "crumbs": _crumbs(request, str(record.time_point)),
        },
        status=status,
    )


@study_view("truth.record", methods=("POST",))
def truth_sign(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Sign the standard of truth of a visit."""
    record = fetch(TruthRecord, request.actor, pk)
    try:
        assent = proven(request, record, meaning=TRUTH_MEANING)
        truth.sign(record, actor=request.actor, assent=assent)
    except (SignatureRefused, Refused) as refused:
        fresh = fetch(TruthRecord, request.actor, pk)
        return _page(request, fresh, errors=(refused.message,), status=422)
    messages.success(request, "The standard of truth is signed.")
    return redirect("truth", request.study.code)
