"""The one service of electronic signatures (21 CFR 11.50, 11.70, 11.100, 11.200).

Signing is never the session: ``prove`` asks for the password, and for the second factor where the
person has one, every time. A refused attempt is an event of its own, written before any transaction
of the act begins, so it survives. ``Assent.bind`` writes the signature in the act's transaction,
over the content that the signer saw.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models, transaction

from accounts.models import Signature, User
from accounts.secondfactor import SecondFactorUnreadable
from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, SignatureRefused
from audit.models import Event, kind_of, record
from audit.verification import Fault

ATTEMPTS = 5
ATTEMPT_WINDOW = timedelta(minutes=15)


@runtime_checkable
class Signable(Protocol):
    """A record that can be signed: it states the content that a signature covers."""

    pk: Any

    def signed_content(self) -> Mapping[str, Any]:
        """Return the content, children and their versions included, without the state column."""


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


def content_digest(row: Any) -> str:
    """Return SHA-256 (hex) over the canonical JSON of what a signature on ``row`` would cover.

    The record itself is part of it, so that a signature copied to another record with the same
    content does not match there (21 CFR 11.70).

    Args:
        row: a ``Signable`` model row.
    """
    text = json.dumps(
        {"record": [kind_of(row), str(row.pk)], "content": row.signed_content()},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        default=_plain,
    )
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Assent:
    """A proven will to sign, made by ``prove`` only and bound by the gateway."""

    actor: Actor
    meaning: str
    statement: str
    method: str
    seen_digest: str = ""
    _bound_to: list[tuple[str, str]] = field(default_factory=list, repr=False, compare=False)

    def bind(self, row: Any) -> Signature:
        """Write the signature over the row's present content; call inside the act's transaction.

        Raises:
            Conflict: the content is not what the signer saw.
            SignatureRefused: the assent was given for another record.
        """
        record_named = (kind_of(row), str(row.pk))
        if self._bound_to and self._bound_to != [record_named]:
            raise SignatureRefused("One proof signs one record. Sign again.", rule="replay")
        digest = content_digest(row)
        if self.seen_digest and self.seen_digest != digest:
            raise Conflict(
                "The content changed after you opened it. Nothing was signed; look at it again.",
                rule="signature.content",
            )
        self._bound_to[:] = [record_named]
        signature, _ = Signature.objects.get_or_create(
            record_kind=kind_of(row),
            record_id=str(row.pk),
            content_digest=digest,
            meaning=self.meaning,
            signer_id=self.actor.user_id,
            defaults={
                "printed_name": self.actor.name,
                "login": self.actor.login,
                "role": self.actor.role,
                "organisation": self.actor.organisation,
                "statement": self.statement,
                "signed_at": clock.now(),
                "zone": self.actor.zone,
                "study_id": getattr(row, "study_id", None),
                "record_label": str(row)[:200],
                "method": self.method,
                "address": self.actor.address,
                "request_id": self.actor.request_id,
                "shifted": clock.is_shifted(),
            },
        )
        return signature


def needs_second_factor(user: User) -> bool:
    """Tell whether signing asks this person for a one-time code."""
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()


def prove(
    user: User,
    actor: Actor,
    *,
    password: str,
    code: str = "",
    meaning: str,
    statement: str,
    seen_digest: str = "",
) -> Assent:
    """Recognise the signer and return the assent.

    Args:
        actor: the signer in the role in which is signed. Call outside any transaction: a refused
            attempt must survive whatever happens to the act.
        seen_digest: digest of the content shown beside the dialog.

    Raises:
        SignatureRefused: wrong secret, locked after repeated failures, account not active or
            identity not verified, or the actor is somebody else. The attempt is kept.
        RuntimeError: called inside a transaction.
    """
    # The row lock makes simultaneous guesses wait for each other's count.
    with transaction.atomic(durable=True), acting(actor):
        signer = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        problem = _problem(signer, password, code)
        if signer.pk != actor.user_id:
            problem = ("person", "You can sign for yourself only.")
        if problem:
            record(
                "signature.refused",
                signer,
                details={"meaning": meaning, "why": problem[0]},
                study_id=actor.study_id,
            )
    if problem:
        raise SignatureRefused(problem[1], rule=problem[0])
    method = "password and one-time code" if needs_second_factor(signer) else "password"
    return Assent(actor, meaning, statement, method, seen_digest)


def _problem(user: User, password: str, code: str) -> tuple[str, str] | None:
    if not user.is_active:
        return "inactive", "This account is not active."
    if user.identity_verified_at is None:
        return "identity", "Your identity has not been verified yet. Ask your administrator."
    since = clock.now() - ATTEMPT_WINDOW
    refused = Event.objects.filter(
        kind="signature.refused",
        object_id=str(user.pk),
        at__gte=since,
        details__why__in=["password", "code"],
    ).count()
    if refused >= ATTEMPTS:
        return "locked", "Signing is locked for 15 minutes after five failed attempts."
    if not user.check_password(password):
        return "password", "The password is not right. Nothing was signed; what you typed is kept."
    if needs_second_factor(user):
        return _problem_of_code(user, code)
    return None


def _problem_of_code(user: User, code: str) -> tuple[str, str] | None:
    try:
        if _code_is_right(user, code):
            return None
    except SecondFactorUnreadable as lost:
        return "second_factor", f"{lost.message} Nothing was signed."
    return "code", "The one-time code is not right. Nothing was signed."


def _code_is_right(user: User, code: str) -> bool:
    from allauth.mfa.totp.internal.auth import TOTP

    found = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
    return bool(code) and bool(TOTP(found).validate_code(code.strip()))


@dataclass(frozen=True, slots=True)
class Shown:
    """A signature as a page shows it, with whether it still matches the record."""

    signature: Signature
    valid: bool


def signatures_of(row: Any) -> list[Shown]:
    """Return the signatures on a record; one over other content is shown as invalid."""
    found = Signature.objects.filter(record_kind=kind_of(row), record_id=str(row.pk))
    digest = content_digest(row) if found else ""
    return [Shown(s, s.content_digest == digest) for s in found]


def is_signed(row: models.Model) -> bool:
    """Tell whether at least one signature covers the record's present content."""
    return any(shown.valid for shown in signatures_of(row))


def signatures_match() -> Iterator[Fault]:
    """Every signature is on a record that exists, and the newest one covers its present content.

    An earlier signature over earlier content is history; a record whose newest signature covers
    something else was changed after signing, or the signature was moved here (21 CFR 11.70).
    """
    newest = Signature.objects.order_by("record_kind", "record_id", "-id").distinct(
        "record_kind", "record_id"
    )
    for signature in newest.iterator():
        row = _signed_record(signature)
        if row is None:
            yield Fault(signature.record_kind, signature.record_id, "is signed but missing")
        elif content_digest(row) != signature.content_digest:
            yield Fault(
                signature.record_kind,
                signature.record_id,
                f"signature {signature.pk} of {signature.printed_name} does not match its content",
            )


def _signed_record(signature: Signature) -> Any:
    try:
        model = apps.get_model(signature.record_kind)
        return model._base_manager.filter(pk=signature.record_id).first()
    except (LookupError, ValueError, ValidationError):
        return None
