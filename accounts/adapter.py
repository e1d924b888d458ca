"""How django-allauth behaves here: nobody signs up by themselves, people are invited."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class InvitedOnly(DefaultAccountAdapter):  # type: ignore[misc]  # the library has no types
    """Accounts come from invitations (21 CFR 11.100(b): identity is verified first)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse sign-up for everybody."""
        return False
