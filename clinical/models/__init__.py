"""Clinical dossiers: what was asked for, what came, from which file, and a second source."""

from clinical.models.dossiers import Dossier, DossierDocument, DossierItem
from clinical.models.imports import DossierImport, DossierImportRun
from clinical.models.reconciliation import Discrepancy, Reconciliation

__all__ = [
    "Discrepancy",
    "Dossier",
    "DossierDocument",
    "DossierImport",
    "DossierImportRun",
    "DossierItem",
    "Reconciliation",
]
