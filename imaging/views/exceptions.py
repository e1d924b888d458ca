"""Standing exceptions of sites: the list, one exception, its signature and its end."""

from __future__ import annotations

from datetime import date
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
from audit.errors import Refused, RuleBroken
from audit.models import record
from imaging.models import Finding, SiteException
from imaging.pipeline.technical_qc.parameters import PARAMETERS
from imaging.pipeline.technical_qc.words import WORDS
from imaging.services import exceptions
from imaging.views.guideline import MODALITIES
from studies.access import StudyRequest, fetch, study_view
from studies.models import StudySite
from ui.moments import typed_day
from ui.records import Link
from ui.sheets import csv_response

CHIPS = (
    ("", "In force", ("approved",)),
    ("proposed", "To approve", ("proposed",)),
    ("over", "Ended or declined", ("ended", "declined")),
)
COLUMNS = (
    "Study", "Number", "Site", "Finding", "Parameter", "Modality", "Reason", "From", "Until",
    "State", "Approved by", "Approved", "Ended on", "Why ended", "Findings covered",
)  # fmt: skip


def finding_title(code: str) -> str:
    """Return the words of a finding's code without a parameter."""
    return WORDS[code].title.replace("{parameter}", _("A parameter")) if code in WORDS else code


def about(row: SiteException) -> str:
    """Return in words what a site is excepted from."""
    named = PARAMETERS.get(row.parameter)
    if row.code in exceptions.WITH_PARAMETER and named is not None:
        text = WORDS[row.code].title.format(parameter=named.title, measured="", expected="")
    else:
        text = finding_title(row.code)
    return f"{text} ({row.modality})" if row.modality else text


def _crumbs(request: StudyRequest, last: str = "") -> list[Link]:
    code = request.study.code
    found = [
        Link(label=code, url=reverse("study-entry", args=[code])),
        Link(label=_("Acquisition guideline"), url=reverse("guideline", args=[code])),
    ]
    listed = reverse("exception-list", args=[code]) if last else ""
    found.append(Link(label=_("Standing exceptions"), url=listed))
    return [*found, Link(label=last, url="")] if last else found


@study_view("exception.view", methods=("GET", "POST"))
def listing(request: StudyRequest) -> HttpResponse:
    """List exceptions; who may, proposes another one."""
    errors: tuple[str, ...] = ()
    if request.method == "POST":
        try:
            made = _propose(request)
            messages.success(request, _("%s waits for a scientist's signature.") % made)
            return redirect("exception-page", request.study.code, made.pk)
        except Refused as refused:
            errors = (refused.message,)
    rows = SiteException.objects.visible_to(request.actor).select_related("study_site__site")
    state = request.GET.get("state", "")
    states = next((found for code, _label, found in CHIPS if code == state), CHIPS[0][2])
    return render(
        request,
        "imaging/exceptions.html",
        {
            "rows": [(row, about(row), exceptions.ends_soon(row))
                     for row in rows.filter(state__in=states)],
            "state": state,
            "chips": [(code, _(label), rows.filter(state__in=found).count())
                      for code, label, found in CHIPS],
            "may_propose": request.actor.may("exception.propose"),
            "sites": StudySite.objects.visible_to(request.actor).select_related("site"),
            "codes": [(code, finding_title(code)) for code in exceptions.EXCEPTABLE],
            "parameters": sorted(PARAMETERS.values(), key=lambda row: row.title),
            "modalities": [code for code in MODALITIES if code != "*"],
            "typed": request.POST,
            "errors": errors,
            "today": clock.today(request.study.time_zone),
            "crumbs": _crumbs(request),
        },
        status=422 if errors else 200,
    )  # fmt: skip


def _propose(request: StudyRequest) -> SiteException:
    site = fetch(StudySite, request.actor, request.POST.get("study_site", ""))
    return exceptions.propose(
        site,
        code=request.POST.get("code", ""),
        parameter=request.POST.get("parameter", ""),
        modality=request.POST.get("modality", ""),
        reason=request.POST.get("reason", ""),
        valid_from=_day(request.POST.get("valid_from", "")) or clock.today(request.study.time_zone),
        valid_until=_day(request.POST.get("valid_until", "")),
        actor=request.actor,
    )


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return typed_day(text.strip())
    except ValueError:
        raise RuleBroken(_("“%s” is not a date.") % text, rule="EXC-002") from None


