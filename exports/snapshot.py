"""Freezing: which version of which record belongs to a cut, and reading exactly those versions.

A cut lists (model, id, history id). Files are made from the listed history rows alone, so nothing
that happens later can change them (decision 22; ICH E6(R3) 4.2.6).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db import models
from django.db.models import Max, Q

from audit.models import kind_of
from clinical.models import Discrepancy, Dossier, DossierDocument, DossierItem, Reconciliation
from exports.models import CutItem, DataCut
from imaging.services.consent import excluded_subjects
from queries.models import Query
from reads.models import (
    Acceptance,
    AdjudicationCase,
    CriterionAssessment,
    DossierOpening,
    ImportedReading,
    Lesion,
    Measurement,
    Observation,
    ReaderStream,
    ReadSession,
    ReadTask,
)
from studies.models import Configuration, Study, StudySite, Subject, TimePoint

COUNTED_SESSIONS = ("signed", "final")
#: datasets that need the records of the clinical desk; a cut without them holds none of those
DOSSIER_DATASETS = frozenset({"dossiers", "dossier_items"})
OPENING_DATASETS = frozenset({"dossier_openings"})
RECONCILIATION_DATASETS = frozenset({"reconciliation"})
#: states of a dossier from its reconciliation on
RECONCILED = ("reconciled", "approved", "applied", "superseded")


def cut_off_instant(cut: DataCut) -> datetime:
    """Return the last instant that belongs to a cut: the end of its day in the study's zone."""
    end = time(23, 59, 59, 999999)
    return datetime.combine(cut.cut_off, end, ZoneInfo(cut.study.time_zone))


def rows_of(cut: DataCut) -> Iterable[models.Model]:
    """Yield every record that the cut holds, as it is now."""
    study, until = cut.study_id, cut_off_instant(cut)
    yield cut.study
    yield from StudySite.objects.in_study(study)
    # A withdrawal of consent may leave a subject out; earlier cuts stay as they are.
    out = excluded_subjects(study)
    subjects = Subject.objects.in_study(study).filter(created_at__lte=until)
    points = TimePoint.objects.in_study(study).filter(created_at__lte=until)
    queries = Query.objects.in_study(study).filter(opened_at__lte=until)
    yield from subjects.exclude(pk__in=out)
    yield from points.exclude(subject__in=out)
    yield from queries.filter(Q(subject=None) | ~Q(subject__in=out))
    sessions = (
        ReadSession.objects.in_study(study)
        .filter(state__in=COUNTED_SESSIONS, signed_at__lte=until)
        .exclude(task__stream__subject__in=out)
    )
    yield from sessions
    yield from ReadTask.objects.in_study(study).filter(sessions__in=sessions).distinct()
    yield from ReaderStream.objects.in_study(study).filter(tasks__sessions__in=sessions).distinct()
    yield from Lesion.objects.in_study(study).filter(observations__session__in=sessions).distinct()
    yield from Observation.objects.in_study(study).filter(session__in=sessions)
    yield from Measurement.objects.in_study(study).filter(observation__session__in=sessions)
    yield from CriterionAssessment.objects.in_study(study).filter(session__in=sessions)
    # What a roll-back took back is not accepted in a later cut, however early its cut-off lies.
    cases = AdjudicationCase.objects.in_study(study).filter(state="signed", decided_at__lte=until)
    yield from cases.exclude(subject__in=out)
    yield from Acceptance.objects.filter(study_id=study, session__in=sessions).filter(
        Q(at__lte=until) | Q(basis="rolled_back")
    )
    # Marked as imported: they are no reads of the platform and have a file of their own.
    imported = ImportedReading.objects.filter(study_id=study, at__lte=until)
    yield from imported.exclude(subject__in=out)
    wanted = set(cut.specification.document.get("datasets", ()))
    if wanted & DOSSIER_DATASETS:
        yield from _dossiers(study, until, out)
    if wanted & OPENING_DATASETS:
        held = cases.exclude(subject__in=out)
        openings = DossierOpening.objects.filter(study_id=study, at__lte=until)
        yield from openings.filter(Q(session__in=sessions) | Q(case__in=held))
    if wanted & RECONCILIATION_DATASETS:
        yield from _reconciliations(study, until, out)


