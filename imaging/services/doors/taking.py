"""Files are taken into an arrival: sealed while they stream, or listed with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import Sum

from audit import clock
from audit.actors import Actor
from audit.errors import Conflict, RuleBroken
from imaging.models import Arrival, ArrivedFile, Door
from imaging.pipeline.reasons import sentence
from imaging.services.doors.arrivals import Sender, open_arrival
from imaging.services.doors.arrivals import close as say_closed
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
from studies.models import Study, StudySite


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
        say_closed(arrival, actor=actor)
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
        say_closed(arrival, actor=actor)
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
