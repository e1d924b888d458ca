"""Names for the lock-out: an account is its one spelling of the e-mail address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from accounts.models import normal_email


def username_of(request: HttpRequest | None, credentials: Mapping[str, Any] | None) -> str:
    """Return the account that a log-in attempt is counted against."""
    given = credentials or {}
    typed = given.get("email") or given.get("username")
    if not typed and request is not None:
        typed = request.POST.get("login", "")
    return normal_email(str(typed or ""))
