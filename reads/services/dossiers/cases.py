"""The dossiers of an adjudication: what the readers of the case were shown."""

from __future__ import annotations

from django.db import transaction

from audit.actors import Actor, acting
from reads.design import design_from
from reads.design import dossiers as rule
from reads.models import AdjudicationCase, DossierOpening
from reads.services.dossiers.opening import NOT_OPEN, Opened, keep_opening, refused
from reads.services.dossiers.panel import Look, Shelf, openings_of
from reads.services.dossiers.versions import Place, places
from reads.visibility import cases_of_adjudicator

NOT_TAKEN = "Take the case before you open its dossier."
NO_DOSSIERS_IN_CASE = "The charter does not show the clinical dossier in an adjudication."


def places_of_case(case: AdjudicationCase) -> list[Place]:
    """Return the dossiers that an adjudicator sees: what the readers of the case were shown."""
    if not rule.is_shown_in_case(design_from(case.design.document)):
        return []
    return places(case.session_1.task)


def shelf_of_case(case: AdjudicationCase, *, actor: Actor) -> Shelf:
    """Return what the panel of a case shows, without any of the contents."""
    if not rule.is_shown_in_case(design_from(case.design.document)):
        return Shelf(False, NO_DOSSIERS_IN_CASE, ())
    seen = openings_of(actor, case=case)
    looks = []
    for place in places_of_case(case):
        rows = seen.get(place.sequence, [])
        why = _why_not_in_case(case, place, actor, rows)
        looks.append(
            Look(
                sequence=place.sequence,
                version=place.version,
                allowed=not why,
                why=why,
                opened=len(rows),
                seen=rows[0].version if rows else None,
                last=rows[0].at if rows else None,
            )
        )
    return Shelf(True, "", tuple(looks))


def _why_not_in_case(
    case: AdjudicationCase, place: Place, actor: Actor, rows: list[DossierOpening]
) -> str:
    if place.version is None:
        return rule.NOT_HERE
    is_own = case.adjudicator_id == actor.user_id
    was_seen = any(row.version == place.version for row in rows)
    is_open = case.state == "claimed" or (case.state == "signed" and was_seen)
    return "" if is_own and is_open else NOT_TAKEN


def open_in_case(case: AdjudicationCase, sequence: int, *, actor: Actor) -> Opened:
    """Open a dossier in an adjudication, as ``open_in_read`` does in a read.

    Raises:
        NotPermitted: RD-040 the case is not this person's, or the charter shows no dossier in it.
    """
    actor.require("adjudication.perform")
    if not cases_of_adjudicator(actor).filter(pk=case.pk).exists():
        raise refused(case, actor, sequence, NOT_OPEN)
    why = NO_DOSSIERS_IN_CASE
    if rule.is_shown_in_case(design_from(case.design.document)):
        why = rule.NOT_HERE
        for place in places_of_case(case):
            if place.sequence != sequence:
                continue
            rows = openings_of(actor, case=case).get(sequence, [])
            why = _why_not_in_case(case, place, actor, rows)
            if not why:
                with transaction.atomic(), acting(actor.acting_as("adjudication.perform")):
                    row = DossierOpening(
                        study_id=case.study_id, case=case, after_signature=case.state == "signed"
                    )
                    return keep_opening(place, row, actor)
    raise refused(case, actor, sequence, why)
