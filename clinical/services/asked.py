"""Queries about the dossier of a time point: which are open, and what an entry does to them.

A query is about the dossier of a time point whatever its version: what was asked of one version is
asked until the query is over, also while the next version is on its way.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from audit.actors import service
from clinical.models import Dossier
from queries import services
from queries.models import Query, RequestedAction

KIND = "clinical.dossier"
OPEN = ("open", "answered", "reopened")
#: a difference between two sources that is asked about where no dossier is
DISCREPANCY = "clinical.discrepancy"
ENTERED = "entered again"


def about(dossier: Dossier) -> Any:
    """Return every query about the dossier of a time point, the newest first."""
    versions = Dossier.objects.in_study(dossier.study_id).filter(time_point=dossier.time_point_id)
    ids = [str(pk) for pk in versions.values_list("pk", flat=True)]
    rows = Query.objects.in_study(dossier.study_id).filter(target_kind=KIND, target_id__in=ids)
    return rows.prefetch_related("actions").order_by("-number")


def holding_up(dossier: Dossier) -> list[Query]:
    """Return the open queries that keep a dossier from its next step."""
    return list(about(dossier).filter(state__in=OPEN, blocks_target=True))


def by_item(queries: Collection[Query]) -> dict[str, list[Query]]:
    """Return item -> the open queries that ask about it."""
    found: dict[str, list[Query]] = {}
    for query in queries:
        if query.is_open:
            for code in {action.finding_code for action in query.actions.all()} - {""}:
                found.setdefault(code, []).append(query)
    return found


def corrected(dossier: Dossier, codes: Collection[str]) -> None:
    """Note that what was asked to be corrected was entered again; call inside the transaction."""
    waiting = about(dossier).filter(
        state__in=("open", "reopened"),
        actions__done_at=None,
        actions__kind=RequestedAction.Kind.CORRECT_DATA,
        actions__finding_code__in=codes,
    )
    for query in waiting.distinct():
        services.note_done(
            query,
            kinds=(RequestedAction.Kind.CORRECT_DATA,),
            codes=codes,
            outcome=ENTERED,
            actor=service("Dossier desk", study_id=dossier.study_id),
        )


def open_by_dossier(study: Any) -> dict[str, int]:
    """Return dossier -> how many open queries there are about it, for a whole study at once."""
    rows = Query.objects.in_study(study).filter(target_kind=KIND, state__in=OPEN)
    found: dict[str, int] = {}
    for key in rows.values_list("target_id", flat=True):
        found[key] = found.get(key, 0) + 1
    return found
