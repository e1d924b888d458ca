"""How django-allauth behaves here: people are invited, secrets of second factors encrypted."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from accounts import secondfactor


class InvitedOnly(DefaultAccountAdapter):  # type: ignore[misc]  # the library has no types
    """Accounts come from invitations (21 CFR 11.100(b): identity is verified first)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse sign-up for everybody."""
        return False


class SealedSecrets(DefaultMFAAdapter):  # type: ignore[misc]  # the library has no types
    """What proves a second factor is stored encrypted (``accounts.secondfactor``)."""

    def encrypt(self, text: str) -> str:
        """Return a secret as it is stored."""
        return secondfactor.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return a stored secret in clear."""
        return secondfactor.unseal(encrypted_text)
