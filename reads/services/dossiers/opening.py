"""Opening a dossier in a read: the row that keeps it is written with it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from audit import clock
from audit.actors import Actor, acting
from audit.errors import NotPermitted
from audit.models import record
from clinical.models import Dossier
from clinical.services import contents
from clinical.services import dossiers as clinical
from clinical.services.contents import Contents
from reads.design import design_from
from reads.design import dossiers as rule
from reads.models import AdjudicationCase, DossierOpening, ReadSession, ReadTask
from reads.services.dossiers.panel import answer_for, openings_of
from reads.services.dossiers.steps import fix_images, images_judged, locked_form
from reads.services.dossiers.versions import Place, places
from reads.services.qualifying import is_qualified
from reads.visibility import held_by

NOT_OPEN = "This read is not open to you."


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened dossier with the row that keeps the opening."""

    row: DossierOpening
    contents: Contents


def open_in_read(
    task: ReadTask, sequence: int, *, actor: Actor, seen_version: int | None = None
) -> Opened:
    """Open the dossier of a time point in a read; the row is written with the contents or not.

    Where the images are judged first, the first opening fixes the answers about them.

    Args:
        sequence: the place of the time point, as the reader knows it.
        seen_version: the version of the form that the reader's page shows, if it says so.

    Raises:
        Conflict: RD-041 the answers about the images were changed in another tab.
        NotPermitted: RD-040 the read is not this person's, or the dossier is not shown now. The
            attempt is kept. A later time point is refused in the words for one without a dossier.
    """
    actor.require("read.perform")
    if not held_by(actor).filter(pk=task.pk).exists():
        raise refused(task, actor, sequence, NOT_OPEN)
    if task.state != "signed" and not is_qualified(actor.user_id, task.design):
        raise refused(task, actor, sequence, NOT_OPEN)
    with transaction.atomic(), acting(actor.acting_as("read.perform")):
        locked = (
            ReadTask.objects.in_study(task.study_id)
            .select_related("design", "stream__subject", "time_point")
            .select_for_update(of=("self",))
            .get(pk=task.pk)
        )
        session = locked.sessions.exclude(state="voided").select_related("task").first()
        if session is not None:
            session.form_record = locked_form(session)
        why, place = _asked(locked, session, sequence, actor)
        if place is not None and session is not None:
            design = design_from(locked.design.document)
            fix_images(session, design, seen_version=seen_version, actor=actor)
            return keep_opening(
                place,
                DossierOpening(
                    study_id=locked.study_id,
                    task=locked,
                    session=session,
                    answers_version=session.form_record.version,
                    after_signature=session.state != "open",
                ),
                actor,
            )
    raise refused(task, actor, sequence, why)


def _asked(
    task: ReadTask, session: ReadSession | None, sequence: int, actor: Actor
) -> tuple[str, Place | None]:
    """Return the place that may be opened, or why none is."""
    design = design_from(task.design.document)
    if not rule.is_shown(design, task.kind):
        return rule.NOT_SHOWN, None
    place = next((one for one in places(task) if one.sequence == sequence), None)
    if place is None:
        return rule.NOT_HERE, None
    if session is None:
        return rule.NOT_STARTED, None
    rows = openings_of(actor, task=task).get(sequence, [])
    judged = images_judged(session, design)
    answer = answer_for(place, task, design, judged=judged, rows=rows)
    return answer.why, place if answer.allowed else None


def keep_opening(place: Place, row: DossierOpening, actor: Actor) -> Opened:
    """Write the row of an opening and return the contents; call inside a transaction."""
    dossier = _dossier(place)
    if actor.user_id is None:
        raise NotPermitted(NOT_OPEN, rule="RD-040")
    row.reader_id = actor.user_id
    row.time_point = place.time_point
    row.sequence = place.sequence
    row.version = dossier.version
    row.at, row.zone = clock.now(), actor.zone
    row.save()
    record(
        "dossier.open",
        row.task or row.case,
        details={
            "time_point": str(place.time_point.pk),
            "version": dossier.version,
            "opening": row.pk,
        },
    )
    return Opened(row, contents.blinded(dossier))


def _dossier(place: Place) -> Dossier:
    found = clinical.of_version(place.time_point, place.version or 0)
    if found is None:
        raise NotPermitted(rule.NOT_HERE, rule="RD-040")
    return found


def refused(
    row: ReadTask | AdjudicationCase, actor: Actor, sequence: int, why: str
) -> NotPermitted:
    """Keep the attempt in the trail and return the refusal."""
    details = {"kind": "clinical.dossier", "place": sequence, "why": why}
    with acting(actor):
        record("access.denied", row, details=details)
    return NotPermitted(why, rule="RD-040")
