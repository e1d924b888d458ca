"""Machine doors: one receipt service for REST, STOW-RS, C-STORE and the courier's disk.

A door hands over bytes and says which site sent them. They are sealed and durable before the
sender is told so. When nothing more comes, the arrival is closed and sorted by person and
examination (``imaging.doors.sorting``); what fits a waiting visit becomes the draft of its
submission, everything else waits in the inbox. No machine signs: a person of the site completes
the form and signs (21 CFR 11.50, 11.200).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max, Sum

from accounts.models import User
from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, NotPermitted, RuleBroken
from audit.jobs import enqueue
from audit.models import record
from imaging.models import Arrival, ArrivedExamination, ArrivedFile, DicomPeer, Door
from imaging.pipeline.reasons import sentence
from imaging.services import consent
from imaging.services.manifest import (
    CHUNK,
    MAX_BYTES,
    MAX_FILE_BYTES,
    MAX_FILES,
    WRONG_CONTENT,
    TooLarge,
)
from imaging.storage import ArrivalStore
from imaging.storage.arrivals import WrongContent
from imaging.workflows import ARRIVAL, ARRIVED_EXAMINATION
from studies.models import Membership, MembershipSite, Study, StudySite, TimePoint

QUIET_SECONDS = 300
TOO_LARGE = ("too_many_files", "too_many_bytes", "file_too_large")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one file at a door; ``code`` and ``reason`` are empty when it was stored."""

    sha256: str
    size: int
    outcome: str
    code: str = ""

    @property
    def reason(self) -> str:
        """The plain sentence of the code."""
        return sentence(self.code) if self.code else ""


@dataclass(frozen=True, slots=True)
class ReceivedObject:
    """What became of one DICOM object; its identifiers as they came are for the answer alone."""

    sha256: str
    size: int
    outcome: str
    code: str
    reason: str
    sop_class_uid: str
    sop_instance_uid: str


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


def take(
    arrival: Arrival, chunks: Iterable[bytes], *, actor: Actor, sha256: str = "", size: int = -1
) -> Taken:
    """Take one file in: sealed while it streams, durable before it counts.

    Args:
        sha256, size: what the sender announced; then other bytes are refused.

    Raises:
        Conflict: DOOR-002 the arrival was closed.
        TooLarge: IMG-013 one more file than an arrival may hold.
        RuleBroken: IMG-015 the bytes are not those that were announced.
    """
    actor.require("submission.upload")
    state = Arrival.objects.in_study(arrival.study_id).filter(pk=arrival.pk).values_list("state")
    if state.get() != ("open",):
        raise Conflict(f"{arrival} is closed: nothing more is taken in.", rule="DOOR-002")
    held = arrival.files.aggregate(n=Sum("size"))["n"] or 0
    if arrival.files.count() >= MAX_FILES or held >= MAX_BYTES:
        raise TooLarge(
            f"One arrival holds at most {MAX_FILES:,} files and 5 GB. What came is kept; send the "
            "rest after it was closed.",
            rule="IMG-013",
        )
    store = ArrivalStore(arrival.pk)
    try:
        staged = store.take(chunks, most=min(MAX_FILE_BYTES, MAX_BYTES - held))
    except WrongContent:
        return Taken("", 0, "refused", "file_too_large")
    wrong = sha256 and staged.sha256 != sha256
    if wrong or (size >= 0 and staged.size != size):
        store.store.discard([staged])
        kind = "shorter" if 0 <= staged.size < size else "different"
        raise RuleBroken(f"{WRONG_CONTENT[kind]} Nothing of it was kept.", rule="IMG-015")
    if arrival.files.filter(sha256=staged.sha256).exists():
        store.store.discard([staged])
        return Taken(staged.sha256, staged.size, "duplicate", "duplicate")
    store.commit([staged])
    _, made = ArrivedFile.objects.get_or_create(
        arrival=arrival,
        sha256=staged.sha256,
        defaults={"study_id": arrival.study_id, "size": staged.size, "stored_at": clock.now()},
    )
    code = "" if made else "duplicate"
    return Taken(staged.sha256, staged.size, code or "stored", code)


def refuse(arrival: Arrival, *, sha256: str, size: int, code: str) -> None:
    """List a file of which nothing was kept, with its reason."""
    ArrivedFile.objects.get_or_create(
        arrival=arrival,
        sha256=sha256,
        defaults={
            "study_id": arrival.study_id,
            "size": size,
            "outcome": ArrivedFile.Outcome.REFUSED,
            "code": code,
            "reason": sentence(code)[:300],
            "stored_at": clock.now(),
        },
    )


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


_close = close


