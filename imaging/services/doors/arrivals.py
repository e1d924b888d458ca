"""An arrival: opened for a sender, closed with its totals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.db.models import Max, Sum

from accounts.models import User
from audit import clock
from audit.actors import Actor, acting
from audit.errors import NotPermitted, RuleBroken
from audit.jobs import enqueue
from audit.models import record
from imaging.models import Arrival, DicomPeer, Door
from imaging.workflows import ARRIVAL
from studies.models import Study, StudySite

QUIET_SECONDS = 300


@dataclass(frozen=True)
class Sender:
    """Who sends through which door.

    Attributes:
        source: what people are shown of the sender; never a file name.
        responsible: the person of the site who will complete and sign; the acting person when
            nobody is named.
        directions: keyed hash of an identity -> ids of ``subject`` and ``time_point``.
        quiet_seconds: when nothing came for so long, the arrival is closed.
    """

    study_site: StudySite
    door: str
    source: str
    responsible: User | None = None
    peer: DicomPeer | None = None
    directions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    quiet_seconds: int = QUIET_SECONDS

    @property
    def name(self) -> str:
        """The source as it is kept."""
        return self.source.strip()[:120] or Door(self.door).label


def open_arrival(sender: Sender, *, actor: Actor) -> Arrival:
    """Return the open arrival of a sender, opened when there is none.

    Raises:
        RuleBroken: DOOR-001 the site is not active.
        NotPermitted: the actor may not send, or not for this site.
    """
    actor.require("submission.upload")
    site = sender.study_site
    if actor.sites is not None and site.pk not in actor.sites:
        raise NotPermitted("You send for your own sites.", rule="submission.upload")
    if site.state != "active":
        raise RuleBroken(f"Site {site} is not active: nothing is received.", rule="DOOR-001")
    with transaction.atomic(), acting(actor.acting_as("submission.upload")):
        # The study's row hands out numbers and makes two open arrivals of one sender impossible.
        Study.objects.select_for_update().get(pk=site.study_id)
        rows = Arrival.objects.in_study(site.study_id)
        found: Arrival | None = rows.filter(
            study_site=site, door=sender.door, source=sender.name, state="open"
        ).first()
        return found or _opened(sender, (rows.aggregate(n=Max("number"))["n"] or 0) + 1, actor)


def _opened(sender: Sender, number: int, actor: Actor) -> Arrival:
    row = Arrival(
        study_id=sender.study_site.study_id,
        study_site=sender.study_site,
        door=sender.door,
        source=sender.name,
        peer=sender.peer,
        responsible=sender.responsible or User.objects.get(pk=actor.user_id),
        number=number,
        directions=dict(sender.directions),
        quiet_seconds=sender.quiet_seconds,
    )
    row.save()
    record("arrival.open", row, details={"door": sender.door, "sender": sender.name})
    enqueue(
        "imaging.arrival",
        key=f"imaging.arrival:{row.pk}",
        row=row,
        delay=timedelta(seconds=sender.quiet_seconds),
        arrival=str(row.pk),
    )
    return row


def close(arrival: Arrival, *, actor: Actor) -> Arrival:
    """Say that nothing more comes: the arrival is sorted now, without waiting for the quiet."""
    actor.require("submission.upload")
    with transaction.atomic(), acting(actor.acting_as("submission.upload")):
        enqueue(
            "imaging.arrival",
            key=f"imaging.arrival:{arrival.pk}:now",
            row=arrival,
            arrival=str(arrival.pk),
            at_once=True,
        )
        return arrival


def quiet_seconds(arrival: Arrival) -> float:
    """Return how many seconds ago the last file of an arrival came."""
    last = arrival.files.aggregate(at=Max("stored_at"))["at"] or arrival.opened_at
    return float((clock.now() - last).total_seconds())


def close_now(arrival: Arrival, *, actor: Actor) -> Arrival:
    """Close an arrival with its totals."""
    totals = arrival.files.aggregate(size=Sum("size"), last=Max("stored_at"))
    return ARRIVAL.move(
        arrival,
        "close",
        actor=actor,
        changes={
            "closed_at": clock.now(),
            "file_count": arrival.files.count(),
            "byte_count": totals["size"] or 0,
            "last_file_at": totals["last"] or arrival.opened_at,
        },
        details={"files": arrival.files.count(), "bytes": totals["size"] or 0},
    )
