"""Names of roles for people."""

from __future__ import annotations

from collections.abc import Collection

from accounts.permissions import Role


def leading_role(roles: Collection[str]) -> str:
    """Return the role that leads among several, by the order of the table of roles."""
    return next((role.value for role in Role if role.value in roles), "")