def receive(
    sender: Sender, objects: Iterable[Iterable[bytes]], *, actor: Actor, done: bool = False
) -> tuple[Arrival, list[Taken]]:
    """Take files in at a door; the one way in for every machine.

    Args:
        objects: one iterable of chunks for each file, read once, in order.
        done: nothing more comes (see ``close``).
    """
    arrival = open_arrival(sender, actor=actor)
    taken = [take(arrival, chunks, actor=actor) for chunks in objects]
    if done:
        close(arrival, actor=actor)
    return arrival, taken


def receive_objects(
    study: Study,
    site: StudySite,
    objects: Iterable[Iterable[bytes]],
    *,
    actor: Actor,
    door: str = Door.STOW,
    source: str = "",
    close: bool = False,
) -> list[ReceivedObject]:
    """Take DICOM objects in and say of each at once what became of it (STOW-RS, PS3.18 10.5).

    Each object is examined in a child process before it is kept: what cannot be read is listed
    with its reason and not stored. A bad object never stops the next one.

    Raises:
        TooLarge: IMG-013 the arrival is full.
        NotPermitted, RuleBroken: as ``open_arrival``.
    """
    from imaging.doors.sorting import examined_once, working_folder

    if site.study_id != study.pk:
        raise RuleBroken("The site does not belong to the study.", rule="DOOR-003")
    arrival = open_arrival(Sender(site, door, source), actor=actor)
    found: list[ReceivedObject] = []
    with working_folder(f"door-{arrival.pk.hex}") as folder, examined_once(arrival) as examine:
        for number, chunks in enumerate(objects):
            path = folder / str(number)
            code = _spool(chunks, path)
            found.append(_received(arrival, path, code, examine, actor))
            path.unlink(missing_ok=True)
    if close:
        _close(arrival, actor=actor)
    return found


def _spool(chunks: Iterable[bytes], path: Path) -> str:
    """Write an object to a working file; return why it cannot be taken, or nothing."""
    size = 0
    with path.open("wb") as stream:
        for chunk in chunks:
            size += len(chunk)
            if size > MAX_FILE_BYTES:
                return "file_too_large"
            stream.write(chunk)
    return "" if size else "empty_file"


def _received(
    arrival: Arrival, path: Path, code: str, examine: Callable[[Path], Any], actor: Actor
) -> ReceivedObject:
    seen = None if code else examine(path)
    if seen is not None and not seen.code:
        taken = take(arrival, _read(path), actor=actor)
        return ReceivedObject(
            taken.sha256,
            taken.size,
            taken.outcome,
            "" if taken.outcome != "refused" else taken.code,
            "" if taken.outcome != "refused" else taken.reason,
            seen.sop_class,
            seen.sop_uid,
        )
    code = seen.code if seen is not None else code
    digest, size = _digest(path)
    refuse(arrival, sha256=digest, size=size, code=code)
    return ReceivedObject(digest, size, "refused", code, sentence(code), "", "")


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _digest(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for chunk in _read(path):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


# --- the inbox ------------------------------------------------------------------------------


def inbox(study: Study) -> Any:
    """Return the examinations of a study that wait for a person, oldest first."""
    return (
        ArrivedExamination.objects.in_study(study)
        .filter(state="unassigned")
        .select_related("arrival__responsible", "study_site__site")
        .order_by("arrival__opened_at", "number")
    )


def assign(
    examination: ArrivedExamination, time_point: TimePoint, *, actor: Actor, reason: str
) -> ArrivedExamination:
    """Say whose examination this is and for which visit; its files go to the visit's draft.

    Raises:
        RuleBroken: DOOR-010 the visit belongs to another site; CON-001 consent was withdrawn.
        ReasonRequired: no reason.
    """
    if time_point.subject.study_site_id != examination.study_site_id:
        raise RuleBroken(
            "The visit belongs to another site than the one that sent the images.", rule="DOOR-010"
        )
    consent.refuse_withdrawn(time_point.subject)
    with transaction.atomic():
        row = ARRIVED_EXAMINATION.move(
            examination,
            "assign",
            actor=actor,
            reason=reason,
            changes={"subject": time_point.subject, "time_point": time_point, "why": ""},
            details={"subject": time_point.subject.code, "time_point": time_point.label},
        )
        turn = row.history.count()
        with acting(actor):
            enqueue(
                "imaging.deliver",
                key=f"imaging.deliver:{row.pk}:{turn}",
                row=row,
                total=row.files.count(),
                examination=str(row.pk),
            )
        return row


def set_aside(examination: ArrivedExamination, *, actor: Actor, reason: str) -> ArrivedExamination:
    """Say that an examination belongs to no visit of the study; its files stay sealed."""
    return ARRIVED_EXAMINATION.move(examination, "set_aside", actor=actor, reason=reason)


def take_up(examination: ArrivedExamination, *, actor: Actor, reason: str) -> ArrivedExamination:
    """Put an examination that was set aside back into the inbox."""
    return ARRIVED_EXAMINATION.move(examination, "take_up", actor=actor, reason=reason)


# --- senders on the DICOM network -----------------------------------------------------------


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
