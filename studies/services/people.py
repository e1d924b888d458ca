"""Roles of people: granting and ending, dated; the database refuses what excludes itself."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accounts.models import Invitation, User, normal_email
from accounts.permissions import DUTY_OF, Duty, Role
from audit import clock
from audit.actors import Actor, acting
from audit.errors import NotPermitted, ReasonRequired, RuleBroken
from audit.models import record
from studies.models import Membership, MembershipSite, Study, StudySite

INVITATION_HOLDS = timedelta(days=14)


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
        RuleBroken: ROL-001 the duties exclude each other; ROL-002 a site user needs sites;
            ROL-005 a site belongs to another study; ROL-007 the account is not active.
        NotPermitted: the actor may not manage members there, or it is the actor's own account.
    """
    _require_management(actor, study, role)
    if actor.user_id == user.pk:
        raise NotPermitted("Nobody gives a role to themselves.", rule="study.members.manage")
    _check_sites(role, study, sites)
    if not user.is_active:
        raise RuleBroken(f"The account of {user.printed_name} is not active.", rule="ROL-007")
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


def may_invite_as(actor: Actor, role: Role | str) -> bool:
    """Tell whether the actor brings people into a role: who manages readers brings readers."""
    reads = role == Role.CENTRAL_READER and actor.may("reader.manage")
    return reads or actor.may("study.members.manage")


def _require_management(actor: Actor, study: Study | None, role: Role | str = "") -> None:
    if not may_invite_as(actor, role):
        actor.require("study.members.manage")
    if actor.system or "user.manage" in actor.rights:
        return
    # A project manager manages the people of the own study and makes no administrators.
    if study is None or study.pk != actor.study_id:
        raise NotPermitted(
            "You manage the people of your own study only.", rule="study.members.manage"
        )


def _check_sites(role: Role | str, study: Study | None, sites: Sequence[StudySite]) -> None:
    if DUTY_OF[role] == Duty.SITE and not sites:
        raise RuleBroken("A site user is bound to at least one site.", rule="ROL-002")
    if any(study is None or site.study_id != study.pk for site in sites):
        raise RuleBroken("A site belongs to another study.", rule="ROL-005")


def end_role(membership: Membership, *, actor: Actor, reason: str) -> Membership:
    """End a role at this instant; open sessions lose it with their next request.

    A role that has not begun yet never begins.

    Raises:
        ReasonRequired: no reason is given.
        RuleBroken: ROL-006 the role is over already.
        NotPermitted: the actor may not manage members there.
    """
    _require_management(actor, membership.study)
    if not reason.strip():
        raise ReasonRequired("Ending a role needs a reason.", rule="role.end")
    with transaction.atomic(), acting(actor, reason):
        row = Membership.objects.select_for_update().get(pk=membership.pk)
        now = clock.now()
        if row.period.isempty or (row.period.upper is not None and row.period.upper <= now):
            raise RuleBroken("This role is over already.", rule="ROL-006")
        row.period = (
            DateTimeTZRange(row.period.lower, now)
            if row.period.lower < now
            else DateTimeTZRange(empty=True)
        )
        row.save()
        record("role.end", row.user, reason=reason, study_id=row.study_id)
        return row


def invite(
    *,
    email: str,
    printed_name: str,
    organisation: str,
    role: Role | str,
    study: Study | None,
    sites: Sequence[StudySite] = (),
    actor: Actor,
) -> tuple[Invitation, str]:
    """Invite a person and return the invitation with its secret, which is mailed and not kept.

    Raises:
        RuleBroken: ROL-002 a site user needs sites; ROL-003 name or address is missing;
            ROL-005 a site belongs to another study; UAT-006 the study is a UAT twin.
        NotPermitted: the actor may not manage members there.
    """
    _require_management(actor, study, role)
    _check_sites(role, study, sites)
    if study is not None and study.uat_twin_of_id:
        raise RuleBroken(
            "People come into a UAT twin from its study; nobody is invited here.", rule="UAT-006"
        )
    if "@" not in email or not printed_name.strip():
        raise RuleBroken("An invitation needs a name and an e-mail address.", rule="ROL-003")
    secret = secrets.token_urlsafe(32)
    with transaction.atomic(), acting(actor):
        invitation = Invitation(
            email=normal_email(email),
            printed_name=printed_name.strip(),
            organisation_name=organisation.strip(),
            role=role,
            study_id=study.pk if study else None,
            study_site_ids=[site.pk for site in sites],
            token_digest=hashlib.sha256(secret.encode()).hexdigest(),
            expires_at=clock.now() + INVITATION_HOLDS,
        )
        invitation.save()
        record("invitation.send", invitation, study_id=invitation.study_id)
        return invitation, secret


def invitation_for(secret: str) -> Invitation | None:
    """Return the open invitation that a secret belongs to."""
    digest = hashlib.sha256(secret.encode()).hexdigest()
    found = Invitation.objects.filter(token_digest=digest).first()
    return found if found is not None and found.is_open else None


def accept_invitation(
    invitation: Invitation, *, password: str, time_zone: str, invited_by: Actor
) -> User:
    """Make (or find) the account of an invited person and grant the role; a secret works once.

    The identity counts as verified by the person who invited and named them.

    Raises:
        RuleBroken: ROL-004 the invitation is over; ROL-001 the role excludes another one.
    """
    with transaction.atomic(), acting(invited_by):
        row = Invitation.objects.select_for_update().get(pk=invitation.pk)
        if not row.is_open:
            raise RuleBroken("This invitation is not valid any more.", rule="ROL-004")
        user = User.objects.filter(email=row.email).first()
        if user is None:
            user = User.objects.create_user(
                row.email,
                password,
                printed_name=row.printed_name,
                organisation_name=row.organisation_name,
                time_zone=time_zone,
                identity_verified_at=clock.now(),
                identity_verified_by=invited_by.name,
                identity_verified_how="invited by name",
            )
        study = Study.objects.filter(pk=row.study_id).first()
        chosen = list(StudySite._base_manager.filter(pk__in=row.study_site_ids))
        grant_role(user, row.role, study=study, sites=chosen, actor=invited_by)
        row.accepted_at, row.user = clock.now(), user
        row.save()
        record("invitation.accept", row, study_id=row.study_id)
        return user
