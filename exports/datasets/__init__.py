"""One builder per dataset: a snapshot in, named columns and sorted rows out."""

from exports.datasets.base import BUILDERS, Dataset
from exports.datasets.dossiers import (
    dossier_items,
    dossier_openings,
    dossiers,
    reconciliation,
)
from exports.datasets.imported import imported_readings
from exports.datasets.queries import queries
from exports.datasets.responses import rs
from exports.datasets.subjects import subjects, time_points
from exports.datasets.tumour import tr, tu

__all__ = [
    "BUILDERS",
    "Dataset",
    "dossier_items",
    "dossier_openings",
    "dossiers",
    "imported_readings",
    "queries",
    "reconciliation",
    "rs",
    "subjects",
    "time_points",
    "tr",
    "tu",
]
