"""Clinical dossiers: what was asked for, what came, from which file."""

from clinical.models.dossiers import Dossier, DossierDocument, DossierItem
from clinical.models.imports import DossierImport

__all__ = ["Dossier", "DossierDocument", "DossierImport", "DossierItem"]
