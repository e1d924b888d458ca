"""Accounts, for the administrator: who exists, what they hold, activity, identity, sessions.

The administrator sees no study data: roles are named by study code, nothing inside a study is.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from accounts import secondfactor
from accounts.models import Invitation, User
from accounts.permissions import Role
from accounts.reasons import reason_of, reason_request
from accounts.sentences import role_words, sentences
from accounts.signatures import needs_second_factor
from audit import clock
from audit.actors import acting
from audit.errors import RuleBroken
from audit.models import Event, record
from audit.trail import entries, verb_of
from projects.forms import Identity, InviteAdministrator, errors_of
from projects.listing import csv_address, csv_response, wants_csv
from projects.notices import mail_invitation
from projects.reasons import ACCOUNT, SECOND_FACTOR
from studies.access import person_view
from studies.models import Membership
from studies.services import people
from ui.figures import counted
from ui.records import Link

USERS_PER_PAGE = 100
COLUMNS = ("Printed name", "E-mail", "Organisation", "Active", "Identity verified", "Roles")
SIGN_INS_SHOWN = 10


@person_view("user.manage")
def user_list(request: Any) -> HttpResponse:
    """Show accounts and open invitations."""
    rows = _filtered(request)
    if wants_csv(request):
        record("access.export", None)
        return csv_response("accounts", COLUMNS, [_line(row) for row in rows])
    return _list_page(request, InviteAdministrator())


@person_view("user.manage", methods=("POST",))
def invite_administrator(request: Any) -> HttpResponse:
    """Invite another administrator by mail."""
    form = InviteAdministrator(request.POST)
    if not form.is_valid():
        return _list_page(request, form, status=422)
    invitation, secret = people.invite(
        email=form.cleaned_data["email"],
        printed_name=form.cleaned_data["printed_name"],
        organisation=form.cleaned_data["organisation"],
        role=Role.ADMINISTRATOR,
        study=None,
        actor=request.actor,
    )
    link = request.build_absolute_uri(reverse("invitation-accept", args=[secret]))
    mail_invitation(invitation, link=link, study=None)
    messages.success(request, f"{invitation.printed_name} is invited by mail.")
    return redirect("user-list")


def _filtered(request: Any) -> Any:
    rows = User.objects.order_by("printed_name", "email")
    wanted = request.GET.get("q", "").strip()
    if wanted:
        rows = rows.filter(Q(printed_name__icontains=wanted) | Q(email__icontains=wanted))
    show = request.GET.get("show", "")
    if show == "inactive":
        rows = rows.filter(is_active=False)
    if show == "unverified":
        rows = rows.filter(identity_verified_at=None)
    return rows.prefetch_related("memberships__study")


def _list_page(request: Any, form: InviteAdministrator, status: int = 200) -> HttpResponse:
    page = Paginator(_filtered(request), USERS_PER_PAGE).get_page(request.GET.get("page"))
    waiting = Invitation.objects.filter(accepted_at=None, withdrawn_at=None)
    return render(
        request,
        "projects/users.html",
        {
            "page": page,
            "shown": [(row, _roles(row)) for row in page],
            "chips": (
                ("inactive", "Not active", User.objects.filter(is_active=False).count()),
                (
                    "unverified",
                    "Identity not verified",
                    User.objects.filter(identity_verified_at=None).count(),
                ),
            ),
            "wanted": request.GET.get("q", "").strip(),
            "invitations": [
                (one, role_words(one.role)) for one in waiting.order_by("-created_at")[:50]
            ],
            "form": form,
            "errors": errors_of(form) if form.is_bound else [],
            "csv_url": csv_address(request),
            "crumbs": _crumbs("Users"),
        },
        status=status,
    )


def _roles(user: User) -> list[str]:
    """Return the roles held now, with the study's code."""
    now = clock.now()
    return [
        f"{role_words(one.role)}{f', {one.study.code}' if one.study else ''}"
        for one in user.memberships.all()
        if one.period.lower <= now and (one.period.upper is None or one.period.upper > now)
    ]


def _line(user: User) -> tuple[object, ...]:
    return (
        user.printed_name,
        user.email,
        user.organisation_name,
        user.is_active,
        user.identity_verified_at,
        "; ".join(_roles(user)),
    )


@person_view("user.manage")
def user_page(request: Any, pk: UUID) -> HttpResponse:
    """Show one account."""
    return _page(request, get_object_or_404(User, pk=pk), Identity())


