"""What the dossier panel of a read shows before anything is opened: nothing of the contents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.actors import Actor
from reads.design import ReadDesign, design_from
from reads.design import dossiers as rule
from reads.models import DossierOpening, ReadSession, ReadTask
from reads.services.dossiers.steps import fixes_images, images_judged, is_fixed
from reads.services.dossiers.versions import Place, places

ON_HOLD = "This read is on hold. Its dossier opens again when the read goes on."


@dataclass(frozen=True, slots=True)
class Look:
    """One dossier on the panel of a read: nothing of its contents.

    Attributes:
        opened: how often this person opened it in this read. seen: the version opened last.
    """

    sequence: int
    version: int | None
    allowed: bool
    why: str
    opened: int
    seen: int | None
    last: datetime | None

    @property
    def is_newer(self) -> bool:
        """Whether another version than the one seen holds for the read now."""
        return self.seen is not None and self.version is not None and self.seen != self.version


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the panel of a read shows before anything is opened.

    Attributes:
        fixes: the first opening will fix the answers about the images. fixed: it has.
    """

    is_shown: bool
    why: str
    looks: tuple[Look, ...]
    fixes: bool = False
    fixed: bool = False

    @property
    def waits(self) -> bool:
        """Whether a dossier is here that opens once the images are judged."""
        return self.fixes and not any(look.allowed for look in self.looks)

    @property
    def held(self) -> tuple[Look, ...]:
        """The time points of the read that have one."""
        return tuple(look for look in self.looks if look.version is not None)

    @property
    def has_dossier(self) -> bool:
        """Whether any time point of the read has one."""
        return bool(self.held)


def shelf(task: ReadTask, session: ReadSession | None, *, actor: Actor) -> Shelf:
    """Return what the panel of a read shows, without any of the contents."""
    design = design_from(task.design.document)
    if not rule.is_shown(design, task.kind):
        return Shelf(False, rule.NOT_SHOWN, ())
    judged = images_judged(session, design)
    seen = openings_of(actor, task=task)
    found = tuple(_look(place, task, design, judged=judged, seen=seen) for place in places(task))
    return Shelf(True, "", found, fixes=fixes_images(session, design), fixed=is_fixed(session))


def _look(
    place: Place,
    task: ReadTask,
    design: ReadDesign,
    *,
    judged: bool,
    seen: Mapping[int, list[DossierOpening]],
) -> Look:
    rows = seen.get(place.sequence, [])
    answer = answer_for(place, task, design, judged=judged, rows=rows)
    return Look(
        sequence=place.sequence,
        version=place.version,
        allowed=answer.allowed,
        why=answer.why,
        opened=len(rows),
        seen=rows[0].version if rows else None,
        last=rows[0].at if rows else None,
    )


def answer_for(
    place: Place,
    task: ReadTask,
    design: ReadDesign,
    *,
    judged: bool,
    rows: list[DossierOpening],
) -> rule.Answer:
    """Say whether one dossier of a read may be opened now, and if not, why."""
    if place.version is None:
        return rule.Answer(False, rule.NOT_HERE)
    if task.state == "on_hold":
        return rule.Answer(False, ON_HOLD)
    return rule.may_open(
        design,
        task.kind,
        is_open=task.state == "in_progress",
        images_judged=judged,
        was_seen=any(row.version == place.version for row in rows),
    )


def openings_of(actor: Actor, **of: Any) -> dict[int, list[DossierOpening]]:
    """Return the openings of a person by the place of the time point, latest first.

    A read that begins anew begins without those of the version that was voided.
    """
    found: dict[int, list[DossierOpening]] = {}
    rows = DossierOpening.objects.filter(reader_id=actor.user_id, **of)
    for row in rows.exclude(session__state="voided").order_by("-id"):
        found.setdefault(row.sequence, []).append(row)
    return found


def summary(task: ReadTask, *, actor: Actor) -> str:
    """Return which dossiers a read shows and whether the person opened them, for the signer."""
    seen = openings_of(actor, task=task)
    return "; ".join(
        f"time point {place.sequence}, version {place.version}, "
        + (
            "opened"
            if any(row.version == place.version for row in seen.get(place.sequence, ()))
            else "not opened"
        )
        for place in places(task)
        if place.version is not None
    )