def _dossiers(study: Any, until: datetime, out: Any) -> Iterable[models.Model]:
    """Yield what was reconciled up to the cut-off: versions, items, documents, definitions."""
    rows = (
        Dossier.objects.in_study(study)
        .filter(state__in=RECONCILED, reconciled_at__lte=until)
        .exclude(subject__in=out)
    )
    yield from rows
    yield from DossierItem.objects.in_study(study).filter(dossier__in=rows)
    yield from DossierDocument.objects.in_study(study).filter(items__dossier__in=rows).distinct()
    yield from Configuration.objects.in_study(study).filter(dossiers__in=rows).distinct()


def _reconciliations(study: Any, until: datetime, out: Any) -> Iterable[models.Model]:
    runs = Reconciliation.objects.in_study(study).filter(compared_at__lte=until)
    yield from runs
    found = Discrepancy.objects.in_study(study).filter(reconciliation__in=runs)
    yield from found.filter(Q(subject=None) | ~Q(subject__in=out))


def versions_of(rows: Iterable[models.Model]) -> Iterable[tuple[models.Model, int]]:
    """Yield records with the history id of the newest version of each, one question for each kind.

    An append-only row is its own version.
    """
    by_kind: dict[type[models.Model], list[models.Model]] = defaultdict(list)
    for row in rows:
        by_kind[type(row)].append(row)
    for model, listed in by_kind.items():
        if not hasattr(model, "history"):
            yield from ((row, int(row.pk)) for row in listed)
            continue
        key = model._meta.pk.attname
        kept = model.history.filter(**{f"{key}__in": [row.pk for row in listed]})
        newest = dict(kept.order_by().values_list(key).annotate(newest=Max("history_id")))
        yield from ((row, newest[row.pk]) for row in listed)


def freeze(cut: DataCut) -> int:
    """List the versions of a cut; call inside a repeatable-read transaction. Returns how many."""
    items = [
        CutItem(
            study_id=cut.study_id,
            cut=cut,
            record_kind=kind_of(row),
            record_id=str(row.pk),
            history_id=version,
        )
        for row, version in versions_of(rows_of(cut))
    ]
    CutItem.objects.bulk_create(items, batch_size=1000)
    return len(items)


@dataclass(frozen=True, slots=True)
class FrozenStudy:
    """The study's names as they were when the cut was frozen."""

    code: str
    protocol: str


@dataclass(frozen=True)
class Snapshot:
    """The frozen versions of a cut by kind and id."""

    study: FrozenStudy
    rows: Mapping[str, Mapping[str, Any]] = field(repr=False)

    def all(self, model: type[models.Model]) -> list[Any]:
        """Return the frozen versions of one kind, in a total order (by id)."""
        return [row for _, row in sorted(self.rows.get(model._meta.label_lower, {}).items())]

    def one(self, model: type[models.Model], pk: Any) -> Any:
        """Return the frozen version of one record."""
        return self.rows[model._meta.label_lower][str(pk)]


def load(cut: DataCut) -> Snapshot:
    """Read the listed versions from the history tables, never from the live ones."""
    wanted: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for kind, record_id, version in CutItem.objects.filter(cut=cut).values_list(
        "record_kind", "record_id", "history_id"
    ):
        wanted[kind].append((record_id, version))
    rows: dict[str, dict[str, Any]] = {}
    for kind, listed in wanted.items():
        model = apps.get_model(kind)
        versions = [version for _, version in listed]
        if hasattr(model, "history"):
            found = {v.history_id: v for v in model.history.filter(history_id__in=versions)}
        else:
            found = {v.pk: v for v in model._base_manager.filter(pk__in=versions)}
        rows[kind] = {record_id: found[version] for record_id, version in listed}
    study = rows[Study._meta.label_lower][str(cut.study_id)]
    return Snapshot(study=FrozenStudy(study.code, study.protocol_number), rows=rows)
