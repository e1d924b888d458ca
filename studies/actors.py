"""From a logged-in person to an actor: the roles held now, the rights, the sites."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from accounts.permissions import Duty, Role, rights_of
from audit import clock
from audit.actors import Actor
from studies.models import Membership, MembershipSite, Study

ANONYMOUS = Actor(name="Somebody not signed in", role="anonymous")


def memberships_of(user: User) -> QuerySet[Membership]:
    """Return the memberships that hold at this instant; a right ends to the second."""
    return Membership.objects.filter(user=user, period__contains=clock.now()).select_related(
        "study", "study__sponsor"
    )


def studies_of(user: User) -> list[Study]:
    """Return the studies in which the person holds a role now, by code."""
    found = {m.study for m in memberships_of(user) if m.study is not None}
    return sorted(found, key=lambda s: s.code)


def actor_for(user: User, study: Study, *, address: str = "", request_id: str = "") -> Actor | None:
    """Return the person as actor in a study, or ``None`` where no role is held there now."""
    held = [m for m in memberships_of(user) if m.study_id == study.pk]
    return _actor(user, held, study.pk, address, request_id) if held else None


def home_actor(user: User, *, address: str = "", request_id: str = "") -> Actor:
    """Return the person outside any study: own account, and administration where held."""
    held = [m for m in memberships_of(user) if m.role == Role.ADMINISTRATOR]
    return _actor(user, held, None, address, request_id)


def _actor(
    user: User, held: list[Membership], study_id: UUID | None, address: str, request_id: str
) -> Actor:
    roles = frozenset(m.role for m in held)
    rights = rights_of(roles)
    if user.is_active:
        rights.setdefault("account.self", next(iter(sorted(roles)), ""))
    return Actor(
        name=user.printed_name,
        login=user.email,
        role=_leading(roles),
        organisation=user.organisation_name,
        zone=user.time_zone,
        user_id=user.pk,
        study_id=study_id,
        rights=rights,
        roles=roles,
        sites=_sites(held),
        address=address,
        request_id=request_id,
    )


def _leading(roles: frozenset[str]) -> str:
    return next((role.value for role in Role if role.value in roles), "")


def _sites(held: list[Membership]) -> frozenset[UUID] | None:
    bound = [m.pk for m in held if m.duty == Duty.SITE]
    if not bound:
        return None
    links: Any = MembershipSite.objects.in_study(held[0].study_id)
    return frozenset(links.filter(membership__in=bound).values_list("study_site_id", flat=True))


def roles_anywhere(user: User) -> frozenset[str]:
    """Return every role the person holds now, over all studies."""
    return frozenset(memberships_of(user).values_list("role", flat=True))
