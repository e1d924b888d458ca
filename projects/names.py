"""Names of roles for people."""

from __future__ import annotations

from accounts.permissions import Role


def role_label(role: str) -> str:
    """Return the words for a role; what is no role is shown as it is."""
    return str(dict(Role.choices).get(role, role.replace("_", " ")))
