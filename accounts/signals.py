"""Log-ins, log-outs and failures, kept in the trail (ICH E6(R3) 4.2.2(a)(i))."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from accounts.models import User, normal_email
from audit.actors import Actor, acting
from audit.models import record


def _actor(user: User | None, request: HttpRequest | None, login: str = "") -> Actor:
    address = request.META.get("REMOTE_ADDR", "") if request else ""
    request_id = getattr(request, "request_id", "") if request else ""
    if user is None:
        return Actor(
            name="Somebody not signed in",
            role="anonymous",
            login=login,
            address=address,
            request_id=request_id,
        )
    return Actor(
        name=user.printed_name,
        login=user.email,
        user_id=user.pk,
        zone=user.time_zone,
        organisation=user.organisation_name,
        address=address,
        request_id=request_id,
    )


def logged_in(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    """Keep a log-in."""
    with acting(_actor(user, request)):
        record("account.login", user)


def logged_out(sender: Any, request: HttpRequest, user: User | None, **_: Any) -> None:
    """Keep a log-out."""
    if user is not None:
        with acting(_actor(user, request)):
            record("account.logout", user)


def login_failed(sender: Any, credentials: Any, request: HttpRequest | None, **_: Any) -> None:
    """Keep a failed log-in; the address typed is kept, the password never."""
    typed = str(credentials.get("email") or credentials.get("username") or "")
    login = normal_email(typed)[:254]
    with acting(_actor(None, request, login)):
        record("account.login_failed", details={"login": login})


def _kept(kind: str) -> Any:
    def keep(sender: Any, request: HttpRequest | None, user: User, **_: Any) -> None:
        with acting(_actor(user, request)):
            record(kind, user)

    return keep


#: Changes of what proves a person, as the log-in library tells them (21 CFR 11.300(c)).
SECRETS = (
    (password_set, "account.password_set"),
    (password_changed, "account.password_changed"),
    (password_reset, "account.password_reset"),
    (authenticator_added, "account.second_factor_added"),
    (authenticator_removed, "account.second_factor_removed"),
    (authenticator_reset, "account.second_factor_reset"),
)


def connect() -> None:
    """Listen to the log-in machinery."""
    for signal, kind in SECRETS:
        signal.connect(_kept(kind), dispatch_uid=kind, weak=False)
    user_logged_in.connect(logged_in, dispatch_uid="accounts.logged_in")
    user_logged_out.connect(logged_out, dispatch_uid="accounts.logged_out")
    user_login_failed.connect(login_failed, dispatch_uid="accounts.login_failed")
