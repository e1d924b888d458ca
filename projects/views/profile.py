"""A person's own account: printed name, time zone, sessions, second factor, keys for machines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts import tokens
from accounts.models import ApiToken, MenuChoice, User
from accounts.reasons import reason_of, reason_request
from accounts.sentences import role_words
from accounts.signatures import needs_second_factor
from audit import clock
from audit.actors import acting
from audit.models import record
from projects.forms import NewToken, Profile, errors_of
from projects.reasons import TOKEN
from projects.shell import group_keys
from studies.access import person_view
from studies.actors import memberships_of
from ui.figures import counted
from ui.records import FormError


@person_view()
def profile(request: Any) -> HttpResponse:
    """Show the account."""
    return _page(request)


@person_view(methods=("POST",))
def change(request: Any) -> HttpResponse:
    """Change printed name and time zone; earlier acts keep the name they were done under."""
    form = Profile(request.POST)
    if not form.is_valid():
        return _page(request, profile_form=form, errors=errors_of(form), status=422)
    with transaction.atomic(), acting(request.actor):
        user = User.objects.select_for_update().get(pk=request.user.pk)
        user.printed_name = form.cleaned_data["printed_name"]
        user.time_zone = form.cleaned_data["time_zone"]
        user.save()
        record("profile.change", user)
    messages.success(request, "Your account is changed.")
    return redirect("profile")


@person_view(methods=("POST",))
def fold_menu(request: Any) -> HttpResponse:
    """Remember that the person opened or folded a group of the side menu."""
    group, is_open = request.POST.get("group", ""), request.POST.get("open") == "yes"
    if group not in group_keys():
        return HttpResponseBadRequest()
    with transaction.atomic():
        MenuChoice.objects.get_or_create(user=request.user)
        kept = MenuChoice.objects.select_for_update().get(user=request.user)
        kept.groups[group] = is_open
        kept.save()
    return HttpResponse(status=204)


@person_view(methods=("POST",))
def end_other_sessions(request: Any) -> HttpResponse:
    """End every session of the person but this one."""
    others = UserSession.objects.filter(user=request.user).exclude(
        session_key=request.session.session_key
    )
    number = others.count()
    for session in others:
        session.end()
    record("user.end_sessions", request.user, details={"sessions": number})
    messages.success(request, f"{counted(number, 'other session')} ended.")
    return redirect("profile")


@person_view(methods=("POST",))
def issue_token(request: Any) -> HttpResponse:
    """Issue a key; its secret is shown on this one answer and never again."""
    form = NewToken(request.POST)
    if not form.is_valid():
        return _page(request, token_form=form, errors=errors_of(form), status=422)
    token, secret = tokens.issue(
        request.user,
        label=form.cleaned_data["label"],
        days=form.cleaned_data["days"],
        actor=request.actor,
    )
    return _page(request, issued=(token, secret))


@person_view(methods=("POST",))
def revoke_token(request: Any, pk: UUID) -> HttpResponse:
    """Revoke a key of the person."""
    token = ApiToken.objects.filter(user=request.user, pk=pk).first()
    if token is None:
        raise Http404
    tokens.revoke(token, actor=request.actor, reason=reason_of(request, TOKEN))
    messages.success(request, f"The key “{token.label}” is revoked.")
    return redirect("profile")


def _page(
    request: Any,
    *,
    profile_form: Profile | None = None,
    token_form: NewToken | None = None,
    issued: tuple[ApiToken, str] | None = None,
    errors: list[FormError] | None = None,
    status: int = 200,
) -> HttpResponse:
    user = request.user
    given = {"printed_name": user.printed_name, "time_zone": user.time_zone}
    return render(
        request,
        "projects/profile.html",
        {
            "profile_form": profile_form or Profile(initial=given),
            "token_form": token_form or NewToken(auto_id="token-%s"),
            "issued": issued,
            "errors": errors or [],
            "tokens": [_token(one) for one in ApiToken.objects.filter(user=user)],
            "sessions": UserSession.objects.purge_and_list(user),
            "this_session": request.session.session_key,
            "roles": [
                (one, role_words(one.role))
                for one in memberships_of(user).order_by("study__code", "role")
            ],
            "has_second_factor": needs_second_factor(user),
            "now": clock.now(),
        },
        status=status,
    )


def _token(row: ApiToken) -> dict[str, Any]:
    return {
        "row": row,
        "holds": row.revoked_at is None and row.expires_at > clock.now(),
        "dialog": reason_request(
            TOKEN,
            reverse("token-revoke", args=[row.pk]),
            dialog=f"revoke-{row.pk}",
            title=f"Revoke the key “{row.label}”",
        ),
    }
