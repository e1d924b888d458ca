"""Accepting an invitation: a new person sets a password, a known one signs in first."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render, resolve_url

from accounts.models import Invitation, User
from accounts.sentences import role_words
from audit.actors import Actor
from audit.errors import Refused
from audit.models import Event, kind_of
from projects.forms import NewPassword, errors_of
from studies.actors import actor_for, home_actor
from studies.models import Study
from studies.services import people as service
from ui.records import FormError


def accept(request: HttpRequest, secret: str) -> HttpResponse:
    """Show an invitation, and accept it.

    Whoever holds the secret proves only that; an account that exists is never changed by it.
    """
    if request.method not in {"GET", "HEAD", "POST"}:
        return HttpResponseNotAllowed(("GET", "POST"))
    invitation = service.invitation_for(secret)
    inviter = inviter_of(invitation) if invitation else None
    if invitation is None or inviter is None:
        return render(request, "projects/invitation_over.html", status=404)
    known = User.objects.filter(email=invitation.email).first()
    if known is not None:
        return _accept_as(request, invitation, inviter, known)
    form = NewPassword(
        request.POST or None, email=invitation.email, printed_name=invitation.printed_name
    )
    errors: list[FormError] = []
    if request.method == "POST":
        if form.is_valid():
            refused = _accepted(
                invitation,
                inviter,
                password=form.cleaned_data["password"],
                time_zone=form.cleaned_data["time_zone"],
            )
            if refused is None:
                messages.success(request, "Your account is ready. Sign in with your password.")
                return redirect(resolve_url(settings.LOGIN_URL))
            errors = [FormError(text=refused)]
        else:
            errors = errors_of(form)
    return _page(request, invitation, form=form, errors=errors)


def inviter_of(invitation: Invitation) -> Actor | None:
    """Return who invited, as actor, if that person may still give the role."""
    sent = Event.objects.filter(
        kind="invitation.send", object_kind=kind_of(invitation), object_id=str(invitation.pk)
    ).first()
    user = (
        User.objects.filter(pk=sent.actor_id, is_active=True).first()
        if sent is not None and sent.actor_id is not None
        else None
    )
    if user is None:
        return None
    study = study_of(invitation)
    actor = actor_for(user, study) if study else home_actor(user)
    if actor is None or not service.may_invite_as(actor, invitation.role):
        return None
    manages = actor.may("study.members.manage")
    return actor.acting_as("study.members.manage" if manages else "reader.manage")


def study_of(invitation: Invitation) -> Study | None:
    """Return the study into which an invitation leads; none for an administrator's."""
    if invitation.study_id is None:
        return None
    return Study.objects.filter(pk=invitation.study_id).first()


def _accept_as(
    request: HttpRequest, invitation: Invitation, inviter: Actor, known: User
) -> HttpResponse:
    user: Any = request.user
    if not user.is_authenticated:
        messages.info(request, "You have an account already. Sign in to accept the invitation.")
        return redirect_to_login(request.get_full_path(), resolve_url(settings.LOGIN_URL))
    if user.pk != known.pk:
        return render(request, "projects/invitation_over.html", {"other": True}, status=404)
    errors: list[FormError] = []
    if request.method == "POST":
        refused = _accepted(invitation, inviter, password="", time_zone=user.time_zone)
        if refused is None:
            messages.success(request, f"You are {role_words(invitation.role).lower()} now.")
            return redirect("home")
        errors = [FormError(text=refused)]
    return _page(request, invitation, form=None, errors=errors)


def _accepted(
    invitation: Invitation, inviter: Actor, *, password: str, time_zone: str
) -> str | None:
    """Accept, or return the sentence that says why not."""
    try:
        service.accept_invitation(
            invitation, password=password, time_zone=time_zone, invited_by=inviter
        )
    except Refused as refused:
        return refused.message
    return None


def _page(
    request: HttpRequest,
    invitation: Invitation,
    *,
    form: NewPassword | None,
    errors: list[FormError],
) -> HttpResponse:
    return render(
        request,
        "projects/invitation.html",
        {
            "invitation": invitation,
            "role": role_words(invitation.role),
            "study": study_of(invitation),
            "form": form,
            "errors": errors,
        },
        status=422 if errors else 200,
    )
