"""Keys for machines: shown once, kept as a digest, dated, revocable at once."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import transaction
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User
from audit import clock
from audit.actors import Actor, acting
from audit.errors import NotPermitted, RuleBroken
from audit.models import record

MAX_DAYS = 365


def issue(user: User, *, label: str, days: int, actor: Actor) -> tuple[ApiToken, str]:
    """Make a key and return it with its secret, which is not kept.

    Raises:
        RuleBroken: TOK-001 no label or a validity outside 1 to 365 days.
        NotPermitted: the key would be another person's.
    """
    if actor.user_id != user.pk and not actor.system:
        raise NotPermitted("You make keys for yourself only.", rule="account.self")
    if not label.strip() or not 1 <= days <= MAX_DAYS:
        raise RuleBroken("Say what the key is for; it holds 1 to 365 days.", rule="TOK-001")
    secret = f"icro_{secrets.token_urlsafe(32)}"
    with transaction.atomic(), acting(actor):
        token = ApiToken(
            user=user,
            label=label.strip(),
            digest=ApiToken.digest_of(secret),
            expires_at=clock.now() + timedelta(days=days),
        )
        token.save()
        record("token.issue", token)
    return token, secret


def revoke(token: ApiToken, *, actor: Actor, reason: str) -> ApiToken:
    """End a key; its next request is refused.

    Raises:
        NotPermitted: the key is another person's and the actor manages no users.
    """
    if actor.user_id != token.user_id:
        actor.require("user.manage")
    with transaction.atomic(), acting(actor, reason):
        row = ApiToken.objects.select_for_update().get(pk=token.pk)
        row.revoked_at = row.revoked_at or clock.now()
        row.save()
        record("token.revoke", row, reason=reason)
        return row


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer <key>``."""

    keyword = b"bearer"

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the person whose key it is.

        Raises:
            AuthenticationFailed: the key is unknown, expired, revoked, or its person inactive.
        """
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != self.keyword:
            return None
        if len(parts) != 2:  # noqa: PLR2004 - the scheme and the key
            raise AuthenticationFailed("The key cannot be read.")
        digest = ApiToken.digest_of(parts[1].decode("latin-1"))
        token = ApiToken.objects.select_related("user").filter(digest=digest).first()
        if (
            token is None
            or token.revoked_at is not None
            or token.expires_at <= clock.now()
            or not token.user.is_active
        ):
            raise AuthenticationFailed("The key is not valid.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
