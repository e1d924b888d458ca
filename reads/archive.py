"""What blinded people find in the archive: the series of open packages, under neutral names.

``imaging.dicomweb`` knows nothing of reads; this provider tells it which series exist for a reader
or an adjudicator, by the same querysets as inbox and pages, and how each is shown.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from audit.actors import Actor
from imaging.dicomweb.blinding import BlindedView
from imaging.models import PackageSeries
from reads.models import ReadTask
from reads.visibility import cases_of_adjudicator, tasks_of_reader


def shown_to_reader(actor: Actor, series_uid: str = "") -> dict[UUID, BlindedView]:
    """Return the series of the reader's tasks, each named by the reader's own label."""
    if not actor.may("read.perform"):
        return {}
    rows = tasks_of_reader(actor).values_list(
        "package_id", "stream__label", "sequence", "blinding__document", "blinding__digest"
    )
    return _shown(rows, series_uid)


def shown_to_adjudicator(actor: Actor, series_uid: str = "") -> dict[UUID, BlindedView]:
    """Return the series of the adjudicator's cases: the time point asked about and earlier."""
    if not actor.may("adjudication.perform"):
        return {}
    found: dict[UUID, BlindedView] = {}
    cases = cases_of_adjudicator(actor).filter(adjudicator_id=actor.user_id)
    for label, subject_id, sequence in cases.values_list(
        "label", "subject_id", "session_1__task__sequence"
    ):
        tasks = ReadTask.objects.in_study(actor.study_id).filter(
            stream__subject_id=subject_id, sequence__lte=sequence
        )
        rows = [
            (package_id, label, number, document, digest)
            for package_id, number, document, digest in tasks.values_list(
                "package_id", "sequence", "blinding__document", "blinding__digest"
            )
        ]
        for series_id, view in _shown(rows, series_uid).items():
            found.setdefault(series_id, view)
    return found


def _shown(rows: Any, series_uid: str) -> dict[UUID, BlindedView]:
    """Return package entries as they are shown; of several tasks the first one's names hold."""
    tasks: dict[UUID, tuple[str, int, dict[str, Any], str]] = {}
    for package_id, label, sequence, document, digest in rows:
        if package_id is not None:
            tasks.setdefault(package_id, (label, sequence, document, digest))
    entries = PackageSeries.objects.filter(package_id__in=list(tasks))
    if series_uid:
        entries = entries.filter(series__uid=series_uid)
    found: dict[UUID, BlindedView] = {}
    for series_id, package_id, order, modality in entries.values_list(
        "series_id", "package_id", "order", "series__modality"
    ):
        label, sequence, document, digest = tasks[package_id]
        found.setdefault(
            series_id,
            BlindedView(
                subject=label,
                time_point=f"TP{sequence}",
                order=order,
                modality=modality,
                hide=frozenset(str(word) for word in document.get("hide", [])),
                profile=digest,
            ),
        )
    return found