@person_view("user.manage", methods=("POST",))
def set_active(request: Any, pk: UUID) -> HttpResponse:
    """Deactivate an account (its sessions end at once), or activate it again."""
    user = get_object_or_404(User, pk=pk)
    if user.pk == request.user.pk:
        raise RuleBroken("You cannot deactivate your own account.", rule="USR-001")
    active = request.POST.get("active") == "yes"
    reason = reason_of(request, ACCOUNT)
    with transaction.atomic(), acting(request.actor, reason):
        row = User.objects.select_for_update().get(pk=user.pk)
        row.is_active = active
        row.save()
        record("user.activate" if active else "user.deactivate", row, reason=reason)
    if not active:
        _end_sessions(user)
    messages.success(request, f"{user} is {'active again' if active else 'not active any more'}.")
    return redirect("user-page", user.pk)


@person_view("user.manage", methods=("POST",))
def verify_identity(request: Any, pk: UUID) -> HttpResponse:
    """Record that a person's identity was verified, by whom and how (21 CFR 11.100(b))."""
    user = get_object_or_404(User, pk=pk)
    form = Identity(request.POST)
    if not form.is_valid():
        return _page(request, user, form, status=422)
    if user.pk == request.user.pk:
        raise RuleBroken("Another administrator verifies your identity.", rule="USR-002")
    with transaction.atomic(), acting(request.actor):
        row = User.objects.select_for_update().get(pk=user.pk)
        row.identity_verified_at = clock.now()
        row.identity_verified_by = request.actor.name
        row.identity_verified_how = form.cleaned_data["how"]
        row.save()
        record("user.verify_identity", row)
    messages.success(request, f"The identity of {user} is verified.")
    return redirect("user-page", user.pk)


@person_view("user.manage", methods=("POST",))
def end_sessions(request: Any, pk: UUID) -> HttpResponse:
    """End every session of a person."""
    user = get_object_or_404(User, pk=pk)
    number = _end_sessions(user)
    record("user.end_sessions", user, details={"sessions": number})
    messages.success(request, f"{counted(number, 'session')} of {user} ended.")
    return redirect("user-page", user.pk)


@person_view("user.manage", methods=("POST",))
def reset_second_factor(request: Any, pk: UUID) -> HttpResponse:
    """Take a lost or unreadable second factor away."""
    user = get_object_or_404(User, pk=pk)
    secondfactor.reset(user, actor=request.actor, reason=reason_of(request, SECOND_FACTOR))
    messages.success(
        request,
        f"The second factor of {user} is reset. Verify their identity before they sign again.",
    )
    return redirect("user-page", user.pk)


def _end_sessions(user: User) -> int:
    sessions = list(UserSession.objects.filter(user=user))
    for session in sessions:
        session.end()
    return len(sessions)


def _page(request: Any, user: User, form: Identity, status: int = 200) -> HttpResponse:
    url = reverse("user-activity", args=[user.pk])
    hidden = (("active", "no" if user.is_active else "yes"),)
    title = "Deactivate the account of" if user.is_active else "Activate the account of"
    signs = Event.objects.filter(object_id=str(user.pk), kind__startswith="account.")
    memberships = Membership.objects.filter(user=user).select_related("study")
    return render(
        request,
        "projects/user.html",
        {
            "person": user,
            "memberships": memberships.order_by("study__code", "period"),
            "sessions": UserSession.objects.purge_and_list(user),
            "has_second_factor": needs_second_factor(user),
            "sign_ins": [
                {"at": one.at, "words": verb_of(one.kind).capitalize(), "address": one.address}
                for one in signs.order_by("-id")[:SIGN_INS_SHOWN]
            ],
            "history": sentences(entries(user, limit=50)),
            "dialog": reason_request(
                ACCOUNT,
                url,
                dialog="activity",
                title=f"{title} {user}",
                hidden=hidden,
                label="Deactivate account" if user.is_active else "Activate account",
            ),
            "reset_dialog": reason_request(
                SECOND_FACTOR,
                reverse("user-second-factor-reset", args=[user.pk]),
                dialog="second-factor",
                title=f"Reset the second factor of {user}",
            ),
            "form": form,
            "errors": errors_of(form) if form.is_bound else [],
            "is_me": user.pk == request.user.pk,
            "now": clock.now(),
            "crumbs": _crumbs(user.printed_name, Link(label="Users", url=reverse("user-list"))),
        },
        status=status,
    )


def _crumbs(here: str, *between: Link) -> tuple[Link, ...]:
    return (Link(label="My work", url=reverse("home")), *between, Link(label=here, url=""))
