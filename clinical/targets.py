"""What a query can be about here: a dossier, or a difference between two sources."""

from __future__ import annotations

from django.urls import reverse

from clinical.models import Discrepancy, Dossier
from clinical.services import asked
from queries.models import Query
from queries.targets import Target


def _label(pk: str) -> str:
    rows = Dossier._base_manager.select_related("time_point__subject")
    row = rows.filter(pk=pk).first()
    return str(row) if row is not None else "a dossier"


def _url(query: Query) -> str:
    return reverse("dossier", args=[query.study.code, query.target_id])


def _difference(pk: str) -> str:
    row = Discrepancy._base_manager.filter(pk=pk).first()
    return str(row) if row is not None else "a difference"


def _difference_url(query: Query) -> str:
    return reverse("discrepancy", args=[query.study.code, query.target_id])


DESK = "data management"
DOSSIER = Target(asked.KIND, label=_label, url=_url, right="dossier.view", desk=DESK)
DISCREPANCY = Target(
    asked.DISCREPANCY,
    label=_difference,
    url=_difference_url,
    right="reconciliation.view",
    desk=DESK,
)
