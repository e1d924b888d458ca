"""Clinical dossiers in the platform."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from imaging.storage.sweep import Claim

VERBS = {
    "dossier.request": "asked for",
    "dossier.chase": "reminded of",
    "dossier.enter": "entered items of",
    "dossier.receive": "received",
    "dossier.reconcile": "reconciled",
    "dossier.approve": "approved",
    "dossier.apply": "applied",
    "dossier.refuse": "sent back",
    "dossier.supersede": "superseded",
    "dossier.cancel": "cancelled",
    "dossierdocument.add": "added",
    "dossierdocument.remove": "took out",
    "dossierdocument.redact": "made the redacted copy of",
    "dossierdocument.release": "released",
    "dossierdocument.refuse": "refused",
    "dossierdocument.take_back": "held again",
    "dossierimport.read_in": "read in",
    "dossierimport.begin": "began to import",
    "dossierimport.take_over": "imported the items of",
    "dossierimport.leave": "made a draft again of",
    "dossierimport.discard": "discarded",
    "reconciliation.read_in": "read in the extract of",
    "reconciliation.map": "said what the columns mean of",
    "reconciliation.compare": "compared",
    "reconciliation.close": "closed",
    "reconciliation.supersede": "ended by a newer one",
    "reconciliation.reopen": "opened again",
    "reconciliation.export": "exported the differences of",
    "reconciliation.discard": "discarded",
    "discrepancy.find": "found",
    "discrepancy.repeat": "found again",
    "discrepancy.ask": "asked about",
    "discrepancy.settle": "disposed of",
    "discrepancy.vanish": "found no more",
    "discrepancy.take_back": "took the disposition back of",
    "dossier-definition.export": "exported",
    "dossierdefinition.import": "imported the definition from a file",
}


def _research_claims() -> Iterator[Claim]:
    """Name what dossiers keep beside the images in the research store."""
    from clinical.services import documents
    from imaging.storage import holdings

    yield from holdings.research_claims()
    yield from documents.claims()


class ClinicalConfig(AppConfig):
    name = "clinical"
    verbose_name = "Clinical dossiers"

    def ready(self) -> None:
        from audit.trail import name_verbs
        from clinical import jobs, targets  # noqa: F401 - registers the kind of job
        from clinical.definition import problems_of
        from clinical.services import dossiers
        from imaging import storage
        from imaging.services import effects
        from imaging.storage import sweep
        from queries.targets import register
        from studies.models import Configuration
        from studies.services.configuration import VALIDATORS

        name_verbs(VERBS)
        register(targets.DOSSIER)
        register(targets.DISCREPANCY)
        sweep.register("research", storage.research, _research_claims)
        effects.register(stops=dossiers.stops)
        VALIDATORS[Configuration.Kind.DOSSIER] = problems_of