def _fetched(request: StudyRequest, pk: UUID) -> SiteException:
    rows = SiteException.objects.select_related("study_site__site", "approved_by")
    found: SiteException = fetch(rows, request.actor, pk)
    return found


@study_view("exception.view")
def page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show one exception with every finding that it covered."""
    return _page(request, _fetched(request, pk))


def _page(
    request: StudyRequest, row: SiteException, *, errors: tuple[str, ...] = ()
) -> HttpResponse:
    covered = Finding.objects.visible_to(request.actor).filter(suppressed_by=str(row))
    may_sign = row.state == "proposed" and request.actor.may("exception.approve")
    sign: Any = None
    if may_sign:
        sign = sign_request(
            request,
            row,
            dialog_id="approve",
            title=_("Approve %s") % row,
            url=reverse("exception-approve", args=[request.study.code, row.pk]),
            facts=(
                (_("Site"), str(row.study_site)),
                (_("Exception"), about(row)),
                (_("Reason"), row.reason),
            ),
            statement=_(exceptions.STATEMENT),
            consequence=_("Findings that it covers stay listed, ask nobody and block nothing."),
            label=_("Sign approval"),
            errors=errors,
        )
    return render(
        request,
        "imaging/exception.html",
        {
            "row": row,
            "about": about(row),
            "covered": covered.select_related("submission__time_point__subject")[:100],
            "covered_count": covered.count(),
            "sign": sign,
            "errors": errors,
            "may_decline": may_sign,
            "may_end": row.state == "approved" and request.actor.may("exception.propose"),
            "ends_soon": exceptions.ends_soon(row),
            "signatures": shown_signatures(row),
            "history": sentences(trail.entries(row)),
            "crumbs": _crumbs(request, str(row)),
        },
        status=422 if errors else 200,
    )


@study_view("exception.approve", methods=("POST",))
def approve(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Approve by signature."""
    row = _fetched(request, pk)
    try:
        assent = proven(request, row, meaning=exceptions.MEANING, statement=exceptions.STATEMENT)
        exceptions.approve(row, actor=request.actor, assent=assent)
    except Refused as refused:
        return _page(request, _fetched(request, pk), errors=(refused.message,))
    messages.success(request, _("%s holds now.") % row)
    return redirect("exception-page", request.study.code, row.pk)


@study_view("exception.approve", methods=("POST",))
def decline(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Decline, with the reason."""
    row = _fetched(request, pk)
    exceptions.decline(row, actor=request.actor, reason=request.POST.get("reason", ""))
    messages.success(request, _("%s is declined.") % row)
    return redirect("exception-page", request.study.code, row.pk)


@study_view("exception.propose", methods=("POST",))
def end(request: StudyRequest, pk: UUID) -> HttpResponse:
    """End an exception today, with the reason."""
    row = _fetched(request, pk)
    exceptions.end(row, actor=request.actor, reason=request.POST.get("reason", ""))
    messages.success(request, _("%s has ended; findings ask the site again.") % row)
    return redirect("exception-page", request.study.code, row.pk)


@study_view("exception.view")
def export(request: StudyRequest) -> HttpResponse:
    """Send every exception as CSV."""
    rows = SiteException.objects.visible_to(request.actor).select_related(
        "study_site__site", "approved_by"
    )
    record("siteexception.export", request.study, study_id=request.study.pk)
    findings = Finding.objects.visible_to(request.actor)
    return csv_response(
        f"{request.study.code}_standing_exceptions",
        COLUMNS,
        [
            (
                request.study.code,
                str(row),
                row.study_site.number,
                row.code,
                row.parameter,
                row.modality,
                row.reason,
                row.valid_from,
                row.valid_until,
                row.state,
                row.approved_by.printed_name if row.approved_by else "",
                row.approved_at,
                row.ended_on,
                row.end_reason,
                findings.filter(suppressed_by=str(row)).count(),
            )
            for row in rows.order_by("number")
        ],
    )
