"""Roles of people: granting and ending, dated; the database refuses what excludes itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accounts.models import User
from accounts.permissions import DUTY_OF, Duty, Role
from audit import clock
from audit.actors import Actor, acting
from audit.errors import RuleBroken
from audit.models import record
from studies.models import Membership, MembershipSite, Study, StudySite


def grant_role(
    user: User,
    role: Role | str,
    *,
    study: Study | None,
    actor: Actor,
    sites: Sequence[StudySite] = (),
    starts: datetime | None = None,
    ends: datetime | None = None,
    reason: str = "",
) -> Membership:
    """Give a person a role for a period.

    Raises:
        RuleBroken: ROL-001 the duties exclude each other; ROL-002 a site user needs sites.
        NotPermitted: the actor may not manage members.
    """
    actor.require("study.members.manage")
    if DUTY_OF[role] == Duty.SITE and not sites:
        raise RuleBroken("A site user is bound to at least one site.", rule="ROL-002")
    try:
        with transaction.atomic(), acting(actor, reason):
            membership = Membership(
                user=user,
                study=study,
                role=role,
                period=DateTimeTZRange(starts or clock.now(), ends),
            )
            membership.save()
            for study_site in sites:
                MembershipSite(study=study, membership=membership, study_site=study_site).save()
            record(
                "role.grant",
                user,
                details={"role": str(role), "sites": [str(s) for s in sites]},
                study_id=study.pk if study else None,
            )
            return membership
    except IntegrityError as error:
        if "membership_" not in str(error):
            raise
        raise RuleBroken(
            f"{user.printed_name} holds a role that excludes “{Role(role).label}”.",
            rule="ROL-001",
        ) from None


def end_role(membership: Membership, *, actor: Actor, reason: str) -> Membership:
    """End a role at this instant; open sessions lose it with their next request."""
    actor.require("study.members.manage")
    with transaction.atomic(), acting(actor, reason):
        row = Membership.objects.select_for_update().get(pk=membership.pk)
        row.period = DateTimeTZRange(row.period.lower, max(clock.now(), row.period.lower))
        row.save()
        record("role.end", row.user, reason=reason, study_id=row.study_id)
        return row
