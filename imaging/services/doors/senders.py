"""Senders on the DICOM network and the people who send for a site."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from audit import clock
from audit.actors import Actor, acting
from audit.errors import RuleBroken
from audit.models import record
from imaging.models import DicomPeer
from studies.models import Membership, MembershipSite, StudySite


def add_peer(
    study_site: StudySite,
    *,
    calling_title: str,
    called_title: str,
    addresses: str,
    responsible: User,
    quiet_seconds: int,
    actor: Actor,
) -> DicomPeer:
    """Let a site send from an AE title and address.

    Raises:
        RuleBroken: DOOR-020 a title is not valid; DOOR-021 an address is not; DOOR-022 the pair of
            titles is taken; DOOR-023 the responsible person does not send for this site.
    """
    from imaging.doors.peers import parsed_addresses, valid_title

    actor.require("door.manage")
    for title in (calling_title, called_title):
        if not valid_title(title):
            raise RuleBroken(
                "An AE title has 1 to 16 characters, no backslash and no control character "
                "(PS3.5 6.2).",
                rule="DOOR-020",
            )
    parsed_addresses(addresses)
    if not _sends_for(responsible, study_site):
        raise RuleBroken(
            f"{responsible.printed_name} sends no images for site {study_site}.", rule="DOOR-023"
        )
    actor = actor.acting_as("door.manage")
    with transaction.atomic(), acting(actor):
        taken = DicomPeer._base_manager.filter(
            calling_title=calling_title.strip(), called_title=called_title.strip(), ended_at=None
        )
        if taken.exists():
            raise RuleBroken("These two AE titles are in use already.", rule="DOOR-022")
        row = DicomPeer(
            study_id=study_site.study_id,
            study_site=study_site,
            calling_title=calling_title.strip(),
            called_title=called_title.strip(),
            addresses=addresses.strip(),
            responsible=responsible,
            quiet_seconds=max(5, min(86_400, quiet_seconds)),
        )
        row.save()
        record("dicompeer.add", row, details={"addresses": row.addresses})
        return row


def end_peer(peer: DicomPeer, *, actor: Actor, reason: str) -> DicomPeer:
    """Refuse a sender from now on.

    Raises:
        RuleBroken: DOOR-024 no reason.
    """
    actor.require("door.manage")
    if not reason.strip():
        raise RuleBroken("Say why this sender is refused from now on.", rule="DOOR-024")
    with transaction.atomic(), acting(actor.acting_as("door.manage"), reason):
        row: DicomPeer = (
            DicomPeer.objects.in_study(peer.study_id).select_for_update().get(pk=peer.pk)
        )
        if row.ended_at is None:
            row.ended_at, row.end_reason = clock.now(), reason.strip()[:300]
            row.save()
            record("dicompeer.end", row, reason=reason)
        return row


def senders_of(study_site: StudySite) -> list[User]:
    """Return the people who send images for a site now."""
    links = MembershipSite.objects.in_study(study_site.study_id).filter(study_site=study_site)
    held = Membership.objects.filter(
        pk__in=links.values("membership_id"), role="site_user", period__contains=clock.now()
    )
    people = User.objects.filter(pk__in=held.values("user_id"), is_active=True)
    return list(people.distinct().order_by("printed_name"))


def _sends_for(user: User, study_site: StudySite) -> bool:
    return user.pk in {one.pk for one in senders_of(study_site)}
