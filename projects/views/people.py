"""People of a study: roles with their periods, invitations, ending a role, the access register."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.models import Invitation
from accounts.permissions import Role
from accounts.reasons import reason_of, reason_request
from accounts.sentences import role_words
from audit import clock
from audit.models import record
from projects.forms import Invite, errors_of
from projects.listing import csv_address, csv_response, wants_csv
from projects.notices import mail_invitation
from projects.reasons import END_ROLE
from studies.access import StudyRequest, study_view
from studies.models import Membership, StudySite
from studies.services import people as service
from ui.records import Link

COLUMNS = (
    "Printed name",
    "E-mail",
    "Organisation",
    "Role",
    "Sites",
    "From",
    "Until",
    "Account active",
    "Identity verified",
)


@study_view("study.members.manage")
def people(request: StudyRequest) -> HttpResponse:
    """Show who holds which role since when, and who is invited."""
    rows = _members(request)
    if wants_csv(request):
        record("access.export", request.study, study_id=request.study.pk)
        return csv_response(f"{request.study.code}_access_register", COLUMNS, map(_line, rows))
    return _page(request, Invite(sites=_sites(request)))


@study_view("study.members.manage", methods=("POST",))
def invite(request: StudyRequest) -> HttpResponse:
    """Invite a person by mail."""
    sites = _sites(request)
    form = Invite(request.POST, sites=sites)
    if not form.is_valid():
        return _page(request, form, status=422)
    given = form.cleaned_data
    invitation, secret = service.invite(
        email=given["email"],
        printed_name=given["printed_name"],
        organisation=given["organisation"],
        role=given["role"],
        study=request.study,
        sites=[site for site in sites if str(site.pk) in given["sites"]],
        actor=request.actor,
    )
    link = request.build_absolute_uri(reverse("invitation-accept", args=[secret]))
    mail_invitation(invitation, link=link, study=request.study)
    messages.success(request, f"{invitation.printed_name} is invited by mail.")
    return redirect("people", request.study.code)


@study_view("study.members.manage", methods=("POST",))
def end_role(request: StudyRequest, pk: UUID) -> HttpResponse:
    """End a role now, with a reason."""
    membership = Membership.objects.filter(study=request.study, pk=pk).first()
    if membership is None:
        raise Http404
    service.end_role(membership, actor=request.actor, reason=reason_of(request, END_ROLE))
    messages.success(request, f"{membership} ended.")
    return redirect("people", request.study.code)


def _page(request: StudyRequest, form: Invite, status: int = 200) -> HttpResponse:
    now = clock.now()
    members = [
        {
            "row": row,
            "sites": _site_words(row),
            "holds": row.period.upper is None or row.period.upper > now,
            "dialog": _dialog(request, row),
        }
        for row in _members(request)
    ]
    waiting = Invitation.objects.filter(
        study_id=request.study.pk, accepted_at=None, withdrawn_at=None
    )
    return render(
        request,
        "projects/people.html",
        {
            "members": members,
            "invitations": [(one, role_words(one.role)) for one in waiting.order_by("-created_at")],
            "form": form,
            "errors": errors_of(form) if form.is_bound else [],
            "csv_url": csv_address(request),
            "now": now,
            "crumbs": (
                Link(
                    label=request.study.code,
                    url=reverse("study-entry", args=[request.study.code]),
                ),
                Link(label="People", url=""),
            ),
        },
        status=status,
    )


def _members(request: StudyRequest) -> Any:
    rows = Membership.objects.filter(study=request.study).select_related("user")
    return rows.prefetch_related("site_links__study_site__site").order_by(
        "user__printed_name", "period"
    )


def _sites(request: StudyRequest) -> list[StudySite]:
    rows = StudySite.objects.visible_to(request.actor).select_related("site")
    return list(rows.order_by("number"))


def _dialog(request: StudyRequest, row: Membership) -> Any:
    url = reverse("people-end", args=[request.study.code, row.pk])
    title = f"End the role {role_words(row.role).lower()} of {row.user}"
    return reason_request(END_ROLE, url, dialog=f"end-{row.pk}", title=title)


def _site_words(row: Membership) -> str:
    if row.role != Role.SITE_USER:
        return ""
    return ", ".join(str(link.study_site) for link in row.site_links.all())


def _line(row: Membership) -> tuple[object, ...]:
    return (
        row.user.printed_name,
        row.user.email,
        row.user.organisation_name,
        role_words(row.role),
        _site_words(row),
        row.period.lower,
        row.period.upper,
        row.user.is_active,
        row.user.identity_verified_at,
    )
