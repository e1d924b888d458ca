"""Secrets of second factors: encrypted in the database, their keys in files outside it.

Whoever reads the database, a dump or a backup of it, cannot make anybody's one-time codes
(21 CFR 11.300(a)-(c)). The keys lie in ``KEYS_DIR/second-factor``, numbered: the newest encrypts,
every one that is there decrypts. A stored secret names the number of its key.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, get_totp_secret
from allauth.usersessions.models import UserSession
from cryptography.fernet import Fernet, InvalidToken
from django import forms
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit.actors import Actor, acting
from audit.durable import fsync_folder, write_once
from audit.errors import Refused, RuleBroken
from audit.models import record
from audit.verification import Fault

KEY_BYTES = 32
_SEALED = re.compile(r"^k(\d{1,6}):(.+)$", re.DOTALL)


class SecondFactorUnreadable(Refused):
    """The key that encrypted a second factor is lost, or the stored secret was altered."""

    status = 409
    code = "second_factor_unreadable"

    def __init__(self) -> None:
        super().__init__(
            _(
                "Your second factor cannot be read on this installation any more. Ask an "
                "administrator to reset it; then set it up again."
            ),
            rule="ACC-010",
        )


def _folder() -> Path:
    return Path(settings.KEYS_DIR) / "second-factor"


def _numbers() -> list[int]:
    return sorted(int(path.stem) for path in _folder().glob("*.key") if path.stem.isdigit())


def _path(number: int) -> Path:
    return _folder() / f"{number:06d}.key"


def _box(number: int) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_path(number).read_bytes()))


def _newest() -> int:
    """Return the number of the key that encrypts; the first is made when it is asked for."""
    numbers = _numbers()
    if not numbers:
        write_once(_path(1), os.urandom(KEY_BYTES))
        return 1
    return numbers[-1]


def seal(text: str) -> str:
    """Return a secret as it is stored."""
    number = _newest()
    return f"k{number}:{_box(number).encrypt(text.encode()).decode()}"


def unseal(stored: str) -> str:
    """Return a stored secret in clear.

    Raises:
        SecondFactorUnreadable: its key is not there, or it was altered, or never encrypted.
    """
    found = _SEALED.match(stored)
    if found is None:
        raise SecondFactorUnreadable
    try:
        return _box(int(found[1])).decrypt(found[2].encode()).decode()
    except (FileNotFoundError, InvalidToken):
        raise SecondFactorUnreadable from None


def is_sealed(stored: str) -> bool:
    """Tell whether a stored secret is encrypted (whether or not its key is there)."""
    return _SEALED.match(stored) is not None


def secrets_of(data: dict[str, Any]) -> Iterator[str]:
    """Return the secrets in an authenticator's data, as they are stored."""
    yield from (data[name] for name in ("secret", "seed") if name in data)
    yield from data.get("migrated_codes", ())


def with_secrets(data: dict[str, Any], change: Any) -> dict[str, Any]:
    """Return an authenticator's data with each secret passed through ``change``."""
    made = {
        name: change(value) if name in {"secret", "seed"} else value for name, value in data.items()
    }
    if "migrated_codes" in data:
        made["migrated_codes"] = [change(code) for code in data["migrated_codes"]]
    return made


def rotate() -> int:
    """Make a new key and encrypt every secret with it; return how many rows changed.

    All rows change in one transaction. The key before stays for secrets that are being written at
    this moment and for the latest backup; keys before that one go, unless a row names them.

    Raises:
        SecondFactorUnreadable: a secret cannot be read; nothing is changed.
    """
    number = _newest() + 1
    write_once(_path(number), os.urandom(KEY_BYTES))
    try:
        with transaction.atomic():
            rows = list(Authenticator.objects.select_for_update().order_by("pk"))
            for row in rows:
                row.data = with_secrets(row.data, lambda stored: seal(unseal(stored)))
                row.save(update_fields=["data"])
            record("account.second_factor_key_rotated", None, details={"rows": len(rows)})
    except BaseException:
        _path(number).unlink()
        raise
    _forget_unused(number)
    return len(rows)


def _forget_unused(newest: int) -> None:
    named = {
        int(found[1])
        for row in Authenticator.objects.all()
        for stored in secrets_of(row.data)
        if (found := _SEALED.match(stored))
    }
    for number in _numbers():
        if number < newest - 1 and number not in named:
            _path(number).unlink()
    fsync_folder(_folder())


def unreadable() -> Iterator[Authenticator]:
    """Return the authenticators that nobody can use: their key is lost."""
    for row in Authenticator.objects.select_related("user").order_by("pk"):
        try:
            for stored in secrets_of(row.data):
                unseal(stored)
        except SecondFactorUnreadable:
            yield row


def secrets_are_sealed() -> Iterator[Fault]:
    """No secret of a second factor is stored in clear."""
    for row in Authenticator.objects.order_by("pk"):
        if not all(is_sealed(stored) for stored in secrets_of(row.data)):
            yield Fault("mfa.authenticator", str(row.pk), "holds a secret in clear")


def reset(user: User, *, actor: Actor, reason: str) -> None:
    """Take a person's second factor away, because it is lost or cannot be read any more.

    Their sessions end, and their identity must be verified anew before they can sign: whoever
    resets cannot become the person (21 CFR 11.200(a)(3), 11.300(c)).

    Raises:
        RuleBroken: ACC-011 the own one; ACC-012 there is none.
    """
    if user.pk == actor.user_id:
        raise RuleBroken(
            "Another administrator resets your second factor. Nothing was changed.", rule="ACC-011"
        )
    with transaction.atomic(), acting(actor, reason):
        row = User.objects.select_for_update().get(pk=user.pk)
        ended, _rows = Authenticator.objects.filter(user=row).delete()
        if not ended:
            raise RuleBroken(f"{row} has no second factor. Nothing was changed.", rule="ACC-012")
        row.identity_verified_at = None
        row.identity_verified_by = row.identity_verified_how = ""
        row.save()
        record("account.second_factor_revoked", row, reason=reason)
    for session in UserSession.objects.filter(user=user):
        session.end()


class _TellsLostKeys:
    """A form for codes that says in words when the stored secret cannot be read."""

    def clean_code(self) -> str:
        try:
            code: str = super().clean_code()  # type: ignore[misc]
        except SecondFactorUnreadable as lost:
            raise forms.ValidationError(lost.message) from lost
        return code


class Authenticate(_TellsLostKeys, AuthenticateForm):  # type: ignore[misc]  # no types
    """The code asked for when signing in."""


class Reauthenticate(_TellsLostKeys, ReauthenticateForm):  # type: ignore[misc]  # no types
    """The code asked for before security settings change."""


class Activate(ActivateTOTPForm):  # type: ignore[misc]  # no types
    """The code that confirms a new second factor.

    Until then its secret waits in the session, which is a row of the database: encrypted like the
    confirmed ones. Where its key is gone meanwhile, the page shows a new secret.
    """

    secret: str

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        try:
            if is_sealed(self.secret):
                self.secret = unseal(self.secret)
                return
        except SecondFactorUnreadable:
            self.secret = get_totp_secret(regenerate=True)
        context.request.session[SECRET_SESSION_KEY] = seal(self.secret)
