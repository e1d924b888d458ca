"""Pictures of the redacted pages of an opened dossier, for a while and to its reader alone."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from audit import clock
from audit.actors import Actor
from clinical.services import contents
from clinical.services import dossiers as clinical
from reads.models import DossierOpening
from reads.services.dossiers.cases import places_of_case
from reads.services.dossiers.versions import Place, places
from reads.visibility import cases_of_adjudicator, held_by

#: so long may the pictures of an opened dossier be fetched; after that it is opened again
OPENING_LASTS = timedelta(hours=12)


def page_of(opening: UUID, sha256: str, *, actor: Actor) -> bytes | None:
    """Return the picture (PNG) of one redacted page of a dossier that the person has opened."""
    row = DossierOpening.objects.filter(public_id=opening).first()
    is_own = row is not None and (row.study_id, row.reader_id) == (actor.study_id, actor.user_id)
    if row is None or not is_own or not _is_current(row, actor):
        return None
    dossier = clinical.of_version(row.time_point, row.version)
    return contents.page(dossier, sha256) if dossier is not None else None


def _is_current(row: DossierOpening, actor: Actor) -> bool:
    """Tell whether an opening still lasts: of late, and of a version that the read still shows."""
    if clock.now() - row.at > OPENING_LASTS:
        return False
    held: list[Place] = []
    if row.task_id is not None and actor.may("read.perform"):
        task = held_by(actor).filter(pk=row.task_id).exclude(state="on_hold").first()
        held = places(task) if task is not None else []
    elif row.case_id is not None and actor.may("adjudication.perform"):
        case = cases_of_adjudicator(actor).filter(pk=row.case_id).first()
        held = places_of_case(case) if case is not None else []
    return any(p.time_point.pk == row.time_point_id and p.version == row.version for p in held)
